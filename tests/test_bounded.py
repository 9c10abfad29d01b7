"""Work in a process of its own ends, is stopped, or says that it failed."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.bounded import bounded, stop_all


def leave(place: Path) -> None:
    place.write_text("done", "utf-8")


def sleep(place: Path) -> None:
    leave(place)
    time.sleep(60)


def swell(place: Path) -> None:
    try:
        bytearray(10**12)
    except MemoryError:
        leave(place)


def fail(place: Path) -> None:
    raise ValueError("meant to fail")


def test_work_comes_to_its_end_in_another_process(tmp_path: Path) -> None:
    assert bounded(leave, tmp_path / "kept") is None
    assert (tmp_path / "kept").read_text("utf-8") == "done"


def test_past_its_time_it_is_stopped_and_what_it_left_stays(tmp_path: Path) -> None:
    started = time.perf_counter()
    assert bounded(sleep, tmp_path / "kept", seconds=3) == "0.05 minutes"
    assert time.perf_counter() - started < 30
    assert (tmp_path / "kept").exists()


def test_a_run_that_is_broken_off_leaves_nothing_running(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bounded, sleep, tmp_path / "kept")
        while not (tmp_path / "kept").exists():
            time.sleep(0.05)
        stop_all()
        assert waiting.result(timeout=30) == "SIGKILL"


def test_it_gets_no_more_memory_than_it_may_take(tmp_path: Path) -> None:
    assert bounded(swell, tmp_path / "kept", memory=4 * 10**9) is None
    assert (tmp_path / "kept").exists()


def test_a_failure_of_its_own_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="fail failed"):
        bounded(fail, tmp_path / "kept")
