"""One part of one day of a simulated world, from the population, the date and the part alone."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import ACCOUNTS, PAYMENTS, REQUESTS, TIMESTAMP
from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.network import address
from graphkit.simulate.people import start_us
from graphkit.simulate.population import Population
from graphkit.simulate.sessions import moments
from graphkit.simulate.slots import DAY_US, HOUR_US
from graphkit.simulate.spelling import (
    SECOND_CARD,
    account_ids,
    cards,
    domains,
    org_ids,
    payers,
)
from graphkit.simulate.text.compose import Library, compose
from graphkit.simulate.text.corpus import Corpus
from graphkit.simulate.words import COUNTRIES, MODELS, take
from graphkit.simulate.world import World

_SMALL, _NEXT = 0, len(MODELS) - 1
_ANOTHER_MODEL = 0.1  # of all requests, those to the small model
_AMOUNTS = (5, 10, 20, 25, 50, 100, 200)
_AMOUNT_WEIGHTS = (0.2, 0.25, 0.25, 0.1, 0.1, 0.07, 0.03)


def make_part(population: Population, corpus: Corpus, day: int, part: int) -> dict[str, pa.Table]:
    """Make the snapshot of one day for one run of accounts.

    Args:
        population: everybody, as `populate` made them.
        corpus: public prompts.
        day: 0 for the first day.
        part: place of the run in `population.parts`.

    Returns:
        `accounts` as of the end of the day by id, `requests` and `payments` of the day by time.
    """
    world = population.world
    date = world.end - timedelta(days=world.days - 1 - day)
    key = (world.seed, 100 + part, date.toordinal())
    run = population.parts[part]
    people, number = population.people[run], np.arange(run.start, run.stop)
    return {
        "accounts": _accounts(population, people, number, day),
        "requests": _requests(Chance(*key, 0), population, people, number, corpus, day),
        "payments": _payments(Chance(*key, 1), population, people, number, day),
    }


def launch_us(world: World) -> int:
    """When the new model comes out: in the afternoon of the day in the middle."""
    return start_us(world) + (world.days // 2) * DAY_US + 15 * HOUR_US


def _accounts(population: Population, people: NDArray[np.void], number: Ints, day: int) -> pa.Table:
    """The accounts that exist at the end of the day."""
    world = population.world
    until = start_us(world) + (day + 1) * DAY_US
    there = np.flatnonzero(people["created"] < until)
    people = people[there]
    columns = [
        account_ids(world.seed, number[there]),
        pa.array(people["created"], pa.int64()).cast(TIMESTAMP),
        domains(world.seed, population.words, people["domain"]),
        org_ids(world.seed, people["org"]),
        take([name for name, _, _ in COUNTRIES], people["country"]),
        take(["active", "banned"], (people["banned"] < until).astype(np.int64)),
    ]
    table = pa.table(columns, names=list(ACCOUNTS.columns))
    return ACCOUNTS.conform(table.sort_by("account_id"))


def _requests(
    chance: Chance,
    population: Population,
    people: NDArray[np.void],
    number: Ints,
    corpus: Corpus,
    day: int,
) -> pa.Table:
    """The requests of the day."""
    world = population.world
    start = start_us(world) + day * DAY_US
    made = moments(chance, people, population.jobs, start=start, day=day)
    rows, ts, n = made.rows, made.ts, len(made.rows)
    once = (people["once_day"][rows] == day) & (made.nth == 0)
    egress = people["egress"][rows, made.slot]
    detour = once & (people["once_route"][rows] >= 0)
    device = np.where(made.second, people["device2"][rows], people["device"][rows])
    moves_h = people["moves_h"][rows].astype(np.int64)
    moved = (moves_h >= 0) & (ts >= launch_us(world) + moves_h * HOUR_US)
    model = np.where(moved, _NEXT, people["model"][rows])
    model = np.where(chance.flip(_ANOTHER_MODEL, n), _SMALL, model)
    library = Library(population.texts, population.pieces, population.words, corpus)
    prompt = compose(chance, library, people, rows, nth=made.nth, once=once, day=day)
    letters = np.asarray(pc.utf8_length(prompt)).astype(np.int64)
    columns = [
        take(account_ids(world.seed, number), rows),
        pa.array(ts, pa.int64()).cast(TIMESTAMP),
        address(
            population.network,
            route=np.where(detour, people["once_route"][rows], egress["route"]),
            seat=egress["seat"],
            hour=ts // HOUR_US,
            nonce=(chance.raw(n) >> np.uint64(1)).astype(np.int64),
            six=made.six & ~detour,
            device=device,
        ),
        take(population.agents, device),
        take(population.tls, device),
        take([name for name, _ in MODELS], model),
        prompt,
        pa.array(letters // 4 + chance.between(3, 11, n), pa.int64()),
        pa.array(np.floor(1 + 270 * chance.lognormal(0.9, n)).astype(np.int64), pa.int64()),
    ]
    return REQUESTS.conform(pa.table(columns, names=list(REQUESTS.columns)))


def _payments(
    chance: Chance, population: Population, people: NDArray[np.void], number: Ints, day: int
) -> pa.Table:
    """The payments of the day."""
    world, n = population.world, len(people)
    ts = start_us(world) + day * DAY_US + np.floor(chance.unit(n) * DAY_US).astype(np.int64)
    pays = chance.unit(n) * 255 < people["pays"]
    who = np.flatnonzero(pays & (ts >= people["created"]) & (ts < people["banned"]))
    who = who[np.argsort(ts[who], kind="stable")]
    second = chance.unit(len(who)) * 255 < people["card2_share"][who]
    owner = np.where(second, people["card2"][who], number[who])
    payer = population.people[owner]
    turn_d = payer["card_turn_d"].astype(np.int64)
    turn = np.where(turn_d > 0, day // turn_d.clip(1), 0)
    turn += np.where(second & (owner == number[who]), SECOND_CARD, 0)
    amounts = pa.array([Decimal(f"{dollars}.00") for dollars in _AMOUNTS], pa.decimal128(18, 2))
    columns = [
        account_ids(world.seed, number[who]),
        pa.array(ts[who], pa.int64()).cast(TIMESTAMP),
        pa.repeat("card", len(who)),
        *cards(world.seed, payer["card"], turn, payer["issuer"]),
        *payers(world.seed, population.words, payer["payer"], payer["alias"]),
        take([name for name, _, _ in COUNTRIES], payer["country"]),
        take(amounts, chance.pick(_AMOUNT_WEIGHTS, len(who))),
    ]
    return PAYMENTS.conform(pa.table(columns, names=list(PAYMENTS.columns)))
