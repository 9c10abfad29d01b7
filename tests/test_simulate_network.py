"""Addresses of simulated worlds: leases, privacy, carriers, and what honest and others share."""

import ipaddress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphkit.simulate import simulate, world_of
from graphkit.simulate.chance import Chance
from graphkit.simulate.network import Network, address, lay_out
from graphkit.simulate.population import populate
from graphkit.simulate.slots import BLOCK, HOME, PROXY, ROUTE
from tests.simulated import load

HOURS = 24 * 60  # two months


def network(*, homes: int, carrier: int = 1) -> Network:
    """One provider of homes, and a carrier with so many addresses: rows 0 and 1 of ROUTE."""
    routes = np.zeros(2, ROUTE)
    routes["way"], routes["n"], routes["turns"] = [HOME, BLOCK], [1, carrier], 1
    routes["hold_h"] = [0, 6]
    providers = lay_out(Chance(3), np.array([homes]), seed=3, skip=0, spare=2.0, lease_d=(2, 5))
    shared = (np.uint32(60 << 24) + np.arange(carrier)).astype(np.uint32)
    return Network(providers, routes, shared, np.zeros((1, 2), np.int32))


def spelled(
    at: Network,
    route: int,
    seat: NDArray[np.int64],
    hour: NDArray[np.int64],
    device: NDArray[np.int64] | None = None,
) -> list[str]:
    """Addresses of requests; over IPv6 where a device is named."""
    n = len(seat)
    found = address(
        at,
        route=np.full(n, route),
        seat=seat,
        hour=hour,
        nonce=np.zeros(n, np.int64),
        six=np.full(n, device is not None),
        device=np.zeros(n, np.int64) if device is None else device,
    )
    return [str(ip) for ip in found.to_pylist()]


def test_a_home_keeps_its_address_for_a_lease_of_days_and_another_home_has_it_next() -> None:
    at, hours = network(homes=50), np.arange(HOURS)
    mine = spelled(at, 0, np.zeros(HOURS, np.int64), hours)
    changes = [hour for hour in range(1, HOURS) if mine[hour] != mine[hour - 1]]
    held = np.diff(changes)

    assert len(held) > 8
    assert held.min() >= 48, "no lease is shorter than two days"
    assert (held % held.min() == 0).all(), "a lease is prolonged by whole leases only"
    others = {
        ip
        for seat in range(1, 50)
        for ip in spelled(at, 0, np.full(HOURS // 24, seat), hours[::24])
    }
    assert len(others & set(mine)) > len(set(mine)) // 2


def test_a_home_has_one_prefix_and_each_device_another_suffix_each_day() -> None:
    at = network(homes=50)
    hour = np.repeat(np.arange(at.providers.lease_h[0]) - at.providers.phase_h[0], 2)
    hour = hour + 100 * at.providers.lease_h[0]
    device = np.tile([4, 9], len(hour) // 2)
    found = spelled(at, 0, np.zeros(len(hour), np.int64), hour, device)
    prefixes = {ipaddress.IPv6Network((ip, 64), strict=False) for ip in found}
    of_day = {(int(h) // 24, int(d), ip) for h, d, ip in zip(hour, device, found, strict=True)}

    assert len(prefixes) == 1, "a lease is a lease of a whole /64"
    assert len(of_day) == len(set(found)), "no suffix comes again on another day or device"
    assert len({(day, device) for day, device, _ in of_day}) == len(of_day)


def test_a_hundred_thousand_accounts_share_a_carriers_thousand_addresses() -> None:
    at, seats = network(homes=1, carrier=1000), np.arange(100_000)
    now = spelled(at, 1, seats, np.full(100_000, 7))
    later = spelled(at, 1, seats, np.full(100_000, 700))
    _, held = np.unique(now, return_counts=True)

    assert len(held) == 1000
    assert held.min() > 50 and held.max() < 160
    assert sum(a == b for a, b in zip(now, later, strict=True)) < 300, "nobody keeps an address"


def test_proxies_and_shared_exits_serve_honest_accounts_and_attackers_alike() -> None:
    made = populate(world_of("small", level=2, seed=5))
    people, routes = made.people, made.network.routes
    used = people["egress"]["share"] > 0
    attacks = np.broadcast_to((people["ring"] >= 0)[:, None], used.shape)
    both = {
        way: set(people["egress"]["route"][used & attacks & (way_of == way)].tolist())
        & set(people["egress"]["route"][used & ~attacks & (way_of == way)].tolist())
        for way, way_of in (
            (way, routes["way"][people["egress"]["route"]]) for way in (PROXY, BLOCK)
        )
    }

    assert len(both[PROXY]) >= 1
    assert len(both[BLOCK]) >= 4


@pytest.mark.parametrize("level", [1, 3])
def test_the_union_of_shared_cards_and_addresses_is_one_giant_component(
    level: int, tmp_path: Path
) -> None:
    simulate(tmp_path / "w", world_of("small", level=level, seed=41))
    held = np.array(
        load(tmp_path / "w").ask("""
            WITH held AS (
                SELECT account_id, ip AS entity FROM requests
                UNION SELECT account_id, fingerprint FROM payments)
            SELECT dense_rank() OVER (ORDER BY account_id) - 1,
                   dense_rank() OVER (ORDER BY entity) - 1, ring IS NOT NULL
            FROM held JOIN truth USING (account_id)"""),
        np.int64,
    )
    account, entity, ring = held.T
    n = account.max() + 1
    size = n + entity.max() + 1
    ties = coo_array((np.ones(len(account)), (account, n + entity)), shape=(size, size))
    component = connected_components(ties, directed=False)[1][:n]
    sizes = np.bincount(component)
    attacker = np.zeros(n, np.bool_)
    attacker[account[ring == 1]] = True
    giant = component == sizes.argmax()

    assert np.sort(sizes)[-2] * 10 < sizes.max()
    assert sizes.max() > 0.2 * n
    assert (giant & attacker).sum() > 0.4 * attacker.sum(), "it holds much of the rings"
    assert (giant & attacker).sum() < 0.5 * giant.sum(), "and is mostly honest"
