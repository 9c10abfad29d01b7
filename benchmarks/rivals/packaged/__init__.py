"""Tools from the package index, each called as its users call it, for comparison only.

They are no part of this project's environment: `uv sync --inexact --group rivals` brings them. Each
module imports its tool when it is first used, and is otherwise a method like any other here: from
the links of a window to account_id, community and score. None knows what a hub is, so all may also
be given the links without what more than so many hold, and choose with the truth at hand.

None takes prompts' texts from here: links hold sketches of prompts, which count as shared things.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import pyarrow as pa

from benchmarks.rivals.holdings import EVERY, PLAIN
from benchmarks.rivals.packaged.bipartite_louvain import bipartite_louvain
from benchmarks.rivals.packaged.co_link import co_link
from benchmarks.rivals.packaged.deterministic import deterministic
from benchmarks.rivals.packaged.null_model import null_model

# Cheap ones first, so that a limit on time or memory costs the dear ones. Everything without a cap
# was tried at 10,000 accounts: Splink asked for more than 12 GB, the toolkit for ten minutes.
_SHARED = (
    *((PLAIN, cap) for cap in (5, 20, 100, None)),
    *((EVERY, cap) for cap in (20, 100)),
)
# By the name of the distribution, which says what to install.
PACKAGED: Mapping[str, Sequence[partial[pa.Table]]] = {
    "splink": [partial(deterministic, kinds=kinds, cap=cap) for kinds, cap in _SHARED],
    "coordination-network-toolkit": [
        partial(co_link, kinds=kinds, cap=cap, within_s=86_400) for kinds, cap in _SHARED
    ],
    "coordinationz": [
        partial(null_model, kinds=kinds, cap=cap, p=p)
        for kinds, cap in _SHARED
        for p in (0.001, 0.01)
    ],
    "scikit-network": [partial(bipartite_louvain, kinds=kinds, cap=cap) for kinds, cap in _SHARED],
}


def installed(name: str) -> str | None:
    """The version of a distribution; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
