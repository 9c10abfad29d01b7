"""Reading days: ingest and link, from files or from tables at hand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import ACTIVITY, LINKS, PROFILES, REJECTS, TIMESTAMP
from graphkit.entities import Key, Linked, link_accounts
from graphkit.errors import DataError, EmptyDayError, UsageError
from graphkit.ingest import Snapshot, Snapshots, check_tables, open_snapshots, read_snapshot
from graphkit.settings import Settings


@dataclass(frozen=True)
class Day:
    """What one day's files leave behind.

    Attributes:
        dt: the day.
        links: LINKS.
        activity: ACTIVITY.
        profiles: PROFILES.
        rejects: REJECTS.
        report: what was read, as plain values: rows, refused rows and cells by table, signals on
            and off, SHA-256 of each file.
    """

    dt: date
    links: pa.Table
    activity: pa.Table
    profiles: pa.Table
    rejects: pa.Table
    report: dict[str, Any]


def window_of(dt: date, window_d: int) -> list[date]:
    """The days of a window that ends on a date, in order."""
    return [dt - timedelta(days=back) for back in range(window_d - 1, -1, -1)]


def window_tables(days: Sequence[Day]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """LINKS, PROFILES and ACTIVITY of all days, one day after another."""
    links = pa.concat_tables([LINKS.empty(), *(day.links for day in days)])
    profiles = pa.concat_tables([PROFILES.empty(), *(day.profiles for day in days)])
    activity = pa.concat_tables([ACTIVITY.empty(), *(day.activity for day in days)])
    return links, profiles, activity


def read_day(snapshots: Snapshots, dt: date, *, key: Key) -> Day:
    """Read one day's files: ingest and link.

    Args:
        snapshots: the provider's files.
        dt: the day.
        key: what pseudonyms are made with.

    Raises:
        EmptyDayError: the day is not there, or no row can be used.
        DataError: a file breaks its contract.
        StorageError: a file cannot be reached.
    """
    snapshot = read_snapshot(snapshots, dt)
    linked = link_accounts(
        snapshot.accounts,
        snapshot.requests,
        snapshot.payments,
        snapshot.mentions,
        dt=dt,
        key=key,
    )
    if linked.profiles.num_rows == 0:
        raise EmptyDayError(
            f"{snapshots.place.shown} holds no row of {dt} that can be used",
            found="empty tables",
            allowed="at least one account, request, payment or mention",
            do="check that the day's files were written whole",
        )
    return _day(dt, linked, snapshot.rejects(), _report(snapshot, linked.cells))


def read_window(
    address: Path | str, last: date | None, *, key: Key, settings: Settings
) -> list[Day]:
    """Read the days of a window that have something in them.

    Args:
        address: a provider's folder; see `open_snapshots`.
        last: the last day; the latest there is where None.
        key: what pseudonyms are made with.
        settings: what the files are called, how to read them, and how long the window is.

    Raises:
        UsageError: nothing says where the window ends.
        EmptyDayError: the last day is not there or empty; an earlier one may be.
        DataError: a file breaks its contract.
        StorageError: the provider's store cannot be reached.
    """
    wanted = None if last is None else window_of(last, settings.window_d)
    snapshots = open_snapshots(address, settings, window=wanted)
    end = last or last_day(snapshots)
    days = []
    for dt in window_of(end, settings.window_d):
        try:
            if dt in snapshots.days or dt == end:
                days.append(read_day(snapshots, dt, key=key))
        except EmptyDayError:
            if dt == end:
                raise
    return days


def last_day(snapshots: Snapshots) -> date:
    """The latest day that a provider's files speak of.

    Raises:
        UsageError: nothing says which day they are of.
    """
    if not snapshots.days:
        raise UsageError(
            f"nothing in {snapshots.place.shown} says which day it is of",
            found="files without a day in their path or times in their rows",
            allowed="a date",
            do="say date=, the last day that the files speak of",
        )
    return snapshots.days[-1]


def read_mentions(address: Path | str, *, settings: Settings) -> pa.Table:
    """Read the mentions of all days, as they are: nothing in them is keyed.

    Args:
        address: a provider's folder; see `open_snapshots`.
        settings: what its files are called and how to read them.

    Returns:
        MENTIONS.

    Raises:
        DataError: a file breaks its contract, no day has a mention, or mentions have no times of
            their own.
        StorageError: the provider's store cannot be reached.
    """
    snapshots = open_snapshots(address, settings)
    days = [read_snapshot(snapshots, dt) for dt in snapshots.days or [date.min]]
    untimed = [place for day in days for place in day.untimed("mentions")]
    if untimed:
        raise DataError(
            f"{untimed[0]} has no times, and who mentioned the same when cannot be told",
            found="no column ts",
            allowed="mentions with times of their own",
            do="bring the times, or say in the settings file which column is ts",
        )
    parts = [part for day in days for part in day.mentions]
    if not parts:
        raise DataError(
            f"{snapshots.place.shown} holds no mention",
            found=f"{len(days)} days without any",
            allowed="a table mentions with account_id, kind, entity and ts",
            do="bring the table, or name its columns in the settings file",
        )
    return pa.concat_tables(parts)


def _report(snapshot: Snapshot, cells: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """What was read, with the cells that ingest took and linking could not use."""
    report = snapshot.report()
    for (place, reason), n in sorted(cells.items()):
        table, _, column = place.partition(".")
        report["tables"][table]["cells"].setdefault(column, {})[reason] = n
    return report


def _day(dt: date, linked: Linked, rejects: pa.Table, report: dict[str, Any]) -> Day:
    return Day(dt, linked.links, linked.activity, linked.profiles, rejects, report)


def table_days(
    tables: Mapping[str, pa.Table], last: date | None, *, key: Key, settings: Settings
) -> list[Day]:
    """Cut tables of a whole window into days; accounts and report are those of the last one.

    Args:
        tables: as `check_tables` takes them.
        last: the last day; that of the latest event where None.
        key: what pseudonyms are made with.
        settings: how to read, and how long the window is.

    Raises:
        UsageError: nothing says where the window ends.
        DataError: a table breaks its contract, or there are none that say a day.
    """
    undated = [
        name for name in tables if name != "accounts" and "ts" not in tables[name].schema.names
    ]
    if last is None and undated:
        raise UsageError(
            f"table {undated[0]} has no times, so the window has no end",
            found=", ".join(tables[undated[0]].column_names),
            allowed="a column ts, or date=",
            do="say date=, the last day that the tables speak of",
        )
    snapshot = check_tables(tables, last or date.min, settings.ingest)
    events = {name: list(getattr(snapshot, name)) for name in ("requests", "payments", "mentions")}
    found = {
        moment.date()
        for parts in events.values()
        for part in parts
        for moment in pc.unique(pc.floor_temporal(part["ts"], unit="day")).to_pylist()
    }
    end = last or max(found, default=None)
    if end is None:
        raise DataError(
            "the tables hold no dated row",
            found="no request, payment or mention that can be used",
            allowed="at least one dated row, or the date",
            do="hand in events, or say date=",
        )
    days, cells = [], Counter[tuple[str, str]]()
    for day in sorted({end, *found} & set(window_of(end, settings.window_d))):
        chosen = {name: [_of_day(part, day) for part in parts] for name, parts in events.items()}
        accounts = snapshot.accounts if day == end else snapshot.accounts.slice(0, 0)
        linked = link_accounts(accounts, **chosen, dt=day, key=key)
        cells.update(linked.cells)
        days.append(_day(day, linked, REJECTS.empty(), {}))
    report = _report(snapshot, cells)
    last_day = replace(days[-1], rejects=snapshot.rejects(), report=report)
    return [*days[:-1], last_day]


def _of_day(part: pa.Table, day: date) -> pa.Table:
    start = pa.scalar(datetime(day.year, day.month, day.day, tzinfo=UTC), TIMESTAMP)
    return part.filter(pc.equal(pc.floor_temporal(part["ts"], unit="day"), start))
