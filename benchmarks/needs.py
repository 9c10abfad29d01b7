"""Measure what nights need, and fit the line by which `graphkit validate` foretells it.

Worlds that differ in accounts, in days and in requests per account are simulated; each is run in a
process of its own, on an empty lake. Prints one line of JSON per world, then the fitted line:
bytes = base + per row * rows + per link * links, fitted by relative error, none below zero. What a
lake keeps are links, so its line has no rows.
"""

import json
import multiprocessing
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from benchmarks.run import spend
from graphkit.simulate import Honest, World, simulate
from pipelines.lake import published_dates, standing

END = date(2026, 11, 22)
# Accounts, days, requests per honest account and day.
WORLDS = (
    *((1_000, 5, 4.0), (3_000, 5, 4.0), (10_000, 5, 4.0), (25_000, 5, 4.0), (50_000, 5, 4.0)),
    *((10_000, 1, 4.0), (10_000, 15, 4.0), (3_000, 5, 40.0), (20_000, 5, 0.5)),
)


def measure(accounts: int, days: int, requests: float) -> dict[str, Any]:
    """Run a night over a world; its rows and links, its peak memory, the lake's size."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        snapshots, lake = folder / "snapshots", folder / "lake"
        world = World(
            accounts=accounts, days=days, seed=1, end=END, honest=Honest(requests=requests)
        )
        # In a process of its own: a child's peak memory never lies below its parent's.
        simulation = multiprocessing.get_context("spawn").Process(
            target=simulate, args=(snapshots, world)
        )
        simulation.start()
        simulation.join()
        command = Path(sys.executable).parent / "graphkit"
        spend(command, "run", snapshots, "--date", str(END), "--out", lake, folder=folder)
        stands = [found for dt in published_dates(lake) if (found := standing(lake, dt))]
        tables = [table for day in stands for table in day.manifest["input"]["tables"].values()]
        run = json.loads((stands[-1].folder / "run.json").read_text("utf-8"))
        return {
            "accounts": accounts,
            "days": days,
            "requests_per_honest_day": requests,
            "rows": sum(table["rows"] for table in tables),
            "links": sum(
                snapshot.manifest["files"]["links.parquet"]["rows"] for snapshot in stands
            ),
            "peak_bytes": run["peak_bytes"],
            "lake_bytes": sum(path.stat().st_size for path in lake.rglob("*") if path.is_file()),
        }


def fit(measured: list[dict[str, Any]], what: str, by: tuple[str, ...]) -> dict[str, int]:
    """The line's figures, in bytes, and its largest error as a factor in hundredths."""
    found = np.array([row[what] for row in measured], dtype=float)
    facts = np.array([[1, *(row[name] for name in by)] for row in measured], dtype=float)
    parts, _ = nnls(facts / found[:, None], np.ones(len(found)))
    told = facts @ parts
    worst = float(np.max(np.maximum(told / found, found / told)))
    line = dict(zip(("base", *by), (round(float(part)) for part in parts), strict=True))
    return line | {"worst": round(100 * worst)}


def main() -> None:
    """Measure all worlds and fit."""
    measured = []
    for world in WORLDS:
        measured.append(measure(*world))
        print(json.dumps(measured[-1]), flush=True)
    print(json.dumps({"peak_bytes": fit(measured, "peak_bytes", ("rows", "links"))}))
    print(json.dumps({"lake_bytes": fit(measured, "lake_bytes", ("links",))}))


if __name__ == "__main__":
    main()
