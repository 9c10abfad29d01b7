"""Communities: the mathematics of the quality function, and what must not change them."""

from datetime import date
from itertools import combinations
from typing import Literal

import leidenalg
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.communities import detect_communities, list_communities
from graphkit.contracts import COMMUNITIES, EDGES, MEMBERSHIP, RING_MEMBERS, SIGNALS, STRUCTURE
from graphkit.settings import CommunitySettings

igraph = pytest.importorskip("igraph")
Pair = tuple[int, int]
DAY = date(2026, 11, 22)


def edges_table(weights: dict[Pair, int], name: str = "a{:04}") -> pa.Table:
    rows = sorted((*sorted((name.format(a), name.format(b))), p) for (a, b), p in weights.items())
    zeros = [0] * len(rows)
    columns = {
        "account_a": pa.array([row[0] for row in rows], pa.string()),
        "account_b": pa.array([row[1] for row in rows], pa.string()),
        "weight": pa.array(zeros, pa.int64()),
        "probability": pa.array([row[2] for row in rows], pa.int64()),
        **{signal: pa.array(zeros, pa.int64()) for signal in SIGNALS},
        "n_shared": pa.array(zeros, pa.int64()),
    }
    return EDGES.conform(pa.table(columns))


def structure_table(values: dict[str, int]) -> pa.Table:
    names = sorted(values)
    return STRUCTURE.conform(
        pa.table(
            {
                "account_id": pa.array(names, pa.string()),
                "structure": pa.array([values[name] for name in names], pa.uint64()),
            }
        )
    )


def partition(
    weights: dict[Pair, int],
    *,
    method: Literal["igraph", "leidenalg"] = "igraph",
    resolution: float = 0.25,
    seed: int = 0,
    name: str = "a{:04}",
    structure: dict[int, int] | None = None,
) -> dict[str, int]:
    vertices = sorted({vertex for pair in weights for vertex in pair})
    places = structure or {vertex: vertex for vertex in vertices}
    table = detect_communities(
        edges_table(weights, name),
        structure_table({name.format(vertex): places[vertex] for vertex in vertices}),
        settings=CommunitySettings(method=method, resolution=resolution),
        seed=seed,
    )
    MEMBERSHIP.check(table)
    return {row["account_id"]: row["community"] for row in table.to_pylist()}


def blocks(found: dict[str, int]) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for account, community in found.items():
        groups.setdefault(community, set()).add(account)
    return {frozenset(group) for group in groups.values()}


def quality(weights: dict[Pair, int], found: dict[str, int], resolution: float) -> float:
    """The constant Potts model, by its definition."""
    groups = blocks(found)
    inner = sum(p / 1000 for (a, b), p in weights.items() if found[f"a{a:04}"] == found[f"a{b:04}"])
    return inner - resolution * sum(len(group) * (len(group) - 1) / 2 for group in groups)


def muddy(seed: int, n: int = 60) -> dict[Pair, int]:
    """Blocks that run into one another, so that the best partition is not obvious."""
    rng = np.random.default_rng(seed)
    weights = {}
    for a, b in combinations(range(n), 2):
        chance = 0.35 if a // 12 == b // 12 else 0.06
        if rng.random() < chance:
            weights[a, b] = int(rng.integers(50, 1000))
    return weights


graphs = st.dictionaries(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(50, 1000),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60)
@given(graphs, st.sampled_from([0.1, 0.25, 0.5]))
def test_it_is_a_partition_of_connected_communities_that_no_vertex_wants_to_leave(
    weights: dict[Pair, int], resolution: float
) -> None:
    found = partition(weights, resolution=resolution)
    assert set(found) == {f"a{vertex:04}" for pair in weights for vertex in pair}
    for group in blocks(found):
        reached, frontier = set(), {min(group)}
        while frontier:
            reached |= frontier
            frontier = {
                f"a{y:04}"
                for a, b in weights
                for x, y in ((a, b), (b, a))
                if f"a{x:04}" in frontier and f"a{y:04}" in group
            } - reached
        assert reached == group, "a community must be connected"
    for group in blocks(found):
        couples = len(group) * (len(group) - 1) / 2
        tied = {
            account: sum(
                p / 1000
                for (a, b), p in weights.items()
                if f"a{a:04}" in group
                and f"a{b:04}" in group
                and account in (f"a{a:04}", f"a{b:04}")
            )
            for account in group
        }
        mean = sum(tied.values()) / 2 / max(couples, 1)
        least = max(resolution, CommunitySettings().split * mean) * (len(group) - 1)
        assert all(sum_ >= least - 1e-9 for sum_ in tied.values()), "a vertex belongs elsewhere"


def test_dense_groups_come_apart_and_loose_ones_stay() -> None:
    dense = {pair: 900 for start in (0, 6) for pair in combinations(range(start, start + 6), 2)}
    bridged = dense | {(a, b): 300 for a in range(6) for b in range(6, 12) if (a + b) % 2}
    assert blocks(partition(bridged, resolution=0.03)) == {
        frozenset(f"a{vertex:04}" for vertex in range(start, start + 6)) for start in (0, 6)
    }
    loose = dict.fromkeys(combinations(range(12), 2), 150)
    assert len(blocks(partition(loose, resolution=0.03))) == 1


@settings(max_examples=25)
@given(graphs)
def test_leidenalg_finds_no_better_partition(weights: dict[Pair, int]) -> None:
    mine = quality(weights, partition(weights), 0.25)
    names = sorted({vertex for pair in weights for vertex in pair})
    place = {vertex: number for number, vertex in enumerate(names)}
    graph = igraph.Graph(n=len(names), edges=[(place[a], place[b]) for a, b in weights])
    for seed in range(3):
        found = leidenalg.find_partition(
            graph,
            leidenalg.CPMVertexPartition,
            weights=[p / 1000 for p in weights.values()],
            resolution_parameter=0.25,
            n_iterations=-1,
            seed=seed,
        )
        labels = {f"a{names[at]:04}": label for at, label in enumerate(found.membership)}
        best = quality(weights, labels, 0.25)
        assert mine >= best - 0.02 * abs(best) - 1e-9


@pytest.mark.parametrize("method", ["igraph", "leidenalg"])
def test_blocks_are_found_by_both_methods(method: Literal["igraph", "leidenalg"]) -> None:
    rng = np.random.default_rng(3)
    weights = {
        (a, b): 900
        for a, b in combinations(range(80), 2)
        if (a // 20 == b // 20 and rng.random() < 0.6) or rng.random() < 0.01
    }
    found = blocks(partition(weights, method=method))
    for block in range(4):
        members = {f"a{vertex:04}" for vertex in range(20 * block, 20 * block + 20)}
        assert any(len(group & members) >= 19 and len(group - members) == 0 for group in found)


@pytest.mark.parametrize("method", ["igraph", "leidenalg"])
def test_renaming_and_order_change_nothing_on_a_muddy_graph(
    method: Literal["igraph", "leidenalg"],
) -> None:
    differs = False
    for trial in range(8):
        weights = muddy(trial)
        rng = np.random.default_rng(100 + trial)
        new = rng.permutation(60).tolist()
        structure = {vertex: int(rng.integers(1 << 60)) for vertex in range(60)}
        base = partition(weights, method=method, structure=structure)
        pairs = list(weights.items())
        rng.shuffle(pairs)
        renamed = {(new[a], new[b]): p for (a, b), p in pairs}
        moved = {new[vertex]: value for vertex, value in structure.items()}
        other = partition(renamed, method=method, structure=moved)
        back = {f"a{new[vertex]:04}": f"a{vertex:04}" for vertex in range(60)}
        assert {back[account]: number for account, number in other.items()} == base
        # Control: ordered by name instead, some graph must come out otherwise.
        by_name = partition(renamed, method=method)
        plain = partition(weights, method=method)
        differs |= blocks({back[a]: n for a, n in by_name.items()}) != blocks(plain)
    assert differs, "the graphs are too clear to show anything"


def test_strangers_change_nothing() -> None:
    for trial in range(5):
        weights = muddy(trial)
        base = blocks(partition(weights))
        others = {(a + 1000, b + 1000): p for (a, b), p in muddy(50 + trial).items()}
        both = blocks(partition({**weights, **others}))
        assert base <= both


def test_edges_below_the_resolution_tie_nobody() -> None:
    assert blocks(partition({(0, 1): 200})) == {frozenset({"a0000"}), frozenset({"a0001"})}
    assert blocks(partition({(0, 1): 300})) == {frozenset({"a0000", "a0001"})}


def test_no_edges_no_communities() -> None:
    none = detect_communities(
        EDGES.empty(), STRUCTURE.empty(), settings=CommunitySettings(), seed=0
    )
    assert none.equals(MEMBERSHIP.empty())


def test_communities_are_numbered_largest_first() -> None:
    small = {(a, b): 900 for a, b in combinations(range(3), 2)}
    large = {(a, b): 900 for a, b in combinations(range(10, 16), 2)}
    found = partition({**small, **large})
    assert found["a0010"] == 0 and found["a0000"] == 1


def test_communities_are_listed_whether_judged_or_not() -> None:
    ids = {"a": 0, "b": 0, "c": 1, "d": 1, "e": 1, "alone": 2}
    membership = MEMBERSHIP.conform(
        pa.table({"account_id": pa.array(ids), "community": pa.array(ids.values(), pa.int64())})
    )
    row = {"dt": DAY, "ring_id": "R-0001", "score": 1, "confidence": 1.0, "status": "candidate"}
    rows = [row | {"account_id": account} for account in ("e", "c")]
    members = pa.Table.from_pylist(rows, schema=RING_MEMBERS.schema)
    listed = list_communities(membership, members, dt=DAY)
    assert listed.to_pylist() == [
        {"dt": DAY, "community": ids[who], "account_id": who, "ring_id": ring}
        for who, ring in {"a": None, "b": None, "c": "R-0001", "d": None, "e": "R-0001"}.items()
    ]
    assert listed.equals(list_communities(membership.take([5, 3, 1, 0, 2, 4]), members, dt=DAY))
    assert list_communities(MEMBERSHIP.empty(), members, dt=DAY).equals(COMMUNITIES.empty())
