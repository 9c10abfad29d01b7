"""Judging: a community of enough members is a candidate; one past the floors is published.

One past the floors that lies inside one verified organisation is set apart instead.

First score: per member the strongest evidence of each signal inside the ring, added over signals;
averaged over the members and `shrink` more without any, so that small rings must show more.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import EVIDENCE, RING_MEMBERS, RINGS
from graphkit.contracts import SHARED_SIGNALS as SIGNALS
from graphkit.rings.membership import COUNTED, Members, Pairs, settle
from graphkit.rings.organisation import organisations
from graphkit.settings import RingSettings, Settings
from graphkit.sql import query

# Signals that say what accounts do; the others say what they share.
BEHAVIOUR = ("prompt",)


@dataclass(frozen=True)
class Judgement:
    """What the judging leaves. Rings are numbered R-0001 and on, strongest first.

    Attributes:
        rings: RINGS.
        members: RING_MEMBERS.
        evidence: EVIDENCE.
    """

    rings: pa.Table
    members: pa.Table
    evidence: pa.Table


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
    """
    if membership.num_rows == 0:
        return Judgement(RINGS.empty(), RING_MEMBERS.empty(), EVIDENCE.empty())
    accounts = membership["account_id"]
    pairs = _pairs(edges, membership)
    found = settle(pairs, membership["community"].to_numpy(), settings.rings)
    places = np.flatnonzero(found.ring >= 0)
    if places.size == 0:
        return Judgement(RINGS.empty(), RING_MEMBERS.empty(), EVIDENCE.empty())
    scored = _scores(found, places, settings.rings)
    belongs = pa.table(
        {
            "account_id": accounts.take(pa.array(places)),
            "ring": found.ring[places],
            "confidence": np.round(found.inside[places] / np.maximum(found.total[places], 1), 4),
        }
    )
    trusted = settings.graph.trust_org_id
    inside = organisations(belongs if trusted else belongs.slice(0, 0), profiles)
    tables = {"scored": scored, "belongs": belongs, "structure": structure, "inside": inside}
    named = query(_NAMED, tables)
    members = query(_MEMBERS, {"named": named, "belongs": belongs}, {"dt": dt})
    shared = {"members": members, "uses": uses, "facts": facts}
    gap_us = settings.graph.address_gap_h * 3_600_000_000
    evidence = query(_EVIDENCE, shared, {"dt": dt, "gap_us": gap_us})
    rings = query(
        _RINGS,
        {"named": named, "members": members, "profiles": profiles, "evidence": evidence},
        {"dt": dt, "banned": list(settings.rings.banned_statuses)},
    )
    return Judgement(
        RINGS.conform(rings), RING_MEMBERS.conform(members), EVIDENCE.conform(evidence)
    )


def _pairs(edges: pa.Table, membership: pa.Table) -> Pairs:
    """Edges by the row numbers of the membership table."""
    accounts = membership["account_id"].combine_chunks()
    first, second = (
        pc.index_in(edges[name], value_set=accounts).to_numpy().astype(np.int64)
        for name in ("account_a", "account_b")
    )
    signals = np.stack([edges[signal].to_numpy() for signal in SIGNALS], axis=1)
    return Pairs(first, second, edges["probability"].to_numpy(), signals)


def _scores(found: Members, places: NDArray[np.int64], settings: RingSettings) -> pa.Table:
    """Score, status and signals of each ring, by its lowest account."""
    roots, inverse, size = np.unique(found.ring[places], return_inverse=True, return_counts=True)
    sums = np.zeros((roots.size, len(SIGNALS)), dtype=np.int64)
    np.add.at(sums, inverse, found.evidence[places])
    mean = np.rint(sums / (size + settings.shrink)[:, None]).astype(np.int64)
    score = mean.sum(axis=1)
    carries = mean >= 1000 * settings.signal_bits
    behaviour = mean[:, [SIGNALS.index(signal) for signal in BEHAVIOUR]].sum(axis=1)
    published = (
        (score >= 1000 * settings.min_score_bits)
        & (carries[:, COUNTED].sum(axis=1) >= settings.min_signals)
        & (behaviour >= 1000 * settings.min_behaviour_bits)
    )
    strongest = np.argsort(-mean, axis=1, kind="stable")
    signals = [
        ", ".join(SIGNALS[place] for place in row if carries[ring, place])
        for ring, row in enumerate(strongest)
    ]
    return pa.table(
        {
            "ring": roots,
            "size": size,
            "score": score,
            "status": pa.array(np.where(published, "published", "candidate").tolist(), pa.string()),
            "signals": pa.array(signals, pa.string()),
        }
    )


_NAMED = """
SELECT ring, score, signals, size, organisation,
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
    first_seen, last_seen, signals, organisation
FROM named JOIN sums USING (ring_id) LEFT JOIN times USING (ring_id)
ORDER BY score DESC, size DESC, ring_id
"""
