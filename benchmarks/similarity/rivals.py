"""The same job with libraries: MinHash of word shingles, bands as keys."""

import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS, BANDS, ROWS = 64, 21, 3
_WORD = re.compile(r"\w+")


def shingles(text: str) -> set[str]:
    """Runs of three words of a lowered text; of a shorter text the text."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[at : at + 3]) for at in range(max(len(words) - 2, 1))}


def by_datasketch(texts: Iterable[str]) -> Iterator[NDArray[np.uint64]]:
    """MinHash signatures by datasketch, uint64 of shape (PERMUTATIONS,) each."""
    from datasketch import MinHash

    sets = ([word.encode() for word in shingles(text)] for text in texts)
    for made in MinHash.generator(sets, num_perm=PERMUTATIONS, seed=1):
        yield made.hashvalues


def by_rensa(texts: Iterable[str]) -> Iterator[NDArray[np.uint64]]:
    """The same by rensa's MinHash in Rust."""
    from rensa import RMinHash

    for text in texts:
        made = RMinHash(num_perm=PERMUTATIONS, seed=1)
        made.update(list(shingles(text)))
        yield np.array(made.digest(), np.uint64)


def bands(signature: NDArray[np.uint64]) -> list[int]:
    """Keys of a signature: 21 bands of three values each, the number of the band among them."""
    rows = signature[: BANDS * ROWS].reshape(BANDS, ROWS).tolist()
    return [hash((band, *row)) for band, row in enumerate(rows)]


LIBRARIES = {"datasketch": by_datasketch, "rensa": by_rensa}
