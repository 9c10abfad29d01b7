"""The worlds of reported figures are those that were measured, and as hard as they should be."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoreboard import BOARD, PAGES, difficulty
from benchmarks.simple import recall_at
from benchmarks.worlds import GRADED, TIMED, fingerprint
from graphkit.simulate import check_world, simulate

RENEW = "the generator has changed: run `python -m benchmarks.scoreboard --renew` and read it"
board: dict[str, Any] = json.loads(BOARD.read_text("utf-8"))


@pytest.mark.parametrize("name", TIMED)
def test_timed_worlds_are_the_frozen_ones(name: str) -> None:
    assert fingerprint(TIMED[name]) == board["timed"][name], RENEW


@pytest.mark.parametrize("name", GRADED)
def test_graded_worlds_are_the_frozen_ones(name: str) -> None:
    assert fingerprint(GRADED[name]) == board["graded"][name]["fingerprint"], RENEW


def test_another_world_has_another_fingerprint() -> None:
    world = TIMED["small"]
    assert fingerprint(world) == fingerprint(world)
    assert fingerprint(world) != fingerprint(world.model_copy(update={"seed": 2}))


def test_the_scoreboard_and_the_page_are_what_the_world_says(tmp_path: Path) -> None:
    name = "level 4, seed 7"
    simulate(tmp_path / "w", GRADED[name])
    said = board["graded"][name]
    assert difficulty(tmp_path / "w") == {
        part: said[part] for part in ("joined", "simple", "oracle")
    }
    assert check_world(tmp_path / "w") + "\n" == (PAGES / "level-4.md").read_text("utf-8"), RENEW


@pytest.mark.parametrize("name", GRADED)
def test_worlds_are_hard(name: str) -> None:
    level, said = GRADED[name].level or 0, board["graded"][name]
    if level >= 1:
        assert said["joined"] >= 0.5
    if level >= 3:
        assert max(said["simple"].values()) <= 0.3


@pytest.mark.parametrize("level", range(5))
def test_traces_are_hidden_rather_than_missing(level: int) -> None:
    told = [board["graded"][name]["oracle"] for name in GRADED if GRADED[name].level == level]
    assert sum(one["recall"] for one in told) / len(told) >= 0.8
    assert sum(one["left_out"] for one in told) < sum(one["rings"] for one in told)


@given(
    accounts=st.lists(st.tuples(st.integers(-1, 4), st.booleans()), min_size=1, max_size=60),
    precision=st.sampled_from([0.5, 0.8, 1.0]),
)
def test_recall_at_a_precision_is_the_best_of_all_thresholds(
    accounts: list[tuple[int, bool]], precision: float
) -> None:
    score = np.array([number for number, _ in accounts], np.float64)
    attacker = np.array([yes for _, yes in accounts])
    best = 0.0
    for threshold in {number for number, _ in accounts if number > 0}:
        accused = [yes for number, yes in accounts if number >= threshold]
        if sum(accused) >= precision * len(accused):
            best = max(best, sum(accused) / max(attacker.sum(), 1))
    assert recall_at(score, attacker, precision) == pytest.approx(best)
