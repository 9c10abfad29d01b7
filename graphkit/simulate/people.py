"""Who the simulated accounts are: one row each, and ordinary until a group makes them otherwise."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.network import ACCOUNTS_PER_POOL
from graphkit.simulate.words import CLIENTS, COUNTRIES, MAIL_DOMAINS, MODELS, pick
from graphkit.simulate.world import World

DAY_US = 86_400_000_000
NEVER = np.iinfo(np.int64).max
GROUPS = (
    "lone",
    "ring",
    "household",
    "office",
    "company_card",
    "carrier_nat",
    "vpn",
    "harness",
    "viral",
    "crowd",
)
N_WORDS = 20_000
COMMON_DEVICES = sum(releases for _, _, releases in CLIENTS)

# Everything an account owns carries the number of the account that owns it, so that sharing is
# taking over the owner's number.
PERSON = np.dtype(
    [
        ("number", np.int64),
        ("group", np.int8),
        ("ring", np.int32),  # -1: none
        ("created", np.int64),  # microseconds since 1970
        ("banned", np.int64),  # the same; NEVER
        ("country", np.int8),
        ("ahead", np.int8),  # hours ahead of UTC
        ("rhythm", np.int8),  # row of day.RHYTHMS
        ("late", np.float64),  # hours later than others of the rhythm
        ("rate", np.float64),  # requests a day
        ("active", np.float64),  # share of days with requests
        ("weekend", np.float64),  # rate on a Saturday or Sunday, as a share
        ("pool", np.int32),
        ("rank", np.int64),
        ("v6", np.float64),  # share of requests from home over IPv6
        ("shared", np.int64),  # first of the shared addresses used
        ("shared_n", np.int64),
        ("shared_h", np.int64),  # hours until the next of them is used
        ("shared_share", np.float64),
        ("at_work", np.bool_),  # shared addresses in working hours only
        ("device", np.int32),
        ("device2", np.int32),
        ("domain", np.int64),
        ("org", np.int64),  # -1: none
        ("card", np.int64),
        ("payer", np.int64),
        ("pays", np.float64),  # payments a day
        ("wrapper", np.int32),  # -1: none
        ("wrapper2", np.int32),
        ("wrapped", np.float64),  # share of requests in a wrapper
        ("distills", np.bool_),  # what is wrapped are whole public prompts
        ("word", np.int32),
        ("model", np.int8),
        ("phrase", np.int8),  # a fixed prompt sent on `phrase_day`
        ("phrase_day", np.int32),  # -1: never
        ("sure_day", np.int32),  # a day with at least one request; -1: none
        ("landmark", np.bool_),  # the first request of `sure_day` comes from the shared addresses
    ]
)


def start_us(world: World) -> int:
    """The first microsecond of the world's first day, since 1970."""
    first = datetime(world.end.year, world.end.month, world.end.day, tzinfo=UTC)
    first -= timedelta(days=world.days - 1)
    return int(first.timestamp()) * 1_000_000


def ordinary(rng: np.random.Generator, world: World, n: int, n_pools: int) -> NDArray[np.void]:
    """Make lone accounts: each with a home, a card, a name and a device of its own.

    Args:
        rng: the source of chance.
        world: the settings.
        n: how many.
        n_pools: home providers there are.

    Returns:
        PERSON, shape (n,).
    """
    people = np.zeros(n, PERSON)
    people["number"] = people["card"] = people["payer"] = np.arange(n)
    people["ring"] = people["wrapper"] = people["wrapper2"] = -1
    people["phrase_day"] = people["sure_day"] = -1
    people["banned"] = NEVER
    age_d = rng.exponential(200, n) - world.days
    created = start_us(world) - (age_d * DAY_US).astype(np.int64)
    people["created"] = np.minimum(created, start_us(world) + world.days * DAY_US - 1)
    people["country"] = pick(rng, [share for _, share, _ in COUNTRIES], n)
    people["ahead"] = np.array([ahead for _, _, ahead in COUNTRIES])[people["country"]]
    people["late"] = rng.normal(0, 1.5, n)
    people["rate"] = rng.lognormal(-0.605, 1.1, n)
    people["active"] = rng.beta(4, 2, n)
    people["weekend"] = rng.uniform(0.4, 1.1, n)
    people["pool"] = rng.integers(0, n_pools, n)
    people["rank"] = rank_within(people["pool"])
    people["v6"] = np.where(rng.random(n) < world.v6_share, 0.7, 0.0)
    people["shared_n"] = people["shared_h"] = 1
    _equip(rng, world, people)
    return people


def _equip(rng: np.random.Generator, world: World, people: NDArray[np.void]) -> None:
    """Give accounts devices, mail, an organisation, a habit of paying, words and a model."""
    n = len(people)
    weights = [share / releases for _, share, releases in CLIENTS for _ in range(releases)]
    rare = rng.random(n) < 0.05
    rare_devices = COMMON_DEVICES + rng.integers(0, n_rare_devices(n), n)
    people["device"] = np.where(rare, rare_devices, pick(rng, weights, n))
    second = pick(rng, weights, n)
    people["device2"] = np.where(rng.random(n) < 0.25, second, people["device"])
    own_domain = len(MAIL_DOMAINS) + people["number"]
    public = pick(rng, [share for _, share in MAIL_DOMAINS], n)
    people["domain"] = np.where(rng.random(n) < 0.08, own_domain, public)
    people["org"] = np.where(rng.random(n) < 0.4, people["number"], -1)
    pays = rng.uniform(0.05, 0.5, n)
    people["pays"] = np.where(rng.random(n) < world.free_share, 0.0, pays)
    people["word"] = rng.integers(0, N_WORDS, n)
    people["model"] = pick(rng, [share for _, share in MODELS], n)


def n_rare_devices(n: int) -> int:
    """How many seldom seen devices there are among n accounts."""
    return max(20, n // 60)


def n_pools(n: int) -> int:
    """How many home providers n accounts have."""
    return 8 + n // ACCOUNTS_PER_POOL


def rank_within(pool: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number the accounts of each pool from 0.

    Returns:
        int64, shape (n,).
    """
    order = np.argsort(pool, kind="stable")
    first = np.searchsorted(pool[order], pool[order], side="left")
    rank = np.empty(len(pool), np.int64)
    rank[order] = np.arange(len(pool)) - first
    return rank


def runs(
    rng: np.random.Generator, members: NDArray[np.int64], low: int, high: int
) -> NDArray[np.int64]:
    """Cut members into runs of `low` to `high` and name each one's run by its first member.

    Args:
        rng: the source of chance.
        members: places of accounts, shape (n,).
        low: members of the shortest run; the last run may be shorter.
        high: members of the longest.

    Returns:
        int64, shape (n,): for each member the place of the first of its run.
    """
    sizes = rng.integers(low, high + 1, len(members) // low + 1)
    ends = np.cumsum(sizes)
    run = np.searchsorted(ends, np.arange(len(members)), side="right")
    firsts: NDArray[np.int64] = members[(ends - sizes)[run]]
    return firsts


def share(
    people: NDArray[np.void], members: NDArray[np.int64], owners: NDArray[np.int64], *fields: str
) -> None:
    """Let members take over what their owners have, in place.

    Args:
        people: PERSON.
        members: places in `people`.
        owners: of each member the place of the account whose things it uses.
        fields: what is shared.
    """
    for field in fields:
        people[field][members] = people[field][owners]
