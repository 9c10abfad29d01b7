"""The heterogeneous graph and its projection, against slow obvious oracles."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.contracts import ACTIVITY, LINKS, PROFILES, PROMPT_KINDS, SIGNALS
from graphkit.errors import UsageError
from graphkit.graph import (
    HeteroGraph,
    Projection,
    build_graph,
    kinds_for,
    project,
    share_entities,
    structure,
)
from graphkit.settings import GraphSettings, KindSettings

DAY = date(2026, 11, 1)
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = 3600
# account, kind, entity, n, first hour, last hour
Link = tuple[str, str, int, int, int, int]


def links_table(rows: Sequence[Link]) -> pa.Table:
    return LINKS.conform(
        pa.table(
            {
                "dt": pa.array([DAY + timedelta(days=row[4] // 24) for row in rows], pa.date32()),
                "account_id": pa.array([row[0] for row in rows], pa.string()),
                "kind": pa.array([row[1] for row in rows], pa.string()),
                "entity": pa.array([row[2] for row in rows], pa.int64()),
                "trait": pa.array([""] * len(rows), pa.string()),
                "n": pa.array([row[3] for row in rows], pa.int64()),
                "share": pa.array([1.0] * len(rows), pa.float64()),
                "first_seen": pa.array(
                    [START + timedelta(hours=row[4]) for row in rows], LINKS.columns["first_seen"]
                ),
                "last_seen": pa.array(
                    [START + timedelta(hours=row[5]) for row in rows], LINKS.columns["last_seen"]
                ),
            }
        )
    )


def profiles_table(requests: dict[str, int]) -> pa.Table:
    n = len(requests)
    return PROFILES.conform(
        pa.table(
            {
                "dt": pa.array([DAY] * n, pa.date32()),
                "account_id": pa.array(list(requests), pa.string()),
                "created_at": pa.array([None] * n, PROFILES.columns["created_at"]),
                "country": pa.nulls(n, pa.string()),
                "status": pa.nulls(n, pa.string()),
                "org": pa.nulls(n, pa.int64()),
                "requests": pa.array(list(requests.values()), pa.int64()),
                "payments": pa.array([0] * n, pa.int64()),
                "amount_cents": pa.array([0] * n, pa.int64()),
            }
        )
    )


def graph_of(rows: Sequence[Link], requests: int = 10, gap_h: int = 24) -> HeteroGraph:
    accounts = {row[0]: requests for row in rows}
    return build_graph(links_table(rows), profiles_table(accounts), address_gap_h=gap_h)


KINDS = ("ip", "card", "device", "prompt", "wrapper", "phone")


@st.composite
def link_rows(draw: st.DrawFn) -> list[Link]:
    """Links of a few accounts to a few entities; one row per day, account, kind and entity."""
    keys = st.tuples(
        st.sampled_from([f"a{number}" for number in range(7)]),
        st.sampled_from(KINDS),
        st.integers(1, 4),
        st.integers(0, 5),
    )
    chosen = draw(st.lists(keys, min_size=1, max_size=40, unique=True))
    rows = []
    for account, kind, entity, day in chosen:
        first = draw(st.integers(0, 23))
        last = draw(st.integers(first, 23))
        rows.append(
            (account, kind, entity, draw(st.integers(1, 9)), day * 24 + first, day * 24 + last)
        )
    return rows


def spells(rows: Sequence[Link], gap_h: int) -> dict[tuple[str, str, int], list[list[int]]]:
    """Runs of uses, by going through them in order of time: first hour, last hour, events."""
    runs: dict[tuple[str, str, int], list[list[int]]] = defaultdict(list)
    for account, kind, entity, n, first, last in sorted(rows, key=lambda row: (row[4], row[5])):
        mine = runs[account, kind, entity]
        if mine and (kind != "ip" or first - max(run[1] for run in mine) <= gap_h):
            mine[-1][1] = max(mine[-1][1], last)
            mine[-1][2] += n
        else:
            mine.append([first, last, n])
    return runs


@settings(max_examples=40)
@given(link_rows(), st.integers(0, 48))
def test_spells_are_runs_of_uses(rows: list[Link], gap_h: int) -> None:
    graph = graph_of(rows, gap_h=gap_h)
    holders: dict[tuple[str, int], set[str]] = defaultdict(set)
    for account, kind, entity, *_ in rows:
        holders[kind, entity].add(account)
    expected = sorted(
        (account, kind, entity, n, first, last)
        for (account, kind, entity), runs in spells(rows, gap_h).items()
        for first, last, n in runs
        if kind not in PROMPT_KINDS or len(holders[kind, entity]) > 1
    )
    found = sorted(
        (
            row["account_id"],
            row["kind"],
            row["entity"],
            row["n"],
            int((row["first_seen"] - START).total_seconds() // HOUR),
            int((row["last_seen"] - START).total_seconds() // HOUR),
        )
        for row in graph.named_links(graph.accounts["account_id"]).to_pylist()
    )
    assert found == expected


@settings(max_examples=40)
@given(link_rows())
def test_exchange_forms_say_the_same(rows: list[Link]) -> None:
    graph = graph_of(rows)
    as_networkx, as_igraph, as_numpy = graph.to_networkx(), graph.to_igraph(), graph.to_numpy()
    n_pairs = sum(pairs.shape[1] for pairs in as_numpy.values())
    assert as_networkx.number_of_edges() == as_igraph.ecount() == n_pairs
    assert as_networkx.number_of_nodes() == as_igraph.vcount() == sum(graph.nodes().values())
    for kind in graph.kinds:
        degrees = {row["entity"]: row["n_accounts"] for row in graph.degrees(kind).to_pylist()}
        assert degrees == {
            name: as_networkx.degree((node_kind, name))
            for node_kind, name in as_networkx.nodes
            if node_kind == kind
        }
        counted = np.bincount(as_numpy[kind][1], minlength=len(degrees))
        assert sorted(counted.tolist()) == sorted(degrees.values())
    named = as_igraph.vs["name"]
    edges = {frozenset((named[edge.source], named[edge.target])) for edge in as_igraph.es}
    assert edges == {frozenset((a[1], b[1])) for a, b in as_networkx.edges}


def test_a_subgraph_keeps_the_links_of_its_accounts() -> None:
    rows: list[Link] = [("a", "ip", 1, 1, 0, 1), ("b", "ip", 1, 1, 0, 1), ("b", "card", 2, 1, 0, 1)]
    graph = graph_of(rows).subgraph(["b"])
    assert graph.nodes() == {"account": 1, "card": 1, "ip": 1}
    with pytest.raises(UsageError, match="'c' is not in the graph"):
        graph_of(rows).subgraph(["c"])


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'card'"):
        graph_of([("a", "card", 1, 1, 0, 1)]).degrees("cards")


def meet(kind: str, x: list[list[int]], y: list[list[int]], gap_h: int) -> bool:
    """Whether two accounts' uses of an entity are close enough to be shared."""
    return kind != "ip" or any(
        one[0] <= two[1] + gap_h and two[0] <= one[1] + gap_h for one in x for two in y
    )


def candidates(
    rows: Sequence[Link], requests: int, caps: dict[str, int]
) -> dict[tuple[str, str], set[tuple[str, int]]]:
    """What each candidate pair shares, by looking at every pair and entity."""
    runs = spells(rows, 24)
    held: dict[tuple[str, int], dict[str, list[list[int]]]] = defaultdict(dict)
    for (account, kind, entity), mine in runs.items():
        held[kind, entity][account] = mine
    hubs = {e for e, holders in held.items() if len(holders) > caps.get(e[0], 50)}
    events: dict[tuple[str, str], int] = defaultdict(int)
    for (kind, _), holders in held.items():
        for account, mine in holders.items() if len(holders) > 1 else ():
            events[account, kind] += sum(run[2] for run in mine)

    def much(account: str, entity: tuple[str, int]) -> bool:
        of_requests = entity[0] in ("ip", "device", *PROMPT_KINDS)
        base = requests if of_requests else events[account, entity[0]]
        return any(1000 * run[2] // max(base, run[2]) >= 50 for run in held[entity][account])

    def rare(x: tuple[str, int], y: tuple[str, int]) -> bool:
        both = [a for a in held[x] if a in held[y] and much(a, x) and much(a, y)]
        n_accounts = len({row[0] for row in rows})
        return len(both) * n_accounts >= 4 * len(held[x]) * len(held[y])

    def common(entity: tuple[str, int], *pair: str) -> int:
        sent = [sum(run[2] for run in held[entity][account]) for account in pair]
        return min(1000 * n // max(requests, n) for n in sent)

    shared: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for a, b in combinations(sorted({row[0] for row in rows}), 2):
        both = {e for e, holders in held.items() if a in holders and b in holders}
        met = {e for e in both if meet(e[0], held[e][a], held[e][b], 24)}
        crowds = [e for e in both & hubs if much(a, e) and much(b, e)]
        agree = any(x[0] != y[0] and rare(x, y) for x, y in combinations(crowds, 2))
        near = met - hubs
        texts = [e for e in near if e[0] in PROMPT_KINDS]
        telling = any(e not in texts or common(e, a, b) >= 20 for e in near)
        if telling or len(near) > 1 or agree:
            shared[a, b] = met
    return shared


@settings(max_examples=80)
@given(
    link_rows(),
    st.sampled_from([5, 10, 40]),
    st.sampled_from([{}, {"ip": 2, "card": 3, "prompt": 2}, {"ip": 2, "card": 2}]),
)
def test_candidates_and_what_they_share_equal_the_oracle(
    rows: list[Link], requests: int, caps: dict[str, int]
) -> None:
    options = GraphSettings(kinds={kind: KindSettings(hub_cap=cap) for kind, cap in caps.items()})
    graph = graph_of(rows, requests)
    sharing = share_entities(graph, kinds_for(options), address_gap_h=24)
    names = graph.accounts["account_id"].to_pylist()
    pairs = [(names[a], names[b]) for a, b in zip(sharing.first, sharing.second, strict=True)]
    entities = [(row["kind"], row["entity"]) for row in sharing.entities.to_pylist()]
    found: dict[tuple[str, str], set[tuple[str, int]]] = {pair: set() for pair in pairs}
    for pair, entity in zip(sharing.pair.tolist(), sharing.entity.tolist(), strict=True):
        found[pairs[pair]].add(entities[entity])
    assert pairs == sorted(pairs)
    assert found == candidates(rows, requests, caps)


def projected(rows: Sequence[Link], requests: int, options: GraphSettings) -> Projection:
    graph = graph_of(rows, requests, options.address_gap_h)
    profiles = profiles_table({row[0]: requests for row in rows})
    links = links_table(rows)
    return project(graph, links, profiles, ACTIVITY.empty(), kinds_for(options), settings=options)


@settings(max_examples=40)
@given(link_rows())
def test_the_signals_of_an_edge_add_up(rows: list[Link]) -> None:
    for row in projected(rows, 10, GraphSettings(min_probability=0.0)).edges.to_pylist():
        assert row["weight"] == sum(row[signal] for signal in SIGNALS)
        assert row["probability"] == round(1000 / (1 + 2 ** (-row["weight"] / 1000)))


def test_a_kind_weighed_by_hand_adds_its_rarity_to_the_prior() -> None:
    # The account beside them holds a phone of its own, so that a phone is worth a bit and a half.
    rows: list[Link] = [("a", "phone", 1, 1, 0, 1), ("b", "phone", 1, 1, 0, 1)]
    rows += [(name, "phone", number, 1, 0, 1) for number, name in enumerate("cdef", start=2)]
    options = GraphSettings(prior_bits=2, min_probability=0.0)
    (edge,) = projected(rows, 10, options).edges.to_pylist()
    worth = round(600 * math.log2(6 / 1))
    assert edge["mention"] == worth and edge["context"] == -2000
    assert edge["weight"] == worth - 2000


@settings(max_examples=40)
@given(link_rows(), st.randoms(use_true_random=False))
def test_projection_does_not_depend_on_row_order(rows: list[Link], random: Random) -> None:
    options = GraphSettings(min_probability=0.0)
    base = projected(rows, 10, options)
    mixed = list(rows)
    random.shuffle(mixed)
    other = projected(mixed, 10, options)
    assert other.edges.equals(base.edges)
    assert other.facts.equals(base.facts)


def test_a_hub_proposes_nothing_but_corroborates() -> None:
    crowd: list[Link] = [(f"u{number:03}", "ip", 1, 1, 0, 1) for number in range(60)]
    alone = projected(crowd, 10, GraphSettings(min_probability=0.0))
    assert alone.edges.num_rows == 0
    hub = alone.hubs.to_pylist()
    assert [(row["kind"], row["n_accounts"], row["pairs_withheld"]) for row in hub] == [
        ("ip", 60, 1770)
    ]
    card: list[Link] = [("u000", "card", 7, 1, 0, 1), ("u001", "card", 7, 1, 0, 1)]
    both = projected([*crowd, *card], 10, GraphSettings(min_probability=0.0)).edges.to_pylist()
    assert [(row["account_a"], row["account_b"]) for row in both] == [("u000", "u001")]
    assert both[0]["n_shared"] == 2
    assert both[0]["address"] != 0


def test_an_address_that_changed_hands_ties_nobody() -> None:
    rows: list[Link] = [("a", "ip", 1, 5, 0, 3), ("b", "ip", 1, 5, 28, 30)]
    assert projected(rows, 10, GraphSettings(min_probability=0.0)).edges.num_rows == 0
    meets = GraphSettings(min_probability=0.0, address_gap_h=25)
    assert projected(rows, 10, meets).edges.num_rows == 1


def test_structure_ignores_names_and_order() -> None:
    rows: list[Link] = [
        ("a", "ip", 1, 5, 0, 3),
        ("b", "ip", 1, 2, 2, 9),
        ("b", "card", 4, 1, 5, 5),
        ("c", "card", 4, 1, 6, 6),
    ]
    names = {"a": "z", "b": "y", "c": "x"}
    other: list[Link] = [(names[r[0]], r[1], r[2] + 100, r[3], r[4], r[5]) for r in reversed(rows)]
    one = {row["account_id"]: row["structure"] for row in structure(graph_of(rows)).to_pylist()}
    two = {row["account_id"]: row["structure"] for row in structure(graph_of(other)).to_pylist()}
    assert {names[name]: value for name, value in one.items()} == two
    assert len(set(one.values())) == 3


def test_structure_ties_accounts_that_only_names_tell_apart() -> None:
    rows: list[Link] = [("a", "ip", 1, 5, 0, 3), ("b", "ip", 1, 5, 0, 3), ("c", "ip", 1, 5, 0, 4)]
    values = structure(graph_of(rows))["structure"].to_pylist()
    assert values[0] == values[1] != values[2]
