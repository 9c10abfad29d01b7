"""coordinationz: cosine of what accounts hold, kept where a null model of degrees has no like.

Its chance has no seed, so that two runs differ a little.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import Pairs, Window, holdings
from benchmarks.rivals.modularity import seeded

_REALIZATIONS = 1_000


def null_model(window: Window, *, kinds: Sequence[str], cap: int | None, p: float) -> pa.Table:
    """Keep pairs that are more alike than chance makes them; communities by Leiden.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing is left out; None for no cap.
        p: p-value below which a pair is kept.

    Returns:
        account_id, community and score: the similarity inside for each member.
    """
    with warnings.catch_warnings(action="ignore"):
        from coordinationz import network

    held = holdings(window, kinds)
    none = np.zeros(0, np.int64)
    compared = window.once(_compared, tuple(kinds), cap)
    if compared is None:
        return Pairs(held.accounts, none, none, np.zeros(0)).joined()
    with warnings.catch_warnings(action="ignore"):
        graph = network.createNetworkFromNullModelOutput(
            compared, pvalueThreshold=p, showProgress=False
        )
    with seeded():
        split = graph.community_leiden(objective_function="modularity", weights="weight")
    place = np.array(graph.vs["Label"], np.int64)
    label = -1 - np.arange(held.n)
    label[place] = split.membership
    ends = place[np.array(graph.get_edgelist(), np.int64).reshape(-1, 2)]
    weight = np.array(graph.es["weight"], np.float64)
    _, label = np.unique(label, return_inverse=True)
    return Pairs(held.accounts, ends[:, 0], ends[:, 1], weight).grouped(label.astype(np.int64))


def _compared(window: Window, kinds: tuple[str, ...], cap: int | None) -> dict[str, Any] | None:
    """Pairs with similarity and p-value, as coordinationz says them; None where none share."""
    with warnings.catch_warnings(action="ignore"):
        from coordinationz import nullmodel

    held = holdings(window, kinds).shared(cap)
    if not len(held.who):
        return None
    compared: dict[str, Any] = nullmodel.bipartiteNullModelSimilarity(
        list(zip(held.who.tolist(), held.thing.tolist(), strict=True)),
        scoreType=["pvalue"],
        realizations=_REALIZATIONS,
        idf="smoothlog",
        minSimilarity=0.0,
        workers=2,
        batchSize=100,
        showProgress=False,
    )
    return compared
