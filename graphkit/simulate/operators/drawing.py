"""How many rings there are, of what size, and which tactics each has."""

from collections.abc import Mapping
from typing import get_args

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.world import Alone, Hiding, Sharing, TacticName

ALONE: tuple[TacticName, ...] = get_args(Alone)
SHARING: tuple[TacticName, ...] = get_args(Sharing)
HIDING: tuple[TacticName, ...] = get_args(Hiding)
TACTICS = (*HIDING, *ALONE, *SHARING)
POOL: tuple[TacticName, ...] = ("reseller", "turns")


def ring_sizes(chance: Chance, n_members: int, *, low: int, high: int, pool: int) -> Ints:
    """Draw ring sizes, about evenly by their logarithm, until the members are used up.

    No ring but the pool takes more than a quarter of them, so that there are several; none is left
    where they do not suffice for the smallest.

    Args:
        chance: the source of chance.
        n_members: accounts that rings run.
        low: members of the smallest ring.
        high: members of the largest.
        pool: members of the one pool; 0 for none.

    Returns:
        int64, shape (rings,); the pool first.
    """
    rest = n_members - pool
    pools = np.full(1 if pool else 0, pool, np.int64)
    if rest < low:
        return pools
    most = max(low, min(high, rest // 4))
    sizes = chance.octaves(low, most, rest // low + 1)
    sizes = sizes[np.cumsum(sizes) <= rest]
    return np.concatenate([pools, sizes if len(sizes) else np.array([low])])


def draw_tactics(
    chance: Chance, weights: Mapping[TacticName, float], n: int, *, low: int, high: int
) -> list[tuple[TacticName, ...]]:
    """Deal tactics out to n rings: the first of each in the weights' proportions, the rest drawn.

    The first is one that leaves something in common, if any of these has a weight. One that
    stands alone stays alone.

    Args:
        chance: the source of chance.
        weights: how often each tactic is used.
        n: rings.
        low: tactics of a ring, at least.
        high: and at most; fewer where the same is drawn twice or one stands alone.
    """
    used = [name for name in TACTICS if weights.get(name, 0) > 0]
    leads = [name for name in used if name not in HIDING] or used
    others = [name for name in used if name not in ALONE] or used
    edges = np.cumsum([weights[name] for name in leads])
    at = (np.arange(n) + chance.unit(1)) / max(n, 1) * edges[-1]
    first = np.searchsorted(edges, at, side="right").clip(0, len(leads) - 1)
    first = first[chance.permutation(n)]
    more = chance.pick([weights[name] for name in others], n * (high - 1)).reshape(n, high - 1)
    counts = chance.between(low, high, n)
    return [
        (leads[f],)
        if leads[f] in ALONE
        else tuple(dict.fromkeys([leads[f], *(others[t] for t in m[: count - 1])]))
        for f, m, count in zip(first, more, counts, strict=True)
    ]
