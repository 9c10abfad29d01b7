"""Facts about pairs, against slow obvious oracles."""

import math
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.contracts import ACTIVITY, LINKS, PROFILES, PROMPT_KINDS
from graphkit.graph import facts_together, kinds_for, know_people, share_entities
from graphkit.graph.corroboration import company, credibility
from graphkit.graph.pair_facts import (
    CARDED,
    context,
    handover,
    hours_excess,
    kinds_held,
    shared_facts,
    signup_rarity,
)
from graphkit.graph.sharing import Sharing
from graphkit.settings import GraphSettings
from tests.test_graph import (
    DAY,
    START,
    Link,
    graph_of,
    link_rows,
    links_table,
    profiles_table,
)

NAMES = [f"a{number}" for number in range(5)]


def activity_of(hours: dict[str, set[int]]) -> pa.Table:
    """ACTIVITY: each account's hours since the start."""
    rows = [
        {
            "dt": DAY + timedelta(days=hour // 24),
            "account_id": name,
            "hour": START + timedelta(hours=hour),
            "model": "m",
            "requests": 1,
            "input_tokens": 1,
            "output_tokens": 1,
            "minutes": 1,
        }
        for name, used in hours.items()
        for hour in sorted(used)
    ]
    return pa.Table.from_pylist(rows, schema=ACTIVITY.schema)


@settings(max_examples=50)
@given(st.lists(st.sets(st.integers(0, 71), max_size=30), min_size=5, max_size=5))
def test_hours_in_common_are_held_against_each_ones_rhythm(used: list[set[int]]) -> None:
    graph = graph_of([(name, "card", 1, 1, 0, 80) for name in NAMES])
    hours = dict(zip(NAMES, used, strict=True))
    people = know_people(
        graph, LINKS.empty(), profiles_table(dict.fromkeys(NAMES, 1)), activity_of(hours)
    )
    first, second = np.array(list(combinations(range(5), 2))).T
    found = hours_excess(people, first, second)
    for place, (a, b) in enumerate(combinations(NAMES, 2)):
        x, y = hours[a], hours[b]
        if not x or not y:
            assert math.isnan(found[place])
            continue
        days = [{hour // 24 for hour in mine} for mine in (x, y)]
        rhythm = [
            [sum(hour % 24 == h for hour in mine) / len(d) for h in range(24)]
            for mine, d in zip((x, y), days, strict=True)
        ]
        expected = len(days[0] & days[1]) * sum(p * q for p, q in zip(*rhythm, strict=True))
        assert found[place] == pytest.approx((len(x & y) - expected) / math.sqrt(expected + 1))


def test_a_near_sign_up_is_rare_by_the_accounts_between_and_not_by_hours() -> None:
    created = [START + timedelta(seconds=s) for s in (0, 1, 2, 3)] + [START + timedelta(days=9)]
    profiles = profiles_table(dict.fromkeys(NAMES, 1))
    profiles = profiles.set_column(
        profiles.column_names.index("created_at"),
        "created_at",
        pa.array(created, PROFILES.columns["created_at"]),
    )
    graph = graph_of([(name, "card", 1, 1, 0, 300) for name in NAMES])
    people = know_people(graph, LINKS.empty(), profiles, ACTIVITY.empty())
    found = signup_rarity(people, np.array([0, 0, 3]), np.array([1, 3, 4]))
    assert found.tolist() == pytest.approx([-math.log2(n / 5) for n in (2, 4, 2)])


def test_one_that_begins_where_another_ends_takes_over() -> None:
    rows: list[Link] = [("a0", "card", 1, 1, 2, 50), ("a1", "card", 1, 1, 60, 200)]
    profiles = profiles_table(dict.fromkeys(NAMES[:2], 1))
    for created_h, expected in ((57, math.log2(8)), (-5, 12.0)):
        told = [datetime(2026, 10, 1, tzinfo=UTC), START + timedelta(hours=created_h)]
        told_table = profiles.set_column(
            profiles.column_names.index("created_at"),
            "created_at",
            pa.array(told, PROFILES.columns["created_at"]),
        )
        people = know_people(graph_of(rows), LINKS.empty(), told_table, ACTIVITY.empty())
        for first, second in ((0, 1), (1, 0)):
            found = handover(people, np.array([first]), np.array([second]))
            assert found.tolist() == pytest.approx([expected])


def sharing_of(rows: list[Link]) -> Sharing:
    return share_entities(graph_of(rows), kinds_for(GraphSettings()), address_gap_h=24)


@settings(max_examples=50)
@given(link_rows())
def test_what_a_kind_says_is_unknown_unless_both_have_the_kind(rows: list[Link]) -> None:
    graph, sharing = graph_of(rows), sharing_of(rows)
    accounts = {row[0]: 10 for row in rows}
    links = links_table(rows)
    people = know_people(graph, links, profiles_table(accounts), ACTIVITY.empty())
    facts = shared_facts(kinds_held(graph), sharing, people)
    names = graph.accounts["account_id"].to_pylist()
    for kind in ("ip", "card", "prompt"):
        held: dict[int, set[str]] = {}
        for row in rows:
            if row[1] == kind:
                held.setdefault(row[2], set()).add(row[0])
        lonely = kind in PROMPT_KINDS
        has = {a for e in held.values() if len(e) > 1 or not lonely for a in e}
        linking = any(len(holders) > 1 for holders in held.values())
        for place in range(sharing.first.size):
            a, b = names[sharing.first[place]], names[sharing.second[place]]
            rows_of = np.flatnonzero(sharing.pair == place)
            sizes = [
                sharing.entities["n_holders"][int(e)].as_py()
                for e in sharing.entity[rows_of]
                if sharing.entities["kind"][int(e)].as_py() == kind
            ]
            value = facts[f"{kind}.bits"][place]
            if a in has and b in has and linking:
                rarest = max((math.log2(len(names) / size) for size in sizes), default=0.0)
                assert value == pytest.approx(max(rarest, 0.0))
                total = sum(round(100 * math.log2(len(names) / size)) for size in sizes) / 100
                assert facts[f"{kind}.total"][place] == pytest.approx(math.log2(1 + total))
                used = {who: {} for who in (a, b)}  # type: dict[str, dict[int, int]]
                for row in rows:
                    if row[1] == kind and row[0] in used:
                        used[row[0]][row[2]] = used[row[0]].get(row[2], 0) + row[3]
                common = sum(
                    min(used[a][e], used[b][e])
                    for e in (
                        sharing.entities["entity"][int(e)].as_py()
                        for e in sharing.entity[rows_of]
                        if sharing.entities["kind"][int(e)].as_py() == kind
                    )
                )
                if kind != "ip":
                    least = min(sum(used[a].values()), sum(used[b].values()))
                    assert facts[f"{kind}.overlap"][place] == pytest.approx(common / least)
            else:
                assert math.isnan(value)


@settings(max_examples=50)
@given(link_rows())
def test_which_signals_a_pair_shares_is_unknown_where_one_has_none(rows: list[Link]) -> None:
    graph, sharing = graph_of(rows), sharing_of(rows)
    facts = context(kinds_held(graph), sharing)
    names = graph.accounts["account_id"].to_pylist()
    entities = sharing.entities.to_pylist()
    held = {(row[0], CARDED.get(row[1])) for row in rows}
    for place in range(sharing.first.size):
        ends = [names[sharing.first[place]], names[sharing.second[place]]]
        shared = {entities[int(e)]["signal"] for e in sharing.entity[sharing.pair == place]}
        assert facts["context.signals"][place] == len(shared)
        for signal in set(CARDED.values()):
            value = facts[f"context.{signal}"][place]
            if signal == "prompt":  # of texts only those that two have are in a graph
                assert math.isnan(value) or value == (signal in shared)
            elif all((who, signal) in held for who in ends):
                assert value == (signal in shared)
            else:
                assert math.isnan(value)


@settings(max_examples=50)
@given(link_rows(), st.randoms(use_true_random=False))
def test_company_and_credibility_equal_the_oracle(rows: list[Link], random: object) -> None:
    sharing = sharing_of(rows)
    m, n = sharing.first.size, sharing.n_accounts
    chance = np.random.default_rng(random.getrandbits(32)).integers(0, 1001, m)  # type: ignore[attr-defined]
    dense = np.zeros((n, n))
    for place in range(m):
        a, b = sharing.first[place], sharing.second[place]
        dense[a, b] = dense[b, a] = chance[place] if chance[place] >= 20 else 0
    found = company(sharing, chance)
    credible = credibility(sharing, chance)
    holders = sharing.entities["n_holders"].to_numpy()
    for place in range(m):
        a, b = sharing.first[place], sharing.second[place]
        products = dense[a] * dense[b] / 1e6
        assert found["context.ties"][place] == pytest.approx(math.log2(1 + 4 * products.sum()))
        assert found["context.best"][place] == pytest.approx(products.max())
        least = min(dense[a].sum() - dense[a, b], dense[b].sum() - dense[a, b]) / 1000
        assert found["context.fewer"][place] == pytest.approx(math.log2(1 + 4 * least))
        cards = [
            e
            for e in sharing.entity[sharing.pair == place]
            if sharing.entities["signal"][int(e)].as_py() == "payment"
        ]
        shares = []
        for e in cards:
            others = sharing.pair[(sharing.entity == e) & (sharing.pair != place)]
            pairs = holders[e] * (holders[e] - 1) / 2
            shares.append((chance[others].sum() / 1000 + 0.02) / pairs)
        value = credible["payment.credible"][place]
        assert (
            value == pytest.approx(math.log2(max(shares) + 1e-3)) if shares else math.isnan(value)
        )


@settings(max_examples=60)
@given(link_rows(), st.data())
def test_other_pairs_lift_and_a_pair_never_lifts_itself(
    rows: list[Link], data: st.DataObject
) -> None:
    sharing = sharing_of(rows)
    m = sharing.first.size
    if not m:
        return
    chance = np.array(data.draw(st.lists(st.integers(0, 1000), min_size=m, max_size=m)))
    place = data.draw(st.integers(0, m - 1))
    more = chance.copy()
    more[place] = min(1000, more[place] + data.draw(st.integers(1, 500)))
    before, after = facts_together(sharing, chance), facts_together(sharing, more)
    for name, values in before.items():
        if name in ("context.company", "context.fewer", "context.more"):
            continue
        assert (np.nan_to_num(after[name]) >= np.nan_to_num(values) - 1e-12).all(), name
    for name, values in before.items():
        assert np.nan_to_num(after[name][place]) == pytest.approx(np.nan_to_num(values[place])), (
            name
        )


def test_camouflage_lifts_nothing() -> None:
    ring: list[Link] = [(f"r{n}", "card", 1, 5, 0, 9) for n in range(4)]
    ring += [(f"r{n}", "ip", 2, 5, 0, 9) for n in range(4)]
    lured: list[Link] = [(f"s{n}", "ip", 2, 1, 0, 9) for n in range(6)]
    plain, hidden = sharing_of(ring), sharing_of(ring + lured)
    own = [
        place
        for place in range(hidden.first.size)
        if hidden.first[place] < 4 and hidden.second[place] < 4
    ]
    said = np.zeros(hidden.first.size, dtype=np.int64)
    said[own] = 900
    alone = credibility(plain, np.full(plain.first.size, 900))["address.credible"]
    crowded = credibility(hidden, said)["address.credible"]
    assert (crowded[own] < alone).all()
    strangers = np.setdiff1d(np.arange(hidden.first.size), own)
    assert crowded[strangers].max() < math.log2(0.15)
