"""What a manifest and run.json say beside the files: where a result comes from, what it cost."""

import hashlib
import json
import os
import platform
import resource
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import BENIGN
from graphkit.detection import Findings
from graphkit.entities.keys import Key
from graphkit.workflow import Day
from pipelines.lake import Snapshot

_VERSIONS = (
    *("graphkit", "duckdb", "igraph", "jinja2", "leidenalg", "networkx", "numba", "numpy"),
    *("pyarrow", "pydantic", "scipy"),
)


def origin(key: Key, day: Day) -> dict[str, Any]:
    """What every manifest says: the key, the input files with their digests, the versions."""
    versions = {name: version(name) for name in _VERSIONS} | {"python": platform.python_version()}
    return {"key_id": key.id, "input": day.report, "versions": versions}


def judgement(
    findings: Findings,
    today: Day,
    key: Key,
    sources: Mapping[str, Mapping[str, Any]],
    missing: Sequence[date],
    previous: Snapshot | None,
) -> dict[str, Any]:
    """What the manifest of a judged date says beside its files.

    Args:
        findings: what was found.
        today: the date's own day.
        key: the lake's.
        sources: where each other day of the window came from, by ISO date.
        missing: days of the window that nothing was there for.
        previous: the judged date that ring ids were carried on from.
    """
    return origin(key, today) | {
        "settings": findings.settings.model_dump(mode="json"),
        "seed": findings.settings.seed,
        "window": dict(sources),
        "missing": [str(day) for day in missing],
        "previous": {"dt": str(previous.dt), **previous.reference()} if previous else None,
        "hubs": {
            "n": findings.hubs.num_rows,
            "pairs_withheld": pc.sum(findings.hubs["pairs_withheld"]).as_py() or 0,
        },
        "benign": _benign(findings.benign),
    }


def _benign(removed: pa.Table) -> dict[str, Any]:
    """The allow-list's size and digest; of its pseudonyms, so that no guess can be tested."""
    entries = removed.select(list(BENIGN.columns)).to_pylist()
    content = json.dumps(entries, sort_keys=True, default=str).encode()
    return {"entries": len(entries), "sha256": hashlib.sha256(content).hexdigest()}


def cost(total: float, seconds: Mapping[str, float], threads: int | None) -> dict[str, Any]:
    """What run.json says: figures of this run and this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "seconds_total": round(total, 3),
        "peak_bytes": peak_bytes(),
        "threads": threads or cores,
        "cores": cores,
        "processor": _processor(),
    }


def peak_bytes() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _processor() -> str:
    """The processor's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
