"""The whole population of a world, made once from its seed."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import TRUTH
from graphkit.simulate.groups import ban_some, form_groups, run_pipelines
from graphkit.simulate.network import Network, providers
from graphkit.simulate.operators import plant_rings
from graphkit.simulate.people import DAY_US, GROUPS, n_pools, n_rare_devices, ordinary, start_us
from graphkit.simulate.stock import Stock, new_words
from graphkit.simulate.words import (
    BASE32,
    CLIENTS,
    COUNTRIES,
    FIRST_NAMES,
    HARNESS_AGENT,
    HEX,
    LETTERS,
    MAIL_DOMAINS,
    RARE_CLIENTS,
    codes,
    join,
    take,
)
from graphkit.simulate.world import World


@dataclasses.dataclass(frozen=True)
class Population:
    """Accounts and what they own; row i of `cards`, `names` and so on is account i's own.

    Attributes:
        people: PERSON, shape (n,).
        ids: account ids.
        domains: public mail domains, then one for each account.
        orgs: organisation ids.
        cards: fingerprint, bin, last4.
        names: billing_name, billing_postal, billing_country.
        agents: user agent of each device.
        tls: TLS fingerprint of each device.
        words: invented words.
        before: what stands before the payload, by wrapper.
        after: what stands after it.
        network: where requests come from.
        stream: number that keeps this population's chance apart from another's.
    """

    people: NDArray[np.void]
    ids: pa.Array
    domains: pa.Array
    orgs: pa.Array
    cards: pa.Table
    names: pa.Table
    agents: pa.Array
    tls: pa.Array
    words: pa.Array
    before: pa.Array
    after: pa.Array
    network: Network
    stream: int


def populate(world: World) -> Population:
    """Make the accounts of a world, without its crowd."""
    rng = np.random.default_rng([world.seed, 0])
    n = world.accounts
    people = ordinary(rng, world, n, n_pools(n))
    homes = np.bincount(people["pool"], minlength=n_pools(n))
    words = new_words(rng)
    stock = Stock(rng, providers(rng, homes, seed=world.seed, skip=0), words)
    n_members = plant_rings(stock, world, people)
    free = np.arange(n_members, n)
    form_groups(stock, world, people, free)
    run_pipelines(stock, world, people, free)
    ban_some(stock, world, people, free)
    people["rate"] *= world.requests_per_account_day * n * world.days / _expected(world, people)
    return _furnish(stock, world, people, stream=0)


def gather_crowd(world: World) -> Population:
    """Make the crowd: lone accounts, of whom some share one address or one prompt."""
    rng = np.random.default_rng([world.seed, 1])
    n = world.crowd_size
    people = ordinary(rng, world, n, n_pools(n))
    homes = np.bincount(people["pool"], minlength=n_pools(n))
    skip = n_pools(world.accounts)
    stock = Stock(rng, providers(rng, homes, seed=world.seed, skip=skip), new_words(rng))
    people["group"] = GROUPS.index("crowd")
    people["created"] = np.minimum(people["created"], start_us(world) - DAY_US)
    people["rate"] *= world.requests_per_account_day * n * world.days / _expected(world, people)
    people["sure_day"] = np.arange(n) % world.days
    people["shared"] = stock.new_addresses(1)
    who = rng.permutation(n)
    chanters = who[: world.crowd_prompt]
    people["phrase"][chanters] = 1
    people["phrase_day"][chanters] = people["sure_day"][chanters]
    people["landmark"][who[: world.crowd_address]] = True
    return _furnish(stock, world, people, stream=1)


def truth_of(populations: list[Population]) -> pa.Table:
    """Who is in which ring and group, by account id."""
    tables = []
    for population in populations:
        ring = population.people["ring"]
        names = [f"op-{number + 1:04d}" if number >= 0 else None for number in ring.tolist()]
        rings = pa.array(names, pa.string())
        groups = take(GROUPS, population.people["group"])
        tables.append(pa.table([population.ids, rings, groups], names=list(TRUTH.columns)))
    return TRUTH.conform(pa.concat_tables(tables).sort_by("account_id").combine_chunks())


def _expected(world: World, people: NDArray[np.void]) -> float:
    """Requests to expect over the days at the present rates."""
    starts = start_us(world) + DAY_US * np.arange(world.days)
    total = 0.0
    for start in starts.tolist():
        until = np.minimum(people["banned"], start + DAY_US)
        present = np.clip(until - np.maximum(people["created"], start), 0, DAY_US) / DAY_US
        total += float((people["rate"] * pace(people, start) * present).sum())
    return max(total, 1e-9)


def pace(people: NDArray[np.void], start: int) -> NDArray[np.float64]:
    """Share of its rate at which each account works on the day that begins at `start`."""
    weekday = (start // DAY_US + 3) % 7  # 1970 began on a Thursday
    return people["weekend"] if weekday >= 5 else np.ones(len(people))


def _furnish(stock: Stock, world: World, people: NDArray[np.void], *, stream: int) -> Population:
    """Give every account its id, mail domain, organisation, card and name."""
    rng, n = stock.rng, len(people)
    domains = pa.array([name for name, _ in MAIL_DOMAINS], pa.string())
    own = join(
        take(stock.words, rng.integers(0, len(stock.words), n)), codes(rng, n, LETTERS, 4), ".dev"
    )
    digits = "0123456789"
    bins = codes(rng, 240, digits, 5)
    cards = pa.table(
        {
            "fingerprint": join("fp_", codes(rng, n, BASE32, 16)),
            "bin": join("4", take(bins, (240 * rng.random(n) ** 1.6).astype(np.int64))),
            "last4": codes(rng, n, digits, 4),
        }
    )
    surname = take(stock.words, rng.integers(0, len(stock.words), n))
    names = pa.table(
        {
            "billing_name": join(
                take(FIRST_NAMES, rng.integers(0, len(FIRST_NAMES), n)), " ", surname
            ),
            "billing_postal": codes(rng, n, digits, 5),
            "billing_country": take([name for name, _, _ in COUNTRIES], people["country"]),
        }
    )
    agents, tls = _devices(rng, n_rare_devices(n))
    before, after = zip(*stock.wrappers, strict=True) if stock.wrappers else ((), ())
    shared = np.concatenate(stock.addresses) if stock.addresses else np.zeros(0, np.uint32)
    return Population(
        people=people,
        ids=join("acct_", codes(rng, n, BASE32, 16)),
        domains=pa.concat_arrays([domains, pc.utf8_lower(own)]),
        orgs=join("org_", codes(rng, n, BASE32, 12)),
        cards=cards,
        names=names,
        agents=agents,
        tls=tls,
        words=stock.words,
        before=pa.array(before, pa.string()),
        after=pa.array(after, pa.string()),
        network=dataclasses.replace(stock.network, shared=shared),
        stream=stream,
    )


def _devices(rng: np.random.Generator, n_rare: int) -> tuple[pa.Array, pa.Array]:
    """Common clients by release, then the seldom ones, then the harness."""
    agents, tls = [], []
    for (pattern, _, releases), mark in zip(
        CLIENTS, codes(rng, len(CLIENTS), HEX, 24), strict=True
    ):
        agents += [pattern.format(10 + release) for release in range(releases)]
        tls += [_fingerprint(mark.as_py())] * releases
    for number, mark in enumerate(codes(rng, n_rare, HEX, 24)):
        agents.append(RARE_CLIENTS[number % len(RARE_CLIENTS)].format(number // len(RARE_CLIENTS)))
        tls.append(_fingerprint(mark.as_py()))
    agents.append(HARNESS_AGENT)
    tls.append(_fingerprint(codes(rng, 1, HEX, 24)[0].as_py()))
    return pa.array(agents), pa.array(tls)


def _fingerprint(mark: str) -> str:
    """Spell 24 random digits like a JA4 fingerprint."""
    return f"t13d1{mark[0]}1{mark[1]}h2_{mark[:12]}_{mark[12:]}"
