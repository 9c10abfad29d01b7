"""Which texts and passages accounts have in common, beside a slow way of saying the same."""

import random
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.contracts import ACCOUNTS, PROMPT_KINDS, REQUESTS
from graphkit.entities import Key, link_accounts
from graphkit.entities.witnesses import KINDS
from tests.slow_texts import slow_links

KEY = Key(bytes(range(32)))
SECRET = KEY.derive("prompt")
DAY = date(2026, 11, 22)
Sent = list[tuple[str, int, str | None]]
Linked = dict[tuple[str, str, int], tuple[int, int, int]]
START = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000


def requests(sent: Sent) -> pa.Table:
    accounts, times, texts = zip(*sent, strict=True) if sent else ((), (), ())
    empty = REQUESTS.empty()
    columns = {name: pa.nulls(len(sent), empty[name].type) for name in REQUESTS.columns}
    columns["account_id"] = pa.array(accounts, pa.string())
    columns["ts"] = pa.array([START + time for time in times], pa.int64()).cast(
        REQUESTS.columns["ts"]
    )
    columns["prompt"] = pa.array(texts, pa.string())
    return pa.table(columns)


def link(sent: Sent, *, parts: int = 1) -> Linked:
    step = -(-len(sent) // parts) or 1
    tables = [requests(sent[start : start + step]) for start in range(0, len(sent), step)]
    links = link_accounts(ACCOUNTS.empty(), tables, [], [], dt=DAY, key=KEY).links
    order = links.sort_by(
        [("account_id", "ascending"), ("kind", "ascending"), ("entity", "ascending")]
    )
    assert links.equals(order)
    columns: list[list[Any]] = [
        links[name].to_pylist() for name in ("account_id", "kind", "entity", "n")
    ]
    columns += [
        (links[name].cast(pa.int64()).to_numpy() - START).tolist()
        for name in ("first_seen", "last_seen")
    ]
    return {
        (account, kind, entity): (n, first, last)
        for account, kind, entity, n, first, last in zip(*columns, strict=True)
    }


def words(n: int, dice: random.Random) -> str:
    return " ".join("".join(dice.choices("abcdefgh", k=6)) for _ in range(n))


def traffic(dice: random.Random, n: int) -> Sent:
    """Prompts of few accounts that share wrappers, items, phrases and nothing."""
    wrappers = [words(30, dice) for _ in range(3)]
    items = [words(dice.randrange(8, 50), dice) for _ in range(6)]
    names = ["Ada", "Bo", "Cid"]
    forms = [
        lambda: f"{dice.choice(wrappers)} {dice.choice(items)}",
        lambda: f"{dice.choice(wrappers)} {words(20, dice)}",
        lambda: f"{words(9, dice)} {dice.choice(items)}",
        lambda: dice.choice(items),
        lambda: f"please write to {dice.choice(names)} that all of it is as it was before",
        lambda: words(dice.randrange(30), dice),
    ]
    return [
        (dice.choice("abcdefghij"), dice.randrange(86_400), dice.choice(forms)()) for _ in range(n)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_links_equal_the_slow_ones(seed: int) -> None:
    sent = traffic(random.Random(seed), 60)
    expected = slow_links(sent, SECRET)
    assert {kind for _, kind, _ in expected} == set(PROMPT_KINDS)
    assert link(sent) == expected


@pytest.mark.parametrize("parts", [1, 7])
def test_partitions_parts_and_order_change_nothing(
    parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(9)
    sent = traffic(dice, 150)
    expected = link(sent)
    monkeypatch.setattr("graphkit.entities.witnesses._ONE_PARTITION", 0)
    monkeypatch.setattr("graphkit.entities.texts._BATCH", 50)
    monkeypatch.setattr("graphkit.entities.links._RANGE_ROWS", 30)
    assert link(dice.sample(sent, len(sent)), parts=parts) == expected


def test_above_the_most_that_is_held_the_same_passages_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(10)
    sent = traffic(dice, 200)
    everything = link(sent)
    monkeypatch.setattr("graphkit.entities.texts._MOST_PASSAGES", 400)
    monkeypatch.setattr("graphkit.entities.texts._BATCH", 50)
    fewer = link(sent, parts=9)
    assert len(everything) / 2 < len(fewer) < len(everything)
    assert link(dice.sample(sent, len(sent)), parts=4) == fewer
    whole = {place for place in everything if place[1] == "prompt"}
    assert {place for place in fewer if place[1] == "prompt"} == whole


def test_a_wrapper_and_a_payload_are_told_apart() -> None:
    dice = random.Random(11)
    wrapper, items = words(40, dice), [words(40, dice) for _ in range(3)]
    sent: Sent = [(who, 1, f"{wrapper} {words(30, dice)}") for who in "abc" for _ in range(5)]
    sent += [(who, 2, f"{words(9, dice)} {item}") for who in "def" for item in items]
    links = link(sent)
    holders = {kind: {who for who, of, _ in links if of == kind} for kind in ("wrapper", "payload")}
    assert holders == {"wrapper": set("abc"), "payload": set("def")}
    # Few witnesses, whatever the number of passages; at its ends a wrapper may have one more.
    assert len({entity for _, kind, entity in links if kind == "wrapper"}) <= 2
    assert len({entity for _, kind, entity in links if kind == "payload"}) <= 6
    assert 5 in {n for (_, kind, _), (n, *_) in links.items() if kind == "wrapper"}


def test_a_wrapper_has_one_entity_on_every_day_and_for_everybody() -> None:
    dice = random.Random(12)
    wrapper = words(50, dice)
    days = [
        link([(who, 1, f"{wrapper} {words(40, dice)}") for who in who_all for _ in range(3)])
        for who_all in ("ab", "bc", "d")
    ]
    entities = [{entity for _, kind, entity in day if kind == "wrapper"} for day in days]
    assert entities[0] & entities[1] & entities[2]


def test_an_account_keeps_few_rows_and_those_that_others_have_first() -> None:
    dice = random.Random(13)
    common = [words(40, dice) for _ in range(20)]
    mine = [words(40, dice) for _ in range(100)]
    sent: Sent = [("a", 1, text) for text in common + mine]
    sent += [("b", 1, text) for text in common]
    sent += [("a", 2, mine[0])]
    rows = [place for place in link(sent) if place[0] == "a"]
    expected = slow_links(sent, SECRET)
    assert len(rows) == 20 + 1 + 8
    shared = {entity for who, _, entity in expected if who == "b"}
    assert shared <= {entity for _, _, entity in rows}
    twice = {entity for (_, _, entity), (n, *_) in expected.items() if n == 2}
    assert len(twice) == 1 and twice <= {entity for _, _, entity in rows}
    many: Sent = [(who, 1, text) for text in mine for who in "ab"]
    assert len([place for place in link(many) if place[0] == "a"]) == 32
    # Two that deal one data set out keep the same of it.
    one, other = (
        {place[2] for place in link([(who, 1, text) for text in mine]) if place[0] == who}
        for who in "xy"
    )
    assert one == other and len(one) == 8


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.text(max_size=60))))
def test_any_text_is_counted_or_too_short(sent: list[tuple[str, int, str]]) -> None:
    links = link(list(sent))
    assert all(n >= 1 and first <= last for n, first, last in links.values())
    counted = sum(n for (_, kind, _), (n, *_) in links.items() if kind == "prompt")
    assert counted <= len(sent)


def test_kinds_are_those_of_the_contract() -> None:
    assert set(KINDS) == set(PROMPT_KINDS)
