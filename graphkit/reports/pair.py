"""What is said of two accounts: how the evidence on them adds up, and what both hold."""

from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.reports.findings import CAUTION
from graphkit.reports.listing import align
from graphkit.reports.notebook import as_html
from graphkit.reports.spelling import cell, moment, plural, visible

_SHARED = 20


def spell_pair(title: str, reason: str, facts: pa.Table, shared: pa.Table) -> str:
    """Say what ties two accounts, one line per fact that adds anything.

    Args:
        title: who they are.
        reason: what came out of it.
        facts: PAIR_FACTS; without rows where the two were not weighed.
        shared: PAIR_SHARED.
    """
    parts = ["\n".join(map(visible, (title, reason)))]
    if facts.num_rows:
        parts += [_waterfall(facts.to_pylist()), _signals(facts.to_pylist())]
    if shared.num_rows:
        parts.append(_shared(shared))
    return "\n\n".join([*parts, CAUTION])


def pair_as_html(reason: str, facts: pa.Table, shared: pa.Table) -> str:
    """The same for notebooks; facts that add nothing are left out."""
    told = facts.filter(pc.not_equal(facts["millibits"], 0))
    tables = [as_html(told, shown=told.num_rows)] if told.num_rows else []
    if shared.num_rows:
        tables.append(as_html(shared))
    return "".join([f"<p>{escape(visible(reason))}</p>", *tables])


def _waterfall(facts: list[dict[str, Any]]) -> str:
    told = [fact for fact in facts if fact["millibits"]]
    rows = [
        [
            fact["signal"],
            fact["fact"],
            "" if fact["value"] is None else f"{fact['value']:,.2f}",
            f"{fact['millibits']:+,}",
            f"{fact['total']:,}",
            visible(fact["says"]),
        ]
        for fact in told
    ]
    silent = len(facts) - len(told)
    total = f"{facts[-1]['total']:,}"
    if silent:
        rows.append(["", plural(silent, "other fact"), "", "0", total, "add nothing"])
    heads = ["signal", "fact", "value", "adds", "total", "what it is"]
    body = align(heads, rows, right=[False, False, True, True, True, False])
    return f"How it adds up, in millibits\n{body}"


def _signals(facts: list[dict[str, Any]]) -> str:
    sums: dict[str, int] = {}
    for fact in facts:
        sums[fact["signal"]] = sums.get(fact["signal"], 0) + fact["millibits"]
    kept = sorted((name for name in sums if sums[name]), key=lambda name: -abs(sums[name]))
    rows = [[name, f"{sums[name]:+,}"] for name in kept]
    rows.append(["all", f"{sum(sums.values()):+,}"])
    return f"By signal, in millibits\n{align(['signal', 'adds'], rows, right=[False, True])}"


def _shared(shared: pa.Table) -> str:
    rows = [
        [
            *(cell(held[name]) for name in ("signal", "entity", "trait", "role")),
            f"{held['n_holders']:,}",
            *(spelt for side in "ab" for spelt in _side(held, side)),
        ]
        for held in shared.slice(0, _SHARED).to_pylist()
    ]
    heads = ["signal", "fact", "trait", "role", "holders"]
    heads += ["of a", "first", "last", "of b", "first", "last"]
    right = [False] * 4 + [True] + [True, False, False] * 2
    more = shared.num_rows - len(rows)
    cut = f"\nand {more:,} more" if more > 0 else ""
    return f"What both hold, the rarest first\n{align(heads, rows, right=right)}{cut}"


def _side(held: dict[str, Any], side: str) -> list[str]:
    """Of one account: the part of its activity, first and last seen."""
    seen = [moment(held[f"{name}_{side}"]) for name in ("first", "last")]
    return [f"{held[f'part_{side}'] / 1000:.1%}", *seen]
