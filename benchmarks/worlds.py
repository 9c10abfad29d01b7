"""The worlds that are measured."""

import sys
import time
from datetime import date
from pathlib import Path

from graphkit.simulate import World, simulate

END = date(2026, 11, 22)
# Five days of some four requests per account and day: 50,000 accounts send 1,000,000.
WORLDS = {
    name: World(accounts=accounts, days=5, seed=1, end=END)
    for name, accounts in (("small", 1_000), ("10k", 10_000), ("50k", 50_000))
}


def main(name: str, out: Path) -> None:
    """Write a world, and print the seconds it took."""
    started = time.perf_counter()
    simulate(out, WORLDS[name])
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
