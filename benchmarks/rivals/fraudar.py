"""FRAUDAR: dense blocks of accounts and things, found by peeling, one after the other.

After Hooi and others, "FRAUDAR: Bounding Graph Fraud in the Face of Camouflage" (KDD 2016): an edge
of an account and a thing is worth 1 / log(degree of the thing + 5), a block is worth the sum of its
edges over its nodes, and taking the least node away until none is left passes a block that is
worth at least half as much as the best. Edges of a block that was found are then taken out and the
next one is sought, as the authors' code does. Here a thing with one holder is left out first: it
can make no block of two.
"""

import heapq
from collections.abc import Sequence

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.rivals.holdings import Floats, Ints, Window, communities, holdings

_EQUAL = 1e-9  # densities that differ by less are equal, so that rounding decides nothing


def fraudar(window: Window, *, kinds: Sequence[str], blocks: int) -> pa.Table:
    """Seek dense blocks; an account belongs to the first that it is in.

    Args:
        window: the links.
        kinds: of the things.
        blocks: how many to seek.

    Returns:
        account_id, community and score: the block's density.
    """
    held = holdings(window, kinds).shared(None)
    row, thing = held.who, held.n + held.thing
    weight = 1 / np.log(held.holders + 5)
    # Accounts in no block stand alone, under labels of their own behind those of the blocks.
    label = blocks + np.arange(held.n, dtype=np.int64)
    density = np.zeros(blocks + held.n)
    for block in range(blocks):
        if not row.size:
            break
        inside, density[block] = densest(row, thing, weight)
        members = np.flatnonzero(inside[: held.n])
        new = members[label[members] >= blocks]
        label[new] = block
        left = ~(inside[row] & inside[thing])
        row, thing, weight = row[left], thing[left], weight[left]
    return communities(held.accounts, label, density)


def densest(left: Ints, right: Ints, weight: Floats) -> tuple[NDArray[np.bool_], float]:
    """The densest set that peeling passes.

    Args:
        left: one end of each edge, shape (edges,).
        right: the other end.
        weight: of each edge, above 0.

    Returns:
        Whether each node is inside, shape (nodes,), and the weight inside over the nodes inside.
    """
    n = int(max(left.max(), right.max())) + 1
    ends, other = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(n + 1))
    double = np.concatenate([weight, weight])
    worth = np.bincount(ends, double, n).astype(np.float64)
    gone = _peeled(starts, other[order], double[order], worth)
    # An edge goes with the first of its ends; what is left after so many steps, and how dense.
    step = np.minimum(gone[left], gone[right])
    steps = int(gone.max()) + 1
    lost = np.cumsum(np.bincount(step, weight, steps))
    inside = np.concatenate([[weight.sum()], weight.sum() - lost[:-1]])
    dense = inside / np.arange(steps, 0, -1)
    best = int(np.flatnonzero(dense >= dense.max() - _EQUAL)[0])
    return gone >= best, float(dense[best])


@numba.njit(cache=True)
def _peeled(starts: Ints, other: Ints, weight: Floats, worth: Floats) -> Ints:
    """The step at which each node goes when the least worth goes first; -1 for one without edges.

    Args:
        starts: where the edges of each node begin, shape (n + 1,).
        other: the other end of each, shape (2 edges,).
        weight: of each.
        worth: summed weight of each node's edges, shape (n,); used up.
    """
    n = worth.size
    gone = np.full(n, -1, np.int64)
    heap = [(worth[node], node) for node in range(n) if starts[node + 1] > starts[node]]
    heapq.heapify(heap)
    step = 0
    while len(heap):
        value, node = heapq.heappop(heap)
        # A node is pushed anew whenever it loses an edge; older entries are passed over.
        if gone[node] >= 0 or value != worth[node]:
            continue
        gone[node] = step
        step += 1
        for place in range(starts[node], starts[node + 1]):
            near = other[place]
            if gone[near] < 0:
                worth[near] -= weight[place]
                heapq.heappush(heap, (worth[near], near))
    return gone
