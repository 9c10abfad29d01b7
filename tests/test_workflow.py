"""The whole flow: from tables or folders to rings, and the questions asked of them."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import graphkit as gk
from graphkit.contracts import SIGNALS
from graphkit.entities import Key
from graphkit.errors import DataError, SettingsError, UsageError
from graphkit.simulate import World, simulate

WORLD = World(accounts=1200, days=3, seed=3)
KEY = Key(bytes(range(32)))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workflow") / "world"
    simulate(folder, WORLD)
    return folder


@pytest.fixture(scope="module")
def detection(world: Path) -> gk.Detection:
    return gk.detect(world, key=KEY)


def read(world: Path, name: str) -> pa.Table:
    paths = sorted(world.glob(f"dt=*/{name}.parquet"))
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])


def test_tables_give_the_rings_of_their_folder(world: Path, detection: gk.Detection) -> None:
    last = sorted(world.glob("dt=*/accounts.parquet"))[-1]
    found = gk.detect(
        accounts=pq.read_table(last, partitioning=None),
        requests=read(world, "requests"),
        payments=read(world, "payments"),
        key=KEY,
    )
    mine, other = detection.members, found.members
    assert found.dt == detection.dt == WORLD.end
    assert mine["account_id"].to_pylist() == other["account_id"].to_pylist()
    assert mine["ring_id"].to_pylist() == other["ring_id"].to_pylist()


def test_a_window_reads_only_its_days(world: Path) -> None:
    one = gk.detect(world, window="1d", key=KEY)
    assert set(one.findings.reports) == {WORLD.end.isoformat()}
    before = WORLD.end - timedelta(days=1)
    two = gk.detect(world, window=2, date=before, key=KEY)
    assert sorted(two.findings.reports) == [str(before - timedelta(days=1)), str(before)]


def test_listings_are_taken_as_they_are(detection: gk.Detection) -> None:
    rings = detection.rings
    assert pl.DataFrame(rings).height == len(rings)
    assert len(pd.DataFrame.from_arrow(rings)) == len(rings)
    assert "R-0001" in rings._repr_html_() and "R-0001" in str(rings)
    assert detection._repr_html_().count("<tr>") > 1
    assert "published" in repr(detection)


def test_one_ring(detection: gk.Detection) -> None:
    first = detection.rings["ring_id"][0].as_py()
    ring = detection.ring(first)
    assert ring.row["ring_id"] == first
    assert len(ring.members) == ring.row["size"]
    assert set(ring.evidence["ring_id"].to_pylist()) == {first}
    assert first in str(ring) and "<table>" in ring._repr_html_()
    with pytest.raises(UsageError, match="no ring R-9999"):
        detection.ring("R-9999")


def test_why_a_member_is_in(detection: gk.Detection) -> None:
    member = detection.members.to_pylist()[0]
    why = detection.why(member["account_id"])
    assert why.ring_id == member["ring_id"] in why.reason
    ties = why.ties.to_pylist()
    assert ties and all(tie["weight"] == sum(tie[s] for s in SIGNALS) for tie in ties)
    assert ties[0]["same_ring"]
    assert "<table>" in why._repr_html_() and member["account_id"] in str(why)


def test_why_others_are_not(world: Path, detection: gk.Detection) -> None:
    members = detection.members["account_id"]
    known = detection.findings.profiles["account_id"].unique()
    others = known.filter(pc.invert(pc.is_in(known, value_set=pc.unique(members)))).to_pylist()
    reasons = {detection.why(str(account)).reason.split(":")[0] for account in others[:40]}
    assert reasons == {"In no ring"}
    with pytest.raises(UsageError, match="'nobody' is not in the window"):
        detection.why("nobody")


def test_the_graph_is_there_to_explore(detection: gk.Detection) -> None:
    nodes = detection.graph.nodes()
    assert nodes["account"] >= 1200 and {"ip", "card", "wrapper"} <= set(nodes)
    some = [str(name) for name in detection.members["account_id"].to_pylist()[:5]]
    small = detection.graph.subgraph(some).to_networkx()
    assert {name for kind, name in small.nodes if kind == "account"} == set(some)


@pytest.mark.parametrize("arguments", [{}, {"snapshots": "x", "requests": pa.table({})}])
def test_a_folder_or_tables(arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="folder of snapshots or tables"):
        gk.detect(**arguments)  # type: ignore[arg-type]


def test_a_window_that_does_not_fit(world: Path) -> None:
    with pytest.raises(SettingsError, match="window_d"):
        gk.detect(world, window="a month")


def test_a_day_that_is_not_there(world: Path) -> None:
    with pytest.raises(DataError, match="dt=2020-01-01 is not there"):
        gk.detect(world, date=date(2020, 1, 1))


def test_tables_without_a_date_need_one() -> None:
    undated = pa.table({"account_id": ["a", "b"], "ip": ["203.0.113.7", "203.0.113.7"]})
    with pytest.raises(UsageError, match="date="):
        gk.detect(requests=undated)
    assert gk.detect(requests=undated, date=date(2026, 11, 1)).dt == date(2026, 11, 1)


def test_nothing_to_find_is_no_error() -> None:
    alone = pa.table({"account_id": ["a"], "ts": ["2026-11-01T00:00:00Z"], "ip": ["203.0.113.7"]})
    found = gk.detect(requests=alone)
    assert len(found.rings) == len(found.members) == len(found.evidence) == 0
    assert "in no ring" in found.why("a").reason.lower()


def test_open_reads_what_the_night_published(world: Path, tmp_path: Path) -> None:
    from pipelines.nightly import run

    run(world, WORLD.end, tmp_path / "lake", settings=gk.Settings())
    opened = gk.open(tmp_path / "lake")
    fresh = gk.detect(world)
    assert opened.rings.table.equals(fresh.rings.table)
    assert opened.members.table.equals(fresh.members.table)
    assert opened.why(opened.members.to_pylist()[0]["account_id"]).ring_id
    assert opened.graph.nodes() == fresh.graph.nodes()


def test_the_command_line_starts_without_the_engines() -> None:
    script = "import sys, graphkit.cli; sys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"duckdb", "igraph", "numba", "pyarrow", "scipy"} & set(done.stdout.split())
