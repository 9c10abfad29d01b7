"""Known cases among a window's candidate pairs, and what is made of all others.

Of an account that the labels name it is known who runs it: a ring, or nobody. A pair is a case
where that is known of both: it is what the card looks for where one ring runs both, and not where
two rings, a ring and an honest account, or two honest accounts are in it. In a file of pairs only
the pairs named are cases.

All other candidate pairs stand in for the population, at its own rate: each counts as a pair that
no ring runs as far as the card that was there thinks so, that is with weight 1 - p. A pair that
the card takes for a ring's is nobody's case until somebody has looked at it, so that a ring that
was not found yet does not speak against itself. (Negatives with known weights among unlabelled
ones: Elkan and Noto 2008, KDD, 213; a card's own odds as cases beside those at hand: Schapire and
others 2002, ICML, 538.)
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graphkit.ingest.labels import Labels

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOLDS = 5
# A ring of n pairs counts as 10 * sqrt(n) at most: one of 300 would outweigh a hundred of ten.
_OF_A_RING = 10.0
# Of pairs that the card takes for no edge about so many stand in for all of them.
_POPULATION = 10_000
_EDGE = 0.02


@dataclass(frozen=True)
class Groups:
    """Who runs which of n accounts, as far as it is known.

    Attributes:
        of: number of the group of each account, -1 where nothing is known, shape (n,); an honest
            account is a group of its own.
        ring: whether each group is a ring's, shape (groups,).
        fold: of each group, shape (groups,); rings are spread evenly.
        pairs: keys first * n + second of the pairs that are cases, with whether one ring runs
            both; None where all pairs within and between groups are.
        strangers: labelled accounts that the window does not have.
    """

    of: Ints
    ring: Bools
    fold: Ints
    pairs: tuple[Ints, Bools] | None
    strangers: int


def groups_of(labels: Labels, accounts: pa.Array, structure: NDArray[np.uint64]) -> Groups:
    """Line labels up with a window's accounts.

    Args:
        labels: what is known.
        accounts: ids, shape (n,).
        structure: hash of each account's place in the graph, shape (n,); it orders what is put
            into folds, so that names do not.
    """
    n = len(accounts)
    if labels.rings is not None:
        place, strangers = _places(labels.rings["account_id"], accounts)
        here = place >= 0
        named = labels.rings.filter(pa.array(here))["ring"].combine_chunks().dictionary_encode()
        ring = pc.fill_null(named.indices, -1).to_numpy().astype(np.int64)
        # An honest account gets a number of its own, above those of rings.
        ring = np.where(ring < 0, len(named.dictionary) + np.arange(ring.size), ring)
        pairs, place = None, place[here]
    else:
        assert labels.pairs is not None
        one, lost_one = _places(labels.pairs["account_a"], accounts)
        other, lost_other = _places(labels.pairs["account_b"], accounts)
        strangers = lost_one + lost_other
        here = (one >= 0) & (other >= 0)
        same = np.asarray(labels.pairs["same"].to_pylist(), dtype=bool)[here]
        one, other = one[here], other[here]
        place = np.unique(np.concatenate([one, other]))
        tied = csr_array((np.ones(int(same.sum())), (one[same], other[same])), shape=(n, n))
        ring = connected_components(tied, directed=False)[1][place].astype(np.int64)
        pairs = (np.minimum(one, other) * n + np.maximum(one, other), same)
    of = np.full(n, -1, dtype=np.int64)
    numbers, within, size = np.unique(ring, return_inverse=True, return_counts=True)
    of[place] = within
    least = np.full(numbers.size, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, within, structure[place])
    # Rings come first, so that folds have alike many; those that only names part share a fold.
    keys = np.column_stack([(size < 2).astype(np.uint64), least])
    fold = np.unique(keys, axis=0, return_inverse=True)[1].ravel() % FOLDS
    return Groups(of, size > 1, fold, pairs, strangers)


def _places(names: pa.ChunkedArray, accounts: pa.Array) -> tuple[Ints, int]:
    """Row of each named account, -1 where the window does not have it, and how many it lacks."""
    found = pc.index_in(names.combine_chunks(), value_set=accounts)
    return pc.fill_null(found, -1).to_numpy().astype(np.int64), found.null_count


@dataclass(frozen=True)
class Cases:
    """Rows to fit on and to test on, of a window's candidate pairs.

    Attributes:
        row: candidate pair, shape (k,).
        label: whether one ring runs both, shape (k,).
        weight: thousandths of a row, shape (k,).
        known: whether it is a labelled case; else it stands in for the population, shape (k,).
        folds: in which the row is left out, shape (k, 2): those of both accounts of a case, the
            first of which it is tested in; one and the same of any other row.
        rings: rings that have a case among the candidates.
    """

    row: Ints
    label: Bools
    weight: Ints
    known: Bools
    folds: Ints
    rings: int

    def without(self, fold: int) -> Bools:
        """Rows of which nothing is left out with a fold."""
        kept: Bools = (self.folds != fold).all(axis=1)
        return kept

    def within(self, fold: int) -> Bools:
        """Rows that are tested in a fold."""
        tested: Bools = self.folds[:, 0] == fold
        return tested


def cases_of(
    first: Ints,
    second: Ints,
    fair: Bools,
    chance: Floats,
    groups: Groups,
    structure: NDArray[np.uint64],
) -> Cases:
    """Find the cases among candidate pairs, and a sample of the others.

    Args:
        first: one account of each candidate pair, shape (m,).
        second: the other, shape (m,).
        fair: whether the cards weigh the pair, shape (m,).
        chance: that one ring runs both, by the card that was there, shape (m,).
        groups: who runs what.
        structure: hash of each account's place in the graph; it draws the sample.

    Returns:
        Cases, at least one account being known.
    """
    one, other = groups.of[first], groups.of[second]
    case = (one >= 0) & (other >= 0) & fair
    label = (one == other) & case
    if groups.pairs is not None:
        keys, same = groups.pairs
        order = np.argsort(keys)
        mine = first * groups.of.size + second
        at = order[np.minimum(np.searchsorted(keys[order], mine), keys.size - 1)]
        case &= keys[at] == mine
        label = case & same[at]
    n_pairs = np.bincount(one[label], minlength=groups.ring.size)
    share = np.minimum(1.0, _OF_A_RING / np.sqrt(np.maximum(n_pairs, 1)))
    doubted = ~case & fair & (chance < _EDGE)
    rate = max(int(np.ceil(doubted.sum() / _POPULATION)), 1)
    mark = structure[first] ^ structure[second]
    row = np.flatnonzero(fair & (~doubted | (mark % np.uint64(rate) == 0)))
    known = case[row]
    stands_for = np.where(doubted[row], rate, 1) * (1 - chance[row])
    counted = np.where(label[row], share[one[row]], 1.0)
    weight = np.where(known, counted, stands_for)
    other_fold = (mark[row] // np.uint64(rate) % np.uint64(FOLDS)).astype(np.int64)
    ends = [np.where(known, groups.fold[end[row]], other_fold) for end in (one, other)]
    # Which account comes first is a matter of names; in which fold a case is tested is not.
    low, high = np.minimum(*ends), np.maximum(*ends)
    lower = mark[row] % np.uint64(2) == 0
    return Cases(
        row,
        label[row],
        np.rint(1000 * weight).astype(np.int64),
        known,
        np.stack([np.where(lower, low, high), np.where(lower, high, low)], axis=1),
        int((n_pairs > 0).sum()),
    )
