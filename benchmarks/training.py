"""Worlds to fit and to try things on, read as a night reads them."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.entities import Key
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.simulate import World, random_world, simulate
from graphkit.workflow import Day, read_day

SIZES = (1_500, 3_000, 6_000)
DAYS = (2, 5, 7, 14)
_KEY = Key(bytes(range(32)))


def training_world(first_seed: int, number: int) -> World:
    """A world to fit on: every size with every number of days, in turn.

    Args:
        first_seed: of the fit's worlds.
        number: of the world among them.
    """
    size, days = SIZES[number % len(SIZES)], DAYS[number // len(SIZES) % len(DAYS)]
    return random_world(seed=first_seed + number, changes={"accounts": size, "days": days})


def days_of(world: World) -> tuple[list[Day], pa.Table]:
    """Simulate a world and read it: its days and TRUTH."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "world"
        simulate(folder, world, workers=1)
        snapshots = open_snapshots(folder, Settings())
        days = [read_day(snapshots, dt, key=_KEY) for dt in snapshots.days]
        return days, pq.read_table(folder / "truth.parquet")
