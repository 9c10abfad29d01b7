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
# Names are for messages: a sender's long or deep array makes no long list of them.
_ITEMS, _DEEPEST = 8, 16
_NEWLINE = 10
_MOST = 2**31 - 1
# A valid line that begins with a brace is an object; of one that does not, the type is looked at.
_CELLS = """
SELECT {picked}, CASE WHEN cells IS NULL THEN false WHEN starts_with(line, '{{') THEN true
    ELSE json_type(line) = 'OBJECT' END AS fits
FROM (SELECT line, TRY(json_extract_string(line, $pointers)) AS cells FROM lines)
"""


def json_names(file: File) -> list[str] | None:
    """The names in a file's first lines, with dots into what they hold; None where none tells.

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
    if prefix.count(".") > _DEEPEST:
        return
    inside = enumerate(value[:_ITEMS]) if isinstance(value, list) else ()
    for name, cell in value.items() if isinstance(value, dict) else inside:
        yield f"{prefix}{name}"
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
            content = b"".join(pieces)
            size = content.rfind(b"\n") + 1 if block else len(content)
            pieces = [content[size:]]
            if size:
                lines = _lines(content, size)
                yield _part(lines, done, columns)
                done += len(lines)
            if not block:
                return


def _lines(content: bytes, size: int) -> pa.StringArray:
    """The lines in the first bytes: a view of them, in which nothing is copied or checked."""
    if size > _MOST:
        raise pa.ArrowInvalid(f"a line of more than {_MOST >> 20} MB")
    ends = np.flatnonzero(np.frombuffer(content, np.uint8, size) == _NEWLINE) + 1
    if not ends.size or ends[-1] < size:
        ends = np.append(ends, size)
    places = np.concatenate([[0], ends]).astype(np.int32).tobytes()
    return pa.StringArray.from_buffers(ends.size, pa.py_buffer(places), pa.py_buffer(content))


def _part(lines: pa.StringArray, done: int, columns: Mapping[str, str]) -> Part:
    numbers = np.arange(done + 1, done + 1 + len(lines))
    filled = _filled(lines)
    if not filled.all():
        lines, numbers = lines.filter(pa.array(filled)), numbers[filled]
    table, fits = _fields(lines, columns)
    if fits.all():
        return Part(table, numbers)
    # The engine refuses what senders can bring about, such as half a character in a prompt: that
    # is spelled out, and the line read once more.
    unread: list[Any] = lines.filter(pa.array(~fits)).cast(pa.binary()).to_pylist()
    again, saved = _fields(pa.array([_mended(line) for line in unread], pa.string()), columns)
    other = numbers[~fits]
    return Part(
        pa.concat_tables([table.filter(pa.array(fits)), again.filter(pa.array(saved))]),
        np.concatenate([numbers[fits], other[saved]]),
        tuple((int(row), "not a JSON object") for row in other[~saved]),
    )


def _filled(lines: pa.StringArray) -> NDArray[np.bool_]:
    """Which lines hold more than blanks; only those that begin with one are looked into."""
    above: NDArray[np.bool_] = pc.greater(lines, "!").to_numpy(zero_copy_only=False)
    filled = above.copy()
    places = np.flatnonzero(~filled)
    texts: list[Any] = lines.take(pa.array(places)).cast(pa.binary()).to_pylist()
    filled[places] = [bool(text.strip()) for text in texts]
    return filled


def _fields(lines: pa.Array, columns: Mapping[str, str]) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The cells of each line as text, and which lines are objects."""
    pointers: list[str] = []
    picked = []
    for at, name in enumerate(columns.values()):
        places = _pointers(name)
        cells = [f"cells[{len(pointers) + n}]" for n in range(1, len(places) + 1)]
        picked.append(f"coalesce({', '.join(cells)}) AS c{at}")
        pointers += places
    text = _CELLS.format(picked=", ".join(picked))
    read = query(text, {"lines": pa.table({"line": lines})}, {"pointers": pointers})
    fits = pc.fill_null(read["fits"], False).to_numpy(zero_copy_only=False).astype(bool)
    return read.drop_columns(["fits"]).rename_columns(list(columns)), fits


def _pointers(name: str) -> list[str]:
    """Where a cell may be, as JSON pointers (RFC 6901): under its name, then where dots lead."""
    whole = "/" + name.replace("~", "~0").replace("/", "~1")
    return [whole, whole.replace(".", "/")] if "." in name else [whole]


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
