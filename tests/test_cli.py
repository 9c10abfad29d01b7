import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.contracts import COMMUNITIES, COSHARES, RING_MEMBERS, RINGS
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from pipelines import lake as lakes
from pipelines.nightly import run

LAST = date(2026, 11, 22)
COMMAND = str(Path(sys.executable).parent / "graphkit")
NASTY = '=acct\x1b[31m"<b>\u202e'


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `snapshots`, in which a ring's account has a nasty id, and `lake`."""
    folder = tmp_path_factory.mktemp("provider")
    simulate(folder / "snapshots", World(accounts=600, days=3, seed=5, end=LAST))
    run(folder / "snapshots", LAST, folder / "plain", settings=Settings(window_d=3))
    renamed = lakes.read_tables(folder / "plain", LAST, ["members"])["members"]["account_id"][
        0
    ].as_py()
    (folder / "snapshots" / "traces.parquet").unlink()
    for path in (folder / "snapshots").rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None)
        ids = [NASTY if id == renamed else id for id in table["account_id"].to_pylist()]
        at = table.column_names.index("account_id")
        pq.write_table(table.set_column(at, "account_id", pa.array(ids, pa.string())), path)
    for dt in (date(2026, 11, 21), LAST):
        run(folder / "snapshots", dt, folder / "lake", settings=Settings(window_d=3))
    return folder


def call(*words: str | Path, code: int = 0) -> str:
    """Standard output of a command that must end with an exit code."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.stdout


def fails(*words: str | Path, code: int) -> str:
    """Standard error of a command that must fail; it writes no result."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    assert result.stdout == ""
    return result.stderr


def test_rings_are_listed_in_every_form(provider: Path) -> None:
    lake = provider / "lake"
    published = json.loads(call("rings", lake, "--format", "json"))
    every = json.loads(call("rings", lake, "--all", "--format", "json"))
    assert published == [row for row in every if row["status"] == "published"] != []
    assert {row["status"] for row in every} == {"published", "candidate"}
    assert [list(row) for row in published] == [list(RINGS.columns)] * len(published)
    assert {row["dt"] for row in every} == {"2026-11-22"}, "the latest date is the default"
    reader = csv.DictReader(io.StringIO(call("rings", lake, "--format", "csv")))
    assert reader.fieldnames == list(RINGS.columns)
    assert [row["ring_id"] for row in reader] == [row["ring_id"] for row in published]
    lines = call("rings", lake).splitlines()
    assert lines[0].split() == list(RINGS.columns) and len(lines) == 1 + len(published)


def test_members_are_those_of_the_rings(provider: Path) -> None:
    lake = provider / "lake"
    rings = json.loads(call("rings", lake, "--format", "json", "--date", "2026-11-21"))
    members = json.loads(call("members", lake, "--format", "json", "--date", "2026-11-21"))
    assert [list(row) for row in members] == [list(RING_MEMBERS.columns)] * len(members)
    assert sum(row["size"] for row in rings) == len(members) > 0
    assert {row["ring_id"] for row in members} == {row["ring_id"] for row in rings}


def test_communities_are_listed_judged_or_not(provider: Path) -> None:
    lake = provider / "lake"
    listed = json.loads(call("members", lake, "--communities", "--format", "json"))
    members = json.loads(call("members", lake, "--all", "--format", "json"))
    assert [list(row) for row in listed] == [list(COMMUNITIES.columns)] * len(listed)
    ring_of = {row["account_id"]: row["ring_id"] for row in members}
    of_rings = {row["account_id"]: row["ring_id"] for row in listed if row["ring_id"]}
    assert of_rings == ring_of and len(listed) > len(ring_of)
    sizes = Counter(row["community"] for row in listed)
    assert min(sizes.values()) >= 2
    assert listed == sorted(listed, key=lambda row: (row["community"], row["account_id"]))
    assert gk.open(lake).communities["account_id"].to_pylist() == [r["account_id"] for r in listed]


def test_coshare_counts_mentions(tmp_path: Path) -> None:
    day = tmp_path / "dt=2026-11-22"
    day.mkdir()
    rows = [
        f"{who},url,u{at},2026-11-22T08:0{at}:{second}Z"
        for who, second in (("a", "00"), ("b", "20"))
        for at in range(3)
    ]
    (day / "mentions.csv").write_text("account_id,kind,entity,ts\n" + "\n".join(rows) + "\n")
    words: list[str | Path] = ["coshare", tmp_path, "--format", "json", "--within"]
    pair = {"account_a": "a", "account_b": "b", "weight": 3, "mean_time_delta_s": 20.0}
    assert json.loads(call(*words, "20")) == [pair]
    assert json.loads(call(*words, "19.9")) == json.loads(call(*words, "20", "--min", "4")) == []
    assert call("coshare", tmp_path, "--within", "1", "--format", "csv").split() == [
        ",".join(COSHARES.columns)
    ]
    assert "correct --within" in fails("coshare", tmp_path, "--within", "-1", code=2)


def test_ids_are_escaped_where_something_would_obey_them(provider: Path) -> None:
    lake = provider / "lake"
    listed = call("members", lake, "--all")
    assert "=acct\\x1b[31m" in listed and "\x1b" not in listed and "\u202e" not in listed
    rows = list(csv.DictReader(io.StringIO(call("members", lake, "--all", "--format", "csv"))))
    assert f"'{NASTY}" in {row["account_id"] for row in rows}, "data keep the id, minus the formula"
    as_json = call("members", lake, "--all", "--format", "json")
    assert NASTY in {row["account_id"] for row in json.loads(as_json)} and "\x1b" not in as_json
    for text in (call("why", lake, NASTY), fails("why", lake, NASTY + "?", code=2)):
        assert "\x1b" not in text and "\u202e" not in text and "\\x1b" in text


def test_a_terminal_gets_no_escape_codes_even_as_csv(provider: Path) -> None:
    leader, follower = pty.openpty()
    subprocess.run(
        [COMMAND, "members", str(provider / "lake"), "--all", "--format", "csv"],
        stdout=follower,
        check=True,
    )
    os.close(follower)
    shown = b""
    try:
        while part := os.read(leader, 65536):
            shown += part
    except OSError:  # Linux says that the other side is closed in this way
        pass
    os.close(leader)
    assert b"\\x1b[31m" in shown and b"\x1b" not in shown


def test_explain_shows_score_facts_and_members(provider: Path) -> None:
    lake = provider / "lake"
    [ring, *_] = json.loads(call("rings", lake, "--format", "json"))
    text = call("explain", lake, ring["ring_id"])
    members = json.loads(call("members", lake, "--format", "json"))
    mine = [row["account_id"] for row in members if row["ring_id"] == ring["ring_id"]]
    assert f"{ring['ring_id']}, published, 2026-11-22" in text and "people decide" in text
    assert sum(account in text for account in mine) >= min(len(mine), 40) - 1
    said = fails("explain", lake, "R-9999", code=2)
    assert "there is no ring 'R-9999' on 2026-11-22" in said and ring["ring_id"] in said


def test_why_speaks_for_members_and_for_others(provider: Path) -> None:
    lake = provider / "lake"
    members = json.loads(call("members", lake, "--format", "json"))
    inside = next(row for row in members if row["account_id"] != NASTY)
    assert f"Ring {inside['ring_id']} (published)" in call("why", lake, inside["account_id"])
    every = {
        row["account_id"] for row in json.loads(call("members", lake, "--all", "--format", "json"))
    }
    known = lakes.read_tables(lake, LAST, ["profiles"])["profiles"]["account_id"].to_pylist()
    outside = min({str(account) for account in known} - every)
    assert "In no ring" in call("why", lake, outside)


def test_what_ties_two_accounts_adds_up_to_the_edge_in_the_lake(provider: Path) -> None:
    lake = provider / "lake"
    edges = lakes.read_tables(lake, LAST, ["edges"])["edges"].to_pylist()
    nasty = next(row for row in edges if NASTY in (row["account_a"], row["account_b"]))
    for edge in (edges[0], nasty):
        one, other = edge["account_a"], edge["account_b"]
        text = call("why", lake, other, "--with", one)
        assert text == call("why", lake, one, "--with", other)
        assert "\x1b" not in text and "\u202e" not in text and "people decide" in text
        assert f"Tied: log odds of {edge['weight']:,} millibits" in text
        sums = re.search(r"^By signal.*?\n\n", text, re.DOTALL | re.MULTILINE)
        assert sums
        told = dict(re.findall(r"^(\w+) +([+-][\d,]+)$", sums[0], re.MULTILINE))
        parts = {name: int(adds.replace(",", "")) for name, adds in told.items()}
        assert parts.pop("all") == sum(parts.values()) == edge["weight"]
        assert all(edge[signal] == millibits for signal, millibits in parts.items())
    assert "asked about with itself" in fails("why", lake, one, "--with", one, code=2)
    assert "not in the window" in fails("why", lake, one, "--with", "nobody", code=2)


def test_evaluate_reads_a_truth_in_any_form(provider: Path, tmp_path: Path) -> None:
    lake, truth = provider / "lake", provider / "snapshots" / "truth.parquet"
    figures = json.loads(call("evaluate", lake, truth, "--format", "json"))
    found = {row["figure"]: row for row in figures}
    assert found["ring recall"]["of"] >= 1 and 0 <= found["account precision"]["value"] <= 1
    assert found["ids kept"]["of"] >= 1, "earlier dates of the window say whether ids are kept"
    shown = call("evaluate", lake, truth)
    assert re.search(r"^ring recall +\d+ +\d+ +[01]\.\d{3} +[01]\.\d{3}-[01]\.\d{3}$", shown, re.M)
    rows = pq.read_table(truth).to_pylist()
    with (tmp_path / "truth.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["account_id", "ring"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    for form in ("truth.csv", "truth.parquet"):
        if form.endswith("parquet"):
            own = pa.table({name: [row[name] for row in rows] for name in ("account_id", "ring")})
            pq.write_table(own, tmp_path / form)
        plain = json.loads(call("evaluate", lake, tmp_path / form, "--format", "json"))
        got = {(row["figure"], row["part"]): row["n"] for row in plain}
        assert got["ring recall by size", "2-9"] >= 0
        assert ("honest accounts published", "unknown") in got
        assert not [row for row in plain if row["figure"] == "ring recall by tactic"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("short.csv", "account_id\na\n", "no column ring"),
        ("nowhere.csv", None, "no such file"),
        ("truth.xlsx", "account_id,ring\n", "another form"),
        ("empty.csv", "account_id,ring\n", "tells too little"),
        ("blank.csv", "", "no column account_id"),
        ("twice.csv", "account_id,ring\na,A\na,B\n", "1 repeats"),
        ("role.csv", "account_id,ring,role\na,A,boss\n", "role that is not known"),
        ("day.csv", "account_id,ring,first_day\na,A,soon\n", "first_day that does not fit"),
        ("broken.jsonl", '{"account_id": "a", "ring": "A"}\n{"acc\n', "rows that cannot be read"),
        ("ringless.jsonl", '{"account_id": "a", "rings": "A"}\n', "no row has a ring"),
    ],
)
def test_evaluate_refuses_a_truth_that_does_not_fit(
    provider: Path, tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    said = fails("evaluate", provider / "lake", tmp_path / name, code=65)
    assert message in said and "Traceback" not in said


def test_no_rings_is_no_error_and_is_said(tmp_path: Path) -> None:
    day = tmp_path / "snapshots" / "dt=2026-11-22"
    day.mkdir(parents=True)
    (day / "requests.csv").write_text(
        "account_id,ts,ip\n" + "".join(f"a{at},2026-11-22,203.0.113.{at}\n" for at in range(9))
    )
    lake = tmp_path / "lake"
    said = call("run", tmp_path / "snapshots", "--date", "2026-11-22", "--out", lake)
    assert said.startswith("2026-11-22: no rings found, 0 candidates, published as ")
    assert call("rings", lake) == "no rings found on 2026-11-22\n"
    assert json.loads(call("rings", lake, "--format", "json")) == []
    assert call("members", lake, "--communities") == "no community of two on 2026-11-22\n"
    assert call("members", lake, "--format", "csv") == ",".join(RING_MEMBERS.columns) + "\n"


def test_run_tells_progress_apart_from_the_result(provider: Path, tmp_path: Path) -> None:
    words = ["run", provider / "snapshots", "--date", "2026-11-22", "--out", tmp_path / "lake"]
    result = CliRunner().invoke(app, [*map(str, words), "--window", "2d", "--threads", "2"])
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"2026-11-22: \d+ rings and \d+ candidates, published as [0-9a-f]{16}\nreport: .*\n",
        result.stdout,
    )
    for said in ("made a new key in", "2026-11-22 requests:", "hubs proposed no pair", "GB of mem"):
        assert said in result.stderr and said not in result.stdout
    assert "window without data" not in result.stderr
    manifest = lakes.standing(tmp_path / "lake", LAST)
    assert manifest is not None and manifest.manifest["settings"]["window_d"] == 2


def test_settings_are_shown_with_their_source(tmp_path: Path) -> None:
    path = tmp_path / "graphkit.toml"
    path.write_text("window_d = 7\n[rings]\nmin_size = 4\n")
    rows = json.loads(call("settings", "--settings", path, "--format", "json"))
    shown = {row["setting"]: (row["value"], row["source"]) for row in rows}
    assert shown["window_d"] == ("7", "file") and shown["rings.min_size"] == ("4", "file")
    assert shown["seed"] == ("0", "default")
    assert all(row["meaning"] for row in rows)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "snapshots", "--date", "2026-13-01", "--out", "lake"],
        ["run", "snapshots", "--out", "lake"],
        ["rings", "lake", "--format", "xml"],
        ["fly"],
    ],
)
def test_a_wrong_command_line_ends_with_2(words: list[str]) -> None:
    fails(*words, code=2)


def test_a_lake_that_is_none_ends_with_2(tmp_path: Path) -> None:
    assert "is not a lake" in fails("rings", tmp_path, code=2)
    assert "no such folder" in fails("members", tmp_path / "nowhere", code=2)


FAULTY = """
import sys
import graphkit.cli
import graphkit.settings
def faulty(*args, **more):
    raise ZeroDivisionError("a fault \\x1b[31m of ours\\nsecond line")
graphkit.settings.load_settings = faulty
graphkit.cli.main()
"""


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_is_one_line_and_a_traceback_only_when_asked_for(debug: bool) -> None:
    words = ["--debug", "settings"] if debug else ["settings"]
    result = subprocess.run(
        [sys.executable, "-c", FAULTY, *words], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1 and result.stdout == ""
    if debug:
        assert "Traceback" in result.stderr and "ZeroDivisionError" in result.stderr
    else:
        assert result.stderr.splitlines() == [
            "fault: ZeroDivisionError: a fault \\x1b[31m of ours",
            "graphkit --debug ... shows where; please report it",
        ]


def test_a_closed_pipe_is_no_fault(provider: Path) -> None:
    command = f"{COMMAND} members {provider / 'lake'} --all --format json | head -c 1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert result.stdout == "[" and "fault" not in result.stderr


def test_the_help_is_the_golden_text(golden: Callable[[str, str], None]) -> None:
    group: Any = app
    texts = []
    for words in ([], *([name] for name in ("run", "rings", "explain"))):
        result = CliRunner().invoke(
            group, [*words, "--help"], prog_name="graphkit", env={"COLUMNS": "80"}
        )
        assert result.exit_code == 0
        texts.append(result.stdout.rstrip())
    golden("help", "\n\n".join(texts))


def test_the_demonstration_shows_rings_truth_and_report(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    shown = call("demo", "--out", out, "--accounts", "600", "--days", "3", "--seed", "1")
    for said in ("Why R-", "account precision", "account recall", "Missed: ", "people decide"):
        assert said in shown
    (address,) = re.findall(r"file://(\S+)", shown)
    report = Path(address.replace("%3D", "="))
    assert report.is_absolute() and "Rings of 2026-11-22" in report.read_text()
    assert len(lakes.published_dates(out / "lake", kind="judged")) == 3
    key = (out / "lake.key").read_text()
    again = call("demo", "--out", out, "--accounts", "600", "--days", "3", "--seed", "1")
    assert (out / "lake.key").read_text() != key, "it starts afresh"
    assert re.sub(r"-[0-9a-f]{16}|/[0-9a-f]{16}/", "", again) == re.sub(
        r"-[0-9a-f]{16}|/[0-9a-f]{16}/", "", shown
    )


def test_the_demonstration_never_takes_a_folder_of_others(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "precious").touch()
    said = fails("demo", "--out", tmp_path, "--accounts", "600", code=2)
    assert "is not an earlier demonstration" in said
    assert (tmp_path / "snapshots" / "precious").exists()
    shutil.rmtree(tmp_path / "snapshots")
