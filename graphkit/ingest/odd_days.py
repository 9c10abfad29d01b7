"""Odd days: what is unusual about the days of a window, and when a date is not to be judged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Any

import pyarrow as pa

from graphkit.contracts import INPUTS, ODD_DAYS
from graphkit.errors import DataError
from graphkit.ingest.tally import SIGNAL_COLUMNS
from graphkit.settings import DaySettings

# With fewer other days, or fewer rows in them, nothing can be called usual.
_FEWEST_DAYS, _FEWEST_ROWS = 3, 20
_EVENTS = tuple(name for name in INPUTS if name != "accounts")


@dataclass(frozen=True)
class OddDay:
    """One unusual thing about one day: a row of ODD_DAYS.

    Attributes:
        dt: the day.
        table: the table that it is about; None where it is about the whole day.
        oddity: what sort of thing, in two words.
        says: one line for people; no cell of a file stands in it.
    """

    dt: date
    table: str | None
    oddity: str
    says: str


def empty_day(dt: date) -> OddDay:
    """A day that has files and nothing in them."""
    says = "its files hold no row that can be used: nothing of this day counts"
    return OddDay(dt, None, "empty", says)


def odd_days(
    reports: Mapping[date, Mapping[str, Any]],
    *,
    settings: DaySettings,
    noticed: Sequence[OddDay] = (),
) -> pa.Table:
    """Find what is unusual about the days of a window, each held against the others.

    What is usual is the median of the window's other days. The accounts table is the whole table
    as of its day, so two equal ones are nothing unusual.

    Args:
        reports: what was read, by day; empty where a day's own figures are not known.
        settings: from where on a day is odd.
        noticed: what else was noticed, by who looked at more than the reports.

    Returns:
        ODD_DAYS in the order of days, tables and oddities.
    """
    read = {dt: report for dt, report in sorted(reports.items()) if report}
    found = [*noticed, *_missing(reports, {odd.dt for odd in noticed})]
    for dt in read:
        found += [*_sizes(dt, read, settings), *_late(dt, read[dt], settings)]
        found += [*_signals(dt, read), *_repeats(dt, read)]
    found.sort(key=lambda odd: (odd.dt, odd.table or "", odd.oddity, odd.says))
    return pa.Table.from_pylist([asdict(odd) for odd in found], schema=ODD_DAYS.schema)


def check_own_rows(
    reports: Mapping[date, Mapping[str, Any]], dt: date, *, settings: DaySettings
) -> None:
    """Stop where a date has next to no events of its own, so that its rings would mislead.

    Args:
        reports: what was read, by day of the window.
        dt: the date that is to be judged.
        settings: how few events are too few.

    Raises:
        DataError: the date's events are those of an earlier day, or are hardly any.
    """
    read = {day: report for day, report in reports.items() if report}
    if dt not in read:
        return
    full = [name for name in _EVENTS if _rows(read[dt], name)]
    again = {name: _repeated(name, dt, read) for name in full}
    if full and all(again.values()):
        days = sorted({str(day) for day in again.values()})
        raise DataError(
            f"{dt} is not judged: its files are those of an earlier day",
            found=f"{', '.join(full)} with the same bytes as on {', '.join(days)}",
            allowed="events of the day itself",
            do=f"bring the files of {dt}, then run the date again",
        )
    own = sum(_rows(read[dt], name) for name in full)
    others = [sum(_rows(report, name) for name in _EVENTS) for report in _others(dt, read)]
    usual = _usual(others)
    if usual is not None and own < settings.min_share * usual:
        raise DataError(
            f"{dt} is not judged: it has hardly any event",
            found=f"{own:,} events where {usual:,} are usual",
            allowed=f"a share of {settings.min_share:g} of the usual (days.min_share)",
            do="check that the day's files were written whole, or lower the share in the settings",
        )


def _missing(reports: Iterable[date], known: set[date]) -> list[OddDay]:
    """Days without data between days with data; before the first one there was nothing yet."""
    present = sorted(reports)
    gaps = [
        before + timedelta(days=step)
        for before, after in pairwise(present)
        for step in range(1, (after - before).days)
    ]
    return [
        OddDay(dt, None, "missing", "no data: nothing of this day counts")
        for dt in gaps
        if dt not in known
    ]


def _sizes(
    dt: date, read: Mapping[date, Mapping[str, Any]], settings: DaySettings
) -> Iterable[OddDay]:
    for name in INPUTS:
        usual = _usual([_rows(report, name) for report in _others(dt, read)])
        rows = _rows(read[dt], name)
        if usual is None:
            continue
        says = f"{rows:,} rows where {usual:,} are usual"
        if not rows:
            yield OddDay(dt, name, "no rows", f"no rows where {usual:,} are usual")
        elif rows < settings.far_share * usual:
            yield OddDay(dt, name, "few rows", says)
        elif rows * settings.far_share > usual:
            yield OddDay(dt, name, "many rows", says)


def _late(dt: date, report: Mapping[str, Any], settings: DaySettings) -> Iterable[OddDay]:
    for name in _EVENTS:
        table = report["tables"].get(name, {})
        late, used = table.get("late", 0), table.get("used", 0)
        if late > settings.late_share * used:
            yield OddDay(
                dt, name, "late rows", f"{late:,} of {used:,} rows have a time of another day"
            )


def _signals(dt: date, read: Mapping[date, Mapping[str, Any]]) -> Iterable[OddDay]:
    """Signals that are off where most other days have them, for want of a column, not of rows."""
    others = _others(dt, read)
    for signal, state in read[dt]["signals"].items():
        n_on = sum(report["signals"].get(signal) == "on" for report in others)
        name = SIGNAL_COLUMNS[signal][0][0].partition(".")[0]
        if state == "on" or len(others) < _FEWEST_DAYS or 2 * n_on <= len(others):
            continue
        if _rows(read[dt], name):
            says = f"signal {signal} is off; it is on on {n_on} of {len(others)} other days"
            yield OddDay(dt, name, "signal off", says)


def _repeats(dt: date, read: Mapping[date, Mapping[str, Any]]) -> Iterable[OddDay]:
    for name in _EVENTS:
        if (before := _repeated(name, dt, read)) is not None:
            says = f"the same bytes as on {before}: those events count twice"
            yield OddDay(dt, name, "same file", says)


def _repeated(name: str, dt: date, read: Mapping[date, Mapping[str, Any]]) -> date | None:
    """The latest earlier day whose files of a table are byte for byte this day's."""
    mine = _digests(read[dt], name)
    earlier = [day for day in read if day < dt and mine and _digests(read[day], name) == mine]
    return max(earlier, default=None)


def _digests(report: Mapping[str, Any], name: str) -> list[str]:
    """SHA-256 of a table's files, sorted; none where it has no rows or a file is no day's own."""
    table = report["tables"].get(name, {})
    files = () if table.get("undated") or not _rows(report, name) else table["files"]
    return sorted(report["inputs"][file] for file in files if file in report["inputs"])


def _rows(report: Mapping[str, Any], name: str) -> int:
    return int(report["tables"].get(name, {}).get("rows", 0))


def _others(dt: date, read: Mapping[date, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [report for day, report in read.items() if day != dt]


def _usual(rows: Sequence[int]) -> int | None:
    """The median of the other days' rows; None where it would say nothing."""
    usual = median_low(rows) if len(rows) >= _FEWEST_DAYS else 0
    return usual if usual >= _FEWEST_ROWS else None
