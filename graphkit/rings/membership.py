"""Who belongs to a ring: a member stays only where its own evidence says so."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphkit.contracts import SHARED_SIGNALS as SIGNALS
from graphkit.settings import RingSettings

_ROUNDS = 20
# A program brings its prompts and its user agent along: they are one witness, and everybody who
# runs the same one has both. So the device adds to a score, but is no second signal.
COUNTED = np.array([signal != "device" for signal in SIGNALS])


@dataclass(frozen=True)
class Pairs:
    """Edges as arrays over n accounts.

    Attributes:
        first, second: ends, shape (m,).
        probability: in thousandths, shape (m,).
        signals: evidence in millibits, shape (m, number of signals).
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    probability: NDArray[np.int64]
    signals: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_]) -> "Pairs":
        """Some of the edges."""
        return Pairs(
            self.first[kept], self.second[kept], self.probability[kept], self.signals[kept]
        )


@dataclass(frozen=True)
class Members:
    """What is known of each of n accounts within its ring.

    Attributes:
        ring: lowest account of its ring, or -1, shape (n,).
        inside: probability inside the ring, in thousandths, shape (n,).
        total: the same over all edges.
        evidence: strongest evidence inside the ring in millibits, shape (n, number of signals).
    """

    ring: NDArray[np.int64]
    inside: NDArray[np.int64]
    total: NDArray[np.int64]
    evidence: NDArray[np.int64]


def settle(pairs: Pairs, community: NDArray[np.int64], settings: RingSettings) -> Members:
    """Peel weakly attached members until all that are left hold by themselves.

    A member's evidence inside is, per signal, its strongest tie to a fellow member, added over
    signals: independent signals that agree count, many weak ties of one signal do not. What falls
    apart when members leave is more than one ring.

    Args:
        pairs: all edges.
        community: of each account, shape (n,).
        settings: floors.
    """
    n = community.size
    total = _sums(pairs, n)
    alive = np.ones(n, dtype=bool)
    for _ in range(_ROUNDS):
        inner = pairs.only(_inside(pairs, community, alive))
        inside, evidence = _sums(inner, n), _strongest(inner, n)
        weak = inside < settings.min_confidence * total
        weak |= evidence.sum(axis=1) < 1000 * settings.min_member_bits
        counting = (evidence[:, COUNTED] >= 1000 * settings.signal_bits).sum(axis=1)
        weak |= counting < settings.min_signals
        if not (weak & alive).any():
            break
        alive &= ~weak
    inner = pairs.only(_inside(pairs, community, alive))
    ring = _components(inner, alive, settings.min_size)
    return Members(ring, _sums(inner, n), total, _strongest(inner, n))


def _inside(
    pairs: Pairs, community: NDArray[np.int64], alive: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    same = community[pairs.first] == community[pairs.second]
    return np.asarray(same & alive[pairs.first] & alive[pairs.second])


def _sums(pairs: Pairs, n: int) -> NDArray[np.int64]:
    sums = np.zeros(n, dtype=np.int64)
    np.add.at(sums, pairs.first, pairs.probability)
    np.add.at(sums, pairs.second, pairs.probability)
    return sums


def _strongest(pairs: Pairs, n: int) -> NDArray[np.int64]:
    best = np.zeros((n, pairs.signals.shape[1]), dtype=np.int64)
    np.maximum.at(best, pairs.first, pairs.signals)
    np.maximum.at(best, pairs.second, pairs.signals)
    return best


def _components(pairs: Pairs, alive: NDArray[np.bool_], min_size: int) -> NDArray[np.int64]:
    """The lowest account of each one's connected set, where that is large enough; else -1."""
    n = alive.size
    ones = np.ones(pairs.first.size, dtype=np.int8)
    matrix = coo_array((ones, (pairs.first, pairs.second)), shape=(n, n))
    labels = connected_components(matrix, directed=False)[1]
    size = np.bincount(labels, minlength=n)
    lowest = np.full(n, n, dtype=np.int64)
    np.minimum.at(lowest, labels, np.arange(n))
    return np.where(alive & (size[labels] >= min_size), lowest[labels], -1)
