"""What a run would meet: everything is read as a run reads it, nothing is kept or written."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphkit.contracts import FOUND_TABLES, INPUTS, REFUSALS
from graphkit.entities import Key
from graphkit.errors import DataError, EmptyDayError
from graphkit.ingest import Snapshots, open_snapshots
from graphkit.ingest.benign import read_benign
from graphkit.ingest.odd_days import OddDay, check_own_rows, empty_day, odd_days
from graphkit.reports import absent_columns, fed_signals, signal_states
from graphkit.settings import Settings
from graphkit.workflow import Day, last_day, load_cards, read_day, window_of
from pipelines.needs import Needs, needs_of
from pipelines.window import check_present


@dataclass(frozen=True)
class Validation:
    """What a run would meet.

    Attributes:
        dt: the date; None where the files could not be found.
        missing: days of the window that have no files.
        tables: FOUND_TABLES.
        refusals: REFUSALS, the most frequent first.
        signals: each signal's state.
        absent: columns that the settings name and no file has, one line each.
        odd_days: ODD_DAYS.
        problems: what would stop the run; empty where it would work.
        needs: the memory and the disk that the run will need.
    """

    dt: date | None
    missing: tuple[date, ...]
    tables: pa.Table
    refusals: pa.Table
    signals: Mapping[str, str]
    absent: tuple[str, ...]
    odd_days: pa.Table
    problems: tuple[DataError, ...]
    needs: Needs


@dataclass
class _Tour:
    """What has been met so far; a day that could be read in part only is not in `whole`."""

    reports: dict[date, Mapping[str, Any]] = field(default_factory=dict)
    whole: dict[date, Mapping[str, Any]] = field(default_factory=dict)
    refused: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    odd: list[OddDay] = field(default_factory=list)
    problems: list[DataError] = field(default_factory=list)
    links: int = 0
    fed: set[str] = field(default_factory=set)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what would stop a run, once, and go on; an empty day stops only its own night."""
        try:
            yield
        except EmptyDayError:
            pass
        except DataError as error:
            self.note(error)

    def note(self, error: DataError) -> None:
        """Note what would stop a run, once."""
        if str(error) not in map(str, self.problems):
            self.problems.append(error)

    def take(self, day: Day, settings: Settings) -> None:
        """Add up what a day holds."""
        self.fed |= fed_signals(day.links, settings)
        self.reports[day.dt] = day.report
        self.links += day.links.num_rows
        counted = day.rejects.group_by(["table", "column", "reason"], use_threads=False)
        for row in counted.aggregate([("row", "count")]).to_pylist():
            place = (row["table"], row["column"] or "", "row", row["reason"])
            self.refused[place] += row["row_count"]
        for name, table in day.report["tables"].items():
            for column, reasons in table["cells"].items():
                for reason, n in reasons.items():
                    self.refused[name, column, "cell", reason] += n


def validate(
    address: Path | str,
    *,
    settings: Settings,
    dt: date | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Validation:
    """Read a window as a run would, and say everything that it would meet.

    A run stops at the first problem; here each file is tried, so that all are said at once. No
    key is needed: pseudonyms are made with one that is forgotten.

    Args:
        address: a provider's folder; see `open_snapshots`.
        settings: those of the run.
        dt: the date to be run; the latest there is where None.
        report: told line by line what is done.

    Raises:
        UsageError: nothing says where the window ends.
        StorageError: the provider's store cannot be reached.
    """
    tour = _Tour()
    if settings.run.benign:
        with tour.noting():
            read_benign(Path(settings.run.benign))
    if settings.run.cards:
        with tour.noting():
            load_cards(Path(settings.run.cards))
    snapshots = _open(address, settings, dt, tour)
    if snapshots is None:
        return _validation(None, (), tour, settings)
    end = dt or last_day(snapshots)
    with tour.noting():
        check_present(snapshots, end)
    window = window_of(end, settings.window_d)
    days = snapshots.days or (end,)
    present = [day for day in window if day in days]
    for day in present:
        report(f"reading {day}")
        _visit(snapshots, day, tour, last=day == end)
    with tour.noting():
        check_own_rows(tour.whole, end, settings=settings.days)
    missing = tuple(day for day in window if day not in present)
    return _validation(end, missing, tour, settings)


def _open(
    address: Path | str, settings: Settings, dt: date | None, tour: _Tour
) -> Snapshots | None:
    """Find the files; where that fails, those of each feed by itself, and go on with the rest."""
    window = None if dt is None else window_of(dt, settings.window_d)
    try:
        return open_snapshots(address, settings, window=window)
    except DataError:
        sound = {
            name: tuple(
                feed
                for feed in settings.feeds(name)
                if _opens(address, settings, {name: (feed,)}, window, tour)
            )
            for name in INPUTS
        }
    with tour.noting():
        return open_snapshots(address, settings.model_copy(update=sound), window=window)
    return None


def _opens(
    address: Path | str,
    settings: Settings,
    feeds: Mapping[str, Any],
    window: Collection[date] | None,
    tour: _Tour,
) -> bool:
    """Whether the files of some feeds can be found; notes why not."""
    alone = settings.model_copy(update={**dict.fromkeys(INPUTS, ()), **feeds})
    with tour.noting():
        open_snapshots(address, alone, window=window)
        return True
    return False


def _visit(snapshots: Snapshots, dt: date, tour: _Tour, *, last: bool) -> None:
    """Read a day; where that fails, each file by itself, then those that can be read."""
    try:
        day = read_day(snapshots, dt, key=Key.random())
        tour.take(day, snapshots.settings)
        tour.whole[dt] = day.report
    except EmptyDayError as error:
        if last:
            tour.note(error)
        else:
            tour.odd.append(empty_day(dt))
    except DataError as error:
        before = len(tour.problems)
        _visit_files(snapshots, dt, tour)
        if len(tour.problems) == before:
            tour.note(error)


def _visit_files(snapshots: Snapshots, dt: date, tour: _Tour) -> None:
    ingest = snapshots.settings.ingest.model_copy(update={"max_refused_share": 1.0})
    lenient = replace(snapshots, settings=snapshots.settings.model_copy(update={"ingest": ingest}))
    sound: dict[str, list[Any]] = {name: [] for name in INPUTS}
    for name in INPUTS:
        with tour.noting():
            for one in snapshots.files(dt, name):
                if _reads(lenient.only({name: [one]}), dt, tour):
                    sound[name].append(one)
    with tour.noting():
        day = read_day(lenient.only(sound), dt, key=Key.random())
        tour.take(day, snapshots.settings)
        for name, table in day.report["tables"].items():
            if table["refused"]:
                # By itself and with its limit, for the message that a run would end with.
                _reads(snapshots.only({name: sound[name]}), dt, tour)


def _reads(snapshots: Snapshots, dt: date, tour: _Tour) -> bool:
    """Whether some files of a day can be read; notes why not. Files without rows can."""
    try:
        read_day(snapshots, dt, key=Key.random())
    except EmptyDayError:
        return True
    except DataError as error:
        tour.note(error)
        return False
    return True


def _validation(
    dt: date | None, missing: Sequence[date], tour: _Tour, settings: Settings
) -> Validation:
    """Draw together what was met."""
    known: dict[date, Mapping[str, Any]] = {dt: tour.whole.get(dt, {}) for dt in tour.reports}
    tables = [
        {"dt": day, "table": name} | _figures(table)
        for day, report in sorted(tour.reports.items())
        for name, table in report["tables"].items()
    ]
    columns = ("table", "column", "what", "reason")
    reports = {str(day): report for day, report in tour.reports.items()}
    refusals = [
        dict(zip(columns, place, strict=True)) | {"n": n}
        for place, n in sorted(tour.refused.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Validation(
        dt=dt,
        missing=tuple(missing),
        tables=pa.Table.from_pylist(tables, schema=FOUND_TABLES.schema),
        refusals=pa.Table.from_pylist(refusals, schema=REFUSALS.schema),
        signals=signal_states(reports, tour.fed),
        absent=tuple(absent_columns(reports)),
        odd_days=odd_days(known, settings=settings.days, noticed=tour.odd),
        problems=tuple(tour.problems),
        needs=needs_of(rows=sum(row["rows"] for row in tables), links=tour.links),
    )


def _figures(table: Mapping[str, Any]) -> dict[str, int]:
    """A table's figures of one day."""
    cells = sum(n for reasons in table["cells"].values() for n in reasons.values())
    counts = {name: table[name] for name in ("rows", "refused", "collapsed", "late", "blank")}
    return {"files": len(table["files"]), **counts, "cells": cells}
