"""Finding files: those of the canonical layout, and those that a feed's path fits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from graphkit.errors import DataError, nearest
from graphkit.ingest.place import FORMS, File, Place, form_of
from graphkit.settings import FEEDS, AnyFeed
from graphkit.settings.paths import with_date


@dataclass(frozen=True)
class Listed:
    """A file with what is known of it before it is opened.

    Attributes:
        file: the file.
        label: how a day's report calls it: its path below the day's folder, or below the place.
        place: its path below the place.
        feed: what its columns are called.
        dt: the day that its path names; None where it names none.
        canonical: whether it lies in the canonical layout.
    """

    file: File
    label: str
    place: str
    feed: AnyFeed
    dt: date | None
    canonical: bool = False


def day_folders(place: Place) -> list[date]:
    """List the days that have a folder `dt=YYYY-MM-DD`, in order."""
    days = []
    for entry in place.entries():
        if entry.name.startswith("dt=") and not entry.is_file:
            try:
                day = date.fromisoformat(entry.name.removeprefix("dt="))
            except ValueError:
                continue
            days += [day] if entry.name == f"dt={day}" else []
    return sorted(days)


def table_files(place: Place, dt: date, table: str) -> list[Listed]:
    """Find a day's files of a table in the canonical layout: one file, or a folder of files.

    Raises:
        DataError: the table stands there twice, or in a form that is not read.
    """
    day = f"dt={dt}"
    here = [
        entry
        for entry in place.entries(day)
        if entry.name == table or entry.name.startswith(f"{table}.")
    ]
    single = [entry for entry in here if entry.is_file and entry.name.removeprefix(table) in FORMS]
    folder = [entry for entry in here if entry.name == table and not entry.is_file]
    several = [
        entry
        for entry in (place.entries(f"{day}/{table}") if folder else [])
        if not entry.name.startswith((".", "_"))
    ]
    strange = [entry for entry in several if not (entry.is_file and form_of(entry.name))]
    strange += [entry for entry in here if entry not in (*single, *folder)]
    if strange:
        do = "convert or remove the file"
        raise _strange_form(place, strange[0].path, is_file=strange[0].is_file, do=do)
    if len(single) > 1 or (single and several):
        raise DataError(
            f"table {table} of {day} stands there more than once",
            found=", ".join(entry.name for entry in [*single, *(folder if several else [])]),
            allowed="one file, or one folder of files",
            do="keep one of them",
        )
    canonical = FEEDS[table](path="dt={date}/*")
    return [
        Listed(
            place.file(entry.path),
            entry.path.removeprefix(f"{day}/"),
            entry.path,
            canonical,
            dt,
            canonical=True,
        )
        for entry in single or several
    ]


def feed_files(place: Place, feeds: Sequence[AnyFeed]) -> list[Listed]:
    """Find the files of a table's feeds, in the order of the feeds and of the paths.

    Raises:
        DataError: a feed has no file, a file is in a form that is not read, or two feeds of a
            table without kinds take the same file.
    """
    listed: list[Listed] = []
    for feed in feeds:
        pattern = feed.pattern
        entries = [
            entry for entry in place.entries(pattern.folder, deep=pattern.deep) if entry.is_file
        ]
        fitting = [entry for entry in entries if pattern.fits(entry.path)]
        if not fitting:
            known = dict.fromkeys(with_date(entry.path) for entry in entries)
            near = nearest(feed.path, list(known))
            raise DataError(
                f"no file below {place.shown} fits the path {feed.path!r} of [[{feed.table}]]",
                found=", ".join(entry.path for entry in entries[:3])
                or f"no file in {place.shown}/{pattern.folder}".rstrip("/"),
                allowed="at least one file",
                do=f"correct the path in the settings file{near}, or bring the files",
            )
        for entry in fitting:
            file = place.file(entry.path, feed.form)
            if file.form is None:
                do = f'if it is JSON lines, say form = "jsonl" in [[{feed.table}]]; else convert it'
                raise _strange_form(place, entry.path, is_file=True, do=do)
            day = pattern.date_of(entry.path)
            listed.append(Listed(file, entry.path, entry.path, feed, day))
    if feeds and feeds[0].table != "mentions":
        uses = Counter(one.place for one in listed)
        twice = sorted(path for path, n in uses.items() if n > 1)
        if twice:
            raise DataError(
                f"{twice[0]} fits two of [[{feeds[0].table}]], so its rows would count twice",
                found=" and ".join(one.feed.path for one in listed if one.place == twice[0]),
                allowed="one feed per file",
                do="correct the paths in the settings file",
            )
    return listed


def _strange_form(place: Place, path: str, *, is_file: bool, do: str) -> DataError:
    name = path.rpartition("/")[2]
    suffix = "." + name.partition(".")[2] if "." in name else "no suffix"
    return DataError(
        f"{place.shown}/{path} is in a form that graphkit does not read",
        found=suffix if is_file else f"a folder {name}",
        allowed=", ".join(FORMS),
        do=do,
    )
