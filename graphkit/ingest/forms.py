"""Opening a file of any form: Parquet, CSV and JSON lines, in parts of bounded size."""

import codecs
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphkit.ingest.csv_form import csv_parts, header
from graphkit.ingest.json_form import json_names, json_parts
from graphkit.ingest.part import BLOCK, Part
from graphkit.ingest.place import File
from graphkit.ingest.unreadable import unreadable

_BLANK = 4096
# Few enough that rows of a megabyte fit in memory, many enough to cost nothing.
_PARQUET_ROWS = 512


def names_of(file: File) -> list[str] | None:
    """The names of a file's columns, those inside structs and objects with dots.

    Of JSON lines these are the names in the first lines. None where nothing tells, as in a text
    file that holds nothing.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        if file.form == "parquet":
            with file.open() as source:
                schema = pq.read_schema(source)
            inner = dict.fromkeys(name for field in schema for name in _leaves(field))
            return [*schema.names, *(name for name in inner if name not in schema.names)]
        if _is_blank(file):
            return None
        return json_names(file) if is_sampled(file) else header(file)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise unreadable(file, error) from None


def is_sampled(file: File) -> bool:
    """Whether `names_of` tells only of a file's first lines."""
    return file.form == "jsonl"


def _leaves(field: pa.Field, prefix: str = "") -> Iterator[str]:
    """The names inside a column."""
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield f"{prefix}{field.name}.{inner.name}"
            yield from _leaves(inner, f"{prefix}{field.name}.")


def parts(file: File, columns: Mapping[str, str]) -> Iterator[Part]:
    """Read a file part by part.

    Args:
        file: a file in one of the forms.
        columns: column to read to its name in the file, or the path to it; the file has them all,
            but for JSON lines, where a cell that is not there is null.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        if file.form == "parquet":
            yield from _parquet(file, columns)
        elif _is_blank(file):
            return
        elif is_sampled(file):
            yield from json_parts(file, columns)
        else:
            yield from csv_parts(file, columns)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise unreadable(file, error) from None


def _is_blank(file: File) -> bool:
    """Whether a text file holds nothing: an hour without an event leaves such a file behind."""
    with file.stream() as stream:
        start: bytes = stream.read(_BLANK)
    return len(start) < _BLANK and not start.removeprefix(codecs.BOM_UTF8).strip()


def _parquet(file: File, columns: Mapping[str, str]) -> Iterator[Part]:
    done = 0
    names = list(dict.fromkeys(columns.values()))
    with (
        file.open() as source,
        pq.ParquetFile(source, page_checksum_verification=True) as opened,
    ):
        batches: list[pa.RecordBatch] = []
        held = 0
        for batch in _batches(opened, names):
            batches.append(batch)
            held += batch.nbytes
            # Wide rows make short parts: a sender of long prompts must not exhaust the memory.
            if held >= BLOCK:
                yield _joined(batches, columns, done)
                done, batches, held = done + sum(one.num_rows for one in batches), [], 0
        if batches:
            yield _joined(batches, columns, done)


def _batches(opened: pq.ParquetFile, names: list[str]) -> Iterator[pa.RecordBatch]:
    """A file's rows; group by group, since the bytes of all groups asked for at once are kept."""
    for group in range(opened.num_row_groups):
        yield from opened.iter_batches(_PARQUET_ROWS, row_groups=[group], columns=names)


def _joined(batches: Sequence[pa.RecordBatch], columns: Mapping[str, str], done: int) -> Part:
    whole = pa.Table.from_batches(batches)
    table = pa.table({column: _inside(whole, name) for column, name in columns.items()})
    return Part(table.combine_chunks(), np.arange(done + 1, done + 1 + table.num_rows))


def _inside(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column by its name, or by where the name's dots lead."""
    if name in table.column_names:
        return table[name]
    first, *steps = name.split(".")
    found: pa.ChunkedArray = pc.struct_field(table[first], steps)
    return found
