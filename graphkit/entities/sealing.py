"""Sealing 64-bit keys: SipHash-2-4 (Aumasson and Bernstein, 2012), a keyed function of short input.

What a text hashes to can be computed by everybody who guesses the text. Sealed, it cannot be told
from chance without the secret, yet equal keys stay equal.
"""

import numba
import numpy as np
from numpy.typing import NDArray

_START = np.array(
    [0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573], np.uint64
)


def sealed(keys: NDArray[np.uint64], secret: bytes) -> NDArray[np.uint64]:
    """Seal keys.

    Args:
        keys: shape (n,).
        secret: 16 bytes or more, of which the first 16 count.

    Returns:
        SipHash-2-4 of each key as 8 bytes, the lowest first, shape (n,).
    """
    return _seal(keys, np.frombuffer(secret[:16], dtype="<u8").astype(np.uint64))


@numba.njit(cache=True, nogil=True)
def _seal(keys: NDArray[np.uint64], secret: NDArray[np.uint64]) -> NDArray[np.uint64]:
    made = np.empty_like(keys)
    for place in range(keys.size):
        state = (
            secret[0] ^ _START[0],
            secret[1] ^ _START[1],
            secret[0] ^ _START[2],
            secret[1] ^ _START[3],
        )
        # Two blocks: the key, and its length of 8 bytes in the highest byte.
        for block in (keys[place], np.uint64(8 << 56)):
            a, b, c, d = state
            a, b, c, d = _round(*_round(a, b, c, d ^ block))
            state = (a ^ block, b, c, d)
        a, b, c, d = state
        a, b, c, d = _round(*_round(*_round(*_round(a, b, c ^ np.uint64(0xFF), d))))
        made[place] = a ^ b ^ c ^ d
    return made


@numba.njit(cache=True, nogil=True, inline="always")
def _turned(value: np.uint64, bits: int) -> np.uint64:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@numba.njit(cache=True, nogil=True)
def _round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    a, c = a + b, c + d
    b, d = _turned(b, 13) ^ a, _turned(d, 16) ^ c
    a, c = _turned(a, 32) + d, c + b
    d, b = _turned(d, 21) ^ a, _turned(b, 17) ^ c
    return a, b, _turned(c, 32), d
