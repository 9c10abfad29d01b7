"""What rings own is what ties them: traces are true, complete and as strong as told."""

import pytest

from graphkit.simulate import world_of
from graphkit.simulate.operators import ALONE, HIDING, SHARING, TACTICS
from graphkit.simulate.world import TacticName
from tests.ringworlds import Told, told

LEAVES = {
    "only_address": {"ip"},
    "only_card": {"card", "name"},
    "only_device": {"device"},
    "only_domain": {"domain"},
    "only_org": {"org"},
    "only_wrapper": {"prompt"},
    "only_payload": {"prompt"},
    "only_timing": set(),
    "naive": {"ip", "card", "name", "prompt"},
    "split": {"ip", "card", "name", "device", "domain", "prompt"},
    "chain": {"name"},
    "rotation": {"ip", "card", "name", "prompt"},
    "reseller": {"ip", "prompt"},
    "paraphrase": {"prompt"},
    "dealt": set(),
    "payloads": {"prompt"},
    "turns": set(),
    "jitter": set(),
    "proxies": set(),
    "hub": set(),
    "random": set(),
    "popular": set(),
    "pivot": set(),
    "framing": set(),
    "reverse": set(),
}


def test_every_tactic_is_told_of() -> None:
    assert set(LEAVES) | {"mixed"} == set(TACTICS) == {*ALONE, *SHARING, *HIDING}


@pytest.mark.parametrize("tactic", LEAVES)
def test_a_tactic_leaves_the_traces_it_should_and_no_others(tactic: TacticName) -> None:
    world = told(tactic)
    kinds = world.ask("SELECT ring, list(DISTINCT kind) FROM traces GROUP BY ring ORDER BY ring")
    allowed = LEAVES[tactic] | ({"device"} if tactic == "naive" else set())

    assert len(kinds) == (5 if LEAVES[tactic] else 0)
    for _, found in kinds:
        assert isinstance(found, list)
        assert LEAVES[tactic] <= set(found) <= allowed


@pytest.mark.parametrize("tactic", [name for name in TACTICS if LEAVES.get(name)])
def test_traces_are_truthful_they_tie_members_and_hardly_anybody_else(tactic: TacticName) -> None:
    world = told(tactic, strength=0.9)
    n = world.number("SELECT count(*) FROM truth WHERE ring IS NOT NULL")
    inside = world.number("SELECT count(DISTINCT account_id) FROM shown WHERE of = ring")
    # A seldom seen client is not a ring's alone.
    outside = world.number(
        "SELECT count(DISTINCT account_id) FROM shown WHERE of IS NULL AND kind != 'device'"
    )

    assert inside > 0.6 * n
    assert outside <= 0.03 * n


@pytest.mark.parametrize("tactic", [name for name in TACTICS if LEAVES.get(name)])
def test_traces_are_complete_what_else_members_share_is_chance_or_a_crowd(
    tactic: TacticName,
) -> None:
    world = told(tactic)
    # What two members of one ring and nobody else hold, and no trace names.
    missing = world.ask("""
        SELECT kind, count(*) FROM (
            SELECT seen.kind, entity, min(truth.ring) AS ring
            FROM seen JOIN truth USING (account_id)
            WHERE seen.kind != 'prompt' GROUP BY seen.kind, entity
            HAVING count(*) > 1 AND count(truth.ring) = count(*)
               AND min(truth.ring) = max(truth.ring))
        ANTI JOIN traces USING (ring, kind, entity) GROUP BY kind""")

    # Homes' addresses pass on, and two members may chance upon one.
    assert {str(kind) for kind, _ in missing} <= {"ip", "device"}
    assert sum(int(str(n)) for _, n in missing) <= 15


SHOWN = {
    "only_address": "SELECT avg((ip IN (SELECT entity FROM traces))::INT) FROM requests",
    "only_device": "SELECT avg((user_agent IN (SELECT entity FROM traces))::INT) FROM requests",
    "only_wrapper": "SELECT avg((EXISTS (FROM traces WHERE contains(prompt, entity)))::INT) "
    "FROM requests",
    "only_payload": "SELECT avg((prompt IN (SELECT entity FROM traces))::INT) FROM requests",
    "only_card": "SELECT avg((fingerprint IN (SELECT entity FROM traces))::INT) FROM payments",
}


@pytest.mark.parametrize("strength", [0.25, 0.75])
@pytest.mark.parametrize("tactic", SHOWN)
def test_strength_is_the_share_of_activity_that_shows_it_whatever_the_signal(
    tactic: TacticName, strength: float
) -> None:
    world = told(tactic, strength=strength)
    question = SHOWN[tactic] + " JOIN truth USING (account_id) WHERE ring IS NOT NULL"

    # Of a card that four pay with one is the owner's, who pays with nothing else.
    expected = strength + (1 - strength) / 4 if tactic == "only_card" else strength
    assert world.number(question) == pytest.approx(expected, abs=0.09)


@pytest.mark.parametrize("tactic", ["only_domain", "only_org", "chain"])
def test_what_an_account_has_once_is_shown_whole(tactic: TacticName) -> None:
    world = told(tactic, strength=0.25)

    assert world.number("SELECT count(DISTINCT account_id) FROM shown WHERE of = ring") >= (
        5 * 24 if tactic != "chain" else 0.6 * 5 * 24
    )


def test_holders_is_how_many_members_share_one_thing() -> None:
    for tactic in ("only_card", "only_device", "only_domain", "only_org"):
        world = told(tactic, strength=1.0)
        held = world.ask("""
            SELECT count(DISTINCT account_id) FROM shown WHERE of = ring
            GROUP BY ring, entity ORDER BY 1""")
        most = max(int(str(n)) for (n,) in held)
        assert most == (4 if tactic != "only_device" else most) <= 12


@pytest.mark.parametrize("seed", [21, 22])
def test_at_the_hardest_level_traces_are_hidden_and_not_missing(seed: int) -> None:
    world = Told(world_of("small", level=4, seed=seed, changes={"days": 14}))
    there = world.number("""
        SELECT count(*) FROM truth WHERE ring IN (SELECT ring FROM traces)
        AND account_id IN (SELECT account_id FROM requests)""")
    inside, outside = (
        world.number(f"""
            SELECT count(DISTINCT account_id) FROM shown SEMI JOIN requests USING (account_id)
            WHERE kind != 'device' AND of {what}""")
        for what in ("= ring", "IS NULL")
    )

    assert inside >= 0.8 * there
    # Lured strangers, and those who come upon an address; each once or so.
    assert outside <= 0.25 * inside
