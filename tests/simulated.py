"""A simulated folder, as tests read it."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit import sql
from graphkit.simulate import world_of

WORLD = world_of("small", level=1, seed=5)
TABLES = ("accounts", "requests", "payments")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path in the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True)
class Made:
    """A simulated folder and its tables over all days, each with its dt."""

    folder: Path
    tables: dict[str, pa.Table]

    def ask(self, text: str) -> list[tuple[object, ...]]:
        """Rows of a query over accounts, requests, payments, truth and traces."""
        rows = sql.query(text, self.tables).to_pylist()
        return [tuple(row.values()) for row in rows]


def load(folder: Path) -> Made:
    """Read what was written."""
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("truth", "traces")}
    for name in TABLES:
        days = []
        for path in sorted([*folder.glob(f"dt=*/{name}.parquet"), *folder.glob(f"dt=*/{name}/*")]):
            table = pq.ParquetFile(path).read()
            dt = date.fromisoformat(path.relative_to(folder).parts[0].removeprefix("dt="))
            days.append(table.append_column("dt", pa.array([dt] * table.num_rows, pa.date32())))
        tables[name] = pa.concat_tables(days)
    return Made(folder, tables)
