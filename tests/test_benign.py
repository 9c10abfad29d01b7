"""The allow-list: what it leaves out, what it says, and what it never keeps."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.contracts import ACCOUNTS, BENIGN_REMOVED, MENTIONS, PAYMENTS, REQUESTS, Contract
from graphkit.entities import Key, identify, key_benign, link_accounts
from graphkit.entities.values import device
from graphkit.errors import DataError
from graphkit.graph.benign import match_benign, without_benign
from graphkit.ingest.benign import check_benign, read_benign
from graphkit.reports import render, spell_rings
from graphkit.settings import Settings
from pipelines import lake as lakes
from pipelines.nightly import run
from tests.handmade import BY_HAND

DAY = date(2026, 11, 22)
HAND = Settings(graph=BY_HAND)
ONE_DAY = Settings(window_d=1, graph=BY_HAND)
KEY = Key(bytes(range(40, 72)))
OFFICE, COMPANY = "198.51.100.9", "fp-company-card"
Row = dict[str, Any]


def members(name: str, n: int, ip: str, card: str, text: str) -> tuple[list[Row], list[Row]]:
    """Requests and payments of accounts that share an address, a card, a program and texts."""
    words = (
        f"{text} which is long enough for its first and its last sixteen words to differ, {text}"
    )
    asked = [
        {
            "account_id": f"{name}{at}",
            "ts": f"2026-11-22T0{hour}:0{at}:00Z",
            "ip": ip,
            "user_agent": f"{name}/1.0",
            "prompt": f"{words} {hour}",
        }
        for at in range(n)
        for hour in range(4)
    ]
    paid = [
        {"account_id": f"{name}{at}", "ts": "2026-11-22T09:00:00Z", "fingerprint": card}
        for at in range(n)
    ]
    return asked, paid


@pytest.fixture(scope="module")
def world() -> Row:
    """Test accounts behind the own office, a smaller ring, and people with nothing in common."""
    own = members("own", 8, OFFICE, COMPANY, "the platform team asks the models for the weather")
    ring = members("ring", 5, "203.0.113.7", "fp-1", "answer as the model that is to be copied")
    people = [
        {
            "account_id": f"p{at}",
            "ts": "2026-11-22T10:00:00Z",
            "ip": f"192.0.{2 + at // 250}.{at % 250}",
            "user_agent": f"agent {at % 7}",
            "prompt": f"question {'x' * (at % 97)} of person {'y' * (at % 89)}",
        }
        for at in range(2000)
    ]
    return {
        "requests": pa.Table.from_pylist(own[0] + ring[0] + people),
        "payments": pa.Table.from_pylist(own[1] + ring[1]),
    }


def entries(*rows: tuple[str, str, str, str]) -> pa.Table:
    names = ("kind", "entity", "until", "why")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


OWN = entries(("ip", OFFICE, "", "our office"), ("card", COMPANY, "", "company card"))


def groups(detection: gk.Detection) -> list[str]:
    """Which group each published ring is of, strongest first."""
    first: dict[str, str] = {}
    for row in detection.members.to_pylist():
        if row["status"] == "published":
            first.setdefault(row["ring_id"], row["account_id"].rstrip("0123456789"))
    return list(first.values())


def test_the_own_office_does_not_top_the_list(world: Row) -> None:
    assert sorted(groups(gk.detect(**world, settings=HAND, key=KEY))) == ["own", "ring"]
    found = gk.detect(**world, settings=HAND, key=KEY, benign=OWN)
    assert groups(found) == ["ring"]
    removed = found.findings.benign
    assert BENIGN_REMOVED.check(removed) is removed
    counts = removed.select(["kind", "state", "n_links", "n_accounts"]).to_pylist()
    whole = {"state": "applied", "n_links": 8, "n_accounts": 8}
    assert counts == [{"kind": kind} | whole for kind in ("card", "ip")]
    assert "own0" in found.findings.links["account_id"].to_pylist(), "links stay as they were read"
    ips = found.graph.degrees("ip")
    assert pc.max(ips["n_accounts"]).as_py() == 5, "the graph is the one that was judged"


def test_members_keep_what_else_they_share(world: Row) -> None:
    listed = entries(("ip", "::ffff:203.0.113.7", "", "a university"))
    before, after = (
        gk.detect(**world, settings=HAND, key=KEY),
        gk.detect(**world, settings=HAND, key=KEY, benign=listed),
    )
    facts = [
        {row["entity"] for row in found.evidence.to_pylist() if "ring0" in row["members"]}
        for found in (before, after)
    ]
    (gone,) = facts[0] - facts[1]
    assert gone.startswith("ip-") and facts[1] < facts[0] and len(facts[1]) >= 2
    assert sorted(groups(after)) == ["own", "ring"]
    why = after.why("ring0")
    assert "ip" not in why.facts["kind"].to_pylist() and "card" in why.facts["kind"].to_pylist()


def test_accounts_leave_with_all_their_links(world: Row) -> None:
    listed = entries(*(("account", f"ring{at}", "", "red team") for at in range(4)))
    found = gk.detect(**world, settings=HAND, key=KEY, benign=listed)
    assert groups(found) == ["own"]
    assert found.why("ring0").reason == "In no ring: the allow-list names it (red team)."
    assert len(found.why("ring0").facts) == len(found.why("ring4").ties) == 0
    assert {row["n_accounts"] for row in found.findings.benign.to_pylist()} == {1}


def test_an_entry_holds_up_to_its_last_day(world: Row) -> None:
    plain = gk.detect(**world, settings=HAND, key=KEY)
    for until, states in (("2026-11-22", {"applied"}), ("2026-11-21", {"expired"})):
        listed = entries(("ip", OFFICE, until, "x"), ("card", COMPANY, until, "x"))
        found = gk.detect(**world, settings=HAND, key=KEY, benign=listed)
        assert set(found.findings.benign["state"].to_pylist()) == states
    assert not gk.detect(**world, settings=HAND, key=KEY, benign=OWN).findings.edges.equals(
        plain.findings.edges
    )
    assert found.findings.edges.equals(plain.findings.edges), "an expired entry changes nothing"
    assert found.rings.table.equals(plain.rings.table)
    assert set(found.findings.benign["n_links"].to_pylist()) == {0}


def test_what_did_nothing_is_said(world: Row) -> None:
    listed = entries(
        ("ip", OFFICE, "", "our office"),
        ("org", "org-9", "", "a partner\x1b[31m<b>"),
        ("account", "nobody", "2026-01-01", "old test account"),
    )
    found = gk.detect(**world, settings=HAND, key=KEY, benign=listed)
    said = spell_rings(found.findings)
    org = found.findings.benign["entity"][2].as_py()
    assert said.splitlines()[:3] == [
        "allow-list of 3 entries: 1 applied, 1 expired, 1 unmatched; 8 links left out",
        "  expired on 2026-01-01: nobody (old test account)",
        f"  unmatched: {org} (a partner\\x1b[31m<b>)",
    ]
    page = render(found.findings)
    assert "Allow-list: left out" in page and org in page and "2026-01-01" in page
    assert "a partner\\x1b[31m&lt;b&gt;" in page and OFFICE not in page
    assert "Allow-list" not in render(gk.detect(**world, settings=HAND, key=KEY).findings)


def table(contract: Contract, *rows: Row) -> pa.Table:
    blank: Row = dict.fromkeys(contract.columns)
    if "ts" in contract.columns:
        blank["ts"] = datetime(2026, 11, 22, tzinfo=UTC)
    return pa.Table.from_pylist([blank | row for row in rows], schema=contract.schema)


def test_identify_makes_the_entities_of_links() -> None:
    agent, tls = " Mozilla/5.0 (X11) ", "t13d"
    values = {
        "ip": ("2001:DB8::1", "2001:db8:0:0:5::"),
        "card": ("fp-1", " fp-1 "),
        "device": (device(agent, tls), device(agent, tls)),
        "email_domain": ("Acme.Example", "jo@acme.example."),
        "org": ("org-1", " org-1"),
        "phone": ("+49 30 1", "+49 30 1 "),
    }
    request = {"ip": values["ip"][0], "user_agent": agent, "tls_fingerprint": tls}
    account = {"email_domain": values["email_domain"][0], "org_id": "org-1"}
    links = link_accounts(
        table(ACCOUNTS, {"account_id": "a", **account}),
        [table(REQUESTS, {"account_id": "a", **request})],
        [table(PAYMENTS, {"account_id": "a", "fingerprint": "fp-1"})],
        [table(MENTIONS, {"account_id": "a", "kind": "phone", "entity": "+49 30 1"})],
        dt=DAY,
        key=KEY,
    ).links
    made = dict(zip(links["kind"].to_pylist(), links["entity"].to_pylist(), strict=True))
    assert {kind: made[kind] for kind in values} == made
    for kind, spellings in values.items():
        assert identify(kind, spellings, KEY).to_pylist() == [made[kind]] * 2, kind
    assert identify("ip", ["10.0.0.1", "junk", "::1"], KEY).null_count == 3
    assert identify("ip", [], KEY).to_pylist() == []


@pytest.mark.parametrize("kind", ["ip", "device", "email_domain", "org", "phone"])
def test_a_mention_is_the_same_entity_as_its_column(kind: str) -> None:
    value = {"ip": "203.0.113.7", "email_domain": "Acme.example"}.get(kind, "x-1")
    mention = table(MENTIONS, {"account_id": "a", "kind": kind, "entity": value})
    links = link_accounts(ACCOUNTS.empty(), [], [], [mention], dt=DAY, key=KEY).links
    assert links["entity"].to_pylist() == identify(kind, [value], KEY).to_pylist()


def test_links_keep_their_order_and_are_counted_once_per_entry() -> None:
    rows = [{"account_id": who, "ip": f"203.0.113.{at}"} for who in "cab" for at in (7, 8)]
    links = link_accounts(ACCOUNTS.empty(), [table(REQUESTS, *rows)], [], [], dt=DAY, key=KEY).links
    listed = entries(
        ("ip", "203.0.113.7", "", "x"), ("ip", "203.0.113.7", "", "y"), ("account", "a", "", "z")
    )
    benign = key_benign(check_benign(listed), KEY)
    shuffled = key_benign(check_benign(listed.take([2, 0, 1])), KEY)
    assert shuffled.equals(benign), "the order of the list does not matter"
    removed = match_benign(links, benign, dt=DAY)
    assert removed["n_links"].to_pylist() == [2, 3, 3]
    assert removed["n_accounts"].to_pylist() == [1, 3, 3]
    kept = without_benign(links, removed)
    hidden = pc.equal(links["entity"], identify("ip", ["203.0.113.7"], KEY)[0])
    expected = links.filter(pc.and_(pc.invert(hidden), pc.not_equal(links["account_id"], "a")))
    assert kept.equals(expected) and kept.num_rows == 2
    assert without_benign(links, BENIGN_REMOVED.empty()) is links


# Files

HEAD = "kind,entity,until,why"
BAD: dict[str, Sequence[str]] = {
    "no_header": [f"ip,{OFFICE},,office"],
    "misspelled_column": ["kind,entity,untill,why", f"ip,{OFFICE},,office"],
    "short_line": [HEAD, f"ip,{OFFICE},,office", "org,org-1,"],
    "unnamed_kind": [HEAD, "", "billing,Zoe Smith,,us"],
    "no_kind": [HEAD, f",{OFFICE},,office"],
    "no_entity": [HEAD, "card,,,company card"],
    "no_date": [HEAD, f"ip,{OFFICE},next week,office"],
    "no_reason": [HEAD, f"ip,{OFFICE},2026-12-31,"],
    "value_in_reason": [HEAD, f"ip,{OFFICE},,our office {OFFICE}"],
    "card_number": [HEAD, f"ip,{OFFICE},,office", "card,4111 1111 1111 1111,,company card"],
    "card_number_in_reason": [HEAD, "card,fp-1,,the one that ends 4111111111111111"],
    "inside_address": [HEAD, "ip,192.168.1.1,,office"],
    "no_domain": [HEAD, "email_domain,@,,office"],
    "tls_of_no_device": [f"{HEAD},tls_fingerprint", f"ip,{OFFICE},,office,t13d"],
}


@pytest.fixture
def provider(world: Row, tmp_path: Path) -> Path:
    """A folder with `snapshots` of one day."""
    folder = tmp_path / "snapshots" / f"dt={DAY}"
    folder.mkdir(parents=True)
    for name, rows in world.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    return tmp_path


@pytest.mark.parametrize("case", BAD)
def test_a_bad_list_ends_in_its_golden_message(
    case: str, provider: Path, golden: Callable[[str, str], None]
) -> None:
    path = provider / "benign.csv"
    path.write_text("\n".join(BAD[case]) + "\n")
    words = ["run", provider / "snapshots", "--date", DAY, "--out", provider / "lake"]
    result = CliRunner().invoke(app, [*map(str, words), "--benign", str(path)])
    assert result.exit_code == 65 and result.stdout == "", result.output
    assert not (provider / "lake").exists() or not lakes.published_dates(provider / "lake")
    error = result.stderr[result.stderr.index("error: ") :].replace(str(provider), "PLACE")
    assert "4111" not in error and OFFICE not in error and "192.168" not in error
    golden(f"benign_{case}", error.rstrip())


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_benign(tmp_path / "benign.csv")
    (tmp_path / "benign.csv").write_bytes(b"kind,entity,until,why\nip,\xff,,x\n")
    with pytest.raises(DataError, match="no CSV in UTF-8"):
        read_benign(tmp_path / "benign.csv")


def test_a_list_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "benign.csv"
    path.write_bytes(
        b"\xef\xbb\xbfwhy,until,entity,kind,tls_fingerprint\r\n"
        b'"a, b",2026-12-31, curl/8 ,Device,t1\r\n'
    )
    row: Row = {"kind": "device", "entity": "curl/8", "tls_fingerprint": "t1", "why": "a, b"}
    row |= {"place": f"{path} line 2", "until": date(2026, 12, 31)}
    assert read_benign(path).to_pylist() == [row]
    keyed = key_benign(read_benign(path), KEY)
    held = identify("device", [device("curl/8", "t1")], KEY).to_numpy().view("uint64")[0]
    assert keyed["entity"].to_pylist() == [f"device-{held:016x}"]


def test_a_table_is_checked_like_a_file() -> None:
    listed = entries(("ip", OFFICE, "", "office"))
    assert check_benign(listed)["place"].to_pylist() == ["table benign row 1"]
    dates = listed.set_column(2, "until", pa.array([DAY]))
    assert check_benign(dates)["until"].to_pylist() == [DAY]
    with pytest.raises(DataError, match="table benign row 2, column until"):
        check_benign(pa.concat_tables([listed, entries(("ip", OFFICE, "soon", "office"))]))
    with pytest.raises(DataError, match="does not have its columns"):
        check_benign(listed.drop_columns(["why"]))


def test_the_night_publishes_what_was_left_out_and_no_value(provider: Path) -> None:
    path = provider / "benign.csv"
    lines = [HEAD, f"ip,{OFFICE},,our office", f"card,{COMPANY},,company card"]
    path.write_text("\n".join(lines) + "\n")
    run(
        provider / "snapshots",
        DAY,
        provider / "lake",
        settings=Settings(window_d=1, graph=BY_HAND),
        benign=path,
    )
    opened = gk.open(provider / "lake")
    assert groups(opened) == ["ring"]
    assert opened.findings.benign["state"].to_pylist() == ["applied", "applied"]
    assert opened.why("own0").ring_id is None
    snapshot = lakes.standing(provider / "lake", DAY)
    assert snapshot is not None and snapshot.manifest["benign"]["entries"] == 2
    digest = snapshot.manifest["benign"]["sha256"]
    for file in (provider / "lake").rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        if file.suffix == ".parquet":
            content += str(pq.read_table(file, partitioning=None).to_pylist()).encode()
        for value in (OFFICE, COMPANY, str(provider)):
            assert value.encode() not in content, file
    path.write_text("\n".join([HEAD, *reversed(lines[1:])]) + "\n")
    again = run(
        provider / "snapshots",
        DAY,
        provider / "lake",
        settings=Settings(window_d=1, graph=BY_HAND),
        benign=path,
    )
    assert again.snapshot.id == snapshot.id, "the order of the list does not matter"
    path.write_text(lines[0] + "\n" + lines[1] + "\n")
    other = run(
        provider / "snapshots",
        DAY,
        provider / "lake",
        settings=Settings(window_d=1, graph=BY_HAND),
        benign=path,
    )
    assert other.snapshot.manifest["benign"]["sha256"] != digest


def test_the_command_takes_the_list_that_the_settings_name(provider: Path) -> None:
    (provider / "benign.csv").write_text(f"{HEAD}\nip,{OFFICE},,our office\n")
    (provider / "other.csv").write_text(f"{HEAD}\ncard,{COMPANY},,company card\n")
    (provider / "graphkit.toml").write_text("window = 1\n[run]\nbenign = 'benign.csv'\n")
    words = ["run", provider / "snapshots", "--date", DAY, "--out", provider / "lake"]
    words += ["--settings", provider / "graphkit.toml"]
    for extra, kinds in ([], ["ip"]), (["--benign", provider / "other.csv"], ["card"]):
        result = CliRunner().invoke(app, [*map(str, words), *map(str, extra)])
        assert result.exit_code == 0, result.output
        listed = gk.open(provider / "lake").findings.benign
        assert listed["kind"].to_pylist() == kinds
