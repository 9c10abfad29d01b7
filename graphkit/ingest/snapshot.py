"""One day's tables, read as they are drawn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import ACCOUNTS, INPUTS, TIMESTAMP
from graphkit.ingest.absence import absent_columns, check_entities, nothing_there
from graphkit.ingest.ahead import begun
from graphkit.ingest.cells import check_cells, filled_cells, in_dollars
from graphkit.ingest.columns import Opened, check_names
from graphkit.ingest.part import Part
from graphkit.ingest.snapshots import Snapshots
from graphkit.ingest.tally import Tally
from graphkit.settings import FEEDS, AnyFeed, IngestSettings
from graphkit.sql import query


@dataclass(frozen=True)
class Source:
    """The rows that one file, or a table in memory, has of a day.

    Attributes:
        label: how the day's report calls it.
        place: how messages call it.
        feed: what its columns and times are.
        parts: the rows, drawn once.
        timed: whether they have times of their own.
        many: whether it is no single day's, so that none of its rows is late.
        sparse: whether rows without an entity are none of its mentions.
    """

    label: str
    place: str
    feed: AnyFeed
    parts: Iterator[Part]
    timed: bool
    many: bool = False
    sparse: bool = False


class Snapshot:
    """One day's tables. The event tables are drawn once, part by part, in bounded memory.

    Attributes:
        dt: the day.
        accounts: ACCOUNTS, whole.
    """

    def __init__(
        self,
        dt: date,
        sources: Mapping[str, Sequence[Source]],
        settings: IngestSettings,
        *,
        absent: Mapping[str, str] | None = None,
        digests: Callable[[], Mapping[str, str]] = dict,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.dt = dt
        self._sources = sources
        self._digests = digests
        self._sizes = dict(sizes or {})
        self._tally = Tally(dt, sources, settings, absent or {})
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
        """What was read: rows, refused rows and cells per table, signals, digests, bytes."""
        told = {"inputs": dict(self._digests()), "bytes": self._sizes}
        return self._tally.report() | told

    def untimed(self, table: str) -> list[str]:
        """The files of a table whose rows have no times of their own."""
        return [source.place for source in self._sources.get(table, ()) if not source.timed]

    def _draw(self, name: str) -> Iterator[pa.Table]:
        for _, _, table in self._parts(name):
            if table.num_rows:
                yield INPUTS[name].check(table)
        self._tally.limit(name)

    def _parts(self, name: str) -> Iterator[tuple[str, NDArray[np.int64], pa.Table]]:
        """File, row numbers and used rows of each part, while the tally is kept."""
        for source in self._sources.get(name, ()):
            count = self._tally.counts[name]
            count.files.append(source.label)
            count.undated += [source.label] if source.many else []
            before = count.rows
            for part in source.parts:
                part, blank = _filled(part, source)
                count.blank += blank
                checked = check_cells(
                    part.table,
                    INPUTS[name],
                    dt=self.dt,
                    source=source.place,
                    time=source.feed.time,
                )
                self._tally.add(name, source.label, part, checked)
                table, rows = checked.table, part.rows
                if getattr(source.feed, "amount", "usd") == "cents":
                    table = in_dollars(table)
                if not checked.keep.all():
                    table, rows = table.filter(pa.array(checked.keep)), rows[checked.keep]
                if "ts" in table.column_names and not source.many:
                    count.late += _outside(table["ts"], self.dt)
                yield source.label, rows, table
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


def _filled(part: Part, source: Source) -> tuple[Part, int]:
    """A part in which each row is one of the feed's, with its kind; and how many were none."""
    table, rows, blank = part.table, part.rows, 0
    if not source.timed and "ts" in table.column_names and table["ts"].null_count == len(rows):
        table = table.drop_columns(["ts"])
    if source.sparse:
        named = "entity" in table.column_names
        filled = filled_cells(table["entity"]) if named else np.zeros(len(rows), dtype=bool)
        blank = len(rows) - int(filled.sum())
        table, rows = table.filter(pa.array(filled)), rows[filled]
    kind = getattr(source.feed, "kind", None)
    if kind is not None:
        table = table.append_column("kind", pa.array([kind] * len(rows), pa.string()))
    return Part(table, rows, part.broken), blank


def read_snapshot(snapshots: Snapshots, dt: date) -> Snapshot:
    """Open one day.

    Args:
        snapshots: the provider's files.
        dt: the day.

    Raises:
        EmptyDayError: the day is not there or holds no table.
        DataError: a file breaks its contract.
        StorageError: a file cannot be reached.
    """
    found = {name: files for name in INPUTS if (files := snapshots.files(dt, name))}
    if not found:
        raise nothing_there(snapshots, dt)
    opened = {name: [snapshots.open(one) for one in files] for name, files in found.items()}
    check_entities(snapshots, opened.get("mentions", []))
    sources = {
        name: [_source(snapshots, one, dt) for one in files] for name, files in opened.items()
    }
    listed = [one for files in found.values() for one in files]
    return Snapshot(
        dt,
        sources,
        snapshots.settings.ingest,
        absent=absent_columns(opened),
        digests=begun(lambda: {one.label: snapshots.digest(one) for one in listed}),
        sizes=snapshots.sizes(dt),
    )


def _source(snapshots: Snapshots, opened: Opened, dt: date) -> Source:
    listed = opened.listed
    return Source(
        label=listed.label,
        place=listed.place,
        feed=listed.feed,
        parts=snapshots.parts(opened, dt),
        timed=opened.timed,
        many=listed.dt is None,
        sparse=listed.feed.table == "mentions" and not listed.canonical,
    )


def check_tables(tables: Mapping[str, pa.Table], dt: date, settings: IngestSettings) -> Snapshot:
    """Take tables from memory as one day's snapshot; the same checks as for files.

    Args:
        tables: `accounts`, `requests`, `payments`, `mentions`; any of them, in the layout of files.
        dt: the day the tables speak of.
        settings: how to read.

    Raises:
        DataError: as `read_snapshot`.
    """
    sources: dict[str, list[Source]] = {}
    for name, table in tables.items():
        present = [column for column in INPUTS[name].columns if column in table.column_names]
        check_names(table.column_names, INPUTS[name].columns, f"table {name}")
        chosen = table.select(present)
        rows = np.arange(1, table.num_rows + 1)
        label, feed = f"{name} (in memory)", FEEDS[name](path=name)
        part = iter([Part(chosen, rows)])
        sources[name] = [Source(label, label, feed, part, timed="ts" in present, many=True)]
    return Snapshot(dt, sources, settings)
