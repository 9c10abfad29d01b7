"""Intervals: how far a figure would move had other rings and groups been there.

Accounts of one ring are found or missed together, so that they are no sample of anything: what is
drawn again, with replacement, is whole rings and groups (cluster bootstrap, percentiles; Efron and
Tibshirani 1993, chapter 13). An operator with all his rings is one unit, so is an honest group,
and so are the accounts of no group that one claimed ring holds. Units without an operator's or a
claimed account change no figure and are not drawn.

A draw in which nobody could be right says nothing and is passed over. Nor can drawing again show
what never happened: where all is right, or all wrong, the interval is Wilson's, of as many things
as there are units that could be right. Where one unit alone is right in part, there is none.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graphkit.evaluate.cases import Cases, Ints
from graphkit.evaluate.figure import wilson
from graphkit.evaluate.partitions import Shares
from graphkit.evaluate.ranking import AT_PRECISION, Ranking

DRAWS = 1000
_CHUNK = 50
_LEVELS = (0.025, 0.975)
_OF_PUBLISHED = ("account precision", "B-cubed precision", "pair precision")
Floats = NDArray[np.float64]
Intervals = dict[str, tuple[float, float]]


def intervals(cases: Cases, each: Shares, ranking: Ranking, *, seed: int) -> Intervals:
    """95% intervals of the figures of accounts, partitions and the ranking, by their names.

    Args:
        cases: the accounts that count.
        each: what each adds to the figures of partitions.
        ranking: of those that are claimed.
        seed: of the draws.

    Returns:
        Low and high, to four digits; no entry where none can be stated.
    """
    unit, n_units = _units(cases)
    if not n_units:
        return {}
    flags = (cases.published, cases.published & cases.planted, cases.planted)
    adds = (each.precision, each.recall, each.agreed, each.claimed, each.true)
    columns = [*(flag.astype(np.float64) for flag in flags), *adds]
    known = unit >= 0
    sums = np.stack([np.bincount(unit[known], column[known], n_units) for column in columns])
    rows, counts = unit[ranking.row], sums[2]
    drawn: list[Floats] = []
    ranked: list[Floats] = []
    for times in _draws(n_units, seed):
        drawn.append(times @ sums.T)
        n_planted = times @ counts
        possible = n_planted > 0
        ranked.append(ranking.measured(times[possible][:, rows], n_planted[possible]))
    values = _values(np.concatenate(drawn).T)
    order = ["average precision", *(f"recall at precision {level}" for level in AT_PRECISION)]
    values |= dict(zip(order, np.concatenate(ranked).T, strict=True))
    n_claiming, n_running = ((sums[column] > 0).sum() for column in (0, 2))
    found = {}
    for name, value in values.items():
        n = n_claiming if name in _OF_PUBLISHED else n_running
        if interval := _ends(value, int(n)):
            found[name] = interval
    return found


def _ends(drawn: Floats, n: int) -> tuple[float, float] | None:
    """Both ends of an interval.

    Args:
        drawn: the figure in each draw; nan where nobody could be right.
        n: units that could be right.
    """
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return None
    # Four digits are more than the draws can tell, and fewer than threads could change.
    low, high = np.quantile(drawn, _LEVELS).round(4).tolist()
    if drawn.max() - drawn.min() > 1e-9:
        return low, high
    wide = wilson(round(low) * n, n) if low in (0.0, 1.0) else None
    return wide and (round(wide[0], 4), round(wide[1], 4))


def _units(cases: Cases) -> tuple[Ints, int]:
    """The unit of each account, -1 where it changes no figure, and how many units there are."""
    operator, group, claim = cases.operator, cases.group, cases.claim
    first, second = len(operator.names), len(operator.names) + len(group.names)
    unit = np.where(claim.of >= 0, second + claim.of, -1)
    unit = np.where(group.of >= 0, first + group.of, unit)
    unit = np.where(operator.of >= 0, operator.of, unit)
    moving = cases.planted | (claim.of >= 0)
    names, place = np.unique(unit[moving], return_inverse=True)
    numbered = np.full(len(unit), -1, np.int64)
    numbered[moving] = place
    return numbered, len(names)


def _draws(n_units: int, seed: int) -> Iterator[Floats]:
    """How often each unit is drawn, some draws at a time: shape (draws, n_units)."""
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS // _CHUNK):
        place = rng.integers(0, n_units, (_CHUNK, n_units))
        place += np.arange(_CHUNK)[:, None] * n_units
        times = np.bincount(place.ravel(), minlength=_CHUNK * n_units)
        yield times.reshape(_CHUNK, n_units).astype(np.float64)


def _values(sums: Floats) -> dict[str, Floats]:
    """The figures that are shares of sums, for each draw."""
    published, hit, planted, precise, recalled, agreed, claimed, true = sums
    values: dict[str, Floats] = {}
    for name, above, right, below, whole in (
        ("account", hit, published, hit, planted),
        ("B-cubed", precise, published, recalled, planted),
        ("pair", agreed, claimed, agreed, true),
    ):
        precision, recall = _share(above, right), _share(below, whole)
        total = precision + recall
        f1 = np.divide(2 * precision * recall, total, out=total.copy(), where=total > 0)
        values |= {f"{name} precision": precision, f"{name} recall": recall, f"{name} F1": f1}
    return values


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)
