"""What a report says of a day, drawn from the tables once, for the page and the terminal alike."""

from collections.abc import Mapping, Set
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import SIGNALS
from graphkit.reports.spelling import plural
from graphkit.settings import Settings

CAUTION = (
    "graphkit surfaces candidates; people decide. Its scorecards are fitted on simulated worlds "
    "and not on any labelled case: a score orders suspicion; as a probability it is theirs."
)


class Judged(Protocol):
    """What a report needs of a detection; the tables keep the contracts of their names."""

    @property
    def dt(self) -> date:
        """The day."""

    @property
    def rings(self) -> pa.Table:
        """RINGS."""

    @property
    def members(self) -> pa.Table:
        """RING_MEMBERS."""

    @property
    def evidence(self) -> pa.Table:
        """EVIDENCE."""

    @property
    def ring_facts(self) -> pa.Table:
        """RING_FACTS."""

    @property
    def edges(self) -> pa.Table:
        """EDGES."""

    @property
    def hubs(self) -> pa.Table:
        """HUBS."""

    @property
    def lineage(self) -> pa.Table:
        """LINEAGE."""

    @property
    def benign(self) -> pa.Table:
        """BENIGN_REMOVED."""

    @property
    def odd_days(self) -> pa.Table:
        """ODD_DAYS of the window."""

    @property
    def links(self) -> pa.Table:
        """LINKS of the window."""

    @property
    def profiles(self) -> pa.Table:
        """PROFILES of the window."""

    @property
    def reports(self) -> Mapping[str, Any]:
        """What was read, by ISO date."""

    @property
    def settings(self) -> Settings:
        """What changed the result."""


def window_of(detection: Judged) -> tuple[date, date]:
    """First and last day of the window."""
    return detection.dt - timedelta(days=detection.settings.window_d - 1), detection.dt


def of_status(rings: pa.Table, status: str) -> pa.Table:
    """The rings of one status, in their order."""
    return rings.filter(pc.equal(rings["status"], pa.scalar(status)))


def spell_set_apart(rings: pa.Table) -> str:
    """Say how many rings lie inside one verified organisation; nothing where none does.

    Args:
        rings: RINGS or RING_MEMBERS.
    """
    n = len(of_status(rings, "organisation")["ring_id"].unique())
    return f"inside one verified organisation: {plural(n, 'ring')}" if n else ""


def n_of_organisation(detection: Judged, ring_id: str) -> int:
    """How many members of a ring inside one organisation are known to be in it."""
    members = of_ring(detection.members, ring_id)["account_id"]
    told = detection.profiles.filter(pc.is_valid(detection.profiles["org"]))
    mine = told.filter(pc.is_in(told["account_id"], value_set=members.combine_chunks()))
    return len(mine["account_id"].unique())


def of_ring(table: pa.Table, ring_id: str) -> pa.Table:
    """A ring's rows of a table."""
    return table.filter(pc.equal(table["ring_id"], pa.scalar(ring_id)))


def members_of(detection: Judged, ring_id: str) -> pa.Table:
    """A ring's members, the surest first."""
    members = of_ring(detection.members, ring_id)
    return members.sort_by([("confidence", "descending"), ("account_id", "ascending")])


def facts_of(detection: Judged, ring_id: str) -> pa.Table:
    """A ring's shared facts, those first that add most to the ring: weight times pairs tied."""
    facts = of_ring(detection.evidence, ring_id)
    n, weight = facts["n_members"].to_numpy(), facts["weight"].to_numpy()
    ordered = facts.append_column("added", pa.array(weight * (n * (n - 1) // 2))).sort_by(
        [
            ("added", "descending"),
            ("weight", "descending"),
            # Ties fall by what no key enters, so that another key shows the same facts.
            ("n_events", "descending"),
            ("first_seen", "ascending"),
            ("last_seen", "ascending"),
            ("kind", "ascending"),
            ("entity", "ascending"),
        ]
    )
    return ordered.drop_columns(["added"])


def strengths(detection: Judged) -> dict[str, dict[str, int]]:
    """Mean evidence of a pair of members per signal, in millibits, by ring; strongest first.

    A pair of members without an edge counts as nothing, so that the signals of a ring add up to
    the evidence between two members drawn at random.
    """
    members, edges = detection.members, detection.edges
    ring_ids = members["ring_id"].combine_chunks().dictionary_encode()
    ring_of = ring_ids.indices.to_numpy(zero_copy_only=False)
    first, second = (
        _places(edges[name], members["account_id"]) for name in ("account_a", "account_b")
    )
    inside = (first >= 0) & (second >= 0)
    inside[inside] = ring_of[first[inside]] == ring_of[second[inside]]
    ring = ring_of[first[inside]]
    names = [str(name) for name in ring_ids.dictionary.to_pylist()]
    sizes = np.bincount(ring_of, minlength=len(names))
    pairs = np.maximum(sizes * (sizes - 1) // 2, 1)
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for signal in SIGNALS:
        sums = np.zeros(len(names), np.int64)
        np.add.at(sums, ring, edges[signal].to_numpy()[inside])
        for at in np.flatnonzero(sums):
            found[names[at]][signal] = round(int(sums[at]) / int(pairs[at]))
    return {
        name: dict(sorted(parts.items(), key=lambda part: (-part[1], part[0])))
        for name, parts in found.items()
    }


def _places(values: pa.ChunkedArray, known: pa.ChunkedArray) -> NDArray[np.int64]:
    """The place of each value among the known ones, -1 where it is not one; shape (n,)."""
    places = pc.index_in(values, value_set=known.combine_chunks()).fill_null(-1)
    return np.asarray(places.to_numpy(), dtype=np.int64)


def pairs_withheld(hubs: pa.Table) -> int:
    """How many pairs all hubs together did not propose."""
    return pc.sum(hubs["pairs_withheld"]).as_py() or 0


def history(detection: Judged) -> dict[str, list[str]]:
    """What became of rings since the judged date before, by ring; the ended ones under ""."""
    told: dict[str, list[str]] = {}
    for row in detection.lineage.to_pylist():
        before, event = row["previous_ring_id"], row["event"] or "related"
        line = event if before is None else f"{event}: {before} of {row['previous_dt']}"
        if row["n_shared"] and row["ring_id"] is not None:
            line += f", {row['n_shared']:,} accounts shared"
        told.setdefault(row["ring_id"] or "", []).append(line)
    return told


def rows_read(reports: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Rows, used, refused, collapsed and late ones and refused cells per table, over the days."""
    totals: dict[str, dict[str, int]] = {}
    for _, report in sorted(reports.items()):
        for name, table in report.get("tables", {}).items():
            total = totals.setdefault(name, {})
            for what in ("rows", "used", "refused", "collapsed", "late", "blank"):
                total[what] = total.get(what, 0) + table.get(what, 0)
            cells = sum(sum(reasons.values()) for reasons in table.get("cells", {}).values())
            total["cells"] = total.get("cells", 0) + cells
    return totals


def fed_signals(links: pa.Table, settings: Settings) -> set[str]:
    """The signals that mentions feed because the settings say so of their kinds.

    Args:
        links: LINKS.
        settings: what a kind is worth.
    """
    kinds = links["kind"].unique().to_pylist()
    own = settings.graph.kinds
    return {signal for kind in kinds if kind in own and (signal := own[kind].signal)}


def signal_states(reports: Mapping[str, Any], fed: Set[str]) -> dict[str, str]:
    """Each signal's state on the latest day, with how many days had it where they differ.

    Args:
        reports: what was read, by ISO date.
        fed: signals that are on whatever a day's report says.
    """
    days = [_states(report, fed) for _, report in sorted(reports.items()) if report]
    states = {}
    for signal, state in (days[-1] if days else {}).items():
        on = sum(day.get(signal) == "on" for day in days)
        mixed = 0 < on < len(days)
        states[signal] = f"{state} ({on} of {len(days)} days on)" if mixed else state
    return states


def _states(report: Mapping[str, Any], fed: Set[str]) -> dict[str, str]:
    return {name: "on" if name in fed else state for name, state in report["signals"].items()}


def absent_columns(reports: Mapping[str, Any]) -> list[str]:
    """Columns that the settings name and no file has, one line each, with on how many days."""
    days = [report for _, report in sorted(reports.items()) if report]
    said = {name: line for report in days for name, line in report["absent"].items()}
    lines = []
    for name, line in sorted(said.items()):
        n = sum(name in report["absent"] for report in days)
        lines.append(f"{line} ({n} of {len(days)} days)" if n < len(days) else line)
    return lines
