"""Additive scorecards: facts in, integer millibits out, from a table that a person can read.

A card gives every interval of every fact a number of millibits; what is unknown (NaN) adds nothing.
Millibits are 1,000 times the binary logarithm of an odds ratio, so that the sum of a row and the
card's `base` is the log odds that the row is what the card was fitted for.

Fitting is logistic regression on intervals (a generalised additive model of step functions; Hastie
and Tibshirani 1986), with a ridge on the steps between neighbouring intervals, so that what is
seldom seen does not jump, and steps of one sign where a fact's direction is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.optimize import minimize

from graphkit.contracts import CARDS, SCORECARD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

BASE = "base"
MILLIBITS = 1000 / np.log(2)
# Shares of the values at which further intervals begin: what is rare tells the most.
_TAIL = (0.95, 0.99, 0.999)
_DIGITS = 3  # of the bounds of intervals, so that a card is short and reads the same everywhere


@dataclass(frozen=True)
class Fact:
    """What a card may know of a row.

    Attributes:
        name: of the fact.
        signal: that its millibits count for.
        direction: 1 where more of it can only speak for, -1 only against, 0 where it may be either.
        says: what it is, with its unit, for people.
    """

    name: str
    signal: str
    direction: int
    says: str


def look_up(card: pa.Table, facts: Mapping[str, Floats]) -> dict[str, Ints]:
    """What each fact adds to each row, in millibits.

    Args:
        card: SCORECARD.
        facts: name to values, each of shape (n,), NaN where unknown; those that the card does not
            name add nothing and are left out.

    Returns:
        Fact to millibits, each of shape (n,), in the card's order; `base` is not among them.
    """
    found: dict[str, Ints] = {}
    for name in [str(fact) for fact in dict.fromkeys(card["fact"].to_pylist())]:
        if name != BASE and name in facts:
            rows = card.filter(pc.equal(card["fact"], pa.scalar(name)))
            bounds = rows["low"].to_numpy()[1:]
            millibits = rows["millibits"].to_numpy()
            values = facts[name]
            place = np.searchsorted(bounds, values, side="right")
            found[name] = np.where(np.isnan(values), 0, millibits[place])
    return found


def stacked(cards: Mapping[str, pa.Table]) -> pa.Table:
    """SCORECARD by name as one table, CARDS."""
    named = [card.add_column(0, "card", pa.repeat(name, len(card))) for name, card in cards.items()]
    return CARDS.conform(pa.concat_tables([CARDS.empty(), *named]))


def unstacked(cards: pa.Table) -> dict[str, pa.Table]:
    """SCORECARD by name, of CARDS."""
    return {
        name: SCORECARD.conform(
            cards.filter(pc.equal(cards["card"], pa.scalar(name))).drop_columns(["card"])
        )
        for name in map(str, cards["card"].unique().to_pylist())
    }


def total(card: pa.Table, facts: Mapping[str, Floats]) -> Ints:
    """Log odds of each row in millibits: the base and what all facts add, shape (n,)."""
    size = next(iter(facts.values())).size
    return sum(look_up(card, facts).values(), np.full(size, base(card), dtype=np.int64))


def base(card: pa.Table) -> int:
    """What a row has before any fact is known, in millibits: the log odds of the prior."""
    rows = card.filter(pc.equal(card["fact"], pa.scalar(BASE)))
    return int(rows["millibits"][0].as_py())


def thousandths(millibits: Ints) -> Ints:
    """Probability in thousandths from log odds in millibits; shape (n,)."""
    chance: Ints = np.rint(1000 / (1 + np.exp2(-millibits / 1000.0))).astype(np.int64)
    return chance


def fit(
    specs: Sequence[Fact],
    facts: Mapping[str, Floats],
    label: Bools,
    weight: Floats,
    *,
    intervals: int = 8,
    ridge: float = 1.0,
    rounds: int = 200,
) -> pa.Table:
    """Fit a card.

    Args:
        specs: the facts, in the order of the card.
        facts: name to values, each of shape (n,), NaN where unknown.
        label: whether the row is what is looked for, shape (n,).
        weight: how many rows each stands for, shape (n,).
        intervals: quantiles of either label's values that bound intervals; some of the highest
            values have intervals of their own besides.
        ridge: weight of the squared steps, in rows.
        rounds: of L-BFGS-B (Byrd et al. 1995), at most.

    Returns:
        SCORECARD. The same rows in the same order give the same card.
    """
    bounds = [_bounds(facts[spec.name], label, intervals) for spec in specs]
    codes = np.empty((label.size, len(specs)), dtype=np.uint8)
    for place, spec in enumerate(specs):
        codes[:, place] = coded(facts[spec.name], bounds[place])
    sizes = [len(bound) + 1 for bound in bounds]
    prior, tables = _solve(codes, label, weight, sizes, specs, ridge, rounds)
    rows = [_row(BASE, "context", None, None, prior, np.ones(label.size, bool), label, weight)]
    for place, spec in enumerate(specs):
        ends = [None, *bounds[place].tolist(), None]
        for number in range(sizes[place]):
            inside = codes[:, place] == number + 1
            millibits = tables[place, number + 1]
            low, high = ends[number], ends[number + 1]
            rows.append(_row(spec.name, spec.signal, low, high, millibits, inside, label, weight))
    return SCORECARD.conform(pa.Table.from_pylist(rows, schema=SCORECARD.schema))


def _row(
    fact: str,
    signal: str,
    low: float | None,
    high: float | None,
    logit: float,
    inside: Bools,
    label: Bools,
    weight: Floats,
) -> dict[str, object]:
    """One interval, with how often it was seen among either label's rows, in thousandths."""
    seen = [
        int(np.rint(1000 * weight[inside & part].sum() / max(weight[part].sum(), 1e-9)))
        for part in (label, ~label)
    ]
    return {
        "signal": signal,
        "fact": fact,
        "low": low,
        "high": high,
        "millibits": int(np.rint(MILLIBITS * logit)),
        "seen_for": seen[0],
        "seen_against": seen[1],
    }


def _bounds(values: Floats, label: Bools, intervals: int) -> Floats:
    """Where intervals begin but the first: quantiles of the known values of either label.

    The least value has an interval of its own where many rows have it, as the nothing that most
    pairs share; quantiles are those of the rest.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return np.empty(0)
    shares = np.concatenate([np.linspace(0, 1, intervals + 1)[:-1], _TAIL])
    rest = [part[part > known.min()] for part in (values[label], values[~label])]
    cuts = [np.quantile(part, shares, method="nearest") for part in rest if part.size]
    if not cuts:
        return np.empty(0)
    bounds = np.unique(np.round(np.concatenate(cuts), _DIGITS))
    inner: Floats = bounds[bounds > known.min()]
    return inner


def coded(values: Floats, bounds: Floats) -> Codes:
    """The number of each value's interval from 1, 0 where it is unknown; shape (n,)."""
    place = np.searchsorted(bounds, values, side="right") + 1
    return np.where(np.isnan(values), 0, place).astype(np.uint8)


def _solve(
    codes: Codes,
    label: Bools,
    weight: Floats,
    sizes: Sequence[int],
    specs: Sequence[Fact],
    ridge: float,
    rounds: int,
) -> tuple[float, Floats]:
    """Log odds of the base and of each fact's intervals, shape (facts, most intervals + 1)."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    gradient = np.zeros((len(sizes), max(sizes, default=0) + 1))

    def table(steps: Floats) -> Floats:
        levels = np.zeros_like(gradient)
        for place, size in enumerate(sizes):
            levels[place, 1 : size + 1] = np.cumsum(steps[ends[place] : ends[place + 1]])
        return levels

    def loss(point: Floats) -> tuple[float, Floats]:
        total, slope = logistic_loss(codes, label, weight, table(point[1:]), point[0], gradient)
        slopes = [np.array([slope])]
        slopes += [np.cumsum(gradient[place, size:0:-1])[::-1] for place, size in enumerate(sizes)]
        steps = point[1:]
        down = np.concatenate(slopes)
        down[1:] += 2 * ridge * steps
        return total + ridge * float(steps @ steps), down

    signs = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    allowed: list[tuple[float | None, float | None]] = [(None, None)]
    for spec, size in zip(specs, sizes, strict=True):
        # The least of what can only speak for a row says nothing.
        first = (0.0, 0.0) if spec.direction == 1 else (None, None)
        allowed += [first] + [signs[spec.direction]] * (size - 1)
    start = np.zeros(1 + int(ends[-1]))
    start[0] = np.log(weight[label].sum() / weight[~label].sum())
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=allowed, options={"maxiter": rounds}
    )
    return float(found.x[0]), table(found.x[1:])


@numba.njit(cache=True, nogil=True)
def logistic_loss(
    codes: Codes, label: Bools, weight: Floats, table: Floats, prior: float, gradient: Floats
) -> tuple[float, float]:
    """Weighted logistic loss, its slope by the prior; writes the slopes by interval."""
    total, slope = 0.0, 0.0
    gradient[:] = 0
    for row in range(codes.shape[0]):
        logit = prior
        for fact in range(codes.shape[1]):
            logit += table[fact, codes[row, fact]]
        decay = np.exp(-abs(logit))
        truth = 1.0 if label[row] else 0.0
        total += weight[row] * (np.log1p(decay) + max(logit, 0.0) - truth * logit)
        chance = 1 / (1 + decay) if logit >= 0 else decay / (1 + decay)
        residual = weight[row] * (chance - truth)
        slope += residual
        for fact in range(codes.shape[1]):
            gradient[fact, codes[row, fact]] += residual
    return total, slope
