"""What a provider hands over: which days there are and which files each has."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from graphkit.contracts import INPUTS
from graphkit.errors import DataError
from graphkit.ingest.ahead import ahead
from graphkit.ingest.columns import Opened, open_listed
from graphkit.ingest.files import Listed, day_folders, feed_files, table_files
from graphkit.ingest.forms import parts
from graphkit.ingest.part import Part
from graphkit.ingest.place import Place, open_place
from graphkit.ingest.spool import Spool
from graphkit.settings import Settings


@dataclass(frozen=True)
class Snapshots:
    """A provider's files, found once and read day by day.

    Attributes:
        place: where they are.
        settings: what they are called and how they are read.
        days: days that have rows of their own, in order; none where no file and no row says a
            day: then whichever day is asked for has them all.
        listed: the files of tables that have feeds, by table.
        spools: what the files of many days hold, by feed and path.
        digests: SHA-256 of files, by path, as far as they were asked for.
        opened: columns of files, by feed and path, as far as they were looked at.
        chosen: the only files to read, by table; all where None.
    """

    place: Place
    settings: Settings
    days: tuple[date, ...]
    listed: Mapping[str, list[Listed]]
    spools: dict[tuple[str, str], Spool] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    opened: dict[tuple[str, str], Opened] = field(default_factory=dict)
    chosen: Mapping[str, list[Listed]] | None = None

    def only(self, files: Mapping[str, list[Listed]]) -> "Snapshots":
        """The same with nothing to read but some files of one day, by table."""
        return replace(self, chosen=files)

    def files(self, dt: date, table: str) -> list[Listed]:
        """A day's files of a table: those of the day, and those that name no day.

        Raises:
            DataError: the table stands there twice, or in a form that is not read.
        """
        if self.chosen is not None:
            return self.chosen.get(table, [])
        if table not in self.listed:
            found = table_files(self.place, dt, table)
            # Beside files from elsewhere, a name below the day's folder could be another's.
            return [replace(one, label=one.place) for one in found] if self.listed else found
        return [one for one in self.listed[table] if one.dt in (None, dt)]

    def open(self, listed: Listed) -> Opened:
        """A file's columns, looked at once: a file of many days is asked for on each of them.

        Raises:
            DataError: the file cannot be read, lacks a column that it must have, or has one twice.
        """
        key = _place(listed)
        if key not in self.opened:
            self.opened[key] = open_listed(listed)
        return self.opened[key]

    def parts(self, opened: Opened, dt: date) -> Iterator[Part]:
        """A day's rows of a file."""
        spool = self.spools.get(_place(opened.listed))
        if spool is not None:
            return spool.parts(dt)
        return ahead(parts(opened.listed.file, opened.columns))

    def sizes(self, dt: date) -> dict[str, int]:
        """Bytes of the files that are a day's own, by the name that its report has for them.

        Raises:
            DataError: a table stands there twice, or in a form that is not read.
            StorageError: the store cannot be reached.
        """
        own = [one for name in INPUTS for one in self.files(dt, name) if one.dt is not None]
        return {one.label: one.file.size() for one in own}

    def digest(self, listed: Listed) -> str:
        """SHA-256 of a file, taken once.

        Raises:
            StorageError: it cannot be read now.
        """
        if listed.place not in self.digests:
            self.digests[listed.place] = listed.file.digest()
        return self.digests[listed.place]


def open_snapshots(
    address: Path | str, settings: Settings, *, window: Collection[date] | None = None
) -> Snapshots:
    """Find a provider's files. Files of many days are read here, once.

    Args:
        address: a local folder, or an address as `s3://bucket/folder`.
        settings: what the files are called and how they are read.
        window: the days that may be asked for; any where None.

    Raises:
        DataError: the folder is not there, holds no day, or its files break their contract.
        StorageError: the store cannot be reached.
        UsageError: nobody knows that kind of address.
    """
    place = open_place(address)
    if (kind := place.kind()) != "a folder":
        raise DataError(
            f"snapshots folder {place.shown} is not there",
            found=kind,
            allowed="a folder of day folders named dt=YYYY-MM-DD, or of files that the settings "
            "describe",
            do="correct the path",
        )
    fed = {name: settings.feeds(name) for name in INPUTS if settings.feeds(name)}
    listed = {name: feed_files(place, feeds) for name, feeds in fed.items()}
    days = set(day_folders(place) if len(fed) < len(INPUTS) else [])
    days |= {one.dt for files in listed.values() for one in files if one.dt is not None}
    snapshots = Snapshots(place, settings, (), listed)
    undated = [one for files in listed.values() for one in files if one.dt is None]
    for one in undated:
        opened = snapshots.open(one) if one.feed.table != "accounts" else None
        if opened is not None and (opened.timed or "ts" in opened.absent):
            snapshots.spools[_place(one)] = spool = Spool(
                ahead(parts(one.file, opened.columns)),
                time=one.feed.time,
                source=one.file.shown,
                absent=opened.absent.get("ts"),
                window=window,
            )
            days.update(spool.days)
    if not days and not listed:
        raise DataError(
            f"snapshots folder {place.shown} holds no day",
            found=", ".join(entry.name for entry in place.entries()[:5]) or "nothing",
            allowed="folders named dt=YYYY-MM-DD, or files that the settings describe",
            do="name each day's folder by its date, for example dt=2026-11-22, or say in a "
            'settings file where your files are: [[requests]] path = "logs/{date}/*.jsonl"',
        )
    return replace(snapshots, days=tuple(sorted(days)))


def _place(listed: Listed) -> tuple[str, str]:
    """A feed and a path: one file may feed several kinds."""
    return listed.feed.model_dump_json(), listed.place
