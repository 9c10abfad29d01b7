"""Fit the pair scorecards on simulated worlds whose every knob is drawn at random.

Writes `graphkit/graph/alone.csv` and `together.csv`, then, on other worlds, the cards that judge:
`graphkit/rings/scorecard.csv`. The worlds are those of the seeds below, which no reported figure
comes from. The same code writes the same bytes.
"""

import argparse
import pickle
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

import graphkit.graph
from benchmarks.ringcards import WORLDS as RING_WORLDS
from benchmarks.ringcards import make_window, write_cards
from benchmarks.training import days_of, training_world
from graphkit.graph import (
    ALONE,
    ROUNDS,
    TOGETHER,
    build_graph,
    facts_together,
    kinds_for,
    propose_pairs,
)
from graphkit.graph.pair_facts import signals_shared
from graphkit.graph.sharing import Sharing
from graphkit.scorecard import Fact, base, fit, look_up, thousandths
from graphkit.settings import Settings
from graphkit.workflow import Day, window_tables

HOME = Path(graphkit.graph.__file__).parent
FIRST_SEED = 50_000
WORLDS = 96
RIDGE = 5.0
# Of 1,000 other candidate pairs, how many are drawn where one or several signals are shared.
_DRAWN = (30, 120)
_OF_A_RING = 10.0  # a ring of n pairs counts as 10 * sqrt(n)
_BOUNDS = (0.2, 3.0)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Told:
    """Candidate pairs of a world, with the truth.

    Attributes:
        seed: of the world.
        facts: name to values, each of shape (m,).
        sharing: the candidates.
        accounts: accounts of the world.
        label: whether one operator's ring runs both, shape (m,).
        fair: whether the truth says; not of hijacked accounts, shape (m,).
        operator: who runs each account, empty where nobody does, shape (accounts,).
        tactic: of each account's ring, the same.
        group: honest group of each account, the same.
        kind: what each account is, the same.
    """

    seed: int
    facts: Mapping[str, Floats]
    sharing: Sharing
    accounts: int
    label: Bools
    fair: Bools
    operator: NDArray[np.str_]
    tactic: NDArray[np.str_]
    group: NDArray[np.str_]
    kind: NDArray[np.str_]


def told(days: Sequence[Day], truth: pa.Table, *, seed: int) -> Told:
    """The candidate pairs of a window with their facts alone and the truth."""
    settings = Settings().graph
    links, profiles, activity = window_tables(days)
    graph = build_graph(links, profiles, address_gap_h=settings.address_gap_h)
    kinds = kinds_for(settings)
    sharing, alone = propose_pairs(graph, links, profiles, activity, kinds, settings=settings)
    said = {row["account_id"]: row for row in truth.to_pylist()}
    rows = [said.get(name, {}) for name in graph.accounts["account_id"].to_pylist()]
    operator, tactic, group, kind = (
        np.array([row.get(name) or "" for row in rows])
        for name in ("operator", "tactic", "group", "kind")
    )
    taken = np.array([row.get("role") == "hijacked" for row in rows])
    first, second = sharing.first, sharing.second
    return Told(
        seed=seed,
        facts=alone.facts,
        sharing=sharing,
        accounts=graph.accounts.num_rows,
        label=(operator[first] == operator[second]) & (operator[first] != ""),
        fair=~taken[first] & ~taken[second] & alone.known,
        operator=operator,
        tactic=tactic,
        group=group,
        kind=kind,
    )


def weighed(world: Told, card: pa.Table) -> NDArray[np.int64]:
    """Log odds of every pair in millibits."""
    return base(card) + sum(
        look_up(card, world.facts).values(), np.zeros(world.label.size, dtype=np.int64)
    )


def together(world: Told, card: pa.Table) -> dict[str, Floats]:
    """All facts, those of the second round after a card of the first."""
    chance = thousandths(weighed(world, card))
    return {**world.facts, **facts_together(world.sharing, chance)}


def drawn(world: Told, facts: Mapping[str, Floats]) -> tuple[dict[str, Floats], Bools, Floats]:
    """Facts, labels and weights of the rows to fit on."""
    rows, weight = rows_of(world)
    return {name: values[rows] for name, values in facts.items()}, world.label[rows], weight


def rows_of(world: Told) -> tuple[NDArray[np.int64], Floats]:
    """Rows to fit on: all of rings, some of the others, with how many each stands for.

    A world counts as 3,000 accounts, and a ring by the root of its pairs: one ring of 300 would
    otherwise outweigh a hundred of ten.
    """
    several = (signals_shared(world.sharing) > 1).astype(np.int64)
    rate = np.array(_DRAWN)[several] / 1000
    chosen = world.label | (np.random.default_rng(world.seed).random(rate.size) < rate)
    rows = np.flatnonzero(chosen & world.fair)
    _, ring, pairs = np.unique(
        world.operator[world.sharing.first], return_inverse=True, return_counts=True
    )
    of_ring = np.bincount(ring, world.label, minlength=pairs.size)
    share = np.clip(_OF_A_RING / np.sqrt(np.maximum(of_ring[ring], 1)), *_BOUNDS)
    weight = np.where(world.label, share, 1 / rate) * 3_000 / world.accounts
    return rows, weight[rows]


def fitted(
    specs: Sequence[Fact], parts: Sequence[tuple[Mapping[str, Floats], Bools, Floats]]
) -> pa.Table:
    """A card fitted on the rows of several worlds."""
    facts = {spec.name: np.concatenate([part[0][spec.name] for part in parts]) for spec in specs}
    label, weight = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    return fit(specs, facts, label, weight, ridge=RIDGE)


def make_world(place: Path, number: int) -> Path:
    """Simulate and read a world, and leave its pairs in a file."""
    target = place / f"{number}.pickle"
    if not target.exists():
        world = training_world(FIRST_SEED, number)
        days, truth = days_of(world)
        target.write_bytes(pickle.dumps(told(days, truth, seed=world.seed)))
    return target


def first_rows(path: Path) -> Any:
    """Rows of a world for the first card."""
    world: Told = pickle.loads(path.read_bytes())
    return drawn(world, world.facts)


def second_rows(card: pa.Table, path: Path) -> Any:
    """Rows of a world for the second card."""
    world: Told = pickle.loads(path.read_bytes())
    return drawn(world, together(world, card))


def write_card(name: str, card: pa.Table) -> None:
    """Write a card where the package reads it."""
    pacsv.write_csv(card, HOME / f"{name}.csv", pacsv.WriteOptions(quoting_style="none"))


def main() -> None:
    """Fit and write the pair cards, then the cards that judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weights", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="how many worlds to fit on")
    parser.add_argument("--keep", type=Path, help="folder that keeps the worlds' pairs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        # Fork after threads is what the other methods save themselves.
        with ProcessPoolExecutor(chosen.workers, mp_context=get_context("forkserver")) as pool:
            paths = list(pool.map(partial(make_world, place), range(chosen.worlds)))
            alone = fitted(ALONE, list(pool.map(first_rows, paths)))
            write_card(ROUNDS[0], alone)
            both = fitted(TOGETHER, list(pool.map(partial(second_rows, alone), paths)))
            write_card(ROUNDS[1], both)
        # A new pool: the graph stage reads its cards once per process.
        with ProcessPoolExecutor(chosen.workers, mp_context=get_context("forkserver")) as pool:
            windows = list(pool.map(partial(make_window, place), range(RING_WORLDS)))
        write_cards(windows, Settings())


if __name__ == "__main__":
    main()
