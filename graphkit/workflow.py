"""The one place that knows the order of the stages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.communities import detect_communities
from graphkit.contracts import BENIGN, LINKS, PROFILES, REJECTS, TIMESTAMP
from graphkit.detection import Detection, Findings
from graphkit.entities import Key, Linked, key_benign, link_accounts
from graphkit.errors import DataError, UsageError
from graphkit.graph import build_graph, project, structure, weights_for
from graphkit.graph.benign import match_benign, without_benign
from graphkit.ingest import Snapshot, check_tables, days_of, read_snapshot
from graphkit.ingest.benign import check_benign
from graphkit.rings import judge
from graphkit.settings import Settings, load_settings
from graphkit.tracking import Previous, match_rings, renamed

__all__ = [
    "Day",
    "Previous",
    "days_of",
    "detect",
    "detect_window",
    "read_day",
    "read_mentions",
    "window_of",
]


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


def read_day(snapshots: Path, dt: date, *, key: Key, settings: Settings) -> Day:
    """Read one day's files: ingest and link.

    Args:
        snapshots: folder of day folders.
        dt: the day.
        key: what pseudonyms are made with.
        settings: how to read.

    Raises:
        DataError: the day is not there, a file breaks its contract, or no row can be used.
    """
    snapshot = read_snapshot(snapshots, dt, settings.ingest)
    linked = link_accounts(
        snapshot.accounts,
        snapshot.requests,
        snapshot.payments,
        snapshot.mentions,
        dt=dt,
        key=key,
    )
    if linked.profiles.num_rows == 0:
        raise DataError(
            f"{snapshots / f'dt={dt}'} holds no row that can be used",
            found="empty tables",
            allowed="at least one account, request, payment or mention",
            do="check that the day's files were written whole",
        )
    return _day(dt, linked, snapshot.rejects(), _report(snapshot, linked.cells))


def read_mentions(snapshots: Path, *, settings: Settings) -> pa.Table:
    """Read the mentions of all days, as they are: nothing in them is keyed.

    Args:
        snapshots: folder of day folders.
        settings: how to read.

    Returns:
        MENTIONS.

    Raises:
        DataError: a file breaks its contract, or no day has a mention.
    """
    days = [read_snapshot(snapshots, dt, settings.ingest) for dt in days_of(snapshots)]
    parts = [part for day in days for part in day.mentions]
    if not parts:
        raise DataError(
            f"{snapshots} holds no mention",
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


def detect_window(
    days: Sequence[Day],
    *,
    dt: date,
    settings: Settings,
    previous: Previous | None = None,
    benign: pa.Table | None = None,
) -> Findings:
    """Find the rings of a window.

    Args:
        days: the window's days, in any order.
        dt: the date that the window ends on.
        settings: everything that changes the result.
        previous: the latest judged date before, whose ring ids go on.
        benign: BENIGN, under the key of the days; nothing is harmless where None.
    """
    ordered = sorted(days, key=lambda day: day.dt)
    links = pa.concat_tables([LINKS.empty(), *(day.links for day in ordered)])
    profiles = pa.concat_tables([PROFILES.empty(), *(day.profiles for day in ordered)])
    gap = settings.graph.address_gap_h
    removed = match_benign(links, BENIGN.empty() if benign is None else benign, dt=dt)
    graph = build_graph(without_benign(links, removed), profiles, address_gap_h=gap)
    projection = project(graph, weights_for(settings.graph.kinds), settings=settings.graph)
    order = structure(graph)
    membership = detect_communities(
        projection.edges, order, settings=settings.communities, seed=settings.seed
    )
    judgement = judge(
        membership,
        projection.edges,
        projection.uses,
        projection.facts,
        profiles,
        order,
        dt=dt,
        gap_h=gap,
        settings=settings.rings,
    )
    matched = match_rings(judgement.members, previous, dt=dt)
    return Findings(
        dt=dt,
        rings=renamed(judgement.rings, matched.names),
        members=renamed(judgement.members, matched.names),
        evidence=renamed(judgement.evidence, matched.names),
        edges=projection.edges,
        facts=projection.facts,
        membership=membership,
        hubs=projection.hubs,
        lineage=matched.lineage,
        benign=removed,
        links=links,
        profiles=profiles,
        reports={day.dt.isoformat(): day.report for day in ordered if day.report},
        settings=settings,
        next_number=matched.next_number,
    )


def detect(
    snapshots: Path | str | None = None,
    *,
    accounts: pa.Table | None = None,
    requests: pa.Table | None = None,
    payments: pa.Table | None = None,
    mentions: pa.Table | None = None,
    benign: pa.Table | None = None,
    date: date | None = None,
    window: str | int | None = None,
    settings: Settings | None = None,
    key: Key | None = None,
) -> Detection:
    """Find the rings of a window, from a folder of snapshots or from Arrow tables.

    Args:
        snapshots: folder of day folders; or leave it out and hand in tables.
        accounts: as of the last day.
        requests: of all days of the window.
        payments: of all days of the window.
        mentions: of all days of the window.
        benign: what is known to be harmless: columns kind, entity, until and why, in plain values.
        date: last day of the window; the latest there is where None.
        window: its length, as `"30d"` or days; that of the settings where None.
        settings: everything else that changes the result.
        key: what pseudonyms are made with; a new random one where None, so that pseudonyms of two
            calls cannot be compared while rings, members and scores can.

    Raises:
        UsageError: neither or both of folder and tables are given.
        DataError: the data break their contract, or there are none.
        SettingsError: the window does not fit.
    """
    given = {"accounts": accounts, "requests": requests, "payments": payments, "mentions": mentions}
    tables = {name: table for name, table in given.items() if table is not None}
    if (snapshots is None) == (not tables):
        raise UsageError(
            "detect takes a folder of snapshots or tables",
            found="both" if tables else "neither",
            allowed="one of them",
            do="call detect(folder) or detect(requests=table, payments=table)",
        )
    resolved = settings or Settings()
    if window is not None:
        resolved = load_settings(**{**resolved.model_dump(), "window_d": window})
    secret = key or Key.random()
    if snapshots is None:
        days = _table_days(tables, date, key=secret, settings=resolved)
        last = date or max(day.dt for day in days)
    else:
        folder = Path(snapshots)
        present = days_of(folder)
        last = date or present[-1]
        wanted = [day for day in window_of(last, resolved.window_d) if day in present]
        if last not in present:
            wanted.append(last)
        days = [read_day(folder, day, key=secret, settings=resolved) for day in wanted]
    known = None if benign is None else key_benign(check_benign(benign), secret)
    return Detection(detect_window(days, dt=last, settings=resolved, benign=known))


def _table_days(
    tables: Mapping[str, pa.Table], last: date | None, *, key: Key, settings: Settings
) -> list[Day]:
    """Cut tables of a whole window into days; accounts and report are those of the last one."""
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
    for table in report["tables"].values():
        table["late"] = 0  # A table of many days has a row for each; none of them is late.
    last_day = replace(days[-1], rejects=snapshot.rejects(), report=report)
    return [*days[:-1], last_day]


def _of_day(part: pa.Table, day: date) -> pa.Table:
    start = pa.scalar(datetime(day.year, day.month, day.day, tzinfo=UTC), TIMESTAMP)
    return part.filter(pc.equal(pc.floor_temporal(part["ts"], unit="day"), start))
