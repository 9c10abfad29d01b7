"""One-mode projection: from shared entities to evidence on pairs of accounts.

Hubs corroborate, they never create: an entity with more holders than its kind's cap proposes no
pair, but adds to pairs that other entities propose. So the number of pairs is bounded by links
times cap, whatever a hub holds.

An entity's worth is its rarity, log2(N / holders), times its kind's millibits per bit, up to the
kind's ceiling (inverse document frequency as a log-likelihood ratio: the chance that a stranger
holds it too). Rarity counts the holders with the operator's own left out: where the pairs of its
holders agree on another signal, the entity is an operator's, and its own ring must not make it
look common. Within a signal the strongest kind counts, so that a card and its billing name are
one witness; across signals evidence adds.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import EDGES, FACTS, HUBS, SIGNALS, USES, pseudonym
from graphkit.graph.heterogeneous import TIMED_KINDS, HeteroGraph, with_ids
from graphkit.graph.weights import WEIGHTS
from graphkit.settings import GraphSettings
from graphkit.sql import query

# Share of holder pairs that agree on another signal from which an entity counts as one operator's.
_FULL_COHESION = 0.1
# Part of the full share, in thousandths, below which a link only corroborates.
_LEAST_PART = 250


@dataclass(frozen=True)
class Projection:
    """What the projection leaves.

    Attributes:
        edges: EDGES.
        facts: FACTS.
        uses: USES of the accounts that have an edge.
        hubs: HUBS, with the pairs withheld.
    """

    edges: pa.Table
    facts: pa.Table
    uses: pa.Table
    hubs: pa.Table


def project(graph: HeteroGraph, weights: pa.Table, *, settings: GraphSettings) -> Projection:
    """Project the graph on its accounts.

    Args:
        graph: accounts and entities of a window.
        weights: WEIGHTS.
        settings: gap of addresses, prior.

    Raises:
        DataError: the weights break their contract.
    """
    entities = _entities(graph, WEIGHTS.check(weights))
    links = _links(graph, entities)
    gap = {"gap_us": settings.address_gap_h * 3_600_000_000}
    tables = {"links": links, "entities": entities}
    least = {"least_part": _LEAST_PART}
    proposing = query(_PROPOSING, tables, least)
    pairs = query(_PAIRS, {"links": proposing}, gap)
    entities = _weigh(entities, pairs, graph.accounts.num_rows)
    tables = {"pairs": pairs, "links": links, "entities": entities}
    evidence = query(_EVIDENCE, tables, gap)
    accounts = with_ids(graph.accounts)
    edges = _edges(query(_EDGES, {"evidence": evidence, "accounts": accounts}), settings)
    tables = {"links": links, "entities": entities, "accounts": accounts, "edges": edges}
    return Projection(
        edges,
        FACTS.conform(query(_FACTS, {"entities": entities})),
        USES.conform(query(_USES, tables, least)),
        _hubs(entities),
    )


def probability(weight: NDArray[np.int64], prior_bits: float) -> NDArray[np.int64]:
    """Probability in thousandths that a pair is operated together, by Bayes' rule.

    Args:
        weight: evidence in millibits, shape (n,).
        prior_bits: evidence at which both are equally likely.
    """
    odds = np.exp2((weight - 1000 * prior_bits) / 1000)
    thousandths: NDArray[np.int64] = np.rint(1000 * odds / (1 + odds)).astype(np.int64)
    return thousandths


def _entities(graph: HeteroGraph, weights: pa.Table) -> pa.Table:
    """Entities with two holders or more, with their kind's weights and cap."""
    tables = {
        "entities": with_ids(graph.entities),
        "links": graph.links,
        "weights": weights,
    }
    return query(_WEIGHED, tables)


def _links(graph: HeteroGraph, entities: pa.Table) -> pa.Table:
    """Links to those entities, with the share of the account's requests where it matters."""
    tables = {"links": graph.links, "accounts": with_ids(graph.accounts), "entities": entities}
    return query(_SHARES, tables, {"timed": list(TIMED_KINDS)})


def _weigh(entities: pa.Table, pairs: pa.Table, n_accounts: int) -> pa.Table:
    """Give every entity its weight in millibits: rarity without the operator's own holders."""
    cohesion = query(_COHESION, {"pairs": pairs, "entities": entities})
    agreeing = cohesion["agreeing"].to_numpy() / np.maximum(cohesion["pairs"].to_numpy(), 1)
    own = np.minimum(agreeing / _FULL_COHESION, 1.0)
    holders = cohesion["n_holders"].to_numpy()
    others = np.maximum((holders - 1) * (1.0 - own), 1.0)
    bits = np.log2(np.maximum(n_accounts / others, 1.0))
    raw = np.rint(bits * cohesion["per_bit"].to_numpy()).astype(np.int64)
    weight = np.minimum(raw, cohesion["ceiling"].to_numpy())
    return cohesion.drop_columns(["agreeing", "pairs"]).append_column("weight", pa.array(weight))


def _edges(edges: pa.Table, settings: GraphSettings) -> pa.Table:
    chance = probability(edges["weight"].to_numpy(), settings.prior_bits)
    edges = edges.append_column("probability", pa.array(chance))
    kept = edges.filter(pa.array(chance >= np.rint(1000 * settings.min_probability)))
    return EDGES.conform(kept)


def _hubs(entities: pa.Table) -> pa.Table:
    hubs = query(_HUBS, {"entities": entities})
    parts = [
        hubs.filter(pa.array(np.array(hubs["kind"].to_pylist(), dtype=object) == kind))
        for kind in dict.fromkeys(hubs["kind"].to_pylist())
    ]
    named = [
        part.set_column(1, "entity", pseudonym(part["kind"][0].as_py(), part["entity"]))
        for part in parts
    ]
    return HUBS.conform(pa.concat_tables(named)) if named else HUBS.empty()


_WEIGHED = """
WITH holders AS (
    SELECT entity AS id, count(DISTINCT account) AS n_holders FROM links
    GROUP BY entity HAVING count(DISTINCT account) > 1
)
SELECT e.id AS id, e.kind AS kind, e.entity AS entity, trait, n_holders,
    coalesce(own.signal, other.signal) AS signal,
    coalesce(own.per_bit, other.per_bit) AS per_bit,
    coalesce(own.ceiling, other.ceiling) AS ceiling,
    coalesce(own.full_share, other.full_share) AS full_share,
    n_holders > coalesce(own.hub_cap, other.hub_cap) AS hub
FROM entities AS e JOIN holders USING (id)
LEFT JOIN weights AS own ON own.kind = e.kind
LEFT JOIN weights AS other ON other.kind = '*'
WHERE coalesce(own.per_bit, other.per_bit) > 0
ORDER BY id
"""
# A text sent once may be anybody's; from the third time on it is a habit.
_SHARES = """
SELECT l.account AS account, l.entity AS entity, l.n AS n, first_seen, last_seen,
    list_contains($timed, e.kind) AS timed,
    epoch_us(first_seen) AS first_us, epoch_us(last_seen) AS last_us,
    CASE WHEN full_share = 0 THEN 1000
        ELSE least(1000, 1000 * (1000 * l.n // greatest(requests, l.n)) // full_share)
            * least(2, l.n - 1) // 2 END AS part
FROM links AS l JOIN entities AS e ON e.id = l.entity JOIN accounts AS a ON a.id = l.account
"""
# Two spells of an address meet when one begins no later than `gap_us` after the other ends. Hubs
# must be gone before the join, not after it: the join is what they would blow up. What is a small
# part of an account's requests proposes nothing either: everybody sends a public text once.
_PROPOSING = """
SELECT account, entity, timed, first_us, last_us, part FROM links
SEMI JOIN (SELECT id FROM entities WHERE NOT hub) AS proposing ON proposing.id = entity
WHERE part >= $least_part
"""
_PAIRS = """
SELECT x.account AS a, y.account AS b, x.entity AS entity, max(least(x.part, y.part)) AS part
FROM links AS x JOIN links AS y ON x.entity = y.entity AND x.account < y.account
WHERE NOT x.timed OR (x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)
GROUP BY ALL
"""
_COHESION = """
WITH signed AS (
    SELECT a, b, p.entity AS entity, signal FROM pairs AS p JOIN entities AS e ON e.id = p.entity
    WHERE part >= 500
), told AS (
    SELECT a, b FROM signed GROUP BY a, b HAVING min(signal) <> max(signal)
), by_entity AS (
    SELECT entity AS id, count(*) AS pairs, count(t.a) AS agreeing
    FROM signed AS s LEFT JOIN told AS t USING (a, b) GROUP BY entity
)
SELECT e.*, coalesce(pairs, 0) AS pairs, coalesce(agreeing, 0) AS agreeing
FROM entities AS e LEFT JOIN by_entity USING (id) ORDER BY id
"""
_BY_SIGNAL = ", ".join(
    f"CAST(coalesce(max(weight) FILTER (signal = '{signal}'), 0) AS BIGINT) AS {signal}"
    for signal in SIGNALS
)
_EVIDENCE = f"""
WITH proposed AS (SELECT DISTINCT a, b FROM pairs),
hub_links AS (
    SELECT l.* FROM links AS l
    SEMI JOIN (SELECT id FROM entities WHERE hub AND weight > 0) AS h ON h.id = l.entity
    SEMI JOIN (SELECT a AS account FROM proposed UNION SELECT b FROM proposed) AS p USING (account)
), half AS MATERIALIZED (
    SELECT p.a AS a, p.b AS b, x.* EXCLUDE (account)
    FROM proposed AS p JOIN hub_links AS x ON x.account = p.a
), corroborated AS (
    SELECT x.a AS a, x.b AS b, x.entity AS entity, max(least(x.part, y.part)) AS part
    FROM half AS x JOIN hub_links AS y ON y.account = x.b AND y.entity = x.entity
    WHERE NOT x.timed OR (x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)
    GROUP BY ALL
), shared AS (
    SELECT a, b, kind, signal, ceiling, weight * part // 1000 AS weight
    FROM (SELECT a, b, entity, part FROM pairs
          UNION ALL SELECT a, b, entity, part FROM corroborated) AS s
    JOIN entities AS e ON e.id = s.entity
), by_kind AS (
    SELECT a, b, kind, signal, least(sum(weight), any_value(ceiling)) AS weight,
        count(*) AS n_shared
    FROM shared GROUP BY a, b, kind, signal
), by_signal AS (
    SELECT a, b, signal, max(weight) AS weight, sum(n_shared) AS n_shared
    FROM by_kind GROUP BY a, b, signal
)
SELECT a, b, CAST(sum(weight) AS BIGINT) AS weight,
    {_BY_SIGNAL},
    CAST(sum(n_shared) AS BIGINT) AS n_shared
FROM by_signal GROUP BY a, b
"""
_EDGES = """
SELECT x.account_id AS account_a, y.account_id AS account_b, e.* EXCLUDE (a, b)
FROM evidence AS e JOIN accounts AS x ON x.id = e.a JOIN accounts AS y ON y.id = e.b
ORDER BY account_a, account_b
"""
_FACTS = """
SELECT kind, entity, signal, trait, n_holders,
    CASE WHEN hub THEN 'corroborates' ELSE 'proposes' END AS role, weight
FROM entities WHERE weight > 0 ORDER BY kind, entity
"""
_USES = """
SELECT account_id, kind, e.entity AS entity, l.n AS n, part, first_seen, last_seen
FROM links AS l JOIN accounts AS a ON a.id = l.account JOIN entities AS e ON e.id = l.entity
SEMI JOIN (SELECT account_a AS account_id FROM edges UNION SELECT account_b FROM edges)
    USING (account_id)
WHERE weight > 0 AND part > 0 AND (hub OR part >= $least_part)
ORDER BY account_id, kind, e.entity, first_seen
"""
_HUBS = """
SELECT kind, entity, trait, n_holders AS n_accounts,
    CAST(n_holders * (n_holders - 1) // 2 AS BIGINT) AS pairs_withheld
FROM entities WHERE hub ORDER BY kind, n_accounts DESC, entity
"""
