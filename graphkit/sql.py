"""The one place that knows the query engine: DuckDB over Arrow tables."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

_lock = threading.Lock()
_database: duckdb.DuckDBPyConnection | None = None


def _connection() -> duckdb.DuckDBPyConnection:
    """A cursor on the process' one in-memory database; opening one costs a hundred milliseconds."""
    global _database
    with _lock:
        if _database is None:
            _database = duckdb.connect(":memory:")
            # Times are UTC wherever this runs; the engine would take the machine's zone.
            _database.execute(
                "LOAD icu; SET GLOBAL TimeZone = 'UTC'; SET enable_external_access = false"
            )
        return _database.cursor()


def limit(
    *, threads: int | None = None, memory: str | None = None, spill: Path | None = None
) -> None:
    """Bound what the engine may use from now on.

    Args:
        threads: worker threads; as many as cores where None.
        memory: for example `"3GB"`; 80% of the machine's where None.
        spill: folder for what exceeds it; none where None.

    Raises:
        ValueError: the engine does not understand a value.
    """
    cursor = _connection()
    try:
        if threads is not None:
            cursor.execute(f"SET threads = {int(threads)}")
        if memory is not None:
            cursor.execute("SET memory_limit = ?", [memory])
        if spill is not None:
            cursor.execute("SET temp_directory = ?", [str(spill)])
    except duckdb.Error as error:
        raise ValueError(str(error)) from None
    finally:
        cursor.close()


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
            cursor.register(name, table)
        result: pa.Table = cursor.sql(text, params=dict(parameters or {})).to_arrow_table()
        return result
    finally:
        cursor.close()
