"""Families of texts: which wrapper and which data set a ring's members have in common.

A wrapper's passages, first and last words that mostly the same members use are one family, named
after what they use most. First and last words tell of a wrapper where members sent them more than
once, as passages do, and not where one whole text was used just so often: then they are that
text's. Texts and passages that members send as they are make up the ring's data set. No text is
kept, so a family has an id, a size and a share of the traffic, and no words.
"""

import pyarrow as pa

from graphkit.contracts import FAMILIES
from graphkit.sql import query


def families_of(links: pa.Table, members: pa.Table, profiles: pa.Table) -> pa.Table:
    """Find the families of texts of each ring.

    Args:
        links: LINKS of the window.
        members: RING_MEMBERS of its last day.
        profiles: PROFILES of the window.

    Returns:
        FAMILIES, in each ring those with most of the traffic first.
    """
    tables = {"links": links, "members": members, "profiles": profiles}
    return FAMILIES.conform(query(_FAMILIES, tables))


# Two keys are of one family where at least half of those who use either use both. Of a wrapper the
# events are its most used key's, since a request bears them all; of a data set a member's events
# are at most its requests, since passages of one text may count apart.
_FAMILIES = """
WITH ours AS (SELECT account_id, ring_id FROM members),
sent AS (
    SELECT account_id, ring_id, CAST(coalesce(sum(requests), 0) AS BIGINT) AS requests
    FROM ours LEFT JOIN profiles USING (account_id) GROUP BY account_id, ring_id
), held AS (
    SELECT ring_id, account_id, kind, entity, CAST(sum(n) AS BIGINT) AS n,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM links JOIN ours USING (account_id)
    WHERE kind IN ('prompt', 'skeleton', 'opening', 'closing', 'payload', 'wrapper') GROUP BY ALL
), keys AS (
    SELECT ring_id, kind, entity, count(*) AS holders, sum(n) AS n,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM held GROUP BY ALL HAVING count(*) > 1
), wrapping AS (
    SELECT * FROM keys WHERE kind IN ('skeleton', 'wrapper')
    UNION ALL
    SELECT * FROM (SELECT * FROM keys WHERE kind IN ('opening', 'closing') AND 2 * n >= 3 * holders)
    ANTI JOIN (SELECT * FROM keys WHERE kind = 'prompt')
        USING (ring_id, holders, n, first_seen, last_seen)
), wraps AS (
    SELECT h.ring_id AS ring_id, h.account_id AS account_id, h.kind AS kind, h.entity AS entity,
        k.holders AS holders, k.n AS n
    FROM held AS h JOIN wrapping AS k USING (ring_id, kind, entity)
), alike AS (
    SELECT a.ring_id AS ring_id, a.kind AS kind, a.entity AS entity, b.kind AS lead_kind,
        b.entity AS lead_entity, any_value(b.n) AS n
    FROM wraps AS a JOIN wraps AS b USING (ring_id, account_id)
    GROUP BY ALL HAVING 2 * count(*) >= any_value(a.holders) + any_value(b.holders) - count(*)
), led AS (
    SELECT * FROM alike QUALIFY row_number() OVER (
        PARTITION BY ring_id, kind, entity ORDER BY n DESC, lead_kind DESC, lead_entity) = 1
), named AS (
    SELECT ring_id, kind, entity, 'wrapper' AS sort, lead_kind, lead_entity FROM led
    UNION ALL
    SELECT ring_id, kind, entity, 'data set', first_value(kind) OVER best,
        first_value(entity) OVER best
    FROM keys WHERE kind IN ('prompt', 'payload')
    WINDOW best AS (PARTITION BY ring_id ORDER BY holders DESC, n DESC, kind, entity)
), shown AS (
    SELECT ring_id, sort, lead_kind, lead_entity, account_id, requests,
        CASE sort WHEN 'wrapper' THEN max(n) ELSE least(sum(n), any_value(requests)) END AS n,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM named JOIN held USING (ring_id, kind, entity) JOIN sent USING (ring_id, account_id)
    GROUP BY ring_id, sort, lead_kind, lead_entity, account_id, requests
), totals AS (
    SELECT ring_id, sum(requests) AS requests FROM sent GROUP BY ring_id
), sized AS (
    SELECT ring_id, sort, lead_kind, lead_entity, count(*) AS n_keys FROM named GROUP BY ALL
)
SELECT ring_id, lead_kind || '-' || printf('%016x', lead_entity) AS family, sort,
    any_value(n_keys) AS n_keys, count(*) AS n_members, CAST(sum(n) AS BIGINT) AS n_events,
    sum(n) / greatest(any_value(t.requests), 1) AS share,
    min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM shown JOIN sized USING (ring_id, sort, lead_kind, lead_entity) JOIN totals AS t USING (ring_id)
GROUP BY ring_id, sort, lead_kind, lead_entity
ORDER BY ring_id, n_events DESC, family
"""
