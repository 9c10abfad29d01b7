"""Reading JSON lines: one object per line, and no line that a sender could unmake."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.ingest.part import BLOCK, Part
from graphkit.ingest.place import File
from graphkit.ingest.unreadable import check_start
from graphkit.sql import query

_HEAD = 64 << 10
_CELLS = """
SELECT json_extract_string(line, $pointers) AS cells, json_type(line) = 'OBJECT' AS fits
FROM (SELECT CASE WHEN json_valid(line) THEN line END AS line FROM lines)
"""


def json_names(file: File) -> list[str] | None:
    """The names in a file's first lines, with dots into objects; None where no line tells.

    Lines need not have the same names, so that a name that is not here may still come.

    Raises:
        DataError: the file is of another form.
        pa.ArrowException, OSError: it cannot be read.
    """
    with file.stream() as stream:
        head: bytes = stream.read(_HEAD)
    check_start(file, head)
    lines = head.removeprefix(codecs.BOM_UTF8).split(b"\n")
    whole = lines if len(head) < _HEAD else lines[:-1]
    found = dict.fromkeys(name for line in whole for name in _named(_loaded(line)))
    return list(found) or None


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _named(value: Any, prefix: str = "") -> Iterator[str]:
    for name, cell in value.items() if isinstance(value, dict) else ():
        yield prefix + name
        yield from _named(cell, f"{prefix}{name}.")


def json_parts(file: File, columns: Mapping[str, str]) -> Iterator[Part]:
    """Read a file part by part; every cell is text, null where a line has none.

    Args:
        file: the file.
        columns: column to the name of its cells, or to the path to them: a name with dots is
            looked for as it is and then as steps into objects and arrays.

    Raises:
        DataError: the file is of another form.
        pa.ArrowException, OSError: it cannot be read.
    """
    done, pieces = 0, [b""]
    with file.stream() as stream:
        while True:
            block = stream.read(BLOCK)
            if not done and not any(pieces):
                check_start(file, block)
                block = block.removeprefix(codecs.BOM_UTF8)
            pieces.append(block)
            if block and b"\n" not in block:
                continue
            lines = b"".join(pieces).split(b"\n")
            pieces = [lines.pop() if block else b""]
            if lines:
                yield _part(lines, done, columns)
                done += len(lines)
            if not block:
                return


def _part(lines: list[bytes], done: int, columns: Mapping[str, str]) -> Part:
    texts = pa.array(lines, pa.binary())
    numbers = np.arange(done + 1, done + 1 + len(lines))
    filled = np.array([bool(line.strip()) for line in lines], dtype=bool)
    texts, numbers = texts.filter(pa.array(filled)), numbers[filled]
    table, fits = _fields(_as_text(texts), columns)
    if fits.all():
        return Part(table, numbers)
    # The engine refuses what senders can bring about, such as half a character in a prompt: that
    # is spelled out, and the line read once more.
    unread: list[Any] = texts.filter(pa.array(~fits)).to_pylist()
    again, saved = _fields(pa.array([_mended(line) for line in unread], pa.string()), columns)
    other = numbers[~fits]
    return Part(
        pa.concat_tables([table.filter(pa.array(fits)), again.filter(pa.array(saved))]),
        np.concatenate([numbers[fits], other[saved]]),
        tuple((int(row), "not a JSON object") for row in other[~saved]),
    )


def _fields(lines: pa.Array, columns: Mapping[str, str]) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The cells of each line as text, and which lines are objects."""
    places = {column: _pointers(name) for column, name in columns.items()}
    every = [pointer for several in places.values() for pointer in several]
    read = query(_CELLS, {"lines": pa.table({"line": lines})}, {"pointers": every})
    cells: dict[str, pa.ChunkedArray] = {}
    at = 0
    for column, several in places.items():
        found = [pc.list_element(read["cells"], at + n) for n in range(len(several))]
        cells[column] = pc.coalesce(*found)
        at += len(several)
    fits = pc.fill_null(read["fits"], False).to_numpy(zero_copy_only=False).astype(bool)
    return pa.table(cells), fits


def _pointers(name: str) -> list[str]:
    """Where a cell may be, as JSON pointers (RFC 6901): under its name, then where dots lead."""
    whole = "/" + name.replace("~", "~0").replace("/", "~1")
    return [whole, whole.replace(".", "/")] if "." in name else [whole]


def _as_text(lines: pa.Array) -> pa.Array:
    """Lines as text; null where they are no UTF-8."""
    try:
        return lines.cast(pa.string())
    except pa.ArrowInvalid:
        raw: list[Any] = lines.to_pylist()
        return pa.array([line if _is_utf8(line) else None for line in raw], pa.string())


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# Whole pairs and other escapes come first, so that their pieces are not taken for odd ones.
_PIECE = re.compile(rf"{_HIGH}{_LOW}|({_HIGH}|{_LOW})|\\.|([\x00-\x1f])|([\udc80-\udcff])")


def _mended(line: bytes) -> str:
    """A line in which half characters and bytes that are no UTF-8 are spelled out in its strings.

    They are spelled as in the other forms, byte by byte, so that what differs stays different.
    Control characters are escaped.
    """
    text = line.decode("utf-8", "surrogateescape")
    text = _STRING.sub(lambda found: _PIECE.sub(_spelled_out, found.group()), text)
    return text.encode("utf-8", "backslashreplace").decode()


def _spelled_out(piece: re.Match[str]) -> str:
    half, control, byte = piece.groups()
    if half:
        raw = chr(int(half[2:], 16)).encode("utf-8", "surrogatepass")
        return "".join(f"\\\\x{value:02x}" for value in raw)
    if control:
        return f"\\u{ord(control):04x}"
    return f"\\\\x{ord(byte) - 0xDC00:02x}" if byte else piece.group()
