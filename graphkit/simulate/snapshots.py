"""Write a simulated world to a folder, in the layout that a provider hands over."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from graphkit.errors import UsageError
from graphkit.simulate.day import make_day
from graphkit.simulate.population import gather_crowd, populate, truth_of
from graphkit.simulate.world import World


def simulate(
    out: Path | str,
    world: World | None = None,
    *,
    accounts: int | None = None,
    days: int | None = None,
    seed: int | None = None,
    end: date | None = None,
    requests_per_account_day: float | None = None,
) -> World:
    """Simulate a provider: write `out/dt=.../{accounts,requests,payments}.parquet` and the truth.

    One day is in memory at a time, and the same world is the same bytes. `out/truth.parquet`
    (TRUTH) is written last, so that it stands for a complete folder.

    Args:
        out: a folder that does not exist or is empty.
        world: the settings; the defaults where None.
        accounts: accounts in all, in place of the world's.
        days: days that end on `end`, in place of the world's.
        seed: seed of everything random, in place of the world's.
        end: last day, in place of the world's.
        requests_per_account_day: requests over accounts times days, in place of the world's; for
            a total of 1,000,000 by 50,000 accounts in 7 days say `1e6 / 50_000 / 7`.

    Returns:
        The world as it was simulated.

    Raises:
        UsageError: `out` holds something already or is no folder; a setting does not fit.
    """
    asked = {
        "accounts": accounts,
        "days": days,
        "seed": seed,
        "end": end,
        "requests_per_account_day": requests_per_account_day,
    }
    settled = _settle(
        world or World(), {name: value for name, value in asked.items() if value is not None}
    )
    out = Path(out)
    _refuse_full(out)
    populations = [populate(settled)]
    if settled.crowd_size:
        populations.append(gather_crowd(settled))
    for day in range(settled.days):
        dt = settled.end - timedelta(days=settled.days - 1 - day)
        folder = out / f"dt={dt.isoformat()}"
        folder.mkdir(parents=True)
        for name, table in make_day(settled, populations, day).items():
            _write(table, folder / f"{name}.parquet")
    _write(truth_of(populations), out / "truth.parquet")
    return settled


def _settle(world: World, asked: dict[str, object]) -> World:
    """Lay what was asked for over the world."""
    try:
        return World.model_validate(world.model_dump() | asked)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"this world cannot be simulated: {'.'.join(map(str, first['loc'])) or 'settings'}",
            found=repr(first.get("input"))[:80],
            allowed=first["msg"],
            do="correct the value",
        ) from None


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
