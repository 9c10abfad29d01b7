"""Union of whoever shares something, with and without a cap on its holders.

What is tried first anywhere, and what record linkage without a model comes to. The variant by day
joins only those who used an address on the same day, so that a lease passed on joins nobody.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import Window, communities, components, holdings


def union(window: Window, *, kinds: Sequence[str], cap: int | None, hours: int = 0) -> pa.Table:
    """Join all accounts that share a thing, directly or by way of others.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing joins nobody; None for no cap.
        hours: share within the same run of so many hours; 0 for at any time.

    Returns:
        account_id, community and score: how many shared things a member holds on average.
    """
    held = holdings(window, kinds, hours=hours).shared(cap)
    label, size = components(held.who, held.thing, held.n)
    total = np.bincount(label[held.who], minlength=len(size))
    return communities(held.accounts, label, total / np.maximum(size, 1))
