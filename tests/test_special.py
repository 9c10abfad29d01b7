"""The special worlds are what they are said to be, and are counted right."""

import dataclasses
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from benchmarks.lines import read_lines
from benchmarks.special.__main__ import PAGES, RESULTS, measured, run, settings_of
from benchmarks.special.measure import drawn_in, find, kept
from benchmarks.special.page import page_of, total, write_page
from benchmarks.special.plots import evasions_drawn, lines_drawn
from benchmarks.special.worlds import (
    CHANNELS,
    FAMILIES,
    FIRST_SEED,
    OPEN,
    PERCENT,
    Case,
    all_cases,
    camouflage,
    framed,
    no_ring,
    tactic,
)
from benchmarks.worlds import fingerprint
from graphkit.contracts import CLAIMS
from graphkit.simulate import Rings, World
from graphkit.simulate.operators import TACTICS
from graphkit.simulate.population import Population, populate
from graphkit.simulate.slots import FRAMED, MEMBER
from graphkit.simulate.truth import truth_of
from tests.judged import truth_of as made_truth

SEED = 5


@cache
def framing(channel: str) -> Population:
    return populate(framed(channel, 10_000, SEED).world)


@pytest.mark.parametrize("channel", CHANNELS[1:])
def test_at_least_a_thousand_innocents_are_framed(channel: str) -> None:
    truth = truth_of(framing(channel)).to_pylist()
    innocents = [row for row in truth if row["role"] == "framed"]
    assert len(innocents) >= 1_000
    assert all(row["ring"] is None for row in innocents)


def copied(channel: str) -> tuple[set[int], set[int]]:
    """The framed whose home, and whose text, some member uses."""
    people = framing(channel).people
    victims = np.flatnonzero(people["role"] == FRAMED).tolist()
    members = people[people["role"] == MEMBER]
    homes = {(int(way["route"]), int(way["seat"])) for row in members for way in used(row, 1)}
    texts = {int(text["source"]) for row in members for text in used(row, 2)}
    by_home = {v for v in victims if tuple(people["egress"][v][0].tolist()[:2]) in homes}
    return by_home, {v for v in victims if int(people["text"][v][0]["source"]) in texts - {0}}


def used(row: np.void, field: int) -> Iterator[NDArray[np.void]]:
    slots = row["egress" if field == 1 else "text"]
    return (slot for slot in slots[1:] if slot["share"] > 0)


def test_innocents_are_framed_by_the_channel_asked_for_and_no_other() -> None:
    n = {channel: sum(framing(channel).people["role"] == FRAMED) for channel in CHANNELS}
    assert n["nobody"] == 0
    homes, texts = copied("address")
    assert len(homes) >= 0.95 * n["address"]
    assert len(texts) < 0.1 * n["address"]
    homes, texts = copied("prompt")
    assert len(homes) < 0.05 * n["prompt"]
    assert len(texts) >= 0.9 * n["prompt"]
    homes, texts = copied("both")
    assert len(homes) >= 0.95 * n["both"]
    assert len(texts) >= 0.5 * n["both"]


def test_worlds_that_leave_framing_be_are_written_as_they_were() -> None:
    assert "fram" not in Rings().model_dump_json()
    world = framed("address", 600, SEED).world
    assert World.model_validate_json(world.model_dump_json()) == world
    others = {fingerprint(framed(channel, 600, SEED).world) for channel in CHANNELS}
    assert len(others) == len(CHANNELS)


@pytest.mark.parametrize("percent", PERCENT)
def test_camouflage_adds_records_and_takes_none(percent: int) -> None:
    case = camouflage("popular", OPEN, percent, 3_000, SEED)
    population = populate(case.world)
    people = population.people[population.people["role"] == MEMBER]
    sources = {e for ring in population.rings for kind, e in ring.traces if kind == "text"}
    own = np.isin(people["text"]["source"], list(sources))
    share = people["text"]["share"] / 255
    # Requests are scaled in the mean over all members, so that shares may be compared with them.
    rate = case.world.rings.requests / World().rings.requests
    # An heir also sends what the ring before it shared.
    assert rate * (share * own).sum(axis=1).mean() == pytest.approx(0.75, rel=0.1)
    assert rate * (share * ~own).sum(axis=1).mean() == pytest.approx(0.75 * percent / 100, rel=0.1)


@pytest.mark.parametrize("name", TACTICS)
def test_every_ring_of_a_world_of_one_tactic_has_it(name: Any) -> None:
    rings = populate(tactic(name, 0.6, 600, SEED).world).rings
    assert rings
    assert all(name in ring.tactics and len(ring.tactics) <= 2 for ring in rings)


def test_cases_have_names_and_seeds_of_their_own() -> None:
    cases, small = all_cases(), all_cases(small=True)
    assert {case.family for case in cases} == {case.family for case in small} == set(FAMILIES)
    for some in (cases, small):
        assert len({settings_of(case) for case in some}) == len(some)
    assert min(case.world.seed for case in cases) >= FIRST_SEED
    assert max(case.world.seed for case in small) < 1_000
    assert not {settings_of(case) for case in cases} & {settings_of(case) for case in small}


def test_where_there_is_no_ring_whatever_is_published_is_counted_as_wrong() -> None:
    case = no_ring(1, 1_500, SEED)
    line = measured(case)
    assert line["precision"][0] == 0
    assert line["recall"] == line["ring recall"] == (0, 0)
    accused = sum(n for n, _ in line["honest published"].values())
    assert accused == line["precision"][1] == line["others published"][0]
    assert sum(of for _, of in line["honest published"].values()) == 1_500
    assert "an operator" not in line["rings of"]
    assert f"| level 1 | 1 | {accused:,} of 1,500" in page_of([line])


def test_a_line_that_stands_is_not_measured_again(tmp_path: Path) -> None:
    results, case = tmp_path / "special.jsonl", no_ring(0, 200, SEED)
    run([case], results)
    text = results.read_text("utf-8")
    assert len(read_lines(results)) == 1
    run([case], results)
    assert results.read_text("utf-8") == text
    run([dataclasses.replace(case, name="another")], results)
    assert len(read_lines(results)) == 2


def test_framed_accounts_are_drawn_in_by_whom_they_stand_with() -> None:
    ringed = {"a": "R", "b": "R", "c": None, "d": None, "e": None, "f": None}
    truth = made_truth(ringed).to_pylist()
    for row in truth:
        row["role"] = "framed" if row["account_id"] in "cde" else None
    claims = [("a", "1"), ("b", "1"), ("c", "1"), ("d", "2"), ("f", "2")]
    shown = [
        {"account_id": who, "ring": ring, "score": 1.0, "confidence": None, "published": True}
        for who, ring in claims
    ]
    table = pa.Table.from_pylist(truth, schema=made_truth(ringed).schema)
    assert drawn_in(pa.Table.from_pylist(shown, schema=CLAIMS.schema), table) == {
        "framed published": (2, 3),
        "framed drawn in": (1, 3),
        "others published": (1, 1),
        "others drawn in": (0, 1),
    }


def test_what_strangers_leave_is_counted_by_ring_and_by_pair() -> None:
    found, _ = find(tactic(OPEN, 0.9, 600, SEED).world)
    n_rings = kept(found, found)["rings kept"][1]
    n_pairs = found.edges.num_rows
    assert n_rings >= 2
    assert kept(found, found) == {
        "rings kept": (n_rings, n_rings),
        "pairs kept": (n_pairs, n_pairs),
        "pairs the same": (n_pairs, n_pairs),
    }
    # One member less in the strongest ring, one pair less, and all weights moved.
    weights = pa.array(np.asarray(found.edges["weight"]) + 1)
    place = found.edges.column_names.index("weight")
    edges = found.edges.set_column(place, "weight", weights).slice(1)
    moved = dataclasses.replace(found, members=found.members.slice(1), edges=edges)
    assert kept(found, moved) == {
        "rings kept": (n_rings - 1, n_rings),
        "pairs kept": (n_pairs - 1, n_pairs),
        "pairs the same": (0, n_pairs),
    }


def test_seeds_are_put_together_as_counts() -> None:
    lines: list[dict[str, Any]] = [{"recall": (1, 4)}, {"recall": (3, 4)}, {}]
    assert total(lines, "recall") == (4, 8)


def test_plots_show_what_they_are_given() -> None:
    grid = evasions_drawn({"naive": [1.0, float("nan")]}, [0.9, 0.2])
    assert ">1.00<" in grid and "nan" not in grid
    assert lines_drawn({"a": [(0, 0.0), (50, 1.0)]}, "t").count("<circle") == 3


@pytest.mark.skipif(not RESULTS.exists(), reason="nothing is measured yet")
def test_the_page_is_what_the_results_say(tmp_path: Path) -> None:
    write_page(tmp_path, read_lines(RESULTS))
    for path in tmp_path.iterdir():
        assert path.read_text("utf-8") == (PAGES / path.name).read_text("utf-8"), (
            "run `python -m benchmarks.special` and read its page"
        )


def test_the_page_takes_the_last_line_of_a_case(tmp_path: Path) -> None:
    old, new = ({**line_of(no_ring(0, 200, SEED)), "precision": (0, n)} for n in (9, 7))
    new["honest published"] = {"lone": (7, 200)}
    write_page(tmp_path, [old, new])
    page = (tmp_path / "special.md").read_text("utf-8")
    assert "| level 0 | 1 | 7 of 200 (0.035) | lone 7 of 200 | - |" in page


def line_of(case: Case) -> dict[str, Any]:
    """A line of results in which nothing is published."""
    named = {"family": case.family, "name": case.name, "value": case.value}
    counts: dict[str, Any] = dict.fromkeys(("precision", "recall", "ring recall"), (0, 0))
    parts: dict[str, Any] = {"honest published": {"lone": (0, 200)}, "rings of": {}}
    return {**named, "seed": case.world.seed, **counts, **parts, "machine": {"commit": "abc"}}
