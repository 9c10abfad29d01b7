"""Honest accounts that share things: what makes each group more than lone accounts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.people import (
    COMMON_DEVICES,
    DAY_US,
    GROUPS,
    N_WORDS,
    n_rare_devices,
    runs,
    share,
    start_us,
)
from graphkit.simulate.prompts import HARNESS
from graphkit.simulate.stock import Stock
from graphkit.simulate.words import MAIL_DOMAINS
from graphkit.simulate.world import World

ORDINARY, OFFICE, SHIFT = 0, 1, 2


def form_groups(
    stock: Stock, world: World, people: NDArray[np.void], free: NDArray[np.int64]
) -> None:
    """Turn the first of the free accounts into groups, in place; the rest stay lone.

    Args:
        stock: shared things of the world.
        world: the settings.
        people: PERSON.
        free: places of the accounts that no ring runs.
    """
    for group, size in _group_sizes(stock.rng, world):
        members, free = free[:size], free[size:]
        people["group"][members] = GROUPS.index(group)
        if len(members):
            FORM[group](stock, world, people, members)


def _group_sizes(rng: np.random.Generator, world: World) -> list[tuple[str, int]]:
    """Every group and its accounts; a small world has smaller offices and companies."""
    most = max(3, world.accounts // 25)
    shares = {
        "household": world.household_share,
        "carrier_nat": world.carrier_share,
        "vpn": world.vpn_share,
        "harness": world.harness_share,
        "viral": world.viral_share,
    }
    sizes = [(group, round(part * world.accounts)) for group, part in shares.items()]
    n_offices = world.accounts // world.office_accounts
    n_companies = world.accounts // world.company_accounts
    for group, n, low, high in (
        ("office", max(1, n_offices), 40, 60),
        ("office", n_offices, 150, 300),
        ("company_card", max(1, n_companies), 10, 40),
    ):
        drawn = np.minimum(rng.integers(low, high + 1, n), most)
        sizes += [(group, size) for size in drawn.tolist()]
    return sizes


def form_households(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Two to five people at one home; in half of the homes one card pays for all."""
    owners = runs(stock.rng, members, 2, 5)
    share(people, members, owners, "pool", "rank", "v6", "country", "ahead")
    common = stock.rng.random(len(people))[owners] < 0.5
    share(people, members[common], owners[common], "card", "payer")


def form_carriers(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Many subscribers behind the few addresses of a mobile carrier."""
    n = max(4, len(members) // 25)
    people["shared"][members] = stock.new_addresses(n, n_pools=min(4, n))
    people["shared_n"][members] = n
    people["shared_h"][members] = 6
    people["shared_share"][members] = stock.rng.uniform(0.3, 1.0, len(members))


def form_vpn(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Customers of a public VPN with a few exits."""
    n = max(3, len(members) // 12)
    people["shared"][members] = stock.new_addresses(n, n_pools=min(3, n))
    people["shared_n"][members] = n
    people["shared_h"][members] = stock.rng.integers(12, 73, len(members))
    people["shared_share"][members] = stock.rng.uniform(0.4, 1.0, len(members))


def form_harness(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Strangers whose requests a coding harness wraps in its long instruction."""
    stock.wrappers.append((HARNESS, ""))
    people["wrapper"][members] = len(stock.wrappers) - 1
    people["wrapped"][members] = stock.rng.uniform(0.5, 0.95, len(members))
    device = COMMON_DEVICES + n_rare_devices(len(people))
    people["device"][members] = people["device2"][members] = device


def form_viral(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Strangers who try the prompt that everybody talks about, mostly towards the end."""
    day = np.floor(world.days * stock.rng.beta(3, 1.5, len(members))).astype(np.int32)
    people["phrase_day"][members] = people["sure_day"][members] = day
    people["created"][members] = np.minimum(people["created"][members], start_us(world) - DAY_US)


def form_office(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Colleagues with cards and homes of their own, one address at work and one mail domain."""
    owners = np.full(len(members), members[0])
    people["domain"][members[0]] = len(MAIL_DOMAINS) + members[0]
    share(people, members, owners, "domain", "country", "ahead")
    people["shared"][members] = stock.new_addresses(1 if len(members) < 100 else 2)
    people["shared_n"][members] = 1 if len(members) < 100 else 2
    people["shared_h"][members] = 24
    people["shared_share"][members] = stock.rng.uniform(0.8, 1.0, len(members))
    people["at_work"][members] = True
    people["rhythm"][members] = OFFICE


def form_company(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """One organisation that pays for all its accounts with one card, from several addresses."""
    owners = np.full(len(members), members[0])
    people["domain"][members[0]] = len(MAIL_DOMAINS) + members[0]
    people["org"][members[0]] = members[0]
    people["pays"][members] = stock.rng.uniform(0.1, 0.5, len(members))
    share(people, members, owners, "domain", "org", "card", "payer", "country", "ahead")
    n = int(stock.rng.integers(3, 7))
    people["shared"][members] = stock.new_addresses(n, n_pools=2)
    people["shared_n"][members] = n
    people["shared_h"][members] = 48
    people["shared_share"][members] = stock.rng.uniform(0.5, 0.9, len(members))
    people["rhythm"][members] = OFFICE


FORM: dict[str, Callable[[Stock, World, NDArray[np.void], NDArray[np.int64]], None]] = {
    "household": form_households,
    "carrier_nat": form_carriers,
    "vpn": form_vpn,
    "harness": form_harness,
    "viral": form_viral,
    "office": form_office,
    "company_card": form_company,
}


def run_pipelines(
    stock: Stock, world: World, people: NDArray[np.void], free: NDArray[np.int64]
) -> None:
    """Give some honest accounts a wrapper that nobody else has."""
    without = free[people["wrapper"][free] < 0]
    owners = without[stock.rng.random(len(without)) < world.pipeline_share]
    people["wrapper"][owners] = [stock.new_wrapper() for _ in owners]
    people["wrapped"][owners] = stock.rng.uniform(0.3, 1.0, len(owners))
    people["distills"][owners] = stock.rng.random(len(owners)) < 0.5
    people["word"][owners] = stock.rng.integers(0, N_WORDS, len(owners))


def ban_some(stock: Stock, world: World, people: NDArray[np.void], free: NDArray[np.int64]) -> None:
    """Ban a few honest accounts, for reasons that have nothing to do with rings."""
    banned = free[stock.rng.random(len(free)) < world.banned_share]
    when = start_us(world) + stock.rng.random(len(banned)) * world.days * DAY_US
    people["banned"][banned] = np.maximum(when.astype(np.int64), people["created"][banned])
