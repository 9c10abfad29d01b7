"""One day of a simulated world, from the world's seed and the date alone."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import ACCOUNTS, PAYMENTS, REQUESTS, TIMESTAMP
from graphkit.simulate.compose import compose
from graphkit.simulate.network import address
from graphkit.simulate.people import DAY_US, start_us
from graphkit.simulate.population import Population, pace
from graphkit.simulate.words import COUNTRIES, MODELS, evenly, take
from graphkit.simulate.world import World

HOUR_US = 3_600_000_000
# How likely each local hour is: people at home and about, people at work, operators' scripts.
RHYTHMS = np.array(
    [
        [2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 9, 9, 9, 9, 8, 7, 8, 9, 8, 6, 4],
        [0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 12, 11, 8, 11, 12, 12, 10, 6, 2, 1, 1, 1, 0, 0],
        [4, 4, 4, 3, 3, 3, 4, 5, 7, 8, 8, 8, 7, 8, 8, 8, 8, 8, 7, 7, 7, 6, 5, 5],
    ],
    np.float64,
)
_AMOUNTS = pa.array(
    [Decimal(f"{dollars}.00") for dollars in (5, 10, 20, 25, 50, 100, 200)], pa.decimal128(18, 2)
)
_AMOUNT_EDGES = np.cumsum([0.2, 0.25, 0.25, 0.1, 0.1, 0.07, 0.03])


def make_day(world: World, populations: list[Population], day: int) -> dict[str, pa.Table]:
    """Make the snapshot of one day.

    Args:
        world: the settings.
        populations: everybody, as `populate` and `gather_crowd` made them.
        day: 0 for the first day.

    Returns:
        `accounts` as of the end of the day by id, `requests` and `payments` of the day by time.
    """
    tables: dict[str, pa.Table] = {}
    for name, make, order in (
        ("accounts", _accounts, ["account_id"]),
        ("requests", _requests, ["ts", "account_id"]),
        ("payments", _payments, ["ts", "account_id"]),
    ):
        rows = pa.concat_tables([make(world, population, day) for population in populations])
        tables[name] = rows.sort_by([(column, "ascending") for column in order]).combine_chunks()
    return tables


def _chance(world: World, population: Population, day: int, what: int) -> np.random.Generator:
    """A generator for one day, population and table, whatever else is made."""
    date = world.end - timedelta(days=world.days - 1 - day)
    return np.random.default_rng([world.seed, 2 + population.stream, date.toordinal(), what])


def _accounts(world: World, population: Population, day: int) -> pa.Table:
    """The accounts that exist at the end of the day."""
    people = population.people
    until = start_us(world) + (day + 1) * DAY_US
    there = np.flatnonzero(people["created"] < until)
    people = people[there]
    columns = [
        take(population.ids, there),
        pa.array(people["created"], pa.int64()).cast(TIMESTAMP),
        take(population.domains, people["domain"]),
        take(population.orgs, people["org"]),
        take([name for name, _, _ in COUNTRIES], people["country"]),
        take(["active", "banned"], (people["banned"] < until).astype(np.int64)),
    ]
    return ACCOUNTS.conform(pa.table(columns, names=list(ACCOUNTS.columns)))


def _requests(world: World, population: Population, day: int) -> pa.Table:
    """The requests of the day."""
    rng = _chance(world, population, day, 0)
    rows, ts = _moments(rng, world, population, day)
    people = population.people[rows]
    nth = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    local_h = (ts // HOUR_US + people["ahead"]) % 24
    weekday = (ts // DAY_US + 3) % 7
    at_work = (weekday < 5) & (local_h >= 8) & (local_h < 18)
    shared = (rng.random(len(rows)) < people["shared_share"]) & (~people["at_work"] | at_work)
    shared |= people["landmark"] & (people["sure_day"] == day) & (nth == 0)
    device = np.where(rng.random(len(rows)) < 0.3, people["device2"], people["device"])
    model = np.where(rng.random(len(rows)) < 0.1, 0, people["model"])
    prompt = compose(rng, population, rows, said=_phrases(people, nth, day))
    letters = np.asarray(pc.utf8_length(prompt))
    columns = [
        take(population.ids, rows),
        pa.array(ts, pa.int64()).cast(TIMESTAMP),
        address(population.network, people, ts // HOUR_US, shared=shared),
        take(population.agents, device),
        take(population.tls, device),
        take([name for name, _ in MODELS], model),
        prompt,
        pa.array(letters // 4 + rng.integers(3, 12, len(rows)), pa.int64()),
        pa.array(1 + rng.lognormal(5.6, 0.9, len(rows)).astype(np.int64), pa.int64()),
    ]
    return REQUESTS.conform(pa.table(columns, names=list(REQUESTS.columns)))


def _moments(
    rng: np.random.Generator, world: World, population: Population, day: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who asks when: places in the population (ascending) and microseconds since 1970."""
    people = population.people
    n = len(people)
    start = start_us(world) + day * DAY_US
    wants = rng.poisson(people["rate"] / people["active"] * pace(people, start))
    counts = np.where(rng.random(n) < people["active"], wants, 0)
    counts = np.where(people["sure_day"] == day, np.maximum(counts, 1), counts)
    counts[(people["created"] >= start + DAY_US) | (people["banned"] <= start)] = 0
    # Requests come in up to three sittings a day, whose hours follow the account's rhythm.
    sittings = rng.random((n, 3))
    for number, weights in enumerate(RHYTHMS):
        who = people["rhythm"] == number
        edges = np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum()
        sittings[who] = np.interp(sittings[who], edges, np.arange(25))
    rows = np.repeat(np.arange(n), counts)
    begun_h = sittings[rows, rng.integers(0, 3, len(rows))] + people["late"][rows]
    hours = begun_h - people["ahead"][rows] + rng.exponential(0.35, len(rows))
    ts = start + np.minimum((np.mod(hours, 24) * HOUR_US).astype(np.int64), DAY_US - 1)
    kept = (ts >= people["created"][rows]) & (ts < people["banned"][rows])
    return rows[kept], ts[kept]


def _phrases(people: NDArray[np.void], nth: NDArray[np.int64], day: int) -> NDArray[np.int64]:
    """Which fixed prompt each request is; -1 for none. Three in ten repeat it at once."""
    repeated = (nth == 1) & (evenly(people["number"], 11) < 0.3)
    says = (people["phrase_day"] == day) & ((nth == 0) | repeated)
    return np.where(says, people["phrase"], -1)


def _payments(world: World, population: Population, day: int) -> pa.Table:
    """The payments of the day."""
    rng = _chance(world, population, day, 1)
    people = population.people
    n = len(people)
    ts = start_us(world) + day * DAY_US + rng.integers(0, DAY_US, n)
    pays = (rng.random(n) < people["pays"]) & (ts >= people["created"]) & (ts < people["banned"])
    amounts = np.minimum(np.searchsorted(_AMOUNT_EDGES, rng.random(n)), len(_AMOUNTS) - 1)
    who = np.flatnonzero(pays)
    card, payer, amount = people["card"][who], people["payer"][who], amounts[who]
    columns = [
        take(population.ids, who),
        pa.array(ts[who], pa.int64()).cast(TIMESTAMP),
        pa.repeat("card", len(who)),
        *(take(column.combine_chunks(), card) for column in population.cards.columns),
        *(take(column.combine_chunks(), payer) for column in population.names.columns),
        take(_AMOUNTS, amount),
    ]
    return PAYMENTS.conform(pa.table(columns, names=list(PAYMENTS.columns)))
