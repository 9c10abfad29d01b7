"""The accounts that count in a comparison, and those that are neither hit nor miss.

An account counts when the truth names it, it could act in the days judged, and it is neither junk
nor hijacked. All others are left out before anything is counted, so that a ring's size, too, is
that of its counted accounts, and are told by reason beside the figures:

- *not in the truth*: nothing is known of it, so it is neither right nor wrong to claim it.
- *not active*: of its first and last day one lies outside; nobody could have seen it, or still.
- *junk*: an account that an operator opens and hardly uses, to poison what others share. Finding
  it is no merit and missing it no fault.
- *hijacked*: an honest owner's account that a ring uses too. To accuse the owner would be wrong, to
  look at the account would be right; a figure that counts it either way would flatter somebody.

A bridge, which an operator opens to tie his ring to a stranger's, is an account of his ring. An
account that was *framed*, whose things a ring copied, is honest: to publish it is a false positive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.evaluate.figure import Figure, counted
from graphkit.evaluate.truth import HIJACKED, JUNK

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Names:
    """A label of every account as a number.

    Attributes:
        of: number of each account's label, -1 for none, shape (n accounts,).
        names: the labels in their order, which no order of rows can change.
    """

    of: Ints
    names: list[str]

    @property
    def sizes(self) -> Ints:
        """How many accounts bear each label, shape (n labels,)."""
        return np.bincount(self.of[self.of >= 0], minlength=len(self.names)).astype(np.int64)


@dataclass(frozen=True)
class Cases:
    """The n accounts that count, as arrays over them.

    Attributes:
        account: ids.
        ring: planted ring.
        operator: who runs that ring; the ring itself where the truth does not say.
        claim: ring that the method puts it in, published or not.
        published: whether the method publishes it.
        score: of that ring; 0 where in none.
        confidence: that the method states; nan where it states none.
        group: the honest group, of accounts in no planted ring.
        kind: the kind of that group; `unknown` where the truth does not say.
        tactic: by which tactics its ring works, joined by +; null where the truth does not say.
        left_out: those that do not count, by reason.
    """

    account: pa.ChunkedArray
    ring: Names
    operator: Names
    claim: Names
    published: Bools
    score: NDArray[np.float64]
    confidence: NDArray[np.float64]
    group: Names
    kind: Names
    tactic: pa.ChunkedArray
    left_out: tuple[Figure, ...]

    @property
    def planted(self) -> Bools:
        """Whether an operator runs the account."""
        return self.ring.of >= 0

    @property
    def shown(self) -> Names:
        """The published rings."""
        return Names(np.where(self.published, self.claim.of, -1), self.claim.names)


def line_up(
    claims: pa.Table, truth: pa.Table, *, dt: date | None = None, window_d: int | None = None
) -> Cases:
    """Bring claims and truth together, account by account.

    Args:
        claims: CLAIMS.
        truth: TRUTH.
        dt: the date judged; None where accounts are not left out by their days.
        window_d: days judged, which end on that date; None where they began before every account.
    """
    table = truth.sort_by("account_id")
    place = pc.index_in(table["account_id"], claims["account_id"].combine_chunks())
    claimed = claims.take(place)
    reasons = {
        "not active": _absent(table, dt, window_d),
        JUNK: _is(table["role"], JUNK),
        HIJACKED: _is(table["role"], HIJACKED),
    }
    shown = _flags(claimed["published"])
    kept, left = np.ones(table.num_rows, dtype=bool), {}
    for reason, out in reasons.items():
        now = kept & out
        left[reason] = int((now & shown).sum()), int(now.sum())
        kept &= ~out
    known = pc.is_in(claims["account_id"], table["account_id"].combine_chunks())
    strange = claims.filter(pc.invert(known))
    left["not in the truth"] = int(_flags(strange["published"]).sum()), strange.num_rows
    table, claimed = table.filter(pa.array(kept)), claimed.filter(pa.array(kept))
    return _cases(table, claimed, _told(left))


def _cases(table: pa.Table, claimed: pa.Table, left_out: tuple[Figure, ...]) -> Cases:
    """Number what is left.

    Args:
        table: TRUTH of the accounts that count.
        claimed: CLAIMS of the same accounts in the same order, nulls where there is none.
        left_out: those that do not count, by reason.
    """
    honest = pc.is_null(table["ring"])
    # A ring without an operator is its own; the letter keeps it apart from an operator so named.
    own = pc.binary_join_element_wise("r", table["ring"], " ")
    run = pc.coalesce(pc.binary_join_element_wise("o", table["operator"], " "), own)
    kind = pc.coalesce(table["kind"], pa.scalar("unknown"))
    group = pc.binary_join_element_wise(kind, table["group"], "\x1f")
    return Cases(
        account=table["account_id"],
        ring=_numbered(table["ring"]),
        operator=_numbered(pc.if_else(honest, None, run)),
        claim=_numbered(claimed["ring"]),
        published=_flags(claimed["published"]),
        score=np.asarray(pc.fill_null(claimed["score"], 0.0)),
        confidence=np.asarray(pc.fill_null(claimed["confidence"], np.nan)),
        group=_numbered(pc.if_else(honest, group, None)),
        kind=_numbered(pc.if_else(honest, kind, None)),
        tactic=table["tactic"],
        left_out=left_out,
    )


def _told(left: dict[str, tuple[int, int]]) -> tuple[Figure, ...]:
    """How many are left out by each reason, and how many of them the method publishes."""
    return tuple(
        counted("left out and published", n, of, part=reason)
        for reason, (n, of) in left.items()
        if of
    )


def _absent(table: pa.Table, dt: date | None, window_d: int | None) -> Bools:
    """Whether each account could not act in the days judged."""
    absent = np.zeros(table.num_rows, dtype=bool)
    if dt is not None:
        absent |= _flags(pc.greater(table["first_day"], pa.scalar(dt, pa.date32())))
        if window_d is not None:
            since = dt - timedelta(days=window_d - 1)
            absent |= _flags(pc.less(table["last_day"], pa.scalar(since, pa.date32())))
    return absent


def _is(column: pa.ChunkedArray, text: str) -> Bools:
    return _flags(pc.equal(column, pa.scalar(text)))


def _flags(column: pa.ChunkedArray) -> Bools:
    """A column of truth values; null is false."""
    return np.asarray(pc.fill_null(column, False)).astype(bool)


def _numbered(label: pa.ChunkedArray) -> Names:
    """Number labels in their order."""
    known = label.drop_null().unique()
    known = known.take(pc.array_sort_indices(known))
    place = pc.index_in(label, known).fill_null(-1)
    return Names(np.asarray(place).astype(np.int64), list(map(str, known.to_pylist())))


def number_pairs(first: Ints, second: Ints) -> tuple[Ints, Ints, Ints]:
    """The pairs of labels that some account bears, and how many do; -1 is no label.

    Args:
        first: numbers, shape (n accounts,).
        second: numbers, shape (n accounts,).

    Returns:
        First, second and count, one entry per pair, in the order of the numbers.
    """
    both = (first >= 0) & (second >= 0)
    width = int(second.max(initial=0)) + 1
    cells, n = np.unique(first[both] * width + second[both], return_counts=True)
    return cells // width, cells % width, n.astype(np.int64)


def bucket(sizes: Ints, edges: Sequence[int]) -> tuple[Ints, list[str]]:
    """Sort sizes into ranges.

    Args:
        sizes: at least the first edge.
        edges: where each range begins, rising; the last one has no end.

    Returns:
        The range of each size, and how each range is written.
    """
    ends = [*(f"-{end - 1}" for end in edges[1:]), "+"]
    names = [
        str(edge) if end == f"-{edge}" else f"{edge}{end}"
        for edge, end in zip(edges, ends, strict=True)
    ]
    return np.searchsorted(np.array(edges), sizes, side="right") - 1, names
