"""Which way of cutting the evidence graph gives groups that one operator runs.

On the edges of random worlds no card was fitted on, each method's communities are held against the
truth as if the judging were perfect: whatever is mostly one operator's counts. On a larger world
each method is timed in a process' own processor time, on the same edges.
"""

import argparse
import pickle
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import igraph
import leidenalg
import networkx
import numpy as np
from numpy.typing import NDArray

from benchmarks.lines import append_line
from benchmarks.ringcards import WORLDS, Known, known, make_window, runs
from benchmarks.run import machine
from graphkit.settings import Settings

RESULTS = Path(__file__).parent / "results" / "communities.jsonl"
HELD_OUT = 12
Ints = NDArray[np.int64]
Method = Callable[[igraph.Graph], list[int]]


def methods() -> Mapping[str, Method]:
    """The methods by name, each from a graph with the edge attribute `p`."""
    found: dict[str, Method] = {
        f"Leiden, Potts {resolution}": partial(_potts, resolution=resolution)
        for resolution in (0.02, 0.05, 0.1, 0.2, 0.35)
    }
    found["leidenalg, Potts 0.05"] = partial(_leidenalg, resolution=0.05)
    for least in (0.1, 0.3, 0.5):
        found[f"map equation above {least}"] = partial(_infomap, least=least)
        found[f"components above {least}"] = partial(_components, least=least)
    return found | {"Leiden, modularity": _modularity, "networkx Louvain": _networkx}


def _seeded(graph: igraph.Graph, find: Callable[[], igraph.VertexClustering]) -> list[int]:
    igraph.set_random_number_generator(random.Random(0))
    return list(find().membership)


def _above(graph: igraph.Graph, least: float) -> igraph.Graph:
    return graph.subgraph_edges(graph.es.select(p_ge=least), delete_vertices=False)


def _potts(graph: igraph.Graph, resolution: float) -> list[int]:
    return _seeded(
        graph,
        lambda: graph.community_leiden("CPM", weights="p", resolution=resolution, n_iterations=3),
    )


def _modularity(graph: igraph.Graph) -> list[int]:
    return _seeded(graph, lambda: graph.community_leiden("modularity", weights="p", n_iterations=3))


def _infomap(graph: igraph.Graph, least: float) -> list[int]:
    kept = _above(graph, least)
    return _seeded(kept, lambda: kept.community_infomap(edge_weights="p", trials=3))


def _components(graph: igraph.Graph, least: float) -> list[int]:
    return list(_above(graph, least).connected_components().membership)


def _leidenalg(graph: igraph.Graph, resolution: float) -> list[int]:
    found = leidenalg.find_partition(
        graph,
        leidenalg.CPMVertexPartition,
        weights="p",
        resolution_parameter=resolution,
        n_iterations=3,
        seed=0,
    )
    return list(found.membership)


def _networkx(graph: igraph.Graph) -> list[int]:
    other = networkx.Graph()
    other.add_nodes_from(range(graph.vcount()))
    weighted = zip(graph.get_edgelist(), graph.es["p"], strict=True)
    other.add_weighted_edges_from((a, b, p) for (a, b), p in weighted)
    labels = [0] * graph.vcount()
    for number, group in enumerate(networkx.community.louvain_communities(other, seed=0)):
        for place in group:
            labels[place] = number
    return labels


def judged(world: Known, labels: Ints) -> dict[str, int]:
    """What a perfect judge would make of communities of three and more."""
    sizes = np.bincount(labels)
    group = np.where(sizes[labels] >= 3, labels, -1)
    _, most, size = runs(world, group)
    ring = (2 * most >= size) & (most > 0)
    return {
        "found": int(most[ring].sum()),
        "in them": int(size[ring].sum()),
        "rings": int(ring.sum()),
        "pure": int((ring & (10 * most >= 8 * size)).sum()),
        "members": int((world.counts & (world.operator >= 0)).sum()),
    }


def graph_of(world: Known) -> igraph.Graph:
    """The evidence as a graph."""
    ends = np.stack([world.pairs.first, world.pairs.second], axis=1)
    graph = igraph.Graph(n=len(world.accounts), edges=ends.tolist())
    graph.es["p"] = (world.pairs.probability / 1000).tolist()
    return graph


def measure(worlds: list[Known]) -> list[dict[str, object]]:
    """A row per method: shares over all worlds, and processor seconds."""
    rows: list[dict[str, object]] = []
    graphs = [graph_of(world) for world in worlds]
    for name, find in methods().items():
        started, total = (
            time.process_time(),
            dict.fromkeys(judged(worlds[0], worlds[0].community), 0),
        )
        labels = [np.array(find(graph), dtype=np.int64) for graph in graphs]
        seconds = time.process_time() - started
        for world, found in zip(worlds, labels, strict=True):
            total = {what: total[what] + n for what, n in judged(world, found).items()}
        rows.append(
            {
                "method": name,
                "edges": sum(graph.ecount() for graph in graphs),
                "accounts found": round(total["found"] / max(total["members"], 1), 4),
                "precision": round(total["found"] / max(total["in them"], 1), 4),
                "pure": round(total["pure"] / max(total["rings"], 1), 4),
                "rings": total["rings"],
                "seconds": round(seconds, 3),
            }
        )
    return rows


def main() -> None:
    """Measure, print, and keep the lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.communities", description=__doc__)
    parser.add_argument("--worlds", type=int, default=HELD_OUT, help="how many worlds")
    parser.add_argument("--keep", type=Path, help="folder that keeps the worlds' edges")
    chosen, here = parser.parse_args(), machine()
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.keep or Path(temporary)
        numbers = range(WORLDS, WORLDS + chosen.worlds)
        windows = [pickle.loads(make_window(place, n).read_bytes()) for n in numbers]
        for row in measure([known(window, Settings()) for window in windows]):
            print(*(f"{name} {value}" for name, value in row.items()), sep="  ")
            append_line(RESULTS, row | {"worlds": chosen.worlds, "machine": here})


if __name__ == "__main__":
    main()
