import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graphkit.contracts import INPUTS, TRACES, TRUTH
from graphkit.errors import UsageError
from graphkit.simulate import (
    Crowd,
    Honest,
    Rings,
    World,
    population,
    random_world,
    simulate,
    world_of,
)
from graphkit.simulate.chance import Chance, evenly, scatter
from graphkit.simulate.day import make_part
from graphkit.simulate.levels import LEVELS, RANGES
from graphkit.simulate.operators import TACTICS
from graphkit.simulate.population import populate
from graphkit.simulate.slots import ACCOUNT, add_egress, add_text
from graphkit.simulate.text.corpus import load as load_corpus
from tests.simulated import TABLES, WORLD, Made, digests, load

# Chance


def test_draws_are_the_same_on_every_machine_and_in_every_release() -> None:
    chance = Chance(1, 2, 3)
    drawn = [
        chance.raw(2).tolist(),
        chance.below(1000, 3).tolist(),
        chance.normal(3).tolist(),
        chance.exponential(3).tolist(),
        chance.lognormal(0.5, 3).tolist(),
        chance.octaves(5, 5000, 5).tolist(),
        chance.permutation(6).tolist(),
        chance.pick([1, 2, 3], 5).tolist(),
        scatter(np.arange(2), 7).tolist(),
    ]

    assert hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:16] == "8c5a9b2108b3c427"


@given(key=st.integers(0, 2**40), low=st.integers(1, 50), more=st.integers(0, 5000))
def test_draws_keep_their_bounds(key: int, low: int, more: int) -> None:
    chance = Chance(key)

    for drawn in (chance.octaves(low, low + more, 200), chance.between(low, low + more, 200)):
        assert drawn.min() >= low and drawn.max() <= low + more
    assert sorted(chance.permutation(50).tolist()) == list(range(50))
    assert chance.unit(200).min() >= 0 and chance.unit(200).max() < 1


def test_draws_have_the_moments_of_what_they_are_named_after() -> None:
    chance, n = Chance(9), 200_000

    assert chance.normal(n).mean() == pytest.approx(0, abs=0.01)
    assert chance.normal(n).std() == pytest.approx(1, abs=0.01)
    assert chance.exponential(n).mean() == pytest.approx(1, abs=0.01)
    assert np.log(chance.lognormal(0.7, n)).std() == pytest.approx(0.7, abs=0.01)
    assert np.median(chance.octaves(10, 1000, n)) == pytest.approx(100, rel=0.05)
    assert evenly(np.arange(n), 1).mean() == pytest.approx(0.5, abs=0.01)


# Bytes


def test_the_layout_is_the_canonical_one(made: Made) -> None:
    days = [f"dt=2026-11-{day}" for day in range(16, 23)]
    files = {f"{day}/{name}.parquet" for day in days for name in TABLES}
    beside = {"truth.parquet", "traces.parquet", "world.json"}
    assert set(digests(made.folder)) == files | beside
    for day in days:
        for name in TABLES:
            file = pq.ParquetFile(made.folder / day / f"{name}.parquet")
            INPUTS[name].check(file.read())
            assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    TRUTH.check(made.tables["truth"])
    TRACES.check(made.tables["traces"])
    assert World.model_validate_json((made.folder / "world.json").read_text()) == WORLD


def test_events_lie_within_their_day_and_accounts_before_its_end(made: Made) -> None:
    for name in ("requests", "payments"):
        assert made.ask(f"SELECT count(*) FROM {name} WHERE ts::DATE != dt") == [(0,)]
    assert made.ask("SELECT count(*) FROM accounts WHERE created_at::DATE > dt") == [(0,)]


def test_the_same_world_is_the_same_bytes_on_any_machine(made: Made, tmp_path: Path) -> None:
    code = (
        "import sys; from graphkit.simulate import simulate, world_of;"
        "simulate(sys.argv[1], world_of('small', level=1, seed=5))"
    )
    env = os.environ | {"PYTHONHASHSEED": "17", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], env=env, check=True)

    assert digests(tmp_path / "again") == digests(made.folder)


def test_workers_and_parts_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "PART", 250)
    world = world_of("tiny", level=3, seed=2)
    simulate(tmp_path / "alone", world)
    simulate(tmp_path / "two", world, workers=2)

    assert digests(tmp_path / "two") == digests(tmp_path / "alone")
    assert len(list((tmp_path / "two").glob("dt=2026-11-22/requests/*.parquet"))) == 3


def test_another_seed_is_another_world(made: Made, tmp_path: Path) -> None:
    simulate(tmp_path / "other", WORLD.model_copy(update={"seed": 6}))

    assert not set(digests(tmp_path / "other").values()) & set(digests(made.folder).values())


def test_a_day_made_alone_is_the_day_that_was_written(made: Made) -> None:
    for name, table in make_part(populate(WORLD), load_corpus(), 4, 0).items():
        assert table.equals(pq.ParquetFile(made.folder / f"dt=2026-11-20/{name}.parquet").read())


def test_a_crowd_changes_nothing_for_the_others(tmp_path: Path) -> None:
    base = World(accounts=400, days=3, seed=2)
    worlds = {
        "none": base,
        "apart": base.model_copy(update={"crowd": Crowd(accounts=250)}),
        "together": base.model_copy(update={"crowd": Crowd(address=250, prompt=200)}),
    }
    for name, world in worlds.items():
        simulate(tmp_path / name, world)
    none, apart, together = (load(tmp_path / name) for name in worlds)

    crowd = {
        row["account_id"] for row in together.tables["truth"].to_pylist() if row["kind"] == "crowd"
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


# Settings


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        simulate(tmp_path, World(accounts=60, days=1))
    with pytest.raises(UsageError, match="is no folder"):
        simulate(tmp_path / "mine.txt", World(accounts=60, days=1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="accounts"):
        world_of(changes={"accounts": 3})
    with pytest.raises(UsageError, match="level"):
        world_of(level=5)
    with pytest.raises(UsageError, match="cannot be simulated: account"):
        world_of(changes={"account": 100})
    with pytest.raises(ValidationError, match="size_min"):
        World(rings=Rings(size_min=50, size_max=10))
    with pytest.raises(ValidationError, match="no tactic"):
        World(rings=Rings(tactics={"naive": 0.0}))
    with pytest.raises(ValidationError, match="add up"):
        World(rings=Rings(share=0.5), honest=Honest(household_share=0.6))
    for part in ("rings", "honest", "network", "crowd"):
        fields = type(getattr(World(), part)).model_fields.values()
        assert all(field.description for field in fields)


def test_a_level_sets_every_knob_of_its_table_and_a_drawn_world_stays_in_its_ranges() -> None:
    for level in range(5):
        world = world_of("tiny", level=level)
        assert world.level == level
        for name, values in LEVELS.items():
            part, knob = name.split(".")
            assert getattr(getattr(world, part), knob) == values[level]
    worlds = [random_world("tiny", seed=seed) for seed in range(20)]
    for name, (low, high) in RANGES.items():
        part, knob = name.split(".")
        drawn = {getattr(getattr(world, part), knob) for world in worlds}
        assert low <= min(drawn) < max(drawn) <= high
    assert {name for world in worlds for name in world.rings.tactics} == set(TACTICS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_requests_come_to_the_mean_asked_for(seed: int, tmp_path: Path) -> None:
    world = World(accounts=4000, seed=seed, honest=Honest(requests=4.0))
    simulate(tmp_path / "w", world)
    rows = load(tmp_path / "w").ask(
        "SELECT count(*) FROM requests JOIN truth USING (account_id) WHERE ring IS NULL"
    )
    honest = int(str(rows[0][0]))

    # By a Zipf law a few accounts send much of it, and these have good and bad days.
    assert honest == pytest.approx(4.0 * 4000 * 0.92 * 7, rel=0.3)


# Slots


@given(shares=st.lists(st.floats(0.05, 0.98), min_size=1, max_size=5))
def test_a_way_out_takes_its_share_of_those_before(shares: list[float]) -> None:
    people = np.zeros(1, ACCOUNT)
    people["egress"]["share"][:, 0] = 200
    for number, share in enumerate(shares):
        add_egress(people, np.arange(1), number + 1, share)
        weights = people["egress"]["share"][0].astype(float)
        assert weights[number + 1] / weights.sum() == pytest.approx(share, abs=0.06)


def test_a_source_of_text_takes_its_share_of_those_before() -> None:
    people = np.zeros(2, ACCOUNT)
    add_text(people, np.arange(2), 7, 0.5)
    add_text(people, np.array([1]), 9, 0.5)

    assert people["text"]["share"][0].tolist() == [127, 0, 0, 0]
    assert people["text"]["share"][1].tolist() == [63, 127, 0, 0]
    assert people["text"]["source"][1].tolist()[:2] == [7, 9]


# Truth


def test_every_account_of_the_truth_can_be_seen(made: Made) -> None:
    seen = made.ask("SELECT DISTINCT account_id FROM accounts ORDER BY 1")

    assert [account for (account,) in seen] == made.tables["truth"]["account_id"].to_pylist()
    assert len(seen) == 3000


def test_the_truth_names_rings_operators_tactics_groups_and_days(made: Made) -> None:
    rows = made.tables["truth"].to_pylist()
    honest = {row["kind"] for row in rows} - {"ring"}

    assert honest == {
        "lone", "household", "several", "office", "campus", "business", "agency", "integrator",
        "fleet", "classroom", "hackathon", "harness", "viral", "template", "benchmark",
    }  # fmt: skip
    for row in rows:
        assert (row["kind"] == "ring") == (row["ring"] is not None) == (row["role"] == "member")
        assert (row["ring"] is None) == (row["operator"] is None) == (row["tactic"] is None)
        assert date(2026, 11, 16) <= row["first_day"] <= row["last_day"] <= date(2026, 11, 22)
    rings = {row["ring"] for row in rows if row["ring"]}
    assert len(rings) >= 4
    assert all(re.fullmatch(r"ring-\d{4}", ring) for ring in rings)
    grouped = {row["kind"] for row in rows if row["group"]}
    assert {"household", "office", "integrator"} <= grouped
    assert "lone" not in grouped


def test_nobody_acts_outside_of_the_days_that_the_truth_states(made: Made) -> None:
    outside = made.ask("""
        SELECT count(*) FROM requests JOIN truth USING (account_id)
        WHERE dt NOT BETWEEN first_day AND last_day""")

    assert outside == [(0,)]


def test_ids_and_cards_have_one_form_for_all(made: Made) -> None:
    forms = {
        "account_id": r"acct_[0-9a-hj-km-np-tv-z]{13}",
        "fingerprint": r"fp_[0-9a-hj-km-np-tv-z]{12}",
        "bin": r"4\d{5}",
        "last4": r"\d{4}",
        "billing_postal": r"\d{5}",
    }
    for column, form in forms.items():
        values = set(made.tables["payments"][column].to_pylist())
        assert all(re.fullmatch(form, str(value)) for value in values)
    assert made.ask("SELECT count(*) FROM payments WHERE billing_name NOT LIKE '% %'") == [(0,)]


@pytest.mark.parametrize("accounts", [50, 120, 500])
def test_small_worlds_can_be_made_too(accounts: int, tmp_path: Path) -> None:
    simulate(tmp_path / "w", World(accounts=accounts, days=1))

    assert pq.read_table(tmp_path / "w" / "truth.parquet").num_rows == accounts


def test_a_year_starts_on_the_right_microsecond(tmp_path: Path) -> None:
    simulate(tmp_path / "w", World(accounts=50, days=2, end=date(2027, 1, 1)))
    made = load(tmp_path / "w")
    first = made.ask("SELECT min(ts) FROM requests")[0][0]

    assert isinstance(first, datetime)
    assert timedelta(0) <= first - datetime(2026, 12, 31, tzinfo=UTC) < timedelta(days=1)
