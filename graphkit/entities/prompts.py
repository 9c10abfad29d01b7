"""Prompt sketches in their first form: the whole text, its first and its last words.

One pass over the Arrow string buffer. Text is lowered (ASCII), runs of digits become one zero,
blanks only separate words. Each word is hashed from a secret state (FNV-1a's recurrence, then
the finaliser of SplitMix64, Steele et al. 2014); words chain into the sketch. Nothing of the text
can be read from it, and without the key a guessed prompt cannot be looked up.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

WORDS = 16
_MIN_BYTES = 24
_NO_WORDS = 0


class Sketches(NamedTuple):
    """Keys of n prompts: int64 arrays of shape (n,), and which of them say anything.

    Attributes:
        whole, head, tail: keys of all words, of the first and of the last 16.
        words: number of words.
        has_whole: the text is long enough to mean something.
        has_parts: it is longer than head and tail, so that these say something of their own.
    """

    whole: NDArray[np.int64]
    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    words: NDArray[np.int32]
    has_whole: NDArray[np.bool_]
    has_parts: NDArray[np.bool_]


def sketch(texts: pa.ChunkedArray, secret: bytes) -> Sketches:
    """Sketch prompts.

    Args:
        texts: string, shape (n,); nulls give no keys.
        secret: 32 bytes, the subkey of prompts.
    """
    seeds = np.frombuffer(secret, dtype="<u8")[:4].astype(np.uint64) | np.uint64(1)
    n = len(texts)
    keys = np.zeros((3, n), dtype=np.uint64)
    words = np.zeros(n, dtype=np.int32)
    sizes = np.zeros(n, dtype=np.int64)
    start = 0
    for chunk in texts.chunks:
        stop = start + len(chunk)
        if chunk.null_count < len(chunk):
            data, offsets = _buffers(chunk)
            _sketch(data, offsets, seeds, keys[:, start:stop], words[start:stop], sizes[start:stop])
        start = stop
    whole, head, tail = keys.view(np.int64)
    has_whole = (sizes >= _MIN_BYTES) & (words > _NO_WORDS)
    return Sketches(whole, head, tail, words, has_whole, has_whole & (words > WORDS))


def _buffers(chunk: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The bytes and the n + 1 offsets of a string array; nulls are made empty first."""
    filled = chunk.fill_null("") if chunk.null_count else chunk
    # NumPy reads Arrow's buffers, which the stubs do not know.
    buffers: list[Any] = filled.buffers()
    _, offsets, data = buffers
    ends = np.frombuffer(offsets, dtype=np.int32)[filled.offset : filled.offset + len(filled) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8), ends


@numba.njit(cache=True, nogil=True)
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def _sketch(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int32],
    seeds: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    words: NDArray[np.int32],
    sizes: NDArray[np.int64],
) -> None:
    prime = np.uint64(0x100000001B3)
    ring = np.empty(16, dtype=np.uint64)
    for text in range(offsets.size - 1):
        whole = seeds[0]
        head = seeds[0]
        count = 0
        size = 0
        word = seeds[1]
        inside = False
        digit = False
        for place in range(offsets[text], offsets[text + 1] + 1):
            byte = np.uint8(32) if place == offsets[text + 1] else data[place]
            if byte == 32 or 9 <= byte <= 13:
                if inside:
                    word = _mix(word)
                    whole = (whole ^ word) * seeds[2]
                    whole ^= whole >> np.uint64(29)
                    ring[count % 16] = word
                    count += 1
                    if count == 16:
                        head = whole
                    word = seeds[1]
                    inside = False
                digit = False
                continue
            inside = True
            if 48 <= byte <= 57:
                if digit:
                    continue
                digit = True
                byte = np.uint8(48)
            else:
                digit = False
                if 65 <= byte <= 90:
                    byte += np.uint8(32)
            size += 1
            word = (word ^ np.uint64(byte)) * prime
        tail = seeds[3]
        for step in range(min(count, 16)):
            tail = (tail ^ ring[(count - min(count, 16) + step) % 16]) * seeds[2]
            tail ^= tail >> np.uint64(29)
        keys[0, text] = _mix(whole ^ np.uint64(1))
        keys[1, text] = _mix(head ^ np.uint64(2))
        keys[2, text] = _mix(tail ^ np.uint64(3))
        words[text] = count
        sizes[text] = size
