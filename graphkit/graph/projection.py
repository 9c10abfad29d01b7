"""One-mode projection: from shared entities to evidence on pairs of accounts.

Candidates are proposed (`sharing`), facts about each are gathered (`pair_facts`), looked up in the
scorecard of the first round, and once more with what the first round says of the pair's company
(`corroboration`). What is left is a sum of whole millibits per signal: the log odds that one
operator's ring runs both accounts.

Kinds that no scorecard knows (identifiers of mentions, or whatever a user weighs himself) add their
rarity times the millibits per bit that the table of kinds gives them; a pair that shares nothing
else starts from the prior of the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import EDGES, FACTS, HUBS, SIGNALS, USES, pseudonym
from graphkit.graph.cards import ROUNDS, pair_card
from graphkit.graph.corroboration import TOGETHER, entity_credibility, facts_together, floored
from graphkit.graph.heterogeneous import HeteroGraph, with_ids
from graphkit.graph.kinds import KINDS
from graphkit.graph.pair_facts import CARDED, by_hand, carded, facts_alone, hand_worth, rarity
from graphkit.graph.people import know_people
from graphkit.graph.sharing import Sharing, share_entities
from graphkit.scorecard import base, look_up, thousandths
from graphkit.settings import GraphSettings
from graphkit.sql import query

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_SIGNAL_OF = {fact.name: fact.signal for fact in TOGETHER}


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
) -> Projection:
    """Project the graph on its accounts.

    Args:
        graph: accounts and entities of a window.
        links: LINKS of the window, of which the graph was built.
        profiles: PROFILES of the window.
        activity: ACTIVITY of the window.
        kinds: KINDS.
        settings: gap of addresses, prior, least probability of an edge.

    Raises:
        DataError: the kinds break their contract.
    """
    sharing = share_entities(graph, KINDS.check(kinds), address_gap_h=settings.address_gap_h)
    people = know_people(graph, links, profiles, activity)
    facts = facts_alone(graph, sharing, people)
    hand = by_hand(sharing)
    known, prior = carded(sharing), -round(1000 * settings.prior_bits)
    alone, together = (pair_card(name) for name in ROUNDS)
    first = weigh(alone, facts, known, hand, prior)
    chance = thousandths(sum(first.values(), np.zeros(sharing.first.size, dtype=np.int64)))
    facts |= facts_together(sharing, chance)
    parts = weigh(together, facts, known, hand, prior)
    edges = _edges(graph, sharing, parts, settings)
    entities = _entities(sharing, together, chance)
    return Projection(edges, _facts(entities), _uses(graph, sharing, edges), _hubs(entities))


def weigh(
    card: pa.Table,
    facts: Mapping[str, Floats],
    known: Bools,
    hand: Mapping[str, Ints],
    prior: int,
) -> dict[str, Ints]:
    """Millibits of every candidate pair by signal; together they are its log odds.

    Args:
        card: SCORECARD.
        facts: name to values, each of shape (m,).
        known: whether the pair shares anything that the card weighs, shape (m,).
        hand: what kinds add that are weighed by hand, by signal.
        prior: log odds in millibits of pairs that share nothing the card knows.
    """
    parts = {signal: np.zeros(known.size, dtype=np.int64) for signal in SIGNALS}
    for name, millibits in look_up(card, facts).items():
        parts[_SIGNAL_OF[name]] += np.where(known, millibits, 0)
    parts["context"] += np.where(known, base(card), prior)
    for signal, millibits in hand.items():
        parts[signal] += millibits
    return parts


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
