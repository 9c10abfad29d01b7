"""Sketches of prompts: keys of the whole text, its skeleton, its two ends and passages in it.

One pass over the Arrow string buffers; see `words` for what a word is. A passage is a run of six
words. Which passages of a text get a key follows from their hashes: each whose hash is among the
lowest tenth, and where 24 neighbours have none such, the least of them (winnowing; Schleimer,
Wilkerson and Aiken, 2003). So any 29 words that two texts have in common give them a key in common,
whatever stands around, and next to no key hangs on what stands around, so that who shares a text
shares its keys. Of a long text the first 24, the last 24 and of those between the 16 least stand
for all.

The first 16 words and the last 16 of a longer text have keys of their own: a wrapper that payloads
are put into stands there, whatever the text between is, and what merely quotes it does not. Sixteen
times one word, as a table of numbers ends, have none.

The skeleton is the text without what fills slots: capitalised words, words with digits, and what
stands in quotation marks within a line.

Where a gateway cut a text (`[1234 characters omitted]`, `[truncated]`) the mark is passed over and
no passage reaches across it, so that the halves share keys with the text they were cut from.

Keys are 64-bit hashes that everybody can compute, so that which passages are taken and which of
several keys stands for others does not hang on a lake's secret. They never leave a run: what is
kept of them is sealed first. The two lowest bits of a key say what it is of.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.entities.words import CUT, FOREIGN, MASKED, UNSPACED, mix, read_words

WHOLE, SKELETON, PASSAGE, ENDING = range(4)
RUN, WINDOW = 6, 24  # words of a passage; neighbouring passages of which one at least is taken
HEAD, TAIL, BETWEEN = 24, 24, 16
END = 16  # words of a text's beginning, and of its end
MOST = HEAD + TAIL + BETWEEN
SCRIPTS = ("", "other alphabet", "no blanks between words")
_LEAST_CHARACTERS = 24
_LEAST_SKELETON = 8
_BLOCK = 2048
_OFTEN = np.uint64(2**64 // 10)  # hashes below are taken anywhere
_TAGS = np.uint64(3)
# The SHA-256 of `graphkit prompts`, as four odd numbers.
_SEEDS = np.array(
    [0x44A2577F3DC07853, 0x8A433DB704AD6E9F, 0x7911CAAA779EC08F, 0x44806796AAF5072F], np.uint64
)


class Sketches(NamedTuple):
    """Keys of n prompts.

    Attributes:
        whole: uint64, shape (n,); 0 where the text is too short to mean something.
        skeleton: uint64, shape (n,); 0 where too few words are no slots.
        opening: uint64, shape (n,): of the first words; 0 where there are no more, or but one word.
        closing: uint64, shape (n,): of the last; the same.
        words: int32, shape (n,).
        script: uint8, shape (n,), a place in SCRIPTS.
        counts: uint8, shape (n,): passages of each prompt.
        passages: uint64, shape (sum of counts,), prompt after prompt; may repeat.
    """

    whole: NDArray[np.uint64]
    skeleton: NDArray[np.uint64]
    opening: NDArray[np.uint64]
    closing: NDArray[np.uint64]
    words: NDArray[np.int32]
    script: NDArray[np.uint8]
    counts: NDArray[np.uint8]
    passages: NDArray[np.uint64]


def sketch(texts: pa.ChunkedArray) -> Sketches:
    """Sketch prompts, on as many threads as there are cores.

    Args:
        texts: string, shape (n,); nulls give no keys.
    """
    blocks = []
    for chunk in texts.chunks:
        data, offsets = buffers(chunk)
        starts = range(0, len(chunk), _BLOCK)
        blocks += [(data, offsets[first : first + _BLOCK + 1]) for first in starts]
    if len(blocks) < 2:
        made = [_block(*block) for block in blocks]
    else:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            made = list(pool.map(_block, *zip(*blocks, strict=True)))
    return Sketches(*map(np.concatenate, zip(_block(*_NOTHING), *made, strict=True)))


def buffers(chunk: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The bytes and the n + 1 offsets of a string array; nulls are made empty first."""
    filled = chunk.fill_null("") if chunk.null_count else chunk
    # NumPy reads Arrow's buffers, which the stubs do not know.
    read: list[Any] = filled.buffers()
    _, offsets, data = read
    ends = np.frombuffer(offsets or b"\0" * 4, dtype=np.int32)
    ends = ends[filled.offset : filled.offset + len(filled) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8), ends


_NOTHING = (np.zeros(0, np.uint8), np.zeros(1, np.int32))


def _block(data: NDArray[np.uint8], offsets: NDArray[np.int32]) -> Sketches:
    """Sketch one run of texts."""
    n = len(offsets) - 1
    keys = np.zeros((4, n), np.uint64)
    words, script, counts = np.zeros(n, np.int32), np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    longest = int(np.diff(offsets).max(initial=0)) + 1
    room = np.empty((2, longest), np.uint64), np.empty(longest, np.uint8)
    passages = np.empty(n * MOST, np.uint64)
    held = _sketch(data, offsets, _SEEDS, keys, words, script, counts, passages, *room)
    whole, skeleton, opening, closing = keys
    passages = passages[:held].copy()
    return Sketches(whole, skeleton, opening, closing, words, script, counts, passages)


@numba.njit(cache=True, nogil=True)
def _sketch(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int32],
    seeds: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    words: NDArray[np.int32],
    script: NDArray[np.uint8],
    counts: NDArray[np.uint8],
    passages: NDArray[np.uint64],
    room: NDArray[np.uint64],
    flags: NDArray[np.uint8],
) -> int:
    """Fill keys, words, script, counts and passages; returns how many passages there are.

    Keys are of the whole, the skeleton, the first words and the last.
    """
    held = 0
    hashes, runs = room[0], room[1]
    for text in range(offsets.size - 1):
        n, size = read_words(data, (offsets[text], offsets[text + 1]), seeds[1], hashes, flags)
        words[text] = n
        if size < _LEAST_CHARACTERS:
            continue
        keys[0, text], keys[1, text], script[text] = _chains(hashes, flags, n, seeds)
        found = _winnow(hashes, flags, n, seeds, runs)
        counts[text] = _choose(runs, found, passages[held : held + MOST])
        held += counts[text]
        if n > END:
            keys[2, text] = _end(hashes[:END], seeds[0], seeds)
            keys[3, text] = _end(hashes[n - END : n], seeds[3], seeds)
    return held


@numba.njit(cache=True, nogil=True)
def _chains(
    hashes: NDArray[np.uint64], flags: NDArray[np.uint8], n: int, seeds: NDArray[np.uint64]
) -> tuple[np.uint64, np.uint64, int]:
    """The keys of the whole text and of its skeleton, and the script of most words."""
    whole, bones = seeds[0], seeds[3]
    kept, foreign, unspaced = 0, 0, 0
    slot = False
    for place in range(n):
        flag = flags[place]
        whole = (whole ^ hashes[place]) * seeds[2]
        whole ^= whole >> np.uint64(29)
        foreign += (flag & FOREIGN) != 0
        unspaced += (flag & UNSPACED) != 0
        if flag & MASKED:
            if not slot:
                bones = (bones ^ seeds[1]) * seeds[2]
                bones ^= bones >> np.uint64(29)
            slot = True
            continue
        slot = False
        kept += 1
        bones = (bones ^ hashes[place]) * seeds[2]
        bones ^= bones >> np.uint64(29)
    skeleton = mix(bones) & ~_TAGS | np.uint64(SKELETON)
    return (
        mix(whole) & ~_TAGS | np.uint64(WHOLE),
        skeleton if kept >= _LEAST_SKELETON else np.uint64(0),
        2 if 2 * unspaced > n else 1 if 2 * foreign > n else 0,
    )


@numba.njit(cache=True, nogil=True)
def _winnow(
    hashes: NDArray[np.uint64],
    flags: NDArray[np.uint8],
    n: int,
    seeds: NDArray[np.uint64],
    runs: NDArray[np.uint64],
) -> int:
    """Take passages by their hashes, some of any WINDOW neighbours; none reaches across a cut.

    Args:
        hashes: the text's words, shape (n,) or longer.
        flags: what is known of them.
        n: number of words.
        seeds: the states that hashes start from.
        runs: filled with the keys of the taken passages; as long as the text.

    Returns:
        Number of passages taken.
    """
    base, salt = seeds[2], seeds[3]
    last = np.uint64(1)  # what the oldest word of a passage is multiplied by
    for _ in range(RUN - 1):
        last *= base
    ring = np.empty(WINDOW, np.uint64)
    found, rolled, begun, since, taken, least_at = 0, np.uint64(0), 0, 0, 0, -1
    for place in range(n + 1):
        if place == n or flags[place] & CUT:
            # A stretch too short for a window still has its least passage.
            if taken == 0 and since:
                runs[found] = _key(ring[:since].min(), salt)
                found += 1
            if place == n:
                break
            rolled, begun, since, taken, least_at = np.uint64(0), place, 0, 0, -1
        if place - begun >= RUN:
            rolled -= hashes[place - RUN] * last
        rolled = rolled * base + hashes[place]
        if place - begun < RUN - 1:
            continue
        value = mix(rolled)
        if value < _OFTEN:
            runs[found] = _key(value, salt)
            found, taken, since, least_at = found + 1, taken + 1, 0, -1
            continue
        ring[since % WINDOW] = value
        since += 1
        if since >= WINDOW and (least_at < since - WINDOW or value < ring[least_at % WINDOW]):
            least_at = since - 1
            for at in range(since - 2, since - WINDOW - 1, -1):
                if ring[at % WINDOW] < ring[least_at % WINDOW]:
                    least_at = at
            runs[found] = _key(ring[least_at % WINDOW], salt)
            found, taken = found + 1, taken + 1
    return found


@numba.njit(cache=True, nogil=True, inline="always")
def _key(value: np.uint64, salt: np.uint64) -> np.uint64:
    """A passage's key: mixed once more, since what is least of many is small."""
    return mix(value ^ salt) & ~_TAGS | np.uint64(PASSAGE)


@numba.njit(cache=True, nogil=True)
def _end(words: NDArray[np.uint64], start: np.uint64, seeds: NDArray[np.uint64]) -> np.uint64:
    """The key of a text's first words, or of its last, by where the hash starts; 0 for none."""
    if (words == words[0]).all():
        return np.uint64(0)
    state = start
    for word in words:
        state = (state ^ word) * seeds[2]
        state ^= state >> np.uint64(29)
    return mix(state ^ seeds[1]) & ~_TAGS | np.uint64(ENDING)


@numba.njit(cache=True, nogil=True)
def _choose(runs: NDArray[np.uint64], found: int, taken: NDArray[np.uint64]) -> int:
    """Take all passages, or of too many the first, the last and the least of those between."""
    if found <= taken.size:
        taken[:found] = runs[:found]
        return found
    taken[:HEAD] = runs[:HEAD]
    taken[HEAD : HEAD + TAIL] = runs[found - TAIL : found]
    between = taken[HEAD + TAIL :]
    held = 0
    for place in range(HEAD, found - TAIL):
        value = runs[place]
        at = held
        if held == BETWEEN:
            if value >= between[held - 1]:
                continue
            at = held - 1
        else:
            held += 1
        while at > 0 and between[at - 1] > value:
            between[at] = between[at - 1]
            at -= 1
        between[at] = value
    return taken.size
