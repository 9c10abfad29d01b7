"""Accounts before any group or ring writes to them: lone, honest, with things of their own."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, Ints, power_of_two
from graphkit.simulate.draft import Commons, Draft
from graphkit.simulate.network import ACCOUNTS_PER_PROVIDER
from graphkit.simulate.slots import ACCOUNT, DAY_US, HOME_SLOT, NEVER, add_egress
from graphkit.simulate.spelling import COMMON_DEVICES, N_BINS, n_rare_devices
from graphkit.simulate.words import (
    CLIENTS,
    COUNTRIES,
    MAIL_DOMAINS,
    MODELS,
    N_WORDS,
    rank_within,
)
from graphkit.simulate.world import World

# What a developer sends in a day of its life, and so does a ring's member: 28.8 million requests
# over 25,000 accounts and 45 days.
DEVELOPER_REQUESTS = 25.6


def start_us(world: World) -> int:
    """The first microsecond of the world's first day, since 1970."""
    first = datetime(world.end.year, world.end.month, world.end.day, tzinfo=UTC)
    first -= timedelta(days=world.days - 1)
    return int(first.timestamp()) * 1_000_000


def ordinary(chance: Chance, world: World, n: int, n_lines: int, first: int) -> NDArray[np.void]:
    """Make lone accounts: each with a home, a card, a name and a device of its own.

    Args:
        chance: the source of chance.
        world: the settings.
        n: how many.
        n_lines: providers of homes.
        first: number of the first account; what it owns is spelled by its number.

    Returns:
        ACCOUNT, shape (n,).
    """
    people = np.zeros(n, ACCOUNT)
    number = first + np.arange(n)
    people["card"] = people["card2"] = people["payer"] = number
    for field in ("job", "org", "ring", "group", "once_text", "once_route"):
        people[field] = -1
    for field in ("peak_day", "once_day", "moves_h"):
        people[field] = -1
    people["peak_x"] = 1
    people["banned"] = NEVER
    age_d = 200 * chance.exponential(n) * chance.uniform(0.9, 1.1, n) - world.days
    created = start_us(world) - np.floor(age_d * DAY_US).astype(np.int64)
    people["created"] = np.minimum(created, start_us(world) + world.days * DAY_US - 1)
    people["country"] = chance.pick([share for _, share, _ in COUNTRIES], n)
    people["ahead_h"] = np.array([ahead for _, _, ahead in COUNTRIES])[people["country"]]
    people["late_min"] = np.floor(90 * chance.normal(n))
    people["weekend"] = chance.between(100, 255, n)
    home = people["egress"][:, HOME_SLOT]
    home["route"] = chance.below(n_lines, n)
    home["seat"] = rank_within(home["route"])
    home["share"] = 200
    people["v6"] = np.where(chance.flip(world.network.v6_share, n), 180, 0)
    _equip(chance, world, people, number)
    return people


def _equip(chance: Chance, world: World, people: NDArray[np.void], number: Ints) -> None:
    """Give accounts devices, mail, an organisation, a habit of paying, words and a model."""
    n = len(people)
    weights = [share / releases for _, share, releases in CLIENTS for _ in range(releases)]
    rare = COMMON_DEVICES + chance.below(n_rare_devices(world.accounts), n)
    people["device"] = np.where(chance.flip(0.05, n), rare, chance.pick(weights, n))
    second = chance.pick(weights, n)
    people["device2"] = np.where(chance.flip(0.25, n), second, people["device"])
    people["device2_share"] = 77
    public = chance.pick([share for _, share in MAIL_DOMAINS], n)
    people["domain"] = np.where(chance.flip(0.08, n), len(MAIL_DOMAINS) + number, public)
    people["org"] = np.where(chance.flip(0.4, n), number, -1)
    # A few issuers' ranges hold most cards.
    people["issuer"] = np.floor(N_BINS * chance.unit(n) * chance.unit(n)).astype(np.int64)
    pays = chance.between(12, 128, n)
    people["pays"] = np.where(chance.flip(world.honest.free_share, n), 0, pays)
    people["card2_share"] = np.where(chance.flip(0.3, n), chance.between(25, 180, n), 0)
    people["word"] = chance.below(N_WORDS, n)
    people["model"] = chance.pick([share for _, share in MODELS], n)
    moves = chance.flip(world.honest.launch_share, n)
    people["moves_h"] = np.where(moves, np.floor(40 * chance.exponential(n)), -1)


def set_pace(chance: Chance, world: World, people: NDArray[np.void], members: Ints) -> None:
    """Say how much and when each account works, in place.

    Most accounts ask little, by a Zipf law; developers, and the members of rings who are like
    them, ask some 25 times on a day, all within a few lognormal steps of each other.

    Args:
        chance: the source of chance.
        world: the settings.
        people: ACCOUNT.
        members: places of the accounts that rings run.
    """
    n = len(people)
    honest = np.ones(n, np.bool_)
    honest[members] = False
    busy = chance.flip(world.honest.developer_share, n) | ~honest
    rate = np.where(
        busy, 1000 * chance.lognormal(0.55, n), 1000 * power_of_two(0.9 * chance.exponential(n))
    )
    people["active"] = np.where(busy, chance.between(130, 250, n), _seldom(chance, n))
    people["sittings"] = np.where(busy, chance.between(2, 6, n), chance.between(1, 3, n))
    share, mean = world.honest.developer_share, world.honest.requests
    rest = max((mean - share * DEVELOPER_REQUESTS) / max(1 - share, 0.01), mean * 0.2)
    # Developers take what they need; where they alone would exceed the mean, they shrink.
    most = min(DEVELOPER_REQUESTS, 0.8 * mean / max(share, 1e-9))
    for chosen, target in (
        (honest & ~busy, rest),
        (honest & busy, most),
        (~honest, world.rings.requests),
    ):
        who = np.flatnonzero(chosen)
        people["rate"][who] = _scaled(people[who], np.floor(rate[who]).astype(np.int64), target)
    # Developers come for a project and go; a ring's members are banned and replaced.
    bout = np.flatnonzero(honest & busy & chance.flip(world.honest.bout_share, n))
    people["peak_day"][bout] = chance.between(-10, world.days - 1, len(bout)).clip(0)
    people["peak_d"][bout], people["peak_x"][bout] = chance.between(1, 12, len(bout)), 0


def _seldom(chance: Chance, n: int) -> Ints:
    """Days with requests, of 255, of accounts that are no developers': less than half."""
    return 8 + np.floor(110 * chance.unit(n) * chance.unit(n)).astype(np.int64)


def _scaled(people: NDArray[np.void], rate: Ints, target: float) -> Ints:
    """Rates whose mean over days and accounts is `target` requests."""
    week = 5 * 255 + 2 * people["weekend"].astype(np.int64)
    expected = int((rate * people["active"] * week // (7 * 255 * 255)).sum())
    scale = target * 1000 * len(rate) / max(expected, 1)
    scaled: Ints = np.minimum(np.floor(rate * scale), 50_000_000).astype(np.int64)
    return scaled


def open_commons(chance: Chance, draft: Draft) -> Commons:
    """Set up carriers, VPNs, proxy networks and clouds, in sizes that fit the population."""
    network, n = draft.world.network, len(draft.people)
    mobile = int(network.mobile_share * n)
    n_carriers = max(2, mobile // 100_000)
    carrier = min(1000, max(4, mobile // n_carriers // network.carrier_accounts))
    n_vpns = max(2, n // 20_000)
    vpn = max(3, int(network.vpn_share * n) // n_vpns // network.vpn_accounts)
    n_proxies, n_clouds = max(2, n // 100_000), max(3, n // 50_000)
    return Commons(
        carriers=draft.add_blocks(chance, np.full(n_carriers, carrier), hold_h=6),
        vpns=draft.add_blocks(chance, np.full(n_vpns, vpn), hosted=True, spread=3, hold_h=12),
        proxies=draft.add_proxies(chance, np.full(n_proxies, max(50, n // 10)), hold_h=1),
        clouds=draft.add_blocks(
            chance, np.full(n_clouds, max(20, n // 200)), hosted=True, spread=2, hold_h=24
        ),
    )


def go_out(chance: Chance, draft: Draft, free: Ints) -> None:
    """Let honest accounts go out through carriers, VPNs, proxies and clouds besides home.

    Args:
        chance: the source of chance.
        draft: the population.
        free: places of the accounts that have no addresses of a group.
    """
    network, commons = draft.world.network, draft.commons
    for routes, share, low, high in (
        (commons.carriers, network.mobile_share, 0.2, 0.8),
        (commons.vpns, network.vpn_share, 0.3, 0.95),
        (commons.proxies, network.proxied_share, 0.3, 0.95),
        (commons.clouds, network.cloud_share, 0.3, 0.98),
    ):
        who = free[chance.flip(share, len(free))]
        chosen = routes[chance.below(len(routes), len(who))]
        add_egress(draft.people, who, chosen, chance.uniform(low, high, len(who)), seat=who)


def n_lines_of(n: int) -> int:
    """How many providers of homes n accounts have."""
    return 8 + n // ACCOUNTS_PER_PROVIDER
