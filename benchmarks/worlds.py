"""The worlds that are measured, and what makes sure that they stay the same."""

import hashlib
import json
import sys
import time
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.simulate import World, simulate, world_of
from graphkit.simulate.day import make_part
from graphkit.simulate.population import populate
from graphkit.simulate.text.corpus import load
from graphkit.simulate.truth import traces_of, truth_of

END = date(2026, 11, 22)
# Five days of some four requests per account and day: 50,000 accounts send 1,000,000.
TIMED = {
    name: World(accounts=accounts, days=5, seed=1, end=END)
    for name, accounts in (("small", 1_000), ("10k", 10_000), ("50k", 50_000))
}
GRADED = {
    f"level {level}, seed {seed}": world_of("small", level=level, seed=seed)
    for level in range(5)
    for seed in (7, 8)
}


def fingerprint(world: World) -> str:
    """A digest of what a world says: its settings, its truth and its middle day, cell by cell."""
    population, corpus = populate(world), load()
    tables = [truth_of(population), traces_of(population, corpus)]
    for part in range(len(population.parts)):
        tables += make_part(population, corpus, world.days // 2, part).values()
    said = hashlib.sha256(world.model_dump_json().encode())
    for table in tables:
        for column in table.columns:
            cells = pc.fill_null(column.cast(pa.string()), "\0").combine_chunks()
            said.update(json.dumps(cells.to_pylist()).encode())
    return said.hexdigest()[:16]


def main(name: str, out: Path) -> None:
    """Write a timed world, and print the seconds it took."""
    started = time.perf_counter()
    simulate(out, TIMED[name])
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
