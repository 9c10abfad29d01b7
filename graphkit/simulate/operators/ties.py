"""Which of the things that a ring owns tie its accounts in the end, after later tactics."""

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.slots import CHAINED


def keep_ties(draft: Draft, ring: Ring) -> None:
    """Drop traces that fewer than two of the ring's accounts hold, in place.

    A later tactic may have taken a slot, and a hand of one shares nothing.
    """
    accounts = np.array([*ring.members.tolist(), *ring.hijacked], np.int64)
    rows = draft.people[accounts]
    cards = np.concatenate([rows["card2"][rows["card2_share"] > 0], accounts])
    chained = accounts[rows["alias"] == CHAINED]
    held = {
        "route": _held(rows["egress"]["route"], rows["egress"]["share"] > 0),
        "text": _held(rows["text"]["source"], rows["text"]["share"] > 0),
        "device": _held(rows["device2"], rows["device2_share"] > 0),
        "card": _shared(cards),
        "name": _shared(cards) | set(chained.tolist()),
        "domain": _shared(rows["domain"]),
        "org": _shared(rows["org"]),
    }
    kept = [(kind, entity) for kind, entity in ring.traces if entity in held.get(kind, {entity})]
    ring.traces[:] = list(dict.fromkeys(kept))


def _held(entity: NDArray[np.integer], used: NDArray[np.bool_]) -> set[int]:
    """Entities in the slots in use of two accounts or more."""
    return _shared(entity[used])


def _shared(entity: NDArray[np.integer] | Ints) -> set[int]:
    """Entities that occur twice or more."""
    found, times = np.unique(entity, return_counts=True)
    return set(found[times > 1].tolist())
