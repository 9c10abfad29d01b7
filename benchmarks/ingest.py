"""Time reading requests, by form, beside what DuckDB needs to read the same file.

`benchmarks.reading` says what is read and how; each reading is a process of its own, and the ways
take turns, so that a busy machine slows all of them. Seconds on the clock and of all cores are the
least of the rounds, peak memory the most. Prints a report and appends a line of JSON per size to
benchmarks/results/ingest.jsonl; nothing in it names a host, a user or a path.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.reading import WAYS
from benchmarks.records import FORMS, place
from benchmarks.run import HERE, Spent, machine, spend

RESULTS = HERE / "results" / "ingest.jsonl"
_WARM, _SMALL, _LARGE = 1_000, 50_000, (1_000_000, 5_000_000)
# Linking keeps what it counts, so its memory grows with the rows: not taken to the largest size.
_MOST_LINKED = 1_000_000


def measure(rows: int, ways: Sequence[str], rounds: int) -> dict[str, Any]:
    """Read so many rows in each form and way.

    Args:
        rows: how many.
        ways: of `benchmarks.reading`, with the floor among them.
        rounds: how often.

    Returns:
        form to its file's bytes and, by way, seconds on the clock, rows per second, seconds of all
        cores, peak memory in MB and how many times the floor's seconds on the clock it took.

    Raises:
        SystemExit: a way did not read all rows.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, n in (("warm", _WARM), ("full", rows)):
            write = (sys.executable, "-m", "benchmarks.records", folder / name, str(n))
            spend(*write, folder=folder)
        forms: dict[str, Any] = {}
        for form in FORMS:
            turns = [way for _ in range(rounds) for way in ways]
            read = [(way, _once(way, form, rows, folder)) for way in turns]
            found = {way: _least([told for name, told in read if name == way]) for way in ways}
            forms[form] = {
                "bytes": place(folder / "full", form).stat().st_size,
                **{
                    way: {
                        "s": round(least.wall_s, 3),
                        "rows_per_s": round(rows / least.wall_s),
                        "cpu_s": round(least.cpu_s, 3),
                        "peak_mb": round(least.peak_mb),
                        "times_floor": round(least.wall_s / found["floor"].wall_s, 2),
                    }
                    for way, least in found.items()
                },
            }
    return forms


def _once(way: str, form: str, rows: int, folder: Path) -> Spent:
    """Seconds and peak memory of one reading; imports are not in the seconds."""
    command = (sys.executable, "-m", "benchmarks.reading", way, form)
    spent = spend(*command, folder / "warm", folder / "full", folder=folder)
    told = json.loads(spent.output)
    if told["rows"] != rows:
        raise SystemExit(f"{way} read {told['rows']} of {rows} rows of {form}")
    return Spent(told["wall_s"], told["cpu_s"], spent.peak_mb, "")


def _least(spent: Sequence[Spent]) -> Spent:
    wall, cpu = min(one.wall_s for one in spent), min(one.cpu_s for one in spent)
    return Spent(wall, cpu, max(one.peak_mb for one in spent), "")


def show(rows: int, forms: dict[str, Any]) -> None:
    """Print one size's report."""
    print(f"\n{rows:,} rows")
    for form, found in forms.items():
        print(f"  {form}, {found['bytes'] / 1e6:,.0f} MB")
        for way in [way for way in WAYS if way in found]:
            it = found[way]
            print(
                f"  {it['s']:8.2f} s  {way:6} {it['rows_per_s']:>10,} rows/s,"
                f" {it['times_floor']:5.2f} times the floor, {it['cpu_s']:6.2f} s of processor"
                f" time, peak {it['peak_mb']:,} MB"
            )


def main() -> None:
    """Measure, report, append."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few rows, nothing appended")
    parser.add_argument("--rounds", type=int, default=3, help="readings of each kind")
    asked = parser.parse_args()
    here = machine()  # Before anything is appended, which would make the commit a dirty one.
    if asked.small:
        show(_SMALL, measure(_SMALL, ("floor", "ingest"), 1))
        return
    for rows in _LARGE:
        ways = [way for way in WAYS if way != "link" or rows <= _MOST_LINKED]
        forms = measure(rows, ways, asked.rounds)
        show(rows, forms)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**here, "rows": rows, "forms": forms}) + "\n")


if __name__ == "__main__":
    main()
