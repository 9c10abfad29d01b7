"""The page about a simulated world: its figures against ones counted plainly, and its verdicts."""

from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from graphkit.errors import DataError
from graphkit.simulate import check_world, simulate, world_of
from graphkit.simulate.check import reading, sections
from graphkit.simulate.check.reading import Made, read_world
from graphkit.simulate.check.sections import SECTIONS
from tests.simulated import load

WORLD = world_of("tiny", level=1, seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "snapshots"
    simulate(folder, WORLD)
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    return read_world(folder)


def by_first(table: pa.Table) -> dict[str, dict[str, float]]:
    """Rows by their first column."""
    name = table.column_names[0]
    return {row[name]: row for row in table.to_pylist()}


def test_the_page_has_every_section_and_says_what_holds(folder: Path) -> None:
    page = check_world(folder)

    assert page.startswith("# A simulated world: 600 accounts, 3 days, level 1, seed 4\n")
    assert page.count("\n## ") == len(SECTIONS)
    assert "contradict the truth. Holds." in page
    assert "sample" not in page


def test_holders_and_pairs_are_those_that_a_plain_count_finds(folder: Path, made: Made) -> None:
    tables = load(folder).tables
    holders: dict[str, set[str]] = defaultdict(set)
    for row in tables["requests"].select(["ip", "account_id"]).to_pylist():
        holders[row["ip"]].add(row["account_id"])
    truth = {row["account_id"]: row for row in tables["truth"].to_pylist()}
    four = [accounts for ip, accounts in holders.items() if ":" not in ip]

    degrees = by_first(sections.degrees(made).figures)["IPv4"]
    assert degrees["things"] == len(four)
    assert degrees["by most"] == max(map(len, four))
    assert degrees["held by one"] == pytest.approx(sum(len(a) == 1 for a in four) / len(four))
    pairs = within = 0
    for accounts in four:
        ordered = sorted(accounts)
        for place, left in enumerate(ordered):
            for right in ordered[place + 1 :]:
                pairs += 1
                ring = truth[left]["ring"]
                within += ring is not None and ring == truth[right]["ring"]
    sharing = by_first(sections.sharing(made).figures)["IPv4"]
    assert sharing["pairs"] == pairs
    assert sharing["within a ring"] == pytest.approx(within / pairs)
    assert 0 < within < pairs


def test_addresses_are_told_apart_by_how_they_are_shared(made: Made) -> None:
    for row in sections.churn(made).figures.to_pylist():
        shares = [row[name] for name in ("held by one", "passed on", "shared on a day")]
        assert sum(shares) == pytest.approx(1)
    row = by_first(sections.churn(made).figures)["IPv4"]
    assert row["passed on"] > 0.01 and row["shared on a day"] > 0.01


def test_tactics_leave_what_they_are_named_after(tmp_path: Path) -> None:
    changes = {"rings.tactics": {"only_card": 1.0, "only_address": 1.0}, "rings.tactics_max": 1}
    simulate(tmp_path / "w", world_of("tiny", level=1, seed=4, changes=changes))
    rows = by_first(sections.signals(read_world(tmp_path / "w")).figures)

    for tactic, own, other in (
        ("only_card", "own card", "own address"),
        ("only_address", "own address", "own card"),
    ):
        assert rows[tactic][own] > rows[tactic][other] + 0.3
        assert rows[tactic]["none of these"] + rows[tactic][own] == pytest.approx(1, abs=0.2)


def test_a_sample_keeps_whole_accounts_and_whole_things(
    folder: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = made.tables["requests"].num_rows
    monkeypatch.setattr(reading, "ROWS_READ", n // 3)
    monkeypatch.setattr(reading, "LINKS_READ", n // 2)
    few = read_world(folder)

    assert (few.one_account_in, few.one_thing_in) == (4, 3)
    for name in ("requests", "payments", "accounts"):
        some = pc.unique(few.tables[name]["account_id"])
        whole = made.tables[name].filter(pc.is_in(made.tables[name]["account_id"], some))
        assert few.tables[name].equals(whole)
    assert 0.15 < len(few.tables["accounts"]) / len(made.tables["accounts"]) < 0.35
    things = few.tables["held"].select(["entity"]).group_by("entity").aggregate([])
    held = made.tables["held"]
    kept = held.filter(pc.is_in(held["entity"], things["entity"].combine_chunks()))
    assert few.tables["held"].num_rows == kept.num_rows
    assert "one account in 4, links of one thing in 3" in check_world(folder)


def test_a_world_that_contradicts_its_truth_does_not_hold(folder: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "w", WORLD)
    truth = pq.read_table(tmp_path / "w" / "truth.parquet")
    pq.write_table(truth.slice(5), tmp_path / "w" / "truth.parquet")

    assert "Does not hold" in check_world(tmp_path / "w")
    (tmp_path / "w" / "truth.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="no simulated world"):
        check_world(tmp_path / "w")
