"""Times in whatever spelling a feed has them, as UTC microseconds."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import TIMESTAMP
from graphkit.settings import TimeUnit
from graphkit.sql import query

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MICROSECONDS: Mapping[TimeUnit, int] = {"s": 1_000_000, "ms": 1_000, "us": 1}
_UNITS: tuple[TimeUnit, ...] = ("iso", *_MICROSECONDS)
_NO_TIME = "not a time between 2000 and 2100"
_MISREAD = {
    (said, meant): f"a time in {meant}, read as {said}"
    for said in _UNITS
    for meant in _UNITS
    if said != meant
}
# What is said of cells that are times in another unit than the settings say, and what mends it.
REMEDIES = {
    reason: f'set time = "{meant}" for these files in the settings file'
    for (_, meant), reason in _MISREAD.items()
}


class WrongTypeError(Exception):
    """A column's type cannot be meant.

    Args:
        allowed: the types that can be.
        do: what mends it; None where nothing but another type does.
    """

    def __init__(self, allowed: str, do: str | None = None) -> None:
        self.allowed, self.do = allowed, do
        super().__init__(allowed)


def parse_times(column: pa.ChunkedArray, unit: TimeUnit) -> tuple[pa.ChunkedArray, str]:
    """Understand a column of times. Naive times are UTC; typed times carry their own unit.

    Args:
        column: text, timestamps, dates, or numbers where the unit is no ISO text.
        unit: what text and numbers mean.

    Returns:
        UTC microseconds, null where a cell is no time that can be meant; and what is said of
        such cells.

    Raises:
        WrongTypeError: the column's type is none of these.
    """
    dtype = column.type
    if pa.types.is_timestamp(dtype):
        return _between(column.cast(pa.timestamp(dtype.unit, tz="UTC"))), _NO_TIME
    if pa.types.is_date(dtype):
        return _between(column), _NO_TIME
    number = pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype)
    if pa.types.is_float16(dtype) or pa.types.is_decimal256(dtype):
        column = column.cast(pa.float64())  # the query engine knows neither
    if unit == "iso" and number:
        meant = _misread(column, unit)
        do = REMEDIES.get(meant, 'set time = "s", "ms" or "us" for these files')
        raise WrongTypeError("a timestamp or ISO 8601 text", do)
    if not (number or is_text(dtype) or pa.types.is_null(dtype)):
        raise WrongTypeError("a timestamp or ISO 8601 text" if unit == "iso" else "a number")
    values = _read(column, unit)
    if values.null_count == column.null_count:
        return values, _NO_TIME
    return values, _misread(column.filter(pc.is_null(values)), unit)


def is_text(dtype: pa.DataType) -> bool:
    """Whether a type is one of Arrow's text types."""
    return bool(
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_string_view(dtype)
    )


_FULL = len("2026-11-22T10:00:00Z")
_TEXT = "SELECT TRY_CAST(cell AS TIMESTAMPTZ) AS cell FROM cells"
_UNIX = """
SELECT CASE WHEN n BETWEEN 0 AND 1e16 THEN CAST(round(n) AS BIGINT) END AS cell
FROM (SELECT TRY_CAST(cell AS DOUBLE) * $microseconds AS n FROM cells)
"""


def _read(column: pa.ChunkedArray, unit: TimeUnit) -> pa.ChunkedArray:
    """Text or numbers of one unit as times."""
    cells = {"cells": pa.table({"cell": column})}
    if unit == "iso":
        full = _full_times(column)
        return _between(query(_TEXT, cells)["cell"].cast(TIMESTAMP) if full is None else full)
    found = query(_UNIX, cells, {"microseconds": _MICROSECONDS[unit]})
    return _between(found["cell"].cast(TIMESTAMP))


def _full_times(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Text of which every cell has a date, a time and a zone; None where one has not.

    Arrow reads such cells as the engine does, in a third of the time; shorter ones it also takes
    where the engine does not.
    """
    if not is_text(column.type) or (pc.min(pc.binary_length(column)).as_py() or 0) < _FULL:
        return None
    try:
        return column.cast(TIMESTAMP)
    except pa.ArrowInvalid:
        return None


def _between(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """What lies in the years that can be meant, in microseconds; null elsewhere."""
    # In the column's own unit: what lies far outside would overflow in microseconds.
    earliest, latest = (pa.scalar(edge, column.type) for edge in (_EARLIEST, _LATEST))
    meant = pc.and_(pc.greater_equal(column, earliest), pc.less(column, latest))
    times: pa.ChunkedArray = pc.if_else(meant, column, pa.scalar(None, column.type))
    if pa.types.is_date(column.type):
        times = times.cast(pa.timestamp("us"))
    return times.cast(TIMESTAMP, safe=False)


def _misread(cells: pa.ChunkedArray, said: TimeUnit) -> str:
    """What is said of cells that could not be read: in which unit most of them are times."""
    cells = cells.drop_null()
    for meant in _UNITS:
        fits = is_text(cells.type) or meant != "iso"
        if meant != said and fits and 2 * _read(cells, meant).null_count < len(cells):
            return _MISREAD[said, meant]
    return _NO_TIME
