"""28.8 million prompts of about 600 characters: sketches, aggregation and account links, measured.

Prompts are made part by part and are not timed; nor is compilation. Four parts of traffic in ten
have something in common with others' (wrappers of operators of 20 to 2,000 accounts, items of a
data set, a tool's prefix, texts that go round), six have not. An account sends 25.6 of them. All of
it is one day, the hardest case: a night of the reported one has a forty-fifth.

Libraries do the same job on a share of the same prompts in the same run: MinHash of word shingles,
bands as keys, accounts by key. What their pipelines need in front is part of the job.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.run import machine
from benchmarks.similarity.rivals import LIBRARIES, bands
from graphkit.contracts import REQUESTS, TIMESTAMP
from graphkit.entities import Key
from graphkit.entities import links as stage
from graphkit.entities.texts import Texts
from graphkit.entities.words import mix

RESULTS = Path(__file__).parents[1] / "results" / "prompts.jsonl"
PROMPTS, FEWER = 28_800_000, 3_000_000
PART, PER_ACCOUNT = 100_000, 25.6
_VOCABULARY = 50_000
_DAY_US = 86_400_000_000
_NOTHING = tuple(stage._EMPTY[merge] for merge in (stage._USES, stage._TOTALS))


@numba.njit(cache=True)
def _say(out: NDArray[np.uint8], at: int, seed: np.uint64, n: int, words: NDArray[np.uint8]) -> int:
    """Write n words drawn by a seed, common ones far more often; returns the next free byte."""
    for step in range(n):
        seed = mix(seed + np.uint64(0x9E3779B97F4A7C15) * np.uint64(step + 1))
        low = np.float64(seed >> np.uint64(11)) / 9007199254740992.0
        word = words[int(low * low * low * words.shape[0])]
        length = int(word[0])
        out[at : at + length] = word[1 : 1 + length]
        out[at + length] = 32
        at += length + 1
    return at


@numba.njit(cache=True)
def _prompts(
    first: int, n: int, n_accounts: int, words: NDArray[np.uint8], out: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Write prompts `first` to `first + n`; returns where each begins, and its account."""
    ends, accounts = np.zeros(n + 1, np.int32), np.empty(n, np.int64)
    at = 0
    for row in range(n):
        dice = mix(np.uint64(first + row) * np.uint64(2) + np.uint64(1))
        account = int(mix(dice) % np.uint64(n_accounts))
        kind = int(mix(np.uint64(account) + np.uint64(77)) % np.uint64(20))
        # Of operators the first is the largest.
        rank = np.float64(mix(np.uint64(account) + np.uint64(99)) >> np.uint64(11)) / 2.0**53
        ring = np.uint64(int(rank * rank * n_accounts / 100) + 1)
        own = mix(dice + np.uint64(5))
        if kind < 5 and own % np.uint64(4) != 0:
            at = _say(out, at, mix(ring), 50, words)
            at = _say(out, at, own, 40, words)
            at = _say(out, at, mix(ring + np.uint64(9)), 15, words)
        elif kind < 6:
            at = _say(out, at, mix(own % np.uint64(200_000)), 104, words)
        elif kind < 7:
            at = _say(out, at, np.uint64(12345), 60, words)
            at = _say(out, at, own, 40, words)
        elif kind < 8 and own % np.uint64(2) == 0:
            at = _say(out, at, mix(np.uint64(10_000) + own % np.uint64(5_000)), 104, words)
        else:
            at = _say(out, at, own, 80 + int(own % np.uint64(50)), words)
        ends[row + 1], accounts[row] = at, account
    return ends, accounts


def parts(prompts: int) -> Iterator[pa.Table]:
    """REQUESTS in parts; every run of the same number makes the same."""
    dice = np.random.default_rng(1)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    words = np.zeros((_VOCABULARY, 12), np.uint8)
    words[:, 0] = 2 + np.sqrt(np.arange(_VOCABULARY) / _VOCABULARY) * 8
    words[:, 1:] = letters[dice.integers(0, 26, (_VOCABULARY, 11))]
    n_accounts = max(int(prompts / PER_ACCOUNT), 2)
    out = np.empty(PART * 1_600, np.uint8)
    empty = REQUESTS.empty()
    for first in range(0, prompts, PART):
        n = min(PART, prompts - first)
        ends, accounts = _prompts(first, n, n_accounts, words, out)
        buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(out[: ends[-1]].tobytes())]
        names = pc.binary_join_element_wise("acct-", pa.array(accounts).cast(pa.string()), "")
        times = mix_times(first, n)
        columns: dict[str, Any] = {name: pa.nulls(n, empty[name].type) for name in REQUESTS.columns}
        columns |= {
            "account_id": names,
            "ts": pa.array(times).cast(TIMESTAMP),
            "prompt": pa.Array.from_buffers(pa.string(), n, buffers),
        }
        yield pa.table(columns)


def mix_times(first: int, n: int) -> NDArray[np.int64]:
    """Times within a day, in microseconds."""
    rows = np.arange(first, first + n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (rows % np.uint64(_DAY_US)).astype(np.int64)


class Clock:
    """Seconds by step: on the clock, and of all cores."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    @contextmanager
    def step(self, step: str) -> Iterator[None]:
        """Add what happens inside to a step."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[step] += time.perf_counter() - wall
        self.cpu[step] += time.process_time() - cpu


def ours(prompts: int) -> dict[str, Any]:
    """Sketch, gather and link a number of prompts; what it took."""
    clock, texts, size = Clock(), Texts(), 0
    n_accounts = 0
    for part in parts(prompts):
        size += part["prompt"].nbytes
        with clock.step("sketch and gather"):
            texts.add(part)
    n_accounts = max(int(prompts / PER_ACCOUNT), 2)
    numbers = pa.array(np.arange(n_accounts)).cast(pa.string())
    ids = pc.binary_join_element_wise("acct-", numbers, "")
    names = pa.chunked_array([ids.take(pc.sort_indices(ids))])
    requested = pa.table({"account_id": names, "requests": pa.array(np.full(n_accounts, 26))})
    with clock.step("aggregate"):
        held = texts.links(names)
    with clock.step("links"):
        links = stage.join_links(
            held, requested, *_NOTHING, dt=date(2026, 11, 22), key=Key(bytes(range(32)))
        )
    wall, cpu = sum(clock.wall.values()), sum(clock.cpu.values())
    return {
        "prompts": prompts,
        "accounts": n_accounts,
        "characters": round(size / prompts),
        "links": links.num_rows,
        "wall_s": {step: round(seconds, 1) for step, seconds in clock.wall.items()},
        "cpu_s": {step: round(seconds, 1) for step, seconds in clock.cpu.items()},
        "whole_wall_s": round(wall, 1),
        "whole_cpu_s": round(cpu, 1),
        "prompts_per_s": round(prompts / wall),
        "mb_per_s": round(size / wall / 1e6),
        "prompts_per_cpu_s": round(prompts / cpu),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }


def library(name: str, prompts: int) -> dict[str, Any]:
    """The same job by a library: signatures, bands as keys, accounts by key."""
    (part,) = islice(parts(prompts), 1)
    texts: list[Any] = part["prompt"].to_pylist()
    accounts: list[Any] = part["account_id"].to_pylist()
    make: Callable[..., Any] = LIBRARIES[name]
    list(make(texts[:10]))
    clock = Clock()
    with clock.step("whole"):
        holders: dict[int, dict[str, int]] = {}
        for account, signature in zip(accounts, make(texts), strict=True):
            for key in bands(signature):
                of = holders.setdefault(key, {})
                of[account] = of.get(account, 0) + 1
        shared = sum(len(of) for of in holders.values() if len(of) > 1)
    return {
        "library": name,
        "prompts": prompts,
        "links": shared,
        "prompts_per_s": round(prompts / clock.wall["whole"]),
        "prompts_per_cpu_s": round(prompts / clock.cpu["whole"]),
    }


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similarity.headline")
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    parser.add_argument("--step", choices=("ours", *LIBRARIES))
    asked = parser.parse_args()
    if asked.step == "ours":
        ours(20_000)  # Compiles.
        print(json.dumps(ours(asked.prompts)))
        return
    if asked.step:
        print(json.dumps(library(asked.step, asked.prompts)))
        return
    whole(asked.prompts)


def whole(prompts: int) -> None:
    """Each measurement in a process of its own; the result as one line."""

    def step(*words: str) -> Any:
        command = [sys.executable, "-m", "benchmarks.similarity.headline", *words]
        return json.loads(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )

    entry: dict[str, Any] = {"what": "headline", **machine()}
    entry["load_before"] = round(os.getloadavg()[0], 1)
    entry["libraries"] = [step("--step", name, "--prompts", str(20_000)) for name in LIBRARIES]
    entry["fewer"] = step("--step", "ours", "--prompts", str(min(FEWER, prompts)))
    entry["all"] = step("--step", "ours", "--prompts", str(prompts))
    entry["load_after"] = round(os.getloadavg()[0], 1)
    costs = [entry[size]["whole_cpu_s"] / entry[size]["prompts"] for size in ("fewer", "all")]
    entry["cost_per_prompt_ratio"] = round(costs[1] / costs[0], 2)
    best = max(made["prompts_per_cpu_s"] for made in entry["libraries"])
    entry["times_the_fastest_library"] = round(entry["all"]["prompts_per_cpu_s"] / best, 1)
    print(json.dumps(entry, indent=1))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main()
