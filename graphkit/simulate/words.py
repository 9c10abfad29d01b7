"""What simulated accounts are made of: names, mail domains, countries, devices; all invented."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FIRST_NAMES = """
Ada Alma Amir Anouk Arlo Asta Aziz Beate Boris Brisa Caio Chiara Cyrus Dalia Daoud Delia Dmitri
Edda Elio Emre Enzo Esme Farid Fenna Flora Gita Goran Hana Hugo Ines Iqbal Ivo Jana Jiro Juno
Kaede Karim Keira Kofi Lale Leif Lina Luan Maeve Malik Marta Milo Mina Nadia Neela Nils Noor Odile
Olga Omar Otto Paz Petra Quim Rafa Rhea Rosa Runa Samir Selma Signe Soren Tala Tariq Tess Thea
Timo Ulla Uma Vera Viggo Wanda Wei Xenia Yara Yusuf Zadie Zora
""".split()  # noqa: SIM905 - a list would take a line for each name

MAIL_DOMAINS = (
    ("gmail.com", 0.52),
    ("outlook.com", 0.14),
    ("hotmail.com", 0.07),
    ("yahoo.com", 0.07),
    ("icloud.com", 0.06),
    ("proton.me", 0.05),
    ("gmx.de", 0.04),
    ("qq.com", 0.03),
    ("mail.com", 0.015),
    ("mailinator.com", 0.005),
)
# Country, share of accounts, hours ahead of UTC.
COUNTRIES = (
    ("US", 0.34, -6),
    ("IN", 0.14, 5),
    ("DE", 0.08, 1),
    ("GB", 0.08, 0),
    ("BR", 0.07, -3),
    ("FR", 0.06, 1),
    ("JP", 0.06, 9),
    ("CA", 0.05, -5),
    ("NL", 0.04, 1),
    ("SG", 0.04, 8),
    ("PL", 0.02, 1),
    ("AU", 0.02, 10),
)
MODELS = (("atlas-mini", 0.45), ("atlas-base", 0.35), ("atlas-max", 0.2))
HARNESS_AGENT = "forgehand-cli/1.8.2 (node 22.11)"
# Clients, with the releases in use; each client has one TLS fingerprint of its own.
CLIENTS = (
    ("provider-python/2.{}.0", 0.3, 12),
    ("provider-node/4.{}.1", 0.18, 12),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/1{}.0.0.0 Safari/537.36", 0.2, 30),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.{} Safari/605.1.15", 0.1, 4),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:1{0}.0) Gecko/20100101 Firefox/1{0}.0", 0.06, 9),
    ("python-requests/2.{}.3", 0.08, 6),
    ("curl/8.{}.0", 0.04, 10),
    ("Go-http-client/2.{}", 0.04, 2),
)
RARE_CLIENTS = (
    "okhttp/4.{}.0",
    "axios/1.{}.2",
    "reqwest/0.{}.4",
    "libwww-perl/6.{}",
    "Java/{}.0.2",
)

LETTERS = "abcdefghijklmnopqrstuvwxyz"
HEX = "0123456789abcdef"
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"

_ONSETS = [*"bcdfghjklmnpqrstvwz", "br", "ch", "dr", "gr", "kl", "pr", "st", "tr"]
_VOWELS = [*"aeiou", "ae", "ia", "io", "ou"]
_CODAS = [*"lnrsxm", "th", "nd", "rn", "st"]


def codes(rng: np.random.Generator, n: int, alphabet: str, length: int) -> pa.Array:
    """Draw random strings.

    Args:
        rng: the source of chance.
        n: how many.
        alphabet: ASCII characters to draw from.
        length: characters of each.

    Returns:
        string, shape (n,).
    """
    letters = np.frombuffer(alphabet.encode(), np.uint8)
    drawn = letters[rng.integers(0, len(letters), (n, length))]
    return pa.array(drawn.view(f"S{length}").ravel(), pa.binary()).cast(pa.string())


def invented(rng: np.random.Generator, n: int) -> pa.Array:
    """Draw made-up capitalised words of two or three syllables; a few repeat.

    Returns:
        string, shape (n,).
    """
    parts: list[pa.Array] = []
    for syllable in range(3):
        # A third syllable for one word in two: the empty string stands for none.
        onsets = _ONSETS if syllable < 2 else [*_ONSETS, *[""] * len(_ONSETS)]
        onset = rng.integers(0, len(onsets), n)
        vowel = rng.integers(0, len(_VOWELS), n)
        vowels = [*_VOWELS, ""]
        vowel[onset >= len(_ONSETS)] = len(_VOWELS)
        parts += [take(onsets, onset), take(vowels, vowel)]
    parts.append(take(_CODAS, rng.integers(0, len(_CODAS), n)))
    words: pa.Array = pc.utf8_capitalize(join(*parts))
    return words


def take(words: Sequence[str] | pa.Array, index: NDArray[np.integer]) -> pa.Array:
    """Look words up by their places; below 0 is null.

    Returns:
        string, shape of `index`.
    """
    source = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
    places: pa.Int64Array = pa.array(index, pa.int64(), mask=index < 0)
    return source.take(places)


def join(*parts: pa.Array | str) -> pa.Array:
    """Put strings together row by row; a plain string stands in every row.

    Returns:
        string, shape (n,).
    """
    scalars = [pa.scalar(part) if isinstance(part, str) else part for part in parts]
    joined: pa.Array = pc.binary_join_element_wise(*scalars, "")
    return joined


def blank(texts: pa.Array, where: NDArray[np.bool_]) -> pa.Array:
    """Leave texts out in some rows.

    Returns:
        string, shape (n,), empty where asked.
    """
    kept: pa.Array = pc.if_else(pa.array(where), "", texts)
    return kept


def pick(rng: np.random.Generator, weights: Sequence[float], n: int) -> NDArray[np.int64]:
    """Draw places with the given weights.

    Returns:
        int64, shape (n,), below `len(weights)`.
    """
    edges = np.cumsum(weights)
    places = np.searchsorted(edges / edges[-1], rng.random(n), side="right")
    return np.minimum(places, len(weights) - 1)


def scatter(*keys: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """Hash rows of integers to 64 evenly spread bits, so that a draw needs no generator's state.

    Sebastiano Vigna's public-domain SplitMix64 step, once per key.

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


def evenly(*keys: NDArray[np.integer] | int) -> NDArray[np.float64]:
    """`scatter` as numbers in [0, 1).

    Returns:
        float64, the keys' common shape.
    """
    return (scatter(*keys) >> np.uint64(11)).astype(np.float64) / 2.0**53
