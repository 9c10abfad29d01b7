import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphkit.detection import Findings
from graphkit.errors import DataError, SettingsError, StorageError, UsageError
from graphkit.ingest import Snapshots, open_snapshots
from graphkit.settings import Settings, load_settings
from graphkit.simulate import World, simulate
from graphkit.workflow import Day, detect_window, read_day
from pipelines import lake as lakes
from pipelines import nightly, window
from pipelines.checks import check
from pipelines.findings import read_findings
from pipelines.keys import load_key
from pipelines.lake import RING_TABLES
from pipelines.nightly import Outcome, run
from pipelines.publish import writing

DAYS = [date(2026, 11, day) for day in (19, 20, 21, 22)]
LAST = DAYS[-1]
WINDOW = Settings(window_d=4)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of a small provider."""
    folder = tmp_path_factory.mktemp("provider") / "snapshots"
    simulate(folder, World(accounts=600, days=4, seed=1, end=LAST))
    return folder


@pytest.fixture(scope="module")
def judged(snapshots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the last date was judged; tests copy it."""
    lake = tmp_path_factory.mktemp("judged") / "lake"
    run(snapshots, LAST, lake, settings=WINDOW)
    return lake


@pytest.fixture
def lake(judged: Path, tmp_path: Path) -> Path:
    """A copy of the judged lake, with its key."""
    shutil.copytree(judged, tmp_path / "lake")
    shutil.copy2(judged.with_name("lake.key"), tmp_path / "lake.key")
    return tmp_path / "lake"


def contents(lake: Path) -> dict[str, bytes]:
    """Every file of the lake but run.json, by its path."""
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def kinds(lake: Path) -> dict[int, str]:
    """The kind of each date that stands, by its day of the month."""
    judged = set(lakes.published_dates(lake, kind="judged"))
    every = lakes.published_dates(lake)
    return {day.day: "judged" if day in judged else "read" for day in every}


def rings(lake: Path, dt: date = LAST) -> pa.Table:
    return lakes.read_tables(lake, dt, ["rings"])["rings"]


def spy(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days whose files are read from now on."""
    read: list[date] = []

    def watched(snapshots: Snapshots, dt: date, **more: Any) -> Day:
        read.append(dt)
        return read_day(snapshots, dt, **more)

    monkeypatch.setattr(window, "read_day", watched)
    return read


def test_a_night_publishes_the_rings_and_reads_the_window(lake: Path) -> None:
    assert kinds(lake) == {19: "read", 20: "read", 21: "read", 22: "judged"}
    found = rings(lake)
    assert pc.equal(found["status"], pa.scalar("published")).to_pylist().count(True) >= 1
    report = lakes.standing(lake, LAST).folder / "report.html"  # type: ignore[union-attr]
    assert found["ring_id"][0].as_py() in report.read_text()
    assert not list(lake.glob(".*"))


def test_the_manifest_says_how_the_result_came_about(lake: Path, snapshots: Path) -> None:
    snapshot = lakes.standing(lake, LAST)
    assert snapshot is not None
    manifest = snapshot.manifest
    assert manifest["kind"] == "judged" and manifest["missing"] == []
    assert manifest["key_id"] == lakes.key_id(lake)
    assert load_settings(**manifest["settings"]) == WINDOW
    assert set(manifest["window"]) == {str(day) for day in DAYS[:-1]}
    for name, source in manifest["window"].items():
        day = lakes.standing(lake, date.fromisoformat(name))
        assert day is not None and source == day.reference()
    assert manifest["input"]["inputs"].keys() == {
        path.name for path in (snapshots / f"dt={LAST}").iterdir()
    }
    assert {"graphkit", "pyarrow", "duckdb", "igraph", "leidenalg"} <= manifest["versions"].keys()
    assert manifest["hubs"]["n"] > 0 and manifest["hubs"]["pairs_withheld"] > 0
    text = (snapshot.folder / "manifest.json").read_text()
    for fact in (str(snapshots), str(lake), os.uname().nodename, "seconds", "peak"):
        assert fact not in text
    cost = json.loads((snapshot.folder / "run.json").read_text())
    assert cost["peak_bytes"] > 10_000_000 and cost["cores"] >= 1 and cost["seconds_total"] > 0
    assert {"read", "detect", "check"} <= cost["seconds"].keys()


def test_a_rerun_gives_the_same_bytes_on_any_number_of_threads(lake: Path, snapshots: Path) -> None:
    before = contents(lake)
    cores = pa.cpu_count()
    try:
        run(snapshots, LAST, lake, settings=WINDOW, threads=1, memory="1GB")
        assert contents(lake) == before
        run(snapshots, LAST, lake, settings=WINDOW, threads=3)
        assert contents(lake) == before
    finally:
        pa.set_cpu_count(cores)


def test_a_new_lake_of_the_same_key_gets_the_same_bytes(
    lake: Path, snapshots: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "lake"
    run(snapshots, LAST, other, settings=WINDOW, key_file=tmp_path / "lake.key")
    assert contents(other) == contents(lake)
    assert not other.with_name("lake.key").exists()


def test_nights_in_a_row_keep_the_rings_names(snapshots: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    outcomes: list[Outcome] = []
    for dt in DAYS[-3:]:
        outcomes.append(run(snapshots, dt, lake, settings=WINDOW))
    assert kinds(lake) == {19: "read", 20: "judged", 21: "judged", 22: "judged"}
    assert outcomes[0].missing == (date(2026, 11, 17), date(2026, 11, 18))
    manifest = outcomes[-1].snapshot.manifest
    assert manifest["previous"]["dt"] == "2026-11-21"
    assert manifest["previous"]["snapshot"] == outcomes[1].snapshot.id
    before, after = (lakes.read_tables(lake, dt, ["members"])["members"] for dt in DAYS[-2:])
    kept = before.select(["ring_id", "account_id"]).join(
        after.select(["ring_id", "account_id"]), ["ring_id", "account_id"], join_type="inner"
    )
    assert kept.num_rows >= before.num_rows // 2 > 0


def test_a_stopped_run_goes_on_where_it_was(
    snapshots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: Path
) -> None:
    lake = tmp_path / "lake"
    shutil.copy2(judged.with_name("lake.key"), tmp_path / "lake.key")

    def stopped(*args: Any, **more: Any) -> Findings:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nightly, "detect_window", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(snapshots, LAST, lake, settings=WINDOW)
    assert kinds(lake) == {19: "read", 20: "read", 21: "read"}
    read = spy(monkeypatch)
    run(snapshots, LAST, lake, settings=WINDOW)
    assert read == [LAST], "the window's other days come from the lake"
    assert contents(lake) == contents(judged), "as if it had never been stopped"


def test_days_read_under_other_ingest_settings_are_read_again(
    lake: Path, snapshots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(snapshots, DAYS[2], lake, settings=WINDOW)
    kept = contents(lake / f"data/dt={DAYS[2]}")
    read = spy(monkeypatch)
    changed = load_settings(window_d=4, ingest={"max_refused_share": 0.5})
    outcome = run(snapshots, LAST, lake, settings=changed)
    assert sorted(read) == DAYS
    assert contents(lake / f"data/dt={DAYS[2]}") == kept, "a judged date keeps its rings"
    assert set(outcome.snapshot.manifest["window"][str(DAYS[2])]) == {"inputs"}
    assert kinds(lake) == {19: "read", 20: "read", 21: "judged", 22: "judged"}
    with pytest.warns(UserWarning, match="2026-11-21 was read anew"):
        read_findings(lake)


def test_days_without_a_folder_are_missing_and_said(snapshots: Path, tmp_path: Path) -> None:
    said: list[str] = []
    outcome = run(
        snapshots, DAYS[1], tmp_path / "lake", settings=Settings(window_d=30), report=said.append
    )
    assert len(outcome.missing) == 28
    assert "days of the window without data: 2026-10-22 to 2026-11-18" in said
    assert any(line.startswith("2026-11-20 requests: ") for line in said)
    assert "  signal mention is off" in "\n".join(said)
    assert any("hubs proposed no pair" in line for line in said)
    assert said[0].startswith("made a new key in ")
    assert "GB of memory" in said[-1]


def test_refused_rows_are_said_and_kept(snapshots: Path, tmp_path: Path) -> None:
    copy = tmp_path / "snapshots" / f"dt={LAST}"
    shutil.copytree(snapshots / f"dt={LAST}", copy)
    good = "acct_1,2026-11-22T08:00:00Z,203.0.113.7\n" * 20
    (copy / "requests.parquet").unlink()
    (copy / "requests.csv").write_text("account_id,ts,ip\n" + good + "acct_1,never,203.0.113.7\n")
    said: list[str] = []
    lake = tmp_path / "lake"
    run(tmp_path / "snapshots", LAST, lake, settings=Settings(window_d=1), report=said.append)
    assert "2026-11-22 requests: 21 rows, 1 refused" in said
    assert any(line.startswith("  refused requests.csv row 21, ts: ") for line in said)
    kept = lakes.read_tables(lake, LAST, ["rejects"])["rejects"].to_pylist()
    assert [(row["file"], row["row"], row["column"]) for row in kept] == [
        ("requests.csv", 21, "ts")
    ]


def test_what_is_opened_is_what_was_found(lake: Path, snapshots: Path) -> None:
    opened = read_findings(lake)
    days = [read_day(open_snapshots(snapshots, WINDOW), day, key=load_key(lake)) for day in DAYS]
    found = detect_window(days, dt=LAST, settings=WINDOW)
    for name in (*RING_TABLES, "links", "profiles"):
        assert getattr(opened, name).equals(getattr(found, name)), name
    assert dict(opened.reports) == dict(found.reports)
    assert (opened.dt, opened.settings, opened.next_number) == (LAST, WINDOW, found.next_number)


def broken(findings: Findings, today: Day, how: str) -> tuple[Findings, Day]:
    """What a faulty stage could hand over."""
    members, listed = findings.members, findings.rings
    if how == "stranger":
        column = pa.array(["nobody", *members["account_id"].to_pylist()[1:]])
        members = members.set_column(2, "account_id", column)
    if how == "lost member":
        members = members.slice(1)
    if how == "null score":
        scores = pa.array([None, *listed["score"].to_pylist()[1:]], pa.int64())
        listed = listed.set_column(3, "score", scores)
    if how == "confidence":
        values = pa.array([float("nan"), *members["confidence"].to_pylist()[1:]])
        members = members.set_column(4, "confidence", values)
    if how == "one account in two rings":
        members = pa.concat_tables([members, members.slice(0, 1)])
    if how == "evidence of no ring":
        evidence = findings.evidence
        named = pa.array(["R-9999", *evidence["ring_id"].to_pylist()[1:]])
        findings = replace(findings, evidence=evidence.set_column(1, "ring_id", named))
    if how == "a row unaccounted for":
        tables = json.loads(json.dumps(today.report["tables"]))
        tables["requests"]["rows"] += 1
        today = replace(today, report=today.report | {"tables": tables})
    if how == "a refused row not kept":
        tables = json.loads(json.dumps(today.report["tables"]))
        tables["requests"]["refused"] += 1
        tables["requests"]["used"] -= 1
        today = replace(today, report=today.report | {"tables": tables})
    return replace(findings, members=members, rings=listed), today


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("stranger", "members are accounts of the window"),
        ("lost member", "rings have the members that they count"),
        ("null score", "scores are not null"),
        ("confidence", "confidences lie in 0 to 1"),
        ("one account in two rings", "RING_MEMBERS breaks its contract"),
        ("evidence of no ring", "evidence is of a ring"),
        ("a row unaccounted for", "rows are used or refused"),
        ("a refused row not kept", "refused rows are kept"),
    ],
)
def test_a_failed_check_publishes_nothing(
    lake: Path, snapshots: Path, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    before = contents(lake)
    real_read, real_detect = read_day, detect_window

    def bad_read(*args: Any, **more: Any) -> Day:
        day = real_read(*args, **more)
        return broken(read_findings(lake), day, how)[1]

    def bad_detect(days: Any, **more: Any) -> Findings:
        return broken(real_detect(days, **more), days[-1], how)[0]

    monkeypatch.setattr(window, "read_day", bad_read)
    monkeypatch.setattr(nightly, "detect_window", bad_detect)
    with pytest.raises(DataError, match=said):
        run(snapshots, LAST, lake, settings=WINDOW)
    assert contents(lake) == before


def test_the_checks_hold_for_what_is_whole(lake: Path, snapshots: Path) -> None:
    today = read_day(open_snapshots(snapshots, WINDOW), LAST, key=load_key(lake))
    check(read_findings(lake), today)


def test_a_date_without_data_makes_no_lake_and_no_key(snapshots: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nearest: 2026-11-20, 2026-11-21, 2026-11-22") as caught:
        run(snapshots, date(2026, 11, 25), tmp_path / "lake", settings=WINDOW)
    assert caught.value.exit_code == 65
    assert list(tmp_path.iterdir()) == []


def test_limits_that_cannot_be_understood(lake: Path, snapshots: Path) -> None:
    before = contents(lake)
    with pytest.raises(UsageError, match="memory many"):
        run(snapshots, LAST, lake, settings=WINDOW, memory="many")
    with pytest.raises(UsageError, match="threads 0"):
        run(snapshots, LAST, lake, settings=WINDOW, threads=0)
    assert contents(lake) == before


def test_another_key_stops_the_run(lake: Path, snapshots: Path) -> None:
    before = contents(lake)
    lake.with_name("lake.key").write_text("0123456789abcdef" * 4)
    with pytest.raises(SettingsError, match="not the one") as caught:
        run(snapshots, LAST, lake, settings=WINDOW)
    assert caught.value.exit_code == 78 and contents(lake) == before


def test_two_runs_at_once(lake: Path, snapshots: Path) -> None:
    with writing(lake), pytest.raises(StorageError, match="in use"):
        run(snapshots, LAST, lake, settings=WINDOW)
    run(snapshots, LAST, lake, settings=WINDOW)


@pytest.mark.parametrize("call", ["rename", "replace"])
def test_a_crash_while_publishing_leaves_the_old_rings(
    lake: Path, snapshots: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before, old = contents(lake), rings(lake)
    other = Settings(window_d=3)

    def crash(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, crash)
        with pytest.raises(StorageError, match="cannot be published"):
            run(snapshots, LAST, lake, settings=other)
    assert before.items() <= contents(lake).items() and rings(lake).equals(old)
    outcome = run(snapshots, LAST, lake, settings=other)
    assert rings(lake).num_rows == outcome.rings + outcome.candidates
    assert [path.name for path in (lake / f"data/dt={LAST}").iterdir()] == [outcome.snapshot.id]


KILLED = """
import os, sys
from datetime import date
from pathlib import Path
from graphkit.ingest import Snapshots, open_snapshots
from graphkit.settings import Settings
from pipelines import nightly, window
def killed(*args, **more):
    os.kill(os.getpid(), 9)
{step} = killed
nightly.run(Path(sys.argv[1]), date(2026, 11, 22), Path(sys.argv[2]), settings=Settings(window_d=4))
"""


@pytest.mark.parametrize("step", ["window.read_day", "nightly.detect_window", "nightly.publish"])
def test_a_killed_run_leaves_the_old_rings_and_is_swept(
    lake: Path, snapshots: Path, step: str
) -> None:
    before = contents(lake)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(step=step), str(snapshots), str(lake)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list(lake.glob(".staging-*"))) == 1, "a killed run cannot clean up"
    assert contents(lake) == before
    run(snapshots, LAST, lake, settings=WINDOW)
    assert contents(lake) == before and not list(lake.glob(".staging-*"))


@pytest.mark.parametrize("order", [lambda days: days, lambda days: days[::-1]])
def test_days_of_the_window_are_the_same_whenever_they_were_read(
    snapshots: Path, judged: Path, tmp_path: Path, order: Callable[[list[date]], list[date]]
) -> None:
    lake = tmp_path / "lake"
    for dt in order(DAYS):
        run(snapshots, dt, lake, settings=WINDOW, key_file=judged.with_name("lake.key"))
    for name in ("links", "activity", "profiles", "rejects"):
        for dt in DAYS:
            mine = lakes.read_tables(lake, dt, [name])[name]
            assert mine.equals(lakes.read_tables(judged, dt, [name])[name])
