"""Partitions: whether the accounts that are together belong together.

Two partitions of the accounts are compared: each planted ring is a set and each published ring is
one; all other accounts stand alone. A pair of accounts from two rings of one operator, as a ring
and its successor are, is neither hit nor miss: it is left out of all pairs, so that the two may be
published as one ring or as two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.evaluate.cases import Cases, Ints, Names, number_pairs
from graphkit.evaluate.figure import Figure, harmonic, share

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """What claimed and planted rings have in common, one entry per pair of them that has.

    Attributes:
        claim: claimed ring.
        ring: planted ring.
        n: accounts in both.
        same: accounts in the claimed ring that the planted ring's operator runs.
        claim_size: accounts in the claimed ring.
        ring_size: accounts in the planted ring.
    """

    claim: Ints
    ring: Ints
    n: Ints
    same: Ints
    claim_size: Ints
    ring_size: Ints


def overlap(cases: Cases, claimed: Names) -> Overlap:
    """Count what claimed and planted rings have in common.

    Args:
        cases: the accounts that count.
        claimed: the rings that are claimed, or only those that are published.
    """
    ring = cases.ring
    claim, own, n = number_pairs(claimed.of, ring.of)
    operator = np.zeros(len(ring.names), np.int64)
    operator[ring.of[cases.planted]] = cases.operator.of[cases.planted]
    width = len(cases.operator.names)
    _, place = np.unique(claim * width + operator[own], return_inverse=True)
    same = np.bincount(place, weights=n).astype(np.int64)[place]
    return Overlap(claim, own, n, same, claimed.sizes[claim], ring.sizes[own])


@dataclass(frozen=True)
class Shares:
    """What each account adds to the figures of partitions; 0 where nothing. Shape (n accounts,).

    Attributes:
        precision: share of its published ring that belongs with it.
        recall: share of its planted ring that is published with it.
        agreed: partners that it has in both partitions.
        claimed: partners in its published ring.
        true: partners in its planted ring.
    """

    precision: Floats
    recall: Floats
    agreed: Floats
    claimed: Floats
    true: Floats


def shares(cases: Cases) -> Shares:
    """What each account adds to the figures of partitions."""
    found = overlap(cases, cases.shown)
    claim, ring = cases.shown.of, cases.ring.of
    width = max(len(cases.ring.names), 1)
    both = (claim >= 0) & (ring >= 0)
    place = np.searchsorted(found.claim * width + found.ring, (claim * width + ring)[both])

    def spread(values: Floats | Ints) -> Floats:
        whole = np.zeros(len(claim))
        whole[both] = values[place]
        return whole

    neutral = found.same - found.n
    claimed = np.where(claim >= 0, _at(cases.shown.sizes, claim) - 1, 0) - spread(neutral)
    return Shares(
        precision=spread(found.n / (found.claim_size - neutral)),
        recall=spread(found.n / found.ring_size),
        agreed=spread(found.n - 1),
        claimed=claimed,
        true=np.where(ring >= 0, _at(cases.ring.sizes, ring) - 1, 0).astype(np.float64),
    )


def partition_figures(cases: Cases, each: Shares) -> list[Figure]:
    """Figures of the partition into published rings.

    - *B-cubed precision*: the share of its published ring that belongs with an account, averaged
      over the published accounts; an account that no operator runs belongs with nobody and counts
      0 (after Bagga and Baldwin 1998).
    - *B-cubed recall*: the share of its planted ring that is published with an account, averaged
      over the operators' accounts; one that is not published counts 0.
    - *pair precision*, *pair recall*: share of the pairs inside published rings that are inside a
      planted ring, and the other way round. Large rings have most pairs.
    - *B-cubed F1*, *pair F1*: harmonic means.
    - *adjusted Rand index*: agreement over all pairs of accounts, beyond what chance would give to
      rings of these sizes; 0 is chance, 1 is agreement (Hubert and Arabie 1985).
    """
    agreed, claimed, true = (
        round(float(values.sum())) // 2 for values in (each.agreed, each.claimed, each.true)
    )
    b_precision = share(float(each.precision.sum()), int(cases.published.sum()))
    b_recall = share(float(each.recall.sum()), int(cases.planted.sum()))
    pair_precision, pair_recall = share(agreed, claimed), share(agreed, true)
    return [
        Figure("B-cubed precision", "", None, None, b_precision),
        Figure("B-cubed recall", "", None, None, b_recall),
        Figure("B-cubed F1", "", None, None, harmonic(b_precision, b_recall)),
        Figure("pair precision", "", agreed, claimed, pair_precision),
        Figure("pair recall", "", agreed, true, pair_recall),
        Figure("pair F1", "", None, None, harmonic(pair_precision, pair_recall)),
        Figure("adjusted Rand index", "", None, None, _rand(cases, agreed, claimed, true)),
    ]


def _rand(cases: Cases, agreed: int, claimed: int, true: int) -> float:
    """The adjusted Rand index, from counts of pairs."""
    n = len(cases.ring.of)
    neutral = _pairs(cases.operator.sizes) - _pairs(cases.ring.sizes)
    everything = n * (n - 1) // 2 - neutral
    # Whole numbers, all of them times all pairs, so that agreement is exactly 1.
    chance = claimed * true
    most = everything * (claimed + true) - 2 * chance
    return 2 * (everything * agreed - chance) / most if most else 1.0


def _pairs(sizes: Ints) -> int:
    """Unordered pairs within sets of these sizes."""
    return int((sizes * (sizes - 1) // 2).sum())


def _at(values: Ints, place: Ints) -> Ints:
    """Values at places; any value at -1, also where there are none."""
    return np.append(values, 0)[place]
