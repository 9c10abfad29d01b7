"""graphkit by its defaults beside other methods that are tuned with the truth.

All take the same links of the same simulated worlds and are held against the same truth by the same
scorer. Appends a line of JSON per world and method to `results/quality.jsonl`, leaves out what
stands there already, and writes `pages/quality.md` and its plot from whatever stands there. A line
counts as long as neither the world nor the code behind it changes. Nothing in it names a host, a
user or a path.
"""

import argparse
import pickle
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.lines import append_line, digest_of, read_lines
from benchmarks.quality_page import write_page
from benchmarks.rivals import RIVALS
from benchmarks.rivals.tuning import tuned
from benchmarks.run import KEY, machine
from benchmarks.worlds import fingerprint
from graphkit.entities import Key
from graphkit.evaluate import claims_of_members, evaluate_claims
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.simulate import World, simulate, world_of
from graphkit.workflow import Day, detect_window, read_day
from pipelines.facts import peak_bytes

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "quality.jsonl"
PAGES = HERE / "pages"
GRAPHKIT = "graphkit"
METHODS = (GRAPHKIT, *RIVALS)
# Seeds from here on are for the reported table only: nobody develops, fits or tests on them.
FIRST_SEED = 1_000
FIGURES = (
    "ring recall",
    "ring purity",
    "account precision",
    "account recall",
    "B-cubed F1",
    "average precision",
    "recall at precision 0.99",
)
# What a line rests on besides the world: when one of these files changes, it is measured anew.
_CODE = {
    GRAPHKIT: ("graphkit",),
    **dict.fromkeys(RIVALS, ("benchmarks/rivals", "graphkit/entities", "graphkit/evaluate")),
}


@dataclass(frozen=True)
class Cell:
    """One line to be: a method on a world."""

    accounts: int
    level: int
    seed: int
    method: str

    @property
    def world(self) -> World:
        """The world that it is measured on."""
        changes = {"accounts": self.accounts}
        return world_of("small", level=self.level, seed=self.seed, changes=changes)


def make_world(world: World, place: Path) -> None:
    """Simulate a world and leave its days, read and linked, and its truth in a folder."""
    folder, settings = place / "world", Settings()
    simulate(folder, world)
    snapshots = open_snapshots(folder, settings)
    days = [read_day(snapshots, dt, key=Key(bytes.fromhex(KEY))) for dt in snapshots.days]
    (place / "days").write_bytes(pickle.dumps(days))
    (place / "truth.parquet").write_bytes((folder / "truth.parquet").read_bytes())


def measure(method: str, days: Sequence[Day], truth: pa.Table) -> dict[str, Any]:
    """What a method finds in a window.

    Returns:
        The figures, the seconds from links to communities (of a tuned method those of the setting
        that was chosen), and what was chosen.
    """
    chosen: dict[str, Any] = {}
    if method == GRAPHKIT:
        started = perf_counter()
        found = detect_window(days, dt=days[-1].dt, settings=Settings())
        seconds = perf_counter() - started
        claims = claims_of_members(found.members)
    else:
        best = tuned(RIVALS[method], pa.concat_tables([day.links for day in days]), truth)
        claims, seconds = best.claims, best.seconds
        setting = RIVALS[method][best.setting].keywords
        chosen = {**setting, "least": best.least, "floor": round(best.floor, 4)}
    scores = evaluate_claims(claims, truth)
    figures = {name: round(scores.figure(name).value, 4) for name in FIGURES}
    return {"figures": figures, "seconds": round(seconds, 3), "chosen": chosen}


def measure_made(method: str, place: Path) -> dict[str, Any]:
    """Measure a method on a made world, with the peak memory of this process."""
    days = pickle.loads((place / "days").read_bytes())
    measured = measure(method, days, pq.read_table(place / "truth.parquet"))
    return measured | {"peak_mb": round(peak_bytes() / 1e6)}


def run(cells: Sequence[Cell], results: Path, *, workers: int = 1) -> None:
    """Measure what does not stand in the results yet, world by world, each in a fresh process.

    Args:
        cells: what is asked for; those of one world in a row.
        results: file to append to.
        workers: processes at a time.
    """
    done = {(line["world"], line["method"], line["code"]) for line in read_lines(results)}
    here, code = machine(), {method: digest_of(_CODE[method]) for method in METHODS}
    worlds = {(cell.accounts, cell.level, cell.seed): cell.world for cell in cells}
    for at, world in worlds.items():
        mark = fingerprint(world)
        methods = [
            cell.method
            for cell in cells
            if (cell.accounts, cell.level, cell.seed) == at
            and (mark, cell.method, code[cell.method]) not in done
        ]
        for method, measured in _measured(world, methods, workers):
            named = dict(zip(("accounts", "level", "seed"), at, strict=True))
            row = {**named, "method": method, "world": mark, "code": code[method]}
            append_line(results, {**row, **measured, "machine": here})


def _measured(
    world: World, methods: Sequence[str], workers: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each method's figures on a world."""
    if not methods:
        return
    # A process for each, so that its peak memory is its own; forked where all is imported already
    # and nothing has run yet.
    context = get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.rivals.tuning", "benchmarks.run"])
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(workers, context, max_tasks_per_child=1) as pool,
    ):
        place = Path(folder)
        pool.submit(make_world, world, place).result()
        waiting = [(method, pool.submit(measure_made, method, place)) for method in methods]
        for method, measured in waiting:
            yield method, measured.result()


def main() -> None:
    """Measure what is missing, then write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--levels", default="0-4", help="the first and the last, as 0-4")
    parser.add_argument("--seeds", type=int, default=20, help=f"how many, from {FIRST_SEED} on")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    asked = parser.parse_args()
    first, _, last = asked.levels.partition("-")
    # Seed by seed, so that what stands after an interruption covers every level.
    cells = [
        Cell(asked.accounts, level, seed, method)
        for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds)
        for level in range(int(first), int(last or first) + 1)
        for method in METHODS
    ]
    run(cells, RESULTS, workers=asked.workers)
    write_page(PAGES, read_lines(RESULTS), METHODS)


if __name__ == "__main__":
    main()
