"""Odd days: what a night says of them and where it stops, tried through the nightly job."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import graphkit as gk
from graphkit.errors import DataError
from graphkit.ingest.odd_days import OddDay, check_own_rows, odd_days
from graphkit.settings import DaySettings, Settings, load_settings
from graphkit.simulate import World, simulate
from pipelines import lake as lakes
from pipelines.findings import read_findings
from pipelines.lookup import reveal
from pipelines.nightly import Outcome, run

DAYS = [date(2026, 11, day) for day in (18, 19, 20, 21, 22)]
BEFORE, LAST = DAYS[-2:]
WINDOW = Settings(window_d=5)


@dataclass(frozen=True)
class Place:
    """A provider's files, and a lake in which the date before the last was judged."""

    folder: Path

    @property
    def snapshots(self) -> Path:
        """Folder of day folders."""
        return self.folder / "snapshots"

    @property
    def lake(self) -> Path:
        """The lake."""
        return self.folder / "lake"

    def file(self, dt: date, table: str) -> Path:
        """A table of a day."""
        return self.snapshots / f"dt={dt}" / f"{table}.parquet"

    def change(self, dt: date, table: str, changed: Callable[[pa.Table], pa.Table]) -> None:
        """Write a table of a day anew."""
        path = self.file(dt, table)
        pq.write_table(changed(pq.read_table(path, partitioning=None)), path)

    def night(self, dt: date = LAST, settings: Settings = WINDOW) -> tuple[Outcome, list[str]]:
        """Run a night: what came of it, and what it said."""
        said: list[str] = []
        return run(self.snapshots, dt, self.lake, settings=settings, report=said.append), said

    def odd(self, dt: date = LAST) -> list[tuple[date, str | None, str]]:
        """What is published as odd about the window of a date."""
        rows = lakes.read_tables(self.lake, dt, ["odd_days"])["odd_days"].to_pylist()
        return [(row["dt"], row["table"], row["oddity"]) for row in rows]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    simulate(folder / "snapshots", World(accounts=600, days=5, seed=1, end=LAST))
    run(folder / "snapshots", BEFORE, folder / "lake", settings=WINDOW)
    return folder


@pytest.fixture
def place(provider: Path, tmp_path: Path) -> Place:
    shutil.copytree(provider, tmp_path / "place")
    return Place(tmp_path / "place")


def afresh(place: Place) -> None:
    """Begin without a lake."""
    shutil.rmtree(place.lake)
    place.lake.with_name("lake.key").unlink()


def test_usual_days_are_not_odd(place: Place) -> None:
    outcome, said = place.night()
    assert place.odd() == [] and outcome.odd == 0 and outcome.rings
    assert not [line for line in said if line.startswith("odd day")]
    assert "Odd days" not in outcome.report.read_text()


def test_a_missing_day_is_said(place: Place) -> None:
    afresh(place)
    shutil.rmtree(place.snapshots / f"dt={DAYS[2]}")
    outcome, said = place.night()
    assert place.odd() == [(DAYS[2], None, "missing")]
    assert "odd day 2026-11-20: no data: nothing of this day counts" in said
    assert outcome.snapshot.manifest["missing"] == ["2026-11-20"]
    page = outcome.report.read_text()
    assert "Odd days" in page and "no data: nothing of this day counts" in page


@pytest.mark.parametrize("tables", [True, False])
def test_an_empty_day_stops_its_own_night_and_no_later_one(place: Place, tables: bool) -> None:
    afresh(place)
    for path in (place.snapshots / f"dt={DAYS[2]}").iterdir():
        place.change(DAYS[2], path.stem, lambda table: table.slice(0, 0))
        if not tables:
            path.unlink()
    outcome, _ = place.night()
    assert place.odd() == [(DAYS[2], None, "empty")]
    assert outcome.missing == (DAYS[2],) and outcome.rings
    assert lakes.standing(place.lake, DAYS[2]) is None, "its files are looked at again tomorrow"
    evidence = lakes.read_tables(place.lake, LAST, ["evidence"])["evidence"]
    shared = evidence.filter(pc.field("signal") == "address")["entity"][0].as_py()
    assert reveal(place.lake, shared, str(place.snapshots)).num_rows == 1
    with pytest.raises(DataError, match="holds no"):
        place.night(DAYS[2])
    found = gk.detect(place.snapshots, date=LAST, window=5).findings
    assert found.rings.num_rows == outcome.rings + outcome.candidates
    assert found.odd_days["oddity"].to_pylist() == ["missing"]


def test_a_day_without_payments_is_judged_and_said(place: Place) -> None:
    place.file(LAST, "payments").unlink()
    outcome, said = place.night()
    assert place.odd() == [(LAST, "payments", "no rows")] and outcome.rings
    usual = [line for line in said if line.startswith("odd day 2026-11-22 payments: no rows where")]
    assert len(usual) == 1 and "  signal payment is off" in "\n".join(said)


def test_a_column_that_is_gone_is_said(place: Place) -> None:
    place.change(LAST, "requests", lambda table: table.drop_columns(["ip"]))
    place.night()
    assert place.odd() == [(LAST, "requests", "signal off")]


def test_a_day_with_three_percent_of_its_rows_is_judged_and_said(place: Place) -> None:
    for name in ("requests", "payments"):
        place.change(LAST, name, lambda table: table.slice(0, table.num_rows * 3 // 100))
    outcome, said = place.night()
    odd = [(LAST, "payments", "few rows"), (LAST, "requests", "few rows")]
    assert place.odd() == odd and outcome.odd == 2
    assert any(line.startswith("odd day 2026-11-22 requests: ") for line in said)
    assert read_findings(place.lake).odd_days["oddity"].to_pylist() == ["few rows"] * 2


def test_a_day_with_hardly_any_row_stops_until_it_is_said_to_be_right(place: Place) -> None:
    for name in ("requests", "payments"):
        place.change(LAST, name, lambda table: table.slice(0, 2))
    with pytest.raises(DataError, match="hardly any event") as caught:
        place.night()
    assert caught.value.exit_code == 65 and "days.min_share" in str(caught.value)
    assert lakes.standing(place.lake, LAST) is None
    place.night(settings=load_settings(window_d=5, days={"min_share": 0}))
    assert (LAST, "requests", "few rows") in place.odd()


def test_yesterdays_files_again_stop_the_night(place: Place) -> None:
    for name in ("requests", "payments"):
        shutil.copy2(place.file(BEFORE, name), place.file(LAST, name))
    with pytest.raises(DataError, match="those of an earlier day") as caught:
        place.night()
    assert "same bytes as on 2026-11-21" in str(caught.value)
    with pytest.raises(DataError, match="those of an earlier day"):
        gk.detect(place.snapshots, date=LAST, window=5)


def test_one_of_yesterdays_files_is_said(place: Place) -> None:
    shutil.copy2(place.file(BEFORE, "payments"), place.file(LAST, "payments"))
    outcome, said = place.night()
    assert place.odd() == [(LAST, "payments", "late rows"), (LAST, "payments", "same file")]
    assert "same bytes as on 2026-11-21: those events count twice" in "\n".join(said)
    assert outcome.rings


def test_late_rows_are_used_under_the_day_that_brought_them(place: Place) -> None:
    late = timedelta(days=1)

    def delayed(table: pa.Table) -> pa.Table:
        times = pc.subtract(table["ts"], pa.scalar(late, pa.duration("us")))
        some = pa.array([at % 4 == 0 for at in range(table.num_rows)])
        at = table.column_names.index("ts")
        return table.set_column(at, "ts", pc.if_else(some, times, table["ts"]))

    place.change(LAST, "requests", delayed)
    outcome, _ = place.night()
    assert place.odd() == [(LAST, "requests", "late rows")]
    table = outcome.snapshot.manifest["input"]["tables"]["requests"]
    assert table["used"] == table["rows"] > 0
    assert table["late"] == pytest.approx(table["rows"] / 4, abs=1)
    links = lakes.read_tables(place.lake, LAST, ["links"])["links"]
    start = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)
    assert pc.min(links["first_seen"]).as_py() < start and set(links["dt"].to_pylist()) == {LAST}


def test_a_day_that_comes_after_its_successor_was_judged(place: Place) -> None:
    afresh(place)
    kept = place.snapshots / f"dt={DAYS[2]}"
    kept.rename(place.folder / "kept")
    place.night(BEFORE)
    before = lakes.standing(place.lake, BEFORE)
    (place.folder / "kept").rename(kept)
    _, said = place.night()
    assert place.odd() == [(DAYS[2], None, "late day")]
    assert "odd day 2026-11-20: came after 2026-11-21 had been judged without it" in said
    assert lakes.standing(place.lake, BEFORE) == before, "its rings stay as they were"
    with pytest.warns(UserWarning, match="2026-11-20 came after 2026-11-21 was judged without it"):
        read_findings(place.lake, BEFORE)
    first = lakes.standing(place.lake, LAST)
    place.night()
    assert lakes.standing(place.lake, LAST) == first, "a rerun gives the same bytes"
    _, said = place.night(DAYS[2])
    assert "judged before with other files of 2026-11-20, or without: 2026-11-21; run again" in said
    place.night(BEFORE)
    place.night()
    assert place.odd() == [] == place.odd(BEFORE), "in order, all is well"


def test_a_rerun_with_other_files_takes_the_place_of_the_first(place: Place) -> None:
    place.night()
    old = lakes.standing(place.lake, LAST)
    place.change(BEFORE, "requests", lambda table: table.slice(0, table.num_rows // 2))
    outcome, said = place.night(BEFORE)
    assert lakes.standing(place.lake, BEFORE) == outcome.snapshot
    assert "judged before with other files of 2026-11-21, or without: 2026-11-22; run again" in said
    assert lakes.standing(place.lake, LAST) == old
    with pytest.warns(UserWarning, match="2026-11-21 was read anew after 2026-11-22 was judged"):
        read_findings(place.lake)
    outcome, said = place.night()
    assert outcome.snapshot.id != old.id  # type: ignore[union-attr]
    assert not [line for line in said if line.startswith("judged before")]
    read_findings(place.lake)


def test_files_that_changed_since_they_were_read_are_said(place: Place) -> None:
    place.change(BEFORE, "requests", lambda table: table.slice(0, table.num_rows // 2))
    _, said = place.night()
    assert place.odd() == [(BEFORE, None, "other files")]
    assert any(line.startswith("odd day 2026-11-21: its files are not those") for line in said)
    place.night(BEFORE)
    place.night()
    assert place.odd() == []
    (place.snapshots / f"dt={BEFORE}" / "payments.csv").write_text("account_id\n")
    place.night()
    assert place.odd() == [(BEFORE, None, "other files")], "a table that stands there twice"
    shutil.rmtree(place.snapshots / f"dt={BEFORE}")
    place.night()
    assert place.odd() == [], "files that are kept no longer are no other files"


def report(requests: int, *, digest: str = "", **more: Any) -> dict[str, Any]:
    """What a reader would report of a day."""
    table = {"files": ["requests.csv"], "rows": requests, "used": requests, "late": 0}
    return {
        "tables": {"requests": table | more},
        "signals": {"address": "on"},
        "inputs": {"requests.csv": digest or f"{requests}"},
    }


def says(reports: dict[date, Any], **settings: float) -> list[tuple[int, str]]:
    rows = odd_days(reports, settings=DaySettings(**settings)).to_pylist()
    return [(row["dt"].day, row["oddity"]) for row in rows]


def test_a_day_is_held_against_the_median_of_the_others() -> None:
    usual = dict(zip(DAYS, map(report, (1000, 1100, 900, 1050, 1000)), strict=True))
    assert says(usual | {DAYS[0]: report(240)}) == [(18, "few rows")]
    assert says(usual | {DAYS[0]: report(4201)}) == [(18, "many rows")]
    assert says(usual | {DAYS[0]: report(251), DAYS[1]: report(3600)}) == []
    assert says(usual | {DAYS[0]: report(251)}, far_share=0.5) == [(18, "few rows")]
    assert says({dt: usual[dt] for dt in DAYS[:2]} | {DAYS[2]: report(1)}) == [], "too few days"
    assert says(dict(zip(DAYS, map(report, (0, 9, 19, 18, 17)), strict=True))) == [], "few rows"


def test_a_file_of_many_days_is_no_file_again(tmp_path: Path) -> None:
    lines = [f"a{at % 7},{dt},192.0.2.{at}" for dt in DAYS for at in range(30)]
    (tmp_path / "all.csv").write_text("\n".join(["account_id,ts,ip", *lines]))
    (tmp_path / "pay.csv").write_text("account_id,fingerprint\n" + "a1,fp\n" * 30)
    feeds: dict[str, Any] = {"requests": [{"path": "all.csv"}], "payments": [{"path": "pay.csv"}]}
    found = gk.detect(tmp_path, date=LAST, settings=load_settings(window_d=5, **feeds)).findings
    assert len(found.reports) == 5 and found.odd_days.num_rows == 0


def test_late_and_equal_files_of_days_without_rows_say_nothing() -> None:
    assert says({DAYS[0]: report(0, digest="x"), DAYS[1]: report(0, digest="x")}) == []
    assert says({DAYS[0]: report(100, late=10)}) == []
    assert says({DAYS[0]: report(100, late=11)}) == [(18, "late rows")]


def test_only_gaps_are_missing_days() -> None:
    found = odd_days({DAYS[1]: {}, DAYS[4]: {}}, settings=DaySettings()).to_pylist()
    assert [(row["dt"].day, row["oddity"]) for row in found] == [(20, "missing"), (21, "missing")]
    told = OddDay(DAYS[2], None, "empty", "empty")
    found = odd_days({DAYS[1]: {}, DAYS[3]: {}}, settings=DaySettings(), noticed=[told]).to_pylist()
    assert [row["oddity"] for row in found] == ["empty"]


def test_a_date_is_judged_from_the_share_on_that_is_set() -> None:
    reports = dict(zip(DAYS, map(report, (1000, 1100, 900, 1050, 10)), strict=True))
    check_own_rows(reports, LAST, settings=DaySettings())
    with pytest.raises(DataError, match="9 events where 1,000 are usual"):
        check_own_rows(reports | {LAST: report(9)}, LAST, settings=DaySettings())
    check_own_rows(reports | {LAST: report(9)}, LAST, settings=DaySettings(min_share=0.009))
    check_own_rows({LAST: {}}, LAST, settings=DaySettings())
