"""Communities: accounts that are more tied to one another than the resolution asks.

Leiden (Traag et al. 2019) on the constant Potts model (Traag et al. 2011): a partition gains, per
community of n accounts, the sum of its inner probabilities less resolution * n (n - 1) / 2. What
happens elsewhere in the graph changes nothing here, which modularity cannot promise; each
connected component is solved alone, from the same seed, so that it holds for the search as well.
"""

import random
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


def _partition(
    n: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weight: NDArray[np.int64],
    settings: CommunitySettings,
    seed: int,
) -> NDArray[np.int64]:
    """Label each vertex by the lowest vertex of its community; edges sorted by component."""
    adjacency = coo_array((np.ones(first.size, np.int8), (first, second)), shape=(n, n))
    component = connected_components(adjacency, directed=False)[1]
    threshold = 1000 * settings.resolution
    size = np.bincount(component)
    of_edge = component[first]
    n_edges = np.bincount(of_edge, minlength=size.size)
    full = n_edges == size * (size - 1) // 2
    lowest = np.full(size.size, np.iinfo(np.int64).max)
    np.minimum.at(lowest, of_edge, weight)
    highest = np.zeros(size.size, dtype=np.int64)
    np.maximum.at(highest, of_edge, weight)
    # A clique of edges above the resolution is one community, edges below it are none: no search.
    whole = full & (lowest >= threshold)
    labels = np.arange(n, dtype=np.int64)
    root = np.full(size.size, n, dtype=np.int64)
    np.minimum.at(root, component, labels)
    joined = whole[component]
    labels[joined] = root[component[joined]]
    order = np.argsort(of_edge, kind="stable")
    starts = np.concatenate([[0], np.cumsum(n_edges)])
    vertices = np.argsort(component, kind="stable")
    ends = np.concatenate([[0], np.cumsum(size)])
    search = _igraph if settings.method == "igraph" else _leidenalg
    for number in np.flatnonzero(~whole & (highest >= threshold)):
        mine = order[starts[number] : starts[number + 1]]
        members = vertices[ends[number] : ends[number + 1]]
        ends_of_edges = np.searchsorted(members, np.stack([first[mine], second[mine]], axis=1))
        found = search(members.size, ends_of_edges, weight[mine] / 1000, settings, seed)
        labels[members] = members[_lowest(found)]
    return labels


def _igraph(
    n: int,
    ends: NDArray[np.int64],
    weight: NDArray[np.float64],
    settings: CommunitySettings,
    seed: int,
) -> NDArray[np.int64]:
    graph = igraph.Graph(n=n, edges=ends.tolist())
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = graph.community_leiden(
            objective_function="CPM",
            weights=weight.tolist(),
            resolution=settings.resolution,
            n_iterations=settings.iterations,
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership, dtype=np.int64)


def _leidenalg(
    n: int,
    ends: NDArray[np.int64],
    weight: NDArray[np.float64],
    settings: CommunitySettings,
    seed: int,
) -> NDArray[np.int64]:
    found = leidenalg.find_partition(
        igraph.Graph(n=n, edges=ends.tolist()),
        leidenalg.CPMVertexPartition,
        weights=weight.tolist(),
        resolution_parameter=settings.resolution,
        n_iterations=settings.iterations,
        seed=seed,
    )
    return np.array(found.membership, dtype=np.int64)


def _lowest(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest position of each one's community."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse]


def _numbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
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
