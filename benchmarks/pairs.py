"""How well candidate pairs are ranked: the scorecards beside simpler and heavier ways.

All rank the same candidate pairs of the same simulated worlds, and are held against the truth: a
pair is right where one operator's ring runs both accounts. Appends a line of JSON per world to
`results/pairs.jsonl` and writes `pages/pairs.md`. Boosted trees are fitted on rows of the worlds
that the second card is fitted on, so that what is left between the two is the price of a sum.
"""

import argparse
import json
import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from benchmarks.run import machine
from benchmarks.training import days_of
from benchmarks.weights import (
    Told,
    drawn,
    make_world,
    together,
    told,
    weighed,
)
from graphkit.graph import ROUNDS, TOGETHER, pair_card
from graphkit.graph.pair_facts import CARDED, rarity
from graphkit.scorecard import base, look_up
from graphkit.simulate import world_of

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "pairs.jsonl"
PAGE = HERE / "pages" / "pairs.md"
FIRST_SEED = 2_000  # for this table only
METHODS = (
    "best single signal",
    "IDF sum",
    "card, alone",
    "card, together",
    "boosted trees",
)
Floats = NDArray[np.float64]


def trees(place: Path, worlds: int) -> HistGradientBoostingClassifier:
    """Boosted trees over the facts of the second round, on the rows that its card sees."""
    card = pair_card(ROUNDS[0])
    parts = []
    for number in range(worlds):
        world: Told = pickle.loads(make_world(place, number).read_bytes())
        parts.append(drawn(world, together(world, card)))
    rows = np.concatenate([matrix(facts) for facts, _, _ in parts])
    label, weight = (np.concatenate([part[at] for part in parts]) for at in (1, 2))
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.1, min_samples_leaf=100, random_state=0
    )
    return model.fit(rows, label, sample_weight=weight)


def matrix(facts: Any) -> NDArray[np.float32]:
    """Facts as columns, shape (m, facts)."""
    return np.stack([facts[fact.name] for fact in TOGETHER], axis=1).astype(np.float32)


def ranked(world: Told, model: HistGradientBoostingClassifier) -> dict[str, Floats]:
    """The score of every pair by each method."""
    first, second = (pair_card(name) for name in ROUNDS)
    facts = together(world, first)
    sharing = world.sharing
    bits = rarity(sharing)[sharing.entity]
    signals = sharing.entities["signal"].to_numpy(zero_copy_only=False)[sharing.entity]
    single = {
        signal: np.bincount(
            sharing.pair[signals == signal], bits[signals == signal], minlength=world.label.size
        )
        for signal in sorted(set(CARDED.values()))
    }
    fair, label = world.fair, world.label
    best = max(single.values(), key=lambda score: average_precision_score(label[fair], score[fair]))
    return {
        "best single signal": best,
        "IDF sum": np.sum(list(single.values()), axis=0),
        "card, alone": weighed(world, first).astype(np.float64),
        "card, together": base(second)
        + np.sum(list(look_up(second, facts).values()), axis=0, dtype=np.float64),
        "boosted trees": model.predict_proba(matrix(facts))[:, 1],
    }


def measure(level: int, seed: int, model: HistGradientBoostingClassifier) -> dict[str, Any]:
    """Average precision of each method on one world."""
    days, truth = days_of(world_of("small", level=level, seed=seed))
    world = told(days, truth, seed=seed)
    fair = world.fair
    paired = np.unique(
        np.concatenate([world.sharing.first[world.label], world.sharing.second[world.label]])
    )
    return {
        "level": level,
        "seed": seed,
        "candidates": int(fair.sum()),
        "true": int(world.label[fair].sum()),
        "members": truth.num_rows - truth["operator"].null_count,
        "paired": int(paired.size),
        **{
            name: round(float(average_precision_score(world.label[fair], score[fair])), 4)
            for name, score in ranked(world, model).items()
        },
    }


def write_page(rows: Sequence[dict[str, Any]]) -> None:
    """Write the table of the latest commit measured."""
    commit = rows[-1]["commit"]
    latest = [row for row in rows if row["commit"] == commit]
    lines = [
        "# Candidate pairs, ranked",
        "",
        "Written by `python -m benchmarks.pairs`. Average precision over candidate pairs, mean of",
        "worlds of 3,000 accounts; a pair is right where one operator's ring runs both. The best",
        "single signal is chosen with the truth, world by world; nothing else is.",
        "",
        f"Measured at commit {commit}. Paired: of the members of rings, those with a candidate",
        "pair to a fellow member; rings that share no trace at all count too.",
        "",
        "| level | worlds | candidates | true | paired | " + " | ".join(METHODS) + " |",
        "|" + "---|" * (5 + len(METHODS)),
    ]
    for level in range(5):
        mine = [row for row in latest if row["level"] == level]
        if not mine:
            continue
        mean = {name: np.mean([row[name] for row in mine]) for name in METHODS}
        paired = sum(row["paired"] for row in mine) / sum(row["members"] for row in mine)
        sizes = [f"{np.mean([row[name] for row in mine]):,.0f}" for name in ("candidates", "true")]
        cells = [str(level), str(len(mine)), *sizes, f"{paired:.2f}"]
        lines.append("| " + " | ".join([*cells, *(f"{mean[n]:.3f}" for n in METHODS)]) + " |")
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Measure all levels and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="worlds of each level")
    parser.add_argument("--worlds", type=int, default=24, help="worlds to fit the trees on")
    parser.add_argument("--keep", type=Path, help="folder that keeps those worlds' pairs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        model = trees(place, chosen.worlds)
    facts = machine()
    with RESULTS.open("a", encoding="utf-8") as stream:
        for level in range(5):
            for seed in range(FIRST_SEED, FIRST_SEED + chosen.seeds):
                stream.write(json.dumps({**measure(level, seed, model), **facts}) + "\n")
                stream.flush()
    write_page([json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()])


if __name__ == "__main__":
    main()
