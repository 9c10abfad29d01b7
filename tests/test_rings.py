"""Judging: scores by hand, who is peeled, who is published, what the evidence says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pyarrow as pa
import pytest

from graphkit.contracts import EDGES, FACTS, MEMBERSHIP, PROFILES, SIGNALS, STRUCTURE, USES
from graphkit.rings import Judgement, judge
from graphkit.settings import GraphSettings, RingSettings, Settings

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Evidence = dict[tuple[str, str], dict[str, int]]


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
    )


def one(accounts: str) -> dict[str, int]:
    return dict.fromkeys(accounts, 0)


def test_the_score_is_the_mean_of_the_strongest_evidence_shrunk() -> None:
    evidence = clique("abcd", prompt=10_000, address=5_000)
    evidence["a", "b"]["payment"] = 6_000
    found = judged(evidence, one("abcd")).rings.to_pylist()
    # Four members with 10 and 5 bits, two with 6 more, over four and one without evidence.
    assert [row["score"] for row in found] == [(4 * 10_000 + 4 * 5_000 + 2 * 6_000) // 5]
    assert found[0]["status"] == "published"
    assert found[0]["signals"] == "prompt, address, payment"


@pytest.mark.parametrize(
    ("signals", "status"),
    [
        ({"prompt": 12_000, "address": 5_000}, "published"),
        ({"payment": 6_500, "address": 5_000, "email": 3_000}, "candidate"),
        ({"prompt": 3_000, "payment": 6_500, "address": 5_000}, "candidate"),
    ],
)
def test_what_is_published(signals: dict[str, int], status: str) -> None:
    found = judged(clique("abcdef", **signals), one("abcdef")).rings
    assert found["status"].to_pylist() == [status]


@pytest.mark.parametrize(
    ("signals", "trusted", "status"),
    [
        ({"prompt": 12_000, "address": 5_000}, True, "organisation"),
        ({"prompt": 12_000, "address": 5_000}, False, "published"),
        ({"payment": 6_500, "address": 5_000, "email": 3_000}, True, "candidate"),
    ],
)
def test_what_is_set_apart(signals: dict[str, int], trusted: bool, status: str) -> None:
    profiles = profiles_table("abcdef", orgs=dict.fromkeys("abcdef", 7))
    found = judged(
        clique("abcdef", **signals), one("abcdef"), profiles=profiles, trust_org_id=trusted
    )
    (ring,) = found.rings.to_pylist()
    assert (ring["status"], set(found.members["status"].to_pylist())) == (status, {status})
    assert ring["organisation"] == ("org-0000000000000007" if trusted else None)


def test_one_signal_alone_makes_no_member() -> None:
    assert judged(clique("abcdef", prompt=12_000), one("abcdef")).rings.num_rows == 0


def test_a_shared_program_is_no_second_signal() -> None:
    found = judged(clique("abcdef", prompt=12_000, device=2_500), one("abcdef"))
    assert found.rings.num_rows == 0


def test_an_innocent_with_a_copied_prompt_is_peeled() -> None:
    evidence = clique("abcd", prompt=12_000, payment=6_000)
    evidence |= {(a, "x"): {"prompt": 12_000} for a in "abcd"}
    found = judged(evidence, one("abcdx"))
    assert found.members["account_id"].to_pylist() == ["a", "b", "c", "d"]


def test_a_member_whose_evidence_lies_elsewhere_is_peeled() -> None:
    evidence = clique("abcd", prompt=12_000, payment=6_000)
    evidence |= {("a", "x"): {"prompt": 12_000, "payment": 6_000}}
    evidence |= {("x", other): {"address": 5_000} for other in "yz"}
    found = judged(evidence, {**one("abcdx"), "y": 1, "z": 2})
    members = {row["account_id"]: row["confidence"] for row in found.members.to_pylist()}
    assert set(members) == set("abcd")
    assert members["b"] == 1.0 and members["a"] == 0.75


def test_what_falls_apart_is_two_rings() -> None:
    evidence = clique("abc", prompt=12_000, payment=6_000)
    evidence |= clique("uvw", prompt=12_000, payment=6_000)
    evidence["c", "u"] = {"prompt": 12_000}
    bridged = judged(
        {**evidence, ("c", "m"): {"prompt": 9_000}, ("m", "u"): {"prompt": 9_000}}, one("abcuvwm")
    )
    # The bridge m goes; c and u still touch, so it stays one ring until that tie goes as well.
    assert bridged.rings["size"].to_pylist() == [6]
    del evidence["c", "u"]
    apart = judged(
        {**evidence, ("c", "m"): {"prompt": 9_000}, ("m", "u"): {"prompt": 9_000}}, one("abcuvwm")
    )
    assert apart.rings["size"].to_pylist() == [3, 3]


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
