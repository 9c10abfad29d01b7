"""What labels do to the scorecards: pairs told apart on a twin of the labelled world.

A twin has the knobs of its world and another seed: other accounts, other rings, the same habits.
Labels are of all rings or of every second one, and of every twentieth honest account. The cards to
start from are the packaged ones, or these with three bits too many on one fact. Appends a line of
JSON per world, labels and start to `results/labels.jsonl`.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import average_precision_score

from benchmarks.run import machine
from benchmarks.training import days_of
from benchmarks.weights import Told, together, told, weighed
from graphkit.contracts import BENIGN_REMOVED
from graphkit.errors import DataError
from graphkit.graph import ROUNDS
from graphkit.ingest.labels import Labels
from graphkit.settings import Settings
from graphkit.simulate import World, random_world
from graphkit.workflow import fit_cards, packaged_cards

RESULTS = Path(__file__).parent / "results" / "labels.jsonl"
FIRST_SEED = 70_000  # of this comparison alone
_TWIN = 500
_HONEST = 20
_SPOILED = "account.signup"
Cards = Mapping[str, pa.Table]


def labelled_world(number: int, *, twin: bool) -> World:
    """A world with knobs drawn at random, but for enough small rings to label some."""
    world = random_world(seed=FIRST_SEED + number, changes={"accounts": 3_000, "days": 5})
    rings = world.rings.model_copy(update={"share": 0.1, "size_min": 4, "size_max": 24})
    return world.model_copy(update={"rings": rings, "seed": world.seed + _TWIN * twin})


def labels_of(truth: pa.Table, every: int) -> Labels:
    """Every so many-th ring, and some honest accounts."""
    rows = truth.select(["account_id", "ring"]).sort_by("account_id")
    names = sorted(str(name) for name in pc.unique(rows["ring"].drop_null()).to_pylist())
    mine = pc.is_in(rows["ring"], value_set=pa.array(names[::every], pa.string()))
    free = rows.filter(pc.is_null(rows["ring"]))
    honest = free.take(pa.array(np.arange(0, free.num_rows, _HONEST)))
    known = pc.and_(mine, pc.is_valid(rows["ring"]))
    return Labels(pa.concat_tables([rows.filter(known), honest]), None, "labels")


def spoiled() -> dict[str, pa.Table]:
    """The packaged cards, with three bits too many on all of a fact but its least interval."""
    cards = packaged_cards()
    for name in ROUNDS:
        card = cards[name]
        wrong = pc.and_(pc.equal(card["fact"], pa.scalar(_SPOILED)), pc.is_valid(card["low"]))
        more = pc.if_else(wrong, pc.add(card["millibits"], 3000), card["millibits"])
        cards[name] = card.set_column(card.column_names.index("millibits"), "millibits", more)
    return cards


def precision(world: Told, cards: Cards) -> float:
    """Average precision over the candidate pairs of a world."""
    first, second = (cards[name] for name in ROUNDS)
    score = weighed(replace(world, facts=together(world, first)), second)
    return float(average_precision_score(world.label[world.fair], score[world.fair]))


def compared(number: int) -> list[dict[str, Any]]:
    """One row per labels and start."""
    days, truth = days_of(labelled_world(number, twin=False))
    twin = told(*days_of(labelled_world(number, twin=True)), seed=number)
    rows = []
    for start, cards in (("packaged", packaged_cards()), ("spoiled", spoiled())):
        for share, every in (("all", 1), ("half", 2)):
            labels = labels_of(truth, every)
            row: dict[str, Any] = {"world": number, "start": start, "rings": share}
            try:
                found = fit_cards(
                    days, labels, settings=Settings(), benign=BENIGN_REMOVED.empty(), cards=cards
                )
            except DataError:
                rows.append(row | {"refused": True})
                continue
            row |= {"before": precision(twin, cards), "after": precision(twin, found.cards)}
            rows.append(row | {"said": [one.precision for one in found.measures]})
    return rows


def main() -> None:
    """Compare worlds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=__doc__)
    parser.add_argument("--worlds", type=int, default=8, help="how many")
    for number in range(parser.parse_args().worlds):
        for row in compared(number):
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row | machine()) + "\n")


if __name__ == "__main__":
    main()
