"""Kinds that no scorecard knows, weighed by hand: rarity times what their kind is worth a bit."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.graph.pair_facts import signals_shared
from graphkit.graph.sharing import Sharing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Share of an entity's pairs that agree on another signal from which it counts as one operator's.
_FULL_COHESION = 0.1


def by_hand(sharing: Sharing) -> dict[str, Ints]:
    """Millibits per signal of the kinds that are weighed by hand: rarity times their worth.

    An entity a tenth of whose candidate pairs agree on another signal is taken for one operator's,
    and its holders are left out of its rarity. Kinds of one signal are one witness: the strongest
    counts.

    Returns:
        Signal to millibits, each of shape (m,); only signals that such a kind has.
    """
    entities = sharing.entities
    hand = np.flatnonzero(~entities["per_bit"].is_null().to_numpy())
    if not hand.size:
        return {}
    worth = hand_worth(entities, _own_left_out(sharing))
    ceiling = pc.fill_null(entities["ceiling"], 0).to_numpy()
    kinds = entities["kind"].to_numpy(zero_copy_only=False)
    signals = entities["signal"].to_numpy(zero_copy_only=False)
    found: dict[str, Ints] = {}
    for kind in sorted(set(kinds[hand].tolist())):
        ours = np.zeros(entities.num_rows, dtype=bool)
        ours[hand] = kinds[hand] == kind
        place = int(np.flatnonzero(ours)[0])
        rows = ours[sharing.entity]
        total = np.zeros(sharing.first.size, dtype=np.int64)
        np.add.at(total, sharing.pair[rows], worth[sharing.entity[rows]])
        total = np.minimum(total, ceiling[place])
        signal = str(signals[place])
        found[signal] = np.maximum(found.get(signal, total), total)
    return found


def hand_worth(entities: pa.Table, bits: Floats) -> Ints:
    """Millibits of each entity by its kind's worth per bit, up to the ceiling; shape (entities,).

    Args:
        entities: those of a `Sharing`; a kind that the scorecard weighs is worth nothing here.
        bits: rarity of each.
    """
    per_bit = pc.fill_null(entities["per_bit"], 0).to_numpy()
    ceiling = pc.fill_null(entities["ceiling"], 0).to_numpy()
    worth: Ints = np.minimum(np.rint(bits * per_bit).astype(np.int64), ceiling)
    return worth


def _own_left_out(sharing: Sharing) -> Floats:
    """Bits of rarity with an operator's own holders left out; shape (entities,)."""
    several = signals_shared(sharing) > 1
    n = sharing.entities.num_rows
    pairs = np.bincount(sharing.entity, minlength=n)
    agreeing = np.bincount(sharing.entity, several[sharing.pair], minlength=n)
    own = np.minimum(agreeing / np.maximum(pairs, 1) / _FULL_COHESION, 1.0)
    others = np.maximum((sharing.entities["n_holders"].to_numpy() - 1) * (1.0 - own), 1.0)
    bits: Floats = np.log2(np.maximum(sharing.n_accounts / others, 1.0))
    return bits
