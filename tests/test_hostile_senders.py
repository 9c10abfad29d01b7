"""An account that writes junk into its own fields loses none of its links, in any form of file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from graphkit import detect
from graphkit.contracts import INPUTS
from graphkit.entities import Key
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from graphkit.workflow import Day, read_day

DAY = date(2026, 11, 22)
KEY = Key(bytes(range(32)))
# No row may be refused, but for a mention that is nothing but a card number.
STRICT = Settings.model_validate({"ingest": {"max_refused_share": 0}})
FORMS = ("parquet", "csv", "jsonl", "jsonl raw")
CARD = "4111 1111 1111 1111"
Rows = Sequence[Mapping[str, str | None]]
# What a sender writes of himself, and the kinds of entity that are made of it.
FIELDS = {
    ("accounts", "email_domain"): {"email_domain"},
    ("accounts", "org_id"): {"org"},
    ("accounts", "country"): set(),
    ("requests", "user_agent"): {"device"},
    ("requests", "model"): set(),
    ("requests", "prompt"): {"prompt", "opening", "closing"},
    ("payments", "billing_name"): {"billing", "card_weak"},
    ("payments", "billing_postal"): {"billing"},
    ("payments", "billing_country"): set(),
    ("mentions", "entity"): {"url"},
}
TEXT = "Translate the contract below into French and keep every clause in its order, please: one "
MEMBERS = 3


class Junk(NamedTuple):
    """What an operator's accounts write, into which fields, and whether their value stays."""

    text: str
    fields: Sequence[tuple[str, str]]
    after: bool

    @property
    def kinds(self) -> set[str]:
        """Kinds of entity that may differ."""
        return set().union(*(FIELDS[field] for field in self.fields))


def accounts_of(group: str) -> list[str]:
    return [f"{group} {n}" for n in range(MEMBERS)]


def world(groups: Sequence[str]) -> dict[str, list[dict[str, str | None]]]:
    """Accounts of operators, who share everything inside a group; each field has a value."""
    everyone = [(name, group) for group in groups for name in accounts_of(group)]
    return {
        "accounts": [
            {
                **{"account_id": name, "created_at": "2026-10-01", "country": "FR"},
                **{"email_domain": f"{own}.example", "org_id": f"org {own}"},
                "status": "active",
            }
            for name, own in everyone
        ],
        "requests": [
            {
                **{"account_id": name, "ts": f"{DAY} {8 + n:02}:00:00", "ip": "203.0.113.7"},
                **{"user_agent": f"tool/{own}", "tls_fingerprint": "t13d", "model": "m-1"},
                **{"prompt": f"{TEXT} {own} " * 3, "input_tokens": "10", "output_tokens": str(n)},
            }
            for name, own in everyone
            for n in range(2)
        ],
        "payments": [
            {
                **{"account_id": name, "ts": f"{DAY} 09:00:00", "method": "card", "last4": "0042"},
                **{"fingerprint": f"fp {own}", "bin": "411111", "amount_usd": "5.00"},
                **{"billing_name": f"Name {own}", "billing_postal": "75001"},
                "billing_country": "FR",
            }
            for name, own in everyone
        ],
        "mentions": [
            {
                **{"account_id": name, "ts": f"{DAY} 09:00:00", "kind": kind},
                "entity": f"{kind}s.example/{own}",
            }
            for name, own in everyone
            for kind in ("url", "phone")
        ],
    }


def pack(rows: Rows, form: str) -> bytes:
    """Rows as a careful writer of the form leaves them; half characters as raw bytes."""
    names = list(rows[0])
    if form == "csv":
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([names, *(row.values() for row in rows)])
        return out.getvalue().encode("utf-8", "surrogatepass")
    if form.startswith("jsonl"):
        ascii_only = form == "jsonl"
        lines = [json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows]
        return "".join(lines).encode("utf-8", "surrogatepass")
    columns = {
        name: pa.array(
            [None if c is None else c.encode("utf-8", "surrogatepass") for c in cells], pa.binary()
        ).view(pa.string())
        for name, cells in zip(
            names, zip(*(row.values() for row in rows), strict=True), strict=True
        )
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def raw(cells: Sequence[str | None]) -> pa.Array:
    """Cells that claim to be UTF-8."""
    content = [None if cell is None else cell.encode("utf-8", "surrogatepass") for cell in cells]
    return pa.array(content, pa.binary()).view(pa.string())


def read(tables: Mapping[str, Rows], form: str) -> Day:
    with TemporaryDirectory() as folder:
        day = Path(folder) / f"dt={DAY}"
        day.mkdir()
        for table, rows in tables.items():
            (day / f"{table}.{form.split()[0]}").write_bytes(pack(rows, form))
        return read_day(open_snapshots(folder, STRICT), DAY, key=KEY)


@cache
def plain(groups: tuple[str, ...]) -> Day:
    return read(world(groups), "parquet")


def junked(junks: Mapping[str, Junk]) -> dict[str, list[dict[str, str | None]]]:
    """The world in which operators write junk; the phone numbers are not theirs to write."""
    tables = world(tuple(junks))
    for group, junk in junks.items():
        for table, name in junk.fields:
            for row in tables[table]:
                if row["account_id"] in accounts_of(group) and row.get("kind") != "phone":
                    row[name] = f"{row[name]} {junk.text}" if junk.after else junk.text
    return tables


def links(day: Day) -> dict[str, list[dict[str, Any]]]:
    """The links of each account, without their traits."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in day.links.drop_columns(["trait"]).to_pylist():
        found.setdefault(row["account_id"], []).append(row)
    return found


def check(junks: Mapping[str, Junk]) -> Day:
    """Read the world with junk in every form: only what was made of the junk may differ."""
    before = links(plain(tuple(junks)))
    # Which keys stand for a text that others share in part hangs on their texts too.
    common = {"skeleton", "payload", "wrapper"}
    if not any(("requests", "prompt") in junk.fields for junk in junks.values()):
        common = set()
    first = read(junked(junks), FORMS[0])
    for form in FORMS:
        day = first if form == FORMS[0] else read(junked(junks), form)
        assert day.links.equals(first.links), "the forms differ"
        assert day.profiles["account_id"].to_pylist() == sorted(before)
        reasons = {(row["column"], row["reason"]) for row in day.rejects.to_pylist()}
        assert reasons <= {("entity", "empty"), ("entity", "nothing but a card number")}
    after = links(first)
    for group, junk in junks.items():
        for name in accounts_of(group):
            assert [row for row in after[name] if row["kind"] not in junk.kinds | common] == [
                row for row in before[name] if row["kind"] not in junk.kinds | common
            ], group
        # What all of them write links all of them.
        shared = [
            {(row["kind"], row["entity"]) for row in after[name]} for name in accounts_of(group)
        ]
        assert shared[0] == shared[1] == shared[2], group
        if junk.after:
            # Junk of one word has no closing.
            assert {kind for kind, _ in shared[0]} >= junk.kinds - {"closing"}, group
    return first


NAMED = {
    "card": CARD,
    "card in digits": "4111111111111111",
    "two cards": f"{CARD} 5500-0000-0000-0004",
    "formula": "=cmd|'/C calc'!A0",
    "formula with sign": "@SUM(1+9)*cmd|' /C calc'!A0",
    "markup": "</script><img src=x onerror=alert(1)>",
    "template": "{{ 7*7 }}${7*7}%(x)s",
    "statement": "'; DROP TABLE links; --",
    "json": '"}{"account_id": "b0", "x": ["',
    "cells": '","b0","2026-11-22"\n"b0","x',
    "line ends": "a\r\nb\rc\n\n\u2028d\u0085e",
    "control": "".join(map(chr, range(1, 32))) + "\x7f",
    "nul": "\x00",
    "unit separator": "\x1f\x1f",
    "half character": "\ud800",
    "halves turned around": "\udc00\ud800",
    "escapes": "\\ud800 \\x00 \\u0000 \\",
    "byte order mark": "\ufeff",
    "turned around": "\u202eabc\u202c",
    "no address": "999.999.999.999",
    "absurd time": "9999-99-99T99:99:99Z",
    "far time": "-292277022399-01-01",
    "huge integer": "9" * 5000,
    "float": "1e999 NaN -Infinity",
    "nothing": "NULL null None nan N/A",
    "marks": "z" + "\u0301" * 2000,
    "expanding": "\ufdfa" * 2000,
    "deep": "[" * 5000 + "]" * 5000,
    "megabyte": "x " * 500_000,
    "megabyte of digits": "4 1" * 30_000,
}


@pytest.mark.parametrize("after", [True, False])
def test_named_junk_costs_no_link(after: bool) -> None:
    none = Junk("", [], after)
    check({name: Junk(text, list(FIELDS), after) for name, text in NAMED.items()} | {"other": none})


@profile(max_examples=15)
@given(
    junk=st.text(st.characters(), max_size=12),
    fields=st.lists(st.sampled_from(list(FIELDS)), min_size=1, max_size=4, unique=True),
    after=st.booleans(),
)
def test_no_junk_costs_a_link(junk: str, fields: list[tuple[str, str]], after: bool) -> None:
    check({"own": Junk(junk, fields, after), "other": Junk("", [], after)})


def test_a_card_beside_a_value_leaves_the_value_and_no_digit() -> None:
    cards = {"one": CARD, "two": "5500000000000004", "three": "3782-822463-10005"}
    fields = [field for field in FIELDS if field[0] == "payments"]
    day = check({name: Junk(card, fields, after=True) for name, card in cards.items()})
    assert links(day) == links(plain(tuple(cards)))
    fields = [("mentions", "entity"), ("requests", "model"), ("accounts", "country")]
    day = check({name: Junk(card, fields, after=True) for name, card in cards.items()})
    kept = str([getattr(day, name).to_pylist() for name in ("links", "activity", "profiles")])
    for card in cards.values():
        assert card not in kept
        assert card[-5:] not in kept


@pytest.mark.parametrize("form", FORMS)
def test_junk_from_whole_rings_hides_no_ring(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    simulate(folder, World(accounts=600, days=3, seed=1, end=DAY))
    truth = pq.read_table(folder / "truth.parquet")
    ring_of = {
        row["account_id"]: row["ring"] for row in truth.to_pylist() if row["ring"] is not None
    }
    settings = Settings(window_d=3)
    before = detect(folder, settings=settings, key=KEY).members.table
    for path in folder.glob("dt=*/*.parquet"):
        rows = pq.read_table(path, partitioning=None).to_pylist()
        for row in rows:
            for table, name in FIELDS:
                if path.stem == table and row.get(name) and row["account_id"] in ring_of:
                    row[name] += f" \x00\ud800{CARD} <b>{ring_of[row['account_id']]}"
        text = [{k: None if v is None else str(v) for k, v in row.items()} for row in rows]
        path.unlink()
        path.with_suffix(f".{form.split()[0]}").write_bytes(pack(text, form))
    after = detect(folder, settings=settings, key=KEY).members.table
    assert len(rings(before)) >= 3
    for members in rings(before):
        assert any(members <= others for others in rings(after))


def rings(members: pa.Table) -> list[set[str]]:
    """The published rings that planted accounts make up, as sets of accounts."""
    published = members.filter(pc.equal(members["status"], pa.scalar("published")))
    found: dict[str, set[str]] = {}
    for row in published.to_pylist():
        found.setdefault(row["ring_id"], set()).add(row["account_id"])
    return list(found.values())


def test_every_field_stands_in_the_contracts() -> None:
    assert all(name in INPUTS[table].columns for table, name in FIELDS)
    kinds = set(plain(("own",)).links["kind"].to_pylist())
    assert kinds == {"ip", "card", "phone"}.union(*FIELDS.values())
