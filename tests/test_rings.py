"""Judging: scores by hand, who is peeled, who is published, what the evidence says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pyarrow as pa
import pytest

from graphkit.contracts import (
    EDGES,
    FACTS,
    MEMBERSHIP,
    PROFILES,
    SCORECARD,
    SIGNALS,
    STRUCTURE,
    USES,
)
from graphkit.rings import Judgement, judge
from graphkit.rings.cards import EXPLANATIONS, default_cards
from graphkit.rings.group import GROUP_FACTS
from graphkit.rings.membership import MEMBER_FACTS
from graphkit.settings import GraphSettings, RingSettings, Settings

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Evidence = dict[tuple[str, str], dict[str, int]]


def card(base: int, **facts: tuple[float, int, int]) -> pa.Table:
    """A card of facts: a bound, the millibits below it and those from it on."""
    rows: list[dict[str, object]] = [{"fact": "base", "millibits": base}]
    for fact, (bound, below, above) in facts.items():
        rows += [
            {"fact": fact, "high": bound, "millibits": below},
            {"fact": fact, "low": bound, "millibits": above},
        ]
    told = {"signal": "ties", "seen_for": 0, "seen_against": 0, "low": None, "high": None}
    return SCORECARD.conform(
        pa.Table.from_pylist([told | row for row in rows], schema=SCORECARD.schema)
    )


CARDS = {
    "member": card(-3_000, mean=(0.25, 0, 6_000)),
    "ring": card(-3_000, mean=(0.5, 0, 8_000)),
    **{name: card(-4_000) for name in EXPLANATIONS},
    "household": card(-3_000, size=(1.9, 10_000, 0)),
}


def clique(accounts: str, **signals: int) -> Evidence:
    return {pair: dict(signals) for pair in combinations(accounts, 2)}


def edges_table(evidence: Evidence, probability: int = 900) -> pa.Table:
    pairs = sorted(evidence)
    columns = {
        "account_a": pa.array([a for a, _ in pairs], pa.string()),
        "account_b": pa.array([b for _, b in pairs], pa.string()),
        "weight": pa.array([sum(evidence[p].values()) for p in pairs], pa.int64()),
        "probability": pa.array([evidence[p].get("p", probability) for p in pairs], pa.int64()),
        **{s: pa.array([evidence[p].get(s, 0) for p in pairs], pa.int64()) for s in SIGNALS},
        "n_shared": pa.array([1] * len(pairs), pa.int64()),
    }
    return EDGES.conform(pa.table(columns))


def uses_table(rows: list[tuple[str, str, int, int, int]]) -> pa.Table:
    """account, kind, entity, first and last hour of the day."""
    start = NOON.replace(hour=0)
    return USES.conform(
        pa.table(
            {
                "account_id": pa.array([row[0] for row in rows], pa.string()),
                "kind": pa.array([row[1] for row in rows], pa.string()),
                "entity": pa.array([row[2] for row in rows], pa.int64()),
                "n": pa.array([1] * len(rows), pa.int64()),
                "part": pa.array([1000] * len(rows), pa.int64()),
                "first_seen": pa.array(
                    [start + timedelta(hours=row[3]) for row in rows], USES.columns["first_seen"]
                ),
                "last_seen": pa.array(
                    [start + timedelta(hours=row[4]) for row in rows], USES.columns["last_seen"]
                ),
            }
        )
    )


def facts_table(rows: list[tuple[str, int, str, int, str, int]]) -> pa.Table:
    """kind, entity, signal, holders, role, weight."""
    names = ("kind", "entity", "signal", "n_holders", "role", "weight")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["trait"] = [""] * len(rows)
    schema = FACTS.schema
    return FACTS.conform(
        pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names})
    )


def profiles_table(
    accounts: Sequence[str],
    *,
    banned: str = "",
    quiet: str = "",
    orgs: Mapping[str, int | None] | None = None,
) -> pa.Table:
    n, orgs = len(accounts), orgs or {}
    return PROFILES.conform(
        pa.table(
            {
                "dt": pa.array([DAY] * n, pa.date32()),
                "account_id": pa.array(list(accounts), pa.string()),
                "created_at": pa.array([None] * n, PROFILES.columns["created_at"]),
                "country": pa.nulls(n, pa.string()),
                "status": pa.array(["Banned" if a in banned else "active" for a in accounts]),
                "org": pa.array([orgs.get(a) for a in accounts], pa.int64()),
                "requests": pa.array([0 if a in quiet else 10 for a in accounts], pa.int64()),
                "payments": pa.array([0] * n, pa.int64()),
                "amount_cents": pa.array([150] * n, pa.int64()),
            }
        )
    )


def judged(
    evidence: Evidence,
    community: dict[str, int],
    *,
    uses: pa.Table | None = None,
    facts: pa.Table | None = None,
    profiles: pa.Table | None = None,
    settings: RingSettings | None = None,
    trust_org_id: bool = False,
) -> Judgement:
    accounts = sorted(community)
    membership = pa.table(
        {
            "account_id": pa.array(accounts, pa.string()),
            "community": pa.array([community[a] for a in accounts], pa.int64()),
        }
    )
    structure = pa.table(
        {
            "account_id": pa.array(accounts, pa.string()),
            "structure": pa.array(range(len(accounts)), pa.uint64()),
        }
    )
    return judge(
        MEMBERSHIP.conform(membership),
        edges_table(evidence),
        USES.empty() if uses is None else uses,
        FACTS.empty() if facts is None else facts,
        profiles_table("".join(accounts)) if profiles is None else profiles,
        STRUCTURE.conform(structure),
        dt=DAY,
        settings=Settings(
            rings=settings or RingSettings(), graph=GraphSettings(trust_org_id=trust_org_id)
        ),
        cards=CARDS,
    )


def one(accounts: str) -> dict[str, int]:
    return dict.fromkeys(accounts, 0)


def test_what_is_published_lies_above_the_floor() -> None:
    loose = {pair: {"p": 300} for pair in combinations("abcdef", 2)}
    for evidence, score, status in [
        (clique("abcdef"), 5_000, "published"),
        (loose, -3_000, "candidate"),
    ]:
        (row,) = judged(evidence, one("abcdef")).rings.to_pylist()
        assert (row["score"], row["status"], row["benign"]) == (score, status, None)
    high = judged(clique("abcdef"), one("abcdef"), settings=RingSettings(min_score_bits=5.1))
    assert high.rings["status"].to_pylist() == ["candidate"]


def test_what_is_better_explained_is_a_candidate_that_says_so() -> None:
    found = judged(clique("abc"), one("abc"))
    (row,) = found.rings.to_pylist()
    assert (row["score"], row["status"], row["benign"]) == (5_000, "candidate", "household")
    told = [fact for fact in found.facts.to_pylist() if fact["question"] == "household"]
    assert [(fact["fact"], fact["millibits"]) for fact in told] == [
        ("total", 7_000),
        ("size", 10_000),
        ("base", -3_000),
    ]


def test_the_facts_of_each_answer_add_up_to_it() -> None:
    evidence = clique("abc") | clique("uvwxyz") | {("a", "u"): {"p": 100}}
    found = judged(evidence, one("abc") | dict.fromkeys("uvwxyz", 1))
    scores = {row["ring_id"]: row["score"] for row in found.rings.to_pylist()}
    sums: dict[tuple[str, str], list[int]] = {}
    for fact in found.facts.to_pylist():
        sums.setdefault((fact["ring_id"], fact["question"]), []).append(fact["millibits"])
    for (ring, question), (total, *facts) in sums.items():
        assert not facts or total == sum(facts)
        assert question != "ring" or (facts and total == scores[ring])
    assert {question for _, question in sums} == {"ring", *EXPLANATIONS}


@pytest.mark.parametrize(
    ("probability", "trusted", "status"),
    [(900, True, "organisation"), (900, False, "published"), (300, True, "candidate")],
)
def test_what_is_set_apart(probability: int, trusted: bool, status: str) -> None:
    profiles = profiles_table("abcdef", orgs=dict.fromkeys("abcdef", 7))
    evidence = {pair: {"p": probability} for pair in combinations("abcdef", 2)}
    found = judged(evidence, one("abcdef"), profiles=profiles, trust_org_id=trusted)
    (ring,) = found.rings.to_pylist()
    assert (ring["status"], set(found.members["status"].to_pylist())) == (status, {status})
    assert ring["organisation"] == ("org-0000000000000007" if trusted else None)


def test_whose_ties_are_weak_is_peeled() -> None:
    evidence = clique("abcdef") | {("a", "x"): {"p": 900}, ("b", "x"): {"p": 100}}
    found = judged(evidence, one("abcdefx"))
    assert found.members["account_id"].to_pylist() == list("abcdef")


def test_who_falls_short_is_attached_where_it_fits() -> None:
    evidence = clique("abcdef") | clique("uvwy")
    evidence |= {(a, "x"): {"p": 900} for a in "abcdef"} | {("u", "x"): {"p": 900}}
    found = judged(evidence, one("abcdef") | dict.fromkeys("uvwxy", 1))
    ring = {row["account_id"]: row["ring_id"] for row in found.members.to_pylist()}
    assert ring["x"] == ring["a"] != ring["u"]


def test_who_fits_its_own_community_stays() -> None:
    evidence = clique("abcdef") | clique("uvwxy") | {(a, "x"): {"p": 950} for a in "abcdef"}
    found = judged(evidence, one("abcdef") | dict.fromkeys("uvwxy", 1))
    ring = {row["account_id"]: row["ring_id"] for row in found.members.to_pylist()}
    assert ring["x"] == ring["u"] != ring["a"]


def test_confidence_is_that_of_the_ring_times_that_of_the_member() -> None:
    found = judged(clique("abcdef"), one("abcdef"))
    # 5 bits for the ring and 3 for each member, as odds.
    assert set(found.members["confidence"].to_pylist()) == {round(0.970 * 0.889, 3)}


def test_signals_are_those_that_carry_half_of_the_members() -> None:
    evidence = clique("abcdef", prompt=3_000, address=2_000, email=1_000)
    evidence["a", "b"]["payment"] = 9_000
    (row,) = judged(evidence, one("abcdef")).rings.to_pylist()
    assert row["signals"] == "prompt, address"


def test_fewer_than_min_size_is_no_candidate() -> None:
    assert judged(clique("ab", prompt=12_000, payment=6_000), one("ab")).rings.num_rows == 0


def test_no_communities_no_rings() -> None:
    found = judged({}, {})
    assert found.rings.num_rows == found.members.num_rows == found.evidence.num_rows == 0


def test_counts_of_a_ring() -> None:
    evidence = clique("abcd", prompt=12_000, payment=6_000)
    profiles = profiles_table("abcd", banned="ab", quiet="a")
    row = judged(evidence, one("abcd"), profiles=profiles).rings.to_pylist()[0]
    assert (row["n_active"], row["n_banned"], row["requests"]) == (3, 2, 30)
    assert str(row["amount_usd"]) == "6.00"


def test_evidence_names_what_ties_whom() -> None:
    evidence = clique("abcd", prompt=12_000, address=5_000)
    uses = uses_table(
        [(a, "wrapper", 9, 1, 2) for a in "abcd"]
        + [("a", "ip", 5, 0, 1), ("b", "ip", 5, 3, 4), ("c", "ip", 5, 90, 91)]
        + [("d", "card", 7, 0, 1)]
    )
    facts = facts_table(
        [
            ("wrapper", 9, "prompt", 6, "proposes", 12_000),
            ("ip", 5, "address", 40, "proposes", 5_000),
            ("card", 7, "payment", 2, "proposes", 6_500),
        ]
    )
    rows = judged(evidence, one("abcd"), uses=uses, facts=facts).evidence.to_pylist()
    told = [(row["kind"], row["members"], row["n_members"], row["n_holders"]) for row in rows]
    # c used the address days later, and the card has one member only: neither ties anybody.
    assert told == [
        ("wrapper", ["a", "b", "c", "d"], 4, 6),
        ("ip", ["a", "b"], 2, 40),
    ]
    assert rows[1]["entity"] == "ip-0000000000000005"


def test_rings_are_numbered_by_rank() -> None:
    evidence = clique("abc", prompt=12_000, payment=6_000)
    evidence |= clique("uvwx", prompt=12_000, payment=6_000)
    rings = judged(evidence, {**one("abc"), **dict.fromkeys("uvwx", 1)}).rings.to_pylist()
    assert [(row["ring_id"], row["size"]) for row in rings] == [("R-0001", 4), ("R-0002", 3)]


def test_the_packaged_cards_know_only_facts_that_are_gathered() -> None:
    known = {"member": MEMBER_FACTS, "ring": GROUP_FACTS} | dict.fromkeys(EXPLANATIONS, GROUP_FACTS)
    for name, found in default_cards().items():
        names = {"base", *(spec.name for spec in known[name])}
        assert set(found["fact"].to_pylist()) <= names
        assert found["fact"].to_pylist().count("base") == 1
