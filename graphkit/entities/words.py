"""Words of texts in any language, as hashes: one pass over bytes, no Python objects.

What a word is, stated once: a run of letters and digits. ASCII, Latin-1, Greek and Cyrillic
capitals are lowered; a run of digits is one zero; every other ASCII byte, and the usual blanks and
punctuation beyond ASCII, only separate words. Characters without width (joiners, marks of
direction, soft hyphens) are passed over, so that they cannot split what a reader sees as one word.
In scripts that put no blanks between words (Chinese, Japanese, Thai and their like) each character
is a word. Bytes that are no UTF-8 count as letters: junk costs what text costs.

A word is hashed by FNV-1a's recurrence, once per character, then mixed
(SplitMix64's finaliser; Steele and others, 2014).
"""

import numba
import numpy as np
from numpy.typing import NDArray

# What a character does to the word that is being read.
_LETTER, _CAPITAL, _DIGIT, _PASSED, _APART, _ALONE, _QUOTE, _LINE, _BRACKET = range(9)
# What is known of a word: it fills a slot; text was cut away before it; its script has no blanks.
MASKED, CUT, UNSPACED, FOREIGN = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
_NONE = np.uint8(0)
_FARTHEST = 64  # bytes within which the mark of a gateway closes
# The ends of omitted, truncated, elided, removed: what a mark says inside its brackets.
_MARKS = np.frombuffer(b"mittedncatedelidedemoved", np.uint8).reshape(4, 6)
_ZERO = np.uint64(48)
_LATIN = np.uint64(0x24F)


def _ascii() -> NDArray[np.uint8]:
    table = np.full(128, _APART, np.uint8)
    table[48:58], table[65:91], table[97:123] = _DIGIT, _CAPITAL, _LETTER
    table[34], table[91] = _QUOTE, _BRACKET
    table[[10, 13]] = _LINE
    return table


_ASCII = _ascii()
_LOWERED = np.array([ord(chr(byte).lower()) for byte in range(128)], np.uint64)


@numba.njit(cache=True, nogil=True, inline="always")
def mix(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def read_words(
    data: NDArray[np.uint8],
    ends: tuple[int, int],
    seed: np.uint64,
    hashes: NDArray[np.uint64],
    flags: NDArray[np.uint8],
) -> tuple[int, int]:
    """Read a text's words.

    Args:
        data: bytes.
        ends: the text's first byte, and the one after its last.
        seed: the state from which words start.
        hashes: filled with the words' hashes; longer than the text.
        flags: filled with what is known of each word; longer than the text.

    Returns:
        Number of words, and of their characters: a run of digits counts once, a word of one thrice.
    """
    place, stop = ends
    n, size = 0, 0
    word, flag, inside, digit, quoted, cut = seed, _NONE, False, False, _NONE, _NONE
    while place < stop:
        byte = data[place]
        if byte < 128:
            kind, value, place = int(_ASCII[byte]), np.uint64(_LOWERED[byte]), place + 1
        else:
            kind, value, place = _wide(data, place, stop)
        if kind <= _DIGIT:
            if kind == _DIGIT:
                flag |= MASKED
                if digit:
                    continue
                value = _ZERO
            elif kind == _CAPITAL and not inside:
                flag |= MASKED
            elif value > _LATIN:
                flag |= FOREIGN
            digit, inside = kind == _DIGIT, True
            size += 1
            word = _step(word, value)
            continue
        if kind == _PASSED:
            continue
        if inside:
            hashes[n], flags[n] = mix(word), flag | cut | quoted
            n += 1
            word, flag, inside, digit, cut = seed, _NONE, False, False, _NONE
        if kind == _ALONE:
            hashes[n], flags[n] = mix(_step(seed, value)), UNSPACED | cut | quoted
            n, size, cut = n + 1, size + 3, _NONE
        elif kind == _BRACKET:
            place, cut = _after_mark(data, place, stop, cut)
        elif kind != _APART:
            # A quotation ends with its line at the latest.
            quoted = MASKED - quoted if kind == _QUOTE else _NONE
    if inside:
        hashes[n], flags[n] = mix(word), flag | cut | quoted
        n += 1
    return n, size


@numba.njit(cache=True, nogil=True, inline="always")
def _step(state: np.uint64, value: np.uint64) -> np.uint64:
    return (state ^ value) * np.uint64(0x100000001B3)


@numba.njit(cache=True, nogil=True)
def _after_mark(
    data: NDArray[np.uint8], place: int, stop: int, cut: np.uint8
) -> tuple[int, np.uint8]:
    """Pass over a gateway's mark, such as `[1234 characters omitted]`, if one begins here.

    Returns:
        The byte to go on with, and CUT where it was a mark, else `cut`.
    """
    end = min(stop, place + _FARTHEST)
    close = place
    while close < end and data[close] != 93:
        close += 1
    if close == end:
        return place, cut
    for first in range(place, close - _MARKS.shape[1] + 1):
        for mark in range(_MARKS.shape[0]):
            same = 0
            while same < _MARKS.shape[1] and data[first + same] | 32 == _MARKS[mark, same]:
                same += 1
            if same == _MARKS.shape[1]:
                return close + 1, CUT
    return place, cut


@numba.njit(cache=True, nogil=True)
def _wide(data: NDArray[np.uint8], place: int, stop: int) -> tuple[int, np.uint64, int]:
    """What a character beyond ASCII does, its lowered code point, and the byte after it."""
    lead = data[place]
    length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if lead < 0xC2 or lead > 0xF4 or place + length > stop:
        return _LETTER, np.uint64(lead), place + 1
    point = int(lead) & (0x3F >> (length - 1))
    for step in range(1, length):
        byte = data[place + step]
        if byte & 0xC0 != 0x80:
            return _LETTER, np.uint64(lead), place + 1
        point = (point << 6) | int(byte & 0x3F)
    kind, lowered = _told(int(point))
    return kind, np.uint64(lowered), place + length


@numba.njit(cache=True, nogil=True)
def _told(point: int) -> tuple[int, int]:
    """What a code point beyond ASCII does, and its lower case."""
    if point < 0x250:
        if point < 0xC0:
            if point == 0xAD:
                return _PASSED, point
            return (_LETTER if point in (0xAA, 0xB5, 0xBA) else _APART), point
        if point < 0xDF and point != 0xD7:
            return _CAPITAL, point + 32
        return (_APART if point in (0xD7, 0xF7) else _LETTER), point
    if point < 0x530:
        if 0x391 <= point <= 0x3A9 or 0x410 <= point <= 0x42F:
            return _CAPITAL, point + 32
        return (_CAPITAL, point + 80) if 0x400 <= point <= 0x40F else (_LETTER, point)
    if point < 0x1000:
        for zero in (0x660, 0x6F0, 0x966):
            if zero <= point < zero + 10:
                return _DIGIT, point
        if point in (0x60C, 0x61B, 0x61F, 0x6D4, 0x964, 0x965):
            return _APART, point
        return (_ALONE if point >= 0xE00 and point < 0xF00 else _LETTER), point
    if 0x2000 <= point < 0x2070:
        passed = 0x200B <= point < 0x2010 or 0x202A <= point < 0x202F or point >= 0x2060
        quote = point in (0x201C, 0x201D)
        return (_PASSED if passed else _QUOTE if quote else _APART), point
    if point == 0xFEFF or 0xFE00 <= point < 0xFE10:
        return _PASSED, point
    if 0x3000 <= point < 0x3005 or 0x3008 <= point < 0x3030 or 0x2E00 <= point < 0x2E80:
        return _APART, point
    if 0xFF00 <= point < 0xFF66:
        if 0xFF10 <= point < 0xFF1A:
            return _DIGIT, point
        letter = 0xFF21 <= point < 0xFF3B or 0xFF41 <= point < 0xFF5B
        return (_LETTER if letter else _APART), point
    alone = (
        0x1000 <= point < 0x10A0
        or 0x1780 <= point < 0x1800
        or 0x3005 <= point < 0xA000
        or 0xF900 <= point < 0xFB00
        or 0xFF66 <= point < 0xFFA0
        or 0x20000 <= point < 0x40000
    )
    return (_ALONE if alone else _LETTER), point


@numba.njit(cache=True, nogil=True)
def hash_names(
    data: NDArray[np.uint8], offsets: NDArray[np.int32], seed: np.uint64
) -> NDArray[np.uint64]:
    """Hash strings byte by byte.

    Args:
        data: bytes of all strings.
        offsets: where each begins and the last ends, shape (n + 1,).
        seed: the state from which each starts.
    """
    made = np.empty(offsets.size - 1, np.uint64)
    for name in range(made.size):
        value = seed
        for place in range(offsets[name], offsets[name + 1]):
            value = (value ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
        made[name] = mix(value)
    return made
