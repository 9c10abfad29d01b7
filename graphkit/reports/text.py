"""What is said of days and rings in plain text."""

from collections.abc import Mapping, Set
from datetime import date
from typing import Any

import pyarrow as pa

from graphkit.errors import UsageError, nearest
from graphkit.reports.findings import (
    CAUTION,
    Judged,
    absent_columns,
    facts_of,
    history,
    n_of_organisation,
    of_ring,
    of_status,
    pairs_withheld,
    signal_states,
    spell_set_apart,
    strengths,
)
from graphkit.reports.listing import align
from graphkit.reports.spelling import bits, cell, chance, moment, plural, visible
from graphkit.reports.standing import fragility, strongest_ties, ties_of, told_of, totals

_BAR = 30
_FACTS = 20
_FAMILIES = 8
_MEMBERS = 40
_REASONS = 8
_ENTITIES = 5
_EXAMPLES = 3
_IDLE = 10


def spell_day(
    dt: date, report: Mapping[str, Any], rejects: pa.Table, fed: Set[str] = frozenset()
) -> str:
    """Say what was read of a day: rows, what was refused and why, what is off or not there.

    Args:
        dt: the day.
        report: what was read.
        rejects: REJECTS.
        fed: signals that are on whatever the report says.
    """
    lines = []
    for name, table in report["tables"].items():
        line = f"{dt} {name}: {plural(table['rows'], 'row')}, {table['refused']:,} refused"
        extra = [
            f"{table[what]:,} {what}" for what in ("collapsed", "late", "blank") if table.get(what)
        ]
        if table.get("empty"):
            extra.append(plural(table["empty"], "file without a row", "files without a row"))
        lines.append(line + (f" ({', '.join(extra)})" if extra else ""))
        for column, reasons in sorted(table.get("cells", {}).items()):
            for reason, n in sorted(reasons.items()):
                cells = f"{plural(n, 'cell')} dropped or cut: {visible(reason)}"
                lines.append(f"  {name}.{visible(column)}: {cells}")
    for row in rejects.slice(0, _EXAMPLES).to_pylist():
        place = f"{row['file']} row {row['row']}" + (f", {row['column']}" if row["column"] else "")
        lines.append(f"  refused {visible(place)}: {visible(row['reason'])}")
    if rejects.num_rows > _EXAMPLES:
        lines.append(f"  and {plural(rejects.num_rows - _EXAMPLES, 'more row')} in table rejects")
    lines += [
        f"  signal {signal} is {visible(state)}"
        for signal, state in signal_states({str(dt): report}, fed).items()
        if state != "on"
    ]
    lines += [f"  {visible(line)}" for line in absent_columns({str(dt): report})]
    return "\n".join(lines)


def spell_odd_days(odd_days: pa.Table) -> str:
    """Say what is unusual about the days of a window, one line each."""
    rows = odd_days.to_pylist()
    places = [f"{row['dt']} {row['table']}" if row["table"] else str(row["dt"]) for row in rows]
    return "\n".join(
        f"odd day {place}: {visible(row['says'])}" for place, row in zip(places, rows, strict=True)
    )


def spell_rings(detection: Judged) -> str:
    """Say how many rings there are, what hubs withheld and what was set apart or left out."""
    published = of_status(detection.rings, "published").num_rows
    candidates = of_status(detection.rings, "candidate").num_rows
    accounts = of_status(detection.members, "published").num_rows
    lines = _benign(detection.benign.to_pylist())
    if detection.hubs.num_rows:
        pairs = pairs_withheld(detection.hubs)
        hubs = plural(detection.hubs.num_rows, "hub")
        lines.append(f"{hubs} proposed no pair: {plural(pairs, 'pair')} withheld")
    found = f"{plural(published, 'ring')} of {plural(accounts, 'account')}"
    below = f"{plural(candidates, 'candidate')} below the floors"
    lines.append(f"{found if published else 'no rings found'}; {below}")
    return "\n".join(filter(None, [*lines, spell_set_apart(detection.rings)]))


def _benign(entries: list[dict[str, Any]]) -> list[str]:
    """What an allow-list did, and which of its entries did nothing."""
    if not entries:
        return []
    states = [entry["state"] for entry in entries]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    links = plural(sum(entry["n_links"] for entry in entries), "link")
    idle = [entry for entry in entries if entry["state"] != "applied"]
    lines = [
        f"allow-list of {plural(len(entries), 'entry', 'entries')}: {counts}; {links} left out"
    ]
    for entry in idle[:_IDLE]:
        since = f" on {entry['until']}" if entry["state"] == "expired" else ""
        lines.append(
            f"  {entry['state']}{since}: {visible(entry['entity'])} ({visible(entry['why'])})"
        )
    more = len(idle) - _IDLE
    return [*lines, f"  and {plural(more, 'more entry', 'more entries')}"] if more > 0 else lines


def explain(detection: Judged, ring_id: str, families: pa.Table | None = None) -> str:
    """Say why a ring is one, what speaks against it, and what it rests on.

    Args:
        detection: the day's tables.
        ring_id: the ring.
        families: FAMILIES; without them texts are facts among others.

    Raises:
        UsageError: the day has no such ring.
    """
    found = of_ring(detection.rings, ring_id).to_pylist()
    if not found:
        known = [str(known) for known in detection.rings["ring_id"].to_pylist()]
        raise UsageError(
            f"there is no ring {visible(ring_id)!r} on {detection.dt}{nearest(ring_id, known)}",
            found=plural(len(known), "ring"),
            allowed=", ".join(known[:10]) + (", …" if len(known) > 10 else "") or "none that day",
            do="list them with `graphkit rings LAKE --all`",
        )
    told = [*_inside(detection, found[0]), *history(detection).get(ring_id, [])]
    parts = [_headline(found[0], told)]
    parts.append(_reasons(told_of(detection, ring_id)))
    parts.append(_waterfall(strengths(detection)[ring_id]))
    parts.append(_facts(facts_of(detection, ring_id)))
    if families is not None:
        parts += _families(of_ring(families, ring_id))
    ties = ties_of(detection, ring_id)
    lines = [f"  {visible(line)}" for line in fragility(detection, ring_id, ties)]
    parts.append("\n".join(["What it rests on", *lines]))
    parts.append(_members(strongest_ties(ties)))
    return "\n\n".join([*parts, CAUTION])


def _inside(detection: Judged, ring: Mapping[str, Any]) -> list[str]:
    """The verified organisation that a ring lies inside, if it does."""
    if ring["organisation"] is None:
        return []
    known = n_of_organisation(detection, ring["ring_id"])
    return [
        f"inside one verified organisation, {ring['organisation']}: {known:,} of its "
        f"{plural(ring['size'], 'account')} are known to be in it"
    ]


def _headline(ring: Mapping[str, Any], told: list[str]) -> str:
    active, banned = ring["n_active"], ring["n_banned"]
    lines = [
        f"{ring['ring_id']}, {ring['status']}, {ring['dt']}",
        f"score {bits(ring['score'])} bits: {chance(ring['score'])} that one operator runs at "
        f"least half of it; carried by {ring['signals'] or 'no one signal'}",
        *([f"better explained as {ring['benign']}"] if ring["benign"] else []),
        f"{plural(ring['size'], 'account')}, {active:,} active that day, {banned:,} banned",
        f"{plural(ring['requests'], 'request')} and ${ring['amount_usd'] or 0:,.2f} in the window",
        f"seen from {moment(ring['first_seen'])} to {moment(ring['last_seen'])} UTC",
        *told,
    ]
    return "\n".join(visible(line) for line in lines)


def _waterfall(parts: Mapping[str, int]) -> str:
    """Bars of the evidence between two members, per signal."""
    title = "Evidence between two members, on average, in bits"
    most = max((abs(value) for value in parts.values()), default=0)
    rows = [
        [signal, "█" * max(1, round(_BAR * abs(value) / most)) if most else "", bits(value)]
        for signal, value in parts.items()
    ]
    rows.append(["all", "", bits(sum(parts.values()))])
    body = align(["signal", "", "bits"], rows, right=[False, False, True])
    return f"{title}\n{body}"


def _facts(facts: pa.Table) -> str:
    shown = facts.slice(0, _FACTS).to_pylist()
    rows = [
        [
            *(cell(fact[name]) for name in ("signal", "entity", "trait", "role")),
            bits(fact["weight"]),
            *(f"{fact[name] or 0:,}" for name in ("n_members", "n_holders", "n_events")),
            *(moment(fact[name]) for name in ("first_seen", "last_seen")),
        ]
        for fact in shown
    ]
    heads = ["signal", "fact", "trait", "role", "bits", "members", "holders", "events"]
    heads += ["first", "last"]
    right = [False] * 4 + [True] * 4 + [False] * 2
    cut = f"\nand {facts.num_rows - len(shown):,} more" if facts.num_rows > len(shown) else ""
    return f"Shared facts\n{align(heads, rows, right=right)}{cut}"


def _families(families: pa.Table) -> list[str]:
    """Which wrapper and which data set, by how many, in how much of what the members sent."""
    rows = [
        [
            family["sort"],
            family["family"],
            f"{family['share']:.0%}",
            *(f"{family[name]:,}" for name in ("n_members", "n_events", "n_keys")),
        ]
        for family in families.slice(0, _FAMILIES).to_pylist()
    ]
    if not rows:
        return []
    heads = ["family", "key", "of requests", "members", "events", "keys"]
    more = families.num_rows - len(rows)
    cut = f"\nand {more:,} more" if more else ""
    return [f"Texts in common\n{align(heads, rows, right=[False] * 2 + [True] * 4)}{cut}"]


def _reasons(told: Mapping[str, list[dict[str, Any]]]) -> str:
    """What speaks for and against the ring, and which benign explanations were considered."""
    if not told:
        return "What speaks for and against: not kept for this date"
    score = totals(told)
    facts = [fact for fact in told["ring"] if fact["fact"] != "total"]
    rows = _spelt(facts[:_REASONS])
    rest = sum(fact["millibits"] for fact in facts[_REASONS:])
    rows += [["and all lesser facts", "", bits(rest)], ["score", "", bits(score["ring"])]]
    right = [False, True, True]
    parts = ["What speaks for and against", align(["fact", "value", "bits"], rows, right=right)]
    names = [name for name in score if name != "ring"]
    rows = [[name, bits(score[name]), chance(score[name])] for name in names]
    parts += ["", "Benign explanations considered"]
    parts.append(align(["explanation", "bits", "chance"], rows, right=right))
    likeliest = next((name for name in names if len(told[name]) > 1), None)
    if likeliest is not None:
        facts = [fact for fact in told[likeliest] if fact["fact"] not in ("total", "base")]
        parts += ["", f"What speaks for and against {likeliest}"]
        parts.append(align(["fact", "value", "bits"], _spelt(facts[:_ENTITIES]), right=right))
    return "\n".join(parts)


def _spelt(facts: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            visible(fact["says"]),
            "" if fact["value"] is None else f"{fact['value']:.2f}",
            bits(fact["millibits"]),
        ]
        for fact in facts
    ]


def _members(members: list[dict[str, Any]]) -> str:
    core = sum(member["place"] == "core" for member in members)
    rows = [
        [
            cell(member["account_id"]),
            f"{member['confidence']:.0%}",
            member["place"],
            cell(member["tied_to"]),
            f"{member['probability'] / 1000:.0%}",
            member["signals"],
        ]
        for member in members[:_MEMBERS]
    ]
    more = len(members) - len(rows)
    cut = f"\nand {more:,} more: list them with `graphkit members`" if more else ""
    heads = ["account", "belongs", "place", "strongest tie to", "likely", "by, in bits"]
    right = [False, True, False, False, True, False]
    title = f"Members: {core:,} core, {len(members) - core:,} fringe"
    return f"{title}\n{align(heads, rows, right=right)}{cut}"
