"""Reading CSV: rows keep their numbers, and a row may be as wide as memory allows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numba
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from graphkit.errors import DataError
from graphkit.ingest.part import BLOCK, Part
from graphkit.ingest.place import File
from graphkit.ingest.unreadable import check_start

# Arrow reads blocks ahead by itself: together they hold what one does in the other forms.
_AHEAD = 4
_WIDEST = 32 * BLOCK
_HEAD = 64 << 10
_QUOTE = 34


def header(file: File) -> list[str]:
    """The names in a file's first row.

    Raises:
        DataError: the file is of another form.
        pa.ArrowException, OSError, UnicodeDecodeError: it cannot be read.
    """
    with _Bytes(file) as stream:
        check_start(file, stream.read(512))
    block = _HEAD
    while True:
        try:
            with _Bytes(file) as stream:
                return list(_open(stream, [], None, block).schema.names)
        except pa.ArrowInvalid as error:
            block = _wider(error, block)


def csv_parts(file: File, columns: Mapping[str, str]) -> Iterator[Part]:
    """Read a file part by part.

    A row wider than the block would end the reading, and a sender with a huge prompt could hide a
    day: then the file is read again in wider blocks, without the rows that were handed out.

    Args:
        file: the file.
        columns: column to its name in the file.

    Raises:
        DataError: a quote is never closed.
        pa.ArrowException, OSError: the file cannot be read.
    """
    block, row, broken, again = BLOCK // _AHEAD, 0, 0, False
    while True:
        try:
            for part in _parts(file, columns, block):
                rest = _after(part, row, broken) if again else part
                yield rest
                row = max(row, int(rest.rows[-1]) if rest.rows.size else 0)
                broken = max(broken, rest.broken[-1][0] if rest.broken else 0)
            return
        except pa.ArrowInvalid as error:
            try:
                block, again = _wider(error, block), True
            except pa.ArrowInvalid:
                _check_quotes(file)
                raise


def _wider(error: pa.ArrowInvalid, block: int) -> int:
    """The next width to try; the error again where width is not what is wrong."""
    if "straddl" not in str(error):
        raise error
    if block >= _WIDEST:
        raise pa.ArrowInvalid(f"a row of more than {_WIDEST >> 20} MB") from None
    return block * 4


def _after(part: Part, row: int, broken: int) -> Part:
    later = part.rows > row
    told = tuple(entry for entry in part.broken if entry[0] > broken)
    return Part(part.table.filter(pa.array(later)), part.rows[later], told)


class _Bytes:
    """A file's bytes, unpacked; counts the quotes that pass.

    Attributes:
        quotes: how many have passed.
        closed: as of a file.
    """

    def __init__(self, file: File) -> None:
        self._stream = file.stream()
        self.quotes = 0

    @property
    def closed(self) -> bool:
        return bool(self._stream.closed)

    def read(self, size: int) -> bytes:
        """As of a file."""
        content: bytes = self._stream.read(size)
        self.quotes += _quotes(np.frombuffer(content, np.uint8))
        return content

    def close(self) -> None:
        """As of a file."""
        self._stream.close()

    def __enter__(self) -> "_Bytes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(
    stream: _Bytes, names: Sequence[str], broken: list[tuple[int, str]] | None, block: int
) -> pacsv.CSVStreamingReader:
    def skip(row: pacsv.InvalidRow) -> Literal["skip"]:
        if broken is not None:
            reason = f"{row.actual_columns} cells instead of {row.expected_columns}"
            broken.append(((row.number or 2) - 1, reason))
        return "skip"

    source: Any = stream  # The stubs know no stream of one's own.
    return pacsv.open_csv(
        source,
        # Row numbers are only known to a reader of one thread.
        read_options=pacsv.ReadOptions(use_threads=False, block_size=block),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.binary() for name in names},
            include_columns=list(names) or None,
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _parts(file: File, columns: Mapping[str, str], block: int) -> Iterator[Part]:
    broken: list[tuple[int, str]] = []
    told = done = 0
    names = list(dict.fromkeys(columns.values()))
    with _Bytes(file) as stream, _open(stream, names, broken, block) as reader:
        for batch in reader:
            # The reader runs ahead and adds to the list meanwhile: what counts is its length now.
            known = len(broken)
            bad = np.array([row for row, _ in broken[:known]], dtype=np.int64)
            numbers = np.arange(done + 1, done + 1 + batch.num_rows + bad.size)
            numbers = numbers[~np.isin(numbers, bad)][: batch.num_rows]
            done = int(numbers[-1]) if numbers.size else done
            table = pa.table({name: batch.column(source) for name, source in columns.items()})
            yield Part(table, numbers, tuple(broken[told:known]))
            told = known
        odd = stream.quotes % 2
    if odd:
        _check_quotes(file)
    if told < len(broken):
        empty = pa.table({name: pa.array([], pa.binary()) for name in columns})
        yield Part(empty, np.empty(0, np.int64), tuple(broken[told:]))


def _check_quotes(file: File) -> None:
    """Refuse a file that ends inside a quoted cell, which has swallowed every row after it.

    Raises:
        DataError: naming the row in which the cell begins.
    """
    state = np.zeros(3, dtype=np.int64)
    with _Bytes(file) as stream:
        for content in iter(lambda: stream.read(BLOCK), b""):
            _follow(np.frombuffer(content, np.uint8), state)
    if state[0] == _INSIDE:
        raise DataError(
            f"{file.shown} has a quote that is never closed",
            found=f"a quoted cell that begins in row {state[2]} and goes on to the file's end",
            allowed="cells in pairs of quotes, and a quote inside them doubled",
            do="correct what writes the file: the rows after that one are lost in the cell",
        )


@numba.njit(cache=True, nogil=True)
def _quotes(content: NDArray[np.uint8]) -> int:
    """How many quotes some bytes hold."""
    n = 0
    for byte in content:
        n += byte == _QUOTE
    return n


_START, _PLAIN, _INSIDE, _ENDED = range(4)


@numba.njit(cache=True, nogil=True)
def _follow(content: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """Follow cells over bytes; state is where one is, the row, and the row of the last quote."""
    where, row, begun = state
    for byte in content:
        if where == _INSIDE:
            if byte == _QUOTE:
                where = _ENDED
        elif byte == _QUOTE and where != _PLAIN:
            if where == _START:
                begun = row
            where = _INSIDE
        elif byte == 44 or byte == 10 or byte == 13:
            where = _START
            row += byte == 10
        else:
            where = _PLAIN
    state[0], state[1], state[2] = where, row, begun
