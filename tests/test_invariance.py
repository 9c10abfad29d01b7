"""The same input gives the same rings: in any order, under any names, key and number of threads."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit import sql
from graphkit.detection import Findings
from graphkit.entities import Key
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from graphkit.workflow import detect_window, read_day

WORLD = World(accounts=1500, days=4, seed=11)
KEY = Key(bytes(range(32)))


def detect_folder(folder: Path, key: Key = KEY) -> Findings:
    settings = Settings()
    snapshots = open_snapshots(folder, settings)
    days = [read_day(snapshots, day, key=key) for day in snapshots.days]
    return detect_window(days, dt=days[-1].dt, settings=settings)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("invariance") / "world"
    simulate(folder, WORLD)
    return folder


@pytest.fixture(scope="module")
def base(world: Path) -> Findings:
    findings = detect_folder(world)
    published = findings.rings["status"].to_pylist().count("published")
    assert published >= 3, "the world must have rings, or nothing is compared"
    return findings


def rewritten(world: Path, target: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    for source in sorted(world.glob("dt=*/*.parquet")):
        path = target / source.relative_to(world)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(change(pq.read_table(source)), path)
    return target


def named(table: pa.Table, names: dict[str, str]) -> list[dict[str, object]]:
    """Rows with account ids mapped, the ids inside lists too."""

    def back(column: str, value: object) -> object:
        if column == "members" and isinstance(value, list):
            return sorted(names.get(str(name), str(name)) for name in value)
        return names.get(str(value), value) if column == "account_id" else value

    return [{name: back(name, value) for name, value in row.items()} for row in table.to_pylist()]


def test_row_order_does_not_matter(world: Path, base: Findings, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def shuffle(table: pa.Table) -> pa.Table:
        return table.take(pa.array(rng.permutation(table.num_rows)))

    found = detect_folder(rewritten(world, tmp_path, shuffle))
    for name in ("rings", "members", "evidence", "edges", "membership", "hubs", "facts"):
        assert getattr(found, name).equals(getattr(base, name)), name


def test_names_do_not_matter(world: Path, base: Findings, tmp_path: Path) -> None:
    ids = sorted(map(str, base.profiles["account_id"].unique().to_pylist()))
    rng = np.random.default_rng(1)
    new = {
        old: f"user/{number}" for old, number in zip(ids, rng.permutation(len(ids)), strict=True)
    }

    def rename(table: pa.Table) -> pa.Table:
        column = pa.array([new[str(old)] for old in table["account_id"].to_pylist()], pa.string())
        return table.set_column(table.column_names.index("account_id"), "account_id", column)

    found = detect_folder(rewritten(world, tmp_path, rename))
    old = {name: before for before, name in new.items()}
    assert found.rings.equals(base.rings)
    for table in ("members", "evidence"):
        mine = sorted(named(getattr(found, table), old), key=repr)
        assert mine == sorted(named(getattr(base, table), {}), key=repr), table


def test_the_key_changes_pseudonyms_and_nothing_else(world: Path, base: Findings) -> None:
    found = detect_folder(world, Key(bytes(range(32, 64))))
    assert found.rings.equals(base.rings)
    assert found.members.equals(base.members)
    assert found.edges.equals(base.edges)
    facts = ["ring_id", "kind", "n_members", "n_holders", "n_events", "weight", "first_seen"]
    mine = sorted(map(repr, found.evidence.select(facts).to_pylist()))
    assert mine == sorted(map(repr, base.evidence.select(facts).to_pylist()))
    shared = set(found.evidence["entity"].to_pylist()) & set(base.evidence["entity"].to_pylist())
    assert not shared


@pytest.fixture
def one_thread() -> Iterator[None]:
    sql.limit(threads=1)
    yield
    sql.limit(threads=os.cpu_count())


@pytest.mark.usefixtures("one_thread")
def test_threads_do_not_matter(world: Path, base: Findings) -> None:
    found = detect_folder(world)
    for name in ("rings", "members", "evidence", "edges", "membership", "hubs", "facts"):
        assert getattr(found, name).equals(getattr(base, name)), name


SCRIPT = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_invariance import detect_folder
found = detect_folder(Path({world!r}))
rows = repr([found.rings.to_pylist(), found.members.to_pylist(), found.evidence.to_pylist()])
sys.stdout.write(hashlib.sha256(rows.encode()).hexdigest())
"""


def test_hash_seed_and_time_zone_do_not_matter(world: Path) -> None:
    text = SCRIPT.format(tests=str(Path(__file__).parent), world=str(world))
    digests = {
        subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("4242", "America/New_York"))
    }
    assert len(digests) == 1
