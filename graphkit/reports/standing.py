"""How firmly a ring stands: what speaks against it, who ties whom, what would dissolve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphkit.contracts import SIGNALS
from graphkit.reports.findings import Judged, members_of, of_ring
from graphkit.reports.spelling import plural

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# A ring is dissolved when its largest part that still hangs together has fewer than half of it.
_HALF = 2
# Entities that are taken away one after another, at most.
_STEPS = 12


@dataclass(frozen=True)
class Ties:
    """A ring's inner edges, by the places of its n members, surest first.

    Attributes:
        members: RING_MEMBERS of the ring.
        first, second: ends, shape (m,).
        probability: in thousandths, shape (m,).
        weight: log odds in millibits, shape (m,).
        signals: what each signal adds to that, shape (m, number of signals).
    """

    members: pa.Table
    first: Ints
    second: Ints
    probability: Ints
    weight: Ints
    signals: Ints


def ties_of(detection: Judged, ring_id: str) -> Ties:
    """The edges between two members of a ring."""
    members = members_of(detection, ring_id)
    accounts = members["account_id"].combine_chunks()
    edges = detection.edges
    inside = pc.and_(
        pc.is_in(edges["account_a"], value_set=accounts),
        pc.is_in(edges["account_b"], value_set=accounts),
    )
    inner = edges.filter(inside)
    first, second = (
        pc.index_in(inner[name], value_set=accounts).to_numpy().astype(np.int64)
        for name in ("account_a", "account_b")
    )
    signals = [inner[signal].to_numpy() for signal in SIGNALS]
    return Ties(
        members,
        first,
        second,
        inner["probability"].to_numpy(),
        inner["weight"].to_numpy(),
        np.stack(signals, axis=1),
    )


def told_of(detection: Judged, ring_id: str) -> dict[str, list[dict[str, Any]]]:
    """The ring's rows of RING_FACTS by question, in their order."""
    told: dict[str, list[dict[str, Any]]] = {}
    for row in of_ring(detection.ring_facts, ring_id).to_pylist():
        told.setdefault(row["question"], []).append(row)
    return told


def strongest_ties(ties: Ties) -> list[dict[str, Any]]:
    """Of each member its strongest tie: to whom, how likely, by which signals.

    A member is core when its strongest tie is more likely than not, else fringe.

    Returns:
        account_id, confidence, place (core or fringe), tied_to, probability (thousandths) and
        signals, one for each member in the order of the ties' members.
    """
    n = ties.members.num_rows
    ends = np.concatenate([ties.first, ties.second])
    other = np.concatenate([ties.second, ties.first])
    row = np.tile(np.arange(ties.first.size), 2)
    order = np.lexsort((other, -ties.weight[row], ends))
    mine, first = np.unique(ends[order], return_index=True)
    best = dict(zip(mine.tolist(), order[first].tolist(), strict=True))
    members = ties.members.select(["account_id", "confidence"]).to_pylist()
    for place in range(n):
        at = best.get(place)
        members[place] |= {"place": "fringe", "tied_to": None, "probability": 0, "signals": ""}
        if at is not None:
            probability = int(ties.probability[row[at]])
            members[place] |= {
                "place": "core" if probability >= 500 else "fringe",
                "tied_to": members[int(other[at])]["account_id"],
                "probability": probability,
                "signals": _named(ties.signals[row[at]]),
            }
    return members


def _named(signals: Ints) -> str:
    """The signals that speak for a tie, strongest first, with their bits."""
    order = np.argsort(-signals, kind="stable")
    return ", ".join(
        f"{SIGNALS[at]} {signals[at] / 1000:+.1f}" for at in order[:3] if signals[at] > 0
    )


def needed_signals(ties: Ties) -> list[str]:
    """The signals without any one of which the ring dissolves.

    A tie stays while its log odds without the signal are still those of one in ten.
    """
    n, floor = ties.members.num_rows, _log_odds(0.1)
    if _dissolved(n, ties, ties.weight >= floor):
        return []
    return [
        signal
        for at, signal in enumerate(SIGNALS)
        if _dissolved(n, ties, ties.weight - ties.signals[:, at].clip(0) >= floor)
    ]


def _log_odds(probability: float) -> int:
    return round(1000 * float(np.log2(probability / (1 - probability))))


def _dissolved(n: int, ties: Ties, kept: Bools) -> bool:
    first, second = ties.first[kept], ties.second[kept]
    ones = np.ones(first.size, dtype=np.int8)
    labels = connected_components(coo_array((ones, (first, second)), shape=(n, n)), directed=False)
    return bool(_HALF * np.bincount(labels[1]).max(initial=0) < n)


def needed_entities(evidence: pa.Table, members: pa.Table) -> list[str] | None:
    """Shared entities without which the ring falls apart, found greedily.

    Each time the entity that ties most members goes. The set dissolves the ring; a smaller one
    may exist, since finding the smallest is hard.

    Args:
        evidence: EVIDENCE of the ring.
        members: RING_MEMBERS of the ring.

    Returns:
        Pseudonyms in the order in which they go; None where the ring outlasts twelve.
    """
    if not evidence.num_rows:
        return []
    n = members.num_rows
    held = evidence["members"].combine_chunks()
    account = pc.index_in(pc.list_flatten(held), value_set=members["account_id"].combine_chunks())
    who, what = account.to_numpy().astype(np.int64), pc.list_parent_indices(held).to_numpy()
    counts = evidence["n_members"].to_numpy()
    order = np.lexsort((evidence["n_holders"].to_numpy(), -counts))
    gone = np.zeros(evidence.num_rows, dtype=bool)
    for step in range(min(_STEPS, evidence.num_rows) + 1):
        kept = ~gone[what]
        size = n + evidence.num_rows
        ones = np.ones(int(kept.sum()), dtype=np.int8)
        graph = coo_array((ones, (who[kept], n + what[kept])), shape=(size, size))
        labels = connected_components(graph, directed=False)[1][:n]
        if _HALF * np.bincount(labels).max(initial=0) < n:
            return [
                str(name) for name in evidence["entity"].take(pa.array(order[:step])).to_pylist()
            ]
        if step < evidence.num_rows:
            gone[order[step]] = True
    return None


def fragility(detection: Judged, ring_id: str, ties: Ties) -> list[str]:
    """Say what a ring's holding together rests on, one line each."""
    signals = needed_signals(ties)
    evidence = of_ring(detection.evidence, ring_id)
    entities = needed_entities(evidence, ties.members)
    lines = [
        f"rests on {' and on '.join(signals)}: without it fewer than half hang together"
        if signals
        else "rests on no single signal: without any one of them half still hang together"
    ]
    if entities:
        lines.append(
            f"falls apart without {plural(len(entities), 'shared entity', 'shared entities')} (the "
            f"greedy choice; fewer may do): {', '.join(entities)}"
        )
    elif entities is None:
        lines.append(f"outlasts the loss of its {_STEPS} commonest entities")
    return lines


def totals(told: Mapping[str, list[dict[str, Any]]]) -> dict[str, int]:
    """By question its log odds in millibits, the likeliest first."""
    found = {
        question: int(row["millibits"])
        for question, rows in told.items()
        for row in rows
        if row["fact"] == "total"
    }
    return dict(sorted(found.items(), key=lambda part: (-part[1], part[0])))
