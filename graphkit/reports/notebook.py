"""Tables for Jupyter: static HTML that asks nothing of the network, and tables that show it."""

from collections.abc import Sequence
from html import escape
from typing import Any

import pyarrow as pa

from graphkit.reports.listing import as_table
from graphkit.reports.spelling import cell

_SHOWN = 20


class Listing:
    """An Arrow table that prints itself; pandas, polars and DuckDB take it as it is.

    Args:
        table: the rows.

    Attributes:
        table: the same, as a plain `pyarrow.Table`.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return self.table.num_rows

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.table[column]

    def __str__(self) -> str:
        return as_table(self.table)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.table)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call]

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return self.table.to_pylist()

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame.

        Raises:
            ImportError: pandas is not installed.
        """
        return self.table.to_pandas()


def as_html(table: pa.Table, *, shown: int = _SHOWN) -> str:
    """The first rows of a table as an HTML table; what was written by others is escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
    rows = [_row(list(row.values())) for row in table.slice(0, shown).to_pylist()]
    more = table.num_rows - shown
    tail = f"<p>and {more:,} more rows</p>" if more > 0 else ""
    body = "".join(rows) or f'<tr><td colspan="{table.num_columns}">no rows</td></tr>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{tail}"


def _row(values: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell(value))}</td>" for value in values) + "</tr>"
