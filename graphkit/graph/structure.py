"""An order of accounts that renaming does not change.

Community detection visits vertices in an order; ordering them by name would let a new key or new
ids change the rings. Weisfeiler-Leman colour refinement (Weisfeiler and Leman 1968; as a hash,
Shervashidze et al. 2011) gives every account a number made of kinds, counts and times only.
"""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import STRUCTURE
from graphkit.graph.heterogeneous import HeteroGraph

ROUNDS = 4


def structure(graph: HeteroGraph) -> pa.Table:
    """Hash each account's place in the graph.

    Sums modulo 2^64 do not depend on the order of links. Accounts that differ only by name tie.

    Returns:
        STRUCTURE.
    """
    account = graph.links["account"].to_numpy()
    entity = graph.links["entity"].to_numpy()
    link = _mix(graph.links["n"].to_numpy().astype(np.uint64))
    for name in ("first_seen", "last_seen"):
        link = _mix(link ^ graph.links[name].cast(pa.int64()).to_numpy().astype(np.uint64))
    codes = {
        kind: int.from_bytes(hashlib.sha256(kind.encode()).digest()[:8], "little")
        for kind in graph.kinds
    }
    kinds: list[Any] = graph.entities["kind"].to_pylist()
    entities = np.array([codes[kind] for kind in kinds], dtype=np.uint64)
    accounts = np.zeros(graph.accounts.num_rows, dtype=np.uint64)
    for _ in range(ROUNDS):
        accounts = _mix(accounts + _sums(_mix(entities[entity] ^ link), account, accounts.size))
        entities = _mix(entities + _sums(_mix(accounts[account] ^ link), entity, entities.size))
    columns = {"account_id": graph.accounts["account_id"], "structure": pa.array(accounts)}
    return STRUCTURE.check(pa.table(columns))


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finaliser of SplitMix64 (Steele et al. 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _sums(values: NDArray[np.uint64], places: NDArray[np.int32], size: int) -> NDArray[np.uint64]:
    """Sum of the values at each place, modulo 2^64; shape (size,)."""
    sums = np.zeros(size, dtype=np.uint64)
    np.add.at(sums, places, values)
    return sums
