"""Tables for Jupyter: static HTML that asks nothing of the network."""

from collections.abc import Sequence
from html import escape

import pyarrow as pa

from graphkit.reports.spelling import cell

_SHOWN = 20


def as_html(table: pa.Table) -> str:
    """The first rows of a table as an HTML table; what was written by others is escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
    rows = [_row(list(row.values())) for row in table.slice(0, _SHOWN).to_pylist()]
    more = table.num_rows - _SHOWN
    tail = f"<p>and {more:,} more rows</p>" if more > 0 else ""
    body = "".join(rows) or f'<tr><td colspan="{table.num_columns}">no rows</td></tr>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{tail}"


def _row(values: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell(value))}</td>" for value in values) + "</tr>"
