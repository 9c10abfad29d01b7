"""Saying what a file is that cannot be read as its name promises."""

import codecs
import os
from collections.abc import Mapping
from typing import NamedTuple

from graphkit.errors import DataError
from graphkit.ingest.place import FORMS, File

_HEAD = 512


class _Kind(NamedTuple):
    """What a file is by its first bytes, and what turns it into one that can be read."""

    found: str
    do: str


_AGAIN = "write the file again, or remove it"
_PACKED = _Kind("gzip", "add .gz to its name")
_STARTS: Mapping[bytes, _Kind] = {
    b"version https://git-lfs": _Kind(
        "a pointer of Git LFS in the file's place", "fetch the file itself (git lfs pull)"
    ),
    b"PARE": _Kind("an encrypted Parquet file", "write it without encryption"),
    b"PAR1": _Kind("Parquet", "name it .parquet"),
    b"\x1f\x8b": _PACKED,
    b"PK\x03\x04": _Kind("a zip archive or a spreadsheet", "unpack it, or export it as CSV"),
    b"\x28\xb5\x2f\xfd": _Kind("zstd", "unpack it, or pack it with gzip"),
    b"BZh": _Kind("bzip2", "unpack it, or pack it with gzip"),
    codecs.BOM_UTF16_LE: _Kind("text in UTF-16", "write it in UTF-8"),
    codecs.BOM_UTF16_BE: _Kind("text in UTF-16", "write it in UTF-8"),
}
_LINES = "write one object per line, without brackets or commas around them"


def check_start(file: File, head: bytes) -> None:
    """Check that a text file is none of the things that are often found in its place.

    Args:
        file: a file of CSV or JSON lines.
        head: its first bytes, unpacked.

    Raises:
        DataError: naming what it is.
    """
    kind = _kind(head)
    if kind is None and file.form == "jsonl":
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()
        if start.startswith(b"["):
            kind = _Kind("one JSON array", _LINES)
        elif start.startswith(b"{") and start[1:].lstrip(b" \t\r").startswith(b"\n"):
            kind = _Kind("JSON objects over several lines", _LINES)
    if kind is not None:
        raise _error(file, kind)


def unreadable(file: File, error: BaseException) -> DataError:
    """Make an error of ours out of what a reader or the file system says of a file."""
    if isinstance(error, OSError) and error.errno:
        do = "mend the file's place or rights, or remove it"
        return _error(file, _Kind(os.strerror(error.errno), do))
    if isinstance(error, UnicodeDecodeError):
        return _error(file, _Kind("a first row that is not UTF-8", "write it in UTF-8"))
    try:
        with file.open() as source:
            head = source.read(_HEAD)
    except OSError as refused:
        return _error(file, _Kind(refused.strerror or "no file", _AGAIN))
    kind = _kind(head)
    proper = kind is _PACKED and file.path.endswith(".gz")
    proper |= head.startswith(b"PAR1") and file.form == "parquet"
    if not head:
        kind = _Kind("an empty file", _AGAIN)
    elif proper:
        kind = _Kind("a file of which a piece is missing or damaged", _AGAIN)
    elif kind is None and file.path.endswith(".gz"):
        kind = _Kind("a file that is not gzip", "take .gz off its name, or pack it")
    elif kind is None and file.form == "parquet":
        kind = _Kind("a file that is not Parquet", "name it by its form, or write it as Parquet")
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return _error(file, kind or _Kind(reason[:200], _AGAIN))


def _kind(head: bytes) -> _Kind | None:
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)


def _error(file: File, kind: _Kind) -> DataError:
    return DataError(
        f"{file.shown} cannot be read",
        found=kind.found,
        allowed=f"a whole file in one of the forms {', '.join(FORMS)}",
        do=kind.do,
    )
