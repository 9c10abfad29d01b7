"""Opening a file of any form: Parquet, CSV and JSON lines, in parts of bounded size."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.errors import DataError, nearest
from graphkit.ingest.csv_form import csv_parts, header
from graphkit.ingest.json_form import json_parts
from graphkit.ingest.part import BLOCK, Part, unpacked
from graphkit.ingest.unreadable import unreadable

_BLANK = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z_ ]{0,39}[0-9]{0,2}")
# Few enough that rows of a megabyte fit in memory, many enough to cost nothing.
_PARQUET_ROWS = 512


def columns_of(path: Path, names: Sequence[str]) -> list[str]:
    """The columns that a file has, of those asked for; JSON lines and empty text may have them all.

    Raises:
        DataError: the file cannot be read, or lacks `account_id`.
    """
    try:
        if path.name.endswith((".jsonl", ".jsonl.gz")) or _is_blank(path):
            return list(names)
        found = pq.read_schema(path).names if path.suffix == ".parquet" else header(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None
    check_names(found, names, str(path))
    return [name for name in names if name in found]


def check_names(found: Sequence[str], allowed: Iterable[str], place: str) -> None:
    """Check that a file or table names the account, and no column twice or nearly.

    Raises:
        DataError: naming what is wrong.
    """
    allowed = list(allowed)
    repeated = sorted({name for name in found if found.count(name) > 1})
    # A column that is spelled a little otherwise would be ignored in silence.
    alike = {name.strip().casefold(): name for name in found if name not in allowed}
    odd = {name: alike[name] for name in allowed if name not in found and name in alike}
    if "account_id" in found and not repeated and not odd:
        return
    # In a file without a header the first row's cells stand here: nobody's to print.
    shown = [name if _NAME.fullmatch(name) else "a cell" for name in repeated or found]
    what, do = f"{place} has no column account_id", "rename or remove columns"
    if repeated:
        what = f"{place} has columns repeated"
    elif odd:
        what = f"{place} spells columns otherwise: {', '.join(odd)}"
        shown = [repr(name) for name in odd.values()]
        do = "rename them: case and spaces count"
    elif len(found) == 1 and (mark := _separator(found[0])):
        shown, do = [f"one column, with {mark} in its name"], "part the cells by commas"
    else:
        do += nearest("account_id", list(found))
    raise DataError(what, found=", ".join(dict.fromkeys(shown)), allowed=", ".join(allowed), do=do)


def _separator(name: str) -> str | None:
    marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
    return next((word for mark, word in marks.items() if mark in name), None)


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
            yield from csv_parts(path, names)
        else:
            yield from json_parts(path, names)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise unreadable(path, error) from None


def _is_blank(path: Path) -> bool:
    """Whether a text file holds nothing: an hour without an event leaves such a file behind."""
    if path.suffix == ".parquet":
        return False
    with unpacked(path) as stream:
        start: bytes = stream.read(_BLANK)
    return len(start) < _BLANK and not start.removeprefix(codecs.BOM_UTF8).strip()


def _parquet(path: Path, names: Sequence[str], batch_rows: int) -> Iterator[Part]:
    done = 0
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        batches: list[pa.RecordBatch] = []
        for batch in file.iter_batches(min(batch_rows, _PARQUET_ROWS), columns=list(names)):
            batches.append(batch)
            rows = sum(one.num_rows for one in batches)
            # Wide rows make short parts: a sender of long prompts must not exhaust the memory.
            if rows >= batch_rows or sum(one.nbytes for one in batches) >= 4 * BLOCK:
                yield _joined(batches, names, done)
                done, batches = done + rows, []
        if batches:
            yield _joined(batches, names, done)


def _joined(batches: Sequence[pa.RecordBatch], names: Sequence[str], done: int) -> Part:
    table = pa.Table.from_batches(batches).select(list(names)).combine_chunks()
    return Part(table, np.arange(done + 1, done + 1 + table.num_rows))
