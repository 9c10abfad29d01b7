"""How well a card tells known cases apart, before a fit and after."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.workflow.known import Cases

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Measure:
    """How well a card does on cases that it was not fitted on, before the fit and after.

    Attributes:
        card: what is judged.
        cases: how many of what is looked for, and how many known others.
        precision: average precision before and after.
        loss: mean log loss in bits before and after.
    """

    card: str
    cases: tuple[int, int]
    precision: tuple[float, float]
    loss: tuple[float, float]

    @property
    def gain(self) -> float:
        """By how much average precision rises."""
        return self.precision[1] - self.precision[0]

    def told(self) -> str:
        """In one line."""
        (before, after), (lost, left) = self.precision, self.loss
        return (
            f"{self.card}: average precision {before:.3f} before, {after:.3f} after; "
            f"log loss {lost:.4f} bits before, {left:.4f} after "
            f"({self.cases[0]:,} of rings, {self.cases[1]:,} known others)"
        )


def measured(card: str, cases: Cases, before: Ints, after: Ints) -> Measure:
    """Average precision and log loss, each row by its weight, as many as they stand for."""
    label, weight = cases.label, cases.weight / 1000
    precision = [average_precision(score, label, weight) for score in (before, after)]
    loss = [log_loss(score, label, weight) for score in (before, after)]
    return Measure(
        card,
        (int(label.sum()), int((cases.known & ~label).sum())),
        (precision[0], precision[1]),
        (loss[0], loss[1]),
    )


def average_precision(score: Ints, label: Bools, weight: Floats) -> float:
    """Average precision; rows of one score are one step."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = np.cumsum((weight * label)[order])[last]
    reached = np.cumsum(weight[order])[last]
    # What stands for nothing at all may come first.
    share = np.divide(hits, reached, out=np.zeros_like(hits), where=reached > 0)
    return float((np.diff(hits, prepend=0.0) * share).sum() / hits[-1])


def log_loss(score: Ints, label: Bools, weight: Floats) -> float:
    """Mean log loss in bits."""
    odds = np.where(label, 1, -1) * score / 1000
    return float((weight * np.log2(1 + np.exp2(-odds))).sum() / weight.sum())
