"""Measure the special worlds that are missing, then write the page; or a small form of all."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.lines import append_line, digest_of, read_lines
from benchmarks.run import machine
from benchmarks.special.measure import measure
from benchmarks.special.page import page_of, write_page
from benchmarks.special.worlds import Case, all_cases

HERE = Path(__file__).parents[1]
RESULTS = HERE / "results" / "special.jsonl"
PAGES = HERE / "pages"
# What a line rests on besides its world's settings: the simulator is in there too.
CODE = ("graphkit", "benchmarks/special/measure.py")


def measured(case: Case) -> dict[str, Any]:
    """A line of results without what it rests on."""
    named = {"family": case.family, "name": case.name, "value": case.value}
    return {**named, "seed": case.world.seed, "accounts": case.world.accounts, **measure(case)}


def run(cases: Sequence[Case], results: Path) -> None:
    """Append what does not stand in the results yet, world by world."""
    done = {(line["world"], line["code"]) for line in read_lines(results)}
    here, code = machine(), digest_of(CODE)
    for case in cases:
        mark = settings_of(case)
        if (mark, code) not in done:
            row = {**measured(case), "world": mark, "code": code, "machine": here}
            append_line(results, row)


def settings_of(case: Case) -> str:
    """A digest of a case's name and its world's settings."""
    said = f"{case.family}/{case.name}/{case.value}/{case.world.model_dump_json()}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def main() -> None:
    """Measure and write; the small form is only printed, since its seed is for developing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.special", description=__doc__)
    parser.add_argument("--small", action="store_true", help="some small worlds, a minute in all")
    if parser.parse_args().small:
        print(page_of([measured(case) for case in all_cases(small=True)]))
        return
    run(all_cases(), RESULTS)
    write_page(PAGES, read_lines(RESULTS))


if __name__ == "__main__":
    main()
