"""Ranking: what an analyst meets who works down from the highest score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.evaluate.cases import Bools, Cases, Ints
from graphkit.evaluate.figure import Figure, counted

AT_PRECISION = (0.99, 0.95)
AT_ACCOUNTS = (100, 1000)
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Every account that a method claims, published or not, by ring score and then confidence.

    Accounts of equal score and equal confidence are one step, which is taken whole. An account
    without a stated confidence ranks below all others of its score. An account that is not claimed
    is never reached.

    Attributes:
        row: place of each ranked account among the cases, first one first.
        hit: whether an operator runs it.
        last: places in the ranking where a step ends.
        n_planted: accounts that an operator runs, ranked or not.
    """

    row: Ints
    hit: Bools
    last: Ints
    n_planted: int

    def measured(self, weight: Weights, n_planted: Weights) -> Weights:
        """Average precision, and recall at each of AT_PRECISION.

        Args:
            weight: how often each ranked account counts, in ranking order; shape (draws, n ranked).
            n_planted: how many accounts an operator runs, so weighed, more than none of them;
                shape (draws,).

        Returns:
            float64, shape (draws, 1 + number of precisions).
        """
        hits = np.cumsum(weight * self.hit, axis=1)[:, self.last]
        reached = np.cumsum(weight, axis=1)[:, self.last]
        precision = np.divide(hits, reached, out=np.zeros_like(hits), where=reached > 0)
        average = (np.diff(hits, axis=1, prepend=0.0) * precision).sum(axis=1)
        at = [np.where(precision >= p, hits, 0.0).max(axis=1, initial=0.0) for p in AT_PRECISION]
        return np.stack([average, *at], axis=1) / n_planted[:, None]


def ranked(cases: Cases) -> Ranking:
    """Rank the accounts that are claimed."""
    row = np.flatnonzero(cases.claim.of >= 0)
    score = cases.score[row]
    confidence = np.where(np.isnan(cases.confidence), -1.0, cases.confidence)[row]
    order = np.lexsort((row, -confidence, -score))
    row, last = row[order], steps(score[order], confidence[order])
    return Ranking(row, cases.planted[row], last, int(cases.planted.sum()))


def hits_within(hit: Bools, last: Ints, k: int) -> tuple[float, int]:
    """Hits among the first k of a ranking, and how many these are.

    A step that k cuts through gives the hits that its entries would give on average in a random
    order.

    Args:
        hit: whether each entry is one, first one first.
        last: places where a step ends.
        k: how many are looked at; all where there are fewer.
    """
    k = min(k, len(hit))
    if not k:
        return 0.0, 0
    step = int(np.searchsorted(last, k - 1))
    start, end = (int(last[step - 1]) + 1 if step else 0), int(last[step]) + 1
    before, inside = hit[:start].sum(), hit[start:end].sum()
    return float(before + inside * (k - start) / (end - start)), k


def steps(*keys: Weights) -> Ints:
    """Places where a run of entries ends that are equal in every key.

    Args:
        keys: the sorted keys, each of shape (n,).
    """
    new = np.zeros(max(len(keys[0]) - 1, 0), dtype=bool)
    for key in keys:
        new |= np.diff(key) != 0
    return np.flatnonzero(np.append(new, True)[: len(keys[0])])


def ranking_figures(ranking: Ranking) -> list[Figure]:
    """Figures of the ranking, published or not.

    - *average precision*: precision times the recall gained, summed over the steps.
    - *recall at precision 0.99*, *0.95*: the highest recall that a floor on the score reaches
      while no more than one in a hundred, one in twenty of those above it are wrong; 0 where
      none does.
    - *precision of the first 100*, *1,000* accounts: share that an operator runs; of fewer where
      fewer are claimed.
    - *candidates*: share of the accounts claimed at all that an operator runs.
    """
    average, *levels = [1.0] * (1 + len(AT_PRECISION))
    if ranking.n_planted:
        once = np.ones((1, len(ranking.row)))
        average, *levels = ranking.measured(once, np.array([float(ranking.n_planted)]))[0].tolist()
    figures = [Figure("average precision", "", None, None, average)]
    for level, recall in zip(AT_PRECISION, levels, strict=True):
        n = round(recall * ranking.n_planted)
        figures.append(Figure(f"recall at precision {level}", "", n, ranking.n_planted, recall))
    for k in AT_ACCOUNTS:
        hits, of = hits_within(ranking.hit, ranking.last, k)
        value = hits / of if of else 1.0
        figures.append(Figure(f"precision of the first {k:,} accounts", "", None, of, value))
    return [*figures, counted("candidates right", int(ranking.hit.sum()), len(ranking.hit))]
