"""Where the things of a lake lie, and how they are read.

    lake/lake.json                     the format and the key's id
    lake/dt=2026-11-22.json            the pointer of a date: which snapshot folder stands
    lake/data/dt=2026-11-22/<id>/      its tables, report.html, manifest.json and run.json
    lake/access.jsonl                  who looked up facts or revealed them; only appended to

A date is "read" when only its day tables stand and "judged" when its rings stand too. A snapshot's
id is the first 16 digits of its manifest's SHA-256, and the manifest holds the SHA-256 of every
file but run.json, so equal results have equal ids and every byte can be verified.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.contracts import (
    ACTIVITY,
    BENIGN_REMOVED,
    CARDS,
    EDGES,
    EVIDENCE,
    FACTS,
    HUBS,
    LINEAGE,
    LINKS,
    MEMBERSHIP,
    ODD_DAYS,
    PROFILES,
    REJECTS,
    RING_FACTS,
    RING_MEMBERS,
    RINGS,
)
from graphkit.errors import StorageError, UsageError
from graphkit.reports import spell_dates

FORMAT = 1
DAY_TABLES = {"links": LINKS, "activity": ACTIVITY, "profiles": PROFILES, "rejects": REJECTS}
RING_TABLES = {
    "rings": RINGS,
    "members": RING_MEMBERS,
    "evidence": EVIDENCE,
    "ring_facts": RING_FACTS,
    "edges": EDGES,
    "facts": FACTS,
    "membership": MEMBERSHIP,
    "hubs": HUBS,
    "lineage": LINEAGE,
    "benign": BENIGN_REMOVED,
    "odd_days": ODD_DAYS,
    "cards": CARDS,
}
TABLES = DAY_TABLES | RING_TABLES


@dataclass(frozen=True)
class Snapshot:
    """What stands for a date.

    Attributes:
        dt: the date.
        id: 16 hexadecimal digits, the name of its folder.
        digest: SHA-256 of its manifest.
        folder: where its files lie.
        manifest: what the manifest says.
    """

    dt: date
    id: str
    digest: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Whether only the day's tables stand ("read") or its rings too ("judged")."""
        return str(self.manifest["kind"])

    def reference(self) -> dict[str, Any]:
        """How another manifest names this snapshot and the day tables it used of it."""
        files = {name: self.manifest["files"][f"{name}.parquet"]["sha256"] for name in DAY_TABLES}
        return {"snapshot": self.id, "manifest_sha256": self.digest, "sha256": files}


def key_id(lake: Path) -> str | None:
    """The id of the key that the lake was made with; None where there is no lake yet.

    Raises:
        StorageError: lake.json cannot be read or is of another format.
    """
    path = lake / "lake.json"
    return str(read_json(path)["key_id"]) if path.exists() else None


def published_dates(lake: Path, *, kind: str | None = None) -> list[date]:
    """The dates that stand, in order; only those of one kind where it is given.

    Raises:
        UsageError: there is no lake.
        StorageError: a pointer cannot be read.
    """
    if not (lake / "lake.json").exists():
        raise UsageError(
            f"{lake} is not a lake",
            found="no lake.json in it" if lake.is_dir() else "no such folder",
            allowed="a folder that `graphkit run --out` made",
            do="correct the path, or make the lake with `graphkit run`",
        )
    dates = sorted(date.fromisoformat(path.stem[3:]) for path in lake.glob("dt=*.json"))
    return [dt for dt in dates if kind in (None, read_json(pointer_path(lake, dt))["kind"])]


def latest(lake: Path, *, before: date | None = None) -> date | None:
    """The latest judged date, before another where it is given; None where there is none.

    Raises:
        UsageError: there is no lake.
        StorageError: a pointer cannot be read.
    """
    dates = published_dates(lake, kind="judged")
    return max((dt for dt in dates if before is None or dt < before), default=None)


def judged_date(lake: Path, wanted: date | None = None) -> date:
    """The date to show: the wanted one, or the latest judged one.

    Raises:
        UsageError: it is not there; says which are.
        StorageError: a pointer cannot be read.
    """
    dates = published_dates(lake, kind="judged")
    chosen = wanted or (dates[-1] if dates else None)
    if chosen is None or chosen not in dates:
        raise UsageError(
            f"lake {lake} has no rings for {chosen or 'any date'}",
            found=f"{len(dates)} dates with rings",
            allowed=spell_dates(dates) or "none yet",
            do="ask for one of those dates, or run that date with `graphkit run`",
        )
    return chosen


def standing(lake: Path, dt: date) -> Snapshot | None:
    """What stands for a date, by its verified manifest; None where nothing does.

    Raises:
        StorageError: pointer or manifest cannot be read or do not belong together.
    """
    if not pointer_path(lake, dt).exists():
        return None
    pointer = read_json(pointer_path(lake, dt))
    folder = lake / "data" / f"dt={dt}" / pointer["snapshot"]
    try:
        text = verified(folder / "manifest.json", pointer["manifest_sha256"])
    except StorageError:
        # A run may have put a new snapshot in this one's place since the pointer was read.
        if read_json(pointer_path(lake, dt)) == pointer:
            raise
        return standing(lake, dt)
    return Snapshot(dt, pointer["snapshot"], pointer["manifest_sha256"], folder, json.loads(text))


def read_tables(lake: Path, dt: date, names: Sequence[str]) -> dict[str, pa.Table]:
    """Read tables of a date, all of one snapshot, verified by page checksum and SHA-256.

    Raises:
        UsageError: the date does not stand, or does not have the table.
        StorageError: naming the file that is missing or not the one published.
    """
    return load(lake, dt, names)[1]


def load(lake: Path, dt: date, names: Sequence[str]) -> tuple[Snapshot, dict[str, pa.Table]]:
    """Read tables of a date together with the snapshot they are of.

    Raises:
        UsageError: the date does not stand, or does not have the table.
        StorageError: naming the file that is missing or not the one published.
    """
    snapshot = standing(lake, dt)
    if snapshot is None:
        raise UsageError(
            f"lake {lake} has nothing for {dt}",
            found="no pointer of that date",
            allowed=spell_dates(published_dates(lake)) or "none yet",
            do="ask for one of those dates, or run that date with `graphkit run`",
        )
    if lacking := [name for name in names if f"{name}.parquet" not in snapshot.manifest["files"]]:
        raise UsageError(
            f"lake {lake} has no {', '.join(lacking)} for {dt}",
            found=f"a date of kind {snapshot.kind!r}",
            allowed=spell_dates(published_dates(lake, kind="judged")) or "none yet",
            do="ask for one of those dates, or run that date with `graphkit run`",
        )
    try:
        return snapshot, {name: _read_table(snapshot, name) for name in names}
    except StorageError:
        # A run may have put a new snapshot in this one's place while it was being read.
        if standing(lake, dt) == snapshot:
            raise
        return load(lake, dt, names)


def _read_table(snapshot: Snapshot, name: str) -> pa.Table:
    """Read one table, verified by its digest and page checksums."""
    path = snapshot.folder / f"{name}.parquet"
    source = pa.BufferReader(verified(path, snapshot.manifest["files"][path.name]["sha256"]))
    # Arrow's reading threads may outlive a short command and abort it (apache/arrow#50482).
    return pq.read_table(source, use_threads=False, page_checksum_verification=True)


def verified(path: Path, digest: str) -> bytes:
    """The file's bytes, when they are the ones published."""
    with storage(f"{path} cannot be read"):
        content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise StorageError(
            f"{path} is not the file that was published",
            found=f"SHA-256 {found}",
            allowed=f"SHA-256 {digest}",
            do="restore the file from a copy, or run that date again with `graphkit run`",
        )
    return content


def read_json(path: Path) -> dict[str, Any]:
    """The values of lake.json or of a pointer, when this version understands them."""
    with storage(f"{path} cannot be read"):
        content = path.read_bytes()
    try:
        values: dict[str, Any] = json.loads(content)
        found = f"format {values['format']}"
    except (ValueError, KeyError, TypeError):
        found = "not the JSON that graphkit writes"
    if found != f"format {FORMAT}":
        raise StorageError(
            f"{path} cannot be read",
            found=found,
            allowed=f"format {FORMAT}",
            do="restore the file from a copy, or use the version of graphkit that wrote it; a "
            "date's file may also be removed and its date run again",
        )
    return values


def pointer_path(lake: Path, dt: date) -> Path:
    """Where the pointer of a date lies."""
    return lake / f"dt={dt}.json"


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn what the file system refuses into our error."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            what,
            found=f"{os.strerror(error.errno) if error.errno else error}"
            + (f": {error.filename}" if error.filename else ""),
            allowed="a folder on a local disk that this user can read and write, with room",
            do="mend the folder's place, rights or space, then try again",
        ) from error
