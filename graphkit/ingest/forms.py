"""Opening a file of any form: Parquet, CSV and JSON lines, in parts of bounded size."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graphkit.errors import DataError, nearest
from graphkit.ingest.files import FORMS
from graphkit.sql import query

_BLOCK = 32 << 20
_BLANK = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z_ ]{0,39}[0-9]{0,2}")


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of one file.

    Attributes:
        table: the columns asked for that the file has, as stored; text where the form has no types.
        rows: the rows' numbers in the file, from 1, header not counted; shape (table.num_rows,).
        broken: number and reason of rows between them that could not be parsed at all.
    """

    table: pa.Table
    rows: NDArray[np.int64]
    broken: tuple[tuple[int, str], ...] = ()


def columns_of(path: Path, names: Sequence[str]) -> list[str]:
    """The columns that a file has, of those asked for; JSON lines and empty text may have them all.

    Raises:
        DataError: the file cannot be read, or lacks `account_id`.
    """
    try:
        if path.name.endswith((".jsonl", ".jsonl.gz")) or _is_blank(path):
            return list(names)
        if path.suffix == ".parquet":
            found = pq.read_schema(path).names
        else:
            found = _open_csv(path, [], None).schema.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None
    check_names(found, names, str(path))
    return [name for name in names if name in found]


def check_names(found: Sequence[str], allowed: Iterable[str], place: str) -> None:
    """Check that a file or table names the account, and no column twice.

    Raises:
        DataError: naming what is wrong.
    """
    repeated = sorted({name for name in found if found.count(name) > 1})
    if "account_id" not in found or repeated:
        # In a file without a header the first row's cells stand here: nobody's to print.
        shown = [name if _NAME.fullmatch(name) else "a cell" for name in repeated or found]
        raise DataError(
            f"{place} has columns repeated" if repeated else f"{place} has no column account_id",
            found=", ".join(dict.fromkeys(shown)),
            allowed=", ".join(allowed),
            do="rename or remove columns"
            + ("" if repeated else nearest("account_id", list(found))),
        )


def parts(path: Path, names: Sequence[str], batch_rows: int) -> Iterator[Part]:
    """Read a file part by part.

    Args:
        path: a file in one of the forms.
        names: columns to read, all of them present.
        batch_rows: rows in a part, roughly.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path, names, batch_rows)
        elif _is_blank(path):
            return
        elif path.name.endswith((".csv", ".csv.gz")):
            yield from _csv(path, names)
        else:
            yield from _jsonl(path, names)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> DataError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"{path} cannot be read",
        found=reason[:200],
        allowed=f"a whole file in one of the forms {', '.join(FORMS)}",
        do="write the file again, or remove it",
    )


def _parquet(path: Path, names: Sequence[str], batch_rows: int) -> Iterator[Part]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        done = 0
        for batch in file.iter_batches(batch_rows, columns=list(names)):
            table = pa.Table.from_batches([batch]).select(list(names))
            yield Part(table, np.arange(done + 1, done + 1 + table.num_rows))
            done += table.num_rows


def _stream(path: Path) -> Any:
    """The file's bytes, unpacked; untyped, as the stubs know no Arrow stream as a CSV's source."""
    compression: Any = "gzip" if path.suffix == ".gz" else None
    return pa.input_stream(str(path), compression=compression)


def _is_blank(path: Path) -> bool:
    """Whether a text file holds nothing: an hour without an event leaves such a file behind."""
    if path.suffix == ".parquet":
        return False
    with _stream(path) as stream:
        start: bytes = stream.read(_BLANK)
    return len(start) < _BLANK and not start.removeprefix(codecs.BOM_UTF8).strip()


def _open_csv(
    path: Path, names: Sequence[str], broken: list[tuple[int, str]] | None
) -> pacsv.CSVStreamingReader:
    def skip(row: pacsv.InvalidRow) -> Literal["skip"]:
        if broken is not None:
            reason = f"{row.actual_columns} cells instead of {row.expected_columns}"
            broken.append(((row.number or 2) - 1, reason))
        return "skip"

    return pacsv.open_csv(
        _stream(path),
        # Row numbers are only known to a reader of one thread.
        read_options=pacsv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.binary() for name in names},
            include_columns=list(names) or None,
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _csv(path: Path, names: Sequence[str]) -> Iterator[Part]:
    broken: list[tuple[int, str]] = []
    told = done = 0
    with _open_csv(path, names, broken) as reader:
        for batch in reader:
            # The reader runs ahead and adds to the list meanwhile: what counts is its length now.
            known = len(broken)
            bad = np.array([row for row, _ in broken[:known]], dtype=np.int64)
            numbers = np.arange(done + 1, done + 1 + batch.num_rows + bad.size)
            numbers = numbers[~np.isin(numbers, bad)][: batch.num_rows]
            done = int(numbers[-1]) if numbers.size else done
            yield Part(pa.Table.from_batches([batch]), numbers, tuple(broken[told:known]))
            told = known
    if told < len(broken):
        empty = pa.table({name: pa.array([], pa.binary()) for name in names})
        yield Part(empty, np.empty(0, np.int64), tuple(broken[told:]))


_FIELDS = """
SELECT unnest(json_transform(line, $shape)), json_type(line) = 'OBJECT' AS fits
FROM (SELECT CASE WHEN json_valid(line) THEN line END AS line FROM lines)
"""


def _jsonl(path: Path, names: Sequence[str]) -> Iterator[Part]:
    done, rest = 0, b""
    with _stream(path) as stream:
        while True:
            block = stream.read(_BLOCK)
            if not done and not rest:
                block = block.removeprefix(codecs.BOM_UTF8)
            lines = (rest + block).split(b"\n")
            rest = lines.pop() if block else b""
            if lines:
                yield _json_part(lines, done, names)
                done += len(lines)
            if not block:
                return


def _json_part(lines: list[bytes], done: int, names: Sequence[str]) -> Part:
    texts = pa.array(lines, pa.binary())
    numbers = np.arange(done + 1, done + 1 + len(lines))
    filled = np.array([bool(line.strip()) for line in lines], dtype=bool)
    texts, numbers = texts.filter(pa.array(filled)), numbers[filled]
    shape = json.dumps({name: "VARCHAR" for name in names})
    table = query(_FIELDS, {"lines": pa.table({"line": _as_text(texts)})}, {"shape": shape})
    fits = pc.fill_null(table["fits"], False).to_numpy(zero_copy_only=False).astype(bool)
    table = table.drop_columns(["fits"])
    if fits.all():
        return Part(table, numbers)
    # The engine refuses what Python still understands, such as a lone surrogate in a prompt: a
    # sender must not be able to unmake his own rows.
    unread: list[Any] = texts.filter(pa.array(~fits)).to_pylist()
    again = [_loads(text) for text in unread]
    saved = [row for row in again if row is not None]
    lost = np.array([row is None for row in again], dtype=bool)
    columns = {name: pa.array([row.get(name) for row in saved], pa.string()) for name in names}
    other = numbers[~fits]
    return Part(
        pa.concat_tables([table.filter(pa.array(fits)), pa.table(columns)]),
        np.concatenate([numbers[fits], other[~lost]]),
        tuple((int(row), "not a JSON object") for row in other[lost]),
    )


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


def _loads(line: bytes) -> dict[str, str | None] | None:
    """An object's cells as text; what is no UTF-8 is spelled out, so that ids stay different."""
    try:
        value = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {name: None if cell is None else _spelled_out(cell) for name, cell in value.items()}


def _spelled_out(cell: Any) -> str:
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
