"""One-mode projection: from weighed pairs of accounts to edges, and what each entity is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import EDGES, FACTS, HUBS, SIGNALS, USES, pseudonym
from graphkit.graph.corroboration import entity_credibility, floored
from graphkit.graph.hand import hand_worth
from graphkit.graph.heterogeneous import HeteroGraph, with_ids
from graphkit.graph.pair_facts import CARDED, rarity
from graphkit.graph.sharing import Sharing
from graphkit.graph.weighing import added, by_signal, weigh_pairs
from graphkit.scorecard import look_up, thousandths
from graphkit.settings import GraphSettings
from graphkit.sql import query

Ints = NDArray[np.int64]


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


def project(
    graph: HeteroGraph,
    links: pa.Table,
    profiles: pa.Table,
    activity: pa.Table,
    kinds: pa.Table,
    *,
    settings: GraphSettings,
    cards: Mapping[str, pa.Table] | None = None,
) -> Projection:
    """Project the graph on its accounts.

    Args:
        graph: accounts and entities of a window.
        links: LINKS of the window, of which the graph was built.
        profiles: PROFILES of the window.
        activity: ACTIVITY of the window.
        kinds: KINDS.
        settings: gap of addresses, prior, least probability of an edge.
        cards: SCORECARD by round; the packaged ones where None.

    Raises:
        DataError: the kinds break their contract.
    """
    weighed = weigh_pairs(graph, links, profiles, activity, kinds, settings=settings, cards=cards)
    card, sharing = weighed.card, weighed.sharing
    edges = _edges(graph, sharing, by_signal(added(card, weighed.evidence)), settings)
    entities = _entities(sharing, card, weighed.chance)
    return Projection(edges, _facts(entities), _uses(graph, sharing, edges), _hubs(entities))


def _edges(
    graph: HeteroGraph, sharing: Sharing, parts: Mapping[str, Ints], settings: GraphSettings
) -> pa.Table:
    weight = sum(parts.values(), np.zeros(sharing.first.size, dtype=np.int64))
    chance = thousandths(weight)
    kept = np.flatnonzero(chance >= np.rint(1000 * settings.min_probability))
    shared = np.bincount(sharing.pair, minlength=sharing.first.size)
    names = graph.accounts["account_id"]
    columns = {
        "account_a": names.take(pa.array(sharing.first[kept])),
        "account_b": names.take(pa.array(sharing.second[kept])),
        "weight": weight[kept],
        "probability": chance[kept],
        **{signal: parts[signal][kept] for signal in SIGNALS},
        "n_shared": shared[kept],
    }
    # Row numbers are in the order of names, so this is the order of EDGES too.
    return EDGES.conform(pa.table(columns))


def _entities(sharing: Sharing, card: pa.Table, chance: Ints) -> pa.Table:
    """The entities with what each adds, in full use, to a pair that shares nothing else of it."""
    entities = sharing.entities
    bits, credible = rarity(sharing), entity_credibility(sharing, chance)
    kinds = entities["kind"].to_numpy(zero_copy_only=False)
    worth = np.zeros(entities.num_rows, dtype=np.int64)
    for kind, signal in CARDED.items():
        rows = np.flatnonzero(kinds == kind)
        ones = np.ones(rows.size)
        facts = {
            f"{kind}.bits": bits[rows],
            f"{kind}.total": np.log2(1 + bits[rows]),
            f"{kind}.overlap": ones,
            f"{kind}.share": ones,
            f"{signal}.credible": floored(credible[rows]),
        }
        worth[rows] = sum(look_up(card, facts).values())
    hand = ~entities["per_bit"].is_null().to_numpy()
    own = hand_worth(entities, bits)
    return entities.append_column("weight", pa.array(np.where(hand, own, worth)))


def _facts(entities: pa.Table) -> pa.Table:
    return FACTS.conform(query(_FACTS, {"entities": entities}))


def _uses(graph: HeteroGraph, sharing: Sharing, edges: pa.Table) -> pa.Table:
    ends = pa.chunked_array([*edges["account_a"].chunks, *edges["account_b"].chunks], pa.string())
    tables = {
        "links": sharing.links,
        "entities": sharing.entities,
        "accounts": with_ids(graph.accounts),
        "tied": pa.table({"account_id": pc.unique(ends)}),
    }
    return USES.conform(query(_USES, tables))


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


_FACTS = """
SELECT kind, entity, signal, trait, n_holders,
    CASE WHEN hub THEN 'corroborates' ELSE 'proposes' END AS role, weight
FROM entities ORDER BY kind, entity
"""
_USES = """
SELECT account_id, kind, e.entity AS entity, l.n AS n, share AS part, first_seen, last_seen
FROM (SELECT account, entity AS id, n, share, first_seen, last_seen FROM links) AS l
JOIN accounts AS a ON a.id = l.account JOIN entities AS e ON e.id = l.id
SEMI JOIN tied USING (account_id)
ORDER BY account_id, kind, e.entity, first_seen
"""
_HUBS = """
SELECT kind, entity, trait, n_holders AS n_accounts,
    CAST(n_holders * (n_holders - 1) // 2 AS BIGINT) AS pairs_withheld
FROM entities WHERE hub ORDER BY kind, n_accounts DESC, entity
"""
