"""The night's job: read the window that ends on a date, find its rings, check them, publish."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphkit import sql
from graphkit.contracts import LISTED
from graphkit.detection import Findings
from graphkit.entities import Key, key_benign
from graphkit.errors import DataError, UsageError
from graphkit.ingest.benign import read_benign
from graphkit.reports import render, spell_dates, spell_day, spell_rings
from graphkit.settings import Settings
from graphkit.workflow import Day, Previous, days_of, detect_window, read_day, window_of
from pipelines.checks import check
from pipelines.facts import cost, judgement, origin, peak_bytes
from pipelines.keys import load_key
from pipelines.lake import (
    DAY_TABLES,
    RING_TABLES,
    Snapshot,
    key_id,
    latest,
    load,
    standing,
)
from pipelines.publish import create, publish, writing

Report = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a run published.

    Attributes:
        dt: the date.
        snapshot: what stands for it now.
        report: the HTML report.
        rings: published rings.
        candidates: rings below the floors.
        missing: days of the window that nothing was there for.
        seconds: how long the run took.
        peak_bytes: the most memory that the process held.
    """

    dt: date
    snapshot: Snapshot
    report: Path
    rings: int
    candidates: int
    missing: tuple[date, ...]
    seconds: float
    peak_bytes: int


@dataclass
class _Window:
    """The days before the date: those there are, where each came from, and those there are not."""

    days: list[Day] = field(default_factory=list)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[date] = field(default_factory=list)


@dataclass(frozen=True)
class _Job:
    """What every step of a run needs to know."""

    snapshots: Path
    dt: date
    lake: Path
    staging: Path
    key: Key
    settings: Settings
    report: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and say how long it took."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
        self.report(f"{name}: {self.seconds[name]:.1f} s")

    def say(self, text: str) -> None:
        """Report a text line by line."""
        for line in text.splitlines():
            self.report(line)

    def read(self, dt: date) -> Day:
        """Read a day's files and say what was in them."""
        day = read_day(self.snapshots, dt, key=self.key, settings=self.settings)
        self.say(spell_day(day.dt, day.report, day.rejects))
        return day


def run(
    snapshots: Path,
    dt: date,
    lake: Path,
    *,
    settings: Settings,
    key_file: Path | None = None,
    benign: Path | None = None,
    threads: int | None = None,
    memory: str | None = None,
    report: Report = lambda line: None,
) -> Outcome:
    """Find the rings of the window that ends on a date, and publish them whole or not at all.

    The date's own files are always read. The window's other days come from the lake where they
    stand, else from their files, and are published as they are read: a stopped run goes on there.

    Args:
        snapshots: folder of day folders.
        dt: the date.
        lake: where to publish; made where there is none.
        settings: everything that changes the result.
        key_file: file of the lake's key; see `load_key`.
        benign: allow-list, a CSV file; see `read_benign`.
        threads: how many to use; as many as cores where None.
        memory: what the query engine may use, for example `"3GB"`.
        report: told line by line what is done.

    Raises:
        DataError: there is nothing for the date, a file breaks its contract, or a check failed.
        StorageError: the lake is in use or cannot be written.
        SettingsError: the key is not the lake's.
        UsageError: the folder is no lake, or the limits cannot be understood.
    """
    started = time.perf_counter()
    present = _present(snapshots, dt)
    listed = LISTED.empty() if benign is None else read_benign(benign)
    with writing(lake) as staging:
        _limit(threads, memory, staging / "spill")
        key = _key(lake, staging, key_file, report)
        known = key_benign(listed, key)
        job = _Job(snapshots, dt, lake, staging, key, settings, report)
        with job.step("read"):
            today = job.read(dt)
            window = _window(job, present)
        if window.missing:
            report(f"days of the window without data: {spell_dates(window.missing)}")
        earlier, previous = _previous(lake, dt)
        with job.step("detect"):
            findings = detect_window(
                [*window.days, today], dt=dt, settings=settings, previous=previous, benign=known
            )
        with job.step("check"):
            check(findings, today)
        with job.step("publish"):
            snapshot = _publish(job, findings, today, window, earlier, started, threads)
    job.say(spell_rings(findings))
    outcome = _outcome(snapshot, findings.rings, window.missing, time.perf_counter() - started)
    report(f"{outcome.seconds:.1f} s, at most {outcome.peak_bytes / 1e9:.2f} GB of memory")
    return outcome


def _publish(
    job: _Job,
    findings: Findings,
    today: Day,
    window: _Window,
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
        tables=_day_tables(today) | {name: getattr(findings, name) for name in RING_TABLES},
        texts={"report.html": render(findings)},
        facts=judgement(findings, today, job.key, window.sources, window.missing, earlier),
        run_facts=lambda: cost(time.perf_counter() - started, job.seconds, threads),
        next_number=findings.next_number,
    )


def _outcome(
    snapshot: Snapshot, rings: pa.Table, missing: Sequence[date], seconds: float
) -> Outcome:
    statuses = rings["status"].to_pylist()
    return Outcome(
        dt=snapshot.dt,
        snapshot=snapshot,
        report=snapshot.folder / "report.html",
        rings=statuses.count("published"),
        candidates=statuses.count("candidate"),
        missing=tuple(missing),
        seconds=seconds,
        peak_bytes=peak_bytes(),
    )


def _present(snapshots: Path, dt: date) -> set[date]:
    """The days that have files; the date must be one of them."""
    days = days_of(snapshots)
    if dt not in days:
        near = sorted(sorted(days, key=lambda day: (abs(day - dt), day))[:3])
        raise DataError(
            f"there is no data for {dt} in {snapshots}",
            found=f"{len(days)} days: {spell_dates(days)}"
            if len(days) < 40
            else f"{len(days)} days",
            allowed=f"a folder {snapshots / f'dt={dt}'}",
            do=f"correct --date (nearest: {', '.join(map(str, near))}), or bring the day's files",
        )
    return set(days)


def _limit(threads: int | None, memory: str | None, spill: Path) -> None:
    try:
        sql.limit(threads=threads, memory=memory, spill=spill)
    except ValueError as error:
        raise UsageError(
            "the limits cannot be understood",
            found=f"threads {threads}, memory {memory}: {str(error).splitlines()[0]}",
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


def _window(job: _Job, present: set[date]) -> _Window:
    """Gather the days of the window before the date: from the lake, else from their files."""
    window = _Window()
    ingest = job.settings.ingest.model_dump(mode="json")
    for day in window_of(job.dt, job.settings.window_d)[:-1]:
        stands = standing(job.lake, day)
        if stands is not None and stands.manifest["settings"]["ingest"] == ingest:
            stands, tables = load(job.lake, day, list(DAY_TABLES))
            window.days.append(Day(dt=day, **tables, report=stands.manifest["input"]))
        elif day in present:
            window.days.append(job.read(day))
            if stands is not None and stands.kind == "judged":
                # Its rings were found under other ingest settings, and stay as they are.
                window.sources[str(day)] = {"inputs": window.days[-1].report["inputs"]}
                continue
            stands = publish(
                job.lake,
                job.staging,
                day,
                kind="read",
                tables=_day_tables(window.days[-1]),
                texts={},
                facts=origin(job.key, window.days[-1]) | {"settings": {"ingest": ingest}},
                run_facts=dict,
            )
        else:
            window.missing.append(day)
            continue
        window.sources[str(day)] = stands.reference()
    return window


def _previous(lake: Path, dt: date) -> tuple[Snapshot | None, Previous | None]:
    """The latest judged date before the date: its snapshot, and what carries ring ids on."""
    before = latest(lake, before=dt)
    if before is None:
        return None, None
    snapshot, tables = load(lake, before, ["members"])
    return snapshot, Previous(before, tables["members"], snapshot.manifest["next_number"])


def _day_tables(day: Day) -> dict[str, pa.Table]:
    return {name: getattr(day, name) for name in DAY_TABLES}
