"""How numbers are spelled: ids, cards, names, domains and devices, each a hash of its number."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, scatter
from graphkit.simulate.slots import CHAINED
from graphkit.simulate.words import (
    CLIENTS,
    FIRST_NAMES,
    HARNESS_AGENT,
    MAIL_DOMAINS,
    N_WORDS,
    RARE_CLIENTS,
    invented,
    join,
    take,
)

N_BINS = 240
SECOND_CARD = 1000  # turns by which an account's second card is ahead of its first
COMMON_DEVICES = sum(releases for _, _, releases in CLIENTS)
_BASE32 = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", np.uint8)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DIGITS = np.frombuffer(b"0123456789", np.uint8)
# What a hash is of, so that no two identifiers of one number have to do with each other.
_ACCOUNT, _ORG, _CARD, _NAME, _DOMAIN, _BIN, _TLS = range(101, 108)


def _codes(bits: NDArray[np.uint64], letters: NDArray[np.uint8], length: int) -> pa.Array:
    """Write even bits in the letters of an alphabet, the lowest first.

    Returns:
        string of `length` letters, shape (n,).
    """
    base = np.uint64(len(letters))
    drawn = np.empty((len(bits), length), np.uint8)
    for place in range(length):
        drawn[:, place] = letters[bits % base]
        bits = bits // base
    return pa.array(drawn.view(f"S{length}").ravel(), pa.binary()).cast(pa.string())


def account_ids(seed: int, number: NDArray[np.integer]) -> pa.Array:
    """Spell account ids; no two numbers are spelled alike, for 13 letters hold all 64 bits."""
    return join("acct_", _codes(scatter(seed, _ACCOUNT, number), _BASE32, 13))


def org_ids(seed: int, number: NDArray[np.integer]) -> pa.Array:
    """Spell organisation ids; null below 0."""
    codes = join("org_", _codes(scatter(seed, _ORG, number), _BASE32, 12))
    ids: pa.Array = pc.if_else(pa.array(number >= 0), codes, pa.scalar(None, pa.string()))
    return ids


def domains(seed: int, words: pa.Array, number: NDArray[np.integer]) -> pa.Array:
    """Spell mail domains: the public ones by their place, then one for each number."""
    bits = scatter(seed, _DOMAIN, number)
    own = join(
        take(words, (bits % np.uint64(N_WORDS)).astype(np.int64)),
        _codes(bits >> np.uint64(20), _BASE32[10:], 4),
        ".dev",
    )
    public = take(
        [name for name, _ in MAIL_DOMAINS],
        np.where(number < len(MAIL_DOMAINS), number, 0),
    )
    names: pa.Array = pc.if_else(pa.array(number < len(MAIL_DOMAINS)), public, pc.utf8_lower(own))
    return names


def cards(
    seed: int, card: NDArray[np.integer], turn: NDArray[np.integer], issuer: NDArray[np.integer]
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Spell cards.

    Args:
        seed: the world's.
        card: number of the card.
        turn: how often it was replaced by a new one.
        issuer: which of the issuers' ranges it comes from.

    Returns:
        fingerprint, bin, last4.
    """
    bits = scatter(seed, _CARD, card, turn)
    ranges = 400_000 + scatter(seed, _BIN, np.arange(N_BINS)) % np.uint64(99_999)
    return (
        join("fp_", _codes(bits, _BASE32, 12)),
        take(pa.array(ranges, pa.int64()).cast(pa.string()), issuer),
        _codes(scatter(bits.view(np.int64)), _DIGITS, 4),
    )


def payers(
    seed: int,
    words: pa.Array,
    payer: NDArray[np.integer],
    alias: NDArray[np.integer],
) -> tuple[pa.Array, pa.Array]:
    """Spell billing names and postal codes.

    Variants of one payer are near each other: another first letter or a middle initial, and a
    postal code in the same district. The steps of a chain (CHAINED) change one thing at a time,
    in turn the first name, the last and the district, so that three steps apart nothing is left.

    Returns:
        name, postal code.
    """
    chained = alias == CHAINED
    alias = np.where(chained, 0, alias)
    step = payer.astype(np.int64)
    bits, of_last, of_district = (
        scatter(seed, _NAME, np.where(chained, (step + ahead) // 3, step)) for ahead in (2, 1, 0)
    )
    first = take(FIRST_NAMES, (bits % np.uint64(len(FIRST_NAMES))).astype(np.int64))
    last = take(words, ((of_last >> np.uint64(8)) % np.uint64(N_WORDS)).astype(np.int64))
    # 0: Ada Rhea; 1 to 20: Ada B. Rhea; 21 to 40: A. Rhea and so on, as alias runs.
    middle = np.where(alias > 0, 1 + (alias.astype(np.int64) * 7) % 20, 0)
    initials = ["", *(f"{letter}. " for letter in "ABCDEFGHIJKLMNOPRSTV")]
    short = join(pc.utf8_slice_codeunits(first, 0, 1), ".")
    name = join(pc.if_else(pa.array(alias > 20), short, first), " ", take(initials, middle), last)
    district = ((of_district >> np.uint64(32)) % np.uint64(1000)).astype(np.int64)
    house = (scatter(seed, _NAME, step) >> np.uint64(44)) % np.uint64(100)
    house = house.astype(np.int64)
    postal = 100_000 + district * 100 + (house + alias) % 100
    return name, pc.utf8_slice_codeunits(pa.array(postal).cast(pa.string()), 1, 6)


def n_rare_devices(n: int) -> int:
    """How many seldom seen devices there are among n accounts."""
    return max(20, n // 60)


def devices(seed: int, n_rare: int, extra: list[tuple[str, str]]) -> tuple[pa.Array, pa.Array]:
    """Spell the devices: common clients by release, then the seldom ones, then `extra`.

    Returns:
        User agents, and TLS fingerprints in the form of JA4.
    """
    marks = fingerprints(seed, np.arange(len(CLIENTS) + n_rare))
    agents, tls = [], []
    for (pattern, _, releases), mark in zip(CLIENTS, marks, strict=False):
        agents += [pattern.format(10 + release) for release in range(releases)]
        tls += [mark] * releases
    for number in range(n_rare):
        agents.append(RARE_CLIENTS[number % len(RARE_CLIENTS)].format(number // len(RARE_CLIENTS)))
    tls += marks[len(CLIENTS) :]
    return (
        pa.array(agents + [agent for agent, _ in extra], pa.string()),
        pa.array(tls + [mark for _, mark in extra], pa.string()),
    )


def fingerprints(seed: int, number: NDArray[np.integer]) -> list[str]:
    """Spell TLS fingerprints."""
    left = _codes(scatter(seed, _TLS, number), _HEX, 14)
    right = _codes(scatter(seed, _TLS, number, 1), _HEX, 12)
    pairs = zip(map(str, left), map(str, right), strict=True)
    return [f"t13d1{a[0]}1{a[1]}h2_{a[2:]}_{b}" for a, b in pairs]


def harness(seed: int) -> tuple[str, str]:
    """The coding harness that strangers run: its user agent and TLS fingerprint."""
    return HARNESS_AGENT, fingerprints(seed, np.array([1_000_003]))[0]


def new_words(seed: int) -> pa.Array:
    """The invented words of a world; many stand in prompts, names and domains."""
    return invented(Chance(seed, 3), N_WORDS)
