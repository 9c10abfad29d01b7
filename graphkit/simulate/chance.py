"""The source of chance: whole numbers from a key, the same on every machine and in every release.

NumPy promises the raw bits of PCG64 and nothing about what is drawn from them, and the C library
of a machine decides the last bits of a logarithm. So draws are made here: from the raw bits, by
whole numbers, by floats that are only added, multiplied and rounded down (which IEEE 754 fixes),
and by tables whose entries are rounded far more coarsely than libraries differ.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STEPS = 4096
_TOP = np.uint64(52)  # shift that leaves the 12 bits of a table's place
_GRAIN = 1024.0
NORMAL: Floats = np.array(
    [round(NormalDist().inv_cdf((i + 0.5) / _STEPS) * _GRAIN) / _GRAIN for i in range(_STEPS)]
)
EXPONENTIAL: Floats = np.array(
    [round(-math.log1p(-(i + 0.5) / _STEPS) * _GRAIN) / _GRAIN for i in range(_STEPS)]
)


def _roots() -> Floats:
    """2 to the power of 0, 1/64, ... 63/64: by square roots, which IEEE 754 rounds exactly."""
    root = 2.0
    for _ in range(6):
        root = math.sqrt(root)
    powers = [1.0]
    for _ in range(63):
        powers.append(powers[-1] * root)
    return np.array(powers)


_ROOTS = _roots()


def power_of_two(x: Floats) -> Floats:
    """2 to the power of x, to a 64th of an octave.

    Returns:
        float64, the argument's shape.
    """
    steps = np.floor(x * 64).astype(np.int64)
    powers: Floats = np.ldexp(_ROOTS[steps % 64], (steps // 64).astype(np.int32))
    return powers


class Chance:
    """Draws from a key; equal keys draw alike.

    Attributes:
        key: whole numbers, at or above 0.
    """

    def __init__(self, *key: int) -> None:
        self.key = key
        self._bits = np.random.PCG64(np.random.SeedSequence(list(key)))

    def raw(self, n: int) -> NDArray[np.uint64]:
        """Draw n times 64 even bits."""
        bits: NDArray[np.uint64] = np.asarray(self._bits.random_raw(n), np.uint64)
        return bits

    def unit(self, n: int) -> Floats:
        """Draw n numbers from [0, 1)."""
        return (self.raw(n) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, high: int | Ints, n: int) -> Ints:
        """Draw n whole numbers from [0, high), for high below 2**31; 0 where high is 0."""
        span = np.asarray(high).astype(np.uint64)
        drawn: NDArray[np.uint64] = ((self.raw(n) >> np.uint64(32)) * span) >> np.uint64(32)
        return drawn.astype(np.int64)

    def between(self, low: int, high: int, n: int) -> Ints:
        """Draw n whole numbers from low to high, both included."""
        return low + self.below(high - low + 1, n)

    def uniform(self, low: float, high: float, n: int) -> Floats:
        """Draw n numbers from [low, high)."""
        return low + (high - low) * self.unit(n)

    def flip(self, share: float | Floats, n: int) -> NDArray[np.bool_]:
        """Draw n times yes or no; yes with probability `share`."""
        yes: NDArray[np.bool_] = self.unit(n) < share
        return yes

    def normal(self, n: int) -> Floats:
        """Draw n standard normal numbers, within 3.7."""
        drawn: Floats = NORMAL[self.raw(n) >> _TOP]
        return drawn

    def exponential(self, n: int) -> Floats:
        """Draw n exponential numbers of mean 1, below 9.1."""
        drawn: Floats = EXPONENTIAL[self.raw(n) >> _TOP]
        return drawn

    def lognormal(self, sigma: float | Floats, n: int) -> Floats:
        """Draw n lognormal numbers of median 1; `sigma` is that of the natural logarithm."""
        return power_of_two(self.normal(n) * (sigma * 1.4427))

    def pick(self, weights: Sequence[float], n: int) -> Ints:
        """Draw n places with the given weights; places below `len(weights)`."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        places = np.searchsorted(edges, self.unit(n) * edges[-1], side="right")
        drawn: Ints = np.minimum(places, len(weights) - 1).astype(np.int64)
        return drawn

    def octaves(self, low: int, high: int, n: int) -> Ints:
        """Draw n whole numbers from low to high, both included, about evenly by their logarithm."""
        span = math.frexp((high + 1) / low)
        octaves = span[1] - 1 + (span[0] * 2 - 1)  # the binary logarithm, straight between powers
        drawn = np.floor(low * power_of_two(self.unit(n) * octaves)).astype(np.int64)
        return np.clip(drawn, low, high)

    def permutation(self, n: int) -> Ints:
        """Draw an order of n things."""
        order: Ints = np.argsort(self.raw(n), kind="stable")
        return order


def scatter(*keys: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """Hash rows of integers to 64 evenly spread bits, so that a draw needs no generator's state.

    Sebastiano Vigna's public-domain SplitMix64 step, once per key. With all keys but one fixed, no
    two values of that one are hashed alike.

    Returns:
        uint64, the keys' common shape.
    """
    mixed = np.zeros(1, np.uint64)
    for key in keys:
        mixed = mixed ^ np.asarray(key).astype(np.int64).view(np.uint64)
        mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def evenly(*keys: NDArray[np.integer] | int) -> Floats:
    """`scatter` as numbers in [0, 1).

    Returns:
        float64, the keys' common shape.
    """
    return (scatter(*keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53
