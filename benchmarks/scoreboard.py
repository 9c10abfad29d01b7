"""How hard the worlds are whose figures we report, and what is found in them.

`scoreboard.json` holds for each world its fingerprint, what simple methods and a told oracle reach,
and what graphkit finds; `pages/` the page of each level. A change of the generator changes a
fingerprint, and tests fail until `python -m benchmarks.scoreboard --renew` has measured all of it
anew: it belongs into the same commit.
"""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import graphkit as gk
from benchmarks.oracle import oracle
from benchmarks.simple import joined, simple
from benchmarks.worlds import GRADED, TIMED, fingerprint
from graphkit.evaluate import evaluate
from graphkit.simulate import World, check_world, simulate
from graphkit.simulate.check import read_world

HERE = Path(__file__).parent
BOARD = HERE / "scoreboard.json"
PAGES = HERE / "pages"
_FOUND = ("precision", "recall", "average_precision", "ring_recall", "ring_purity")


def difficulty(folder: Path) -> dict[str, Any]:
    """What simple methods and the oracle reach in a simulated folder."""
    made = read_world(folder)
    told = dataclasses.asdict(oracle(made))
    return {
        "joined": round(joined(made), 3),
        "simple": {name: round(recall, 3) for name, recall in simple(made).items()},
        "oracle": {**told, "recall": round(told["recall"], 3)},
    }


def found(folder: Path) -> dict[str, float]:
    """What graphkit finds in a simulated folder, by its defaults."""
    members = gk.detect(folder).members.table
    scores = evaluate(members, pq.read_table(folder / "truth.parquet"))
    return {name: round(getattr(scores, name), 3) for name in _FOUND}


def measure(name: str, world: World) -> dict[str, Any]:
    """Measure one graded world; write the page of the first of its level."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "world"
        simulate(folder, world, workers=2)
        if name.endswith("seed 7"):
            PAGES.mkdir(exist_ok=True)
            page = PAGES / f"level-{world.level}.md"
            page.write_text(check_world(folder) + "\n", "utf-8")
        return {
            "fingerprint": fingerprint(world),
            **difficulty(folder),
            "graphkit": found(folder),
        }


def show(board: dict[str, Any]) -> None:
    """Print the figures, a line for each world."""
    print("recall at precision 0.99, or as graphkit publishes; two seeds of each level")
    for name, row in board["graded"].items():
        best = max(row["simple"], key=row["simple"].__getitem__)
        told, ours = row["oracle"], row["graphkit"]
        print(
            f"{name}: one component {row['joined']:.2f}; simple {row['simple'][best]:.2f} ({best});"
            f" oracle {told['recall']:.2f}, {told['left_out']} rings left out;"
            f" graphkit {ours['recall']:.2f} at precision {ours['precision']:.2f}"
        )


def main() -> None:
    """Show the scoreboard; with --renew measure it anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoreboard", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="measure all worlds anew")
    if parser.parse_args().renew:
        board = {
            "timed": {name: fingerprint(world) for name, world in TIMED.items()},
            "graded": {name: measure(name, world) for name, world in GRADED.items()},
        }
        BOARD.write_text(json.dumps(board, indent=1) + "\n", "utf-8")
    show(json.loads(BOARD.read_text("utf-8")))


if __name__ == "__main__":
    main()
