"""Reading back what was found on a date."""

import warnings
from datetime import date
from pathlib import Path

import pyarrow as pa

from graphkit.detection import Findings
from graphkit.settings import Settings
from pipelines.lake import RING_TABLES, judged_date, load, pointer_path

_OF_DAYS = ("links", "profiles", "activity")  # what questions to a window's days need


def read_findings(lake: Path, dt: date | None = None) -> Findings:
    """Read what was found on a date (the latest judged one where None), with its window's links.

    Warns where a day of the window was read anew or came since: its links may be other ones.

    Raises:
        UsageError: the date has no rings, or a day of its window is not there any more.
        StorageError: a file is missing or not the one published.
    """
    chosen = judged_date(lake, dt)
    snapshot, tables = load(lake, chosen, [*RING_TABLES, *_OF_DAYS])
    manifest = snapshot.manifest
    days = [{name: tables.pop(name) for name in _OF_DAYS}]
    reports = {str(chosen): manifest["input"]}
    for name, source in sorted(manifest["window"].items(), reverse=True):
        day, read = load(lake, date.fromisoformat(name), _OF_DAYS)
        if day.reference()["sha256"] != source.get("sha256"):
            warnings.warn(f"{name} was read anew after {chosen} was judged", stacklevel=2)
        days.insert(0, read)
        reports[name] = day.manifest["input"]
    for name in manifest["missing"]:
        if pointer_path(lake, date.fromisoformat(name)).exists():
            warnings.warn(f"{name} came after {chosen} was judged without it", stacklevel=2)
    return Findings(
        dt=chosen,
        **tables,
        **{name: pa.concat_tables([day[name] for day in days]) for name in _OF_DAYS},
        reports=dict(sorted(reports.items())),
        settings=Settings.model_validate(manifest["settings"]),
        next_number=manifest["next_number"],
    )
