"""Fitting scorecards anew from a user's labels, beside the lake that they speak of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.errors import UsageError
from graphkit.graph import ROUNDS
from graphkit.ingest.labels import read_labels
from graphkit.ingest.scorecards import JUDGING
from graphkit.scorecard import stacked
from graphkit.settings import Settings
from graphkit.workflow import Cards, Day, Fitted, fit_cards
from pipelines.lake import judged_date, load, storage

SUMMARY = "summary.txt"
_FILES = (*(f"{name}.csv" for name in ROUNDS), f"{JUDGING}.csv", SUMMARY)


@dataclass(frozen=True)
class Outcome:
    """What a fit left.

    Attributes:
        dt: the date whose window was fitted on.
        fitted: the cards, and how well they do on labels that they were not fitted on.
        folder: where the cards are.
    """

    dt: date
    fitted: Fitted
    folder: Path


def fit(
    lake: Path,
    labels: Path,
    out: Path,
    *,
    dt: date | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Fit the scorecards anew on a judged date's window, and write them.

    Args:
        lake: where the date stands.
        labels: what is known; see `read_labels`.
        out: a folder that is not there, is empty, or holds earlier cards, which are replaced.
        dt: the date; the latest judged one where None.
        report: told line by line what is done.

    Raises:
        UsageError: the date has no rings, or the folder holds other things.
        DataError: the labels break their contract, or are too few to say whether a fit helps.
        StorageError: the lake cannot be read, or the folder not written.
    """
    known = read_labels(labels)
    _check_out(out)
    chosen = judged_date(lake, dt)
    report(f"reading the window that ends on {chosen}")
    days, benign, settings = _window(lake, chosen)
    fitted = fit_cards(days, known, settings=settings, benign=benign, report=report)
    _write(out, fitted.cards, f"{fitted.told(chosen)}\n")
    return Outcome(chosen, fitted, out)


def _window(lake: Path, dt: date) -> tuple[list[Day], pa.Table, Settings]:
    """The days that a date was judged on, what its allow-list took out, and its settings."""
    names = ["links", "activity", "profiles", "rejects"]
    snapshot, tables = load(lake, dt, [*names, "benign"])
    benign = tables.pop("benign")
    days = [Day(dt=dt, **tables, report=snapshot.manifest["input"])]
    for name in sorted(snapshot.manifest["window"]):
        day, read = load(lake, date.fromisoformat(name), names)
        days.append(Day(dt=day.dt, **read, report=day.manifest["input"]))
    return days, benign, Settings.model_validate(snapshot.manifest["settings"])


def _check_out(out: Path) -> None:
    with storage(f"folder {out} cannot be written"):
        held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        strange = [name for name in held if name not in _FILES]
        if strange or (out.exists() and not out.is_dir()):
            raise UsageError(
                f"{out} is no folder of scorecards",
                found=f"a folder with {strange[0]!r} in it" if strange else "a file",
                allowed="a folder that is not there, is empty, or holds what `fit` wrote",
                do="name another folder with --out",
            )


def _write(out: Path, cards: Cards, summary: str) -> None:
    """Write the cards as the package ships them, each file whole or not at all."""
    judging = {name: card for name, card in cards.items() if name not in ROUNDS}
    tables = {name: cards[name] for name in ROUNDS} | {JUDGING: stacked(judging)}
    with storage(f"folder {out} cannot be written"):
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            fresh = out / f".{name}.csv"
            pacsv.write_csv(table, fresh, pacsv.WriteOptions(quoting_style="none"))
            fresh.replace(out / f"{name}.csv")
        (out / SUMMARY).write_text(summary, "utf-8")
