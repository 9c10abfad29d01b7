from hypothesis import given
from hypothesis import strategies as st

from graphkit.simulate.chance import Chance
from graphkit.simulate.operators import TACTICS, draw_tactics, ring_sizes
from graphkit.simulate.world import TacticName
from tests.simulated import Made


@given(
    n=st.integers(0, 6000),
    low=st.integers(2, 20),
    more=st.integers(0, 280),
    pool=st.integers(0, 100),
    seed=st.integers(0, 99),
)
def test_ring_sizes_keep_their_bounds(n: int, low: int, more: int, pool: int, seed: int) -> None:
    pool = min(pool, n)
    sizes = ring_sizes(Chance(seed), n, low=low, high=low + more, pool=pool)

    assert sizes.sum() <= n
    if pool:
        assert sizes[0] == pool
    others = sizes[1:] if pool else sizes
    assert (len(others) > 0) == (n - pool >= low)
    assert len(others) >= min(4, (n - pool) // low) or (n - pool) // 4 < low
    assert all(low <= size <= low + more for size in others)


def test_tactics_are_dealt_in_their_proportions() -> None:
    weights: dict[TacticName, float] = {"naive": 3.0, "only_address": 1.0}
    tactics = draw_tactics(Chance(0), weights, 100, low=1, high=1)
    several = draw_tactics(Chance(0), dict.fromkeys(TACTICS, 1.0), 100, low=2, high=3)

    assert abs(sum(names == ("naive",) for names in tactics) - 75) <= 1
    assert {len(names) for names in several} <= {1, 2, 3}
    assert all(len(set(names)) == len(names) for names in several)


def test_what_a_ring_owns_is_in_its_records(made: Made) -> None:
    rows = made.ask("""
        WITH r AS (SELECT * FROM requests JOIN truth USING (account_id) WHERE ring IS NOT NULL),
        p AS (SELECT * FROM payments JOIN truth USING (account_id) WHERE ring IS NOT NULL),
        seen AS (
            SELECT t.ring, t.kind, t.entity, count(DISTINCT account_id) AS n
            FROM traces t JOIN r ON r.ring = t.ring AND (
                (t.kind = 'ip' AND r.ip = t.entity)
                OR (t.kind = 'prompt' AND contains(r.prompt, t.entity))
                OR (t.kind = 'device' AND r.user_agent = t.entity))
            GROUP BY ALL
            UNION ALL
            SELECT t.ring, t.kind, t.entity, count(DISTINCT account_id)
            FROM traces t JOIN p ON p.ring = t.ring AND (
                (t.kind = 'card' AND p.fingerprint = t.entity)
                OR (t.kind = 'name' AND p.billing_name = t.entity))
            GROUP BY ALL
            UNION ALL
            SELECT t.ring, t.kind, t.entity, count(DISTINCT account_id)
            FROM traces t JOIN truth u ON u.ring = t.ring JOIN accounts USING (account_id)
            WHERE (t.kind = 'domain' AND email_domain = t.entity)
               OR (t.kind = 'org' AND org_id = t.entity)
            GROUP BY ALL)
        SELECT kind, count(*), count(n), coalesce(sum(n), 0)
        FROM traces LEFT JOIN seen USING (ring, kind, entity) GROUP BY kind ORDER BY kind""")

    assert [kind for kind, *_ in rows] == [
        "card",
        "device",
        "domain",
        "ip",
        "name",
        "org",
        "prompt",
    ]
    for kind, told, found, holders in rows:
        assert int(str(found)) >= 0.7 * int(str(told)), kind
        assert int(str(holders)) >= 2 * int(str(found)), kind


def test_banned_members_stop_and_others_take_their_place(made: Made) -> None:
    late = made.ask("""
        SELECT count(*) FROM accounts a JOIN requests r USING (account_id)
        WHERE a.status = 'banned' AND r.dt > a.dt""")
    back = made.ask("""
        SELECT count(*) FROM accounts a JOIN accounts b USING (account_id)
        WHERE a.status = 'banned' AND b.status = 'active' AND b.dt > a.dt""")
    banned = made.ask("""
        SELECT count(*) FILTER (WHERE ring IS NOT NULL), count(*) FILTER (WHERE ring IS NULL)
        FROM accounts JOIN truth USING (account_id) WHERE status = 'banned' AND dt = '2026-11-22'
        """)[0]
    opened = made.ask("""
        SELECT count(*) FROM accounts JOIN truth USING (account_id)
        WHERE ring IS NOT NULL AND created_at >= '2026-11-17' AND dt = '2026-11-22'""")[0]

    assert late == back == [(0,)]
    assert 5 < int(str(banned[0])) <= int(str(opened[0]))
    assert int(str(banned[1])) > 5
