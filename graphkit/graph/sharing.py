"""Candidates: which pairs of accounts are worth looking at, and what each of them shares.

Hubs corroborate, they never create: an entity with more holders than its kind's cap proposes no
pair. Two hubs of different kinds do, where few accounts hold both and yet far more than chance
would bring together; and whatever proposes a pair, every hub that both hold is then looked at. So
the number of pairs is bounded by links times cap, whatever a hub holds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba
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
# How many times as many must hold both as would if the one said nothing of the other.
_ABOVE_CHANCE = 4
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
    gap_us = address_gap_h * 3_600_000_000
    near = query(_NEAR, {"links": links, "entities": entities}, {"gap_us": gap_us})
    bounds = {"few": _FEW, "least": _LEAST_SHARE, "above": _ABOVE_CHANCE}
    bounds["accounts"] = graph.accounts.num_rows
    met = query(_AGREEING, {"links": links}, bounds)
    pairs = query(_CANDIDATES, {"near": near, "met": met}, {"much": _MUCH_TEXT})
    first, second = pairs["a"].to_numpy().astype(np.int64), pairs["b"].to_numpy().astype(np.int64)
    n = graph.accounts.num_rows
    held = Held(
        starts=np.searchsorted(links["account"].to_numpy(), np.arange(n + 1)),
        entity=np.searchsorted(entities["id"].to_numpy(), links["entity"].to_numpy()),
        timed=links["timed"].to_numpy(),
        first_us=links["first_us"].to_numpy(),
        last_us=links["last_us"].to_numpy(),
        share=links["share"].to_numpy(),
        n=links["n"].to_numpy(),
    )
    pair, entity, share, events = _intersect(first, second, *held, gap_us)
    return Sharing(n, entities, links, first, second, pair, entity, share, events)


class Held(NamedTuple):
    """Links by account, entity and time, as columns; those of account a begin at starts[a]."""

    starts: Ints
    entity: Ints
    timed: NDArray[np.bool_]
    first_us: Ints
    last_us: Ints
    share: Ints
    n: Ints


@numba.njit(cache=True, nogil=True)
def _intersect(
    first: Ints,
    second: Ints,
    starts: Ints,
    entity: Ints,
    timed: NDArray[np.bool_],
    first_us: Ints,
    last_us: Ints,
    share: Ints,
    n: Ints,
    gap_us: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """What each pair holds in common, by merging two sorted lists, counted first and then written.

    Two spells of an address meet when one begins no later than the gap after the other ends; of
    those that meet, the largest share and number that both have.
    """
    size = 0
    found = np.zeros((0, 4), dtype=np.int64)
    for writes in (False, True):
        if writes:
            found = np.zeros((size, 4), dtype=np.int64)
            size = 0
        for pair in range(first.size):
            x, x_end = starts[first[pair]], starts[first[pair] + 1]
            y, y_end = starts[second[pair]], starts[second[pair] + 1]
            while x < x_end and y < y_end:
                if entity[x] < entity[y]:
                    x += 1
                    continue
                if entity[x] > entity[y]:
                    y += 1
                    continue
                same, most, often, begin = entity[x], -1, 0, y
                while x < x_end and entity[x] == same:
                    y = begin
                    while y < y_end and entity[y] == same:
                        apart = timed[x] and (
                            first_us[x] > last_us[y] + gap_us or first_us[y] > last_us[x] + gap_us
                        )
                        if not apart:
                            most = max(most, min(share[x], share[y]))
                            often = max(often, min(n[x], n[y]))
                        y += 1
                    x += 1
                if most >= 0:
                    if writes:
                        found[size, 0], found[size, 1] = pair, same
                        found[size, 2], found[size, 3] = most, often
                    size += 1
    return found[:, 0].copy(), found[:, 1].copy(), found[:, 2].copy(), found[:, 3].copy()


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
WITH told AS (
    SELECT l.account AS account, l.entity AS entity, l.n AS n, first_seen, last_seen, requests,
        kind, hub, signal, n_holders, sum(l.n) OVER (PARTITION BY l.account, kind) AS events
    FROM links AS l JOIN entities AS e ON e.id = l.entity JOIN accounts AS a ON a.id = l.account
)
SELECT account, entity, n, first_seen, last_seen, kind, hub, signal, n_holders,
    list_contains($timed, kind) AS timed,
    epoch_us(first_seen) AS first_us, epoch_us(last_seen) AS last_us,
    CAST(1000 * n // greatest(n, CASE WHEN signal IN ('address', 'device', 'prompt')
        AND requests > 0 THEN requests ELSE events END) AS BIGINT) AS share
FROM told ORDER BY account, entity, first_us
"""
# Two spells of an address meet when one begins no later than `gap_us` after the other ends. Hubs
# must be gone before the join, not after it: the join is what they would blow up.
_NEAR = """
WITH proposing AS (
    SELECT account, entity, timed, first_us, last_us, share, signal = 'prompt' AS text
    FROM links SEMI JOIN (SELECT id AS entity FROM entities WHERE NOT hub) USING (entity)
)
SELECT x.account AS a, y.account AS b, count(*) AS n_shared,
    max(CASE WHEN x.text THEN least(x.share, y.share) ELSE 1000 END) AS share
FROM proposing AS x JOIN proposing AS y ON x.entity = y.entity AND x.account < y.account
WHERE NOT x.timed OR (x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)
GROUP BY ALL
"""
_AGREEING = """
WITH held AS (
    SELECT account, entity, kind, n_holders FROM links WHERE hub AND share >= $least GROUP BY ALL
), twice AS (
    SELECT x.account AS account, x.entity AS entity, y.entity AS other,
        x.n_holders * y.n_holders AS chance
    FROM held AS x JOIN held AS y ON x.account = y.account AND x.kind < y.kind
), few AS (
    SELECT entity, other FROM twice GROUP BY entity, other
    HAVING count(*) BETWEEN 2 AND $few AND count(*) * $accounts >= $above * any_value(chance)
), proposing AS (SELECT * FROM twice SEMI JOIN few USING (entity, other))
SELECT DISTINCT x.account AS a, y.account AS b FROM proposing AS x
JOIN proposing AS y ON x.entity = y.entity AND x.other = y.other AND x.account < y.account
"""
_CANDIDATES = """
SELECT a, b FROM (
    SELECT a, b FROM near WHERE n_shared > 1 OR share >= $much UNION SELECT a, b FROM met
) ORDER BY a, b
"""
