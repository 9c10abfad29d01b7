"""Public prompts: the packaged sample or a file of the user's, whole and in sentences."""

import gzip
import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.errors import DataError
from graphkit.simulate.words import blank, join, take

PACKAGED = "packaged"
_PAIRED = 8192  # sentences that items are paired from, so that products stay within 63 bits
_PRIME = 7919
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])|\n+")
_SLOT = re.compile(r"\{w?\}")
_NUMBER = re.compile(r"(?<![\w.,$/:-])\d{1,3}(?![\w.,:/%-])")


@dataclass(frozen=True)
class Bank:
    """Texts cut at their first small number, so that it can be filled anew.

    Attributes:
        before: what stands ahead of the number; all of a text that has none.
        number: the number as written; empty where there is none.
        after: the rest.
    """

    before: pa.Array
    number: pa.Array
    after: pa.Array

    def fill(
        self, place: NDArray[np.integer], number: NDArray[np.integer], fresh: NDArray[np.bool_]
    ) -> pa.Array:
        """Take texts, with another number where `fresh` and there is one to replace.

        Returns:
            string, shape of `place`.
        """
        original = take(self.number, place)
        replace = pc.and_(pc.not_equal(original, pa.scalar("")), pa.array(fresh))
        filled = pc.if_else(replace, pa.array(number).cast(pa.string()), original)
        return join(take(self.before, place), filled, take(self.after, place))

    def as_is(self, place: NDArray[np.integer]) -> pa.Array:
        """Take texts with the numbers that they have.

        Returns:
            string, shape of `place`.
        """
        return self.fill(place, np.zeros(len(place), np.int64), np.zeros(len(place), np.bool_))

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.before)


@dataclass(frozen=True)
class Corpus:
    """Public prompts.

    Attributes:
        whole: as they are.
        sentences: of 25 to 240 characters, each once; no code.
    """

    whole: Bank
    sentences: Bank

    def items(
        self, place: NDArray[np.integer], number: NDArray[np.integer], fresh: NDArray[np.bool_]
    ) -> pa.Array:
        """Take items of one long data set: the public prompts, then their sentences in pairs.

        No two places have the same pair, and neighbours share no sentence. Where all pairs are
        used up (some 30 million in the packaged sample) they come again with a third sentence.

        Args:
            place: from 0, below 2**31.
            number: what the first number of an item becomes.
            fresh: whether it does.

        Returns:
            string, shape of `place`.
        """
        beyond = place.astype(np.int64) - len(self.whole)
        n = min(len(self.sentences), _PAIRED)
        # A step without common divisor reaches every pair once; near the golden section, neighbours
        # lie far apart.
        step = next(s for s in range(n * n * 618 // 1000, n * n) if math.gcd(s, n) == 1)
        round_, pair = beyond // (n * n), beyond * step % (n * n)
        whole = np.flatnonzero(beyond < 0)
        first = self.sentences.fill(pair % n, number, fresh)
        second = self.sentences.as_is(pair // n)
        third = self.sentences.as_is((pair + round_ * _PRIME) % n)
        paired = join(first, " ", second, blank(join(" ", third), round_ < 1))
        at = np.arange(len(place))
        at[whole] = len(place) + np.arange(len(whole))
        known = self.whole.fill(place[whole], number[whole], fresh[whole])
        return take(pa.concat_arrays([paired, known]), at)


@cache
def sample() -> tuple[tuple[str, str], ...]:
    """The packaged public prompts, as (source, text), in their file's order."""
    packed = resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(packed).decode("utf-8").splitlines()]
    return tuple((row["source"], row["text"]) for row in rows)


@cache
def load(path: Path | None = None) -> Corpus:
    """Read a corpus; the packaged sample where None.

    Args:
        path: lines of text, or JSON lines with a `text` each; either may be gzipped.

    Raises:
        DataError: the file cannot be read, or holds too little text.
    """
    if path is None:
        texts = [text for _, text in sample()]
        prose = [text for source, text in sample() if source != "humaneval"]
    else:
        texts = prose = _texts(path)
    found = (piece.strip() for text in prose for piece in _SENTENCE.split(text))
    fit = [piece for piece in found if 25 <= len(piece) <= 240 and piece[0].isalpha()]
    if len(texts) < 20 or len(fit) < 20:
        raise DataError(
            f"prompts {path} hold too little text",
            found=f"{len(texts)} prompts with {len(fit)} sentences",
            allowed="20 of each at least",
            do="name another file",
        )
    return Corpus(cut(texts), cut(list(dict.fromkeys(fit))))


def digest(path: Path | None) -> str:
    """What a world's identity says of its corpus: SHA-256 of the file; `packaged` where None.

    Raises:
        DataError: the file cannot be read.
    """
    return PACKAGED if path is None else hashlib.sha256(_bytes(path)).hexdigest()


def _texts(path: Path) -> list[str]:
    """The distinct texts of a file, in order."""
    packed = _bytes(path)
    try:
        data = gzip.decompress(packed) if path.suffix == ".gz" else packed
        lines = [line for line in data.decode("utf-8").splitlines() if line.strip()]
        if path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
            lines = [str(json.loads(line)["text"]).strip() for line in lines]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"prompts {path} cannot be read",
            found=type(error).__name__,
            allowed="UTF-8: lines of text, or JSON lines with a `text`; .gz or plain",
            do="correct the file",
        ) from None
    return list(dict.fromkeys(line for line in lines if line))


def _bytes(path: Path) -> bytes:
    """What a file holds."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"prompts {path} cannot be read",
            found=type(error).__name__,
            allowed="a readable file",
            do="correct the path",
        ) from None


def cut(texts: list[str]) -> Bank:
    """Cut each text at its first small number."""
    return _bank(texts, [_NUMBER.search(text) for text in texts])


def slotted(texts: list[str]) -> Bank:
    """Cut each text at its slot: `{}` for a number or `{w}` for a word; few have none.

    Returns:
        The texts, with the slot itself in place of the number.
    """
    found = [_SLOT.search(text) for text in texts]
    return _bank(texts, found)


def _bank(texts: list[str], found: list[re.Match[str] | None]) -> Bank:
    """Texts cut at what was found in them."""
    cuts = list(zip(texts, found, strict=True))
    return Bank(
        pa.array([text[: at.start()] if at else text for text, at in cuts], pa.string()),
        pa.array([at.group() if at else "" for at in found], pa.string()),
        pa.array([text[at.end() :] if at else "" for text, at in cuts], pa.string()),
    )
