"""Who holds an entity: the way back from a fact to accounts and rings."""

import pyarrow as pa

from graphkit.contracts import HOLDERS, HOLDING_RINGS
from graphkit.sql import query


def holders_of(links: pa.Table, members: pa.Table, kind: str, entity: int) -> pa.Table:
    """List the accounts that used an entity in a window.

    Args:
        links: LINKS of the window.
        members: RING_MEMBERS of its last day.
        kind: entity kind.
        entity: keyed pseudonym.

    Returns:
        HOLDERS, those that used it most first.
    """
    tables = {"links": links, "members": members}
    return HOLDERS.conform(query(_HOLDERS, tables, {"kind": kind, "entity": entity}))


def rings_with(evidence: pa.Table, rings: pa.Table, entity: str) -> pa.Table:
    """List the rings that an entity is evidence of.

    Args:
        evidence: EVIDENCE.
        rings: RINGS of the same date.
        entity: pseudonym as it is shown.

    Returns:
        HOLDING_RINGS, strongest first.
    """
    tables = {"evidence": evidence, "rings": rings}
    return HOLDING_RINGS.conform(query(_RINGS, tables, {"entity": entity}))


_HOLDERS = """
SELECT account_id, CAST(sum(n) AS BIGINT) AS n, count(*) AS n_days, min(first_seen) AS first_seen,
    max(last_seen) AS last_seen, any_value(ring_id) AS ring_id, any_value(status) AS status
FROM links LEFT JOIN (SELECT account_id, ring_id, status FROM members) USING (account_id)
WHERE kind = $kind AND entity = $entity
GROUP BY account_id ORDER BY n DESC, account_id
"""
_RINGS = """
SELECT ring_id, status, score, size, n_members, n_holders, role, weight
FROM evidence JOIN (SELECT ring_id, status, score, size FROM rings) USING (ring_id)
WHERE entity = $entity
ORDER BY score DESC, size DESC, ring_id
"""
