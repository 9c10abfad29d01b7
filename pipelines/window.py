"""Gathering a window's days before its date: from the lake where they stand, else from files."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphkit.entities import Key
from graphkit.errors import DataError, EmptyDayError
from graphkit.ingest import Snapshots
from graphkit.ingest.odd_days import OddDay, empty_day
from graphkit.reports import fed_signals, spell_dates, spell_day
from graphkit.settings import Settings
from graphkit.workflow import Day, read_day, window_of
from pipelines.facts import origin
from pipelines.lake import DAY_TABLES, Snapshot, load, published_dates, standing
from pipelines.publish import publish

Report = Callable[[str], None]


@dataclass
class Window:
    """The days before the date.

    Attributes:
        days: those that have something in them.
        sources: where each of them came from, by ISO date.
        missing: those that nothing was there for.
        odd: what is odd about days beside what their reports show.
    """

    days: list[Day] = field(default_factory=list)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[date] = field(default_factory=list)
    odd: list[OddDay] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """What every step of a run needs to know.

    Attributes:
        snapshots: the provider's files.
        dt: the date.
        lake: where to publish.
        staging: what `writing` yielded.
        key: the lake's.
        settings: everything that changes the result.
        report: told line by line what is done.
        seconds: what each step took.
    """

    snapshots: Snapshots
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
        """Read a day's files and say what was in them.

        Raises:
            EmptyDayError: nothing in them can be used.
            DataError: a file breaks its contract.
        """
        day = read_day(self.snapshots, dt, key=self.key)
        fed = fed_signals(day.links, self.settings)
        self.say(spell_day(day.dt, day.report, day.rejects, fed))
        return day


def check_present(snapshots: Snapshots, dt: date) -> None:
    """Check that a date is one of the days, where the files say days at all.

    Raises:
        DataError: it is not; says which are near.
    """
    days, place = snapshots.days, snapshots.place.shown
    if days and dt not in days:
        near = sorted(sorted(days, key=lambda day: (abs(day - dt), day))[:3])
        raise DataError(
            f"there is no data for {dt} in {place}",
            found=f"days {spell_dates(days)}" if len(days) < 40 else f"{len(days)} days",
            allowed=f"a folder {place}/dt={dt}, or files of that day that the settings describe",
            do=f"correct --date (nearest: {', '.join(map(str, near))}), or bring the day's files",
        )


def gather(job: Job) -> Window:
    """Gather the days of the window before the date.

    A day that is read from its files is published as read, unless rings stand for it: those were
    found in what was read otherwise, and stay as they are.

    Args:
        job: the run.

    Raises:
        DataError: a file breaks its contract.
        StorageError: the lake cannot be read or written.
    """
    window = Window()
    reading = job.settings.reading()
    for dt in window_of(job.dt, job.settings.window_d)[:-1]:
        stands = standing(job.lake, dt)
        if stands is not None and reading.items() <= stands.manifest["settings"].items():
            stands, tables = load(job.lake, dt, list(DAY_TABLES))
            window.days.append(Day(dt=dt, **tables, report=stands.manifest["input"]))
            window.sources[str(dt)] = stands.reference()
            if dt in job.snapshots.days and _changed(job.snapshots, window.days[-1]):
                says = "its files are not those that were read: run that date again to take them in"
                window.odd.append(OddDay(dt, None, "other files", says))
            continue
        day = _read(job, dt, window) if dt in job.snapshots.days else None
        if day is None:
            window.missing.append(dt)
            continue
        window.days.append(day)
        if stands is not None and stands.kind == "judged":
            window.sources[str(dt)] = {"inputs": day.report["inputs"]}
        else:
            window.sources[str(dt)] = _keep(job, day).reference()
    if window.missing:
        job.report(f"days of the window without data: {spell_dates(window.missing)}")
    return window


def _changed(snapshots: Snapshots, day: Day) -> bool:
    """Whether a day's files have other names or sizes than when they were read; gone is no change.

    Digests would say more, and cost the reading of the whole window each night.
    """
    try:
        sizes = snapshots.sizes(day.dt)
    except DataError:
        return True
    return bool(sizes) and sizes != day.report["bytes"]


def _read(job: Job, dt: date, window: Window) -> Day | None:
    """Read a day of the window; one with nothing in it stops no later night."""
    try:
        return job.read(dt)
    except EmptyDayError:
        window.odd.append(empty_day(dt))
        return None


def _keep(job: Job, day: Day) -> Snapshot:
    """Publish a day as read, so that a stopped run goes on there."""
    return publish(
        job.lake,
        job.staging,
        day.dt,
        kind="read",
        tables=day_tables(day),
        texts={},
        facts=origin(job.key, day) | {"settings": job.settings.reading()},
        run_facts=dict,
    )


def outdated(lake: Path, snapshot: Snapshot) -> list[date]:
    """Later dates that were judged without a snapshot's day, or with other files of it.

    Raises:
        StorageError: the lake cannot be read.
    """
    name, mine = str(snapshot.dt), snapshot.reference()["sha256"]
    found = []
    for dt in published_dates(lake, kind="judged"):
        later = standing(lake, dt) if dt > snapshot.dt else None
        if later is None:
            continue
        used = later.manifest["window"].get(name)
        other = used is not None and used.get("sha256") != mine
        if other or name in later.manifest["missing"]:
            found.append(dt)
    return found


def day_tables(day: Day) -> dict[str, pa.Table]:
    """What the lake keeps of a day, by name."""
    return {name: getattr(day, name) for name in DAY_TABLES}
