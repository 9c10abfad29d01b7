"""What ties two accounts: facts that add up to the edge, or why there is none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphkit as gk
from graphkit.contracts import ACTIVITY, EDGES, PAIR_FACTS, PAIR_SHARED, SIGNALS
from graphkit.detection import Between
from graphkit.entities import Key
from graphkit.errors import UsageError
from graphkit.graph import (
    HeteroGraph,
    Weighed,
    find_pair,
    held_by_both,
    kinds_for,
    pair_card,
    project,
    waterfall,
    weigh_pairs,
)
from graphkit.reports import spell_pair
from graphkit.settings import GraphSettings, Settings
from graphkit.simulate import World, simulate
from tests.handmade import BY_HAND
from tests.test_graph import Link, graph_of, link_rows, links_table, profiles_table

KEY = Key(bytes(range(32)))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def detection(tmp_path_factory: pytest.TempPathFactory) -> gk.Detection:
    folder = tmp_path_factory.mktemp("between") / "world"
    simulate(folder, World(accounts=800, days=3, seed=3))
    return gk.detect(folder, key=KEY)


def slowly(card: list[Row], fact: str, value: float | None) -> int:
    """What a value of a fact adds, by going through the rows of the card."""
    for row in card:
        if row["fact"] == fact and value is not None:
            above = row["low"] is None or value >= row["low"]
            if above and (row["high"] is None or value < row["high"]):
                return int(row["millibits"])
    return 0


def adds_up(facts: list[Row]) -> None:
    """Check the sums and the order of a waterfall."""
    totals = np.cumsum([fact["millibits"] for fact in facts]).tolist()
    assert [fact["total"] for fact in facts] == totals
    assert facts[0]["fact"] == "base"
    silent = [fact["millibits"] == 0 for fact in facts[1:]]
    assert silent == sorted(silent), "what adds nothing stands last"
    told = [fact["signal"] for fact in facts[1:] if fact["millibits"]]
    runs = [one for place, one in enumerate(told) if place == 0 or told[place - 1] != one]
    assert len(runs) == len(set(runs)), "a signal's facts stand together"


def by_signal(facts: list[Row]) -> dict[str, int]:
    return {
        signal: sum(fact["millibits"] for fact in facts if fact["signal"] == signal)
        for signal in SIGNALS
    }


def test_the_facts_add_up_to_the_stored_edge(detection: gk.Detection) -> None:
    edges = detection.findings.edges
    chosen = np.random.default_rng(5).permutation(edges.num_rows)[:25]
    assert chosen.size == 25
    card = pair_card("together").to_pylist()
    for edge in edges.take(pa.array(chosen)).to_pylist():
        found = detection.between(edge["account_a"], edge["account_b"])
        assert found.tied and found.weight == edge["weight"]
        assert PAIR_FACTS.check(found.facts.table) is found.facts.table
        facts = found.facts.to_pylist()
        adds_up(facts)
        assert facts[-1]["total"] == edge["weight"]
        assert by_signal(facts) == {signal: edge[signal] for signal in SIGNALS}
        for fact in facts[1:]:
            assert fact["millibits"] == slowly(card, fact["fact"], fact["value"])
        assert PAIR_SHARED.check(found.shared.table) is found.shared.table
        counted = [row for row in found.shared.to_pylist() if row["role"] != "apart"]
        assert len(counted) == edge["n_shared"]
        assert edge["account_a"] in str(found) and f"{edge['weight']:,}" in found.reason
        assert "judged with other" not in found.reason


def test_what_both_hold_is_what_their_links_say(detection: gk.Detection) -> None:
    edge = detection.findings.edges.to_pylist()[0]
    links = detection.findings.links
    for row in detection.between(edge["account_a"], edge["account_b"]).shared.to_pylist():
        code = int.from_bytes(bytes.fromhex(row["entity"][-16:]), signed=True)
        held = links.filter((pc.field("kind") == row["kind"]) & (pc.field("entity") == code))
        assert row["n_holders"] == len(pc.unique(held["account_id"]))
        for side in "ab":
            mine = held.filter(pc.field("account_id") == edge[f"account_{side}"])
            assert pc.min(mine["first_seen"]).as_py() == row[f"first_{side}"]
            assert pc.max(mine["last_seen"]).as_py() == row[f"last_{side}"]
            assert 0 <= row[f"part_{side}"] <= 1000


def test_the_order_of_the_two_is_nothing(detection: gk.Detection) -> None:
    edge = detection.findings.edges.to_pylist()[-1]
    one = detection.between(edge["account_a"], edge["account_b"])
    other = detection.between(edge["account_b"], edge["account_a"])
    assert str(one) == str(other) and one._repr_html_() == other._repr_html_()
    assert one._repr_html_().count("<table>") == 2


def test_questions_that_have_no_answer(detection: gk.Detection) -> None:
    known = detection.findings.edges["account_a"][0].as_py()
    for pair in ((known, "nobody"), ("nobody", known)):
        with pytest.raises(UsageError, match="'nobody' is not in the window"):
            detection.between(*pair)
    with pytest.raises(UsageError, match="asked about with itself"):
        detection.between(known, known)


def test_a_date_that_was_judged_otherwise_says_so(detection: gk.Detection) -> None:
    edge = detection.findings.edges.to_pylist()[0]
    other = EDGES.conform(pa.Table.from_pylist([edge | {"weight": 7}], schema=EDGES.schema))
    for edges, said in ((other, "an edge of 7 millibits"), (EDGES.empty(), "no edge")):
        changed = gk.Detection(replace(detection.findings, edges=edges))
        reason = changed.between(edge["account_a"], edge["account_b"]).reason
        assert f"judged by another release or on other days, and holds {said}" in reason


def weighed(rows: list[Link], options: GraphSettings) -> tuple[HeteroGraph, Weighed, pa.Table]:
    """The candidates of a few links and their edges, however unlikely."""
    graph, profiles = graph_of(rows), profiles_table({row[0]: 10 for row in rows})
    tables = links_table(rows), profiles, ACTIVITY.empty(), kinds_for(options)
    edges = project(graph, *tables, settings=options).edges
    return graph, weigh_pairs(graph, *tables, settings=options), edges


@settings(max_examples=30)
@given(link_rows(), st.sampled_from([BY_HAND, GraphSettings()]))
def test_every_pair_has_its_waterfall_or_is_no_candidate(
    rows: list[Link], options: GraphSettings
) -> None:
    options = options.model_copy(update={"min_probability": 0.0})
    graph, pairs, edges = weighed(rows, options)
    stored = {(row["account_a"], row["account_b"]): row for row in edges.to_pylist()}
    names = graph.accounts["account_id"].to_pylist()
    for first, one in enumerate(names):
        for second in range(first + 1, len(names)):
            pair = find_pair(pairs.sharing, second, first)
            edge = stored.get((one, names[second]))
            assert (pair is None) == (edge is None)
            shared = held_by_both(pairs.sharing, first, second, address_gap_h=24).to_pylist()
            if pair is None or edge is None:
                assert not shared or {row["role"] for row in shared} <= {"apart", "corroborates"}
                continue
            facts = waterfall(pairs, pair).to_pylist()
            adds_up(facts)
            assert facts[-1]["total"] == edge["weight"]
            assert by_signal(facts) == {signal: edge[signal] for signal in SIGNALS}
            assert sum(row["role"] != "apart" for row in shared) == edge["n_shared"]


def asked(account: str, day: int, ip: str, agent: str) -> Row:
    ts = f"2026-11-{day}T10:00:00Z"
    return {"account_id": account, "ts": ts, "ip": ip, "user_agent": agent}


@pytest.fixture(scope="module")
def hand() -> Callable[..., Between]:
    """Ask about two accounts of a small world that is weighed by hand."""
    requests = [asked(f"p{at:02}", 20, f"192.0.2.{at}", "the program of all") for at in range(60)]
    requests += [asked("apart1", 18, "198.51.100.1", "x"), asked("apart2", 22, "198.51.100.1", "y")]
    requests += [asked(name, 22, "198.51.100.2", name) for name in ("flat1", "flat2", "flat3")]
    payments = [
        {"account_id": name, "ts": "2026-11-22T11:00:00Z", "fingerprint": "fp-1"}
        for name in ("flat1", "flat2")
    ]
    tables: Row = {
        "requests": pa.Table.from_pylist(requests),
        "payments": pa.Table.from_pylist(payments),
    }
    kinds = {kind: own for kind, own in BY_HAND.kinds.items() if kind != "device"}
    options = Settings(graph=GraphSettings(kinds=kinds, prior_bits=BY_HAND.prior_bits))

    def between(one: str, other: str, **listed: str) -> Between:
        rows = [{"kind": "card", "entity": "fp-1", "until": "", "why": "our own card"} | listed]
        benign = pa.Table.from_pylist(rows) if listed else None
        found = gk.detect(**tables, settings=options, key=KEY, benign=benign)
        return found.between(one, other)

    return between


def test_why_there_is_no_tie(hand: Callable[..., Between]) -> None:
    hubs = hand("p00", "p01")
    assert "they have in common 1 hub (which very many hold)" in hubs.reason
    assert hubs.weight is None and len(hubs.facts) == 0 and not hubs.tied
    assert hubs.shared["role"].to_pylist() == ["corroborates"]
    assert "How it adds up" not in str(hubs) and "What both hold" in str(hubs)
    nothing = hand("p00", "apart1")
    assert "in common nothing that is weighed. Neither is in a ring" in nothing.reason
    assert len(nothing.shared) == 0
    apart = hand("apart1", "apart2")
    assert "1 address used more than 24 hours apart" in apart.reason
    assert apart.shared["role"].to_pylist() == ["apart"]


def test_a_text_in_a_hundred_makes_no_tie(detection: gk.Detection) -> None:
    rows: list[Link] = [(name, "prompt", 1, 1, 0, 1) for name in "ab"]
    findings = replace(
        detection.findings,
        links=links_table(rows),
        profiles=profiles_table({"a": 100, "b": 100}),
        activity=ACTIVITY.empty(),
        edges=EDGES.empty(),
    )
    found = gk.Detection(findings).between("a", "b")
    assert "a text that is too small a part of what they sent" in found.reason
    assert found.shared["part_a"].to_pylist() == [10] and found.weight is None


def test_a_pair_below_the_least_probability_is_weighed_all_the_same(
    hand: Callable[..., Between],
) -> None:
    weak, strong = hand("flat1", "flat3"), hand("flat1", "flat2")
    assert "No tie: log odds of" in weak.reason and "where a tie takes 2.0%" in weak.reason
    assert not weak.tied and strong.tied and strong.reason.startswith("Tied: log odds of")
    for found, names in ((weak, {"base", "address.by_hand"}), (strong, {"payment.by_hand"})):
        told = {fact["fact"] for fact in found.facts.to_pylist() if fact["millibits"]}
        assert names <= told == names | {"base", "address.by_hand"}
        assert found.facts["millibits"][0].as_py() == -12_000
        adds_up(found.facts.to_pylist())


def test_the_allow_list_counts_here_too(hand: Callable[..., Between]) -> None:
    found = hand("flat1", "flat2", why="our own card")
    assert "The allow-list leaves out 1 thing that both hold." in found.reason
    assert not found.tied and found.shared["kind"].to_pylist() == ["ip"]
    named = hand("flat1", "flat2", kind="account", entity="flat1", why="red team")
    assert "The allow-list names 'flat1' (red team)." in named.reason
    assert named.weight is None and len(named.shared) == 0


def fact(signal: str, name: str, value: float | None, millibits: int, total: int) -> Row:
    says = f"what {name} is, in its unit"
    told = {"signal": signal, "fact": name, "value": value, "says": says}
    return told | {"millibits": millibits, "total": total}


def test_a_page_on_a_pair_is_the_golden_text(golden: Callable[[str, str], None]) -> None:
    facts = [
        fact("context", "base", None, -7460, -7460),
        fact("payment", "card.bits", 9.25, 8125, 665),
        fact("payment", "payment.credible", -2.5, -300, 365),
        fact("address", "address.by_hand", None, 1450, 1815),
        fact("prompt", "wrapper.bits", None, 0, 1815),
        fact("hours", "hours.excess", -0.125, 0, 1815),
    ]
    held = {"first_a": NOON, "last_a": NOON, "first_b": NOON, "last_b": NOON, "trait": ""}
    shared = [
        {"signal": "payment", "kind": "card", "entity": "card-00000000000000f3", "n_holders": 2}
        | {"role": "proposes", "part_a": 1000, "part_b": 500}
        | held,
        {"signal": "address", "kind": "ip", "entity": "ip-00000000000000f4", "n_holders": 1234}
        | {"role": "corroborates", "part_a": 7, "part_b": 0}
        | (held | {"trait": "IPv4"}),
    ]
    title = f"Accounts a 'ann' and b '\x1b[31m\u202e', {date(2026, 11, 22)}"
    tables = (
        PAIR_FACTS.conform(pa.Table.from_pylist(facts, schema=PAIR_FACTS.schema)),
        PAIR_SHARED.conform(pa.Table.from_pylist(shared, schema=PAIR_SHARED.schema)),
    )
    golden("pair", spell_pair(title, "Tied. Neither is in a ring.", *tables))
