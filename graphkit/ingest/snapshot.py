"""One day's tables, read as they are drawn."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import ACCOUNTS, INPUTS, TIMESTAMP
from graphkit.errors import EmptyDayError
from graphkit.ingest.cells import check_cells
from graphkit.ingest.files import digest, table_files
from graphkit.ingest.forms import check_names, columns_of, parts
from graphkit.ingest.part import Part
from graphkit.ingest.tally import Tally
from graphkit.settings import IngestSettings
from graphkit.sql import query


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
        self._digests = dict(digests)
        self._tally = Tally(dt, sources, settings)
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
        return self._tally.rejects()

    def report(self) -> dict[str, Any]:
        """What was read: rows, refused rows and cells per table, signals on and off, digests."""
        return {**self._tally.report(), "inputs": self._digests}

    def _draw(self, name: str) -> Iterator[pa.Table]:
        for _, _, table in self._parts(name):
            if table.num_rows:
                yield INPUTS[name].check(table)
        self._tally.limit(name)

    def _parts(self, name: str) -> Iterator[tuple[str, NDArray[np.int64], pa.Table]]:
        """File, row numbers and used rows of each part, while the tally is kept."""
        for label, source in self._sources.get(name, ()):
            count = self._tally.counts[name]
            count.files.append(label)
            before = count.rows
            for part in source:
                place = f"dt={self.dt}/{label}"
                checked = check_cells(part.table, INPUTS[name], dt=self.dt, source=place)
                self._tally.add(name, label, part, checked)
                table = checked.table.filter(pa.array(checked.keep))
                if "ts" in table.column_names:
                    count.late += _outside(table["ts"], self.dt)
                yield label, part.rows[checked.keep], table
            count.empty += count.rows == before

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
        collapsed = rows.num_rows - clashes.num_rows - unique.num_rows
        self._tally.counts["accounts"].collapsed = collapsed
        reason = "two different rows for one account"
        refused = [(c["file"], c["row"], "account_id", reason) for c in clashes.to_pylist()]
        self._tally.refuse("accounts", refused)
        self._tally.limit("accounts")
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


def _outside(times: pa.ChunkedArray, dt: date) -> int:
    """How many times lie on another day."""
    start = datetime(dt.year, dt.month, dt.day, tzinfo=UTC)
    early = pc.less(times, pa.scalar(start, TIMESTAMP))
    late = pc.greater_equal(times, pa.scalar(start + timedelta(days=1), TIMESTAMP))
    return pc.sum(pc.or_(early, late)).as_py() or 0


def read_snapshot(snapshots: Path, dt: date, settings: IngestSettings) -> Snapshot:
    """Open one day's folder.

    Args:
        snapshots: folder of day folders.
        dt: the day.
        settings: how to read.

    Raises:
        EmptyDayError: the day is not there or holds no table.
        DataError: a file breaks its contract.
    """
    day = snapshots / f"dt={dt}"
    found = {name: table_files(day, name) for name in INPUTS} if day.is_dir() else {}
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise EmptyDayError(
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
        check_names(table.column_names, INPUTS[name].columns, f"table {name}")
        chosen = table.select(present)
        rows = np.arange(1, table.num_rows + 1)
        sources[name] = [(f"{name} (in memory)", iter([Part(chosen, rows)]))]
    return Snapshot(dt, sources, settings, {})
