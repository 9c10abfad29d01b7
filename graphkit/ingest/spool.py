"""Files of many days, read once and cut into days."""

import tempfile
import weakref
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import DataError
from graphkit.ingest.cells import row_days
from graphkit.ingest.part import Part
from graphkit.ingest.times import REMEDIES
from graphkit.settings import TimeUnit

_ROW = "\x00row"


class Spool:
    """The rows of one file of many days, by the day of their times.

    The file is read once, however many days are asked for. Its rows wait in a temporary file
    without a name, which ends with the process. A row whose time cannot be read counts on the day
    of the row before it, at the start of the file on that of the first row that has one.

    Args:
        parts: the file's rows, with a column `ts`.
        time: what their times are.
        source: the file's name, for messages.
        absent: what is said where the file seems to have no such column; None where it has.
        window: the days to keep; all where None.

    Attributes:
        days: every day that the file has a row of, kept or not, in order.

    Raises:
        DataError: the file has rows, and no time that can be read.
    """

    def __init__(
        self,
        parts: Iterator[Part],
        *,
        time: TimeUnit,
        source: str,
        absent: str | None,
        window: Collection[date] | None,
    ) -> None:
        self._window = window
        # It lives as long as the spool, and no longer.
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._places: dict[date | None, list[int]] = {}
        self._broken: dict[date | None, list[tuple[int, str]]] = {}
        self._written = 0
        seen: set[date] = set()
        first = last = None
        writer, reason = None, "no line that can be parsed"
        for part in parts:
            table = _plain(part)
            writer = writer or _writer(self._file, table.schema)
            found, said = row_days(table["ts"], time, source)
            reason = said if table.num_rows else reason
            dated = found.drop_null()
            seen.update(pc.unique(dated).to_pylist())
            first = first or (dated[0].as_py() if len(dated) else None)
            last = self._write(writer, table, pc.fill_null_forward(found), last)
            if part.broken:
                self._broken.setdefault(last, []).extend(part.broken)
        if writer is not None:
            writer.close()
        self.days = sorted(seen)
        early, broken = self._places.pop(None, []), self._broken.pop(None, [])
        if (early or broken) and first is None:
            raise DataError(
                f"{source}: no row has a time that can be read",
                found=absent or reason,
                allowed="a time in column ts",
                do=REMEDIES.get(reason, f'correct ts or time = "{time}" in the settings file'),
            )
        self._places[first] = early + self._places.get(first, [])
        self._broken[first] = broken + self._broken.get(first, [])

    def _write(
        self,
        writer: pa.ipc.RecordBatchFileWriter,
        table: pa.Table,
        days: pa.ChunkedArray,
        last: date | None,
    ) -> date | None:
        """Write a part's rows by day; return the day of its last row."""
        if last is not None:
            days = pc.fill_null(days, pa.scalar(last, pa.date32()))
        for day in pc.unique(days).to_pylist():
            if day is not None and self._window is not None and day not in self._window:
                continue
            mask = pc.is_null(days) if day is None else pc.equal(days, pa.scalar(day))
            for batch in table.filter(mask).to_batches():
                writer.write_batch(batch)
                self._places.setdefault(day, []).append(self._written)
                self._written += 1
        return days[-1].as_py() if len(days) else last

    def parts(self, dt: date) -> Iterator[Part]:
        """The rows of a day."""
        broken = tuple(self._broken.get(dt, []))
        places = self._places.get(dt, [])
        if places or broken:
            with pa.ipc.open_file(pa.PythonFile(self._file, "r")) as reader:
                empty = pa.Table.from_batches([], reader.schema)
                batches = (pa.Table.from_batches([reader.get_batch(place)]) for place in places)
                for table in [empty] if broken else []:
                    yield Part(table.drop_columns([_ROW]), table[_ROW].to_numpy(), broken)
                for table in batches:
                    yield Part(table.drop_columns([_ROW]), table[_ROW].to_numpy())


def _writer(file: Any, schema: pa.Schema) -> pa.ipc.RecordBatchFileWriter:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    return pa.ipc.new_file(pa.PythonFile(file, mode="w"), schema, options=options)


def _plain(part: Part) -> pa.Table:
    """A part's columns without dictionaries, which cannot change within a file, and the rows."""
    columns = {}
    for name in part.table.column_names:
        column = part.table[name]
        coded = pa.types.is_dictionary(column.type)
        columns[name] = column.cast(column.type.value_type) if coded else column
    return pa.table(columns | {_ROW: pa.array(part.rows)})
