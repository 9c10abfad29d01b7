"""Co-sharing: accounts that carried the same entity within seconds of one another.

The method of the R package CooRTweet, whose weights and mean time differences it gives. It asks
neither how rare an entity is nor what else two accounts share; what judges that are rings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import COSHARES
from graphkit.errors import UsageError
from graphkit.sql import query

# Pairs of mentions looked at together, so that an entity that everybody carried fits in memory.
_PAIRS = 2_000_000


def coshare(mentions: pa.Table, *, within_s: float, min_participation: int = 2) -> pa.Table:
    """Count, for each two accounts, how often they carried the same entity close in time.

    Kinds are looked at apart, then put together. Equal mentions count once. An account takes part
    with `min_participation` mentions of the kind or more. Two mentions pair when they carry the
    same entity, come from different accounts and different contents (a mention without a
    `content_id` is a content of its own) and lie at most `within_s` apart. Of these pairs one stays
    when one of its contents is of an account with `min_participation` mentions or more among the
    contents that pair at all.

    The cost grows with the pairs of mentions, so with the square of what many carry at once; memory
    grows with one kind's mentions and with the pairs of accounts found.

    Args:
        mentions: MENTIONS.
        within_s: seconds, both ends included.
        min_participation: mentions of one kind.

    Returns:
        COSHARES, in the order of the accounts.

    Raises:
        UsageError: a number does not fit.
    """
    if not (0 <= within_s <= 366 * 86_400 and min_participation >= 1):
        raise UsageError(
            "co-sharing cannot be counted like this",
            found=f"within {within_s:g} seconds, at least {min_participation} mentions",
            allowed="0 seconds to a year, and at least 1 mention",
            do="correct --within or --min",
        )
    within = round(within_s * 1_000_000)
    accounts = pc.unique(mentions["account_id"]).sort()
    found = _Sums.empty()
    for kind in sorted(pc.unique(mentions["kind"]).to_pylist()):
        parameters = {"kind": kind, "least": min_participation}
        rows = _Rows.of(query(_ROWS, {"mentions": mentions}, parameters), accounts)
        ends = _ends(rows.entity, rows.time, within)
        kept = _kept(rows, ends, min_participation)
        for left, right in _pairs(rows, ends):
            stay = kept[rows.content[left]] | kept[rows.content[right]]
            found = found.plus(_Sums.of(rows, left[stay], right[stay], len(accounts)))
    return COSHARES.conform(
        pa.table(
            {
                "account_a": accounts.take(pa.array(found.pair // max(1, len(accounts)))),
                "account_b": accounts.take(pa.array(found.pair % max(1, len(accounts)))),
                "weight": found.n,
                # Whole microseconds, divided once: no order of rows can change the mean.
                "mean_time_delta_s": found.apart / (found.n * 1_000_000),
            }
        )
    )


_ROWS = """
WITH apart AS (
    SELECT DISTINCT account_id, entity, content_id, epoch_us(ts) AS time
    FROM mentions WHERE kind = $kind
)
SELECT * FROM apart
QUALIFY count(*) OVER (PARTITION BY account_id) >= $least
ORDER BY entity, time
"""


@dataclass(frozen=True)
class _Rows:
    """Mentions of one kind, by entity and time; int64 arrays of shape (n,).

    Attributes:
        account: place among the sorted account ids.
        entity, content: dense numbers.
        time: microseconds.
    """

    account: NDArray[np.int64]
    entity: NDArray[np.int64]
    content: NDArray[np.int64]
    time: NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table, accounts: pa.Array) -> "_Rows":
        account = pc.index_in(table["account_id"], value_set=accounts)
        content = _coded(table["content_id"])
        alone = content < 0
        content[alone] = content.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
        return cls(
            np.asarray(account.to_numpy(), dtype=np.int64),
            _coded(table["entity"]),
            content,
            table["time"].to_numpy(),
        )


def _coded(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Dense numbers for texts, -1 for null; writable, shape (n,)."""
    codes = column.combine_chunks().dictionary_encode().indices.fill_null(-1)
    return np.array(codes, dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def _ends(entity: NDArray[np.int64], time: NDArray[np.int64], within: int) -> NDArray[np.int64]:
    """For each row, where the later rows of its entity stop lying within the time."""
    ends = np.empty(entity.size, dtype=np.int64)
    end = 0
    for row in range(entity.size):
        while end < entity.size and entity[end] == entity[row] and time[end] - time[row] <= within:
            end += 1
        ends[row] = end
    return ends


def _pairs(
    rows: _Rows, ends: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of rows of different accounts and contents, the earlier first, in parts."""
    following = ends - np.arange(1, ends.size + 1)
    before = np.concatenate([[0], np.cumsum(following)])
    start = 0
    while start < ends.size:
        stop = int(np.searchsorted(before, before[start] + _PAIRS, side="right")) - 1
        stop = max(stop, start + 1)
        counts = following[start:stop]
        left = np.repeat(np.arange(start, stop), counts)
        step = np.arange(left.size) - np.repeat(before[start:stop] - before[start], counts)
        right = left + 1 + step
        differ = rows.account[left] != rows.account[right]
        differ &= rows.content[left] != rows.content[right]
        yield left[differ], right[differ]
        start = stop


def _kept(rows: _Rows, ends: NDArray[np.int64], least: int) -> NDArray[np.bool_]:
    """Which contents are of accounts with enough mentions among the contents that pair at all."""
    pairing = np.zeros(rows.content.max(initial=-1) + 1, dtype=bool)
    for left, right in _pairs(rows, ends):
        pairing[rows.content[left]] = True
        pairing[rows.content[right]] = True
    counted = pairing[rows.content]
    mentions = np.bincount(rows.account[counted], minlength=rows.account.max(initial=-1) + 1)
    kept = np.zeros(pairing.size, dtype=bool)
    kept[rows.content[counted & (mentions[rows.account] >= least)]] = True
    return kept


@dataclass(frozen=True)
class _Sums:
    """Pairs of mentions and microseconds between them, per pair of accounts; shape (n,).

    Attributes:
        pair: place of the first account times the number of accounts, plus that of the second.
        n: pairs of mentions.
        apart: microseconds, summed.
    """

    pair: NDArray[np.int64]
    n: NDArray[np.int64]
    apart: NDArray[np.int64]

    @classmethod
    def empty(cls) -> "_Sums":
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, nothing)

    @classmethod
    def of(
        cls, rows: _Rows, left: NDArray[np.int64], right: NDArray[np.int64], n_accounts: int
    ) -> "_Sums":
        one, other = rows.account[left], rows.account[right]
        pair = np.minimum(one, other) * n_accounts + np.maximum(one, other)
        apart = rows.time[right] - rows.time[left]
        return cls.empty().plus(cls(pair, np.ones(pair.size, dtype=np.int64), apart))

    def plus(self, other: "_Sums") -> "_Sums":
        """Both together, by pair."""
        pair = np.concatenate([self.pair, other.pair])
        if not pair.size:
            return self
        order = np.argsort(pair, kind="stable")
        pair = pair[order]
        starts = np.flatnonzero(np.diff(pair, prepend=pair[0] - 1))
        n = np.concatenate([self.n, other.n])[order]
        apart = np.concatenate([self.apart, other.apart])[order]
        return _Sums(pair[starts], np.add.reduceat(n, starts), np.add.reduceat(apart, starts))
