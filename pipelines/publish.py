"""How a date is published: whole or not at all.

Everything is written into a staging folder and synced, renamed to its place, and only then does
the date's pointer name it, in one step. Until that step the date is what it was; what a crashed
run left is swept by the next one. One run holds the lake at a time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.errors import StorageError, UsageError
from pipelines.access import ACCESS_LOG
from pipelines.lake import (
    FORMAT,
    TABLES,
    Snapshot,
    pointer_path,
    read_json,
    storage,
    verified,
)

_STAGING = ".staging-"


@contextmanager
def writing(lake: Path) -> Iterator[Path]:
    """Hold the lake's lock, make the folder where there is none, sweep what a crash left.

    Yields:
        A staging folder that only this user can enter; it is gone at the end.

    Raises:
        StorageError: another run holds the lock, or the folder cannot be made or written.
        UsageError: the folder holds something that is not a lake.
    """
    with storage(f"lake {lake} cannot be written"):
        lake.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lake, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(
                f"lake {lake} is in use",
                found="another run holds its lock",
                allowed="one run at a time",
                do="wait for that run to end, then try again",
            ) from None
        _refuse_foreign(lake)
        with storage(f"lake {lake} cannot be written"):
            _sweep(lake)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=lake))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    finally:
        os.close(descriptor)


def create(lake: Path, staging: Path, *, key_id: str) -> None:
    """Make the folder a lake of this key.

    Raises:
        StorageError: it cannot be written.
    """
    with storage(f"lake {lake} cannot be written"):
        _replace(lake / "lake.json", {"format": FORMAT, "key_id": key_id}, staging)


def publish(
    lake: Path,
    staging: Path,
    dt: date,
    *,
    kind: str,
    tables: Mapping[str, pa.Table],
    texts: Mapping[str, str],
    facts: Mapping[str, Any],
    run_facts: Callable[[], Mapping[str, Any]],
    next_number: int | None = None,
) -> Snapshot:
    """Put a snapshot in the place of what stands for a date.

    Args:
        lake: the lake, locked by `writing`.
        staging: what `writing` yielded.
        dt: the date.
        kind: "read" or "judged".
        tables: by name, each of the contract that `TABLES` says.
        texts: file name to text.
        facts: what the manifest says beside the files; nothing of clock, host or paths.
        run_facts: gives what run.json says, asked last; no digest covers it.
        next_number: the first unused ring number; None for a date that is only read.

    Raises:
        DataError: a table breaks its contract; nothing is published.
        StorageError: something cannot be written; what stood before still stands.
    """
    with storage(f"{dt} cannot be published in lake {lake}"):
        work = staging / f"dt={dt}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        files = {
            f"{name}.parquet": _write_table(work, name, tables[name]) for name in sorted(tables)
        }
        for name, text in sorted(texts.items()):
            files[name] = {"sha256": _write(work / name, text.encode())}
        manifest = {"format": FORMAT, "dt": str(dt), "kind": kind, **facts, "files": files}
        manifest["next_number"] = next_number
        digest = _write(work / "manifest.json", _json(manifest))
        _write(work / "run.json", _json(run_facts()))
        _fsync(work)
        snapshot = Snapshot(
            dt, digest[:16], digest, lake / "data" / f"dt={dt}" / digest[:16], manifest
        )
        _move_in(work, snapshot, staging)
        pointer = {"format": FORMAT, "dt": str(dt), "kind": kind, "snapshot": snapshot.id}
        pointer |= {"manifest_sha256": digest, "next_number": next_number}
        _replace(pointer_path(lake, dt), pointer, staging)
        _sweep_date(lake, snapshot.folder.parent)
    return snapshot


def _move_in(work: Path, snapshot: Snapshot, staging: Path) -> None:
    """Rename the staged folder to its place; one that stands and is whole gets a new run.json."""
    target = snapshot.folder
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        if _whole(snapshot):
            os.replace(work / "run.json", target / "run.json")
            _fsync(target)
            return
        os.rename(target, staging / f"damaged-{snapshot.dt}")
    os.rename(work, target)
    for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
        _fsync(folder)


def _whole(snapshot: Snapshot) -> bool:
    """Whether every file of the snapshot is the one published."""
    digests = {name: entry["sha256"] for name, entry in snapshot.manifest["files"].items()}
    try:
        for name, digest in (digests | {"manifest.json": snapshot.digest}).items():
            verified(snapshot.folder / name, digest)
    except StorageError:
        return False
    return True


def _write_table(folder: Path, name: str, table: pa.Table) -> dict[str, Any]:
    """Write one table as its contract says; rows and digest for the manifest."""
    # One chunk and no metadata, so that the bytes do not tell how the table came together.
    table = TABLES[name].conform(table).replace_schema_metadata(None).combine_chunks()
    path = folder / f"{name}.parquet"
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    _fsync(path)
    with path.open("rb") as file:
        return {"rows": table.num_rows, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, content: bytes) -> str:
    """Write and sync a file; its SHA-256."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, values: Mapping[str, Any], staging: Path) -> None:
    """Put a JSON file in place in one step that survives a power cut."""
    draft = staging / path.name
    _write(draft, _json(values))
    os.replace(draft, path)
    _fsync(path.parent)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_foreign(lake: Path) -> None:
    """Refuse a folder that holds other things: a sweep must never meet what is not ours."""
    names = sorted(path.name for path in lake.iterdir() if not path.name.startswith(_STAGING))
    names = [name for name in names if name != ACCESS_LOG]
    if names and "lake.json" not in names:
        raise UsageError(
            f"{lake} is not a lake",
            found=f"a folder with {names[0]!r} in it and no lake.json",
            allowed="a lake, an empty folder, or a folder that is not there yet",
            do="name another folder with --out",
        )


def _sweep(lake: Path) -> None:
    """Remove staging folders and snapshots that no pointer names."""
    for leftover in lake.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover)
    for folder in (lake / "data").glob("dt=*"):
        _sweep_date(lake, folder)


def _sweep_date(lake: Path, folder: Path) -> None:
    """Remove a date's snapshots that its pointer does not name."""
    pointer = lake / f"{folder.name}.json"
    try:
        stands = read_json(pointer)["snapshot"] if pointer.exists() else None
    except StorageError:
        return  # What a damaged pointer meant cannot be known, so nothing of the date is removed.
    for snapshot in folder.iterdir():
        if snapshot.is_dir() and snapshot.name != stands:
            shutil.rmtree(snapshot)
    if not any(folder.iterdir()):
        folder.rmdir()
