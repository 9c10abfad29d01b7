"""What a day's files should hold and do not: whole tables, columns that the settings name."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import takewhile

from graphkit.contracts import INPUTS
from graphkit.errors import DataError, EmptyDayError
from graphkit.ingest.columns import Opened
from graphkit.ingest.snapshots import Snapshots


def nothing_there(snapshots: Snapshots, dt: date) -> EmptyDayError:
    """The error of a day without any table."""
    folder, place = f"dt={dt}", snapshots.place
    there = place.kind(folder) == "a folder"
    held = [entry.name for entry in place.entries(folder)[:5]]
    feeds = [one.feed.path for files in snapshots.listed.values() for one in files[:1]]
    return EmptyDayError(
        f"{place.shown}/{folder} holds no table"
        if there
        else f"{place.shown}/{folder} is not there",
        found=", ".join(held) or ("nothing" if there else "no such folder"),
        allowed=f"files or folders named {', '.join(INPUTS)}"
        + (f", or files of that day that fit {', '.join(feeds)}" if feeds else ""),
        do="correct the path or the date",
    )


def check_entities(snapshots: Snapshots, opened: Sequence[Opened]) -> None:
    """Check that each feed of mentions has a file with its entity, on whichever day.

    A column may come with time: a file without it mentions nothing.

    Raises:
        DataError: naming what a feed's latest file has instead.
    """
    fed = [one for one in opened if not one.listed.canonical]
    for feed in {one.listed.feed: one for one in fed if "entity" not in one.columns}:
        files = [one for one in snapshots.listed["mentions"] if one.feed == feed]
        # The latest file has most columns, so that mostly one look is enough.
        said = list(
            takewhile(bool, (snapshots.open(one).absent.get("entity") for one in files[::-1]))
        )
        if len(said) == len(files):
            raise DataError(
                f"no file that fits {feed.path!r} of [[mentions]] has the entity's column",
                found=str(said[0]),
                allowed="a column for entity in at least one file",
                do="correct entity = ... in the settings file",
            )


def absent_columns(opened: Mapping[str, Sequence[Opened]]) -> dict[str, str]:
    """Columns that the settings name and no file of the day has, to what is said of that."""
    told = {name: [one for one in files if not one.blank] for name, files in opened.items()}
    return {
        f"{name}.{column}": said
        for name, files in sorted(told.items())
        for column, said in sorted(files[-1].absent.items() if files else ())
        if all(column in one.absent for one in files)
    }
