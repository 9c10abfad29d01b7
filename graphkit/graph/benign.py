"""The allow-list: what its owner knows to be harmless never enters the graph."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import BENIGN, BENIGN_REMOVED
from graphkit.sql import query


def match_benign(links: pa.Table, benign: pa.Table, *, dt: date) -> pa.Table:
    """Say what each entry of an allow-list takes out of a window.

    Args:
        links: LINKS of the window.
        benign: BENIGN.
        dt: the last day of the window; an entry holds up to its own last day.

    Returns:
        BENIGN_REMOVED, in the order of the list.
    """
    entries = BENIGN.check(benign).append_column("entry", pa.array(np.arange(benign.num_rows)))
    tables = {"links": links.filter(_listed(links, benign)), "entries": _coded(entries)}
    return BENIGN_REMOVED.conform(query(_MATCHED, tables, {"dt": dt}))


def without_benign(links: pa.Table, removed: pa.Table) -> pa.Table:
    """Leave out the links to the entities and of the accounts that an allow-list names.

    Args:
        links: LINKS of the window.
        removed: BENIGN_REMOVED; only entries that were applied count.

    Returns:
        LINKS, in their order.
    """
    applied = removed.filter(pc.field("state") == "applied")
    return links.filter(pc.invert(_listed(links, applied))) if applied.num_rows else links


def _listed(links: pa.Table, entries: pa.Table) -> pa.ChunkedArray:
    """Which links are to an entity or of an account of the list."""
    coded = _coded(entries)
    accounts = coded.filter(pc.field("kind") == "account")["entity"]
    listed: pa.ChunkedArray = pc.is_in(links["account_id"], value_set=accounts.combine_chunks())
    for kind in pc.unique(coded["kind"]).to_pylist():
        codes = coded.filter((pc.field("kind") == kind) & pc.field("code").is_valid())["code"]
        same = pc.equal(links["kind"], pa.scalar(kind))
        hit = pc.is_in(links["entity"], value_set=codes.combine_chunks())
        listed = pc.or_(listed, pc.and_(same, hit))
    return listed


def _coded(entries: pa.Table) -> pa.Table:
    """The entries with their entity as links hold it, column `code`; null for accounts."""
    codes = [
        None
        if row["kind"] == "account"
        else int.from_bytes(bytes.fromhex(row["entity"][-16:]), signed=True)
        for row in entries.select(["kind", "entity"]).to_pylist()
    ]
    return entries.append_column("code", pa.array(codes, pa.int64()))


_MATCHED = """
WITH matched AS (
    SELECT entry, account_id FROM entries AS e JOIN links AS l
    ON e.kind = l.kind AND e.code = l.entity
    UNION ALL
    SELECT entry, account_id FROM entries AS e JOIN links AS l
    ON e.kind = 'account' AND e.entity = l.account_id
), counted AS (
    SELECT entry, count(*) AS n_links, count(DISTINCT account_id) AS n_accounts
    FROM matched GROUP BY entry
), judged AS (
    SELECT *, CASE WHEN until < CAST($dt AS DATE) THEN 'expired'
        WHEN n_links IS NULL THEN 'unmatched' ELSE 'applied' END AS state
    FROM entries LEFT JOIN counted USING (entry)
)
SELECT kind, entity, until, why, state,
    CASE WHEN state = 'applied' THEN n_links ELSE 0 END AS n_links,
    CASE WHEN state = 'applied' THEN n_accounts ELSE 0 END AS n_accounts
FROM judged ORDER BY entry
"""
