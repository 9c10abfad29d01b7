"""Candidates: which pairs of accounts are worth looking at, and what each of them shares.

Hubs corroborate, they never create: an entity with more holders than its kind's cap proposes no
pair. Two hubs of different kinds that few accounts hold together do, since few strangers are in two
same crowds; and whatever proposes a pair, every hub that both hold is then looked at. So the number
of pairs is bounded by links times cap, whatever a hub holds.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.graph.heterogeneous import TIMED_KINDS, HeteroGraph, with_ids
from graphkit.sql import query

Ints = NDArray[np.int64]
# Accounts that hold the same two hubs, at most, for these to propose pairs.
_FEW = 50
# Share of an account's activity, in thousandths, from which a hub may propose with another.
_LEAST_SHARE = 50
# Everybody sends some text once that others send too. One text proposes a pair where it is so many
# thousandths of both accounts' requests; otherwise it takes two.
_MUCH_TEXT = 20


@dataclass(frozen=True, eq=False)
class Sharing:
    """Candidate pairs and what they share.

    Attributes:
        n_accounts: accounts of the graph.
        entities: one row per entity of two holders and more: its row number in the graph (id),
            kind, entity, trait, signal, n_holders, hub, per_bit, ceiling; by id.
        links: one row per account, such entity and spell: account, entity (id), n, share (of the
            account's requests or other events of the sort, in thousandths), first and last seen.
        first, second: accounts of each candidate pair, first < second, in order; shape (m,).
        pair: number of the pair of each shared entity, shape (s,), ascending.
        entity: row of the entity in `entities`, shape (s,).
        share: the smaller of the two accounts' shares, in thousandths, shape (s,).
        n: the smaller of the two accounts' events, shape (s,).
    """

    n_accounts: int
    entities: pa.Table
    links: pa.Table
    first: Ints
    second: Ints
    pair: Ints
    entity: Ints
    share: Ints
    n: Ints


def share_entities(graph: HeteroGraph, kinds: pa.Table, *, address_gap_h: int) -> Sharing:
    """Propose pairs of accounts and find all that they share.

    Args:
        graph: accounts and entities of a window.
        kinds: KINDS.
        address_gap_h: hours between two accounts' uses of an address within which it is shared.
    """
    named = {"entities": with_ids(graph.entities), "links": graph.links, "kinds": kinds}
    entities = query(_ENTITIES, named)
    tables = {"links": graph.links, "accounts": with_ids(graph.accounts), "entities": entities}
    links = query(_LINKS, tables, {"timed": list(TIMED_KINDS)})
    bounds = {"gap_us": address_gap_h * 3_600_000_000}
    near = query(_NEAR, {"links": links}, bounds)
    met = query(_AGREEING, {"links": links}, {"few": _FEW, "least": _LEAST_SHARE})
    told = {"near": near, "met": met, "entities": entities}
    pairs = query(_CANDIDATES, told, {"much": _MUCH_TEXT})
    far = query(_HUBS, {"links": links, "pairs": pairs}, bounds)
    shared = query(_SHARED, {"near": near, "far": far, "pairs": pairs})
    first, second = pairs["a"].to_numpy().astype(np.int64), pairs["b"].to_numpy().astype(np.int64)
    n = graph.accounts.num_rows
    keys = shared["a"].to_numpy().astype(np.int64) * n + shared["b"].to_numpy()
    rows = np.searchsorted(entities["id"].to_numpy(), shared["entity"].to_numpy())
    return Sharing(
        n_accounts=n,
        entities=entities,
        links=links,
        first=first,
        second=second,
        pair=np.searchsorted(first * n + second, keys).astype(np.int64),
        entity=rows.astype(np.int64),
        share=shared["share"].to_numpy(),
        n=shared["n"].to_numpy(),
    )


_ENTITIES = """
WITH holders AS (
    SELECT entity AS id, count(DISTINCT account) AS n_holders FROM links
    GROUP BY entity HAVING count(DISTINCT account) > 1
)
SELECT e.id AS id, e.kind AS kind, e.entity AS entity, trait, n_holders,
    coalesce(own.signal, other.signal) AS signal,
    n_holders > coalesce(own.hub_cap, other.hub_cap) AS hub,
    CASE WHEN own.kind IS NULL THEN other.per_bit ELSE own.per_bit END AS per_bit,
    CASE WHEN own.kind IS NULL THEN other.ceiling ELSE own.ceiling END AS ceiling
FROM entities AS e JOIN holders USING (id)
LEFT JOIN kinds AS own ON own.kind = e.kind
LEFT JOIN kinds AS other ON other.kind = '*'
WHERE coalesce(CASE WHEN own.kind IS NULL THEN other.per_bit ELSE own.per_bit END, 1) > 0
ORDER BY id
"""
# What requests carry is a share of the requests; of all else, of the events of the same kind.
_LINKS = """
WITH sums AS (
    SELECT l.account AS account, kind, sum(l.n) AS events
    FROM links AS l JOIN entities AS e ON e.id = l.entity GROUP BY ALL
)
SELECT l.account AS account, l.entity AS entity, l.n AS n, first_seen, last_seen, kind, hub,
    list_contains($timed, kind) AS timed,
    epoch_us(first_seen) AS first_us, epoch_us(last_seen) AS last_us,
    CAST(1000 * l.n // greatest(l.n, CASE WHEN signal IN ('address', 'device', 'prompt')
        AND requests > 0 THEN requests ELSE events END) AS BIGINT) AS share
FROM links AS l JOIN entities AS e ON e.id = l.entity JOIN accounts AS a ON a.id = l.account
JOIN sums USING (account, kind)
"""
# Two spells of an address meet when one begins no later than `gap_us` after the other ends. Hubs
# must be gone before the join, not after it: the join is what they would blow up.
_NEAR = """
WITH proposing AS (
    SELECT account, entity, timed, first_us, last_us, share, n FROM links WHERE NOT hub
)
SELECT x.account AS a, y.account AS b, x.entity AS entity, max(least(x.share, y.share)) AS share,
    max(least(x.n, y.n)) AS n
FROM proposing AS x JOIN proposing AS y ON x.entity = y.entity AND x.account < y.account
WHERE NOT x.timed OR (x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)
GROUP BY ALL
"""
_AGREEING = """
WITH held AS (
    SELECT account, entity, kind FROM links WHERE hub AND share >= $least GROUP BY ALL
), twice AS (
    SELECT x.account AS account, x.entity AS entity, y.entity AS other
    FROM held AS x JOIN held AS y ON x.account = y.account AND x.kind < y.kind
), few AS (
    SELECT entity, other FROM twice GROUP BY ALL HAVING count(*) BETWEEN 2 AND $few
), proposing AS (SELECT * FROM twice SEMI JOIN few USING (entity, other))
SELECT DISTINCT x.account AS a, y.account AS b FROM proposing AS x
JOIN proposing AS y ON x.entity = y.entity AND x.other = y.other AND x.account < y.account
"""
_CANDIDATES = """
WITH enough AS (
    SELECT a, b FROM near JOIN entities ON id = near.entity GROUP BY a, b
    HAVING count(*) > 1 OR bool_or(signal <> 'prompt' OR share >= $much)
)
SELECT a, b FROM (SELECT a, b FROM enough UNION ALL SELECT a, b FROM met)
GROUP BY a, b ORDER BY a, b
"""
_HUBS = """
WITH held AS (
    SELECT account, entity, timed, first_us, last_us, share, n FROM links WHERE hub
    AND account IN (SELECT a FROM pairs UNION SELECT b FROM pairs)
), half AS (SELECT p.a AS a, p.b AS b, x.* FROM pairs AS p JOIN held AS x ON x.account = p.a)
SELECT x.a AS a, x.b AS b, x.entity AS entity, max(least(x.share, y.share)) AS share,
    max(least(x.n, y.n)) AS n
FROM half AS x JOIN held AS y ON y.account = x.b AND y.entity = x.entity
WHERE NOT x.timed OR (x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)
GROUP BY ALL
"""
_SHARED = """
SELECT a, b, entity, CAST(share AS BIGINT) AS share, CAST(n AS BIGINT) AS n
FROM (SELECT near.* FROM near SEMI JOIN pairs USING (a, b) UNION ALL SELECT * FROM far)
ORDER BY a, b, entity
"""
