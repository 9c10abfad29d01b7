"""From a window's days to its rings: the order of the stages."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa

from graphkit.communities import detect_communities
from graphkit.contracts import BENIGN
from graphkit.detection import Detection, Findings
from graphkit.entities import Key, key_benign
from graphkit.errors import UsageError
from graphkit.graph import build_graph, kinds_for, project, structure
from graphkit.graph.benign import match_benign, without_benign
from graphkit.ingest.benign import check_benign
from graphkit.ingest.odd_days import OddDay, check_own_rows, odd_days
from graphkit.rings import judge
from graphkit.scorecard import stacked
from graphkit.settings import Settings, load_settings
from graphkit.tracking import Previous, match_rings, renamed
from graphkit.workflow.cards import Cards, load_cards, packaged_cards
from graphkit.workflow.days import Day, read_window, table_days, window_tables


def detect_window(
    days: Sequence[Day],
    *,
    dt: date,
    settings: Settings,
    previous: Previous | None = None,
    benign: pa.Table | None = None,
    noticed: Sequence[OddDay] = (),
    cards: Cards | None = None,
) -> Findings:
    """Find the rings of a window.

    Args:
        days: the window's days, in any order.
        dt: the date that the window ends on.
        settings: everything that changes the result.
        previous: the latest judged date before, whose ring ids go on.
        benign: BENIGN, under the key of the days; nothing is harmless where None.
        noticed: what is odd about days beside what their reports show.
        cards: SCORECARD by name, all that `packaged_cards` has; those where None.

    Raises:
        DataError: the date has next to no events of its own.
    """
    ordered = sorted(days, key=lambda day: day.dt)
    reports = {day.dt: day.report for day in ordered}
    check_own_rows(reports, dt, settings=settings.days)
    links, profiles, activity = window_tables(ordered)
    removed = match_benign(links, BENIGN.empty() if benign is None else benign, dt=dt)
    judged = without_benign(links, removed)
    graph = build_graph(judged, profiles, address_gap_h=settings.graph.address_gap_h)
    cards = packaged_cards() if cards is None else cards
    tables = (judged, profiles, activity, kinds_for(settings.graph))
    found = project(graph, *tables, settings=settings.graph, cards=cards)
    order, edges = structure(graph), found.edges
    membership = detect_communities(edges, order, settings=settings.communities, seed=settings.seed)
    known = (membership, edges, found.uses, found.facts, profiles, order)
    judgement = judge(*known, dt=dt, settings=settings, cards=cards)
    matched = match_rings(judgement.members, previous, dt=dt)
    return Findings(
        dt=dt,
        rings=renamed(judgement.rings, matched.names),
        members=renamed(judgement.members, matched.names),
        evidence=renamed(judgement.evidence, matched.names),
        ring_facts=renamed(judgement.facts, matched.names),
        edges=edges,
        facts=found.facts,
        membership=membership,
        hubs=found.hubs,
        lineage=matched.lineage,
        benign=removed,
        odd_days=odd_days(reports, settings=settings.days, noticed=noticed),
        cards=stacked(cards),
        links=links,
        profiles=profiles,
        activity=activity,
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
    cards: Path | str | None = None,
) -> Detection:
    """Find the rings of a window, from a folder of snapshots or from Arrow tables.

    Args:
        snapshots: a provider's folder or its address; or leave it out and hand in tables.
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
        cards: folder of scorecards that `graphkit fit` wrote; the packaged ones where None.

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
        days = table_days(tables, date, key=secret, settings=resolved)
    else:
        days = read_window(snapshots, date, key=secret, settings=resolved)
    last = date or max(day.dt for day in days)
    known = None if benign is None else key_benign(check_benign(benign), secret)
    own = None if cards is None else load_cards(Path(cards))
    return Detection(detect_window(days, dt=last, settings=resolved, benign=known, cards=own))
