"""What every test shares: hypothesis' profile, the way to real data, and one simulated world."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from graphkit.simulate import simulate
from tests.simulated import WORLD, Made, load

# The query engine's first call takes longer than hypothesis' deadline, and a failure must be the
# same on every machine.
settings.register_profile("graphkit", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("graphkit")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that GRAPHKIT_DATA names; without one, the test says it skipped."""
    folder = os.environ.get("GRAPHKIT_DATA")
    if not folder:
        pytest.skip("GRAPHKIT_DATA is not set: no real data to test on")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"GRAPHKIT_DATA names {folder!r}, which is no folder")
    return path


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with `tests/golden/<name>.txt`; GRAPHKIT_GOLDEN=renew writes it anew."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / f"{name}.txt"
        if os.environ.get("GRAPHKIT_GOLDEN") == "renew":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n", "utf-8")
        assert path.exists(), f"no golden text {path.name}; set GRAPHKIT_GOLDEN=renew to write it"
        assert text + "\n" == path.read_text("utf-8")

    return compare


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The world that tests of the simulator look at, made once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("world") / "snapshots"
    simulate(folder, WORLD)
    return load(folder)
