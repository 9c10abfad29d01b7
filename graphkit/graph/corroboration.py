"""Corroboration: what a pair's company and the other holders of what it shares make of it.

A first score looks at a pair alone. A second one also asks whether third accounts are tied to both,
and whether the other holders of a shared entity are tied to one another: an entity whose holders
agree on other things is an operator's, one whose holders do not is a crowd, however rare it is.
The second score is read from a card of its own, so there are two rounds and no more: nothing runs
away. Every fact here grows with the first scores of *other* pairs and never reads the pair's own,
so that a pair cannot lift itself; camouflage, which adds pairs that score low, lowers the share of
an entity's pairs that agree and lifts nothing.
"""

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphkit.graph.pair_facts import ALONE
from graphkit.graph.sharing import Sharing
from graphkit.scorecard import Fact

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEAST = 20  # thousandths below which a first score is no tie
_SIGNALS = ("address", "payment", "device", "email", "organisation", "prompt")
_FLOOR = 1e-3  # of credibility, below which crowds are alike
_DOUBT = 0.02  # pairs in favour, of one pair in all, that every entity starts with

TOGETHER = (
    *ALONE,
    Fact(
        "context.ties", "context", 1, "third accounts tied to both, log2(1 + 4 * sum of products)"
    ),
    Fact("context.best", "context", 1, "the best third account's two chances, multiplied"),
    Fact(
        "context.company",
        "context",
        1,
        "share of the ties of the account with fewer that lead to the other's",
    ),
    Fact("context.fewer", "context", 0, "ties of the account that has fewer, log2(1 + 4 * sum)"),
    Fact("context.more", "context", 0, "ties of the account that has more, log2(1 + 4 * sum)"),
    *(
        Fact(
            f"{signal}.credible",
            signal,
            1,
            f"share of the other pairs of holders of a shared "
            f"{signal} that seem run together, log2",
        )
        for signal in _SIGNALS
    ),
)


def facts_together(sharing: Sharing, chance: Ints) -> dict[str, Floats]:
    """The facts of `TOGETHER` that `ALONE` does not have.

    Args:
        sharing: candidates and what they share.
        chance: first score of each pair as a probability, in thousandths, shape (m,).

    Returns:
        Name to values, each of shape (m,). Sums are of whole numbers, so that order is nothing.
    """
    return {**company(sharing, chance), **credibility(sharing, chance)}


def company(sharing: Sharing, chance: Ints) -> dict[str, Floats]:
    """Third accounts tied to both: with p the first scores, sum over c of p(a, c) * p(b, c)."""
    first, second, n = sharing.first, sharing.second, sharing.n_accounts
    tied = chance >= _LEAST
    ends = np.concatenate([first[tied], second[tied]])
    others = np.concatenate([second[tied], first[tied]])
    weight = np.concatenate([chance[tied], chance[tied]])
    ties = csr_array((weight, (ends, others)), shape=(n, n))
    ties.sort_indices()
    own = np.where(tied, chance, 0)
    total = np.bincount(ends, weight, minlength=n).astype(np.int64)
    both, best = _common(ties.indptr, ties.indices, ties.data, first, second)
    products = both / 1e6
    one, other = (total[first] - own) / 1000, (total[second] - own) / 1000
    fewer, more = np.minimum(one, other), np.maximum(one, other)
    return {
        "context.ties": np.log2(1 + 4 * products),
        "context.best": best / 1e6,
        "context.company": products / np.maximum(fewer, 0.5),
        "context.fewer": np.log2(1 + 4 * fewer),
        "context.more": np.log2(1 + 4 * more),
    }


def credibility(sharing: Sharing, chance: Ints) -> dict[str, Floats]:
    """Of the most credible entity a pair shares, the mean first score of its other holder pairs.

    Pairs of holders that are no candidates count as strangers.
    """
    m = sharing.first.size
    per_pair = chance[sharing.pair]
    entities = sharing.entities
    total = np.bincount(sharing.entity, per_pair, minlength=entities.num_rows).astype(np.int64)
    holders = entities["n_holders"].to_numpy()
    pairs = holders * (holders - 1) // 2
    others = total[sharing.entity] - per_pair
    credible = (others / 1000 + _DOUBT) / pairs[sharing.entity]
    known = pa.array(_SIGNALS, pa.string())
    signal = pc.index_in(entities["signal"], value_set=known).fill_null(-1).to_numpy()
    facts = {}
    for place, name in enumerate(_SIGNALS):
        rows = np.flatnonzero(signal[sharing.entity] == place)
        most = np.zeros(m)
        np.maximum.at(most, sharing.pair[rows], credible[rows])
        facts[f"{name}.credible"] = np.where(most > 0, floored(most), np.nan)
    return facts


def floored(share: Floats) -> Floats:
    """Binary logarithm of a share, below which crowds are alike."""
    found: Floats = np.log2(share + _FLOOR)
    return found


def entity_credibility(sharing: Sharing, chance: Ints) -> Floats:
    """Mean first score of all holder pairs of each entity; shape (entities,)."""
    total = np.bincount(sharing.entity, chance[sharing.pair], minlength=sharing.entities.num_rows)
    holders = sharing.entities["n_holders"].to_numpy()
    found: Floats = total / 1000 / (holders * (holders - 1) // 2)
    return found


@numba.njit(cache=True, nogil=True)
def _common(
    starts: NDArray[np.int32],
    others: NDArray[np.int32],
    weight: Ints,
    first: Ints,
    second: Ints,
) -> tuple[Ints, Ints]:
    """Sum and maximum of the products over common neighbours, by merging two sorted lists."""
    both = np.zeros(first.size, dtype=np.int64)
    best = np.zeros(first.size, dtype=np.int64)
    for pair in range(first.size):
        x, x_end = starts[first[pair]], starts[first[pair] + 1]
        y, y_end = starts[second[pair]], starts[second[pair] + 1]
        while x < x_end and y < y_end:
            if others[x] < others[y]:
                x += 1
            elif others[x] > others[y]:
                y += 1
            else:
                product = weight[x] * weight[y]
                both[pair] += product
                best[pair] = max(best[pair], product)
                x += 1
                y += 1
    return both, best
