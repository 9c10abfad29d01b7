"""Tracking: rings keep their ids over days.

A ring goes on as the earlier ring with which it shares most accounts, one to one, where these are
at least half of the smaller of the two (majority overlap, after Greene et al. 2010). Numbers are
never used twice.
"""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import LINEAGE, RING_MEMBERS
from graphkit.sql import query


@dataclass(frozen=True)
class Previous:
    """The latest judged date before a run's.

    Attributes:
        dt: the date.
        members: its RING_MEMBERS.
        next_number: the first ring number not used until then.
    """

    dt: date
    members: pa.Table
    next_number: int


@dataclass(frozen=True)
class Matched:
    """Today's ids and what became of yesterday's rings.

    Attributes:
        names: today's provisional id to its lasting one: columns provisional, ring_id.
        lineage: LINEAGE.
        next_number: the first ring number not used until now.
    """

    names: pa.Table
    lineage: pa.Table
    next_number: int


def match_rings(members: pa.Table, previous: Previous | None, *, dt: date) -> Matched:
    """Match a day's rings with those of an earlier day.

    Args:
        members: RING_MEMBERS of the day, under provisional ids in order of rank.
        previous: the earlier day; None where there is none.
        dt: the day.
    """
    before = RING_MEMBERS.empty() if previous is None else previous.members
    overlap = query(_OVERLAP, {"members": members, "before": before})
    heirs = query(_HEIRS, {"overlap": overlap})
    number = 1 if previous is None else previous.next_number
    names = query(_NAMES, {"members": members, "heirs": heirs}, {"number": number})
    n_new = names.num_rows - heirs.num_rows
    days = {"dt": dt, "previous_dt": None if previous is None else previous.dt}
    tables = {"members": members, "before": before, "overlap": overlap, "names": names}
    lineage = LINEAGE.conform(query(_LINEAGE, tables, days))
    return Matched(names, lineage, number + n_new)


def renamed(table: pa.Table, names: pa.Table) -> pa.Table:
    """The table with lasting ring ids in place of provisional ones; rows keep their order."""
    place = pc.index_in(table["ring_id"], value_set=names["provisional"].combine_chunks())
    ids = names["ring_id"].take(place)
    return table.set_column(table.column_names.index("ring_id"), "ring_id", ids)


_OVERLAP = """
WITH sizes AS (SELECT ring_id, count(*) AS size FROM members GROUP BY ring_id),
earlier AS (SELECT ring_id, count(*) AS size FROM before GROUP BY ring_id)
SELECT m.ring_id AS ring_id, b.ring_id AS previous_ring_id, count(*) AS n_shared,
    any_value(sizes.size) AS size, any_value(earlier.size) AS previous_size
FROM members AS m JOIN before AS b USING (account_id)
JOIN sizes ON sizes.ring_id = m.ring_id JOIN earlier ON earlier.ring_id = b.ring_id
GROUP BY m.ring_id, b.ring_id
"""
# One to one, because each must be the other's largest overlap.
_HEIRS = """
SELECT ring_id, previous_ring_id FROM overlap
WHERE 2 * n_shared >= least(size, previous_size)
QUALIFY row_number() OVER (PARTITION BY ring_id
        ORDER BY n_shared DESC, previous_size DESC, previous_ring_id) = 1
    AND row_number() OVER (PARTITION BY previous_ring_id
        ORDER BY n_shared DESC, size DESC, ring_id) = 1
"""
_NAMES = """
WITH rings AS (SELECT DISTINCT ring_id FROM members),
fresh AS (
    SELECT ring_id, 'R-' || printf('%04d', $number - 1 + row_number() OVER (
        ORDER BY length(ring_id), ring_id)) AS lasting
    FROM rings ANTI JOIN heirs USING (ring_id)
)
SELECT ring_id AS provisional, previous_ring_id AS ring_id FROM heirs
UNION ALL SELECT ring_id, lasting FROM fresh
ORDER BY ALL
"""
_LINEAGE = """
WITH related AS (
    SELECT names.ring_id AS ring_id, previous_ring_id, n_shared,
        count(*) OVER (PARTITION BY previous_ring_id) AS heirs,
        count(*) OVER (PARTITION BY o.ring_id) AS parents
    FROM overlap AS o JOIN names ON names.provisional = o.ring_id
    WHERE 2 * n_shared >= least(size, previous_size)
), pairs AS (
    SELECT ring_id, previous_ring_id, n_shared,
        CASE WHEN ring_id = previous_ring_id THEN 'continues'
            WHEN parents > 1 THEN 'merges' WHEN heirs > 1 THEN 'splits' ELSE 'moves' END AS event
    FROM related
)
SELECT CAST($dt AS DATE) AS dt, ring_id, CAST($previous_dt AS DATE) AS previous_dt,
    previous_ring_id, n_shared, event FROM pairs
UNION ALL
SELECT CAST($dt AS DATE), ring_id, CAST($previous_dt AS DATE), NULL, 0, 'born'
FROM names WHERE ring_id NOT IN (SELECT ring_id FROM pairs)
UNION ALL
SELECT CAST($dt AS DATE), NULL, CAST($previous_dt AS DATE), ring_id, 0, 'ends'
FROM (SELECT DISTINCT ring_id FROM before)
WHERE ring_id NOT IN (SELECT previous_ring_id FROM pairs)
ORDER BY ring_id NULLS LAST, previous_ring_id
"""
