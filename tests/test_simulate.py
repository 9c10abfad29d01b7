import gzip
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.stats import rankdata

from graphkit import sql
from graphkit.contracts import INPUTS, TRUTH
from graphkit.errors import UsageError
from graphkit.simulate import World, simulate
from graphkit.simulate.day import make_day
from graphkit.simulate.network import providers
from graphkit.simulate.operators import draw_tactics, ring_sizes
from graphkit.simulate.population import populate
from graphkit.simulate.prompts import HARNESS, PHRASES, sample
from graphkit.simulate.words import HARNESS_AGENT

WORLD = World(accounts=3000, days=7, seed=5)
TABLES = ("accounts", "requests", "payments")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path in the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True)
class Made:
    """A simulated folder and its tables over all days, each with its dt."""

    folder: Path
    tables: dict[str, pa.Table]

    def ask(self, text: str) -> list[tuple[object, ...]]:
        """Rows of a query over accounts, requests, payments and truth."""
        rows = sql.query(text, self.tables).to_pylist()
        return [tuple(row.values()) for row in rows]


def load(folder: Path) -> Made:
    """Read what was written."""
    tables = {"truth": pq.read_table(folder / "truth.parquet")}
    for name in TABLES:
        days = []
        for path in sorted(folder.glob(f"dt=*/{name}.parquet")):
            table = pq.ParquetFile(path).read()
            dt = date.fromisoformat(path.parent.name.removeprefix("dt="))
            days.append(table.append_column("dt", pa.array([dt] * table.num_rows, pa.date32())))
        tables[name] = pa.concat_tables(days)
    return Made(folder, tables)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("world") / "snapshots"
    simulate(folder, WORLD)
    return load(folder)


def test_the_layout_is_the_canonical_one(made: Made) -> None:
    days = [f"dt=2026-11-{day}" for day in range(16, 23)]
    files = {f"{day}/{name}.parquet" for day in days for name in TABLES}
    assert set(digests(made.folder)) == files | {"truth.parquet"}
    for day in days:
        for name in TABLES:
            file = pq.ParquetFile(made.folder / day / f"{name}.parquet")
            INPUTS[name].check(file.read())
            assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    TRUTH.check(made.tables["truth"])


def test_events_lie_within_their_day_and_accounts_before_its_end(made: Made) -> None:
    for name in ("requests", "payments"):
        assert made.ask(f"SELECT count(*) FROM {name} WHERE ts::DATE != dt") == [(0,)]
    assert made.ask("SELECT count(*) FROM accounts WHERE created_at::DATE > dt") == [(0,)]


def test_the_same_world_is_the_same_bytes_on_any_machine(made: Made, tmp_path: Path) -> None:
    code = (
        "import sys; from graphkit.simulate import World, simulate;"
        "simulate(sys.argv[1], World(accounts=3000, days=7, seed=5))"
    )
    env = os.environ | {"PYTHONHASHSEED": "17", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], env=env, check=True)

    assert digests(tmp_path / "again") == digests(made.folder)


def test_another_seed_is_another_world(made: Made, tmp_path: Path) -> None:
    simulate(tmp_path / "other", WORLD, seed=6)

    assert not set(digests(tmp_path / "other").values()) & set(digests(made.folder).values())


def test_a_day_made_alone_is_the_day_that_was_written(made: Made) -> None:
    for name, table in make_day(WORLD, [populate(WORLD)], 4).items():
        assert table.equals(pq.ParquetFile(made.folder / f"dt=2026-11-20/{name}.parquet").read())


def test_arguments_take_the_place_of_the_worlds(tmp_path: Path) -> None:
    asked = simulate(
        tmp_path / "w", World(seed=3), accounts=60, days=2, seed=9, end=date(2026, 3, 1)
    )

    assert (asked.accounts, asked.days, asked.seed, asked.end) == (60, 2, 9, date(2026, 3, 1))
    assert {path.name for path in (tmp_path / "w").iterdir()} == {
        "dt=2026-02-28",
        "dt=2026-03-01",
        "truth.parquet",
    }


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        simulate(tmp_path, accounts=60, days=1)
    with pytest.raises(UsageError, match="is no folder"):
        simulate(tmp_path / "mine.txt", accounts=60, days=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_settings_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="accounts"):
        simulate(tmp_path / "w", accounts=3)
    assert not (tmp_path / "w").exists()
    with pytest.raises(ValidationError, match="extra"):
        World.model_validate({"account": 100})
    with pytest.raises(ValidationError, match="ring_size_min"):
        World(ring_size_min=50, ring_size_max=10)
    with pytest.raises(ValidationError, match="add up"):
        World(ring_share=0.5, household_share=0.6)
    assert all(field.description for field in World.model_fields.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_requests_come_to_the_total_asked_for(seed: int, tmp_path: Path) -> None:
    simulate(tmp_path / "w", accounts=4000, seed=seed, requests_per_account_day=50_000 / 4000 / 7)
    n = load(tmp_path / "w").tables["requests"].num_rows

    assert n == pytest.approx(50_000, rel=0.08)


@given(
    accounts=st.integers(50, 60_000),
    low=st.integers(2, 20),
    more=st.integers(0, 280),
    ring_share=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_ring_sizes_keep_their_bounds(
    accounts: int, low: int, more: int, ring_share: float, seed: int
) -> None:
    world = World(
        accounts=accounts, ring_size_min=low, ring_size_max=low + more, ring_share=ring_share
    )
    sizes = ring_sizes(np.random.default_rng(seed), world)
    budget = round(ring_share * accounts)

    assert sizes.sum() <= budget
    assert len(sizes) >= min(4, budget // low) or budget // 4 < low
    assert (len(sizes) > 0) == (budget >= low)
    assert all(low <= size <= low + more for size in sizes)


def test_tactics_are_dealt_in_their_proportions() -> None:
    tactics = draw_tactics(np.random.default_rng(0), World(hard_ring_share=0.2), 100)
    hard = [ties for ties in tactics if ties in (("wrapper",), ("address",))]

    assert abs(len(hard) - 20) <= 1
    assert abs(sum("card" in ties for ties in tactics) - 52) <= 3


def test_every_account_of_the_truth_can_be_seen(made: Made) -> None:
    seen = made.ask("SELECT DISTINCT account_id FROM accounts ORDER BY 1")

    assert [account for (account,) in seen] == made.tables["truth"]["account_id"].to_pylist()
    assert len(seen) == 3000


def test_the_truth_names_rings_and_groups(made: Made) -> None:
    rows = made.ask('SELECT ring, "group", count(*) FROM truth GROUP BY ALL')
    groups = {group for _, group, _ in rows}
    rings = {ring: n for ring, _, n in rows if ring}

    assert groups == {
        "lone", "ring", "household", "office", "company_card",
        "carrier_nat", "vpn", "harness", "viral",
    }  # fmt: skip
    assert all((group == "ring") == (ring is not None) for ring, group, _ in rows)
    assert len(rings) >= 4
    assert all(re.fullmatch(r"op-\d{4}", str(ring)) for ring in rings)


def auc(value: NDArray[np.float64], ring: NDArray[np.bool_]) -> float:
    """How often a ring account's value is above an honest one's, ties half."""
    ranks = rankdata(value)
    n, m = int(ring.sum()), int((~ring).sum())
    return float((ranks[ring].sum() - n * (n + 1) / 2) / (n * m))


def test_no_single_account_fact_gives_a_ring_account_away(made: Made) -> None:
    rows = made.ask("""
        SELECT t.ring IS NOT NULL, row_number() OVER (ORDER BY a.account_id),
               epoch(a.created_at), coalesce(r.n, 0), coalesce(r.first, 0), coalesce(p.n, 0),
               length(coalesce(a.org_id, '')), length(a.email_domain)
        FROM truth t
        JOIN (SELECT * FROM accounts WHERE dt = '2026-11-22') a USING (account_id)
        LEFT JOIN (SELECT account_id, count(*) AS n, epoch(min(ts)) % 86400 AS first
                   FROM requests GROUP BY 1) r USING (account_id)
        LEFT JOIN (SELECT account_id, count(*) AS n FROM payments GROUP BY 1) p USING (account_id)
        ORDER BY a.account_id""")
    values = np.array(rows, np.float64)
    ring = values[:, 0] == 1
    names = ["id", "created", "requests", "hour", "payments", "organisation", "domain"]
    found = {name: auc(values[:, place + 1], ring) for place, name in enumerate(names)}

    assert found.pop("id") == pytest.approx(0.5, abs=0.06)
    assert all(0.25 < value < 0.75 for value in found.values()), found


def test_ids_and_cards_have_one_form_for_all(made: Made) -> None:
    forms = {
        "account_id": r"acct_[0-9a-hj-km-np-tv-z]{16}",
        "fingerprint": r"fp_[0-9a-hj-km-np-tv-z]{16}",
        "bin": r"4\d{5}",
        "last4": r"\d{4}",
        "billing_postal": r"\d{5}",
    }
    for column, form in forms.items():
        values = set(made.tables["payments"][column].to_pylist())
        assert all(re.fullmatch(form, str(value)) for value in values)
    assert made.ask("SELECT count(*) FROM payments WHERE billing_name NOT LIKE '% %'") == [(0,)]


def test_no_text_holds_anything_like_a_card_number(made: Made) -> None:
    for name in ("requests", "payments", "accounts"):
        table = made.tables[name]
        for column in table.column_names:
            if pa.types.is_string(table.schema.field(column).type):
                text = f"SELECT count(*) FROM {name} WHERE regexp_matches({column}, $digits)"
                found = sql.query(text, made.tables, {"digits": r"\d([ -]?\d){11}"})
                assert found.to_pylist()[0].popitem()[1] == 0, (name, column)


def test_addresses_are_public_and_of_both_versions(made: Made) -> None:
    spelled = [str(ip) for (ip,) in made.ask("SELECT DISTINCT ip FROM requests")]
    parsed = [ipaddress.ip_address(ip) for ip in spelled]

    assert all(ip.is_global for ip in parsed)
    assert {ip.version for ip in parsed} == {4, 6}


@given(homes=st.lists(st.integers(0, 300), min_size=1, max_size=6), hour=st.integers(0, 600_000))
def test_two_homes_never_hold_one_address_at_once(homes: list[int], hour: int) -> None:
    network = providers(np.random.default_rng(0), np.array(homes), seed=0, skip=0)
    pool = np.repeat(np.arange(len(homes)), homes)
    rank = np.concatenate([np.arange(n) for n in homes])
    slots = network.home(pool, rank, np.full(len(pool), hour))

    assert len(set(zip(pool.tolist(), slots.tolist(), strict=True))) == len(pool)
    assert all(slots < network.slots[pool])


def test_addresses_pass_from_lone_accounts_to_strangers(made: Made) -> None:
    moved, passed, at_once = made.ask("""
        WITH lone AS (
            SELECT account_id, ip, min(ts) AS first, max(ts) AS last FROM requests
            JOIN truth USING (account_id) WHERE "group" = 'lone' AND ip NOT LIKE '%:%'
            GROUP BY ALL)
        SELECT (SELECT avg(n) FROM (SELECT count(*) AS n FROM lone GROUP BY account_id)),
               count(*), count(*) FILTER (WHERE b.first < a.last)
        FROM lone a JOIN lone b ON a.ip = b.ip AND a.first < b.first""")[0]

    assert float(str(moved)) > 1.5
    assert int(str(passed)) > 10
    assert at_once == 0


def test_groups_share_what_they_should(made: Made) -> None:
    company = """SELECT count(DISTINCT {}), count(DISTINCT account_id) FROM {} JOIN truth
                 USING (account_id) WHERE "group" = '{}'"""
    one_card, payers = made.ask(company.format("fingerprint", "payments", "company_card"))[0]
    assert one_card == 1 and int(str(payers)) >= 8
    for column in ("org_id", "email_domain"):
        assert made.ask(company.format(column, "accounts", "company_card"))[0][0] == 1
    assert made.ask(company.format("email_domain", "accounts", "office"))[0][0] == 1
    cards, payers = made.ask(company.format("fingerprint", "payments", "office"))[0]
    assert cards == payers
    top = made.ask("""
        SELECT ip, count(DISTINCT account_id) AS n, min(extract(isodow FROM ts)),
               max(extract(isodow FROM ts))
        FROM requests JOIN truth USING (account_id) WHERE "group" = 'office'
        GROUP BY ip ORDER BY n DESC LIMIT 1""")[0]
    size = made.ask("""SELECT count(*) FROM truth WHERE "group" = 'office'""")[0][0]
    assert 40 <= int(str(size)) <= 60
    assert int(str(top[1])) >= 0.8 * int(str(size))
    assert int(str(top[3])) <= 6  # Friday here is Saturday in UTC at the most


def test_households_share_a_home_and_some_a_card(made: Made) -> None:
    shared = made.ask("""
        SELECT count(*) FROM (
            SELECT ip FROM requests JOIN truth USING (account_id)
            WHERE "group" = 'household' AND ip NOT LIKE '%:%' GROUP BY ip
            HAVING count(DISTINCT account_id) BETWEEN 2 AND 5)""")[0][0]
    cards = made.ask("""
        SELECT max(n), count(*) FILTER (WHERE n > 1), count(*) FROM (
            SELECT count(DISTINCT account_id) AS n FROM payments JOIN truth USING (account_id)
            WHERE "group" = 'household' GROUP BY fingerprint)""")[0]

    assert int(str(shared)) > 50
    assert int(str(cards[0])) <= 5
    assert 10 < int(str(cards[1])) < int(str(cards[2]))


def test_the_harness_is_one_client_and_one_instruction(made: Made) -> None:
    rows = made.ask("""
        SELECT user_agent, prompt, account_id FROM requests JOIN truth USING (account_id)
        WHERE "group" = 'harness'""")
    users = {account for agent, prompt, account in rows if str(prompt).startswith(HARNESS)}

    assert {agent for agent, _, _ in rows} == {HARNESS_AGENT}
    assert len(users) > 90
    others = """SELECT count(*) FROM requests JOIN truth USING (account_id)
                WHERE "group" != 'harness' AND prompt LIKE 'You are Forgehand%'"""
    assert made.ask(others) == [(0,)]


def test_the_viral_prompt_is_sent_once_or_twice_by_each(made: Made) -> None:
    sent = sql.query(
        """SELECT "group", account_id, count(*) AS n FROM requests JOIN truth USING (account_id)
           WHERE prompt = $viral GROUP BY ALL""",
        made.tables,
        {"viral": PHRASES[0]},
    ).to_pylist()

    assert {row["group"] for row in sent} == {"viral"}
    assert len(sent) == 120
    assert {row["n"] for row in sent} == {1, 2}


def test_most_honest_prompts_are_unique(made: Made) -> None:
    distinct, n = made.ask("""
        SELECT count(DISTINCT prompt), count(*) FROM requests JOIN truth USING (account_id)
        WHERE ring IS NULL""")[0]

    assert int(str(distinct)) > 0.93 * int(str(n))


def test_rings_are_tied_by_what_their_tactics_say(made: Made) -> None:
    rows = made.ask("""
        WITH r AS (SELECT * FROM requests JOIN truth USING (account_id) WHERE ring IS NOT NULL),
        heads AS (SELECT ring, account_id, left(prompt, 60) AS fact FROM r),
        shared AS (
            SELECT ring, 'address' AS tie, ip AS fact, account_id FROM r UNION ALL
            SELECT ring, 'wrapper', fact, account_id FROM heads UNION ALL
            SELECT ring, 'card', fingerprint, account_id
            FROM payments JOIN truth USING (account_id) WHERE ring IS NOT NULL),
        widest AS (
            SELECT ring, tie, count(DISTINCT account_id) AS n FROM shared GROUP BY ring, tie, fact)
        SELECT tie, ring, max(n) FROM widest GROUP BY ALL""")
    widest = {(tie, ring): int(str(n)) for tie, ring, n in rows}
    rings = {ring for _, ring in widest}
    tied = {
        ring: {tie for tie in ("address", "wrapper", "card") if widest.get((tie, ring), 0) >= 3}
        for ring in rings
    }

    assert all(tied.values()), tied
    assert {tie for ties in tied.values() for tie in ties} == {"address", "wrapper", "card"}
    assert any(len(ties) == 1 for ties in tied.values()), tied


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
    replacements = made.ask("""
        SELECT count(*) FROM accounts JOIN truth USING (account_id)
        WHERE ring IS NOT NULL AND created_at >= '2026-11-17' AND dt = '2026-11-22'""")[0]

    assert late == back == [(0,)]
    assert int(str(banned[0])) == int(str(replacements[0])) > 5
    assert int(str(banned[1])) > 5


def test_a_crowd_changes_nothing_for_the_others(tmp_path: Path) -> None:
    base = World(accounts=400, days=3, seed=2)
    worlds = {
        "none": base,
        "apart": base.model_copy(update={"crowd": 250}),
        "together": base.model_copy(update={"crowd_address": 250, "crowd_prompt": 200}),
    }
    for name, world in worlds.items():
        simulate(tmp_path / name, world)
    none, apart, together = (load(tmp_path / name) for name in worlds)

    crowd = {
        row["account_id"] for row in together.tables["truth"].to_pylist() if row["group"] == "crowd"
    }
    assert len(crowd) == 250
    assert apart.tables["truth"].equals(together.tables["truth"])
    for table in TABLES:
        rows = together.tables[table]
        others = pa.array([account not in crowd for account in rows["account_id"].to_pylist()])
        assert rows.filter(others).equals(none.tables[table])
    # The crowd itself acts alike with and without what it shares.
    same = ["account_id", "ts", "model", "user_agent"]
    assert apart.tables["requests"].select(same).equals(together.tables["requests"].select(same))
    widest = "SELECT max(n) FROM (SELECT count(DISTINCT account_id) AS n FROM requests GROUP BY {})"
    assert together.ask(widest.format("ip")) == [(250,)]
    assert together.ask(widest.format("prompt")) == [(200,)]
    assert int(str(apart.ask(widest.format("ip"))[0][0])) < 50
    assert int(str(apart.ask(widest.format("prompt"))[0][0])) < 50


@pytest.mark.parametrize("accounts", [50, 120, 500])
def test_small_worlds_can_be_made_too(accounts: int, tmp_path: Path) -> None:
    simulate(tmp_path / "w", accounts=accounts, days=1)

    assert pq.read_table(tmp_path / "w" / "truth.parquet").num_rows == accounts


def test_a_year_starts_on_the_right_microsecond(tmp_path: Path) -> None:
    simulate(tmp_path / "w", accounts=50, days=2, end=date(2027, 1, 1))
    made = load(tmp_path / "w")
    first = made.ask("SELECT min(ts) FROM requests")[0][0]

    assert isinstance(first, datetime)
    assert timedelta(0) <= first - datetime(2026, 12, 31, tzinfo=UTC) < timedelta(days=1)


def packaged() -> list[dict[str, str]]:
    """The rows of the packaged sample."""
    packed = resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]


def test_packaged_prompts_are_few_distinct_and_under_free_licences() -> None:
    rows = packaged()
    notice = resources.files("graphkit.simulate").joinpath("PROVENANCE.md").read_text("utf-8")

    assert len(rows) == len({row["text"] for row in rows}) == len(sample()) == 2000
    assert {row["license"] for row in rows} == {"MIT", "Apache-2.0", "CC0-1.0"}
    for source in {row["source"] for row in rows}:
        n = sum(row["source"] == source for row in rows)
        line = next(line for line in notice.splitlines() if line.startswith(f"| `{source}`"))
        assert line.endswith(f"| {n} |")
    size = len(resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes())
    assert size <= 400_000


def test_packaged_prompts_are_chosen_as_their_provenance_says(real_data: Path) -> None:
    with gzip.open(real_data / "prompts" / "prompts.jsonl.gz", "rt", encoding="utf-8") as lines:
        collection = [json.loads(line) for line in lines]
    unfit = re.compile(
        r"(?i)jailbreak|cartel|\d{6}|https?:|www\.|\S@\S|[^\S \n]|[\x00-\x09\x0b-\x1f]"
    )
    rows = packaged()
    chosen = []
    seen = set()
    for source in dict.fromkeys(row["source"] for row in rows):
        quota = sum(row["source"] == source for row in rows)
        fit = []
        for row in collection:
            text = row["text"].strip()
            if row["source"] != source or not 40 <= len(text) <= 700 or unfit.search(text):
                continue
            if text not in seen:
                seen.add(text)
                fit.append({"source": source, "license": row["license"], "text": text})
        chosen += [fit[place * len(fit) // quota] for place in range(quota)]

    assert chosen == rows
