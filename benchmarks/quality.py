"""graphkit by its defaults beside other methods that are tuned with the truth.

All take the same links of the same simulated worlds and are held against the same truth by the same
scorer. Appends a line of JSON per world and method to `results/quality.jsonl`, leaves out what
stands there already, and writes `pages/quality.md` and its plot from whatever stands there. A line
counts as long as neither the world nor the code behind it changes. Nothing in it names a host, a
user or a path.
"""

import argparse
import hashlib
import inspect
import json
import pickle
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bounded import bounded, most_of_children, stop_all
from benchmarks.lines import append_line, digest_of, read_lines
from benchmarks.quality_page import STATED, write_page
from benchmarks.rivals import RIVALS
from benchmarks.rivals.packaged import PACKAGED, installed
from benchmarks.rivals.tuning import tries
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
TUNED = {**RIVALS, **PACKAGED}
METHODS = (GRAPHKIT, *RIVALS)
GROUPS = {GRAPHKIT: (GRAPHKIT,), "rivals": tuple(RIVALS), "packaged": tuple(PACKAGED)}
GROUPS |= {name: (name,) for name in PACKAGED}
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
# A method with all its settings has so long and so much on one world.
SECONDS, MEMORY = 600, 12 * 10**9
# What a tuned method's line rests on besides its own file and its settings.
_SHARED = (
    "benchmarks/rivals/holdings.py",
    "benchmarks/rivals/tuning.py",
    "graphkit/entities",
    "graphkit/evaluate",
)


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


def measure(method: str, days: Sequence[Day], truth: pa.Table) -> Iterator[dict[str, Any]]:
    """What a method finds in a window: of a tuned one the best so far after each setting.

    Yields:
        The figures, the seconds from links to communities (of a tuned method those of the setting
        that was chosen), what was chosen, and how many settings were tried of how many.
    """
    if method == GRAPHKIT:
        started = perf_counter()
        found = detect_window(days, dt=days[-1].dt, settings=Settings())
        seconds = perf_counter() - started
        yield _row(claims_of_members(found.members), truth, seconds, {}, (1, 1))
        return
    settings, links = TUNED[method], pa.concat_tables([day.links for day in days])
    # An own method that fails is a fault; a tool from elsewhere may lose a setting to the limits.
    passed_over = (Exception,) if method in PACKAGED else (MemoryError,)
    for best in tries(settings, links, truth, passed_over=passed_over):
        setting = settings[best.setting].keywords
        chosen = {**setting, "least": best.least, "floor": round(best.floor, 4)}
        yield _row(best.claims, truth, best.seconds, chosen, (best.tried, len(settings)))


def _row(
    claims: pa.Table,
    truth: pa.Table,
    seconds: float,
    chosen: dict[str, Any],
    tried: tuple[int, int],
) -> dict[str, Any]:
    scores = evaluate_claims(claims, truth)
    names = set(scores.whole["figure"].to_pylist())
    told = {
        name: round(scores.figure(name).value, 4) for name in (*FIGURES, STATED) if name in names
    }
    stated = told.pop(STATED, None)
    row = {"figures": told, STATED: stated, "seconds": round(seconds, 3), "chosen": chosen}
    return {**row, "tried": tried}


def measure_made(method: str, place: Path) -> None:
    """Measure a method on a made world; leave the last of what it finds there."""
    days = pickle.loads((place / "days").read_bytes())
    kept = place / "row.json"
    for row in measure(method, days, pq.read_table(place / "truth.parquet")):
        row["peak_mb"] = round(max(peak_bytes(), most_of_children()) / 1e6)
        kept.with_suffix(".new").write_text(json.dumps(row), "utf-8")
        kept.with_suffix(".new").replace(kept)


def code_of(method: str) -> str:
    """A digest of what a line rests on besides its world; it is measured anew when that changes."""
    if method == GRAPHKIT:
        return digest_of(("graphkit",))
    settings = TUNED[method]
    files = {Path(inspect.getfile(one.func)).relative_to(HERE.parent) for one in settings}
    said = [(one.func.__name__, sorted(one.keywords.items())) for one in settings]
    code = digest_of((*sorted(map(str, files)), *_SHARED))
    version = installed(method) if method in PACKAGED else ""
    return hashlib.sha256(f"{code}{said}{version}".encode()).hexdigest()[:16]


def run(cells: Sequence[Cell], results: Path, *, workers: int = 1) -> None:
    """Measure what does not stand in the results yet, each in a fresh process.

    Args:
        cells: what is asked for.
        results: file to append to.
        workers: worlds at a time.
    """
    done = {(line["world"], line["method"], line["code"]) for line in read_lines(results)}
    here, code = machine(), {cell.method: code_of(cell.method) for cell in cells}
    at_once: dict[tuple[int, int, int], list[Cell]] = {}
    for cell in cells:
        at_once.setdefault((cell.accounts, cell.level, cell.seed), []).append(cell)

    over = Event()

    def finish(some: list[Cell]) -> None:
        mark = fingerprint(some[0].world)
        missing = [one for one in some if (mark, one.method, code[one.method]) not in done]
        for cell, measured in _measured(missing):
            if over.is_set():
                return  # what was ended with the run is no result
            row = {**asdict(cell), "world": mark, "code": code[cell.method], **measured}
            append_line(results, {**row, "machine": here})

    # Threads that only wait for processes.
    pool = ThreadPoolExecutor(workers)
    try:
        for _ in pool.map(finish, at_once.values()):
            pass
    except BaseException:
        over.set()
        pool.shutdown(wait=False, cancel_futures=True)
        stop_all()
        raise


def _measured(cells: Sequence[Cell]) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Each method's figures on one world, which is made once for all."""
    if not cells:
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bounded(make_world, cells[0].world, place)
        for cell in cells:
            kept = place / "row.json"
            kept.unlink(missing_ok=True)
            stopped = bounded(measure_made, cell.method, place, seconds=SECONDS, memory=MEMORY)
            row = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
            yield cell, {**row, "stopped": stopped}


def main() -> None:
    """Measure what is missing, then write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--levels", default="0-4", help="the first and the last, as 0-4")
    parser.add_argument("--seeds", type=int, default=20, help=f"how many, from {FIRST_SEED} on")
    parser.add_argument("--workers", type=int, default=2, help="worlds at a time")
    parser.add_argument(
        "--methods", default="graphkit,rivals", help=f"of {', '.join(GROUPS)}, with commas"
    )
    asked = parser.parse_args()
    first, _, last = asked.levels.partition("-")
    parts = asked.methods.split(",")
    if not set(parts) <= set(GROUPS):
        parser.error(f"--methods takes {', '.join(GROUPS)}, with commas")
    methods = [name for part in parts for name in GROUPS[part]]
    for name in [name for name in methods if name in PACKAGED and not installed(name)]:
        print(f"{name} is not installed and left out")
        methods.remove(name)
    # Seed by seed, so that what stands after an interruption covers every level.
    cells = [
        Cell(asked.accounts, level, seed, method)
        for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds)
        for level in range(int(first), int(last or first) + 1)
        for method in methods
    ]
    # Whoever ends this ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(cells, RESULTS, workers=asked.workers)
    write_page(PAGES, read_lines(RESULTS), METHODS, tuple(PACKAGED))


if __name__ == "__main__":
    main()
