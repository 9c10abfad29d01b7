"""A piece of work in a process of its own, stopped past a time or an amount of memory."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

_running: set[int] = set()
# Imported once for all processes, which are forked from there before anything has run.
_PRELOADED = ["benchmarks.rivals.tuning", "benchmarks.run", "graphkit.simulate"]


def bounded(
    work: Callable[..., None], *args: Any, seconds: float | None = None, memory: int | None = None
) -> str | None:
    """Do a piece of work in a fresh process, which so has a peak memory of its own.

    Args:
        work: what to do; it leaves its results in files.
        args: handed to it.
        seconds: on the clock, after which it is stopped with all processes that it started.
        memory: bytes that it, and each process that it starts, may take.

    Returns:
        None when it came to its end, else what stopped it.

    Raises:
        SystemExit: it failed by itself, with what it said on standard error.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_begin, args=(work, args, memory))
    process.start()
    pid = process.pid or 0
    _running.add(pid)
    process.join(seconds)
    late = process.is_alive()
    _stop(pid)
    process.join()
    _running.discard(pid)
    if late:
        return f"{(seconds or 0) / 60:g} minutes"
    if process.exitcode and process.exitcode < 0:
        return signal.Signals(-process.exitcode).name
    if process.exitcode:
        raise SystemExit(f"{getattr(work, '__name__', 'the work')} failed; see above")
    return None


def stop_all() -> None:
    """Stop whatever other threads wait for here, as when the whole run is broken off."""
    for pid in list(_running):
        _stop(pid)


def _stop(pid: int) -> None:
    """End a process and whatever it started: all of its session, once it has one."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def most_of_children() -> int:
    """The most bytes that one of this process' children held, of those that have ended."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _begin(work: Callable[..., None], args: tuple[Any, ...], memory: int | None) -> None:
    os.setsid()
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    work(*args)
