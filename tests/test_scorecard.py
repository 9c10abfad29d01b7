"""Scorecards: what they add, and that fitting finds what is there."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.graph import ALONE, ROUNDS, TOGETHER, pair_card
from graphkit.scorecard import BASE, Fact, base, fit, look_up, thousandths

SPECS = {"alone": ALONE, "together": TOGETHER}
VALUES = st.lists(
    st.one_of(st.just(math.nan), st.floats(-50, 50, allow_nan=False)), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(VALUES, st.sampled_from([fact.name for fact in TOGETHER]))
def test_a_look_up_takes_the_interval_that_holds_the_value(values: list[float], name: str) -> None:
    card = pair_card("together")
    rows = [row for row in card.to_pylist() if row["fact"] == name]
    expected = []
    for value in values:
        holds = [
            row["millibits"]
            for row in rows
            if (row["low"] is None or value >= row["low"])
            and (row["high"] is None or value < row["high"])
        ]
        expected.append(0 if math.isnan(value) else holds[0])
    found = look_up(card, {name: np.array(values), "unheard of": np.array(values)})
    assert {name: millibits.tolist() for name, millibits in found.items()} == {name: expected}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_packaged_card_covers_every_value_and_keeps_its_directions(name: str) -> None:
    rows = pair_card(name).to_pylist()
    assert [row["fact"] for row in rows].count(BASE) == 1 and base(pair_card(name)) < 0
    assert {row["fact"] for row in rows} - {BASE} == {fact.name for fact in SPECS[name]}
    for fact in SPECS[name]:
        mine = [row for row in rows if row["fact"] == fact.name]
        assert mine[0]["low"] is None and mine[-1]["high"] is None
        assert [row["low"] for row in mine[1:]] == [row["high"] for row in mine[:-1]]
        assert all(row["signal"] == fact.signal for row in mine)
        steps = np.diff([row["millibits"] for row in mine])
        assert not fact.direction or (fact.direction * steps >= 0).all()


def test_without_a_ridge_one_fact_gets_its_log_odds() -> None:
    chance = np.random.default_rng(5)
    value = chance.integers(0, 3, 30_000).astype(float)
    label = chance.random(value.size) < np.array([0.1, 0.4, 0.8])[value.astype(int)]
    card = fit([Fact("x", "hours", 0, "")], {"x": value}, label, np.ones(value.size), ridge=0)
    odds = base(card) + look_up(card, {"x": np.arange(3.0)})["x"]
    for place in range(3):
        share = label[value == place].mean()
        assert odds[place] == pytest.approx(1000 * math.log2(share / (1 - share)), abs=30)
        assert thousandths(odds)[place] == pytest.approx(1000 * share, abs=6)


def test_a_direction_holds_against_the_data_and_the_unknown_adds_nothing() -> None:
    chance = np.random.default_rng(6)
    value = chance.random(20_000)
    label = chance.random(value.size) > 0.2 + 0.6 * value
    value[::5] = math.nan
    facts, weight = {"x": value}, np.ones(value.size)
    free = fit([Fact("x", "hours", 0, "")], facts, label, weight)
    bound = fit([Fact("x", "hours", 1, "")], facts, label, weight)
    falls = look_up(free, {"x": np.linspace(0, 1, 50)})["x"]
    assert falls[0] > 1000 + falls[-1]
    rises = look_up(bound, {"x": np.linspace(0, 1, 50)})["x"]
    assert rises[0] == 0 and (np.diff(rises) >= 0).all() and rises[-1] < 50
    assert look_up(free, {"x": np.array([math.nan])})["x"].tolist() == [0]


def test_what_can_only_speak_for_says_nothing_at_its_least() -> None:
    chance = np.random.default_rng(7)
    value = chance.random(20_000)
    value[chance.random(value.size) < 0.4] = 0.0
    label = chance.random(value.size) < 0.2 + 0.6 * value
    value[chance.random(value.size) < 0.2] = math.nan
    card = fit([Fact("x", "prompt", 1, "")], {"x": value}, label, np.ones(value.size))
    added = look_up(card, {"x": np.array([0.0, math.nan, 0.5, 1.0])})["x"].tolist()
    assert added[:2] == [0, 0] and 500 < added[2] < added[3] - 500
    shut = fit([Fact("x", "prompt", 0, "")], {"x": value}, label, np.ones(value.size))
    assert look_up(shut, {"x": np.zeros(1)})["x"][0] < -300  # what the bound takes away


def test_the_rare_has_intervals_of_its_own() -> None:
    """Strong evidence that one row in a hundred has is not lost in an interval with the rest."""
    chance = np.random.default_rng(8)
    value = chance.random(50_000)
    rare = chance.random(value.size) < 0.01
    value[rare] += 5
    label = chance.random(value.size) < np.where(rare, 0.9, 0.1)
    card = fit([Fact("x", "hours", 1, "")], {"x": value}, label, np.ones(value.size), intervals=4)
    most, least = look_up(card, {"x": np.array([5.9, 0.9])})["x"]
    assert most > least + 5000


def test_a_card_says_how_often_an_interval_was_seen() -> None:
    value = np.repeat([0.0, 1.0], [600, 400])
    label = np.tile([True, False], 500)
    label[600:] = True
    card = fit([Fact("x", "hours", 0, "")], {"x": value}, label, np.ones(1000))
    seen = [(row["seen_for"], row["seen_against"]) for row in card.to_pylist()]
    assert seen == [(1000, 1000), (429, 1000), (571, 0)]


def test_the_same_rows_give_the_same_card() -> None:
    chance = np.random.default_rng(7)
    facts = {"x": chance.random(5_000), "y": chance.normal(size=5_000)}
    label = chance.random(5_000) < facts["x"]
    specs = [Fact("x", "hours", 1, ""), Fact("y", "account", 0, "")]
    one, two = (fit(specs, facts, label, np.ones(5_000)) for _ in range(2))
    assert one.equals(two)
