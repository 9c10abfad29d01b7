import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit import sql
from graphkit.contracts import ACCOUNTS, PAYMENTS, REQUESTS
from graphkit.simulate import (
    Network,
    Rings,
    World,
    simulate,
    world_of,
)
from graphkit.simulate.chance import Chance
from graphkit.simulate.check.telltales import BOUNDS, single_facts
from graphkit.simulate.network import lay_out
from graphkit.simulate.text.wrappers import HARNESS, PHRASES
from graphkit.simulate.words import COUNTRIES, HARNESS_AGENT
from tests.simulated import Made, load


def test_addresses_are_public_and_of_both_versions(made: Made) -> None:
    spelled = [str(ip) for (ip,) in made.ask("SELECT DISTINCT ip FROM requests")]
    parsed = [ipaddress.ip_address(ip) for ip in spelled]

    assert all(ip.is_global for ip in parsed)
    assert {ip.version for ip in parsed} == {4, 6}


@given(homes=st.lists(st.integers(0, 300), min_size=1, max_size=6), hour=st.integers(0, 600_000))
def test_two_homes_never_hold_one_address_at_once(homes: list[int], hour: int) -> None:
    network = lay_out(Chance(0), np.array(homes), seed=0, skip=0, spare=3.0, lease_d=(1, 6))
    pool = np.repeat(np.arange(len(homes)), homes)
    rank = np.concatenate([np.arange(n) for n in homes])
    slots = network.home(pool, rank, np.full(len(pool), hour))

    assert len(set(zip(pool.tolist(), slots.tolist(), strict=True))) == len(pool)
    assert all(slots < network.slots[pool])


def test_addresses_pass_from_lone_accounts_to_strangers(tmp_path: Path) -> None:
    at_home = Network(
        mobile_share=0, vpn_share=0, proxied_share=0, cloud_share=0, developer_cloud_share=0
    )
    simulate(tmp_path / "w", World(accounts=2000, rings=Rings(share=0), network=at_home))
    made = load(tmp_path / "w")
    moved, passed, at_once = made.ask("""
        WITH lone AS (
            SELECT account_id, ip, min(ts) AS first, max(ts) AS last FROM requests
            JOIN truth USING (account_id) WHERE kind = 'lone' AND ip NOT LIKE '%:%'
            GROUP BY ALL)
        SELECT (SELECT avg(n) FROM (SELECT count(*) AS n FROM lone GROUP BY account_id)),
               count(*), count(*) FILTER (WHERE b.first < a.last)
        FROM lone a JOIN lone b ON a.ip = b.ip AND a.first < b.first""")[0]

    assert float(str(moved)) > 1.3
    assert int(str(passed)) > 10
    assert at_once == 0


def test_groups_share_what_they_should(made: Made) -> None:
    def most(column: str, table: str, kind: str) -> int:
        """The most values that a group of a kind has."""
        rows = made.ask(f"""
            SELECT max(n) FROM (SELECT count(DISTINCT {column}) AS n
            FROM {table} JOIN truth USING (account_id) WHERE kind = '{kind}' GROUP BY "group")""")
        return int(str(rows[0][0]))

    for kind in ("business", "integrator", "fleet"):
        assert most("fingerprint", "payments", kind) == 1
        assert most("org_id", "accounts", kind) == most("email_domain", "accounts", kind) == 1
    assert most("email_domain", "accounts", "office") == 1
    assert most("fingerprint", "payments", "office") > 5
    assert most("user_agent", "requests", "integrator") <= 2  # a key may run the harness
    top = made.ask("""
        SELECT ip, count(DISTINCT account_id) AS n, max(extract(isodow FROM ts))
        FROM requests JOIN truth USING (account_id) WHERE kind = 'office'
        GROUP BY ip ORDER BY n DESC LIMIT 1""")[0]
    assert int(str(top[1])) >= 15
    assert int(str(top[2])) <= 6  # Friday here is Saturday in UTC at the most


def test_households_share_a_home_and_some_a_card(made: Made) -> None:
    shared = made.ask("""
        SELECT count(*) FROM (
            SELECT ip FROM requests JOIN truth USING (account_id)
            WHERE kind = 'household' AND ip NOT LIKE '%:%' GROUP BY ip
            HAVING count(DISTINCT account_id) BETWEEN 2 AND 5)""")[0][0]
    cards = made.ask("""
        SELECT max(n), count(*) FILTER (WHERE n > 1), count(*) FROM (
            SELECT count(DISTINCT account_id) AS n FROM payments JOIN truth USING (account_id)
            WHERE kind = 'household' GROUP BY fingerprint)""")[0]

    assert int(str(shared)) > 30
    assert int(str(cards[0])) <= 5
    assert 10 < int(str(cards[1])) < int(str(cards[2]))


def test_the_harness_is_one_client_and_one_instruction(made: Made) -> None:
    rows = made.ask("""
        SELECT user_agent, prompt, account_id FROM requests JOIN truth USING (account_id)
        WHERE kind = 'harness'""")
    users = {account for agent, prompt, account in rows if str(prompt).startswith(HARNESS)}

    assert {agent for agent, _, _ in rows} == {HARNESS_AGENT}
    assert len(users) > 40


def test_the_viral_prompt_is_sent_once_by_each(made: Made) -> None:
    sent = sql.query(
        """SELECT kind, account_id, count(*) AS n FROM requests JOIN truth USING (account_id)
           WHERE prompt = $viral GROUP BY ALL""",
        made.tables,
        {"viral": PHRASES[0]},
    ).to_pylist()

    assert "viral" in {row["kind"] for row in sent}
    assert 100 <= len(sent) <= 120
    assert {row["n"] for row in sent} == {1}


def test_no_single_fact_gives_an_account_of_a_careful_ring_away(tmp_path: Path) -> None:
    # Rings of 40 at most: there are some twenty, so that what one has in common counts for little.
    changes = {"rings.size_max": 40}
    simulate(tmp_path / "w", world_of("small", level=3, seed=31, changes=changes))
    tables = load(tmp_path / "w").tables
    last = tables["accounts"].filter(pc.field("dt") == pc.max(tables["accounts"]["dt"]))
    found = single_facts(tables | {"accounts": last.drop_columns("dt")}).to_pylist()

    assert len(found) > 40
    assert all(BOUNDS[0] <= row["auc"] <= BOUNDS[1] for row in found), found[:5]


def test_a_single_fact_that_does_tell_is_found() -> None:
    when = datetime(2026, 11, 22, 9, tzinfo=UTC)
    ids = [f"a{number}" for number in range(40)]
    attacks = [number < 20 for number in range(40)]
    accounts = {
        "account_id": ids,
        "created_at": [when - timedelta(days=number) for number in range(40)],
        "email_domain": ["gmail.com"] * 40,
        "org_id": pa.nulls(40, pa.string()),
        "country": ["US"] * 40,
        "status": ["active"] * 40,
    }
    requests = {
        "account_id": ids,
        "ts": [when] * 40,
        "ip": ["203.0.113.7"] * 40,
        "user_agent": ["curl"] * 40,
        "tls_fingerprint": ["t13"] * 40,
        "model": ["atlas-mini"] * 40,
        "prompt": ["long" * 9 if attack else "short" for attack in attacks],
        "input_tokens": [5] * 40,
        "output_tokens": [5] * 40,
    }
    tables = {
        "accounts": ACCOUNTS.conform(pa.table(accounts)),
        "requests": REQUESTS.conform(pa.table(requests)),
        "payments": PAYMENTS.empty(),
        "truth": pa.table(
            {
                "account_id": ids,
                "ring": ["r" if attack else None for attack in attacks],
                "role": ["member" if attack else None for attack in attacks],
            }
        ),
    }
    found = {row["fact"]: row["auc"] for row in single_facts(tables).to_pylist()}

    assert found["prompt length, mean"] == 1
    assert found["age"] == 0  # attackers are the youngest here
    assert found["requests"] == 0.5
    assert found["cards"] is None  # nobody pays


@pytest.mark.long
@pytest.mark.parametrize("level", [2, 3, 4])
def test_no_single_fact_gives_away_at_any_level(level: int, tmp_path: Path) -> None:
    # A ring of 300 would move a fact by what it has in common: rings of 40 at most, three worlds.
    changes = {"rings.size_max": 40}
    found: dict[str, list[float]] = {}
    for seed in (61, 62, 63):
        simulate(tmp_path / f"w{seed}", world_of("small", level=level, seed=seed, changes=changes))
        tables = load(tmp_path / f"w{seed}").tables
        last = tables["accounts"].filter(pc.field("dt") == pc.max(tables["accounts"]["dt"]))
        for row in single_facts(tables | {"accounts": last.drop_columns("dt")}).to_pylist():
            found.setdefault(row["fact"], []).append(row["auc"])
    means = {fact: sum(aucs) / len(aucs) for fact, aucs in found.items()}

    assert all(BOUNDS[0] <= mean <= BOUNDS[1] for mean in means.values()), means


def test_each_kind_of_group_shows_what_it_is_known_by(made: Made) -> None:
    rows = made.ask("""
        WITH r AS (
            SELECT kind, "group", account_id, ts, dt, ip, user_agent, model, created_at
            FROM requests JOIN truth USING (account_id)
            JOIN (SELECT account_id, created_at FROM accounts WHERE dt = '2026-11-22') a
            USING (account_id) WHERE "group" IS NOT NULL),
        p AS (
            SELECT "group", count(DISTINCT fingerprint) AS cards,
                   count(DISTINCT account_id) AS payers
            FROM payments JOIN truth USING (account_id) GROUP BY "group"),
        busiest AS (
            SELECT "group", max(n) AS at_one FROM (
                SELECT "group", ip, count(DISTINCT account_id) AS n FROM r GROUP BY ALL)
            GROUP BY "group")
        SELECT kind, count(DISTINCT account_id) AS n, any_value(at_one), any_value(cards),
               any_value(payers), count(DISTINCT dt),
               count(*) / count(DISTINCT account_id),
               avg((epoch(ts) - epoch(created_at) < 5 * 86400)::INT)
        FROM r JOIN busiest USING ("group") LEFT JOIN p USING ("group")
        GROUP BY kind, "group" HAVING n >= 8""")
    groups: dict[str, list[tuple[float, ...]]] = {}
    for kind, *figures in rows:
        groups.setdefault(str(kind), []).append(tuple(float(str(f or 0)) for f in figures))

    for kind in ("office", "campus", "classroom", "hackathon", "business", "integrator", "fleet"):
        for n, at_one, *_ in groups[kind]:
            assert at_one >= 0.3 * n, f"{kind}: most go out by an address or two"
    for kind in ("business", "integrator", "fleet"):
        assert all(cards == 1 for _, _, cards, *_ in groups[kind]), "one card pays for all"
    for kind in ("office", "campus", "agency"):
        for _, _, cards, payers, *_ in groups[kind]:
            assert cards >= 0.9 * payers, f"{kind}: everybody pays with an own card"
    for *_, days, _, young in groups["hackathon"]:
        assert days <= 2 and young == 1, "new accounts, on one weekend"
    many = [per for kind in ("integrator", "fleet") for *_, per, _ in groups[kind]]
    few = [per for kind in ("office", "campus") for *_, per, _ in groups[kind]]
    assert np.mean(many) > np.mean(few), "programs ask more than people do"


def test_machines_work_at_night_and_offices_do_not(made: Made) -> None:
    names, _, ahead = zip(*COUNTRIES, strict=True)
    countries = pa.table({"name": names, "ahead": ahead})
    rows = Made(made.folder, made.tables | {"countries": countries}).ask("""
        SELECT kind, avg((hour(ts + to_hours(ahead)) BETWEEN 0 AND 5)::INT)
        FROM requests JOIN truth USING (account_id)
        JOIN (SELECT DISTINCT account_id, ahead FROM accounts
              JOIN countries ON country = name) USING (account_id)
        GROUP BY kind""")
    night = {str(kind): float(str(share)) for kind, share in rows}

    assert night["fleet"] > 0.05
    assert night["office"] < 0.03


def test_people_of_every_kind_move_to_the_new_model_from_its_launch_on(made: Made) -> None:
    first = made.ask("SELECT min(ts) FROM requests WHERE model = 'atlas-next'")[0][0]
    moved = made.ask("""
        SELECT kind, count(DISTINCT account_id) FILTER (model = 'atlas-next')
                     / count(DISTINCT account_id) AS share
        FROM requests JOIN truth USING (account_id)
        WHERE dt > '2026-11-20' GROUP BY kind HAVING count(DISTINCT account_id) >= 25""")

    assert str(first) >= "2026-11-19 15:00"
    assert len(moved) >= 4
    assert all(0 < float(str(share)) < 0.6 for _, share in moved)
