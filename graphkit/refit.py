"""Refitting a scorecard: as near to the card that was there as known cases allow.

The card's intervals stay. What is fitted are differences from its levels, by the same additive
logistic regression with a ridge on the steps between neighbouring intervals (`scorecard.fit`), so
that the card itself is the prior: a normal one around its steps, whose mode without any case is the
card. Directions hold for the sums.

The base stays too. Known cases are not drawn at the rate at which what is looked for occurs: an
analyst labels the rings that were found and a few accounts that were cleared. From such samples a
logistic regression cannot tell the base (King and Zeng 2001, Political Analysis 9, 137), and with a
base that is fitted and thrown away, as they correct it, steps were learned for a world in which
every fifth pair is a ring's: average precision over all candidate pairs fell by half. So whoever
calls weighs the rows as they occur, as their other correction does; see `workflow/known.py`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.optimize import minimize

from graphkit.contracts import SCORECARD
from graphkit.scorecard import BASE, MILLIBITS, Fact, base, coded, logistic_loss

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

# Weight of the squared steps, in rows.
RIDGE = 20.0
# How much of the way that the cases point is gone. Known rings are never all sorts of rings: on
# twins of four worlds that no reported figure uses, labels of half of the rings lost a seventh of
# what the card found there by going the whole way, and a twenty-fifth by going half of it.
_WAY = 0.5


class Rows(NamedTuple):
    """Rows that are alike in everything, once: codes, label, and thousandths of a row."""

    codes: Codes
    label: Bools
    weight: Floats


def refit(
    card: pa.Table,
    specs: Sequence[Fact],
    facts: Mapping[str, Floats],
    label: Bools,
    weight: Ints,
    *,
    ridge: float = RIDGE,
    rounds: int = 200,
) -> pa.Table:
    """Fit a card's differences from the one that was there.

    Args:
        card: SCORECARD, with every fact of `specs`.
        specs: the facts that may change.
        facts: name to values, each of shape (n,), NaN where unknown.
        label: whether the row is what is looked for, shape (n,).
        weight: thousandths of a row that each stands for, shape (n,).
        ridge: weight of the squared differences of steps, in rows.
        rounds: of L-BFGS-B (Byrd et al. 1995), at most.

    Returns:
        SCORECARD with the same intervals and base; `seen_for` and `seen_against` are of these rows.
        The card itself where only one label is there. Order of rows is nothing.
    """
    if label.all() or not label.any():
        return card
    kept = [card.filter(pc.equal(card["fact"], pa.scalar(spec.name))) for spec in specs]
    codes = np.empty((label.size, len(specs)), dtype=np.uint8)
    for place, (spec, rows) in enumerate(zip(specs, kept, strict=True)):
        codes[:, place] = coded(facts[spec.name], rows["low"].to_numpy()[1:])
    distinct = _distinct(codes, label, weight)
    levels = [rows["millibits"].to_numpy() for rows in kept]
    moved = _solve(distinct, levels, specs, base(card) / MILLIBITS, ridge, rounds)
    found = [card.filter(pc.equal(card["fact"], pa.scalar(BASE)))]
    for place, (rows, level) in enumerate(zip(kept, moved, strict=True)):
        seen = _seen(distinct, place, rows.num_rows)
        columns = {"millibits": level, "seen_for": seen[0], "seen_against": seen[1]}
        for name, values in columns.items():
            at = rows.column_names.index(name)
            rows = rows.set_column(at, name, pa.array(values, pa.int64()))
        found.append(rows)
    return SCORECARD.conform(pa.concat_tables(found))


def _distinct(codes: Codes, label: Bools, weight: Ints) -> Rows:
    """Rows that are alike as one, in an order that nothing but what they say enters."""
    whole = np.ascontiguousarray(np.column_stack([codes, label.astype(np.uint8)]))
    keys = whole.view(np.dtype((np.void, whole.shape[1]))).ravel()
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    sums = np.zeros(first.size, dtype=np.int64)
    np.add.at(sums, place, weight)
    return Rows(codes[first], label[first], sums / 1000)


def _seen(rows: Rows, place: int, size: int) -> list[Ints]:
    """In how many thousandths of either label's rows each interval of a fact was seen."""
    found = []
    for part in (rows.label, ~rows.label):
        weight = rows.weight * part
        inside = np.bincount(rows.codes[:, place], weight, minlength=size + 1)[1:]
        found.append(np.rint(1000 * inside / weight.sum()).astype(np.int64))
    return found


def _solve(
    rows: Rows,
    levels: Sequence[Ints],
    specs: Sequence[Fact],
    prior: float,
    ridge: float,
    rounds: int,
) -> list[Ints]:
    """New levels of each fact's intervals, in millibits."""
    sizes = [level.size for level in levels]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    given = np.zeros((len(sizes), max(sizes) + 1))
    for place, level in enumerate(levels):
        given[place, 1 : level.size + 1] = level / MILLIBITS
    gradient = np.zeros_like(given)

    def table(steps: Floats) -> Floats:
        moved = given.copy()
        for place, size in enumerate(sizes):
            moved[place, 1 : size + 1] += np.cumsum(steps[ends[place] : ends[place + 1]])
        return moved

    def loss(steps: Floats) -> tuple[float, Floats]:
        total, _ = logistic_loss(*rows, table(steps), prior, gradient)
        slopes = [np.cumsum(gradient[place, size:0:-1])[::-1] for place, size in enumerate(sizes)]
        down: Floats = np.concatenate(slopes) + 2 * ridge * steps
        return total + ridge * float(steps @ steps), down

    allowed: list[tuple[float | None, float | None]] = []
    for spec, level in zip(specs, levels, strict=True):
        allowed += _allowed(spec, np.diff(level) / MILLIBITS)
    start = np.zeros(int(ends[-1]))
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=allowed, options={"maxiter": rounds}
    )
    moved = np.rint((given + _WAY * (table(found.x) - given)) * MILLIBITS).astype(np.int64)
    return [
        _directed(spec, moved[place, 1 : size + 1])
        for place, (spec, size) in enumerate(zip(specs, sizes, strict=True))
    ]


def _allowed(spec: Fact, steps: Floats) -> list[tuple[float | None, float | None]]:
    """Bounds of the differences of a fact's steps.

    Of a fact with a direction the least interval stays where it is: it is what has nothing of it.
    """
    if spec.direction == 0:
        return [(None, None)] * (steps.size + 1)
    if spec.direction == 1:
        return [(0.0, 0.0), *((-step, None) for step in steps.tolist())]
    return [(0.0, 0.0), *((None, -step) for step in steps.tolist())]


def _directed(spec: Fact, level: Ints) -> Ints:
    """Levels that rounding cannot turn against a fact's direction."""
    if spec.direction == 0:
        return level
    ordered: Ints = spec.direction * np.maximum.accumulate(spec.direction * level)
    return ordered
