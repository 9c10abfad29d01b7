"""Judging: communities that are settled, scored and, above the floor, published as rings.

The score is the ring card's: the log odds, in millibits, that one operator runs at least half of
the group. Every benign explanation has a card over the same facts. A group that one of them fits
better is a candidate with that explanation beside it, whatever its score; one past the floor that
lies inside one verified organisation is set apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import EVIDENCE, RING_FACTS, RING_MEMBERS, RINGS, SIGNALS
from graphkit.rings.cards import EXPLANATIONS, MEMBER, RING, default_cards
from graphkit.rings.group import CARRIES, group_facts, summed
from graphkit.rings.membership import TOLD, Floats, Ints, Members, Pairs, settle
from graphkit.rings.organisation import organisations
from graphkit.rings.waterfall import Answer, considered
from graphkit.scorecard import base, look_up, thousandths
from graphkit.settings import Settings
from graphkit.sql import query


@dataclass(frozen=True)
class Judgement:
    """What the judging leaves. Rings are numbered R-0001 and on, strongest first.

    Attributes:
        rings: RINGS.
        members: RING_MEMBERS.
        evidence: EVIDENCE.
        facts: RING_FACTS.
    """

    rings: pa.Table
    members: pa.Table
    evidence: pa.Table
    facts: pa.Table


def judge(
    membership: pa.Table,
    edges: pa.Table,
    uses: pa.Table,
    facts: pa.Table,
    profiles: pa.Table,
    structure: pa.Table,
    *,
    dt: date,
    settings: Settings,
    cards: Mapping[str, pa.Table] | None = None,
) -> Judgement:
    """Judge communities.

    Args:
        membership: MEMBERSHIP.
        edges: EDGES among its accounts.
        uses: USES of its accounts.
        facts: FACTS.
        profiles: PROFILES of the window.
        structure: STRUCTURE, for an order of rings that names do not enter.
        dt: the day.
        settings: floors, hours within which two uses of an address meet, and whether the
            organisations of profiles are verified.
        cards: SCORECARD by name; the packaged ones where None.
    """
    cards = default_cards() if cards is None else cards
    accounts = membership["account_id"].combine_chunks()
    pairs = pairs_of(edges, accounts)
    found = settle(
        pairs,
        membership["community"].to_numpy(),
        cards[MEMBER],
        min_size=settings.rings.min_size,
        min_chance=round(1000 * settings.rings.min_confidence),
    )
    if (found.group < 0).all():
        empty = (RINGS, RING_MEMBERS, EVIDENCE, RING_FACTS)
        return Judgement(*(contract.empty() for contract in empty))
    known = group_facts(pairs, found.group, accounts, uses, facts, summed(profiles))
    answers = _answers(cards, known)
    scored = _scored(pairs, found, answers, round(1000 * settings.rings.min_score_bits))
    belongs = _belonging(accounts, found, answers[RING].total)
    trusted = settings.graph.trust_org_id
    inside = organisations(belongs if trusted else belongs.slice(0, 0), profiles)
    tables = {"scored": scored, "belongs": belongs, "structure": structure, "inside": inside}
    named = query(_NAMED, tables)
    members = query(_MEMBERS, {"named": named, "belongs": belongs}, {"dt": dt})
    shared = {"members": members, "uses": uses, "facts": facts}
    gap_us = settings.graph.address_gap_h * 3_600_000_000
    evidence = query(_EVIDENCE, shared, {"dt": dt, "gap_us": gap_us})
    told = {"named": named, "members": members, "profiles": profiles, "evidence": evidence}
    rings = query(_RINGS, told, {"dt": dt, "banned": list(settings.rings.banned_statuses)})
    return Judgement(
        RINGS.conform(rings),
        RING_MEMBERS.conform(members),
        EVIDENCE.conform(evidence),
        considered(named, known, answers, dt=dt),
    )


def _answers(cards: Mapping[str, pa.Table], known: Mapping[str, Floats]) -> dict[str, Answer]:
    """What each card says of the groups, by question."""
    zero = np.zeros(known["size"].size, dtype=np.int64)
    found = {}
    for question in (RING, *EXPLANATIONS):
        start, parts = base(cards[question]), look_up(cards[question], known)
        found[question] = Answer(start, parts, sum(parts.values(), zero) + start)
    return found


def pairs_of(edges: pa.Table, accounts: pa.Array) -> Pairs:
    """EDGES by the places of their accounts.

    Args:
        edges: EDGES among the accounts.
        accounts: ids, shape (n,).
    """
    first, second = (
        pc.index_in(edges[name], value_set=accounts).to_numpy().astype(np.int64)
        for name in ("account_a", "account_b")
    )
    signals = [edges[signal].to_numpy() for signal in SIGNALS]
    return Pairs(first, second, edges["probability"].to_numpy(), np.stack(signals, axis=1))


def _scored(pairs: Pairs, found: Members, answers: Mapping[str, Answer], floor: int) -> pa.Table:
    """Score, status, best benign explanation and signals of each group, by its number."""
    n = np.bincount(found.group[found.group >= 0])
    score, benign = answers[RING].total, np.stack([answers[name].total for name in EXPLANATIONS])
    explained = benign.max(axis=0) > score
    names = np.array(list(EXPLANATIONS))[benign.argmax(axis=0)]
    published = (score >= floor) & ~explained
    return pa.table(
        {
            "ring": np.arange(n.size),
            "size": n,
            "score": score,
            "status": pa.array(np.where(published, "published", "candidate").tolist(), pa.string()),
            "benign": pa.array(names.tolist(), pa.string(), mask=~explained),
            "signals": pa.array(_signals(pairs, found.group, n), pa.string()),
        }
    )


def _signals(pairs: Pairs, group: Ints, n: Ints) -> list[str]:
    """The signals that carry at least half of each group's members, strongest first."""
    names = [SIGNALS.index(signal) for signal in TOLD]
    _, best = pairs.inside(group).strongest(group.size)
    mine, best = group >= 0, best[:, names]
    sums, carried = (np.zeros((n.size, len(names)), np.int64) for _ in range(2))
    np.add.at(sums, group[mine], best[mine])
    np.add.at(carried, group[mine], best[mine] >= CARRIES)
    half = 2 * carried >= n[:, None]
    order = np.argsort(-sums, axis=1, kind="stable")
    return [
        ", ".join(TOLD[place] for place in row if half[ring, place])
        for ring, row in enumerate(order)
    ]


def _belonging(accounts: pa.Array, found: Members, score: Ints) -> pa.Table:
    """Accounts with their group and how likely its operator runs them: if there is one, and so."""
    places = np.flatnonzero(found.group >= 0)
    ring = found.group[places]
    sure: Floats = thousandths(score)[ring] * found.chance[places] / 1_000_000
    return pa.table(
        {
            "account_id": accounts.take(pa.array(places)),
            "ring": ring,
            "confidence": np.round(sure, 3),
        }
    )


_NAMED = """
SELECT ring, score, signals, size, benign, organisation,
    CASE WHEN status = 'published' AND organisation IS NOT NULL THEN 'organisation'
        ELSE status END AS status,
    'R-' || printf('%04d', row_number() OVER (
        ORDER BY score DESC, size DESC, least_structure, least_account)) AS ring_id
FROM scored JOIN (
    SELECT ring, min(structure) AS least_structure, min(account_id) AS least_account
    FROM belongs JOIN structure USING (account_id) GROUP BY ring
) USING (ring) LEFT JOIN inside USING (ring)
"""
_MEMBERS = """
SELECT CAST($dt AS DATE) AS dt, ring_id, account_id, score, confidence, status
FROM belongs JOIN named USING (ring)
ORDER BY score DESC, size DESC, ring_id, confidence DESC, account_id
"""
# An address ties those members only whose spells meet: in order of time, a spell meets another
# when it begins within the gap of an earlier one's end, or ends within the gap of a later start.
# The most that a fact adds to a pair is what it adds to the two who use it most.
_EVIDENCE = """
WITH held AS (
    SELECT ring_id, account_id, kind, entity, n, part, first_seen, last_seen,
        epoch_us(first_seen) - max(epoch_us(last_seen)) OVER before <= $gap_us AS meets_earlier,
        min(epoch_us(first_seen)) OVER later - epoch_us(last_seen) <= $gap_us AS meets_later
    FROM uses JOIN members USING (account_id)
    SEMI JOIN facts USING (kind, entity)
    WINDOW before AS (PARTITION BY ring_id, kind, entity ORDER BY first_seen, last_seen, account_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        later AS (PARTITION BY ring_id, kind, entity ORDER BY first_seen, last_seen, account_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), tied AS (
    SELECT ring_id, kind, entity, account_id, sum(n) AS n, max(part) AS part,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM held WHERE kind <> 'ip' OR meets_earlier OR meets_later
    GROUP BY ring_id, kind, entity, account_id
)
SELECT CAST($dt AS DATE) AS dt, ring_id, signal, kind,
    kind || '-' || printf('%016x', entity) AS entity, trait, role,
    n_members, n_holders, n_events, first_seen, last_seen, weight, members
FROM (
    SELECT ring_id, kind, entity, count(*) AS n_members, CAST(sum(n) AS BIGINT) AS n_events,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        list(account_id ORDER BY account_id) AS members
    FROM tied GROUP BY ring_id, kind, entity HAVING count(*) > 1
) JOIN facts USING (kind, entity)
ORDER BY ring_id, weight * n_members DESC, kind, n_members DESC,
    first_seen, last_seen, entity
"""
_RINGS = """
WITH latest AS (
    SELECT account_id, arg_max(status, dt) AS status FROM profiles
    SEMI JOIN members USING (account_id) WHERE status IS NOT NULL GROUP BY account_id
), window_sums AS (
    SELECT account_id, sum(requests) AS requests, sum(amount_cents) AS cents,
        max(CASE WHEN dt = CAST($dt AS DATE) AND requests + payments > 0 THEN 1 ELSE 0 END)
            AS active
    FROM profiles SEMI JOIN members USING (account_id) GROUP BY account_id
), sums AS (
    SELECT ring_id, sum(active) AS n_active,
        count(*) FILTER (list_contains($banned, lower(latest.status))) AS n_banned,
        sum(requests) AS requests, sum(cents) AS cents
    FROM members JOIN window_sums USING (account_id) LEFT JOIN latest USING (account_id)
    GROUP BY ring_id
), times AS (
    SELECT ring_id, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM evidence GROUP BY ring_id
)
SELECT CAST($dt AS DATE) AS dt, ring_id, status, score, size, CAST(n_active AS BIGINT) AS n_active,
    n_banned, CAST(requests AS BIGINT) AS requests,
    CAST(CAST(cents AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2)) AS amount_usd,
    first_seen, last_seen, signals, organisation, benign
FROM named JOIN sums USING (ring_id) LEFT JOIN times USING (ring_id)
ORDER BY score DESC, size DESC, ring_id
"""
