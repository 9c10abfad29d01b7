"""One day's tables, read as they are drawn, with a tally of everything refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import ACCOUNTS, INPUTS, REJECTS, TIMESTAMP
from graphkit.errors import DataError
from graphkit.ingest.cells import check_cells
from graphkit.ingest.files import Part, columns_of, digest, parts, table_files
from graphkit.settings import IngestSettings
from graphkit.sql import query

# What each signal needs: any one of the groups, whole.
SIGNAL_COLUMNS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "address": (("requests.ip",),),
    "payment": (
        ("payments.fingerprint",),
        ("payments.bin", "payments.last4", "payments.billing_name"),
        ("payments.billing_name", "payments.billing_postal"),
    ),
    "device": (("requests.user_agent",), ("requests.tls_fingerprint",)),
    "email": (("accounts.email_domain",),),
    "organisation": (("accounts.org_id",),),
    "prompt": (("requests.prompt",),),
    "mention": (("mentions.kind", "mentions.entity"),),
}


@dataclass
class _Count:
    """What happened to one table's rows."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    refused: int = 0
    collapsed: int = 0
    late: int = 0
    cells: dict[tuple[str, str], int] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)


class Snapshot:
    """One day's tables. The event tables are drawn once, part by part, in bounded memory.

    Attributes:
        dt: the day.
        accounts: ACCOUNTS, whole.
    """

    def __init__(
        self,
        dt: date,
        sources: Mapping[str, Sequence[tuple[str, Iterator[Part]]]],
        settings: IngestSettings,
        digests: Mapping[str, str],
    ) -> None:
        self.dt = dt
        self._sources = sources
        self._settings = settings
        self._digests = dict(digests)
        self._counts = {name: _Count() for name in sources}
        self._rejects: list[pa.Table] = []
        self.accounts = self._read_accounts()

    @property
    def requests(self) -> Iterator[pa.Table]:
        """REQUESTS, part by part."""
        return self._draw("requests")

    @property
    def payments(self) -> Iterator[pa.Table]:
        """PAYMENTS, part by part."""
        return self._draw("payments")

    @property
    def mentions(self) -> Iterator[pa.Table]:
        """MENTIONS, part by part."""
        return self._draw("mentions")

    def rejects(self) -> pa.Table:
        """REJECTS of what has been drawn so far."""
        if not self._rejects:
            return REJECTS.empty()
        order = [("table", "ascending"), ("file", "ascending"), ("row", "ascending")]
        return REJECTS.conform(pa.concat_tables(self._rejects).sort_by(order))

    def report(self) -> dict[str, Any]:
        """What was read: rows, refused rows and cells per table, signals on and off, digests."""
        tables = {
            name: {
                "files": count.files,
                "rows": count.rows,
                "used": count.rows - count.refused,
                "refused": count.refused,
                "collapsed": count.collapsed,
                "late": count.late,
                "cells": _nested(count.cells),
            }
            for name, count in sorted(self._counts.items())
        }
        return {"tables": tables, "signals": self._signals(), "inputs": self._digests}

    def _signals(self) -> dict[str, str]:
        present = {
            f"{name}.{column}" for name, count in self._counts.items() for column in count.columns
        }
        states: dict[str, str] = {}
        for signal, groups in SIGNAL_COLUMNS.items():
            on = any(present.issuperset(group) for group in groups)
            wanted = " or ".join(" with ".join(group) for group in groups)
            states[signal] = "on" if on else f"off: nothing in {wanted}"
        return states

    def _draw(self, name: str) -> Iterator[pa.Table]:
        for _, _, table in self._parts(name):
            if table.num_rows:
                yield INPUTS[name].check(table)
        self._limit(name)

    def _parts(self, name: str) -> Iterator[tuple[str, NDArray[np.int64], pa.Table]]:
        """File, row numbers and used rows of each part, while the tally is kept."""
        for label, source in self._sources.get(name, ()):
            count = self._counts[name]
            count.files.append(label)
            for part in source:
                place = f"dt={self.dt}/{label}"
                checked = check_cells(part.table, INPUTS[name], dt=self.dt, source=place)
                self._note(name, label, part, checked.refused)
                for key, n in checked.cells.items():
                    count.cells[key] = count.cells.get(key, 0) + n
                filled = [c for c in checked.table.column_names if _filled(checked.table[c])]
                count.columns.update(filled)
                table = checked.table.filter(pa.array(checked.keep))
                if "ts" in table.column_names:
                    count.late += _outside(table["ts"], self.dt)
                yield label, part.rows[checked.keep], table

    def _note(
        self, name: str, label: str, part: Part, refused: Mapping[tuple[str, str], Any]
    ) -> None:
        """Add a part's refused rows to the tally."""
        rows = [(int(row), None, reason) for row, reason in part.broken]
        for (column, reason), places in refused.items():
            rows += [(int(row), column, reason) for row in part.rows[places]]
        count = self._counts[name]
        count.rows += part.table.num_rows + len(part.broken)
        count.refused += len(rows)
        if rows:
            self._rejects.append(_rejects(self.dt, name, [(label, *row) for row in rows]))

    def _limit(self, name: str) -> None:
        """Stop where so much was refused that the rest would mislead."""
        count = self._counts.get(name, _Count())
        if count.refused <= self._settings.max_refused_share * count.rows:
            return
        rejects = self.rejects()
        examples = "; ".join(
            f"{row['file']} row {row['row']}"
            f"{', ' + row['column'] if row['column'] else ''}: {row['reason']}"
            for row in rejects.filter(pc.equal(rejects["table"], name)).slice(0, 3).to_pylist()
        )
        raise DataError(
            f"too many rows of {name} of {self.dt} are refused",
            found=f"{count.refused} of {count.rows} rows: {examples}",
            allowed=f"a share of {self._settings.max_refused_share:g} (ingest.max_refused_share)",
            do="correct the files, or raise the limit in the settings",
        )

    def _read_accounts(self) -> pa.Table:
        """The accounts table: equal rows collapse, accounts with two different rows are refused."""
        placed = [
            table.append_column(
                "file", pa.array([label] * table.num_rows, pa.string())
            ).append_column("row", pa.array(rows))
            for label, rows, table in self._parts("accounts")
        ]
        if not placed:
            return ACCOUNTS.empty()
        rows = pa.concat_tables(placed)
        clashes = query(_CLASHES, {"rows": rows})
        unique = query(_UNIQUE, {"rows": rows})
        count = self._counts["accounts"]
        count.refused += clashes.num_rows
        count.collapsed = rows.num_rows - clashes.num_rows - unique.num_rows
        if clashes.num_rows:
            self._rejects.append(
                _rejects(
                    self.dt,
                    "accounts",
                    [
                        (
                            row["file"],
                            row["row"],
                            "account_id",
                            "two different rows for one account",
                        )
                        for row in clashes.to_pylist()
                    ],
                )
            )
        self._limit("accounts")
        return ACCOUNTS.conform(unique)


_UNIQUE = """
SELECT account_id, created_at, email_domain, org_id, country, status
FROM (SELECT DISTINCT * EXCLUDE (file, row) FROM rows)
QUALIFY count(*) OVER (PARTITION BY account_id) = 1
ORDER BY account_id
"""
_CLASHES = """
SELECT file, row FROM rows
WHERE account_id IN (
    SELECT account_id FROM (SELECT DISTINCT * EXCLUDE (file, row) FROM rows)
    GROUP BY account_id HAVING count(*) > 1
)
ORDER BY file, row
"""


def _rejects(dt: date, table: str, rows: Sequence[tuple[str, int, str | None, str]]) -> pa.Table:
    files, numbers, columns, reasons = zip(*rows, strict=True)
    n = len(rows)
    return pa.table(
        {
            "dt": pa.array([dt] * n, pa.date32()),
            "table": pa.array([table] * n, pa.string()),
            "file": pa.array(files, pa.string()),
            "row": pa.array(numbers, pa.int64()),
            "column": pa.array(columns, pa.string()),
            "reason": pa.array(reasons, pa.string()),
        }
    )


def _filled(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count < len(column))


def _outside(times: pa.ChunkedArray, dt: date) -> int:
    """How many times lie on another day."""
    start = datetime(dt.year, dt.month, dt.day, tzinfo=UTC)
    early = pc.less(times, pa.scalar(start, TIMESTAMP))
    late = pc.greater_equal(times, pa.scalar(start + timedelta(days=1), TIMESTAMP))
    return pc.sum(pc.or_(early, late)).as_py() or 0


def _nested(cells: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (column, reason), n in sorted(cells.items()):
        nested.setdefault(column, {})[reason] = n
    return nested


def read_snapshot(snapshots: Path, dt: date, settings: IngestSettings) -> Snapshot:
    """Open one day's folder.

    Args:
        snapshots: folder of day folders.
        dt: the day.
        settings: how to read.

    Raises:
        DataError: the day is not there, holds no table, or a file breaks its contract.
    """
    day = snapshots / f"dt={dt}"
    found = {name: table_files(day, name) for name in INPUTS} if day.is_dir() else {}
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise DataError(
            f"{day} holds no table" if day.is_dir() else f"{day} is not there",
            found=", ".join(sorted(entry.name for entry in day.iterdir())[:5]) or "nothing"
            if day.is_dir()
            else "no such folder",
            allowed=f"files or folders named {', '.join(INPUTS)}",
            do="correct the path or the date",
        )
    sources: dict[str, list[tuple[str, Iterator[Part]]]] = {}
    for name, files in found.items():
        sources[name] = []
        for path in files:
            present = columns_of(path, list(INPUTS[name].columns))
            label = path.relative_to(day).as_posix()
            sources[name].append((label, parts(path, present, settings.batch_rows)))
    digests = {
        path.relative_to(day).as_posix(): digest(path)
        for name in sorted(found)
        for path in found[name]
    }
    return Snapshot(dt, sources, settings, digests)


def check_tables(tables: Mapping[str, pa.Table], dt: date, settings: IngestSettings) -> Snapshot:
    """Take tables from memory as one day's snapshot; the same checks as for files.

    Args:
        tables: `accounts`, `requests`, `payments`, `mentions`; any of them, in the layout of files.
        dt: the day the tables speak of.
        settings: how to read.

    Raises:
        DataError: as `read_snapshot`.
    """
    sources: dict[str, list[tuple[str, Iterator[Part]]]] = {}
    for name, table in tables.items():
        present = [column for column in INPUTS[name].columns if column in table.column_names]
        if "account_id" not in present:
            raise DataError(
                f"table {name} has no column account_id",
                found=", ".join(table.column_names),
                allowed=", ".join(INPUTS[name].columns),
                do="rename the column that names the account",
            )
        chosen = table.select(present)
        rows = np.arange(1, table.num_rows + 1)
        sources[name] = [(f"{name} (in memory)", iter([Part(chosen, rows)]))]
    return Snapshot(dt, sources, settings, {})
