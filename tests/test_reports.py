import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import combinations, pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.contracts import (
    BENIGN_REMOVED,
    EDGES,
    EVIDENCE,
    HUBS,
    LINEAGE,
    LINKS,
    ODD_DAYS,
    PROFILES,
    REJECTS,
    RING_FACTS,
    RING_MEMBERS,
    RINGS,
    SIGNALS,
    Contract,
)
from graphkit.errors import UsageError
from graphkit.reports import as_csv, as_html, as_json, as_table, explain, render, spell_day, visible
from graphkit.reports.findings import strengths
from graphkit.reports.page import CANDIDATES_SHOWN, MEMBERS_SHOWN, RINGS_SHOWN
from graphkit.reports.standing import (
    needed_entities,
    needed_signals,
    strongest_ties,
    ties_of,
)
from graphkit.settings import Settings

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NASTY = "<script>alert(1)</script>\"'&\x1b[31m\u202e"
REPORT: dict[str, Any] = {
    "tables": {
        "requests": {
            "files": ["requests/1.csv", "requests/2.csv"],
            "empty": 1,
            "rows": 10,
            "used": 9,
            "refused": 1,
            "collapsed": 0,
            "late": 2,
            "cells": {"ip": {"not an address": 2}},
        }
    },
    "signals": {"address": "on", "payment": "off: no payments.fingerprint"},
    "absent": {"payments.fingerprint": "payments.fingerprint is read from 'fp', which no file has"},
    "inputs": {"requests.csv": "00"},
}


@dataclass(frozen=True)
class Sheet:
    """What a report needs of a detection, by hand."""

    dt: date = DAY
    rings: pa.Table = field(default_factory=RINGS.empty)
    members: pa.Table = field(default_factory=RING_MEMBERS.empty)
    evidence: pa.Table = field(default_factory=EVIDENCE.empty)
    ring_facts: pa.Table = field(default_factory=RING_FACTS.empty)
    edges: pa.Table = field(default_factory=EDGES.empty)
    hubs: pa.Table = field(default_factory=HUBS.empty)
    lineage: pa.Table = field(default_factory=LINEAGE.empty)
    benign: pa.Table = field(default_factory=BENIGN_REMOVED.empty)
    odd_days: pa.Table = field(default_factory=ODD_DAYS.empty)
    links: pa.Table = field(default_factory=LINKS.empty)
    profiles: pa.Table = field(default_factory=PROFILES.empty)
    reports: dict[str, Any] = field(default_factory=lambda: {"2026-11-22": REPORT})
    settings: Settings = field(default_factory=Settings)


def rows(contract: Contract, *values: dict[str, Any]) -> pa.Table:
    """A table of a contract; columns that a row does not name are null."""
    blank = dict.fromkeys(contract.columns)
    return pa.Table.from_pylist([blank | row for row in values], schema=contract.schema)


def ring_row(ring_id: str, size: int, *, status: str = "published") -> dict[str, Any]:
    return {
        "dt": DAY,
        "ring_id": ring_id,
        "status": status,
        "score": 41_250,
        "size": size,
        "n_active": size - 1,
        "n_banned": 1,
        "requests": 1_234,
        "amount_usd": Decimal("45.00"),
        "first_seen": NOON,
        "last_seen": NOON,
        "signals": "prompt, payment",
    }


def edge_row(a: str, b: str, **parts: int) -> dict[str, Any]:
    evidence = dict.fromkeys(SIGNALS, 0) | parts
    pair = {"account_a": min(a, b), "account_b": max(a, b)}
    weight = {"weight": sum(parts.values()), "probability": 900, "n_shared": len(parts)}
    return pair | evidence | weight


def told_rows(ring_id: str) -> list[dict[str, Any]]:
    """What speaks for and against a ring, and two explanations, the second likelier."""
    told = [
        ("ring", "total", None, 41_250, "one operator runs these accounts"),
        ("ring", "mean", 0.75, 45_000, "mean probability of a pair of members"),
        ("ring", "base", None, -3_750, "before any fact is known"),
        ("household", "total", None, -9_000, "people of one household"),
        ("company", "total", None, -500, "41.4%"),
        ("company", "size", 1.58, -1_500, "accounts, log2"),
        ("company", "base", None, 1_000, "before any fact is known"),
    ]
    names = ("question", "fact", "value", "millibits", "says")
    common = {"dt": DAY, "ring_id": ring_id}
    return [common | dict(zip(names, row, strict=True)) for row in told]


def fact_row(ring_id: str, signal: str, members: list[str], **more: Any) -> dict[str, Any]:
    return {
        "dt": DAY,
        "ring_id": ring_id,
        "signal": signal,
        "kind": signal,
        "entity": f"{signal}-00000000000000f3",
        "trait": "",
        "role": "proposes",
        "n_members": len(members),
        "n_holders": len(members) + 1,
        "n_events": 7,
        "first_seen": NOON,
        "last_seen": NOON,
        "weight": 9_000,
        "members": members,
    } | more


def sheet(accounts: list[str], *, trait: str = "template of 12 words", n_rings: int = 1) -> Sheet:
    """Rings over the same number of accounts each; the first ring's accounts are as given."""
    rings, members, evidence, edges, told = [], [], [], [], []
    for at in range(n_rings):
        ring_id = f"R-{at + 1:04d}"
        names = accounts if at == 0 else [f"{ring_id}/{name}" for name in accounts]
        rings.append(ring_row(ring_id, len(names)))
        members += [
            {
                "dt": DAY,
                "ring_id": ring_id,
                "account_id": name,
                "score": 41_250,
                "confidence": 0.75,
                "status": "published",
            }
            for name in names
        ]
        evidence.append(fact_row(ring_id, "prompt", names, trait=trait))
        evidence.append(fact_row(ring_id, "payment", names[:2], weight=12_000))
        told += told_rows(ring_id)
        chain = pairwise(names)
        edges += [edge_row(a, b, prompt=9_000, payment=1_500) for a, b in chain]
    hub = {"kind": "ip", "entity": "ip-00000000000000aa", "trait": "public", "n_accounts": 900}
    return Sheet(
        rings=rows(RINGS, *rings),
        members=rows(RING_MEMBERS, *members),
        evidence=rows(EVIDENCE, *evidence),
        ring_facts=rows(RING_FACTS, *told),
        edges=rows(EDGES, *edges),
        hubs=rows(HUBS, hub | {"pairs_withheld": 404_550}),
    )


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_rings_evidence_and_what_was_read() -> None:
    page = Page(render(sheet(["ann", "bob", "cy"])))
    for said in (
        *("R-0001", "ann", "template of 12 words", "41.2", "45.00", "off: no payments.fingerprint"),
        *("404,550 pairs withheld", "people decide", "simulated worlds", "41.4%"),
        *("2026-10-24 to 2026-11-22", "29 days of it had no data"),
    ):
        assert said in page.text, said
    assert page.tags.count("path") == 3 + 2, "every tie of a small ring is drawn"


def test_the_page_loads_and_runs_nothing() -> None:
    source = render(sheet(["ann", "bob", "cy"]))
    page = Page(source)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(page.tags)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    links = [value for name, value in page.attributes if name in {"href", "src", "xlink:href"}]
    assert links and all(link.startswith("#") for link in links)
    assert not re.search(r"url\(|@import|//[a-z]", source)


@pytest.mark.parametrize("place", ["account", "trait", "signal state", "table name"])
def test_what_an_attacker_wrote_is_only_text(place: str) -> None:
    calm = render(sheet(["ann", "bob", "cy"]))
    nasty = sheet(
        [NASTY if place == "account" else "ann", "bob", "cy"],
        trait=NASTY if place == "trait" else "template of 12 words",
    )
    if place == "signal state":
        nasty = replace(nasty, reports={"2026-11-22": REPORT | {"signals": {"address": NASTY}}})
    if place == "table name":
        tables = {NASTY: REPORT["tables"]["requests"]}
        nasty = replace(nasty, reports={"2026-11-22": REPORT | {"tables": tables}})
    source = render(nasty)
    page = Page(source)
    assert set(page.tags) == set(Page(calm).tags)
    assert "<script>alert(1)</script>\"'&\\x1b[31m\\u202e" in page.text
    assert "\x1b" not in source and "\u202e" not in source
    known = {name for name, _ in Page(calm).attributes}
    assert {name for name, _ in page.attributes} <= known, "no attribute was broken out of"


def test_an_empty_day_says_so() -> None:
    page = Page(render(Sheet()))
    assert "No rings found in this window." in page.text


def test_long_lists_are_cut_and_the_page_says_by_how_much() -> None:
    many = sheet([f"a{at:04d}" for at in range(MEMBERS_SHOWN + 7)])
    text = Page(render(many)).text
    assert "And 7 more members" in text and "a0206" not in text and "Not drawn" in text
    several = sheet(["ann", "bob", "cy"], n_rings=RINGS_SHOWN + 3)
    assert "3 more published rings not shown in full" in Page(render(several)).text
    low = [ring_row(f"C-{at:04d}", 3, status="candidate") for at in range(CANDIDATES_SHOWN + 1)]
    text = Page(render(Sheet(rings=rows(RINGS, *low)))).text
    assert "And 1 more candidate," in text and "C-0199" in text and "C-0200" not in text


def test_the_page_does_not_depend_on_row_order() -> None:
    calm = sheet(["ann", "bob", "cy"], n_rings=3)
    turned = {
        name: getattr(calm, name).take(list(reversed(range(getattr(calm, name).num_rows))))
        for name in ("members", "evidence", "edges", "hubs")
    }
    assert render(replace(calm, **turned)) == render(calm)


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=9),
    st.dictionaries(
        st.tuples(st.integers(0, 8), st.integers(0, 8)),
        st.tuples(st.integers(-9_000, 9_000), st.integers(0, 9_000)),
        max_size=20,
    ),
)
def test_strengths_are_the_mean_over_all_pairs_inside(
    ring_of: list[int], drawn: dict[tuple[int, int], tuple[int, int]]
) -> None:
    pairs = {(a, b): parts for (a, b), parts in drawn.items() if a < b < len(ring_of)}
    members = [
        {"dt": DAY, "ring_id": f"R-{ring}", "account_id": f"a{at}"}
        for at, ring in enumerate(ring_of)
        if ring  # ring 0 stands for accounts in no ring
    ]
    edges = [
        edge_row(f"a{a}", f"a{b}", prompt=prompt, device=device)
        for (a, b), (prompt, device) in pairs.items()
    ]
    found = strengths(Sheet(members=rows(RING_MEMBERS, *members), edges=rows(EDGES, *edges)))
    for ring in set(ring_of) - {0}:
        inside = [at for at, other in enumerate(ring_of) if other == ring]
        couples = list(combinations(inside, 2))
        expected = {}
        for place, signal in enumerate(("prompt", "device")):
            total = sum(pairs.get(couple, (0, 0))[place] for couple in couples)
            if total:
                expected[signal] = round(total / len(couples))
        assert found[f"R-{ring}"] == expected


def test_explain_is_the_golden_text(golden: Any) -> None:
    golden("explain", explain(sheet(["ann", "bob", NASTY]), "R-0001"))


def test_what_a_ring_rests_on() -> None:
    chain = sheet(["ann", "bob", "cy", "dan"])
    pairs = list(pairwise(["ann", "bob", "cy", "dan"]))
    edges = [edge_row(a, b, prompt=9_000, payment=1_500, context=-8_000) for a, b in pairs]
    chain = replace(chain, edges=rows(EDGES, *edges))
    assert needed_signals(ties_of(chain, "R-0001")) == ["prompt"]
    names = ["prompt-00000000000000f3", "payment-00000000000000f3"]
    assert needed_entities(chain.evidence, chain.members) == names
    loose = [edge_row(a, b, address=-9_000) for a, b in pairs]
    assert needed_signals(ties_of(replace(chain, edges=rows(EDGES, *loose)), "R-0001")) == []
    many = [
        fact_row("R-0001", "payment", ["ann", "bob", "cy", "dan"], entity=f"card-{at:x}")
        for at in range(13)
    ]
    assert needed_entities(rows(EVIDENCE, *many), chain.members) is None


def test_a_ring_of_thousands_fits_on_a_screen() -> None:
    large = explain(sheet([f"a{at:05}" for at in range(5_000)]), "R-0001")
    assert len(large.splitlines()) < 100 and "and 4,960 more" in large


def test_a_member_is_core_by_its_strongest_tie() -> None:
    found = sheet(["ann", "bob", "cy"])
    edges = found.edges.set_column(3, "probability", pa.array([900, 100]))
    told = strongest_ties(ties_of(replace(found, edges=edges), "R-0001"))
    places = [(row["account_id"], row["place"], row["tied_to"]) for row in told]
    assert places == [("ann", "core", "bob"), ("bob", "core", "ann"), ("cy", "fringe", "bob")]


def test_explain_names_the_rings_there_are() -> None:
    with pytest.raises(UsageError, match=r"'R-001'.*did you mean 'R-0001'") as caught:
        explain(sheet(["ann", "bob", "cy"]), "R-001")
    assert caught.value.allowed == "R-0001"


def test_spell_day_is_the_golden_text(golden: Any) -> None:
    refused = [
        {"file": "requests.csv", "row": at, "column": "ts" if at % 2 else None, "reason": "no time"}
        for at in range(5)
    ]
    golden("spell_day", spell_day(DAY, REPORT, rows(REJECTS, *refused)))


@given(st.text())
def test_visible_leaves_nothing_unseen(text: str) -> None:
    shown = visible(text)
    assert all(character.isprintable() for character in shown)
    assert (
        "".join(filter(str.isalnum, text)) in "".join(filter(str.isalnum, shown)) or shown != text
    )
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain id", "plain id"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc\0", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200bb", "a\\u200bb"),
        ("a\xa0b\xad", "a\\xa0b\\xad"),
        ("\u3164", "\\u3164"),
        ("日本 é", "日本 é"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_visible_by_example(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_never_starts_a_formula(start: str) -> None:
    table = pa.table({"account_id": [f"{start}cmd|' /C calc'!A0"], "score": [-5]})
    [head, row] = csv.reader(io.StringIO(as_csv(table), newline=""))
    assert head == ["account_id", "score"]
    assert row == [f"'{start}cmd|' /C calc'!A0", "-5"], "numbers stay numbers"


def test_csv_and_json_keep_every_column_and_value() -> None:
    table = rows(RINGS, ring_row("R-0001", 3))
    [row] = csv.DictReader(io.StringIO(as_csv(table)))
    assert list(row) == list(RINGS.columns)
    assert row["amount_usd"] == "45.00" and row["first_seen"] == "2026-11-22T12:00:00Z"
    [entry] = json.loads(as_json(table))
    assert list(entry) == list(RINGS.columns)
    assert entry["amount_usd"] == 45.0 and entry["dt"] == "2026-11-22" and entry["size"] == 3
    assert json.loads(as_json(RINGS.empty())) == []
    assert as_csv(RINGS.empty()) == ",".join(RINGS.columns)


def test_a_table_is_aligned_whatever_the_letters_width() -> None:
    table = pa.table({"account_id": ["日本", "a\x1bb"], "n": [5, 12_345]})
    assert as_table(table) == "account_id      n\n日本            5\na\\x1bb      12345"


def test_a_notebook_table_is_escaped_and_cut() -> None:
    page = Page(as_html(pa.table({"account_id": [NASTY] * 22, NASTY: [7] * 22})))
    assert "script" not in page.tags and page.tags.count("tr") == 21
    assert "and 2 more rows" in page.text and "\\x1b[31m" in page.text


def test_days_without_a_report_are_no_error() -> None:
    days = {"2026-11-21": {}, "2026-11-22": REPORT}
    assert "off: no payments.fingerprint" in Page(render(Sheet(reports=days))).text
    assert "No rings" in render(Sheet(reports={"2026-11-22": {}}))
