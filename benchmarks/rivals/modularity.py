"""A cap, inverse document frequency, and communities of the largest modularity.

The usual recipe of graph analytics: leave hubs out, weigh what is shared by its rarity, project,
run Louvain (Blondel and others 2008) or Leiden (Traag and others 2019). Both are igraph's.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import igraph
import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import Pairs, Window, holdings, pairs


def louvain(window: Window, *, kinds: Sequence[str], cap: int) -> pa.Table:
    """Communities by Louvain.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing is left out.

    Returns:
        account_id, community and score: the weight inside for each member.
    """
    found = _projected(window, kinds, cap)
    with seeded():
        split = _graph(found).community_multilevel(weights=found.weight.tolist())
    return found.grouped(np.array(split.membership, dtype=np.int64))


def leiden(window: Window, *, kinds: Sequence[str], cap: int) -> pa.Table:
    """Communities by Leiden, until nothing changes; else as `louvain`."""
    return by_leiden(_projected(window, kinds, cap))


def by_leiden(found: Pairs) -> pa.Table:
    """Communities of weighted pairs by Leiden, scored by the weight inside for each member."""
    with seeded():
        weights = found.weight.tolist()
        split = _graph(found).community_leiden("modularity", weights=weights, n_iterations=-1)
    return found.grouped(np.array(split.membership, dtype=np.int64))


def _projected(window: Window, kinds: Sequence[str], cap: int) -> Pairs:
    """Pairs of accounts, each with the summed rarity of what they share."""
    held = holdings(window, kinds).shared(cap)
    return pairs(held, np.sqrt(np.log(held.n / held.holders)))


def _graph(found: Pairs) -> igraph.Graph:
    # As tuples: igraph reads these twice as fast as an array.
    ends = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    return igraph.Graph(len(found.accounts), ends)


@contextmanager
def seeded() -> Iterator[None]:
    """The same chance for igraph each time."""
    igraph.set_random_number_generator(random.Random(0))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
