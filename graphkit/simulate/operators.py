"""Rings: accounts that one operator runs, each of which looks like an ordinary developer."""

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.groups import ORDINARY, SHIFT
from graphkit.simulate.people import (
    COMMON_DEVICES,
    DAY_US,
    GROUPS,
    n_rare_devices,
    runs,
    share,
    start_us,
)
from graphkit.simulate.stock import Stock
from graphkit.simulate.words import MAIL_DOMAINS
from graphkit.simulate.world import World

Tactics = tuple[tuple[tuple[str, ...], float], ...]
# What ties a ring, and how many of the rings that are not hard are so tied.
TACTICS: Tactics = (
    (("wrapper", "address", "card", "device", "burst"), 0.2),
    (("wrapper", "address", "card"), 0.2),
    (("wrapper", "address", "burst"), 0.2),
    (("wrapper", "card", "device"), 0.1),
    (("wrapper", "address"), 0.15),
    (("wrapper", "card"), 0.15),
)
HARD_TACTICS: Tactics = ((("wrapper",), 0.5), (("address",), 0.5))


def ring_sizes(rng: np.random.Generator, world: World) -> NDArray[np.int64]:
    """Draw ring sizes, log-uniform, until the accounts set aside for rings are used up.

    No ring takes more than a quarter of them, so that there are several; none is left where they
    do not suffice for the smallest.

    Returns:
        int64, shape (rings,).
    """
    budget = round(world.ring_share * world.accounts)
    if budget < world.ring_size_min:
        return np.zeros(0, np.int64)
    most = max(world.ring_size_min, min(world.ring_size_max, budget // 4))
    low, high = float(np.log(world.ring_size_min)), float(np.log(most + 1))
    sizes = np.exp(rng.uniform(low, high, budget // world.ring_size_min + 1)).astype(np.int64)
    sizes = sizes[np.cumsum(sizes) <= budget]
    return sizes if len(sizes) else np.array([world.ring_size_min])


def draw_tactics(rng: np.random.Generator, world: World, n: int) -> list[tuple[str, ...]]:
    """Deal the tactics out to n rings in their proportions, then shuffle."""
    options = [(ties, share * (1 - world.hard_ring_share)) for ties, share in TACTICS]
    options += [(ties, share * world.hard_ring_share) for ties, share in HARD_TACTICS]
    edges = np.cumsum([share for _, share in options])
    dealt = np.searchsorted(
        edges / edges[-1], (np.arange(n) + rng.random()) / max(n, 1), side="right"
    )
    return [options[min(place, len(options) - 1)][0] for place in rng.permutation(dealt).tolist()]


def plant_rings(stock: Stock, world: World, people: NDArray[np.void]) -> int:
    """Turn the first accounts into rings, in place.

    Returns:
        How many accounts became members.
    """
    sizes = ring_sizes(stock.rng, world)
    tactics = draw_tactics(stock.rng, world, len(sizes))
    ends = np.cumsum(sizes)
    for ring, (end, size, ties) in enumerate(zip(ends, sizes, tactics, strict=True)):
        members = np.arange(end - size, end)
        people["group"][members] = GROUPS.index("ring")
        people["ring"][members] = ring
        _run_alike(stock, people, members)
        _sign_up(stock, world, people, members, burst="burst" in ties)
        if "wrapper" in ties:
            _wrap(stock, world, people, members)
        if "address" in ties:
            _share_addresses(stock, people, members)
        if "card" in ties:
            _share_cards(stock, people, members)
        if "device" in ties:
            alike = members[stock.rng.random(len(members)) < 0.85]
            device = COMMON_DEVICES + stock.rng.integers(0, n_rare_devices(len(people)))
            people["device"][alike] = people["device2"][alike] = device
        _replace_banned(stock, world, people, members)
    return int(ends[-1]) if len(ends) else 0


def _run_alike(stock: Stock, people: NDArray[np.void], members: NDArray[np.int64]) -> None:
    """Give a ring its pace, hours and model; honest accounts vary more, but overlap."""
    rng, n = stock.rng, len(members)
    people["rate"][members] = rng.lognormal(0, 0.3) * rng.lognormal(-0.125, 0.5, n)
    people["active"][members] = rng.beta(7, 2, n)
    people["weekend"][members] = rng.uniform(0.7, 1.1, n)
    share(people, members, np.full(n, members[0]), "ahead", "late", "model")
    people["rhythm"][members] = SHIFT if rng.random() < 0.5 else ORDINARY
    # A load balancer would not run every account at the very same hours.
    people["late"][members] += rng.normal(0, 1.0, n)
    public = people["domain"][members] < len(MAIL_DOMAINS)
    people["domain"][members] = np.where(public, people["domain"][members], 0)


def _sign_up(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64], *, burst: bool
) -> None:
    """Open the accounts before the first day, within two days of each other or over months."""
    began_d = stock.rng.uniform(4, 90)
    age_d = began_d + stock.rng.random(len(members)) * (2 if burst else 120)
    people["created"][members] = start_us(world) - (age_d * DAY_US).astype(np.int64)


def _wrap(stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]) -> None:
    """Have one wrapper or two carry most of the ring's requests."""
    first = stock.new_wrapper()
    people["wrapper"][members] = first
    people["wrapper2"][members] = stock.new_wrapper() if stock.rng.random() < 0.5 else first
    spread = min(world.wrapper_share, 1 - world.wrapper_share)
    people["wrapped"][members] = world.wrapper_share + stock.rng.uniform(-spread, spread) * 0.8
    people["distills"][members] = True


def _share_addresses(stock: Stock, people: NDArray[np.void], members: NDArray[np.int64]) -> None:
    """Send part of the traffic through a small pool of proxies."""
    n = max(1, len(members) // int(stock.rng.integers(6, 20)))
    people["shared"][members] = stock.new_addresses(
        n, n_pools=min(n, int(stock.rng.integers(1, 4)))
    )
    people["shared_n"][members] = n
    people["shared_h"][members] = stock.rng.choice([2, 6, 24, 72])
    people["shared_share"][members] = stock.rng.uniform(0.4, 0.95)


def _share_cards(stock: Stock, people: NDArray[np.void], members: NDArray[np.int64]) -> None:
    """Pay with one card for every 5 to 20 accounts; some operators use one name for all cards."""
    mixed = stock.rng.permutation(members)
    owners = runs(stock.rng, mixed, 5, 20)
    share(people, mixed, owners, "card", "payer")
    if stock.rng.random() < 0.3:
        people["payer"][members] = members[0]
    people["pays"][members] = stock.rng.uniform(0.1, 0.5, len(members))


def _replace_banned(
    stock: Stock, world: World, people: NDArray[np.void], members: NDArray[np.int64]
) -> None:
    """Ban some members after the first day and open as many new accounts within a day."""
    if world.days < 2:
        return
    share_now = min(0.5, world.replaced_share * stock.rng.uniform(0, 2))
    n = min(round(share_now * len(members)), len(members) // 2)
    mixed = stock.rng.permutation(members)
    when_d = stock.rng.uniform(1, world.days - 0.5, n)
    again_d = np.minimum(when_d + stock.rng.random(n), world.days - 0.25)
    people["banned"][mixed[:n]] = start_us(world) + (when_d * DAY_US).astype(np.int64)
    people["created"][mixed[n : 2 * n]] = start_us(world) + (again_d * DAY_US).astype(np.int64)
