"""Seconds of each stage over a folder of snapshots, in the order in which a night runs them."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import graphkit.workflow.window as order
from graphkit import workflow
from graphkit.entities import Key, link_accounts
from graphkit.ingest import open_snapshots, read_snapshot
from graphkit.reports import render
from graphkit.settings import Settings

VERBS = ("build_graph", "project", "structure", "detect_communities", "judge", "match_rings")
_seconds: dict[str, float] = {}


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add what happens inside to a stage's seconds."""
    started = time.perf_counter()
    yield
    _seconds[name] = _seconds.get(name, 0.0) + time.perf_counter() - started


def timed(verb: str) -> Callable[..., Any]:
    """The workflow's verb, which now also adds to its stage's seconds."""
    inner = getattr(order, verb)

    def outer(*arguments: Any, **options: Any) -> Any:
        with stage(verb):
            return inner(*arguments, **options)

    return outer


def main(snapshots: Path) -> None:
    """Print the seconds of each stage as JSON."""
    settings, key, days = Settings(), Key(bytes(range(32))), []
    found = open_snapshots(snapshots, settings)
    for dt in found.days:
        with stage("read_snapshot"):
            snapshot = read_snapshot(found, dt)
            drawn = [list(snapshot.requests), list(snapshot.payments), list(snapshot.mentions)]
        with stage("link_accounts"):
            linked = link_accounts(snapshot.accounts, *drawn, dt=dt, key=key)
        tables = (linked.links, linked.activity, linked.profiles, snapshot.rejects())
        days.append(workflow.Day(dt, *tables, snapshot.report()))
    for verb in VERBS:
        setattr(order, verb, timed(verb))
    findings = workflow.detect_window(days, dt=days[-1].dt, settings=settings)
    with stage("render"):
        render(findings)
    print(json.dumps({name: round(seconds, 3) for name, seconds in _seconds.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
