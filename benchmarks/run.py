"""Time the night's run on simulated worlds, and refuse to when its result is not the known one.

Each measurement is a process of its own. Prints a report and appends a line of JSON per world to
benchmarks/results/nightly.jsonl; nothing in it names a host, a user or a path.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

import graphkit as gk
from benchmarks.worlds import END
from graphkit.detection import Findings

HERE = Path(__file__).parent
DIGESTS = HERE / "digests.json"
RESULTS = HERE / "results" / "nightly.jsonl"
# The same key every time, so that like is compared with like.
KEY = "6b" * 15 + "6c6d"


@dataclass(frozen=True)
class Spent:
    """What a process took: seconds on the clock, on all cores, and its peak memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def spend(*command: str | Path, folder: Path) -> Spent:
    """Run a command of this environment in a fresh process and measure it.

    Raises:
        SystemExit: the process failed; with what it said.
    """
    output, errors = folder / "stdout", folder / "stderr"
    started = time.perf_counter()
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=err,
            env=os.environ | {"GRAPHKIT_KEY": KEY},
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{errors.read_text('utf-8')}")
    unit = 1 if sys.platform == "darwin" else 1024
    peak, cpu = usage.ru_maxrss * unit / 1e6, usage.ru_utime + usage.ru_stime
    return Spent(wall, cpu, peak, output.read_text("utf-8"))


def measure(name: str) -> tuple[dict[str, Any], str]:
    """Measure one world.

    Returns:
        What was measured, as JSON takes it, and the digest of the result.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        snapshots, lake = folder / "snapshots", folder / "lake"
        # All of it in processes of their own: a child's peak memory never lies below its parent's.
        world = spend(sys.executable, "-m", "benchmarks.worlds", name, snapshots, folder=folder)
        floor = spend(sys.executable, "-m", "benchmarks.floor", snapshots, folder=folder)
        command = Path(sys.executable).parent / "graphkit"
        night = spend(command, "run", snapshots, "--date", str(END), "--out", lake, folder=folder)
        stages = spend(sys.executable, "-m", "benchmarks.stages", snapshots, folder=folder)
        findings = gk.open(lake).findings
        rows = sum(
            table["rows"]
            for report in findings.reports.values()
            for table in report["tables"].values()
        )
        measured = {
            "world": name,
            **sizes(findings),
            "rows": rows,
            "rows_per_s": round(rows / night.wall_s),
            "wall_s": round(night.wall_s, 2),
            "cpu_s": round(night.cpu_s, 2),
            "peak_mb": round(night.peak_mb),
            "floor_s": round(json.loads(floor.output)["seconds"], 3),
            "simulate_s": round(float(world.output), 2),
            "stages_s": json.loads(stages.output),
        }
        return measured, digest(findings)


def digest(findings: Findings) -> str:
    """A digest of who is in which ring: of what was found, not of how it is stored."""
    rings = findings.rings.select(["ring_id", "status", "score", "size", "requests", "signals"])
    members = findings.members.select(["ring_id", "account_id"])
    rows = [sorted(tuple(row.values()) for row in table.to_pylist()) for table in (rings, members)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def sizes(findings: Findings) -> dict[str, Any]:
    """How large the graph is: nodes by kind, links, edges, hubs, rings."""
    entities = findings.links.group_by(["kind", "entity"], use_threads=False).aggregate([])
    kinds = Counter(entities["kind"].to_pylist())
    published = findings.rings.filter(pc.field("status") == "published")
    return {
        "nodes": {
            "account": pc.count_distinct(findings.profiles["account_id"]).as_py(),
            **dict(sorted(kinds.items())),
        },
        "links": findings.links.num_rows,
        "edges": findings.edges.num_rows,
        "hubs": findings.hubs.num_rows,
        "rings": published.num_rows,
    }


def machine() -> dict[str, Any]:
    """What the times depend on: commit, processor, cores, versions."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    commit = subprocess.run(describe, cwd=HERE, capture_output=True, text=True, check=True).stdout
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {
        "commit": commit.strip(),
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "versions": {
            name: version(name) for name in ("graphkit", "duckdb", "pyarrow", "igraph", "numba")
        },
    }


def earlier(world: str, processor: str, cores: int) -> dict[str, Any] | None:
    """The last entry of the same world on the same kind of machine."""
    if not RESULTS.exists():
        return None
    entries = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]
    same = [
        entry
        for entry in entries
        if (entry["world"], entry["processor"], entry["cores"]) == (world, processor, cores)
    ]
    return same[-1] if same else None


def show(entry: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Print one world's report."""
    print(f"\n{entry['world']}: {entry['rows']:,} rows, {entry['rings']} rings published")
    print("  nodes   " + ", ".join(f"{n:,} {kind}" for kind, n in entry["nodes"].items()))
    print(f"  graph   {entry['links']:,} links, {entry['edges']:,} edges, {entry['hubs']:,} hubs")
    for stage, seconds in entry["stages_s"].items():
        print(f"  {seconds:8.2f} s  {stage}")
    print(
        f"  {entry['wall_s']:8.2f} s  the whole run ({entry['cpu_s']:.2f} s of processor time,"
        f" {entry['rows_per_s']:,} rows/s, peak {entry['peak_mb']:,} MB)"
    )
    print(
        f"  {entry['floor_s']:8.2f} s  the floor: {entry['wall_s'] / entry['floor_s']:.0f} times it"
    )
    print(f"  {entry['simulate_s']:8.2f} s  simulating the world")
    if before:
        ratio = entry["wall_s"] / before["wall_s"]
        print(f"  {ratio:8.2f} x  the time of the entry before, at {before['commit']}")


def main() -> None:
    """Measure, check, report, append."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--small", action="store_true", help="one small world, nothing appended")
    parser.add_argument("--renew", action="store_true", help="take the results as the known ones")
    asked = parser.parse_args()
    known = json.loads(DIGESTS.read_text("utf-8")) if DIGESTS.exists() else {}
    here = machine()  # Before anything is appended, which would make the commit a dirty one.
    for name in ("small",) if asked.small else ("10k", "50k"):
        measured, found = measure(name)
        if asked.renew:
            known[name] = found
            DIGESTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
        if found != known.get(name):
            raise SystemExit(
                f"world {name} has digest {found}, not {known.get(name)}: its rings are not the\n"
                "known ones, so their time says nothing. Look at what changed; if it is meant,\n"
                "take it with --renew."
            )
        entry = {**here, **measured}
        show(entry, earlier(name, entry["processor"], entry["cores"]))
        if not asked.small:
            RESULTS.parent.mkdir(exist_ok=True)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main()
