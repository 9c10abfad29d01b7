"""Write a simulated world to a folder, in the layout that a provider hands over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.errors import UsageError
from graphkit.simulate.day import make_part
from graphkit.simulate.population import Population, populate
from graphkit.simulate.text.corpus import Corpus, digest, load
from graphkit.simulate.truth import traces_of, truth_of
from graphkit.simulate.world import World


def simulate(
    out: Path | str, world: World, *, prompts: Path | None = None, workers: int = 1
) -> World:
    """Simulate a provider: write its snapshots and its truth.

    A table of a day is one file, `out/dt=.../requests.parquet`, or in a large world a folder of
    files of that name. Beside the days lie `world.json` (the settings), `traces.parquet` (TRACES)
    and `truth.parquet` (TRUTH), which is written last, so that it stands for a complete folder.
    A part of a day is in memory at a time; the same world is the same bytes, whatever made it.

    Args:
        out: a folder that does not exist or is empty.
        world: the settings.
        prompts: a corpus in place of the packaged sample: lines of text, or JSON lines with a
            `text` each; either may be gzipped.
        workers: threads that make parts of days.

    Returns:
        The world as it was simulated: with the digest of its corpus.

    Raises:
        UsageError: `out` holds something already or is no folder.
        DataError: the corpus cannot be used.
    """
    world = world.model_copy(update={"prompts": digest(prompts)})
    out = Path(out)
    _refuse_full(out)
    corpus, population = load(prompts), populate(world)
    out.mkdir(parents=True, exist_ok=True)
    (out / "world.json").write_text(world.model_dump_json(indent=2) + "\n", "utf-8")
    parts = [(day, part) for day in range(world.days) for part in range(len(population.parts))]
    # Threads, since all that takes long is in NumPy and Arrow, and they share the population.
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda at: _write_part(population, corpus, out, *at), parts))
    _write(traces_of(population, corpus), out / "traces.parquet")
    _write(truth_of(population), out / "truth.parquet")
    return world


def _write_part(population: Population, corpus: Corpus, out: Path, day: int, part: int) -> None:
    """Write one part of one day."""
    world = population.world
    folder = out / f"dt={world.end - timedelta(days=world.days - 1 - day)}"
    for name, table in make_part(population, corpus, day, part).items():
        if len(population.parts) == 1:
            path = folder / f"{name}.parquet"
        else:
            path = folder / name / f"part-{part:03d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(table, path)


def _refuse_full(out: Path) -> None:
    """Keep simulated days from being mixed with anything else."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise UsageError(
            f"{out} is not empty" if out.is_dir() else f"{out} is no folder",
            found=f"{sum(1 for _ in out.iterdir())} entries" if out.is_dir() else "a file",
            allowed="a folder that does not exist yet, or an empty one",
            do="name another folder, or remove this one first",
        )


def _write(table: pa.Table, path: Path) -> None:
    """Write one Parquet file, compressed and with page checksums."""
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
