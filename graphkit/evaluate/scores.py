"""Holding rings against a truth: the figures all together."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import RING_MEMBERS, TRUTH
from graphkit.errors import UsageError, nearest
from graphkit.evaluate.accounts import account_figures, calibration_figures
from graphkit.evaluate.cases import Cases, line_up
from graphkit.evaluate.claims import ArrowRows, checked, claims_of_members
from graphkit.evaluate.continuity import Carried, carried, continuity_figures
from graphkit.evaluate.figure import Figure, tabled
from graphkit.evaluate.intervals import intervals
from graphkit.evaluate.partitions import partition_figures, shares
from graphkit.evaluate.ranking import ranked, ranking_figures
from graphkit.evaluate.rings import honest_figures, ring_figures
from graphkit.evaluate.truth import completed


@dataclass(frozen=True, repr=False)
class Scores:
    """How claims and truth agree.

    Attributes:
        figures: FIGURES, the main ones first. Each is defined where it is made:
            `graphkit.evaluate.accounts`, `ranking`, `partitions`, `rings` and `continuity`.
    """

    figures: pa.Table

    def figure(self, name: str, part: str = "") -> Figure:
        """One figure with its count and interval.

        Raises:
            UsageError: there is none of that name and part.
        """
        rows = self.figures.filter(
            pc.and_(
                pc.equal(self.figures["figure"], pa.scalar(name)),
                pc.equal(self.figures["part"], pa.scalar(part)),
            )
        ).to_pylist()
        if not rows:
            names = list(map(str, self.figures["figure"].unique().to_pylist()))
            raise UsageError(
                f"there is no figure {name!r}" + (f" of {part!r}" if part else ""),
                found=name,
                allowed=", ".join(names),
                do="name another one" + nearest(name, names),
            )
        return Figure(**rows[0])

    @property
    def whole(self) -> pa.Table:
        """The figures that speak of the whole: FIGURES without parts."""
        return self.figures.filter(pc.equal(self.figures["part"], pa.scalar("")))

    @property
    def precision(self) -> float:
        """Share of the published accounts that an operator runs."""
        return self.figure("account precision").value

    @property
    def recall(self) -> float:
        """Share of the operators' accounts that are published."""
        return self.figure("account recall").value

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return self.figure("account F1").value

    @property
    def average_precision(self) -> float:
        """Precision times the recall gained, over all that is claimed as the score falls."""
        return self.figure("average precision").value

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return self.figure("B-cubed F1").value

    @property
    def pair_f1(self) -> float:
        """Harmonic mean of pair precision and recall."""
        return self.figure("pair F1").value

    @property
    def ari(self) -> float:
        """Adjusted Rand index; 0 is chance."""
        return self.figure("adjusted Rand index").value

    @property
    def ring_recall(self) -> float:
        """Share of the planted rings half of which stands in one pure published ring."""
        return self.figure("ring recall").value

    @property
    def ring_purity(self) -> float:
        """Share of the published rings of which at least 80% are one operator's."""
        return self.figure("ring purity").value

    def __repr__(self) -> str:
        rows = self.whole.to_pylist()
        return "\n".join(f"{row['figure']}: {row['value']:.3f}" for row in rows)


def evaluate(
    members: ArrowRows,
    truth: ArrowRows,
    *,
    dt: date | None = None,
    window_d: int | None = None,
    seed: int = 0,
) -> Scores:
    """Hold the rings of a date against a truth.

    Args:
        members: RING_MEMBERS of one day or several. Those of the date are judged; earlier days
            say only whether ids are kept, later ones nothing.
        truth: account_id, ring (null where in none) and what else it has of TRUTH.
        dt: the date; the latest day of members where None.
        window_d: days of the window that ends on each day; accounts that could not act in it are
            left out. Where None, only accounts that came after the day are.
        seed: of the draws behind the intervals.

    Raises:
        DataError: a table breaks its contract.
    """
    table, known = RING_MEMBERS.check(pa.table(members)), completed(pa.table(truth))
    days = sorted(day for day in table["dt"].unique().to_pylist() if isinstance(day, date))
    last = dt or max(days, default=None)
    before = [day for day in days if last is not None and day < last]
    held = [carried(_of_day(table, known, day, window_d)) for day in before]
    case = _of_day(table, known, last, window_d)
    return _score(case, [*held, carried(case)], seed)


def evaluate_claims(
    claims: ArrowRows,
    truth: ArrowRows,
    *,
    dt: date | None = None,
    window_d: int | None = None,
    seed: int = 0,
) -> Scores:
    """Hold what any method claims against a truth.

    Args:
        claims: CLAIMS, as `claims_of_communities` makes them.
        truth: as in `evaluate`.
        dt: the date judged; where None nobody is left out by his days.
        window_d: as in `evaluate`.
        seed: as in `evaluate`.

    Raises:
        DataError: a table breaks its contract.
    """
    case = line_up(checked(claims), completed(pa.table(truth)), dt=dt, window_d=window_d)
    return _score(case, [], seed)


def _of_day(table: pa.Table, known: pa.Table, day: date | None, window_d: int | None) -> Cases:
    """The accounts that count on a day."""
    today = table.filter(pc.equal(table["dt"], pa.scalar(day, pa.date32())))
    return line_up(claims_of_members(today), TRUTH.check(known), dt=day, window_d=window_d)


def _score(cases: Cases, days: list[Carried], seed: int) -> Scores:
    """Put the figures together."""
    each, ranking = shares(cases), ranked(cases)
    sure = intervals(cases, each, ranking, seed=seed)
    main = [
        *account_figures(cases),
        *ranking_figures(ranking),
        *partition_figures(cases, each),
    ]
    main = [
        figure.within(sure[figure.figure]) if figure.figure in sure else figure for figure in main
    ]
    rest = [*ring_figures(cases), *calibration_figures(cases), *continuity_figures(days)]
    whole = [figure for figure in [*main, *rest] if not figure.part]
    parts = [figure for figure in rest if figure.part]
    return Scores(tabled([*whole, *parts, *honest_figures(cases), *cases.left_out]))
