"""The one place that knows the query engine: DuckDB over Arrow tables."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

_lock = threading.Lock()
_database: duckdb.DuckDBPyConnection | None = None
# Without this the engine would spill into a folder of the working directory.
_UNBOUND: dict[str, str | int] = {"temp_directory": ""}
_bounds = _UNBOUND
# Rows that a thread takes at a time: the engine alone would give a whole part to one thread.
_BATCH = 16_384


def _connection() -> duckdb.DuckDBPyConnection:
    """A cursor on the process' one in-memory database; opening one costs a hundred milliseconds."""
    global _database
    with _lock:
        if _database is None:
            _database = duckdb.connect(":memory:", config=dict(_bounds))
            # Times are UTC wherever this runs; the engine would take the machine's zone.
            _database.execute(
                "LOAD icu; SET GLOBAL TimeZone = 'UTC'; SET enable_external_access = false"
            )
        return _database.cursor()


def limit(
    *, threads: int | None = None, memory: str | None = None, spill: Path | None = None
) -> None:
    """Bound what the engine may use from now on, in the place of earlier bounds.

    Args:
        threads: worker threads; as many as cores where None.
        memory: for example `"3GB"`; 80% of the machine's where None.
        spill: folder for what exceeds it; none where None.

    Raises:
        ValueError: the engine does not understand a value.
    """
    global _database, _bounds
    bounds = {"threads": threads, "memory_limit": memory, "temp_directory": str(spill or "")}
    with _lock:
        # The spill folder cannot change once outside access is off: new bounds, new database.
        _bounds = {name: value for name, value in bounds.items() if value is not None}
        _database = None
    try:
        _connection().close()
    except duckdb.Error as error:
        _bounds = _UNBOUND
        raise ValueError(str(error)) from None


def query(
    text: str,
    tables: Mapping[str, pa.Table],
    parameters: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Run one statement over Arrow tables.

    Text is a constant of the calling stage; values go in as `$name` parameters only. A result is
    in the order of the text's ORDER BY; without one it has no order.

    Args:
        text: one SELECT in DuckDB's dialect.
        tables: name to table, as the text calls them.
        parameters: name to value.

    Returns:
        The result as one Arrow table.
    """
    cursor = _connection()
    try:
        for name, table in tables.items():
            batches = table.to_batches(max_chunksize=_BATCH)
            cursor.register(name, pa.Table.from_batches(batches, schema=table.schema))
        result: pa.Table = cursor.sql(text, params=dict(parameters or {})).to_arrow_table()
        return result
    finally:
        cursor.close()
