"""Accounts before any group or ring writes to them: lone, honest, with things of their own."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, Floats, Ints, power_of_two
from graphkit.simulate.draft import Commons, Draft
from graphkit.simulate.network import ACCOUNTS_PER_PROVIDER
from graphkit.simulate.slots import ACCOUNT, DAY_US, HOME_SLOT, HOUR_US, NEVER, add_egress
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


def set_pace(chance: Chance, world: World, people: NDArray[np.void], members: Ints) -> Ints:
    """Say how much and when each account works, in place.

    Most accounts ask little and seldom, by a Zipf law; some only try for a few days. Developers
    ask some 25 times on a day, one of them five times and another a hundred; many come for a
    project and go. Members of rings are drawn as developers are, but do not go: they are banned.

    Args:
        chance: the source of chance.
        world: the settings.
        people: ACCOUNT.
        members: places of the accounts that rings run.

    Returns:
        Places of the honest accounts that work or try as developers do.
    """
    n, honest = len(people), world.honest
    busy = chance.flip(honest.developer_share, n)
    busy[members] = True
    people["rate"] = 1000 * np.where(
        busy, chance.lognormal(1.0, n), power_of_two(0.9 * chance.exponential(n))
    )
    people["active"] = np.where(busy, chance.between(110, 250, n), _seldom(chance, n))
    people["sittings"] = np.where(busy, chance.between(1, 6, n), chance.between(1, 4, n))
    own = np.ones(n, np.bool_)
    own[members] = False
    developers, others = np.flatnonzero(own & busy), np.flatnonzero(own & ~busy)
    bouts = developers[chance.flip(honest.bout_share, len(developers))]
    trials = others[chance.flip(honest.trial_share, len(others))]
    _come_and_go(chance, world, people, bouts, most_d=max(world.days, 2), new=0.85)
    _come_and_go(chance, world, people, trials, most_d=3, new=1.0)
    people["active"][trials] = 220
    people["rate"][trials] = 1000 * chance.lognormal(1.0, len(trials))
    # Who works or tries takes what that needs; where these would exceed the mean, they shrink.
    busy_ones = np.concatenate([developers, trials])
    total = honest.requests * (len(developers) + len(others))
    there = _presence(world, people[busy_ones])
    need = min(DEVELOPER_REQUESTS, 0.8 * total / max(there.sum(), 1))
    scale_to(people, busy_ones, need * len(busy_ones))
    scale_to(people, members, world.rings.requests * len(members))
    left = total - (expected(people[busy_ones]) * there).sum() / 1000
    scale_to(people, np.setdiff1d(others, trials), max(left, 0.2 * total))
    return busy_ones


def _come_and_go(
    chance: Chance,
    world: World,
    people: NDArray[np.void],
    bouts: Ints,
    *,
    most_d: int,
    new: float,
) -> None:
    """Let accounts work for some days only, in place; some of those who go are banned.

    Args:
        chance: the source of chance.
        world: the settings.
        people: ACCOUNT.
        bouts: places of the accounts.
        most_d: days of the longest.
        new: accounts that are opened for it, as a share.
    """
    n, days = len(bouts), world.days
    begin = chance.between(-(most_d // 2), days - 1, n)
    end = begin + chance.between(1, most_d, n)
    people["peak_day"][bouts], people["peak_x"][bouts] = begin.clip(0), 0
    people["peak_d"][bouts] = (end - begin.clip(0)).clip(1, 255)
    first, last = (
        start_us(world) + np.floor((day + shift * chance.unit(n)) * DAY_US).astype(np.int64)
        for day, shift in ((begin, 1), (end, -1))
    )
    opened = chance.flip(new, n)
    people["created"][bouts[opened]] = first[opened]
    over = chance.flip(world.honest.stopped_share, n) & (end > 0) & (end < days)
    people["banned"][bouts[over]] = np.maximum(last, people["created"][bouts] + HOUR_US)[over]


def _seldom(chance: Chance, n: int) -> Ints:
    """Days with requests, of 255, of accounts that are no developers': a tenth on average."""
    return 6 + np.floor(80 * chance.unit(n) * chance.unit(n)).astype(np.int64)


def expected(people: NDArray[np.void]) -> Floats:
    """Thousandths of requests that each account sends on a day while it is there, on average."""
    week = (5 + 2 * people["weekend"] / 255) / 7
    expected: Floats = people["rate"] * (people["active"] / 255) * week
    return expected


def _presence(world: World, people: NDArray[np.void]) -> Floats:
    """The share of the world's days on which each account is there, as far as bouts decide."""
    until = np.minimum(people["peak_day"] + people["peak_d"].astype(np.int64), world.days)
    bout = (people["peak_day"] >= 0) & (people["peak_x"] == 0)
    return np.where(bout, (until - people["peak_day"]) / world.days, 1.0)


def scale_to(people: NDArray[np.void], who: Ints, total: float) -> None:
    """Scale rates to so many requests a day in all while everybody is there, in place."""
    scale = 1000 * total / max(expected(people[who]).sum(), 1)
    people["rate"][who] = np.minimum(np.floor(people["rate"][who] * scale), 50_000_000)


def open_commons(chance: Chance, draft: Draft) -> Commons:
    """Set up carriers, VPNs, proxy networks and clouds, in sizes that fit the population."""
    network, n = draft.world.network, len(draft.people)
    mobile = int(network.mobile_share * n)
    n_carriers = max(2, mobile // 100_000)
    carrier = min(1000, max(4, mobile // n_carriers // network.carrier_accounts))
    n_vpns = max(2, n // 20_000)
    vpn = max(3, int(network.vpn_share * n) // n_vpns // network.vpn_accounts)
    n_proxies, n_clouds = max(1, n // 200_000), max(3, n // 50_000)
    # Rented machines keep their address; serverless platforms hand out others all the time.
    cloud = np.full(n_clouds, max(20, n // 200))
    # Networks of proxies change the home every hour or leave a customer with one for half a day.
    proxies = np.full(n_proxies, max(50, n // 10))
    return Commons(
        carriers=draft.add_blocks(chance, np.full(n_carriers, carrier), hold_h=6),
        vpns=draft.add_blocks(chance, np.full(n_vpns, vpn), hosted=True, spread=3, hold_h=12),
        proxies=np.concatenate(
            [draft.add_proxies(chance, proxies, hold_h=hold_h) for hold_h in (1, 12)]
        ),
        clouds=np.concatenate(
            [
                draft.add_blocks(chance, sizes, hosted=True, spread=2, hold_h=hold_h)
                for sizes, hold_h in ((cloud, 24), (4 * cloud, 1), (4 * cloud, 0))
            ]
        ),
    )


def go_out(chance: Chance, draft: Draft, free: Ints) -> None:
    """Let accounts go out through carriers, VPNs, proxies and clouds besides home.

    Args:
        chance: the source of chance.
        draft: the population.
        free: places of the accounts that have no addresses of a group.
    """
    network, commons = draft.world.network, draft.commons
    developer = np.isin(free, draft.developers)
    cloud = np.where(developer, network.developer_cloud_share, network.cloud_share)
    for routes, share, low, high in (
        (commons.carriers, network.mobile_share, 0.2, 0.8),
        (commons.vpns, network.vpn_share, 0.3, 0.95),
        (commons.proxies, network.proxied_share, 0.3, 0.95),
        (commons.clouds, cloud, 0.3, 0.98),
    ):
        who = free[chance.flip(share, len(free))]
        chosen = routes[chance.below(len(routes), len(who))]
        add_egress(draft.people, who, chosen, chance.uniform(low, high, len(who)), seat=who)


def n_lines_of(n: int) -> int:
    """How many providers of homes n accounts have."""
    return 8 + n // ACCOUNTS_PER_PROVIDER
