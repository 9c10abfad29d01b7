"""Turning what a file holds into what a contract asks for, cell by cell.

A bad optional cell becomes null and is counted; a bad account_id or time refuses its row. A
sender who writes junk into his own rows must not lose them that way, nor their links: of what
senders write, a card number costs its digits only.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import TIMESTAMP, Contract
from graphkit.errors import DataError
from graphkit.ingest.cards import card_rows, without_cards
from graphkit.ingest.times import WrongTypeError, is_text, parse_times
from graphkit.settings import TimeUnit
from graphkit.sql import query

_KIND = r"^[a-z][a-z0-9_]{0,31}$"
ONLY_A_CARD = "nothing but a card number"
# What the provider's own systems write: a card number there is their fault, and stops the run.
_NO_CARDS = {"PAYMENTS": ("method", "fingerprint", "bin", "last4"), "MENTIONS": ("kind",)}
# What senders write: only the number is cut out.
_CARDS_CUT = {
    "PAYMENTS": ("billing_name", "billing_postal", "billing_country"),
    "MENTIONS": ("entity",),
}
_MOST_CHARACTERS = 4096
# What is kept as it is written, and names no entity.
_KEPT = {"REQUESTS": ("model",), "ACCOUNTS": ("country", "status")}
_MOST_KEPT = 128
_MOST_ID = 256
_FLOAT_ID = r"^[0-9]+(\.0|\.[0-9]+[eE]\+[0-9]+)$"


@dataclass
class Checked:
    """Rows that keep the contract's types, and what was refused on the way.

    Attributes:
        table: columns of the contract, nulls where the file has no such column or no such cell.
        keep: which rows are used, shape (n,).
        refused: column and reason to the positions of the rows refused for it.
        cells: column and reason to the number of cells made null or cut.
    """

    table: pa.Table
    keep: NDArray[np.bool_]
    refused: dict[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)
    cells: dict[tuple[str, str], int] = field(default_factory=dict)

    def refuse(self, column: str, reason: str, rows: NDArray[np.bool_]) -> None:
        """Refuse rows not refused before."""
        rows = rows & self.keep
        if rows.any():
            self.refused[column, reason] = np.flatnonzero(rows)
            self.keep = self.keep & ~rows

    def count(self, column: str, reason: str, n: int) -> None:
        """Count cells that became null or were cut."""
        if n:
            self.cells[column, reason] = self.cells.get((column, reason), 0) + n


def check_cells(
    table: pa.Table, contract: Contract, *, dt: date, source: str, time: TimeUnit = "iso"
) -> Checked:
    """Bring the rows of one part into the contract's types.

    Args:
        table: some of the contract's columns, as stored.
        contract: one of the input contracts.
        dt: the day, which stands in for a time that the file has no column for.
        source: the file's name, for messages.
        time: what times are that have no type of their own.

    Raises:
        DataError: a column has a type that cannot be meant.
    """
    checked = Checked(table, np.ones(table.num_rows, dtype=bool))
    columns: dict[str, pa.ChunkedArray] = {}
    for name, dtype in contract.columns.items():
        if name not in table.column_names:
            columns[name] = _absent(name, dtype, table.num_rows, contract, dt)
            continue
        given = _given(table[name])
        values, reason = _understood(name, given, dtype, time, source)
        if name in contract.required:
            checked.refuse(name, "empty", _mask(pc.is_null(given)))
            checked.refuse(name, reason, _mask(pc.is_null(values)))
        else:
            checked.count(name, reason, values.null_count - given.null_count)
        columns[name] = values
    if contract.name == "MENTIONS":
        kind = pc.utf8_lower(pc.utf8_trim_whitespace(columns["kind"]))
        wrong = pc.invert(pc.match_substring_regex(kind, _KIND))
        checked.refuse("kind", "not a kind: a letter, then letters, digits and _", _mask(wrong))
        columns["kind"] = kind
    _check_ids(checked, columns["account_id"])
    _check_cards(checked, columns, contract)
    checked.table = pa.table(columns)
    return checked


def _check_ids(checked: Checked, ids: pa.ChunkedArray) -> None:
    """Refuse what can be no account's id: kept as it is, a text in a shifted column would be."""
    long = pc.greater(pc.utf8_length(ids), _MOST_ID)
    checked.refuse("account_id", f"more than {_MOST_ID} characters", _mask(long))
    # 1042.0 in one file and 1042 in another would be two accounts.
    floating = pc.match_substring_regex(ids, _FLOAT_ID)
    checked.refuse("account_id", "a number with a point", _mask(floating))


def _check_cards(checked: Checked, columns: dict[str, pa.ChunkedArray], contract: Contract) -> None:
    """See to it that no card number is used or kept; the columns are changed in place."""
    for name in _NO_CARDS.get(contract.name, ()):
        checked.refuse(name, "holds a card number", card_rows(columns[name]))
    for name in _CARDS_CUT.get(contract.name, ()):
        long = pc.greater(pc.utf8_length(columns[name]), _MOST_CHARACTERS)
        checked.count(name, f"more than {_MOST_CHARACTERS} characters", pc.sum(long).as_py() or 0)
        text = pc.utf8_slice_codeunits(columns[name], 0, _MOST_CHARACTERS)
        columns[name], held = without_cards(text)
        if name in contract.required:
            checked.refuse(name, ONLY_A_CARD, held & _mask(pc.is_null(columns[name])))
        checked.count(name, "held a card number", int(np.count_nonzero(held)))
    for name in _KEPT.get(contract.name, ()):
        long = _mask(pc.greater(pc.utf8_length(columns[name]), _MOST_KEPT))
        odd = (long | card_rows(columns[name])) & ~_mask(pc.is_null(columns[name]))
        if odd.any():
            columns[name] = pc.if_else(pa.array(odd), pa.scalar(None, pa.string()), columns[name])
        reason = f"held a card number, or more than {_MOST_KEPT} characters"
        checked.count(name, reason, int(np.count_nonzero(odd)))


def _absent(name: str, dtype: pa.DataType, n: int, contract: Contract, dt: date) -> pa.ChunkedArray:
    """A column that the file does not have: null, but for a time, which is the day's start."""
    start = None
    if name == "ts" and name in contract.required:
        start = datetime(dt.year, dt.month, dt.day, tzinfo=UTC)
    cell: Any = pa.scalar(start, dtype)
    return pa.chunked_array([pa.repeat(cell, n)])


def filled_cells(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which cells hold something; shape (n,)."""
    return ~_mask(pc.is_null(_given(column)))


def _understood(
    name: str, given: pa.ChunkedArray, dtype: pa.DataType, time: TimeUnit, source: str
) -> tuple[pa.ChunkedArray, str]:
    """A column in the contract's type, null where a cell does not fit, and what is said of those.

    Raises:
        DataError: the column has a type that cannot be meant.
    """
    try:
        if dtype == pa.string():
            return _text(given), "not text"
        if dtype == TIMESTAMP:
            return parse_times(given, time)
        return _numbers(given, dtype), "not a number that fits"
    except WrongTypeError as error:
        raise DataError(
            f"{source}: column {name} has the wrong type",
            found=str(given.type),
            allowed=error.allowed,
            do=error.do or f"write {name} as {error.allowed}, or leave the column out",
        ) from None


def in_dollars(payments: pa.Table) -> pa.Table:
    """PAYMENTS whose amounts were read as dollars and are cents."""
    at = payments.column_names.index("amount_usd")
    exact = pc.multiply(payments["amount_usd"], pa.scalar(Decimal("0.01")))
    dollars = pc.round(exact, ndigits=2).cast(payments["amount_usd"].type)
    return payments.set_column(at, "amount_usd", dollars)


def row_days(column: pa.ChunkedArray, time: TimeUnit, source: str) -> tuple[pa.ChunkedArray, str]:
    """The day of each time of a column, as date32, and what is said of cells that are no time.

    Raises:
        DataError: the column has a type that cannot be meant.
    """
    times, reason = _understood("ts", _given(column), TIMESTAMP, time, source)
    return times.cast(pa.date32(), safe=False), reason


def _mask(values: pa.ChunkedArray) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = pc.fill_null(values, True).to_numpy(zero_copy_only=False).astype(bool)
    return mask


def _given(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """What was given: dictionaries unpacked, text and bytes as valid UTF-8, blank text null."""
    dtype = column.type
    if pa.types.is_dictionary(dtype):
        dtype = dtype.value_type
        column = column.cast(dtype)
    if not (_is_bytes(dtype) or is_text(dtype)):
        return column
    column = _decoded(column)
    blank = pc.or_(pc.equal(pc.binary_length(column), 0), pc.utf8_is_space(column))
    if not pc.any(blank).as_py():
        return column
    given: pa.ChunkedArray = pc.if_else(blank, pa.scalar(None, pa.string()), column)
    return given


def _is_bytes(dtype: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(dtype)
        or pa.types.is_large_binary(dtype)
        or pa.types.is_binary_view(dtype)
    )


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Valid UTF-8; bytes that are none are spelled out, so that different cells stay different."""
    # Files hold text that claims to be UTF-8 and is not: only bytes are checked when cast.
    raw = column.cast(pa.binary())
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [
            None if cell is None else cell.decode("utf-8", "backslashreplace")
            for cell in raw.to_pylist()
        ]
        return pa.chunked_array([pa.array(texts, pa.string())])


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text as it is, integers in digits."""
    dtype = column.type
    if not (pa.types.is_null(dtype) or pa.types.is_integer(dtype) or is_text(dtype)):
        raise WrongTypeError("text or integer")
    return column.cast(pa.string())


_DOUBLES = "SELECT TRY_CAST(cell AS DOUBLE) AS cell FROM cells"
_AMOUNTS = """
SELECT CASE WHEN n BETWEEN -1e12 AND 1e12 THEN CAST(n AS DECIMAL(18, 2)) END AS cell
FROM (SELECT TRY_CAST(cell AS DOUBLE) AS n FROM cells)
"""
_MOST = 1e12


def _numbers(column: pa.ChunkedArray, dtype: pa.DataType) -> pa.ChunkedArray:
    """Counts and amounts; what is negative where it cannot be, infinite or no number is null."""
    source = column.type
    if pa.types.is_boolean(source) or pa.types.is_nested(source) or pa.types.is_temporal(source):
        raise WrongTypeError("a number")
    if pa.types.is_float16(source) or pa.types.is_decimal256(source):
        column = column.cast(pa.float64())  # the query engine knows neither
    if dtype == pa.int64():
        return _counts(column)
    # NaN compares greater than every number here, so the range takes it out as well.
    return query(_AMOUNTS, {"cells": pa.table({"cell": column})})["cell"].cast(dtype)


def _counts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # Where every cell is a number, Arrow reads it as the engine does, in a quarter of the time.
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid:
        numbers = query(_DOUBLES, {"cells": pa.table({"cell": column})})["cell"]
    meant = pc.and_(pc.greater_equal(numbers, 0.0), pc.less_equal(numbers, _MOST))
    counts = pc.if_else(meant, numbers, pa.scalar(None, pa.float64()))
    whole: pa.ChunkedArray = pc.round(counts, round_mode="half_to_even").cast(pa.int64())
    return whole
