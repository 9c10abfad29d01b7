"""What simulated accounts are made of: names, mail domains, countries, devices; all invented."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance

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
# The last is new: nobody has it before the launch.
MODELS = (("atlas-mini", 0.45), ("atlas-base", 0.35), ("atlas-max", 0.2), ("atlas-next", 0.0))
N_WORDS = 20_000
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

_ONSETS = [*"bcdfghjklmnpqrstvwz", "br", "ch", "dr", "gr", "kl", "pr", "st", "tr"]
_VOWELS = [*"aeiou", "ae", "ia", "io", "ou"]
_CODAS = [*"lnrsxm", "th", "nd", "rn", "st"]


def invented(chance: Chance, n: int) -> pa.Array:
    """Draw made-up capitalised words of two or three syllables; a few repeat.

    Returns:
        string, shape (n,).
    """
    parts: list[pa.Array] = []
    for syllable in range(3):
        # A third syllable for one word in two: the empty string stands for none.
        onsets = _ONSETS if syllable < 2 else [*_ONSETS, *[""] * len(_ONSETS)]
        onset = chance.below(len(onsets), n)
        vowel = chance.below(len(_VOWELS), n)
        vowels = [*_VOWELS, ""]
        vowel[onset >= len(_ONSETS)] = len(_VOWELS)
        parts += [take(onsets, onset), take(vowels, vowel)]
    parts.append(take(_CODAS, chance.below(len(_CODAS), n)))
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


def rank_within(owner: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number the rows of each owner from 0, in their order.

    Returns:
        int64, shape (n,).
    """
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], owner[order], side="left")
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner)) - first
    return rank
