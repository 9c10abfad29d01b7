"""Identity linking on real accounts, and the figures that say how good it is."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import networkx
import numpy as np
import pyarrow.csv as pacsv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agreement import Labels, blocks, count_pairs, draws, interval
from benchmarks.identities import SETTINGS, Truth, baseline, link, score

README = Path(__file__).parents[1] / "README.md"
PARTITIONS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2)
)


def together(labels: list[int]) -> set[tuple[int, int]]:
    """Every two accounts of one group."""
    return {(x, y) for x, y in combinations(range(len(labels)), 2) if labels[x] == labels[y]}


def arrays(*partitions: list[int]) -> tuple[Labels, ...]:
    return tuple(np.array(labels, dtype=np.int64) for labels in partitions)


@given(PARTITIONS)
def test_blocks_are_the_components_of_both(partitions: tuple[list[int], list[int]]) -> None:
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(partitions[0])))
    graph.add_edges_from(together(partitions[0]) | together(partitions[1]))
    expected = {frozenset(part) for part in networkx.connected_components(graph)}
    block = blocks(*arrays(*partitions))
    assert {frozenset(np.flatnonzero(block == b).tolist()) for b in set(block.tolist())} == expected


@given(PARTITIONS, st.integers(0, 3))
def test_a_block_drawn_more_often_is_a_block_copied(
    partitions: tuple[list[int], list[int]], seed: int
) -> None:
    found, truth = partitions
    block = blocks(*arrays(found, truth))
    (weight,) = draws(int(block.max()) + 1, n=1, seed=seed)
    copies = [(place, copy) for place, b in enumerate(block.tolist()) for copy in range(weight[b])]
    named = [[f"{labels[place]} {copy}" for place, copy in copies] for labels in (found, truth)]
    claimed, true = (
        {(x, y) for x, y in combinations(range(len(copies)), 2) if names[x] == names[y]}
        for names in named
    )
    first, second = arrays(found, truth)
    pairs = count_pairs(first, second, block)
    counted = [int(weight @ n) for n in (pairs.agreed, pairs.claimed, pairs.true)]
    assert counted == [len(claimed & true), len(claimed), len(true)]


def test_the_interval_holds_the_middle_of_the_draws() -> None:
    scores = np.stack([np.arange(1001) / 1000, np.ones(1001)], axis=1)
    assert interval(scores) == [[0.025, 0.975], [1.0, 1.0]]


def test_the_example_is_the_readmes() -> None:
    assert f"```toml\n{SETTINGS.read_text('utf-8')}```" in README.read_text("utf-8")


def test_real_accounts_are_linked_better_than_by_equal_names_and_addresses(
    real_data: Path, tmp_path: Path
) -> None:
    data = real_data / "scipy_identities"
    listing = link(data, tmp_path)
    told = subprocess.run(
        [sys.executable, str(data / "score.py"), str(listing)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    truth, table = Truth.read(data), pacsv.read_csv(listing)
    precision, recall, f1 = score(truth.labels(table["account"], table["community"]), truth)
    assert f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}" in told
    assert precision >= 0.90
    assert f1 >= 0.90
    equal = score(baseline(data, truth.accounts), truth)
    assert equal == pytest.approx([0.910, 0.865, 0.887], abs=5e-4), "the figures beside the data"
    assert precision > equal[0]
    assert recall > equal[1]
