"""What each tactic and role says of itself is so in the records."""

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from graphkit.simulate import Rings, World
from graphkit.simulate.chance import Chance
from graphkit.simulate.operators import ALONE, HIDING, SHARING, TACTICS, draw_tactics
from graphkit.simulate.population import populate
from graphkit.simulate.spelling import payers
from graphkit.simulate.text.corpus import sample
from graphkit.simulate.world import TacticName
from tests.ringworlds import SIZE, Told, told

# Sharing


def test_only_a_chain_connects_virtual_cards() -> None:
    world = told("chain", strength=1.0)
    people = world.population.people
    ring = world.population.rings[0]
    rows = world.ask("""
        SELECT fingerprint, count(DISTINCT account_id) FROM payments JOIN truth USING (account_id)
        WHERE ring IS NOT NULL GROUP BY 1""")
    assert {n for _, n in rows} == {1}
    assert len(rows) > 1.5 * world.number("SELECT count(*) FROM shown"), "cards are replaced"

    steps = ring.members[np.argsort(people["payer"][ring.members])]

    names, postal = payers(
        11, world.population.words, people["payer"][steps], people["alias"][steps]
    )
    parts = [{*str(name).split(), str(code)[:3]} for name, code in zip(names, postal, strict=True)]
    alike = [[len(parts[i] & parts[i + gap]) for i in range(SIZE - gap)] for gap in (1, 2, 3)]
    assert min(alike[0]) == 2
    assert min(alike[1]) == 1
    assert np.mean(alike[2]) < 0.2


def test_rotation_replaces_addresses_cards_and_wording() -> None:
    world = told("rotation", days=8, strength=0.9)
    days = world.ask("""
        SELECT entity, max(ts)::DATE - min(ts)::DATE FROM traces
        JOIN requests ON ip = entity WHERE kind = 'ip' GROUP BY 1""")
    cards = world.ask("""
        SELECT account_id, count(DISTINCT fingerprint) FROM payments
        JOIN traces ON fingerprint = entity GROUP BY 1""")

    assert {int(str(n)) for _, n in days} <= {0, 1, 2}
    assert max(int(str(n)) for _, n in cards) >= 2
    per_day = world.ask("""
        SELECT ts::DATE, count(DISTINCT entity) FROM requests JOIN truth USING (account_id)
        JOIN traces ON traces.ring = truth.ring AND contains(prompt, entity)
        WHERE traces.kind = 'prompt' AND truth.ring = 'ring-0001' GROUP BY 1""")
    all_days = world.number(
        "SELECT count(*) FROM traces WHERE ring = 'ring-0001' AND kind = 'prompt'"
    )
    assert max(int(str(n)) for _, n in per_day) == 2 < all_days


def test_a_reseller_mixes_customers_with_extraction_behind_its_gateway() -> None:
    world = told("reseller", strength=0.5)
    rows = world.ask("""
        SELECT count(*), count(DISTINCT account_id) FROM requests JOIN truth USING (account_id)
        JOIN traces ON traces.ring = truth.ring AND traces.kind = 'prompt'
             AND contains(prompt, entity)
        GROUP BY truth.ring, entity ORDER BY truth.ring, count(*) DESC""")
    members = [int(str(n)) for _, n in rows]
    total = world.number(
        "SELECT count(*) FROM requests JOIN truth USING (account_id) WHERE ring IS NOT NULL"
    )

    extraction = sum(int(str(n)) for n, holders in rows if int(str(holders)) >= 0.9 * SIZE)
    assert extraction / total == pytest.approx(0.5, abs=0.12)
    assert len(members) == 5 * (SIZE // 8 + 1)
    assert all(n >= 2 for n in members), "each customer is served by several accounts"


def test_the_one_pool_is_a_resellers_that_takes_turns() -> None:
    pool = Rings(share=0.5, pool=200, size_max=40, tactics={"naive": 1.0})
    rings = populate(World(accounts=600, days=1, rings=pool)).rings

    assert len(rings[0].members) == 200
    assert rings[0].tactics == ("reseller", "turns")
    assert all(ring.tactics == ("naive",) for ring in rings[1:])


# Writing


def repeated(world: Told) -> int:
    """Texts that two members of one ring sent and that are no public prompt."""
    public = {text for _, text in sample()}
    rows = world.ask("""
        SELECT prompt FROM requests JOIN truth USING (account_id) WHERE ring IS NOT NULL
        GROUP BY ring, prompt HAVING count(DISTINCT account_id) > 1""")
    return len([text for (text,) in rows if text not in public])


def test_no_item_of_a_dealt_set_is_sent_by_two_members() -> None:
    assert repeated(told("dealt")) == 0
    assert repeated(told("only_payload")) >= 5 * 100


def test_payloads_are_shared_and_their_wrappers_are_not() -> None:
    world = told("payloads")
    wrapped = world.ask("""
        SELECT entity, count(DISTINCT account_id), count(DISTINCT prompt) FROM requests
        JOIN truth USING (account_id) JOIN traces
        ON traces.ring = truth.ring AND contains(prompt, entity) GROUP BY 1""")

    assert np.mean([int(str(n)) for _, n, _ in wrapped]) > SIZE / 2
    assert all(int(str(texts)) >= int(str(n)) for _, n, texts in wrapped)
    assert repeated(world) == 0


def test_a_paraphrase_says_the_same_in_several_ways() -> None:
    fixed, several = told("only_wrapper"), told("paraphrase")
    count = "SELECT count(DISTINCT entity) FROM shown WHERE ring = 'ring-0002'"

    assert fixed.number(count) == 1
    assert several.number(count) == 4


# Time


def overlap(world: Told) -> float:
    """Of a ring's pairs of members the mean share of five minutes that both work in."""
    rows = world.ask("""
        SELECT ring, account_id, list(DISTINCT epoch(ts)::BIGINT // 300) FROM requests
        JOIN truth USING (account_id) WHERE ring IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2""")
    shares = []
    for ring in sorted({str(ring) for ring, _, _ in rows}):
        held = [set(at) for name, _, at in rows if name == ring and isinstance(at, list)]
        shares += [len(a & b) / min(len(a), len(b)) for a in held for b in held if a is not b]
    return float(np.mean(shares))


def test_members_work_together_in_turns_or_strayed() -> None:
    apart = overlap(told("proxies"))
    together = overlap(told("only_timing", strength=1.0))
    strayed = overlap(told("jitter", strength=1.0))
    turns = overlap(told("turns", strength=1.0))

    assert together > 2 * apart
    assert apart < strayed < 0.8 * together
    assert turns < 0.7 * apart


def test_members_that_take_turns_have_even_shares() -> None:
    def spread(world: Told) -> float:
        rows = world.ask("""
            SELECT stddev(n) / avg(n) FROM (
                SELECT ring, account_id, count(*) AS n FROM requests JOIN truth USING (account_id)
                WHERE ring IS NOT NULL GROUP BY 1, 2) GROUP BY ring""")
        return float(np.mean([float(str(value)) for (value,) in rows]))

    assert spread(told("turns")) < 0.75 * spread(told("only_timing"))


def test_a_ring_pivots_within_a_day_of_the_launch() -> None:
    world = told("pivot", strength=0.9, days=6)
    rows = world.ask("""
        WITH launch AS (SELECT min(ts) AS begun FROM requests WHERE model = 'atlas-next'),
        late AS (
            SELECT account_id,
                   min(ts) FILTER (WHERE model = 'atlas-next') - any_value(begun) AS waited
            FROM requests, launch WHERE ts > begun GROUP BY 1)
        SELECT ring IS NOT NULL, avg((coalesce(waited, INTERVAL 9 DAY) < INTERVAL 30 HOUR)::INT)
        FROM late JOIN truth USING (account_id) GROUP BY 1 ORDER BY 1""")
    honest, ring = (float(str(share)) for _, share in rows)

    assert ring > 0.5
    assert ring > 1.5 * honest


# Hiding


def test_proxies_are_strangers_homes() -> None:
    world = told("proxies")
    share = world.number("""
        SELECT avg((holders > 1)::INT) FROM requests JOIN truth USING (account_id)
        JOIN (SELECT ip, count(DISTINCT account_id) AS holders FROM requests GROUP BY 1)
        USING (ip) WHERE ring IS NOT NULL AND NOT contains(ip, ':')""")
    plain = told("pivot").number("""
        SELECT avg((holders > 1)::INT) FROM requests JOIN truth USING (account_id)
        JOIN (SELECT ip, count(DISTINCT account_id) AS holders FROM requests GROUP BY 1)
        USING (ip) WHERE ring IS NOT NULL AND NOT contains(ip, ':')""")
    assert share > plain + 0.2


# Honest accounts behind the address of a request of a ring's, on average.
WIDEST = """
    SELECT avg(coalesce(n, 0)) FROM requests JOIN truth USING (account_id)
    LEFT JOIN (SELECT ip, count(DISTINCT account_id) AS n FROM requests
               JOIN truth USING (account_id) WHERE ring IS NULL GROUP BY 1)
    USING (ip) WHERE ring IS NOT NULL"""


def test_a_hub_and_a_popular_camouflage_hide_in_what_most_strangers_use() -> None:
    plain = told("pivot").number(WIDEST)
    drawn = told("random", camouflage=0.6).number(WIDEST)
    popular = told("popular", camouflage=0.6).number(WIDEST)
    hub = told("hub").number(WIDEST)

    assert popular > 1.4 * drawn > 1.4 * plain
    assert hub > 3 * plain


@pytest.mark.parametrize("tactic", ["random", "popular"])
def test_camouflage_spends_its_share_of_records(tactic: TacticName) -> None:
    for share in (0.0, 0.5):
        population = told(tactic, camouflage=share).population
        slots = population.people["egress"][population.people["ring"] >= 0]
        weight = slots["share"].astype(float)
        last = (weight > 0).sum(axis=1) - 1
        used = weight[np.arange(len(weight)), last] / weight.sum(axis=1)
        assert np.mean(used[last > 0] if share else 0) == pytest.approx(share, abs=0.08)


def test_reverse_camouflage_brings_strangers_to_what_a_ring_owns() -> None:
    def innocents(world: Told) -> float:
        return world.number("SELECT count(DISTINCT account_id) FROM shown WHERE of IS NULL")

    lured = innocents(told("reverse", "rotation", camouflage=1.0))
    assert innocents(told("rotation", camouflage=1.0)) <= 3
    assert lured > 0.25 * SIZE * 5


def test_the_framed_are_honest_and_share_their_homes_with_the_ring() -> None:
    world = told("framing", "rotation")
    framed = world.ask("SELECT ring, operator, tactic, kind FROM truth WHERE role = 'framed'")
    near = world.number("""
        SELECT count(DISTINCT a.account_id) FROM requests a JOIN truth f USING (account_id)
        JOIN requests b USING (ip) JOIN truth t ON t.account_id = b.account_id
        WHERE f.role = 'framed' AND t.ring IS NOT NULL AND abs(epoch(a.ts) - epoch(b.ts)) < 86400
        """)

    assert 10 <= len(framed) <= 5 * (SIZE // 5)
    assert {row[:3] for row in framed} == {(None, None, None)}
    assert "ring" not in {row[3] for row in framed}
    assert near >= 0.6 * len(framed)


# Roles


def test_hijacked_accounts_stay_who_they_are_and_show_what_the_ring_shares() -> None:
    world = told("naive", hijacked=0.25)
    rows = world.ask("SELECT ring, kind FROM truth WHERE role = 'hijacked'")
    shown = world.number("SELECT count(DISTINCT account_id) FROM shown WHERE role = 'hijacked'")
    known = told("naive").tables["accounts"].to_pylist()

    assert 5 * 4 <= len(rows) <= 5 * 7
    assert all(ring is not None and kind != "ring" for ring, kind in rows)
    assert shown >= 0.8 * len(rows)
    assert world.tables["accounts"].to_pylist() == known, "nobody signed up for it"


def test_junk_is_hardly_used() -> None:
    rows = {
        role: float(str(n))
        for role, n in told("naive", junk=0.3).ask("""
        SELECT role, avg(coalesce(n, 0)) FROM truth
        LEFT JOIN (SELECT account_id, count(*) AS n FROM requests GROUP BY 1) USING (account_id)
        WHERE ring IS NOT NULL GROUP BY 1""")
    }

    assert rows["junk"] < 8 < 40 < rows["member"]


def test_a_bridge_ties_two_operators_rings() -> None:
    world = told("naive", bridged=1.0)
    bridges = world.ask("SELECT account_id, operator FROM truth WHERE role = 'bridge'")
    for account, operator in bridges:
        rings = world.ask(f"SELECT DISTINCT ring FROM shown WHERE account_id = '{account}'")
        assert len(rings) >= 2, operator
    others = world.ask("""
        SELECT account_id FROM shown WHERE role = 'member' AND kind != 'device' GROUP BY 1
        HAVING count(DISTINCT ring) > 1""")

    assert len(bridges) == 5
    assert len(others) <= 1


@pytest.mark.parametrize("replaced", [0.5, 1.0])
def test_banned_members_are_replaced_within_a_day(replaced: float) -> None:
    world = told("turns", replaced=replaced, days=8)
    people = world.population.people
    for ring in world.population.rings:
        rows = people[ring.members]
        gone = rows[rows["banned"] < rows["banned"].max()]
        came = rows[rows["created"] >= gone["banned"].min()]
        assert len(gone) == len(came) == int(SIZE * replaced / (1 + replaced))
        by_seat: dict[int, int] = dict(zip(gone["seat"], gone["banned"], strict=True))
        waited = np.array([row["created"] - by_seat[row["seat"]] for row in came])
        assert (waited >= 0).all() and (waited < 86_400_000_000).all()


def test_an_heir_begins_when_all_are_banned_and_shows_what_remains() -> None:
    world = told("naive", succeeded=1.0, days=8)
    spans = world.ask("""
        SELECT operator, ring, min(first_day), max(last_day) FROM truth
        WHERE ring IS NOT NULL GROUP BY 1, 2 ORDER BY 2""")
    operators = [operator for operator, *_ in spans]

    assert operators == ["op-0001", "op-0001", "op-0003", "op-0003", "op-0005"]
    for first, heir in ((0, 1), (2, 3)):
        last, begin = spans[first][3], spans[heir][2]
        assert isinstance(last, date) and isinstance(begin, date)
        assert last <= begin
        residue = world.number(f"""
            SELECT count(DISTINCT account_id) FROM shown
            WHERE ring = '{spans[first][1]}' AND of = '{spans[heir][1]}'""")
        assert residue > SIZE / 2


# Drawing


def test_a_signal_that_stands_alone_stays_alone() -> None:
    weights = dict.fromkeys(TACTICS, 1.0)
    drawn = draw_tactics(Chance(3), weights, 300, low=2, high=4)

    assert {names[0] for names in drawn} == {*ALONE, *SHARING}
    assert all(len(names) == 1 for names in drawn if names[0] in ALONE)
    assert not any(name in ALONE for names in drawn for name in names[1:])
    assert {name for names in drawn for name in names[1:]} >= set(HIDING)


def places(ring: NDArray[np.int64]) -> set[int]:
    """Members as a set."""
    return set(ring.tolist())


def test_no_account_is_in_two_rings() -> None:
    rings = told("naive", hijacked=0.25).population.rings
    taken = [places(ring.members) | set(ring.hijacked) for ring in rings]

    assert len(set.union(*taken)) == sum(map(len, taken))
