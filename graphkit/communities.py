"""Communities: accounts that hang together more closely than by half of their own mean.

Leiden (Traag et al. 2019) on the constant Potts model (Traag et al. 2011): a partition gains, per
community of n accounts, the sum of its inner probabilities less resolution * n (n - 1) / 2. What
comes out is searched again by itself, at a share (half) of its own mean probability, until it
stays whole: one resolution for all would merge dense rings or lose loose ones. What happens
elsewhere in the graph changes nothing here, which modularity cannot promise; each connected
component is solved alone, from the same seed, so that it holds for the search as well.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import igraph
import leidenalg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphkit.contracts import COMMUNITIES, MEMBERSHIP
from graphkit.settings import CommunitySettings
from graphkit.sql import query

Ints = NDArray[np.int64]
TRIES = 10


def detect_communities(
    edges: pa.Table, structure: pa.Table, *, settings: CommunitySettings, seed: int
) -> pa.Table:
    """Partition the accounts that have an edge.

    Vertices are ordered by structure, so that neither row order nor names enter; accounts of equal
    structure are ordered by id.

    Args:
        edges: EDGES.
        structure: STRUCTURE of at least these accounts.
        settings: method, resolution, iterations.
        seed: of the search.

    Returns:
        MEMBERSHIP; communities numbered from 0, largest first.
    """
    if edges.num_rows == 0:
        return MEMBERSHIP.empty()
    tables = {"edges": edges, "structure": structure}
    accounts = query(_RANKED, tables)["account_id"]
    ranked = query(_INDEXED, {"edges": edges, "ranked": _ranks(accounts)})
    first, second = ranked["u"].to_numpy(), ranked["v"].to_numpy()
    weight = ranked["probability"].to_numpy()
    labels = _partition(len(accounts), first, second, weight, settings, seed)
    return MEMBERSHIP.conform(
        pa.table({"account_id": accounts, "community": _numbered(labels)}).sort_by("account_id")
    )


def list_communities(membership: pa.Table, members: pa.Table, *, dt: date) -> pa.Table:
    """List the accounts of every community of two and more, whether it was judged a ring or not.

    Args:
        membership: MEMBERSHIP.
        members: RING_MEMBERS of the same date.
        dt: the date.

    Returns:
        COMMUNITIES, by community and account.
    """
    tables = {"membership": membership, "members": members}
    return COMMUNITIES.conform(query(_LISTED, tables, {"dt": dt}))


def _ranks(accounts: pa.ChunkedArray) -> pa.Table:
    return pa.table({"account_id": accounts, "rank": np.arange(len(accounts), dtype=np.int64)})


@dataclass(frozen=True)
class _Part:
    """Vertices that may be one community, the edges within, and how finely they were searched.

    Attributes:
        vertices: ascending, shape (n,).
        first, second: ends of the edges, shape (m,).
        weight: probability in thousandths, shape (m,).
        resolution: at which they came out together, in thousandths; 0 for a whole component.
    """

    vertices: Ints
    first: Ints
    second: Ints
    weight: Ints
    resolution: float

    @property
    def pairs(self) -> int:
        """Pairs of vertices."""
        return self.vertices.size * (self.vertices.size - 1) // 2

    def finer(self, least: float, split: float) -> float:
        """The resolution at which this part must stay whole to be one community.

        Dense rings that a public text or a bridge ties come apart so, and one that is loose
        throughout stays.
        """
        return max(least, split * int(self.weight.sum()) / max(self.pairs, 1))

    def parts(self, label: Ints, resolution: float) -> Iterator["_Part"]:
        """Cut it up by a label of each vertex; single vertices are left out.

        The parts come in the order of their labels.
        """
        ends = np.searchsorted(self.vertices, np.stack([self.first, self.second]))
        of_edge = np.where(label[ends[0]] == label[ends[1]], label[ends[0]], -1)
        order = np.argsort(of_edge, kind="stable")
        names, start, count = np.unique(of_edge[order], return_index=True, return_counts=True)
        members = np.argsort(label, kind="stable")
        bounds = np.searchsorted(label[members], np.stack([names, names + 1]))
        for at in np.flatnonzero(names >= 0).tolist():
            mine = order[start[at] : start[at] + count[at]]
            inner = self.vertices[members[bounds[0, at] : bounds[1, at]]]
            edges = (self.first[mine], self.second[mine], self.weight[mine])
            yield _Part(inner, *edges, resolution)


def _partition(
    n: int,
    first: Ints,
    second: Ints,
    weight: Ints,
    settings: CommunitySettings,
    seed: int,
) -> Ints:
    """Label each vertex by the lowest vertex of its community; edges sorted by their ends.

    Every connected component is searched alone, then what it falls into, each at a resolution
    that its own density sets, until nothing falls apart any more.
    """
    adjacency = coo_array((np.ones(first.size, np.int8), (first, second)), shape=(n, n))
    component = connected_components(adjacency, directed=False)[1].astype(np.int64)
    labels = np.arange(n, dtype=np.int64)
    whole = _Part(labels.copy(), first, second, weight, 0.0)
    waiting = list(whole.parts(component, 0.0))
    while waiting:
        part = waiting.pop()
        resolution = part.finer(1000 * settings.resolution, settings.split)
        if part.weight.max() < resolution and part.resolution == 0.0:
            continue
        # A clique of edges above the resolution is one community: no search.
        clique = part.weight.size == part.pairs and part.weight.min() >= resolution
        if clique or resolution <= part.resolution:
            labels[part.vertices] = part.vertices[0]
            continue
        found = _best(part, resolution, settings, seed)
        if found.max() == 0:
            labels[part.vertices] = part.vertices[0]
        else:
            labels[part.vertices] = part.vertices
            waiting += part.parts(_lowest(found), resolution)
    return labels


def _best(part: _Part, resolution: float, settings: CommunitySettings, seed: int) -> Ints:
    """The best of several searches, so that the order of equals matters less."""
    search = _igraph if settings.method == "igraph" else _leidenalg
    ends = np.searchsorted(part.vertices, [part.first, part.second])
    graph = igraph.Graph(n=part.vertices.size, edges=ends.T.tolist())
    graph.es["weight"] = (part.weight / 1000).tolist()
    tried = [
        np.array(search(graph, resolution / 1000, settings, seed + number), dtype=np.int64)
        for number in range(TRIES)
    ]
    return max(tried, key=lambda label: _quality(part.weight, ends, label, resolution))


def _quality(weight: Ints, ends: Ints, label: Ints, resolution: float) -> float:
    """The constant Potts model's, in thousandths."""
    inner = int(weight[label[ends[0]] == label[ends[1]]].sum())
    size = np.bincount(label)
    return inner - resolution * int((size * (size - 1) // 2).sum())


def _igraph(
    graph: igraph.Graph, resolution: float, settings: CommunitySettings, seed: int
) -> list[int]:
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = graph.community_leiden(
            objective_function="CPM",
            weights="weight",
            resolution=resolution,
            n_iterations=settings.iterations,
        )
    finally:
        igraph.set_random_number_generator(random)
    return list(found.membership)


def _leidenalg(
    graph: igraph.Graph, resolution: float, settings: CommunitySettings, seed: int
) -> list[int]:
    found = leidenalg.find_partition(
        graph,
        leidenalg.CPMVertexPartition,
        weights="weight",
        resolution_parameter=resolution,
        n_iterations=settings.iterations,
        seed=seed,
    )
    return list(found.membership)


def _lowest(labels: Ints) -> Ints:
    """The lowest position of each one's community."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse]


def _numbered(labels: Ints) -> Ints:
    """Communities numbered from 0: largest first, then by their lowest vertex."""
    roots, inverse, size = np.unique(labels, return_inverse=True, return_counts=True)
    number = np.empty(roots.size, dtype=np.int64)
    number[np.lexsort((roots, -size))] = np.arange(roots.size)
    return number[inverse]


_RANKED = """
SELECT account_id FROM structure
SEMI JOIN (SELECT account_a AS account_id FROM edges UNION SELECT account_b FROM edges)
USING (account_id)
ORDER BY structure, account_id
"""
_INDEXED = """
SELECT least(x.rank, y.rank) AS u, greatest(x.rank, y.rank) AS v, probability
FROM edges AS e JOIN ranked AS x ON x.account_id = e.account_a
JOIN ranked AS y ON y.account_id = e.account_b
ORDER BY u, v
"""
_LISTED = """
SELECT CAST($dt AS DATE) AS dt, community, account_id, ring_id
FROM membership LEFT JOIN members USING (account_id)
QUALIFY count(*) OVER (PARTITION BY community) >= 2
ORDER BY community, account_id
"""
