"""The night's job: read the window that ends on a date, find its rings, check them, publish."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from graphkit import sql
from graphkit.contracts import LISTED
from graphkit.detection import Findings
from graphkit.entities import Key, key_benign
from graphkit.errors import UsageError
from graphkit.ingest import Snapshots, open_snapshots
from graphkit.ingest.benign import read_benign
from graphkit.ingest.odd_days import OddDay
from graphkit.reports import render, spell_dates, spell_odd_days, spell_rings
from graphkit.settings import Settings
from graphkit.workflow import (
    Cards,
    Day,
    Previous,
    detect_window,
    load_cards,
    packaged_cards,
    window_of,
)
from pipelines.checks import check
from pipelines.facts import cost, judgement, peak_bytes
from pipelines.keys import load_key
from pipelines.lake import RING_TABLES, Snapshot, key_id, latest, load
from pipelines.publish import create, publish, writing
from pipelines.window import Job, Report, Window, check_present, day_tables, gather, outdated


@dataclass(frozen=True)
class Outcome:
    """What a run published.

    Attributes:
        dt: the date.
        snapshot: what stands for it now.
        report: the HTML report.
        rings: published rings.
        candidates: rings below the floors.
        apart: rings inside one verified organisation.
        missing: days of the window that nothing was there for.
        odd: how much is odd about days of the window.
        seconds: how long the run took.
        peak_bytes: the most memory that the process held.
    """

    dt: date
    snapshot: Snapshot
    report: Path
    rings: int
    candidates: int
    apart: int
    missing: tuple[date, ...]
    odd: int
    seconds: float
    peak_bytes: int


def run(
    address: Path | str,
    dt: date,
    lake: Path,
    *,
    settings: Settings,
    key_file: Path | None = None,
    benign: Path | None = None,
    cards: Path | None = None,
    threads: int | None = None,
    memory: str | None = None,
    report: Report = lambda line: None,
) -> Outcome:
    """Find the rings of the window that ends on a date, and publish them whole or not at all.

    The date's own files are always read. The window's other days come from the lake where they
    stand, else from their files, and are published as they are read: a stopped run goes on there.

    Args:
        address: the provider's folder; see `open_snapshots`.
        dt: the date.
        lake: where to publish; made where there is none.
        settings: everything that changes the result.
        key_file: file of the lake's key; see `load_key`.
        benign: allow-list, a CSV file; see `read_benign`.
        cards: folder of scorecards; see `load_cards`. The packaged ones where None.
        threads: how many to use; as many as cores where None.
        memory: what the query engine may use, for example `"3GB"`.
        report: told line by line what is done.

    Raises:
        DataError: there is nothing for the date, a file breaks its contract, or a check failed.
        StorageError: the lake is in use or cannot be written, or the provider's store not reached.
        SettingsError: the key is not the lake's.
        UsageError: the folder is no lake, or the limits cannot be understood.
    """
    started = time.perf_counter()
    snapshots = _present(address, dt, settings)
    listed = LISTED.empty() if benign is None else read_benign(benign)
    used = packaged_cards() if cards is None else load_cards(cards)
    with writing(lake) as staging:
        _limit(threads, memory, staging / "spill")
        key = _key(lake, staging, key_file, report)
        known = key_benign(listed, key)
        job = Job(snapshots, dt, lake, staging, key, settings, report)
        with job.step("read"):
            today = job.read(dt)
            window = gather(job)
        earlier, findings = _detect(job, window, today, known, used)
        with job.step("check"):
            check(findings, today)
        with job.step("publish"):
            snapshot = _publish(job, findings, today, window, earlier, started, threads)
    _say(job, findings, outdated(lake, snapshot))
    outcome = _outcome(snapshot, findings, window.missing, time.perf_counter() - started)
    report(f"{outcome.seconds:.1f} s, at most {outcome.peak_bytes / 1e9:.2f} GB of memory")
    return outcome


def _detect(
    job: Job, window: Window, today: Day, benign: pa.Table, cards: Cards
) -> tuple[Snapshot | None, Findings]:
    """Find the rings, and the judged date whose ids go on."""
    earlier, previous = _previous(job.lake, job.dt)
    with job.step("detect"):
        findings = detect_window(
            [*window.days, today],
            dt=job.dt,
            settings=job.settings,
            previous=previous,
            benign=benign,
            noticed=[*window.odd, *_late_days(window, earlier)],
            cards=cards,
        )
    return earlier, findings


def _say(job: Job, findings: Findings, later: Sequence[date]) -> None:
    """Say what was found, what is odd, and which later dates should be run again."""
    job.say(spell_rings(findings))
    job.say(spell_odd_days(findings.odd_days))
    if later:
        days = f"{spell_dates(later)}; run again"
        job.report(f"judged before with other files of {job.dt}, or without: {days}")


def _publish(
    job: Job,
    findings: Findings,
    today: Day,
    window: Window,
    earlier: Snapshot | None,
    started: float,
    threads: int | None,
) -> Snapshot:
    """Publish what was found, with its report."""
    return publish(
        job.lake,
        job.staging,
        job.dt,
        kind="judged",
        tables=day_tables(today) | {name: getattr(findings, name) for name in RING_TABLES},
        texts={"report.html": render(findings)},
        facts=judgement(findings, today, job.key, window.sources, window.missing, earlier),
        run_facts=lambda: cost(time.perf_counter() - started, job.seconds, threads),
        next_number=findings.next_number,
    )


def _outcome(
    snapshot: Snapshot, findings: Findings, missing: Sequence[date], seconds: float
) -> Outcome:
    statuses = findings.rings["status"].to_pylist()
    return Outcome(
        dt=snapshot.dt,
        snapshot=snapshot,
        report=snapshot.folder / "report.html",
        rings=statuses.count("published"),
        candidates=statuses.count("candidate"),
        apart=statuses.count("organisation"),
        missing=tuple(missing),
        odd=findings.odd_days.num_rows,
        seconds=seconds,
        peak_bytes=peak_bytes(),
    )


def _present(address: Path | str, dt: date, settings: Settings) -> Snapshots:
    """The provider's files; the date must be one of their days, where they say days at all."""
    snapshots = open_snapshots(address, settings, window=window_of(dt, settings.window_d))
    check_present(snapshots, dt)
    return snapshots


def _limit(threads: int | None, memory: str | None, spill: Path) -> None:
    try:
        sql.limit(threads=threads, memory=memory, spill=spill)
    except ValueError:
        raise UsageError(
            "the limits cannot be understood",
            found=", ".join(
                f"{name} {value}"
                for name, value in (("threads", threads), ("memory", memory))
                if value is not None
            ),
            allowed="at least one thread, and memory such as 3GB or 500MB",
            do="correct --threads or --memory",
        ) from None
    if threads is not None:
        pa.set_cpu_count(threads)


def _key(lake: Path, staging: Path, key_file: Path | None, report: Report) -> Key:
    """The lake's key; a folder that is no lake yet becomes one."""
    creating = key_id(lake) is None
    key = load_key(lake, key_file, creating=creating, report=report)
    if creating:
        create(lake, staging, key_id=key.id)
    return key


def _late_days(window: Window, earlier: Snapshot | None) -> list[OddDay]:
    """Days that came after a later date had been judged without them."""
    if earlier is None:
        return []
    says = f"came after {earlier.dt} had been judged without it"
    days = [day.dt for day in window.days if str(day.dt) in earlier.manifest["missing"]]
    return [OddDay(dt, None, "late day", says) for dt in days]


def _previous(lake: Path, dt: date) -> tuple[Snapshot | None, Previous | None]:
    """The latest judged date before the date: its snapshot, and what carries ring ids on."""
    before = latest(lake, before=dt)
    if before is None:
        return None, None
    snapshot, tables = load(lake, before, ["members"])
    return snapshot, Previous(before, tables["members"], snapshot.manifest["next_number"])
