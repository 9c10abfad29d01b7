"""A day's prompts, gathered part by part, and who has which text or passage in common.

Memory: some 12 bytes per passage and 75 per prompt. Above 120 million passages only those are kept
whose keys end in zero bits, as many bits as it takes (adaptive sampling; Wegman, in Flajolet,
1990), so that the same passages are kept whatever the order.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import REQUESTS
from graphkit.entities.prompts import Sketches, buffers, sketch
from graphkit.entities.witnesses import (
    LENGTHS,
    PARTITION_SHIFT,
    PARTITIONS,
    Partitions,
    Prompts,
    TextLinks,
    link_texts,
)
from graphkit.entities.words import hash_names

_MOST_PASSAGES = 120_000_000
_BATCH = 2_000_000  # records that are gathered before they are put in partitions
_SEED = np.uint64(0xCBF29CE484222325)
_FIRST_BIT = np.uint64(2)  # the two below say what a key is of


class Texts:
    """Gathers a day's prompts."""

    def __init__(self) -> None:
        self._prompts: list[Prompts] = []
        self._records: Partitions = [[] for _ in range(PARTITIONS)]
        self._waiting: list[tuple[NDArray[np.uint64], NDArray[np.uint32]]] = []
        self._n, self._zeros = 0, 0

    def add(self, part: pa.Table) -> None:
        """Take in a part of REQUESTS."""
        made = sketch(part["prompt"])
        said = made.whole != 0
        kept = Prompts(
            _names(part["account_id"])[said],
            part["ts"].cast(pa.int64()).to_numpy()[said],
            made.whole[said],
            _traits(made)[said],
            made.opening[said],
            made.closing[said],
        )
        rows = np.arange(self._n, self._n + len(kept.time), dtype=np.uint32)
        skeletons = made.skeleton[said]
        keys = np.concatenate([skeletons[skeletons != 0], made.passages])
        of = np.concatenate([rows[skeletons != 0], np.repeat(rows, made.counts[said])])
        self._prompts.append(kept)
        self._waiting.append((keys, of))
        self._n += len(rows)
        if sum(len(keys) for keys, _ in self._waiting) > _BATCH:
            self._put()

    def links(self, account_ids: pa.ChunkedArray) -> TextLinks:
        """Who holds which key; what was gathered is used up.

        Args:
            account_ids: string, each once; among them all that sent something.
        """
        self._put()
        self.add(REQUESTS.empty())
        return link_texts(self._prompts, self._records, _names(account_ids))

    def _put(self) -> None:
        """Put what waits into partitions."""
        if self._waiting:
            keys, rows = map(np.concatenate, zip(*self._waiting, strict=True))
            self._waiting = []
            _part(*self._sampled(keys, rows), self._records)
        while sum(len(keys) for part in self._records for keys, _ in part) > _MOST_PASSAGES:
            self._zeros += 1
            for part in self._records:
                part[:] = [self._sampled(*records) for records in part]

    def _sampled(
        self, keys: NDArray[np.uint64], rows: NDArray[np.uint32]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """The records whose keys end in as many zero bits as it takes now."""
        if not self._zeros:
            return keys, rows
        kept = (keys >> _FIRST_BIT) & np.uint64((1 << self._zeros) - 1) == 0
        return keys[kept], rows[kept]


def _names(account_ids: pa.ChunkedArray) -> NDArray[np.uint64]:
    """Accounts as numbers of 64 bits: of a million, two are taken for one in 3 of 10^8 cases."""
    numbers = [hash_names(*buffers(chunk), _SEED) for chunk in account_ids.chunks]
    return np.concatenate([np.zeros(0, np.uint64), *numbers])


def _part(keys: NDArray[np.uint64], rows: NDArray[np.uint32], into: Partitions) -> None:
    """Put records in partitions by the highest bits of their keys."""
    partition = (keys >> PARTITION_SHIFT).astype(np.uint8)
    order = np.argsort(partition, kind="stable")  # A radix sort, on bytes.
    starts = np.searchsorted(partition[order], np.arange(PARTITIONS + 1, dtype=np.uint8))
    for part, (start, stop) in zip(into, pairwise(starts), strict=True):
        # Copies, so that a partition's memory is its own and can be given up.
        part.append((keys[order[start:stop]], rows[order[start:stop]]))


def _traits(made: Sketches) -> NDArray[np.uint8]:
    """Places in TRAITS of whole texts: by script and by the power of two below their words."""
    lengths = np.log2(np.maximum(made.words, 1)).astype(np.uint8)
    return (made.script * LENGTHS + np.minimum(lengths, LENGTHS - 1)).astype(np.uint8)
