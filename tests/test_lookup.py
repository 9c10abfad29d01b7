"""From a fact to accounts and rings, from a pseudonym back to the fact, and the log of both."""

import json
import shutil
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.contracts import HOLDERS, PROMPT_KINDS, REVEALED, UNNAMED_KINDS
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from pipelines import lake as lakes
from pipelines.nightly import run
from pipelines.publish import writing

LAST = date(2026, 11, 22)
WINDOW = Settings(window_d=2)
PREFIX = "2001:db8:7:7::"
PHONE = "+49 30 901820"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `snapshots` of three days and `lake`, whose window is two of them."""
    folder = tmp_path_factory.mktemp("provider")
    simulate(folder / "snapshots", World(accounts=600, days=3, seed=1, end=LAST))
    day = folder / "snapshots" / f"dt={LAST}"
    rows = [f"acct_m{at},phone,{PHONE},2026-11-22T0{at}:00:00Z" for at in range(3)]
    rows += [f"acct_m{at},ip,{PREFIX}{at},2026-11-22T0{at}:00:00Z" for at in range(3)]
    rows += ["acct_m0,device,Kiosk 7,2026-11-22T00:00:00Z"]
    (day / "mentions.csv").write_text("account_id,kind,entity,ts\n" + "\n".join(rows) + "\n")
    (folder / "benign.csv").write_text(f"kind,entity,until,why\nphone,{PHONE},,our desk\n")
    run(folder / "snapshots", LAST, folder / "lake", settings=WINDOW, benign=folder / "benign.csv")
    return folder


@pytest.fixture
def place(provider: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    shutil.copytree(provider, tmp_path / "place")
    return tmp_path / "place"


def call(*words: object, code: int = 0) -> str:
    """Standard output of a command that succeeds, standard error of one that must not."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    if code:
        assert result.stdout == "", "nothing is shown by a command that fails"
        return result.stderr
    return result.stdout


def find(place: Path, *words: object) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(
        call("find", place / "lake", *words, "--format", "json")
    )
    return listed


def reveal(place: Path, entity: str) -> list[str]:
    words = ["reveal", place / "lake", entity, "--snapshots", place / "snapshots"]
    rows = json.loads(call(*words, "--format", "json"))
    assert all(list(row) == list(REVEALED.columns) and row["entity"] == entity for row in rows)
    return [row["value"] for row in rows]


def log(place: Path) -> list[dict[str, Any]]:
    path = place / "lake" / "access.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def raw(place: Path, name: str) -> pa.Table:
    """The rows of a table in the window's days."""
    folders = [place / "snapshots" / f"dt=2026-11-{day}" for day in (21, 22)]
    paths = [folder / f"{name}.parquet" for folder in folders]
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])


COLUMNS = {"ip": ("requests", "ip"), "card": ("payments", "fingerprint")}


@pytest.mark.parametrize("kind", COLUMNS)
def test_evidence_is_revealed_and_found_again(place: Path, kind: str) -> None:
    table, column = COLUMNS[kind]
    rows = raw(place, table)
    evidence = lakes.read_tables(place / "lake", LAST, ["evidence"])["evidence"]
    entities = pc.unique(evidence.filter(pc.field("kind") == kind)["entity"]).to_pylist()[:3]
    assert entities
    for entity in entities:
        (value,) = reveal(place, entity)
        mine = rows.filter(pc.equal(rows[column], value))
        assert mine.num_rows
        listed = find(place, kind, value)
        assert [list(row) for row in listed] == [list(HOLDERS.columns)] * len(listed)
        counts = mine.group_by("account_id").aggregate([("ts", "count"), ("ts", "max")])
        expected = {row["account_id"]: row for row in counts.to_pylist()}
        assert {row["account_id"]: row["n"] for row in listed} == {
            account: row["ts_count"] for account, row in expected.items()
        }
        for row in listed:
            last = datetime.fromisoformat(row["last_seen"])
            assert last == expected[row["account_id"]]["ts_max"].replace(tzinfo=UTC)
        shown: str = call("find", place / "lake", kind, value)
        assert shown.startswith(f"{entity}: accounts {len(listed):,}, evidence in rings ")
        held: list[Any] = evidence.filter(pc.equal(evidence["entity"], entity))[
            "ring_id"
        ].to_pylist()
        assert all(ring in shown for ring in held) and held


def test_every_kind_of_evidence_but_prompts_is_revealed(place: Path) -> None:
    links = lakes.read_tables(place / "lake", LAST, ["links"])["links"]
    entities = {}
    for row in links.slice(0, 5000).to_pylist():
        entities[row["kind"]] = f"{row['kind']}-{row['entity'] & (2**64 - 1):016x}"
    assert {"ip", "device", "card", "card_weak", "billing", "email_domain", "prompt"} <= set(
        entities
    )
    for kind, entity in entities.items():
        if kind not in PROMPT_KINDS:
            assert len(reveal(place, entity)) == 1, kind
            continue
        words = ["reveal", place / "lake", entity, "--snapshots", place / "snapshots"]
        assert "of a text only a sketch is kept" in call(*words, code=2)


def test_devices_are_found_by_program_and_tls(place: Path) -> None:
    rows = raw(place, "requests").select(["account_id", "user_agent", "tls_fingerprint"])
    first = rows.slice(0, 1).to_pylist()[0]
    agent, tls = first["user_agent"], first["tls_fingerprint"]
    mine = rows.filter(
        pc.and_(pc.equal(rows["user_agent"], agent), pc.equal(rows["tls_fingerprint"], tls))
    )
    listed = find(place, "device", agent, "--tls", tls)
    assert {row["account_id"] for row in listed} == set(mine["account_id"].to_pylist())
    assert sum(row["n"] for row in listed) == mine.num_rows
    assert [row["account_id"] for row in find(place, "device", "Kiosk 7")] == ["acct_m0"]
    entity = log(place)[-2]["pseudonym"]
    assert reveal(place, entity) == [f"{agent} | {tls}"]


def test_an_ipv6_address_stands_for_its_prefix(place: Path) -> None:
    listed = find(place, "ip", f"{PREFIX}ffff")
    assert [row["account_id"] for row in listed] == ["acct_m0", "acct_m1", "acct_m2"]
    (prefix,) = reveal(place, log(place)[-1]["pseudonym"])
    assert prefix == f"{PREFIX}/64"
    assert find(place, "ip", prefix) == listed


def test_what_the_allow_list_names_is_found_and_said(place: Path) -> None:
    shown = call("find", place / "lake", "phone", PHONE)
    assert "accounts 3, evidence in rings 0" in shown
    assert "the allow-list names it (our desk; applied)" in shown and "acct_m2" in shown
    assert call("find", place / "lake", "phone", "110").splitlines()[1:] == []


def test_an_account_is_found_as_why_says(place: Path) -> None:
    members = lakes.read_tables(place / "lake", LAST, ["members"])["members"]
    account = members["account_id"][0].as_py()
    assert call("find", place / "lake", "account", account) == call("why", place / "lake", account)
    assert {row["kind"] for row in find(place, "account", account)} >= {"ip"}
    assert "is not in the window" in call("find", place / "lake", "account", "nobody", code=2)
    assert [(line["pseudonym"], line["hits"]) for line in log(place)] == [
        (account, 1),
        (account, 1),
        ("nobody", 0),
    ]


def test_who_asked_is_logged_and_the_value_is_not(place: Path) -> None:
    ip = raw(place, "requests")["ip"][0].as_py()
    found = len(find(place, "ip", ip))
    entity = log(place)[0]["pseudonym"]
    reveal(place, entity)
    path = place / "lake" / "access.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, second = log(place)
    moments = [datetime.fromisoformat(line.pop("time")) for line in (first, second)]
    assert moments[0] <= moments[1] <= datetime.now(UTC) and moments[0].tzinfo is not None
    said = {"kind": "ip", "pseudonym": entity, "date": "2026-11-22", "user": first["user"]}
    assert first == {"command": "find", "hits": found} | said
    assert second == {"command": "reveal", "hits": 1} | said
    assert ip not in path.read_text() and first["user"]
    before = path.read_bytes()
    run(place / "snapshots", LAST, place / "lake", settings=WINDOW)
    assert path.read_bytes() == before, "a run leaves the log alone"


def test_without_a_log_nothing_is_shown(place: Path) -> None:
    ip = raw(place, "requests")["ip"][0].as_py()
    find(place, "ip", ip)
    entity = log(place)[0]["pseudonym"]
    path = place / "lake" / "access.jsonl"
    path.unlink()
    path.mkdir()
    words = ["reveal", place / "lake", entity, "--snapshots", place / "snapshots"]
    for command in (
        ["find", place / "lake", "ip", ip],
        words,
        ["find", place / "lake", "account", "acct_m0"],
    ):
        said = call(*command, code=75)
        assert "nothing is shown" in said and ip not in said
    path.rmdir()
    path.symlink_to(place / "elsewhere")
    assert "nothing is shown" in call(*words, code=75)


def test_a_folder_with_only_a_log_may_become_a_lake(tmp_path: Path) -> None:
    (tmp_path / "access.jsonl").write_text("{}\n")
    with writing(tmp_path):
        pass
    assert (tmp_path / "access.jsonl").read_text() == "{}\n"


def test_what_is_gone_is_said(place: Path) -> None:
    ip = raw(place, "requests")["ip"][0].as_py()
    find(place, "ip", ip)
    entity = log(place)[0]["pseudonym"]
    for path in place.glob("snapshots/dt=*/requests.parquet"):
        table = pq.read_table(path, partitioning=None)
        at = table.column_names.index("ip")
        blank = pa.array(["192.0.2.1"] * table.num_rows)
        pacsv.write_csv(table.set_column(at, "ip", blank), path.with_suffix(".csv"))
        path.unlink()
    assert reveal(place, entity) == []
    words = ["reveal", place / "lake", entity, "--snapshots", place / "snapshots"]
    assert call(*words) == f"{entity} is not in the files of the window any more\n"
    for path in place.glob("snapshots/dt=*"):
        path.rename(path.with_name(path.name.replace("2026", "2025")))
    assert "holds no day of the window" in call(*words, code=65)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ip", "10.1.2.3"], "cannot be looked up as kind 'ip'"),
        (["ip", "not an address"], "cannot be looked up as kind 'ip'"),
        (["card", "4111-1111-1111-1111"], "a card number, which is never kept"),
        (["ip", "203.0.113.7", "--tls", "t13d"], "leave --tls out"),
        (["phon", "110"], "did you mean 'phone'?"),
        *(([kind, "x"], "no single value names an entity of kind") for kind in UNNAMED_KINDS),
    ],
)
def test_what_cannot_be_found(place: Path, words: list[str], said: str) -> None:
    error = call("find", place / "lake", *words, code=2)
    assert said in error
    assert words[1] == "x" or words[1] not in error
    assert log(place) == [], "a kind that is none may be a value in the wrong place"


@pytest.mark.parametrize("entity", ["203.0.113.7", "ip-00f3", "ip-" + "0" * 17, "IP-" + "0" * 16])
def test_what_is_no_pseudonym(provider: Path, entity: str) -> None:
    words = ["reveal", provider / "lake", entity, "--snapshots", provider / "snapshots"]
    assert "that is no pseudonym" in call(*words, code=2)


def test_another_key_finds_nothing(place: Path) -> None:
    (place / "lake.key").write_text("0123456789abcdef" * 4)
    assert "not the one" in call("find", place / "lake", "ip", "203.0.113.7", code=78)
    words = ["reveal", place / "lake", "ip-" + "0" * 16, "--snapshots", place / "snapshots"]
    assert "not the one" in call(*words, code=78)
    (place / "lake.key").unlink()
    assert "is missing" in call(*words, "--key", place / "lake.key", code=78)
    assert log(place) == []
