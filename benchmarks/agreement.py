"""How well a partition of accounts agrees with a known one, and how sure that figure is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Numbers that stand for the same group; shape (accounts,).
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of accounts by block; shape (blocks,).

    Attributes:
        agreed: together in both partitions.
        claimed: together in the one that is held against the truth.
        true: together in the truth.
    """

    agreed: NDArray[np.int64]
    claimed: NDArray[np.int64]
    true: NDArray[np.int64]

    def scores(self, weight: NDArray[np.int64]) -> NDArray[np.float64]:
        """Precision, recall and F1 when each block counts so many times.

        Args:
            weight: shape (draws, blocks).

        Returns:
            Shape (draws, 3).
        """
        agreed, claimed, true = (weight @ n for n in (self.agreed, self.claimed, self.true))
        return np.stack([agreed / claimed, agreed / true, 2 * agreed / (claimed + true)], axis=1)


def blocks(*partitions: Labels) -> Labels:
    """Label the smallest sets of accounts that no group of any partition leaves."""
    n = partitions[0].size
    groups = [np.unique(labels, return_inverse=True)[1] for labels in partitions]
    starts = n + np.cumsum([0, *(labels.max(initial=-1) + 1 for labels in groups)])
    column = np.concatenate([labels + at for labels, at in zip(groups, starts, strict=False)])
    row = np.tile(np.arange(n), len(groups))
    size = int(starts[-1])
    ties = coo_array((np.ones(row.size, np.int8), (row, column)), shape=(size, size))
    block: Labels = connected_components(ties, directed=False)[1][:n].astype(np.int64)
    return block


def count_pairs(found: Labels, truth: Labels, block: Labels) -> Pairs:
    """Count pairs by block.

    Args:
        found: the partition to judge.
        truth: the known one.
        block: of each account, as `blocks` of at least these two gives it.
    """
    both = np.unique(np.stack([found, truth]), axis=1, return_inverse=True)[1].ravel()
    return Pairs(_within(both, block), _within(found, block), _within(truth, block))


def interval(scores: NDArray[np.float64]) -> list[list[float]]:
    """The middle 95% of each score over the draws: lower and upper end."""
    ends = np.quantile(scores, [0.025, 0.975], axis=0)
    return [[round(float(low), 4), round(float(high), 4)] for low, high in ends.T]


def draws(n_blocks: int, *, n: int, seed: int) -> NDArray[np.int64]:
    """How often each block comes up when as many are drawn with replacement; shape (n, blocks).

    Source: the bootstrap over clusters (Efron 1979; Davison and Hinkley 1997, 3.8).
    """
    chance = np.full(n_blocks, 1 / n_blocks)
    return np.random.default_rng(seed).multinomial(n_blocks, chance, size=n)


def _within(labels: Labels, block: Labels) -> NDArray[np.int64]:
    _, first, size = np.unique(labels, return_index=True, return_counts=True)
    pairs = np.zeros(block.max(initial=-1) + 1, dtype=np.int64)
    np.add.at(pairs, block[first], size * (size - 1) // 2)
    return pairs
