"""Graph: the heterogeneous graph of accounts and entities, and its projection on accounts."""

from graphkit.graph.heterogeneous import HeteroGraph, build_graph
from graphkit.graph.projection import Projection, project
from graphkit.graph.structure import structure
from graphkit.graph.weights import WEIGHTS, default_weights, weights_for

__all__ = [
    "WEIGHTS",
    "HeteroGraph",
    "Projection",
    "build_graph",
    "default_weights",
    "project",
    "structure",
    "weights_for",
]
