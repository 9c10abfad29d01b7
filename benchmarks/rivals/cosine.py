"""Cosine of TF-IDF vectors of what accounts show, above a percentile of all similarities.

After Pacheco and others, "Uncovering coordinated networks on social media" (ICWSM 2021): accounts
are vectors of what they show, their similarity is a cosine, the strongest pairs are an edge each,
and the connected components of two and more are the coordinated groups. Here the vectors are of
addresses, cards, prompts and the like at once, where the paper takes one sort at a time, and things
that more than 500 hold are left out of the pairs (not of the vectors' lengths), whose similarity
they could hardly raise.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import MOST, Holdings, Pairs, Window, holdings, pairs


def cosine(window: Window, *, kinds: Sequence[str], percentile: float) -> pa.Table:
    """Join accounts whose similarity is among the largest.

    Args:
        window: the links.
        kinds: of the things.
        percentile: of the similarities above 0, from which on two accounts are joined.

    Returns:
        account_id, community and score: the similarity inside for each member.
    """
    found = window.once(_alike, tuple(kinds))
    if not len(found.weight):
        return found.joined()
    return found.above(float(np.percentile(found.weight, percentile))).joined()


def _alike(window: Window, kinds: tuple[str, ...]) -> Pairs:
    """The cosine of each pair."""
    held = holdings(window, kinds)
    rarity = np.log(held.n / held.holders)
    length = np.sqrt(np.bincount(held.who, rarity**2, held.n))
    # What everybody holds has no rarity, and an account that holds nothing else no length.
    weight = rarity / np.where(length > 0, length, 1)[held.who]
    near = (held.holders >= 2) & (held.holders <= MOST)
    return pairs(Holdings(held.accounts, held.who[near], held.thing[near]), weight[near])
