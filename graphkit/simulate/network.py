"""Addresses: homes whose addresses move on to strangers, and addresses that many share."""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, scatter
from graphkit.simulate.slots import BLOCK, HOME, HOME_SLOT, PROXY
from graphkit.simulate.words import join, take

ACCOUNTS_PER_PROVIDER = 400
_SPAN = 2**18  # addresses of a /14, the block that each provider has
# First octets that hold private, shared, documentation, loopback or link-local ranges.
_RESERVED = {0, 10, 100, 127, 169, 172, 192, 198, 203}
_OCTETS = [str(value) for value in range(256)]


@dataclass(frozen=True)
class Providers:
    """Internet providers: one block of addresses each.

    A home is a place (provider, rank). All leases of a provider turn over together, and a freed
    address goes to another home of the provider, at once or some leases later, as chance has it.

    Attributes:
        v4: first IPv4 address of each provider's /14, uint32.
        v6: first 64 bits of each provider's IPv6 /32, uint64.
        slots: addresses in circulation; a prime above the provider's homes.
        lease_h: hours that a home keeps an address.
        phase_h: hours by which a provider's turnovers are shifted.
    """

    v4: NDArray[np.uint32]
    v6: NDArray[np.uint64]
    slots: NDArray[np.int64]
    lease_h: NDArray[np.int64]
    phase_h: NDArray[np.int64]

    def home(
        self, provider: NDArray[np.integer], rank: NDArray[np.integer], hour: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """The slot that each home holds at an hour; homes of a provider never collide.

        Args:
            provider: provider of the home.
            rank: number of the home within its provider.
            hour: hours since 1970.

        Returns:
            int64, the arguments' shape.
        """
        lease = (hour + self.phase_h[provider]) // self.lease_h[provider]
        # Each lease deals the slots anew: an affine map is one to one because slots is a prime.
        slots = self.slots[provider].astype(np.uint64)
        step = scatter(provider, lease, 1) % (slots - np.uint64(1)) + np.uint64(1)
        offset = scatter(provider, lease, 2) % slots
        slot: NDArray[np.uint64] = (rank.astype(np.uint64) * step + offset) % slots
        return slot.astype(np.int64)

    def joined(self, other: "Providers") -> "Providers":
        """These, and others behind them."""
        return Providers(
            *(
                np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            )
        )


@dataclass(frozen=True)
class Network:
    """All that turns a way out into an address.

    Attributes:
        providers: who owns addresses.
        routes: ROUTE.
        shared: the addresses that BLOCK routes list, uint32.
        homes: (provider, rank) of the accounts through whose homes PROXY routes go, (n, 2).
    """

    providers: Providers
    routes: NDArray[np.void]
    shared: NDArray[np.uint32]
    homes: NDArray[np.int32]


def lay_out(
    chance: Chance,
    homes: NDArray[np.integer],
    *,
    seed: int,
    skip: int,
    spare: float,
    lease_d: tuple[int, int],
) -> Providers:
    """Lay out providers.

    Args:
        chance: the source of chance.
        homes: homes of each provider; 0 for one that hosts machines.
        seed: the world's; two calls with one seed draw from the same shuffled blocks.
        skip: blocks of that shuffle which others hold.
        spare: addresses per home, about.
        lease_d: days of the shortest and the longest lease.
    """
    octets = [octet for octet in range(1, 224) if octet not in _RESERVED]
    blocks = np.array(
        [octet << 24 | step << 18 for octet in octets for step in range(64)], np.uint32
    )
    blocks = blocks[Chance(seed, 77).permutation(len(blocks))]
    n = len(homes)
    numbers = np.arange(skip, skip + n) % len(blocks)
    return Providers(
        v4=blocks[numbers],
        # From 2400:: up lies what registries hand out; the block's number keeps providers apart.
        v6=(np.uint64(0x2400_0000) + (blocks[numbers] >> np.uint32(18)).astype(np.uint64))
        << np.uint64(32),
        slots=_primes_from(homes * spare * chance.uniform(0.7, 1.5, n)),
        lease_h=24 * chance.between(*lease_d, n),
        phase_h=chance.below(144, n),
    )


def _primes_from(least: NDArray[np.float64]) -> NDArray[np.int64]:
    """The next prime at or above each number, of those that leave room in a /14."""
    sieve = np.ones(_SPAN, np.bool_)
    sieve[:2] = False
    for step in range(2, 512):
        sieve[step * step :: step] = False
    primes = np.flatnonzero(sieve)
    # The far end of a block is for shared addresses.
    primes = primes[primes < _SPAN // 2]
    at = np.minimum(np.searchsorted(primes, least.clip(11)), len(primes) - 1)
    return primes[at].astype(np.int64)


def spread(slot: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Scatter neighbouring slots over a /14, one to one.

    Returns:
        uint32 below 2**18, the argument's shape.
    """
    return ((slot.astype(np.int64) * 92_821 + 41) % _SPAN).astype(np.uint32)


def reserved(
    providers: Providers, provider: NDArray[np.integer], nth: NDArray[np.integer]
) -> NDArray[np.uint32]:
    """Addresses that no home ever holds, counted from a provider's far end.

    Args:
        providers: who owns addresses.
        provider: which of them, for each address.
        nth: how many of that provider's are reserved already.

    Returns:
        uint32, the arguments' shape.
    """
    far = spread(_SPAN - 1 - nth.astype(np.int64) % (_SPAN // 2))
    addresses: NDArray[np.uint32] = providers.v4[provider] + far
    return addresses


def address(
    network: Network,
    *,
    route: NDArray[np.integer],
    seat: NDArray[np.integer],
    hour: NDArray[np.int64],
    nonce: NDArray[np.int64],
    six: NDArray[np.bool_],
    device: NDArray[np.integer],
) -> pa.Array:
    """Spell the address of each request.

    Args:
        network: providers, ways out and shared addresses.
        route: row of ROUTE.
        seat: number within the route.
        hour: hours since 1970.
        nonce: a number of the request's own, for routes that hold nothing.
        six: whether a home speaks IPv6 to the provider.
        device: what speaks: a home's devices have addresses of their own under IPv6.

    Returns:
        string, shape (n,).
    """
    rows = network.routes[route]
    day = hour // 24
    epoch = np.where(rows["turn_d"] > 0, day // rows["turn_d"].clip(1), 0) % rows["turns"]
    held = np.where(rows["hold_h"] > 0, hour // rows["hold_h"].clip(1), nonce)
    turn = (scatter(route, seat, held) % rows["n"].astype(np.uint64)).astype(np.int64)

    provider = np.where(rows["way"] == HOME, rows["first"], 0)
    rank = seat.astype(np.int64)
    proxy = rows["way"] == PROXY
    if proxy.any():
        exits = scatter(rows["first"][proxy], epoch[proxy], turn[proxy])
        home = network.homes[(exits % np.uint64(len(network.homes))).astype(np.int64)]
        provider[proxy], rank[proxy] = home[:, 0], home[:, 1]
    slot = network.providers.home(provider, rank, hour)
    v4 = network.providers.v4[provider] + spread(slot)
    block = rows["way"] == BLOCK
    v4[block] = network.shared[(rows["first"] + epoch * rows["n"] + turn)[block]]

    six = six & (rows["way"] == HOME)
    prefix = network.providers.v6[provider[six]] + spread(slot[six]).astype(np.uint64)
    suffix = scatter(seat[six], device[six], day[six], 7)
    place = np.empty(len(six), np.int64)
    place[~six] = np.arange((~six).sum())
    place[six] = np.arange(six.sum()) + (~six).sum()
    texts = pa.concat_arrays([_spell_v4(v4[~six]), _spell_v6(prefix, suffix)])
    return take(texts, place)


def homes_of(people: NDArray[np.void], routes: NDArray[np.void]) -> NDArray[np.int32]:
    """The provider and the rank of each account's home.

    Returns:
        int32, shape (n, 2).
    """
    home = people["egress"][:, HOME_SLOT]
    return np.column_stack([routes["first"][home["route"]], home["seat"]]).astype(np.int32)


@cache
def _hextets() -> pa.Array:
    """The 65,536 groups of an IPv6 address as text."""
    return pa.array([f"{value:x}" for value in range(65_536)], pa.string())


def _spell_v4(v4: NDArray[np.uint32]) -> pa.Array:
    """Write 32-bit addresses in dotted form."""
    a, b, c, d = (
        take(_OCTETS, (v4 >> np.uint32(shift)) & np.uint32(255)) for shift in (24, 16, 8, 0)
    )
    return join(a, ".", b, ".", c, ".", d)


def _spell_v6(prefix: NDArray[np.uint64], suffix: NDArray[np.uint64]) -> pa.Array:
    """Write 64 + 64 bits in colon form."""
    parts: list[pa.Array | str] = []
    for half in (prefix, suffix):
        for shift in (48, 32, 16, 0):
            parts += [take(_hextets(), (half >> np.uint64(shift)) & np.uint64(0xFFFF)), ":"]
    return join(*parts[:-1])
