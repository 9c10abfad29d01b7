"""Continuity: whether a ring keeps its id from day to day."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from graphkit.evaluate.cases import Cases
from graphkit.evaluate.figure import Figure, counted
from graphkit.evaluate.rings import found


@dataclass(frozen=True)
class Carried:
    """Which published ring carries which planted ring on a day; same length, by planted ring.

    Attributes:
        ring: names of the planted rings that are found.
        operator: names of who runs them.
        claim: ids of the published rings.
    """

    ring: Sequence[str]
    operator: Sequence[str]
    claim: Sequence[str]


def carried(cases: Cases) -> Carried:
    """Say which published ring carries which planted ring."""
    ring, claim = found(cases)
    operator = np.zeros(len(cases.ring.names), np.int64)
    operator[cases.ring.of[cases.planted]] = cases.operator.of[cases.planted]
    return Carried(
        [cases.ring.names[at] for at in ring],
        [cases.operator.names[at] for at in operator[ring]],
        [cases.claim.names[at] for at in claim],
    )


def continuity_figures(days: Sequence[Carried]) -> list[Figure]:
    """Figures of ids over days, one after another.

    - *ids kept*: of the planted rings that are found on a day and on the next one judged, the
      share that the same published id carries. A ring that is not found on both says nothing.
    - *ids passed on*: of the published ids that carry a planted ring on both, the share that no
      operator of the day before has any more. 0 is best.

    No figure where no ring, no id is there on two days.
    """
    kept = both = passed = again = 0
    for before, after in pairwise(days):
        then, now = (dict(zip(day.ring, day.claim, strict=True)) for day in (before, after))
        both += len(then.keys() & now.keys())
        kept += len(then.items() & now.items())
        # A published ring that carries one is at least 80% one operator's, so it has one operator.
        had, has = (dict(zip(day.claim, day.operator, strict=True)) for day in (before, after))
        again += len(had.keys() & has.keys())
        passed += len(had.keys() & has.keys()) - len(had.items() & has.items())
    figures = [counted("ids kept", kept, both)] if both else []
    return [*figures, counted("ids passed on", passed, again)] if again else figures
