"""Reading an allow-list: what its owner knows to be harmless."""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphkit.contracts import LISTED, UNNAMED_KINDS
from graphkit.errors import DataError, nearest
from graphkit.ingest.cards import card_rows

_COLUMNS = ("kind", "entity", "until", "why")
_OPTIONAL = ("tls_fingerprint",)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KINDS = "account, ip, card, device, email_domain, org or a kind of mentions"


def read_benign(path: Path) -> pa.Table:
    """Read an allow-list: a CSV file with the columns kind, entity, until, why.

    Args:
        path: the file; `tls_fingerprint` may be a fifth column, for devices.

    Returns:
        LISTED.

    Raises:
        DataError: naming line and column of what does not fit.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"allow-list {path} cannot be read",
            found=(error.strerror or "no file")
            if isinstance(error, OSError)
            else "no CSV in UTF-8",
            allowed=f"a CSV file with the columns {', '.join(_COLUMNS)}",
            do="correct --benign or run.benign, or the file",
        ) from None
    names = [cell.strip() for cell in rows[0][1]] if rows else []
    _check_columns(names, f"allow-list {path}")
    places = [f"{path} line {line}" for line, _ in rows[1:]]
    for place, (_, row) in zip(places, rows[1:], strict=True):
        if len(row) != len(names):
            raise DataError(
                f"{place} does not fit its header",
                found=f"{len(row)} cells",
                allowed=f"{len(names)} cells; quote a cell that holds a comma",
                do="correct the line",
            )
    entries = [dict(zip(names, row, strict=True)) for _, row in rows[1:]]
    return _checked(entries, places)


def check_benign(table: pa.Table) -> pa.Table:
    """Take an allow-list from memory; the same checks as for a file.

    Args:
        table: columns kind, entity, until, why, and perhaps tls_fingerprint.

    Returns:
        LISTED.

    Raises:
        DataError: naming row and column of what does not fit.
    """
    _check_columns(table.column_names, "table benign")
    places = [f"table benign row {row}" for row in range(1, table.num_rows + 1)]
    return _checked(table.to_pylist(), places)


def _check_columns(names: Sequence[str], source: str) -> None:
    known = (*_COLUMNS, *_OPTIONAL)
    strange = [name for name in names if name not in known]
    if strange or set(_COLUMNS) - set(names) or len(set(names)) < len(names):
        # In a file without a header the first entry's cells stand here: not ours to print.
        shown = [name if name in known else "a name that is none" for name in names]
        close = nearest(strange[0], list(known)) if strange else ""
        raise DataError(
            f"{source} does not have its columns{close}",
            found=", ".join(shown) or "no header",
            allowed=f"{', '.join(_COLUMNS)}, and {_OPTIONAL[0]} where devices are listed",
            do="write these names into the first line",
        )


def _checked(entries: Sequence[dict[str, Any]], places: Sequence[str]) -> pa.Table:
    rows = [_entry(entry, place) for entry, place in zip(entries, places, strict=True)]
    table = pa.Table.from_pylist(rows, schema=LISTED.schema)
    for name in ("entity", "tls_fingerprint", "why"):
        for row, holds in zip(rows, card_rows(table[name]), strict=True):
            if holds and not (name == "entity" and row["kind"] == "account"):
                raise _unfit(
                    row["place"], name, "a card number", "the processor's fingerprint of a card"
                )
    return LISTED.check(table)


def _entry(entry: dict[str, Any], place: str) -> dict[str, Any]:
    text = {
        name: str(entry.get(name) or "").strip() for name in ("entity", "tls_fingerprint", "why")
    }
    kind = str(entry["kind"] or "").strip().lower()
    if not _KIND.fullmatch(kind) or kind in UNNAMED_KINDS:
        found = f"{kind}, which no single value names" if kind in UNNAMED_KINDS else "another text"
        raise _unfit(place, "kind", found if kind else "nothing", _KINDS)
    if not text["entity"] and not (kind == "device" and text["tls_fingerprint"]):
        raise _unfit(place, "entity", "nothing", f"the {kind} as your records spell it")
    if text["tls_fingerprint"] and kind != "device":
        raise _unfit(place, "tls_fingerprint", "a value", "nothing: only devices have one")
    if not text["why"]:
        raise _unfit(place, "why", "nothing", "the reason, for those who read the report")
    if kind != "account" and text["entity"] and text["entity"].lower() in text["why"].lower():
        raise _unfit(
            place,
            "why",
            "the value itself, which would be kept",
            "a reason that does not repeat it",
        )
    row: dict[str, Any] = {"place": place, "kind": kind, "until": _until(entry["until"], place)}
    return row | text | {"tls_fingerprint": text["tls_fingerprint"] or None}


def _until(value: Any, place: str) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()) if str(value).strip() else None
    except ValueError:
        raise _unfit(place, "until", "no date", "a date such as 2026-11-22, or empty") from None


def _unfit(place: str, column: str, found: str, allowed: str) -> DataError:
    return DataError(
        f"{place}, column {column} does not fit",
        found=found,
        allowed=allowed,
        do="correct the line; nothing was run",
    )
