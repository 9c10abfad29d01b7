"""Trying graphkit out: a demonstration on a simulated provider, and rings held against a truth."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from graphkit.contracts import TRUTH
from graphkit.errors import DataError, UsageError
from graphkit.evaluate import Scores, completed, evaluate
from graphkit.ingest.columns import check_names
from graphkit.ingest.forms import is_sampled, names_of, parts
from graphkit.ingest.place import FORMS, local_file
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from graphkit.workflow import window_of
from pipelines.lake import judged_date, load, published_dates, read_tables, storage
from pipelines.nightly import Outcome, run

NIGHTS = 4
_MARKER = ".graphkit-demo"


@dataclass(frozen=True)
class Trial:
    """What a demonstration left.

    Attributes:
        snapshots: the simulated provider's files.
        truth: who belongs to which planted ring.
        lake: what the nights published.
        outcomes: one per night.
        scores: the last night's rings against the truth.
    """

    snapshots: Path
    truth: Path
    lake: Path
    outcomes: tuple[Outcome, ...]
    scores: Scores


def demonstrate(
    out: Path,
    *,
    world: World,
    report: Callable[[str], None] = lambda line: None,
) -> Trial:
    """Simulate a small provider and run the nightly job on the last days, one after another.

    Args:
        out: a folder that is not there, is empty, or holds an earlier demonstration; that one is
            removed first.
        world: the provider; the window covers all of its days.
        report: told line by line what is done.

    Raises:
        UsageError: the folder holds other things.
        StorageError: it cannot be written.
    """
    _clear(out)
    snapshots, lake = out / "snapshots", out / "lake"
    report(f"simulating {world.accounts:,} accounts over {world.days} days")
    simulate(snapshots, world)
    settings = Settings(window_d=world.days)
    outcomes = []
    for dt in window_of(world.end, min(world.days, NIGHTS)):
        report(f"night of {dt}")
        outcomes.append(run(snapshots, dt, lake, settings=settings, report=report))
    truth = snapshots / "truth.parquet"
    return Trial(snapshots, truth, lake, tuple(outcomes), score(lake, truth))


def score(lake: Path, truth: Path, dt: date | None = None) -> Scores:
    """Hold the rings of a date, the latest judged one where None, against a truth.

    Earlier dates of its window say whether rings keep their ids.

    Raises:
        UsageError: the date has no rings.
        DataError: the truth breaks its contract.
        StorageError: the lake cannot be read.
    """
    known, chosen = read_truth(truth), judged_date(lake, dt)
    snapshot, tables = load(lake, chosen, ["members"])
    window_d = int(snapshot.manifest["settings"]["window_d"])
    since = chosen - timedelta(days=window_d - 1)
    before = [day for day in published_dates(lake, kind="judged") if since <= day < chosen]
    days = [read_tables(lake, day, ["members"])["members"] for day in before]
    members = pa.concat_tables([*days, tables["members"]])
    return evaluate(members, known, dt=chosen, window_d=window_d)


def read_truth(path: Path) -> pa.Table:
    """Read a truth table: `account_id`, `ring` (empty where none) and what else it has of TRUTH.

    Raises:
        DataError: the file cannot be read or breaks its contract.
    """
    file = local_file(path)
    if not path.is_file() or file.form is None:
        raise DataError(
            f"truth file {path} cannot be read",
            found="another form" if path.is_file() else "no such file",
            allowed=f"a file in one of the forms {', '.join(FORMS)}",
            do="correct the path",
        )
    found = list(TRUTH.columns) if is_sampled(file) else names_of(file) or []
    check_names(found, list(TRUTH.columns), str(path), required=("account_id", "ring"))
    columns = {name: name for name in TRUTH.columns if name in found}
    read = list(parts(file, columns))
    rows = [part.table for part in read]
    n_broken = sum(len(part.broken) for part in read)
    # Of JSON lines a column may first stand in any line, so that only its cells tell.
    lost = is_sampled(file) and all(table["ring"].null_count == len(table) for table in rows)
    if n_broken or lost or not sum(map(len, rows)):
        fault = "no row has a ring" if lost else f"{n_broken} rows that cannot be read"
        raise DataError(
            f"truth file {path} tells too little",
            found=fault if lost or n_broken else "no row",
            allowed="one row per account; ring is empty for accounts in no ring",
            do="correct the file: a truth with gaps would flatter or blame",
        )
    return completed(pa.concat_tables(rows), where=f"truth file {path}")


def _clear(out: Path) -> None:
    """Make the folder ready; only what a demonstration made is removed."""
    with storage(f"folder {out} cannot be written"):
        held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        if held and _MARKER not in held:
            raise UsageError(
                f"{out} is not an earlier demonstration",
                found=f"a folder with {held[0]!r} in it",
                allowed="a folder that is not there, is empty, or holds an earlier demonstration",
                do="name another folder with --out",
            )
        for name in ("snapshots", "lake"):
            if (out / name).exists():
                shutil.rmtree(out / name)
        (out / "lake.key").unlink(missing_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARKER).touch()
