"""Declared trust: what lies inside one verified organisation is set apart, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.contracts import PROFILES
from graphkit.entities import Key
from graphkit.graph import kinds_for
from graphkit.reports import render, spell_rings
from graphkit.rings.organisation import organisations
from graphkit.settings import GraphSettings, Settings
from tests.handmade import BY_HAND, BY_HAND_TOML

DAY = date(2026, 11, 22)
KEY = Key(bytes(range(40, 72)))
PLAIN = Settings(graph=BY_HAND)
TRUSTING = Settings(graph=BY_HAND.model_copy(update={"trust_org_id": True}))
Row = dict[str, Any]


# The rule


def profiles_of(rows: Sequence[tuple[str, int | None, int]]) -> pa.Table:
    """PROFILES of account, organisation and days before the day."""
    nothing = [None] * len(rows)
    columns: dict[str, Any] = {name: pa.array(nothing, t) for name, t in PROFILES.columns.items()}
    columns["dt"] = pa.array([DAY - timedelta(days=back) for _, _, back in rows], pa.date32())
    columns["account_id"] = pa.array([account for account, _, _ in rows], pa.string())
    columns["org"] = pa.array([org for _, org, _ in rows], pa.int64())
    for name in ("requests", "payments", "amount_cents"):
        columns[name] = pa.array([0] * len(rows), pa.int64())
    return PROFILES.conform(pa.table(columns))


def inside(rings: Mapping[int, Sequence[str]], profiles: pa.Table) -> dict[int, str]:
    pairs = [(ring, account) for ring, accounts in rings.items() for account in accounts]
    belongs = {
        "ring": pa.array([ring for ring, _ in pairs], pa.int64()),
        "account_id": pa.array([account for _, account in pairs], pa.string()),
    }
    found = organisations(pa.table(belongs), profiles).to_pylist()
    assert len({row["ring"] for row in found}) == len(found)
    return {row["ring"]: row["organisation"] for row in found}


HISTORY = st.lists(st.sampled_from([None, -1, 7]) | st.just(7), min_size=1, max_size=3)


@given(st.lists(st.lists(HISTORY, min_size=1, max_size=24), min_size=1, max_size=3), st.randoms())
def test_a_ring_is_inside_by_the_rule(rings: list[list[list[int | None]]], random: Any) -> None:
    rows, expected = [], {}
    for ring, histories in enumerate(rings):
        latest = []
        for at, history in enumerate(histories):
            rows += [(f"{ring}/{at}", org, back) for back, org in enumerate(history)]
            latest.append(next((org for org in history if org is not None), None))
        known = [org for org in latest if org is not None]
        if len(set(known)) == 1 and len(known) / len(latest) >= 0.9:
            expected[ring] = f"org-{known[0] % 2**64:016x}"
    random.shuffle(rows)
    names = {ring: [f"{ring}/{at}" for at in range(len(all_))] for ring, all_ in enumerate(rings)}
    assert inside(names, profiles_of(rows)) == expected


def test_a_tenth_may_be_unknown_and_none_may_be_anothers() -> None:
    accounts = [f"a{at}" for at in range(20)]
    for n, held in ((18, True), (17, False)):
        told = profiles_of([(account, 7, 0) for account in accounts[:n]])
        assert bool(inside({1: accounts}, told)) is held
    mixed = [(account, 7 if at else 8, 0) for at, account in enumerate(accounts)]
    assert not inside({1: accounts}, profiles_of(mixed))


def test_sharing_a_verified_organisation_weighs_nothing() -> None:
    plain, trusted = (
        {row["kind"]: row for row in kinds_for(GraphSettings(trust_org_id=trust)).to_pylist()}
        for trust in (False, True)
    )
    assert trusted.pop("org") == plain.pop("org") | {"per_bit": 0, "ceiling": 6500}
    assert trusted == plain


# A planted integrator


def group(name: str, n: int) -> tuple[list[Row], list[Row]]:
    """Requests and payments of accounts with one address, one card and one template."""
    words = f"{name} asks that this text of some length be put into other words for {name}"
    asked = [
        {
            "account_id": f"{name}{at}",
            "ts": f"2026-11-22T0{hour}:{at:02d}:00Z",
            "ip": f"203.0.113.{len(name)}",
            "user_agent": f"{name}/1.0",
            "prompt": f"{words}, {words} {hour}",
        }
        for at in range(n)
        for hour in range(4)
    ]
    paid = [
        {"account_id": f"{name}{at}", "ts": "2026-11-22T09:00:00Z", "fingerprint": f"fp-{name}"}
        for at in range(n)
    ]
    return asked, paid


INTEGRATOR, OUTSIDERS = 30, 10


def world(
    orgs: Mapping[str, str], *, n: int = INTEGRATOR, n_ring: int = 6, mentions: bool = False
) -> Row:
    """An integrator, a ring, and people; `orgs` gives the organisation by account."""
    planted = [group("integrator", n), group("ring", n_ring)]
    people: list[Row] = [
        {
            "account_id": f"p{at}",
            "ts": "2026-11-22T10:00:00Z",
            "ip": f"198.51.{at // 250}.{at % 250}",
            "user_agent": f"agent {at % 7}",
            "prompt": f"question {'x' * (at % 97)} of person {'y' * (at % 89)}",
        }
        for at in range(1500)
    ]
    requests = [row for asked, _ in planted for row in asked] + people
    names = list(dict.fromkeys(row["account_id"] for row in requests))
    listed = [{"account_id": name, "org_id": orgs.get(name)} for name in names]
    said = [{"account_id": a, "kind": "org", "entity": org} for a, org in orgs.items()]
    return {
        "requests": pa.Table.from_pylist(requests),
        "payments": pa.Table.from_pylist([row for _, paid in planted for row in paid]),
        "accounts": pa.Table.from_pylist(
            listed, pa.schema({"account_id": pa.string(), "org_id": pa.string()})
        ).slice(0, 0 if mentions else len(listed)),
        **({"mentions": pa.Table.from_pylist(said)} if mentions else {}),
    }


def members_of(name: str, n: int, org: str) -> dict[str, str]:
    return {f"{name}{at}": org for at in range(n)}


DECLARED = members_of("integrator", INTEGRATOR, "org-big")


def found(tables: Row, settings: Settings = TRUSTING) -> gk.Detection:
    return gk.detect(**tables, date=DAY, window=1, settings=settings, key=KEY)


def statuses(detection: gk.Detection) -> dict[str, str]:
    """Status of the ring of each planted group; each is in one ring, whole."""
    sizes = {row["ring_id"]: row["size"] for row in detection.rings.to_pylist()}
    told: dict[str, str] = {}
    for row in detection.members.to_pylist():
        if row["status"] != "candidate":
            name = row["account_id"].rstrip("0123456789")
            assert told.setdefault(name, row["status"]) == row["status"]
            assert sizes[row["ring_id"]] >= 6
    return told


def test_an_integrator_is_set_apart_when_trusted_and_stays_when_not() -> None:
    tables = world(DECLARED)
    plain, trusting = found(tables, PLAIN), found(tables)
    assert statuses(plain) == {"integrator": "published", "ring": "published"}
    assert statuses(trusting) == {"integrator": "organisation", "ring": "published"}
    assert plain.rings["organisation"].null_count == len(plain.rings)
    (named,) = trusting.rings["organisation"].drop_null().to_pylist()
    assert named in plain.evidence["entity"].to_pylist()
    assert named not in trusting.evidence["entity"].to_pylist(), "declared, not discovered"
    (apart,) = [row for row in trusting.rings.to_pylist() if row["status"] == "organisation"]
    facts = trusting.ring(apart["ring_id"]).evidence["kind"].to_pylist()
    assert {"card", "prompt", "ip"} <= set(facts), "it is still explained"
    assert apart["size"] == INTEGRATOR and len(trusting.members) == len(plain.members)


def test_who_writes_an_organisation_gains_nothing_where_none_is_verified() -> None:
    bare = found(world({}), PLAIN)
    written = found(world(members_of("ring", 6, "org-big") | DECLARED), PLAIN)
    assert statuses(written) == statuses(bare)
    inside = [set(detection.members["account_id"].to_pylist()) for detection in (bare, written)]
    assert inside[0] and inside[0] <= inside[1], "nobody writes himself out of a ring"


@pytest.mark.parametrize("theirs", [None, "org-other"])
def test_outsiders_bring_an_organisation_back_among_the_rings(theirs: str | None) -> None:
    outside = members_of("integrator", INTEGRATOR + OUTSIDERS, theirs) if theirs else {}
    joined = found(world(outside | DECLARED, n=INTEGRATOR + OUTSIDERS))
    assert statuses(joined)["integrator"] == "published"
    assert pc.max(joined.rings["size"]).as_py() == INTEGRATOR + OUTSIDERS


def test_an_organisation_that_was_only_mentioned_is_none() -> None:
    assert statuses(found(world(DECLARED, mentions=True)))["integrator"] == "published"


# What people see


def night(root: Path, tables: Row) -> tuple[str, str]:
    """Run a night that trusts, into `root/lake`; what it says on both streams."""
    folder = root / "snapshots" / f"dt={DAY}"
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    lines = f"window = 1\n[graph]\ntrust_org_id = true\n{BY_HAND_TOML}"
    (root / "graphkit.toml").write_text(lines)
    words = ["run", root / "snapshots", "--date", DAY, "--out", root / "lake"]
    return told(*words, "--settings", root / "graphkit.toml")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of one night that trusts, with an integrator and a ring."""
    root = tmp_path_factory.mktemp("trusting")
    out, err = night(root, world(DECLARED))
    assert "1 rings and 0 candidates, 1 inside one verified organisation, published" in out
    assert "inside one verified organisation: 1 ring\n" in err
    return root / "lake"


def told(*words: object) -> tuple[str, str]:
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


@pytest.mark.parametrize("command", ["rings", "members"])
def test_listings_say_what_was_set_apart_and_all_shows_it(command: str, lake: Path) -> None:
    said = "inside one verified organisation: 1 ring"
    out, _ = told(command, lake)
    assert out.endswith(f"{said}; --all lists them\n") and "published" in out
    assert not [line for line in out.splitlines()[1:] if "  organisation  " in line]
    everything, _ = told(command, lake, "--all")
    assert everything.endswith(f"{said}\n") and "  organisation" in everything
    out, err = told(command, lake, "--format", "csv")
    assert "organisation: 1" not in out and err == f"{said}; --all lists them\n"


def test_where_all_are_set_apart_no_candidate_is_promised(tmp_path: Path) -> None:
    out, _ = night(tmp_path, world(DECLARED, n_ring=0))
    assert "no rings found, 0 candidates, 1 inside one verified organisation" in out
    said = "inside one verified organisation: 1 ring; --all lists them\n"
    assert told("rings", tmp_path / "lake") == (f"no rings found on {DAY}\n{said}", "")


def test_a_ring_set_apart_is_explained_everywhere(
    lake: Path, golden: Callable[[str, str], None]
) -> None:
    opened = gk.open(lake)
    table = opened.findings.rings
    apart = table.filter(pc.equal(table["status"], pa.scalar("organisation"))).to_pylist()[0]
    text = str(opened.ring(apart["ring_id"]))
    assert told("explain", lake, apart["ring_id"])[0] == text + "\n"
    golden(
        "explain_headline_organisation",
        text[: text.index("\n\n")].replace(apart["organisation"], "org-PSEUDONYM"),
    )
    assert "inside one verified organisation)" in opened.why("integrator0").reason
    page = render(opened.findings)
    start = page.index("<h2>Inside one verified organisation</h2>")
    assert start < page.index(f'id="{apart["ring_id"]}"') < page.index("<h2>Candidates</h2>")
    assert f"<b>{INTEGRATOR}</b> of its accounts are known to be in it" in page
    assert spell_rings(opened.findings).endswith("inside one verified organisation: 1 ring")
    said = "1 rings published, 0 candidates, inside one verified organisation: 1 ring>"
    assert repr(opened).endswith(said)
    assert "<p>inside one verified organisation: 1 ring</p>" in opened._repr_html_()


def test_where_nothing_is_set_apart_nothing_is_said() -> None:
    plain = found(world(DECLARED), PLAIN)
    for text in (spell_rings(plain.findings), render(plain.findings), repr(plain)):
        assert "verified organisation" not in text
