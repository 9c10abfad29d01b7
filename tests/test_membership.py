"""Facts about members and groups, beside the same counted one by one."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphkit.contracts import FACTS, SIGNALS, USES
from graphkit.rings.group import CARRIES, GROUP_FACTS, group_facts
from graphkit.rings.membership import MEMBER_FACTS, TOLD, Pairs, fits

N = 9
Edge = tuple[int, int, int, int]
groups = st.lists(st.integers(-1, 2), min_size=N, max_size=N)
edges = st.lists(
    st.tuples(
        st.integers(0, N - 1),
        st.integers(0, N - 1),
        st.integers(1, 1000),
        st.integers(-5_000, 9_000),
    ),
    max_size=25,
).map(lambda rows: list({(a, b): (a, b, p, w) for a, b, p, w in rows if a < b}.values()))


def pairs_of(rows: Sequence[Edge]) -> Pairs:
    """Pairs whose evidence is all prompt's."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    signals = np.zeros((len(rows), len(SIGNALS)), dtype=np.int64)
    signals[:, SIGNALS.index("prompt")] = table[:, 3]
    return Pairs(table[:, 0], table[:, 1], table[:, 2], signals)


def numbered(raw: list[int]) -> NDArray[np.int64]:
    """Groups from 0 without gaps; a group of one is none."""
    names = sorted({g for g in raw if raw.count(g) > 1 and g >= 0})
    return np.array([names.index(g) if g in names else -1 for g in raw], dtype=np.int64)


@settings(max_examples=40)
@given(edges, groups)
def test_how_accounts_fit_groups(rows: list[Edge], raw: list[int]) -> None:
    group = numbered(raw)
    found = fits(pairs_of(rows), group)
    assert set(found.facts) == {spec.name for spec in MEMBER_FACTS}
    told = {
        (int(a), int(g)): {name: float(values[at]) for name, values in found.facts.items()}
        for at, (a, g) in enumerate(zip(found.account, found.group, strict=True))
    }
    expected = {}
    for account in range(N):
        for of in set(group.tolist()) - {-1}:
            others = [a for a in range(N) if group[a] == of and a != account]
            mine = [(p, w) for a, b, p, w in rows if account in (a, b) and {a, b} & set(others)]
            if mine:
                expected[account, of] = (others, mine)
    assert set(told) == set(expected)
    for key, (others, mine) in expected.items():
        account = key[0]
        total = sum(p for p, _ in mine)
        every = sum(p for a, b, p, _ in rows if account in (a, b))
        inner = sum(p for a, b, p, _ in rows if a in others and b in others)
        rest = inner / max(len(others) * (len(others) - 1) // 2, 1)
        assert told[key]["mean"] == pytest.approx(total / len(others) / 1000)
        assert told[key]["strongest"] == max(p for p, _ in mine) / 1000
        assert told[key]["ties"] == len(mine) / len(others)
        assert told[key]["share"] == total / every
        assert told[key]["best.prompt"] == max(w for _, w in mine) / 1000
        likeness = np.log2((1 + total / len(others)) / (1 + rest))
        assert told[key]["likeness"] == pytest.approx(likeness)


def about(n: int) -> pa.Table:
    return pa.table(
        {
            "account_id": [f"a{at}" for at in range(n)],
            "country": pa.array(["NL", None, "NL"] * (n // 3)),
            "requests": [4 * at for at in range(n)],
            "payments": [0] * n,
            "days": [500] * n,
            "place": [at / (n - 1) for at in range(n)],
        }
    )


def facts_of(rows: list[Edge], group: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    names = pa.array([f"a{at}" for at in range(N)])
    return group_facts(pairs_of(rows), group, names, USES.empty(), FACTS.empty(), about(N))


@settings(max_examples=40)
@given(edges, groups)
def test_what_edges_say_of_groups(rows: list[Edge], raw: list[int]) -> None:
    group = numbered(raw)
    if group.max() < 0:
        return
    found = facts_of(rows, group)
    assert set(found) == {spec.name for spec in GROUP_FACTS}
    for of in range(group.max() + 1):
        members = {a for a in range(N) if group[a] == of}
        couples = len(members) * (len(members) - 1) / 2
        inner = [(a, b, p, w) for a, b, p, w in rows if a in members and b in members]
        touching = sum(p * len({a, b} & members) for a, b, p, _ in rows)
        within = sum(p for _, _, p, _ in inner)
        assert found["mean"][of] == pytest.approx(within / couples / 1000)
        assert found["ties"][of] == len(inner) / couples
        assert found["strong"][of] == sum(p >= 500 for _, _, p, _ in inner) / couples
        assert found["outside"][of] == pytest.approx(1 - 2 * within / max(touching, 1))
        carried = {m for a, b, _, w in inner if w >= CARRIES for m in (a, b)}
        if any(w for *_, w in rows):
            assert found["carried.prompt"][of] == len(carried) / len(members)
        best = sorted(max([p for a, b, p, _ in inner if m in (a, b)], default=0) for m in members)
        middle = int(np.floor(0.5 * (len(best) - 1) + 0.5))
        assert found["typical"][of] == best[middle] / 1000


@settings(max_examples=40)
@given(edges, groups, st.randoms(use_true_random=False))
def test_no_fact_depends_on_the_order_of_edges(
    rows: list[Edge], raw: list[int], chance: Random
) -> None:
    group = numbered(raw)
    if group.max() < 0:
        return
    turned = list(rows)
    chance.shuffle(turned)
    first, second = facts_of(rows, group), facts_of(turned, group)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_a_signal_that_is_switched_off_says_nothing() -> None:
    rows = [(0, 1, 900, 3_000), (1, 2, 900, 3_000)]
    found = facts_of(rows, np.array([0, 0, 0] + [-1] * (N - 3)))
    assert found["carried.prompt"][0] == 1.0
    for name in TOLD:
        assert name == "prompt" or np.isnan(found[f"carried.{name}"][0])
    assert np.isnan(found["own.payment"][0]) and np.isnan(found["paying"][0])
    assert found["active"][0] == 2 / 3


def test_what_is_held_by_the_group_alone_is_its_own() -> None:
    uses = [("a0", 7), ("a1", 7), ("a2", 7), ("a0", 8), ("a1", 8)]
    blank = dict.fromkeys(USES.columns)
    held = [blank | {"account_id": a, "kind": "card", "entity": e} for a, e in uses]
    blank = dict.fromkeys(FACTS.columns)
    facts = [
        blank | {"kind": "card", "entity": 7, "signal": "payment", "n_holders": 30},
        blank | {"kind": "card", "entity": 8, "signal": "payment", "n_holders": 2},
    ]
    found = group_facts(
        pairs_of([]),
        np.array([0, 0, 0] + [-1] * (N - 3)),
        pa.array([f"a{at}" for at in range(N)]),
        pa.Table.from_pylist(held, schema=USES.schema),
        pa.Table.from_pylist(facts, schema=FACTS.schema),
        about(N),
    )
    assert found["common.payment"][0] == 1.0
    assert found["crowd.payment"][0] == np.log2(10)
    assert found["own.payment"][0] == 2 / 3
