"""Tables as text: for a terminal, as CSV, as JSON; the columns are always the table's."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from rich.cells import cell_len

from graphkit.reports.spelling import cell

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_table(table: pa.Table) -> str:
    """Lay a table out in aligned columns; unseen characters are escaped, long values clipped."""
    rows = [[cell(value) for value in row.values()] for row in table.to_pylist()]
    return align(table.column_names, rows, right=_numeric(table))


def _numeric(table: pa.Table) -> list[bool]:
    """Which columns hold numbers."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return [any(kind(field.type) for kind in kinds) for field in table.schema]


def align(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool]) -> str:
    """Lay texts out in columns as wide as their widest.

    Args:
        heads: the columns' names.
        rows: texts, one per column.
        right: which columns are set flush right.
    """
    lines = [list(heads), *map(list, rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(heads))]
    drawn = []
    for line in lines:
        padded = [
            " " * (width - cell_len(text)) + text
            if flush
            else text + " " * (width - cell_len(text))
            for text, width, flush in zip(line, widths, right, strict=True)
        ]
        drawn.append("  ".join(padded).rstrip())
    return "\n".join(drawn)


def as_csv(table: pa.Table) -> str:
    """Spell a table as CSV with a header; a text that a spreadsheet would run is prefixed by '."""
    rows = [table.column_names, *(map(_csv_cell, row.values()) for row in table.to_pylist())]
    return "\n".join(_csv_row(row) for row in rows)


def as_json(table: pa.Table) -> str:
    """Spell a table as a JSON array of objects, in ASCII; times in ISO 8601, amounts as numbers."""
    rows = [{name: _json_cell(value) for name, value in row.items()} for row in table.to_pylist()]
    return json.dumps(rows, indent=2)


def _csv_row(cells: Iterable[Any]) -> str:
    out = io.StringIO()
    # With this line end the writer quotes both of its characters wherever they stand in a cell.
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, list):
        return _csv_cell(" ".join(map(str, value)))
    return _iso(value)


def _json_cell(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else _iso(value)


def _iso(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
