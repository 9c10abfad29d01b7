"""What is known of accounts by themselves: when they signed up, when they work."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.graph.heterogeneous import HeteroGraph, with_ids
from graphkit.sql import query

Ints = NDArray[np.int64]
HOUR_US = 3_600_000_000


@dataclass(frozen=True, eq=False)
class People:
    """The accounts of a graph, by their row numbers.

    Attributes:
        created_us: microseconds since 1970, -1 where nobody says, shape (n,).
        place: accounts that signed up before it, shape (n,).
        n_created: accounts whose sign-up is known.
        first_us, last_us: first and last event of any sort in the window, shape (n,).
        hours: whether it made a request in each hour of the window's days, packed bits of shape
            (n, bytes).
        by_hour: days on which it made a request in each hour of the day, shape (n, 24).
        days: whether it made a request on each day, packed bits of shape (n, bytes).
        events: kind to the events of all links of the account, shape (n,); those of texts that
            nobody else sent as well.
    """

    created_us: Ints
    place: Ints
    n_created: int
    first_us: Ints
    last_us: Ints
    hours: NDArray[np.uint8]
    by_hour: Ints
    days: NDArray[np.uint8]
    events: Mapping[str, Ints]


def know_people(
    graph: HeteroGraph, links: pa.Table, profiles: pa.Table, activity: pa.Table
) -> People:
    """Gather what is known of a graph's accounts.

    Args:
        graph: whose accounts.
        links: LINKS of the window, of which the graph was built.
        profiles: PROFILES of the window.
        activity: ACTIVITY of the window.
    """
    accounts = with_ids(graph.accounts)
    n = graph.accounts.num_rows
    created = np.full(n, -1, dtype=np.int64)
    told = query(_CREATED, {"profiles": profiles, "accounts": accounts})
    created[told["account"].to_numpy()] = told["created_us"].to_numpy()
    known = np.sort(created[created >= 0])
    seen = query(_SEEN, {"links": graph.links})
    active = query(_HOURS, {"activity": activity, "accounts": accounts})
    account, hour = active["account"].to_numpy(), active["hour"].to_numpy()
    start = int(hour.min()) // 24 * 24 if hour.size else 0
    n_days = (int(hour.max()) - start) // 24 + 1 if hour.size else 1
    used = np.zeros((n, 24 * n_days), dtype=bool)
    used[account, hour - start] = True
    daily = used.reshape(n, n_days, 24)
    return People(
        created_us=created,
        place=np.searchsorted(known, created),
        n_created=known.size,
        first_us=seen["first_us"].to_numpy(),
        last_us=seen["last_us"].to_numpy(),
        hours=np.packbits(used, axis=1),
        by_hour=daily.sum(axis=1),
        days=np.packbits(daily.any(axis=2), axis=1),
        events=_events(links, accounts),
    )


def _events(links: pa.Table, accounts: pa.Table) -> dict[str, Ints]:
    told = query(_EVENTS, {"links": links, "accounts": accounts})
    kinds = told["kind"].combine_chunks().dictionary_encode()
    place = kinds.indices.to_numpy(zero_copy_only=False)
    sums = np.zeros((len(kinds.dictionary), accounts.num_rows), dtype=np.int64)
    sums[place, told["account"].to_numpy()] = told["n"].to_numpy()
    return dict(zip([str(kind) for kind in kinds.dictionary.to_pylist()], sums, strict=True))


_CREATED = """
SELECT a.id AS account, min(epoch_us(created_at)) AS created_us
FROM profiles JOIN accounts AS a USING (account_id)
WHERE created_at IS NOT NULL GROUP BY ALL ORDER BY account
"""
_SEEN = """
SELECT account, min(epoch_us(first_seen)) AS first_us, max(epoch_us(last_seen)) AS last_us
FROM links GROUP BY account ORDER BY account
"""
_EVENTS = """
SELECT a.id AS account, kind, CAST(sum(n) AS BIGINT) AS n
FROM links JOIN accounts AS a USING (account_id) GROUP BY ALL ORDER BY account, kind
"""
_HOURS = """
SELECT DISTINCT a.id AS account, CAST(epoch_us(hour) // 3600000000 AS BIGINT) AS hour
FROM activity JOIN accounts AS a USING (account_id) ORDER BY account, hour
"""
