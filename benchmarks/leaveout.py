"""Does the evidence carry over? Both pair cards fitted without one tactic, or one honest group.

What a card never met is what it will meet. Per part that is left out, the rows of it on worlds that
no fit saw are ranked and weighed by cards that were fitted with it and without it. Appends a line
of JSON per part to `results/leaveout.jsonl` and writes `pages/leaveout.md`.
"""

import argparse
import json
import pickle
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.lines import append_line, read_lines
from benchmarks.run import machine
from benchmarks.weights import Told, fitted, make_world, rows_of, together
from graphkit.graph import ALONE, TOGETHER
from graphkit.scorecard import base, look_up
from graphkit.simulate.groups import KINDS
from graphkit.simulate.world import Alone as Single
from graphkit.simulate.world import Hiding, Sharing

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "leaveout.jsonl"
PAGE = HERE / "pages" / "leaveout.md"
TACTICS = tuple(name for sort in (Single, Sharing, Hiding) for name in get_args(sort))
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# Pairs of a part below which its row would say nothing.
LEAST = 50


def parts_of(world: Told, rows: NDArray[np.int64]) -> NDArray[np.str_]:
    """What each row is of: its ring's tactics joined by `+`, or its honest group's kind."""
    first, second = world.sharing.first[rows], world.sharing.second[rows]
    same = (world.group[first] == world.group[second]) & (world.group[first] != "")
    honest = np.where(same, world.kind[first], "")
    found: NDArray[np.str_] = np.where(world.label[rows], world.tactic[first], honest)
    return found


def belongs(parts: NDArray[np.str_], part: str) -> Bools:
    """Which rows are of a part; none where it is empty."""
    return np.array([part != "" and part in one.split("+") for one in parts.tolist()], dtype=bool)


def weighed_by(train: Sequence[Path], test: Sequence[Path], part: str) -> dict[str, Any]:
    """Fit both cards without a part and weigh the rows of worlds that were left out.

    Returns:
        Arrays over the rows of the test worlds: log odds in bits, label, weight, part.
    """

    def rows(path: Path, card: Any) -> tuple[Mapping[str, Floats], Bools, Floats]:
        world: Told = pickle.loads(path.read_bytes())
        facts = world.facts if card is None else together(world, card)
        chosen, weight = rows_of(world)
        kept = ~belongs(parts_of(world, chosen), part)
        chosen, weight = chosen[kept], weight[kept]
        return {name: values[chosen] for name, values in facts.items()}, world.label[chosen], weight

    alone = fitted(ALONE, [rows(path, None) for path in train])
    both = fitted(TOGETHER, [rows(path, alone) for path in train])
    found: dict[str, list[Any]] = {"bits": [], "label": [], "weight": [], "part": []}
    for path in test:
        world: Told = pickle.loads(path.read_bytes())
        chosen, weight = rows_of(world)
        facts = {name: values[chosen] for name, values in together(world, alone).items()}
        found["bits"].append((base(both) + sum(look_up(both, facts).values())) / 1000)
        found["label"].append(world.label[chosen])
        found["weight"].append(weight)
        found["part"].append(parts_of(world, chosen))
    return {name: np.concatenate(values) for name, values in found.items()}


def figures(rows: Mapping[str, Any], part: str) -> dict[str, float]:
    """What cards make of a part: surprise in bits a pair; average precision, or false alarms.

    Of rings the precision is among all other pairs of the worlds; of honest groups the alarms are
    the share of its pairs that are weighed above even odds.
    """
    mine, label = belongs(rows["part"], part), rows["label"]
    bits, weight = rows["bits"], rows["weight"]
    sign = np.where(label[mine], -1.0, 1.0)
    surprise = np.logaddexp2(0, sign * bits[mine])
    told = {"surprise": float(np.average(surprise, weights=weight[mine]))}
    if label[mine].all():
        kept = mine | ~label
        told["average precision"] = float(
            average_precision_score(label[kept], bits[kept], sample_weight=weight[kept])
        )
    else:
        told["alarms"] = float(np.average(bits[mine] > 0, weights=weight[mine]))
    return {name: round(value, 4) for name, value in told.items()}


def write_page(lines: Sequence[dict[str, Any]]) -> None:
    """Write the rows of the latest commit measured."""
    commit = lines[-1]["machine"]["commit"]
    latest = [line for line in lines if line["machine"]["commit"] == commit]
    said = [
        "# What was left out of the fit",
        "",
        "Written by `python -m benchmarks.leaveout`. Both pair cards are fitted with everything,",
        "and once without each part; its pairs in worlds that no fit saw are weighed by both.",
        "Surprise is the mean of log2(1 / probability given to what is true), in bits a pair.",
        "Alarms are the share of a group's pairs weighed above even odds. Worlds for fitting have",
        "no level, so each level of other pages is one that was left out.",
        "",
        f"Measured at commit {commit}.",
        "",
    ]
    for sort, name in (("average precision", "tactic"), ("alarms", "honest group")):
        said += [
            f"| {name} | pairs | {sort} | without it | surprise | without it |",
            "|---|---|---|---|---|---|",
        ]
        for line in latest:
            if sort in line["with"]:
                cells = [
                    f"{line[fit][figure]:.3f}"
                    for figure in (sort, "surprise")
                    for fit in ("with", "without")
                ]
                said.append("| " + " | ".join([line["part"], f"{line['pairs']:,}", *cells]) + " |")
        said.append("")
    PAGE.write_text("\n".join(said), "utf-8")


def main() -> None:
    """Measure every part and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaveout", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--train", type=int, default=24, help="worlds to fit on")
    parser.add_argument("--test", type=int, default=24, help="worlds to weigh")
    chosen = parser.parse_args()
    here = machine()
    context = get_context("forkserver")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(chosen.workers, mp_context=context) as pool,
    ):
        numbers = range(chosen.train + chosen.test)
        paths = list(pool.map(partial(make_world, Path(folder)), numbers))
        weigh = partial(weighed_by, paths[: chosen.train], paths[chosen.train :])
        full = pool.submit(weigh, "").result()
        honest = [kind for kind in KINDS if kind not in ("ring", "lone")]
        pairs = {part: int(belongs(full["part"], part).sum()) for part in (*TACTICS, *honest)}
        parts = [part for part, n in pairs.items() if n >= LEAST]
        for part, rows in zip(parts, pool.map(weigh, parts), strict=True):
            line = {
                "part": part,
                "pairs": pairs[part],
                "with": figures(full, part),
                "without": figures(rows, part),
                "machine": here,
            }
            append_line(RESULTS, line)
            print(json.dumps(line))
    write_page(read_lines(RESULTS))


if __name__ == "__main__":
    main()
