"""Figures: how many of how many, what share that is, and how sure it is."""

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace

import pyarrow as pa

from graphkit.contracts import FIGURES

_Z = 1.959964  # of a normal distribution, 95% lie within as many standard deviations


@dataclass(frozen=True)
class Figure:
    """One row of FIGURES.

    Attributes:
        figure: its name.
        part: of which part of the whole it speaks; empty for the whole.
        n: how many; None where the figure counts nothing.
        of: out of how many.
        value: the figure.
        low: lower end of its 95% interval; None where none is stated.
        high: upper end.
    """

    figure: str
    part: str
    n: int | None
    of: int | None
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def missed(self) -> int:
        """How many of the whole are not counted; 0 where the figure counts nothing."""
        return (self.of or 0) - (self.n or 0)

    def within(self, interval: tuple[float, float] | None) -> "Figure":
        """The same with an interval."""
        low, high = interval or (None, None)
        return replace(self, low=low, high=high)


def share(part: float, whole: float) -> float:
    """Part of a whole. A share of nothing is 1: who claims nothing claims nothing wrong."""
    return part / whole if whole else 1.0


def harmonic(precision: float, recall: float) -> float:
    """F1, the harmonic mean of two shares; 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def counted(name: str, n: int, of: int, *, part: str = "") -> Figure:
    """A share of a count, without an interval."""
    return Figure(name, part, n, of, share(n, of))


def sampled(name: str, n: int, of: int, *, part: str = "") -> Figure:
    """A share of things that fall one by one, as rings do, with Wilson's interval.

    Wilson (1927) keeps its width where all or none were found: of 5 rings found out of 5 the
    interval is 0.57 to 1, while drawing those 5 again and again would give 1 to 1.
    """
    return counted(name, n, of, part=part).within(wilson(n, of))


def wilson(n: int, of: int) -> tuple[float, float] | None:
    """Wilson's 95% interval of a share; None of nothing."""
    if not of:
        return None
    p, z2 = n / of, _Z * _Z / of
    middle, half = p + z2 / 2, _Z * math.sqrt(p * (1 - p) / of + z2 / of / 4)
    low, high = (middle - half) / (1 + z2), (middle + half) / (1 + z2)
    # At the ends Wilson's bounds are 0 and 1 but for rounding.
    return 0.0 if n == 0 else low, 1.0 if n == of else high


def tabled(figures: Iterable[Figure]) -> pa.Table:
    """The figures as FIGURES, in their order."""
    rows = [astuple(figure) for figure in figures]
    columns = list(zip(*rows, strict=True)) or [()] * len(fields(Figure))
    arrays = [
        pa.array(column, dtype)
        for column, dtype in zip(columns, FIGURES.columns.values(), strict=True)
    ]
    return FIGURES.conform(pa.table(arrays, names=list(FIGURES.columns)))
