"""Rings: which planted ones were found, and whose the published ones are.

A planted ring is found when at least half of its accounts stand in one published ring of which at
least 80% are run by one operator, its own. A ring counts, on either side, when at least two of its
accounts do: one account alone is linked to nobody.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.evaluate.cases import Bools, Cases, Ints, Names, bucket, number_pairs
from graphkit.evaluate.figure import Figure, counted, sampled, share
from graphkit.evaluate.partitions import overlap
from graphkit.evaluate.ranking import hits_within, steps

# Whole percent, so that no share falls on the wrong side of a rounded product.
PURE_PERCENT = 80
HALF_PERCENT = 50
SIZES = (2, 10, 50, 200, 1000)
AT_RINGS = (10, 100)


def found(cases: Cases) -> tuple[Ints, Ints]:
    """The planted rings that are found, each with the published ring that holds most of it.

    Of two published rings that hold exactly half of it each, it is the one whose name is first.

    Returns:
        Numbers of planted rings, rising, and of published rings.
    """
    both = overlap(cases, cases.shown)
    reached = (100 * both.n >= HALF_PERCENT * both.ring_size) & (both.ring_size > 1)
    reached &= (100 * both.same >= PURE_PERCENT * both.claim_size) & (both.claim_size > 1)
    order = np.lexsort((both.claim, -both.n, both.ring))
    order = order[reached[order]]
    ring, first = np.unique(both.ring[order], return_index=True)
    return ring, both.claim[order][first]


def pure(cases: Cases, claimed: Names) -> Bools:
    """Whether at least 80% of each claimed ring are run by one operator, shape (n claimed,)."""
    both = overlap(cases, claimed)
    is_pure = np.zeros(len(claimed.names), dtype=bool)
    is_pure[both.claim[100 * both.same >= PURE_PERCENT * both.claim_size]] = True
    return is_pure & (claimed.sizes > 1)


def ring_figures(cases: Cases) -> list[Figure]:
    """Figures of rings.

    - *ring recall*: share of the planted rings that are found; also *by size*, which is that of
      the planted ring, and *by tactic*, where a ring counts under each of its tactics.
    - *ring purity*: share of the published rings of which at least 80% are one operator's.
    - *purity of the first 10*, *100* rings: the same of all rings that are claimed, published or
      not, by their scores; equal scores are one step; of fewer where fewer are claimed.
    """
    is_pure, n_published = pure(cases, cases.shown), int((cases.shown.sizes > 1).sum())
    planted = cases.ring.sizes > 1
    is_found = np.zeros(len(planted), dtype=bool)
    is_found[found(cases)[0]] = True
    return [
        sampled("ring recall", int(is_found.sum()), int(planted.sum())),
        sampled("ring purity", int(is_pure.sum()), n_published),
        *_first_rings(cases),
        *_by_size("ring recall by size", is_found[planted], cases.ring.sizes[planted]),
        *_by_tactic(cases, is_found, planted),
    ]


def _first_rings(cases: Cases) -> list[Figure]:
    """Purity of the strongest rings."""
    claim = cases.claim
    score = np.full(len(claim.names), -np.inf)
    np.maximum.at(score, claim.of[claim.of >= 0], cases.score[claim.of >= 0])
    order = np.lexsort((-score,))
    order = order[claim.sizes[order] > 1]
    hit, last = pure(cases, claim)[order], steps(score[order])
    figures = []
    for k in AT_RINGS:
        hits, of = hits_within(hit, last, k)
        figures.append(Figure(f"purity of the first {k} rings", "", None, of, share(hits, of)))
    return figures


def _by_size(name: str, hit: Bools, sizes: Ints) -> list[Figure]:
    place, parts = bucket(sizes, SIZES)
    return [
        sampled(name, int(hit[place == at].sum()), int((place == at).sum()), part=parts[at])
        for at in np.unique(place).tolist()
    ]


def _by_tactic(cases: Cases, is_found: Bools, planted: Bools) -> list[Figure]:
    known = np.asarray(pc.is_valid(cases.tactic)) & cases.planted
    several = pc.split_pattern(cases.tactic.filter(pa.array(known)), "+").combine_chunks()
    ring = cases.ring.of[known][np.asarray(pc.list_parent_indices(several))]
    tactic = pc.list_flatten(several)
    names = sorted(pc.unique(tactic).to_pylist())
    number = np.asarray(pc.index_in(tactic, pa.array(names, pa.string()))).astype(np.int64)
    ring, number, _ = number_pairs(ring, number)
    ring, number = ring[planted[ring]], number[planted[ring]]
    n = np.bincount(number[is_found[ring]], minlength=len(names))
    of = np.bincount(number, minlength=len(names))
    return [
        sampled("ring recall by tactic", int(n[at]), int(of[at]), part=names[at])
        for at in np.flatnonzero(of).tolist()
    ]


def honest_figures(cases: Cases) -> list[Figure]:
    """Figures of who is wrongly accused.

    - *honest accounts published*, by kind of group: share of the kind's accounts.
    - *honest accounts in rings of* a size: share of the accounts published in rings of that size.
    - *impure rings of* a size: share of the published rings of that size.
    - *published rings of* somebody: `an operator` when they are pure; an honest group's kind when
      at least half of the accounts belong to one group of it; `nobody` else. A truth without
      groups knows no ring of a group.
    """
    shown, wrong = cases.shown, cases.published & ~cases.planted
    kind, names = cases.kind, cases.kind.names
    by_kind = np.bincount(kind.of[wrong], minlength=len(names))
    figures = [
        counted("honest accounts published", int(n), int(of), part=name)
        for name, n, of in zip(names, by_kind, kind.sizes, strict=True)
    ]
    if not cases.published.any():
        return figures
    size = shown.sizes[shown.of[cases.published]]
    figures += _told("honest accounts in rings of", wrong[cases.published], size, (1, *SIZES))
    real = shown.sizes > 1
    is_pure = pure(cases, shown)
    figures += _told("impure rings of", ~is_pure[real], shown.sizes[real], SIZES)
    return figures + _whose(cases, is_pure, real)


def _told(name: str, hit: Bools, sizes: Ints, edges: tuple[int, ...]) -> list[Figure]:
    place, parts = bucket(sizes, edges)
    return [
        counted(name, int(hit[place == at].sum()), int((place == at).sum()), part=parts[at])
        for at in np.unique(place).tolist()
    ]


def _whose(cases: Cases, is_pure: Bools, real: Bools) -> list[Figure]:
    """Published rings by whom they belong to."""
    shown, group = cases.shown, cases.group
    kind_of_group = np.zeros(len(group.names), np.int64)
    kind_of_group[group.of[group.of >= 0]] = cases.kind.of[group.of >= 0]
    claim, members, n = number_pairs(shown.of, group.of)
    half = (100 * n >= HALF_PERCENT * shown.sizes[claim]) & real[claim]
    whose: NDArray[np.int64] = np.full(len(shown.names), len(cases.kind.names))
    # Two groups may be half of a ring each: it is that of the kind whose name is first.
    np.minimum.at(whose, claim[half], kind_of_group[members[half]])
    honest = real & ~is_pure
    n_kind = np.bincount(whose[honest], minlength=len(cases.kind.names) + 1)
    of = int(real.sum())
    parts = [("an operator", int(is_pure.sum())), ("nobody", int(n_kind[-1]))]
    parts += [(f"honest {name}", int(n_kind[at])) for at, name in enumerate(cases.kind.names)]
    return [counted("published rings of", k, of, part=part) for part, k in parts if k]
