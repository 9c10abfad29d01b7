"""Graph: the heterogeneous graph of accounts and entities, and its projection on accounts."""

from graphkit.graph.cards import ROUNDS, explained_card, pair_card
from graphkit.graph.corroboration import TOGETHER, facts_together
from graphkit.graph.heterogeneous import HeteroGraph, build_graph
from graphkit.graph.kinds import KINDS, default_kinds, kinds_for
from graphkit.graph.pair_facts import ALONE
from graphkit.graph.people import know_people
from graphkit.graph.projection import Projection, project
from graphkit.graph.sharing import share_entities
from graphkit.graph.structure import structure
from graphkit.graph.waterfall import find_pair, held_by_both, waterfall
from graphkit.graph.weighing import (
    Evidence,
    Weighed,
    corroborated,
    log_odds,
    propose_pairs,
    weigh_pairs,
)

__all__ = [
    "ALONE",
    "KINDS",
    "ROUNDS",
    "TOGETHER",
    "Evidence",
    "HeteroGraph",
    "Projection",
    "Weighed",
    "build_graph",
    "corroborated",
    "default_kinds",
    "explained_card",
    "facts_together",
    "find_pair",
    "held_by_both",
    "kinds_for",
    "know_people",
    "log_odds",
    "pair_card",
    "project",
    "propose_pairs",
    "share_entities",
    "structure",
    "waterfall",
    "weigh_pairs",
]
