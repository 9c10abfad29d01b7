"""Which texts and passages accounts have in common, beside a slow way of saying the same."""

import random
from collections import Counter
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
EVERY = ("prompt", "opening", "closing")  # what is kept of every text that is long enough
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


@pytest.mark.parametrize(("seed", "n"), [(0, 60), (1, 60), (2, 60), (3, 60), (4, 400), (5, 150)])
def test_links_equal_the_slow_ones(seed: int, n: int) -> None:
    sent = traffic(random.Random(seed), n)
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
    whole = {place for place in everything if place[1] in EVERY}
    assert {place for place in fewer if place[1] in EVERY} == whole


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


def test_a_wrapper_shows_though_each_sends_it_once_and_on_days_of_their_own() -> None:
    dice = random.Random(17)
    head, tail = words(20, dice), words(20, dice)
    days = [link([(who, 1, f"{head} {words(40, dice)} {tail}")]) for who in "abcd"]
    for kind in ("opening", "closing"):
        assert len({entity for day in days for _, of, entity in day if of == kind}) == 1
    assert {kind for day in days for _, kind, _ in day} == set(EVERY), "no passage tells of it"
    # What quotes it links with none of them, nor does what is too short to have ends.
    asked = link([("e", 1, f"what is {head} and {tail} to say"), ("e", 2, head[:90])])
    assert not {place[1:] for day in days for place in day} & {place[1:] for place in asked}


def test_ends_are_counted_over_all_texts_that_have_them() -> None:
    dice = random.Random(18)
    head = words(20, dice)
    sent: Sent = [(who, time, f"{head} {words(30, dice)}") for who in "ab" for time in (5, 2, 9)]
    openings = {place: of for place, of in link(sent).items() if place[1] == "opening"}
    assert list(openings.values()) == [(3, 2, 9)] * 2
    assert len({entity for _, _, entity in openings}) == 1


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
    links = link(sent)
    assert links == slow_links(sent, SECRET)
    rows = [place for place in links if place[0] == "a"]
    assert Counter(kind for _, kind, _ in rows) == dict.fromkeys(EVERY, 20 + 1 + 8)
    assert {place[1:] for place in links if place[0] == "b"} <= {place[1:] for place in rows}
    twice = [place for place in rows if links[place][0] == 2]
    assert sorted(kind for _, kind, _ in twice) == sorted(EVERY)
    many: Sent = [(who, 1, text) for text in mine for who in "ab"]
    links = link(many)
    assert links == slow_links(many, SECRET)
    assert Counter(place[:2] for place in links) == {(w, k): 32 for w in "ab" for k in EVERY}
    # Two that deal one data set out keep the same of it.
    one, other = ({place[1:] for place in link([(who, 1, text) for text in mine])} for who in "xy")
    assert one == other and len(one) == 8 * len(EVERY)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.text(max_size=60))))
def test_any_text_is_counted_or_too_short(sent: list[tuple[str, int, str]]) -> None:
    links = link(list(sent))
    assert all(n >= 1 and first <= last for n, first, last in links.values())
    counted = sum(n for (_, kind, _), (n, *_) in links.items() if kind == "prompt")
    assert counted <= len(sent)


def test_kinds_are_those_of_the_contract() -> None:
    assert set(KINDS) == set(PROMPT_KINDS)
