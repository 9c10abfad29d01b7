"""The quality table: a small form of it with floors, and what the page says of it."""

import json
import pickle
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.lines import read_lines
from benchmarks.quality import (
    FIGURES,
    FIRST_SEED,
    GRAPHKIT,
    METHODS,
    PAGES,
    RESULTS,
    Cell,
    make_world,
    measure,
    run,
)
from benchmarks.quality_page import drawn, mean, write_page
from benchmarks.rivals.packaged import PACKAGED
from benchmarks.worlds import GRADED, TIMED, fingerprint
from graphkit.workflow import Day

# What graphkit reaches on this world by its defaults, less a little: raise them with the figures.
FLOORS = {
    "ring recall": 0.55,
    "ring purity": 0.95,
    "account precision": 0.96,
    "account recall": 0.65,
    "B-cubed F1": 0.72,
}


def test_quality_does_not_fall_on_a_known_world(tmp_path: Path) -> None:
    make_world(Cell(3_000, 1, 5, GRAPHKIT).world, tmp_path)
    days = pickle.loads((tmp_path / "days").read_bytes())
    truth = pq.read_table(tmp_path / "truth.parquet")
    ours = last(GRAPHKIT, days, truth)["figures"]
    fallen = {name: ours[name] for name, floor in FLOORS.items() if ours[name] < floor}
    assert not fallen, ours
    plain = last("union, capped", days, truth)["figures"]
    assert ours["B-cubed F1"] > plain["B-cubed F1"]


def last(method: str, days: list[Day], truth: pa.Table) -> dict[str, Any]:
    *_, row = measure(method, days, truth)
    return row


def test_a_run_measures_what_is_missing_or_outdated_and_nothing_else(tmp_path: Path) -> None:
    results, cell = tmp_path / "quality.jsonl", Cell(100, 0, 5, "union")
    outdated = {"world": fingerprint(cell.world), "method": "union", "code": "of another day"}
    results.write_text(json.dumps(outdated) + "\n", "utf-8")
    run([cell], results)
    text = results.read_text("utf-8")
    _, new = read_lines(results)
    assert new["world"] == outdated["world"]
    assert list(new["figures"]) == list(FIGURES)
    run([cell], results)
    assert results.read_text("utf-8") == text


def test_no_known_world_has_a_seed_of_the_reported_table() -> None:
    assert all(world.seed < FIRST_SEED for world in (*GRADED.values(), *TIMED.values()))
    assert all(line["seed"] >= FIRST_SEED for line in read_lines(RESULTS))


def test_graphkit_has_a_line_at_every_level_of_every_size_that_is_told() -> None:
    told = read_lines(RESULTS)
    ours = {(line["accounts"], line["level"]) for line in told if line["method"] == GRAPHKIT}
    assert {(accounts, level) for accounts, _ in ours for level in range(5)} == ours
    assert {(line["accounts"], line["level"]) for line in told} == ours


def test_the_page_is_what_the_results_say(tmp_path: Path) -> None:
    write_page(tmp_path, read_lines(RESULTS), METHODS, tuple(PACKAGED))
    for path in tmp_path.iterdir():
        assert path.read_text("utf-8") == (PAGES / path.name).read_text("utf-8"), (
            "run `python -m benchmarks.quality` and read its page"
        )


def line(method: str, seed: int, value: float, *, level: int = 0) -> dict[str, Any]:
    """A line of results whose figures are all the same."""
    return {
        "accounts": 100,
        "level": level,
        "seed": seed,
        "method": method,
        "figures": dict.fromkeys(FIGURES, value),
        "seconds": 1.5,
        "peak_mb": 200,
        "machine": {"commit": "abc"},
    }


def test_a_mean_has_the_interval_of_students_t() -> None:
    found = mean([0.4, 0.5, 0.6])
    assert found.value == pytest.approx(0.5)
    # 4.303 is the t of two degrees of freedom, 0.1 the standard deviation.
    assert found.high == pytest.approx(0.5 + 4.3027 * 0.1 / 3**0.5, abs=1e-4)
    assert mean([0.0, 0.9]).low == 0.0
    assert mean([0.0, 0.9]).high == 1.0
    assert str(mean([0.4])) == "0.400"


def test_the_page_says_where_another_method_is_better(tmp_path: Path) -> None:
    said = [line(GRAPHKIT, 1, 0.5), line("union", 1, 0.4), line(GRAPHKIT, 1, 0.2, level=1)]
    said += [line("union", 1, 0.3, level=1), line("union", 1, 0.6, level=1)]
    write_page(tmp_path, said, (GRAPHKIT, "union"))
    page = (tmp_path / "quality.md").read_text("utf-8")
    assert "- level 1, ring recall: union 0.600, graphkit 0.200" in page
    assert "- level 0" not in page
    assert "| union | 1 | 0.600 |" in page
    write_page(tmp_path, [line("union", 1, 0.4)], (GRAPHKIT, "union"))
    page = (tmp_path / "quality.md").read_text("utf-8")
    assert "graphkit is not measured here yet." in page and "better mean" not in page


def test_a_method_that_was_stopped_says_so_and_what_it_had_counts(tmp_path: Path) -> None:
    tool = line("tool", 1, 0.25) | {"tried": [3, 8], "stopped": "10 minutes"}
    lost = {**line("tool", 2, 0.0), "stopped": "10 minutes"}
    del lost["figures"]
    said = [line(GRAPHKIT, 1, 0.5) | {"calibration error": 0.125}, tool, lost]
    write_page(tmp_path, said, (GRAPHKIT, "union"), ("tool", "other"))
    page = (tmp_path / "quality.md").read_text("utf-8")
    own, tools = page.split("### From the package index")
    assert "| graphkit | 1 | 0.500 |" in own
    assert "| 0.125 | 1.50 | 200 | - |" in own
    assert "tool |" not in own
    assert "| union | 0 |" in own and "| not measured |" in own
    assert "| tool | 1 | 0.250 |" in tools
    assert "10 minutes, on 2 of 2; at least 3 of 8 settings tried |" in tools
    assert "| graphkit | 1 |" in tools and "| other | 0 |" in tools


def test_the_plot_puts_each_mean_in_its_place() -> None:
    said = [line(GRAPHKIT, 1, 0.0), line("union", 1, 0.25), line("union", 2, 0.75)]
    plot = ElementTree.fromstring(drawn(said, (GRAPHKIT, "union")))
    dots = [float(dot.attrib["cx"]) for dot in plot.iter("{http://www.w3.org/2000/svg}circle")]
    ticks = sorted(
        float(tick.attrib["x"])
        for tick in plot.iter("{http://www.w3.org/2000/svg}text")
        if tick.text in ("0", "0.5", "1")
    )
    assert dots == ticks[:2]
