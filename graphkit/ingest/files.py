"""Finding a day's files."""

import hashlib
from datetime import date
from pathlib import Path

from graphkit.errors import DataError

FORMS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")


def days_of(snapshots: Path) -> list[date]:
    """List the days that have a folder `dt=YYYY-MM-DD`, in order.

    Raises:
        DataError: the folder is not there, or holds no day.
    """
    if not snapshots.is_dir():
        raise DataError(
            f"snapshots folder {snapshots} is not there",
            found="a file" if snapshots.exists() else "nothing",
            allowed="a folder of day folders named dt=YYYY-MM-DD",
            do="correct the path",
        )
    days = []
    for folder in snapshots.glob("dt=*"):
        try:
            days.append(date.fromisoformat(folder.name.removeprefix("dt=")))
        except ValueError:
            continue
    if not days:
        raise DataError(
            f"snapshots folder {snapshots} holds no day",
            found=", ".join(sorted(entry.name for entry in snapshots.iterdir())[:5]) or "nothing",
            allowed="folders named dt=YYYY-MM-DD",
            do="name each day's folder by its date, for example dt=2026-11-22",
        )
    return sorted(days)


def table_files(day: Path, table: str) -> list[Path]:
    """Find the files of a table: one file, or all files of a folder of that name.

    Raises:
        DataError: the table stands there twice, or in a form that is not read.
    """
    single = [day / f"{table}{form}" for form in FORMS if (day / f"{table}{form}").is_file()]
    folder = day / table
    several = sorted(folder.iterdir()) if folder.is_dir() else []
    several = [path for path in several if not path.name.startswith((".", "_"))]
    strange = [path for path in several if path.is_dir() or not path.name.endswith(FORMS)]
    strange += [path for path in sorted(day.glob(f"{table}.*")) if path not in single]
    strange += [folder] if folder.is_file() else []
    if strange:
        suffix = "".join(strange[0].suffixes)
        raise DataError(
            f"{strange[0]} is in a form that graphkit does not read",
            found=f"a folder {strange[0].name}" if strange[0].is_dir() else suffix or "no suffix",
            allowed=", ".join(FORMS),
            do="convert or remove the file",
        )
    if len(single) > 1 or (single and several):
        raise DataError(
            f"table {table} of {day.name} stands there more than once",
            found=", ".join(path.name for path in [*single, *([folder] if several else [])]),
            allowed="one file, or one folder of files",
            do="keep one of them",
        )
    return single or several


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
