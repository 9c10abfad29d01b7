"""Planted worlds with floors: rings are found, honest groups are not, and a hub makes no ring.

The seeds are not those that weights and floors were looked at on.
"""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import graphkit as gk
from graphkit.evaluate import Scores, evaluate
from graphkit.simulate import Crowd, Honest, Rings, World, simulate

# Kinds of honest groups that look most like rings: one card, egress, template, schedule.
UNTOLD = {"integrator_share": 0.0, "fleet_share": 0.0, "classroom_share": 0.0}
FLOORS = World(accounts=3000, days=5, honest=Honest(**UNTOLD))


def scores_of(world: World, folder: Path) -> Scores:
    """What the defaults find in a world."""
    simulate(folder / "world", world)
    found = gk.detect(folder / "world")
    return evaluate(found.members.table, pq.read_table(folder / "world" / "truth.parquet"))


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_rings_are_found_and_others_are_not(seed: int, tmp_path: Path) -> None:
    scores = scores_of(FLOORS.model_copy(update={"seed": seed}), tmp_path)
    assert scores.precision >= 0.97, scores
    assert scores.recall >= 0.85, scores
    assert scores.ring_purity >= 0.9, scores


def test_no_kind_of_honest_group_is_taken_for_a_ring(tmp_path: Path) -> None:
    scores = scores_of(World(accounts=3000, days=5, seed=101), tmp_path)
    assert scores.recall >= 0.85, scores
    assert scores.precision >= 0.97, scores


@pytest.mark.parametrize("seed", [201, 202])
def test_a_world_without_rings_has_none(seed: int, tmp_path: Path) -> None:
    world = FLOORS.model_copy(
        update={
            "seed": seed,
            "rings": Rings(share=0),
            "honest": Honest(household_share=0.3, **UNTOLD),
        }
    )
    simulate(tmp_path / "world", world)
    found = gk.detect(tmp_path / "world")
    assert "published" not in found.rings["status"].to_pylist()
    assert len(found.rings) > 5, "households are communities, or nothing was there to refuse"


SCRIPT = """
import sys, time, resource
import graphkit as gk
from graphkit.entities import Key
started = time.process_time()
found = gk.detect(sys.argv[1], key=Key(bytes(range(32))))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
shown = [ring["size"] for ring in found.rings.to_pylist() if ring["status"] == "published"]
largest = max(shown, default=0)
held = found.findings.hubs.to_pylist()
most = {kind: max((h["n_accounts"] for h in held if h["kind"] == kind), default=0)
        for kind in ("ip", "prompt")}
print(time.process_time() - started, peak, largest, most["ip"], most["prompt"])
"""


def measured(folder: Path) -> list[float]:
    """CPU seconds, peak kilobytes, largest ring, holders of the largest address and prompt."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True
    )
    return [float(value) for value in done.stdout.split()]


def hub_costs_nothing(tmp_path: Path, crowd: int, accounts: int) -> None:
    """The same world with and without one address and one prompt that the crowd shares."""
    world = World(accounts=accounts, days=2, seed=301)
    shares = {"without": Crowd(accounts=crowd), "with": Crowd(address=crowd, prompt=crowd)}
    for name, share in shares.items():
        simulate(tmp_path / name, world.model_copy(update={"crowd": share}))
    cpu, peak, largest, _, _ = measured(tmp_path / "without")
    hub_cpu, hub_peak, hub_largest, address, prompt = measured(tmp_path / "with")
    assert address >= crowd and prompt >= crowd, "what was withheld must be reported"
    assert hub_largest == largest, "no ring may come of a hub"
    assert hub_peak <= 1.2 * peak
    assert hub_cpu <= 1.2 * cpu


def test_a_hub_makes_no_ring_and_costs_nothing(tmp_path: Path) -> None:
    hub_costs_nothing(tmp_path, crowd=20_000, accounts=2_000)


@pytest.mark.long
def test_a_hub_of_100_000_makes_no_ring_and_costs_nothing(tmp_path: Path) -> None:
    hub_costs_nothing(tmp_path, crowd=100_000, accounts=10_000)
