"""Where simulated requests come from: homes whose addresses move, and addresses that many share."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulate.words import evenly, join, scatter, take

ACCOUNTS_PER_POOL = 400
_SLOTS = 2**18  # addresses of a /14, the block that each provider has
# First octets that hold private, shared, documentation, loopback or link-local ranges.
_RESERVED = {0, 10, 100, 127, 169, 172, 192, 198, 203}
_OCTETS = [str(value) for value in range(256)]


@dataclass(frozen=True)
class Network:
    """Internet providers (one pool of home addresses each) and the shared addresses.

    A home is a place (pool, rank). All leases of a pool turn over together, and a freed address
    goes to another home of the pool, at once or some leases later, as chance has it.

    Attributes:
        v4: first IPv4 address of each pool's /14, uint32.
        v6: first 64 bits of each pool's IPv6 /32, uint64.
        slots: addresses in circulation, by pool; a prime above the pool's homes.
        lease_h: hours that a home keeps an address, by pool.
        phase_h: hours by which a pool's turnovers are shifted.
        shared: the shared IPv4 addresses, uint32.
    """

    v4: NDArray[np.uint32]
    v6: NDArray[np.uint64]
    slots: NDArray[np.int64]
    lease_h: NDArray[np.int64]
    phase_h: NDArray[np.int64]
    shared: NDArray[np.uint32]

    def home(
        self, pool: NDArray[np.integer], rank: NDArray[np.integer], hour: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """The slot of its pool that each home holds at an hour; homes of a pool never collide.

        Args:
            pool: pool of the home.
            rank: number of the home within its pool.
            hour: hours since 1970.

        Returns:
            int64, the arguments' shape.
        """
        lease = (hour + self.phase_h[pool]) // self.lease_h[pool]
        # Each lease deals the slots anew: an affine map is one to one because slots is a prime.
        slots = self.slots[pool].astype(np.uint64)
        step = scatter(pool, lease, 1) % (slots - np.uint64(1)) + np.uint64(1)
        offset = scatter(pool, lease, 2) % slots
        slot: NDArray[np.uint64] = (rank.astype(np.uint64) * step + offset) % slots
        return slot.astype(np.int64)


def providers(
    rng: np.random.Generator, homes: NDArray[np.integer], *, seed: int, skip: int
) -> Network:
    """Lay out providers, without shared addresses.

    Args:
        rng: the source of chance.
        homes: homes of each provider.
        seed: the world's; two calls with one seed draw from the same shuffled blocks.
        skip: blocks of that shuffle which others hold.
    """
    octets = [octet for octet in range(1, 224) if octet not in _RESERVED]
    blocks = np.array(
        [octet << 24 | step << 18 for octet in octets for step in range(64)], np.uint32
    )
    blocks = np.random.default_rng([seed, 77]).permutation(blocks)
    n = len(homes)
    numbers = np.arange(skip, skip + n) % len(blocks)
    return Network(
        v4=blocks[numbers],
        # From 2400:: up lies what registries hand out; the block's number keeps providers apart.
        v6=(np.uint64(0x2400_0000) + blocks[numbers].astype(np.uint64) // np.uint64(32))
        << np.uint64(32),
        slots=_primes_from(homes * np.exp(rng.uniform(np.log(3), np.log(30), len(homes)))),
        lease_h=24 * rng.integers(2, 7, n),
        phase_h=rng.integers(0, 144, n),
        shared=np.zeros(0, np.uint32),
    )


def _primes_from(least: NDArray[np.number]) -> NDArray[np.int64]:
    """The next prime at or above each number, of those that leave room in a /14."""
    sieve = np.ones(_SLOTS, np.bool_)
    sieve[:2] = False
    for step in range(2, 512):
        sieve[step * step :: step] = False
    primes = np.flatnonzero(sieve)
    # The far end of a block is for shared addresses.
    primes = primes[primes < _SLOTS - 20_000]
    return primes[np.minimum(np.searchsorted(primes, least.clip(11)), len(primes) - 1)]


def spread(slot: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Scatter neighbouring slots over a /14, one to one.

    Returns:
        uint32 below 2**18, the argument's shape.
    """
    return ((slot.astype(np.int64) * 92_821 + 41) % _SLOTS).astype(np.uint32)


def reserve(network: Network, pool: int, taken: int, n: int) -> NDArray[np.uint32]:
    """Addresses of a pool that no home ever holds, counted from the pool's far end.

    Args:
        network: the providers.
        pool: which of them.
        taken: addresses reserved so far.
        n: how many more.

    Returns:
        uint32, shape (n,).
    """
    first = int(network.v4[pool])
    return (first + spread(_SLOTS - 1 - taken - np.arange(n)).astype(np.int64)).astype(np.uint32)


def address(
    network: Network,
    people: NDArray[np.void],
    hour: NDArray[np.integer],
    *,
    shared: NDArray[np.bool_],
) -> pa.Array:
    """Spell the address of each request.

    Args:
        network: providers and shared addresses.
        people: the sender of each request.
        hour: hours since 1970 of each request.
        shared: whether it goes out through the sender's shared addresses.

    Returns:
        string, shape (n,).
    """
    number = people["number"]
    slot = network.home(people["pool"], people["rank"], hour)
    turn = scatter(number, hour // people["shared_h"], 5) % people["shared_n"].astype(np.uint64)
    place = np.where(shared, people["shared"] + turn.astype(np.int64), 0)
    v4 = network.v4[people["pool"]] + spread(slot)
    if len(network.shared):
        v4 = np.where(shared, network.shared[place], v4)
    six = ~shared & (evenly(number, hour // 4, 6) < people["v6"])
    prefix = network.v6[people["pool"]] + spread(slot).astype(np.uint64)
    suffix = scatter(number, hour // 24, 7)
    spelled = np.empty(len(number), np.int64)
    spelled[~six] = np.arange((~six).sum())
    spelled[six] = np.arange(six.sum()) + (~six).sum()
    texts = pa.concat_arrays([_spell_v4(v4[~six]), _spell_v6(prefix[six], suffix[six])])
    return take(texts, spelled)


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
