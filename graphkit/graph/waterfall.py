"""The waterfall of one pair: what each fact adds to it, and the entities behind the facts."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import PAIR_FACTS, PAIR_SHARED, SIGNALS
from graphkit.graph.corroboration import TOGETHER
from graphkit.graph.sharing import Sharing
from graphkit.graph.weighing import HAND, SIGNAL_OF, Weighed, added, by_signal
from graphkit.scorecard import BASE
from graphkit.sql import query

Ints = NDArray[np.int64]
_HAND_SAYS = "rarity of what both hold of kinds that are weighed by hand, times their worth"
_SAYS = {fact.name: fact.says for fact in TOGETHER} | dict.fromkeys(HAND, _HAND_SAYS)
_START = {
    True: "what every pair starts from",
    False: "what a pair starts from that shares nothing that the scorecard weighs",
}


def find_pair(sharing: Sharing, first: int, second: int) -> int | None:
    """The number of a candidate pair; None where the two are none.

    Args:
        sharing: the candidates.
        first: row number of an account.
        second: of the other, in either order.
    """
    low, high = sorted((first, second))
    begin, end = np.searchsorted(sharing.first, [low, low + 1])
    place = int(begin + np.searchsorted(sharing.second[begin:end], high))
    return place if place < end and sharing.second[place] == high else None


def waterfall(weighed: Weighed, pair: int) -> pa.Table:
    """Lay out what makes the weight of a candidate pair, from what it starts from to the sum.

    Args:
        weighed: the candidates.
        pair: its number.

    Returns:
        PAIR_FACTS; the last total is the weight of the pair's edge, if it has one.
    """
    evidence = weighed.evidence.of(np.array([pair]))
    parts = added(weighed.card, evidence)
    millibits = {name: int(values[0]) for name, values in parts.items()}
    strength = {signal: abs(int(values[0])) for signal, values in by_signal(parts).items()}
    says = _SAYS | {BASE: _START[bool(evidence.known[0])]}

    def rank(name: str) -> tuple[bool, bool, int, int, int]:
        own = SIGNAL_OF[name]
        silent = millibits[name] == 0
        told = 0 if silent else -strength[own]
        return name != BASE, silent, told, SIGNALS.index(own), -abs(millibits[name])

    names = sorted(millibits, key=rank)
    facts = {name: float(values[0]) for name, values in evidence.facts.items()}
    columns = {
        "signal": [SIGNAL_OF[name] for name in names],
        "fact": names,
        "value": pa.array([facts.get(name) for name in names], pa.float64(), from_pandas=True),
        "millibits": [millibits[name] for name in names],
        "total": np.cumsum([millibits[name] for name in names]),
        "says": [says[name] for name in names],
    }
    return PAIR_FACTS.conform(pa.table(columns))


def held_by_both(sharing: Sharing, first: int, second: int, *, address_gap_h: int) -> pa.Table:
    """List what two accounts hold in common, candidates or not, the rarest first.

    Args:
        sharing: what accounts hold.
        first: row number of the account that is side a.
        second: of the one that is side b.
        address_gap_h: hours between two uses of an address within which it is shared.

    Returns:
        PAIR_SHARED.
    """
    links, entities = sharing.links, sharing.entities
    account = links["account"].to_numpy()
    sides = {
        name: links.take(pa.array(np.flatnonzero(account == number)))
        for name, number in (("one", first), ("other", second))
    }
    gap = {"gap_us": address_gap_h * 3_600_000_000}
    return PAIR_SHARED.conform(query(_BOTH, {**sides, "entities": entities}, gap))


# The same rule as in `sharing`: two spells of an address meet within the gap.
_BOTH = """
WITH met AS (
    SELECT entity, bool_or(NOT x.timed OR (
        x.first_us <= y.last_us + $gap_us AND y.first_us <= x.last_us + $gap_us)) AS met
    FROM one AS x JOIN other AS y USING (entity) GROUP BY entity
), a AS (
    SELECT entity, CAST(sum(share) AS BIGINT) AS part, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen FROM one GROUP BY entity
), b AS (
    SELECT entity, CAST(sum(share) AS BIGINT) AS part, min(first_seen) AS first_seen,
        max(last_seen) AS last_seen FROM other GROUP BY entity
)
SELECT e.signal AS signal, e.kind AS kind, e.kind || '-' || printf('%016x', e.entity) AS entity,
    e.trait AS trait, e.n_holders AS n_holders,
    CASE WHEN NOT met THEN 'apart' WHEN e.hub THEN 'corroborates' ELSE 'proposes' END AS role,
    a.part AS part_a, a.first_seen AS first_a, a.last_seen AS last_a,
    b.part AS part_b, b.first_seen AS first_b, b.last_seen AS last_b
FROM met JOIN a USING (entity) JOIN b USING (entity) JOIN entities AS e ON e.id = met.entity
ORDER BY e.n_holders, e.kind, e.entity
"""
