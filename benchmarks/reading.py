"""Read the requests of one form once, in one way, in a process of its own.

The ways, all with as many threads as there are cores:

- `floor`: DuckDB reads the file into typed values, every column named with its type, so that it
  guesses nothing, and each taken part in by an aggregate. Text is measured by its length, which
  looks at no byte of it: the least that reading can cost.
- `arrow`: DuckDB reads the same and hands it over as Arrow batches, drawn one by one and let go,
  which is what a stage after it could work on, without any check of a cell.
- `ingest`: `read_snapshot` with all parts drawn: the same values checked, the file's SHA-256 taken.
- `link`: the same, and `link_accounts` over it.

Each reads a file of a few rows first, so that imports and first uses take no counted time; in peak
memory they are counted, for all ways alike.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.compute as pc

from benchmarks.records import DAY, place
from graphkit import sql
from graphkit.entities import Key, link_accounts
from graphkit.ingest import open_snapshots, read_snapshot
from graphkit.settings import Settings

_TYPES = {
    "account_id": "VARCHAR",
    "ts": "TIMESTAMPTZ",
    **dict.fromkeys(("ip", "user_agent", "model", "prompt"), "VARCHAR"),
    **dict.fromkeys(("input_tokens", "output_tokens"), "BIGINT"),
}
_COLUMNS = ", ".join(f"{name}: '{dtype}'" for name, dtype in _TYPES.items())
_SOURCES = {
    "csv": f"read_csv($file, header = true, columns = {{{_COLUMNS}}}, hive_partitioning = false)",
    "jsonl": f"read_json($file, format = 'newline_delimited', columns = {{{_COLUMNS}}},"
    " hive_partitioning = false)",
    "parquet": "read_parquet($file, hive_partitioning = false)",
}
_TAKEN = """
count(*), sum(strlen(account_id)), min(ts), max(ts), sum(strlen(ip)), sum(strlen(user_agent)),
sum(strlen(model)), sum(strlen(prompt)), sum(input_tokens), sum(output_tokens)
"""
_BATCH = 131_072


def _floor(folder: Path, form: str) -> int:
    taken = f"SELECT {_TAKEN} FROM {_SOURCES[form]}"
    count: int = _engine().execute(taken, {"file": str(place(folder, form))}).fetchall()[0][0]
    return count


def _arrow(folder: Path, form: str) -> int:
    drawn = _engine().sql(f"FROM {_SOURCES[form]}", params={"file": str(place(folder, form))})
    return sum(batch.num_rows for batch in drawn.to_arrow_reader(_BATCH))


def _engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(config={"threads": _threads()})
    engine.execute("LOAD icu; SET TimeZone = 'UTC'")
    return engine


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ingest(folder: Path, form: str) -> int:
    snapshot = read_snapshot(open_snapshots(folder / form, Settings()), date.fromisoformat(DAY))
    rows = sum(part.num_rows for part in snapshot.requests)
    snapshot.report()
    return rows


def _link(folder: Path, form: str) -> int:
    dt, key = date.fromisoformat(DAY), Key(bytes(range(32)))
    snapshot = read_snapshot(open_snapshots(folder / form, Settings()), dt)
    linked = link_accounts(snapshot.accounts, snapshot.requests, [], [], dt=dt, key=key)
    snapshot.report()
    return int(pc.sum(linked.activity["requests"]).as_py() or 0)


WAYS: Mapping[str, Callable[[Path, str], int]] = {
    "floor": _floor,
    "arrow": _arrow,
    "ingest": _ingest,
    "link": _link,
}


def main(way: str, form: str, warm: Path, folder: Path) -> None:
    """Print the rows read, and the seconds on the clock and of all cores, as JSON."""
    sql.limit(threads=_threads())
    read = WAYS[way]
    read(warm, form)
    started, busy = time.perf_counter(), time.process_time()
    rows = read(folder, form)
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    print(json.dumps({"rows": rows, "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
