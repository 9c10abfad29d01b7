"""What `graphkit validate` says before anything runs is what the run then meets."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.errors import GraphkitError
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from pipelines.nightly import run

DAYS = [date(2026, 11, day) for day in (18, 19, 20, 21, 22)]
LAST = DAYS[-1]
SECRET = "kanarienvogel"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "snapshots"
    simulate(folder, World(accounts=200, days=5, seed=1, end=LAST))
    return folder


@pytest.fixture
def snapshots(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "snapshots")
    return tmp_path / "snapshots"


@pytest.fixture(autouse=True)
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)


def validate(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["validate", *map(str, words)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.stdout


def validated(*words: str | Path, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(validate(*words, "--format", "json", code=code))
    return found


def change(snapshots: Path, dt: date, name: str, changed: Callable[[pa.Table], pa.Table]) -> None:
    path = snapshots / f"dt={dt}" / f"{name}.parquet"
    pq.write_table(changed(pq.read_table(path, partitioning=None)), path)


def spoil(snapshots: Path) -> None:
    """Break files of three days in four ways."""
    requests = snapshots / f"dt={DAYS[0]}" / "requests.parquet"
    requests.write_bytes(requests.read_bytes()[:-100])
    folder = snapshots / f"dt={DAYS[1]}" / "payments"
    folder.mkdir()
    shutil.move(folder.with_suffix(".parquet"), folder / "one.parquet")
    (folder / "three.csv").write_text(f"acount_id,ts\n{SECRET},2026-11-19\n")
    (folder / "two.csv").write_text(f"{SECRET}@example.org,+49 {SECRET}\n")
    rows = f"acct_1,2026-11-22T08:00:00Z,203.0.113.7\n{SECRET},never,203.0.113.7\n"
    (snapshots / f"dt={LAST}" / "requests.parquet").unlink()
    (snapshots / f"dt={LAST}" / "requests.csv").write_text("account_id,ts,ip\n" + rows * 50)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_found_is_what_the_run_then_reads(snapshots: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    found = validated(snapshots, "--window", "5d")
    assert tree(tmp_path) == before, "nothing is written"
    assert found["would_run"] and found["date"] == str(LAST) and not found["problems"]
    outcome = run(snapshots, LAST, tmp_path / "lake", settings=Settings(window_d=5))
    mine = {row["table"]: row for row in found["tables"] if row["dt"] == str(LAST)}
    for name, table in outcome.snapshot.manifest["input"]["tables"].items():
        for figure in ("rows", "refused", "collapsed", "late"):
            assert mine[name][figure] == table[figure] >= 0
        assert mine[name]["files"] == len(table["files"]) == 1
    assert len(found["tables"]) == 15 and found["odd_days"] == []
    assert found["signals"] == outcome.snapshot.manifest["input"]["signals"]


def test_all_problems_of_all_files_are_said_and_each_would_stop_the_run(
    snapshots: Path, tmp_path: Path
) -> None:
    spoil(snapshots)
    found = validated(snapshots, "--window", "5d", code=65)
    whats = [problem["what"] for problem in found["problems"]]
    assert [what.partition("dt=")[2].split(" ")[0] for what in whats[:3]] == [
        "2026-11-18/requests.parquet",
        "2026-11-19/payments/three.csv",
        "2026-11-19/payments/two.csv",
    ]
    assert whats[3:] == ["too many rows of requests of 2026-11-22 are refused"]
    read = {(row["dt"], row["table"]) for row in found["tables"]}
    assert len(read) == 14, "what can be read is counted all the same"
    for problem in found["problems"]:
        with pytest.raises(GraphkitError) as caught:
            run(snapshots, LAST, tmp_path / "lake", settings=Settings(window_d=5))
        assert caught.value.what in whats
        mend(snapshots, caught.value.what)
        assert problem["do"]
    run(snapshots, LAST, tmp_path / "lake", settings=Settings(window_d=5))
    assert validated(snapshots, "--window", "5d")["would_run"]


def mend(snapshots: Path, what: str) -> None:
    """Remove the file that a message names."""
    if what.startswith("too many rows"):
        path = snapshots / f"dt={LAST}" / "requests.csv"
        head, *rows = path.read_text().splitlines(keepends=True)
        path.write_text(head + "".join(row for row in rows if SECRET not in row))
    else:
        Path(what.split(" ")[0]).unlink()


def test_the_terminal_form_is_the_golden_text(
    snapshots: Path, golden: Callable[[str, str], None]
) -> None:
    spoil(snapshots)
    shutil.rmtree(snapshots / f"dt={DAYS[2]}")
    (snapshots / f"dt={DAYS[3]}" / "payments.parquet").unlink()

    def junk(table: pa.Table) -> pa.Table:
        addresses = [SECRET if at % 9 == 0 else "192.0.2.1" for at in range(table.num_rows)]
        at = table.column_names.index("ip")
        return table.set_column(at, "ip", pa.array(addresses))

    change(snapshots, DAYS[3], "requests", junk)
    said = validate(snapshots, "--window", "7d", code=65)
    golden("validate", said.replace(str(snapshots), "PLACE").rstrip())
    whole = said + validate(snapshots, "--format", "json", code=65)
    assert SECRET not in whole + validate(snapshots, "--format", "csv", code=65)


def test_feeds_that_fit_no_file_are_all_said_and_the_others_read(
    snapshots: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "graphkit.toml"
    settings.write_text(
        '[[requests]]\npath = "dt={date}/requests.parquet"\n'
        '[[payments]]\npath = "pay/{date}.csv"\n'
        '[[mentions]]\npath = "dt={date}/accounts.parquet"\nkind = "country"\nentity = "country"\n'
        '[[mentions]]\npath = "phones.csv"\nkind = "phone"\n'
    )
    found = validated(snapshots, "--settings", settings, "--window", "5d", code=65)
    assert [problem["found"] != "" for problem in found["problems"]] == [True, True]
    said = " ".join(problem["what"] for problem in found["problems"])
    assert "'pay/{date}.csv' of [[payments]]" in said and "'phones.csv' of [[mentions]]" in said
    assert {row["table"] for row in found["tables"]} >= {"accounts", "requests", "mentions"}


def test_a_date_that_is_not_there_and_a_folder_that_is_not_there(snapshots: Path) -> None:
    found = validated(snapshots, "--date", "2026-11-24", "--window", "3d", code=65)
    assert [problem["what"].startswith("there is no data for") for problem in found["problems"]]
    assert len({row["dt"] for row in found["tables"]}) == 1 and len(found["missing"]) == 2
    nowhere = validated(snapshots / "nowhere", code=65)
    assert nowhere["date"] is None and len(nowhere["problems"]) == 1
    assert "a run would stop at 1 problem" in validate(snapshots / "nowhere", code=65)


def test_an_empty_day_is_odd_in_the_window_and_a_problem_at_its_end(snapshots: Path) -> None:
    for name in ("accounts", "requests", "payments"):
        change(snapshots, DAYS[3], name, lambda table: table.slice(0, 0))
    found = validated(snapshots, "--window", "5d")
    assert [(row["dt"], row["oddity"]) for row in found["odd_days"]] == [(str(DAYS[3]), "empty")]
    assert len(validated(snapshots, "--date", DAYS[3].isoformat(), code=65)["problems"]) == 1


def test_a_hollow_date_and_a_bad_allow_list_are_problems(snapshots: Path, tmp_path: Path) -> None:
    for name in ("requests", "payments"):
        change(snapshots, LAST, name, lambda table: table.slice(0, 2))
    settings = tmp_path / "graphkit.toml"
    settings.write_text('[run]\nbenign = "benign.csv"\n')
    (tmp_path / "benign.csv").write_text("kind,entity\n")
    found = validated(snapshots, "--settings", settings, "--window", "5d", code=65)
    said = " ".join(problem["what"] for problem in found["problems"])
    assert len(found["problems"]) == 2 and "hardly any event" in said and "allow-list" in said


@pytest.mark.parametrize(("accounts", "days"), [(1_500, 4), (6_000, 3)])
def test_the_needs_are_foretold_within_a_factor_of_two(
    accounts: int, days: int, tmp_path: Path
) -> None:
    folder, lake = tmp_path / "snapshots", tmp_path / "lake"
    simulate(folder, World(accounts=accounts, days=days, seed=3, end=LAST))
    needs = validated(folder, "--window", f"{days}d")["needs"]
    # A child's peak memory never lies below its parent's: a small shell comes between.
    command = ["sh", "-c", '"$@"; exit $?', "sh", Path(sys.executable).parent / "graphkit"]
    words = [*command, "run", folder, "--date", str(LAST), "--out", lake, "--window", f"{days}d"]
    subprocess.run([*map(str, words)], check=True, capture_output=True, env=dict(os.environ))
    (cost,) = lake.glob(f"data/dt={LAST}/*/run.json")
    peak = json.loads(cost.read_text())["peak_bytes"]
    disk = sum(path.stat().st_size for path in lake.rglob("*") if path.is_file())
    assert 0.5 < needs["memory_bytes"] / peak < 2
    assert 0.5 < needs["disk_bytes"] / disk < 2
