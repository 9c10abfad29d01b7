"""Other methods, for comparison only: the product has one way of doing its work.

Each is a function from the links of a window, which graphkit judges too, to account_id, community
and score. They are tuned with the truth at hand (`benchmarks.rivals.tuning`), by the settings
below: better than anybody could in life.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pyarrow as pa

from benchmarks.rivals.cosine import cosine
from benchmarks.rivals.fraudar import fraudar
from benchmarks.rivals.holdings import ADDRESSES, EVERY, PLAIN, Window
from benchmarks.rivals.modularity import leiden, louvain
from benchmarks.rivals.synchrotrap import synchrotrap
from benchmarks.rivals.union import union

Method = Callable[[Window], pa.Table]

_CAPS = (3, 5, 10, 20, 50, 100)
_BOTH = (PLAIN, EVERY)
# The settings that each may choose from.
RIVALS: Mapping[str, Sequence[partial[pa.Table]]] = {
    "union": [partial(union, kinds=PLAIN, cap=None)],
    "union, capped": [partial(union, kinds=PLAIN, cap=cap) for cap in _CAPS],
    "same address, same day": [
        partial(union, kinds=ADDRESSES, cap=cap, hours=24) for cap in (*_CAPS, None)
    ],
    "cap, IDF, Louvain": [
        partial(louvain, kinds=kinds, cap=cap) for kinds in _BOTH for cap in _CAPS
    ],
    "cap, IDF, Leiden": [partial(leiden, kinds=kinds, cap=cap) for kinds in _BOTH for cap in _CAPS],
    "TF-IDF cosine": [
        partial(cosine, kinds=kinds, percentile=percentile)
        for kinds in _BOTH
        for percentile in (50, 80, 90, 95, 99, 99.9)
    ],
    "SynchroTrap": [
        partial(synchrotrap, kinds=kinds, hours=hours, similar=similar)
        for kinds in _BOTH
        for hours in (1, 24)
        for similar in (0.05, 0.1, 0.2, 0.4)
    ],
    "FRAUDAR": [partial(fraudar, kinds=kinds, blocks=30) for kinds in _BOTH],
}
