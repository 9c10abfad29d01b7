"""scikit-network's Louvain on accounts and things, without a projection onto pairs."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import Window, holdings


def bipartite_louvain(window: Window, *, kinds: Sequence[str], cap: int | None) -> pa.Table:
    """Cluster accounts and things together (Barber's modularity), and keep the accounts.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing is left out; None for no cap.

    Returns:
        account_id, community and score: how many things a member shares with its community.
    """
    from sknetwork.clustering import Louvain

    held = holdings(window, kinds).shared(cap)
    label = -1 - np.arange(held.n)
    linked = np.unique(held.who)
    if len(linked):
        model = Louvain(random_state=1)
        model.fit(held.matrix(np.ones(len(held.who)))[linked], force_bipartite=True)
        label[linked] = model.labels_row_
    return held.grouped(label)
