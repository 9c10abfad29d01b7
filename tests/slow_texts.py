"""What sketches and links of texts must be, one character and one prompt at a time."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, TypeVar

MASK = 2**64 - 1
LATIN = "abcdefghijklmnopqrstuvwxyzàéßñ"
FOREIGN = "жщгבשمرक"
UNSPACED = "日本語ไทယ"
PASSED = "\u200b\u200d\ufeff\u00ad"
APART = " \t,.;:!?<>/()\u00a0—、。"
ALPHABET = LATIN + LATIN.upper().replace("SS", "") + "ЖЩ" + FOREIGN + UNSPACED + PASSED + APART
ALPHABET += '"“”\n[]0123456789٣'
MARK = re.compile(r"\[[^\]]{0,62}?(?:mitted|ncated|elided|emoved)[^\]]{0,62}?\]", re.IGNORECASE)


class Slow(NamedTuple):
    """Keys of a prompt: 0 where it has none."""

    whole: int
    skeleton: int
    opening: int
    closing: int
    words: int
    script: int
    passages: list[int]


def mix(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


_STATE = hashlib.sha256(b"graphkit prompts").digest()
SEEDS = [int.from_bytes(_STATE[place : place + 8], "little") | 1 for place in (0, 8, 16, 24)]


def sealed(key: int, secret: bytes) -> int:
    """SipHash-2-4 of a key's 8 bytes, as the paper writes it."""
    k0, k1 = (int.from_bytes(secret[place : place + 8], "little") for place in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D]
    v += [k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turned(value: int, bits: int) -> int:
        return (value << bits | value >> 64 - bits) & MASK

    def rounds(n: int) -> None:
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = turned(v[1], 13) ^ v[0]
            v[0] = turned(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = turned(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = turned(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = turned(v[1], 17) ^ v[2]
            v[2] = turned(v[2], 32)

    for block in (key, 8 << 56):
        v[3] ^= block
        rounds(2)
        v[0] ^= block
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def words_of(text: str) -> list[tuple[str, bool, bool]]:
    """Words as they are spelled, whether each fills a slot, and whether text was cut before it."""
    made: list[tuple[str, bool, bool]] = []
    word, slot, quoted, cut = "", False, False, False
    place = 0
    while place < len(text) + 1:
        char = text[place] if place < len(text) else " "
        mark = MARK.match(text, place) if char == "[" else None
        if mark and len(mark.group().encode()) > 64:
            mark = None
        place += len(mark.group()) if mark else 1
        if char in PASSED:
            continue
        if char.isalnum() and char not in UNSPACED:
            slot |= char.isdigit() or (char.isupper() and not word)
            if char.isdigit():
                char = "" if word.endswith("0") else "0"
            word += char.lower()
            continue
        if word:
            made.append((word, slot or quoted, cut))
            word, slot, cut = "", False, False
        if char in UNSPACED:
            made.append((char, quoted, cut))
            cut = False
        if char in '"“”':
            quoted = not quoted
        elif char == "\n":
            quoted = False
        cut = cut or bool(mark)
    return made


def chain(state: int, values: Iterable[int], factor: int) -> int:
    for value in values:
        state = (state ^ value) * factor & MASK
        state ^= state >> 29
    return state


def hashed(word: str, seed: int) -> int:
    for char in word:
        seed = (seed ^ ord(char)) * 0x100000001B3 & MASK
    return mix(seed)


def slow_sketch(text: str | None) -> Slow:
    start, seed, factor, other = SEEDS
    words = words_of(text or "")
    size = sum(3 if word in UNSPACED else len(word) for word, _, _ in words)
    if size < 24:
        return Slow(0, 0, 0, 0, len(words), 0, [])
    hashes = [hashed(word, seed) for word, _, _ in words]
    bones: list[int] = []
    for value, (_, slot, _) in zip(hashes, words, strict=True):
        if not slot or not bones or bones[-1] != seed:
            bones.append(seed if slot else value)
    kept = sum(not slot for _, slot, _ in words)
    unspaced = sum(word in UNSPACED for word, _, _ in words)
    foreign = sum(any(char in FOREIGN for char in word) for word, _, _ in words)
    return Slow(
        mix(chain(start, hashes, factor)) & ~3,
        mix(chain(other, bones, factor)) & ~3 | 1 if kept >= 8 else 0,
        end(hashes[:16], start) if len(hashes) > 16 else 0,
        end(hashes[-16:], other) if len(hashes) > 16 else 0,
        len(words),
        2 if 2 * unspaced > len(words) else 1 if 2 * foreign > len(words) else 0,
        few(passages(hashes, [cut for _, _, cut in words], factor, other)),
    )


def passages(hashes: list[int], cuts: list[bool], factor: int, salt: int) -> list[int]:
    """Keys of the passages that are taken, stretch by stretch."""
    starts = [0, *(place for place, cut in enumerate(cuts) if cut and place), len(hashes)]
    made: list[int] = []
    for start, stop in pairwise(starts):
        values: list[int] = []
        for first in range(start, stop - 5):
            value = 0
            for word in hashes[first : first + 6]:
                value = (value * factor + word) & MASK
            values.append(mix(value))
        taken = {at for at, value in enumerate(values) if value < 2**64 // 10}
        before = -1
        for first in range(len(values) - 23):
            window = range(first, first + 24)
            if any(values[at] < 2**64 // 10 for at in window):
                continue
            # What was taken stays as long as it can; then of equal ones the last.
            least = min(values[at] for at in window)
            if before not in window or values[before] != least:
                before = max(at for at in window if values[at] == least)
            taken.add(before)
        if values and not taken:
            taken = {values.index(min(values))}
        made += [mix(values[at] ^ salt) & ~3 | 2 for at in sorted(taken)]
    return made


def end(hashes: list[int], start: int) -> int:
    """The key of a text's first words or of its last; of one word again and again there is none."""
    _, seed, factor, _ = SEEDS
    if len(set(hashes)) == 1:
        return 0
    return mix(chain(start, hashes, factor) ^ seed) & ~3 | 3


def few(keys: list[int]) -> list[int]:
    if len(keys) <= 64:
        return keys
    return [*keys[:24], *keys[-24:], *sorted(keys[24:-24])[:16]]


Moment = TypeVar("Moment", int, datetime)


Uses = dict[tuple[str, str, int], tuple[int, Moment, Moment]]


def slow_links(sent: Sequence[tuple[str, Moment, str | None]], secret: bytes) -> Uses[Moment]:
    """Links by account, kind and key of a day's prompts (account, time, text)."""
    texts: dict[tuple[str, int], list[Moment]] = defaultdict(list)
    bearing: dict[int, set[tuple[str, int]]] = defaultdict(set)
    ends: dict[tuple[str, str, int], list[Moment]] = defaultdict(list)
    for account, time, text in sent:
        told: Slow = slow_sketch(text)
        if told.whole:
            pair = account, told.whole
            texts[pair].append(time)
            for key in (told.whole, told.skeleton, *told.passages):
                bearing[key].add(pair)
        if told.opening:
            ends[account, "opening", told.opening].append(time)
        if told.closing:
            ends[account, "closing", told.closing].append(time)
    bearing.pop(0, None)
    standing: dict[frozenset[tuple[str, int]], int] = {}
    for key in sorted(bearing, key=lambda key: (key & 3, key)):
        standing.setdefault(frozenset(bearing[key]), key)
    rows = {place: (len(times), min(times), max(times)) for place, times in ends.items()}
    for key, pairs in bearing.items():
        if key & 3 and (standing[frozenset(pairs)] != key or len(pairs) < 2):
            continue
        holders = {account for account, _ in pairs}
        kind = ("prompt", "skeleton", "wrapper")[key & 3]
        if kind == "wrapper" and 2 * len(pairs) < 3 * len(holders):
            kind = "payload"
        for holder in holders:
            times = [time for pair in pairs if pair[0] == holder for time in texts[pair]]
            rows[holder, kind, key] = len(times), min(times), max(times)
    return {
        (account, kind, signed(sealed(key, secret))): rows[account, kind, key]
        for account, kind, key in within_limits(rows)
    }


def signed(key: int) -> int:
    return key - 2**64 if key >= 2**63 else key


def within_limits(rows: Uses[Moment]) -> set[tuple[str, str, int]]:
    """Of an account 32 of each sort, 8 of those that came once and from nobody else."""
    holders = Counter((kind, key) for _, kind, key in rows)
    together = {"skeleton": "inside", "payload": "inside", "wrapper": "inside"}
    groups: dict[tuple[str, str], list[tuple[bool, int, int, str]]] = defaultdict(list)
    for (account, kind, key), (n, *_) in rows.items():
        unshared = holders[kind, key] == 1
        groups[account, together.get(kind, kind)].append((unshared, -n, key, kind))
    kept: set[tuple[str, str, int]] = set()
    for (account, _), ranked in groups.items():
        once = [row for row in sorted(ranked) if row[:2] == (True, -1)]
        chosen = [row for row in sorted(ranked) if row not in once] + once[:8]
        kept |= {(account, kind, key) for _, _, key, kind in chosen[:32]}
    return kept
