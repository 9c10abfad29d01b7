"""What a run found, and the questions people ask of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.communities import list_communities
from graphkit.errors import UsageError, nearest
from graphkit.families import families_of
from graphkit.graph import HeteroGraph, build_graph
from graphkit.graph.benign import without_benign
from graphkit.reports import Listing, as_html, explain, spell_set_apart
from graphkit.settings import Settings
from graphkit.sql import query


@dataclass(frozen=True, eq=False)
class Findings:
    """The tables of one date, each under its contract, and how they came about.

    Attributes:
        dt: the date, last of the window.
        rings: RINGS, strongest first.
        members: RING_MEMBERS in the order of their rings.
        evidence: EVIDENCE.
        ring_facts: RING_FACTS: what speaks for and against each ring.
        edges: EDGES.
        facts: FACTS.
        membership: MEMBERSHIP.
        hubs: HUBS, with what was withheld.
        lineage: LINEAGE.
        benign: BENIGN_REMOVED: what the allow-list took out before anything was judged.
        odd_days: ODD_DAYS: what is unusual about the window's days.
        links: LINKS of the window, those that the allow-list took out too.
        profiles: PROFILES of the window.
        reports: what was read, by ISO date.
        settings: everything that changed the result.
        next_number: the first ring number not used until now.
    """

    dt: date
    rings: pa.Table
    members: pa.Table
    evidence: pa.Table
    ring_facts: pa.Table
    edges: pa.Table
    facts: pa.Table
    membership: pa.Table
    hubs: pa.Table
    lineage: pa.Table
    benign: pa.Table
    odd_days: pa.Table
    links: pa.Table
    profiles: pa.Table
    reports: Mapping[str, Any]
    settings: Settings
    next_number: int


class Detection:
    """The rings of one date.

    Args:
        findings: the tables behind it.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    @property
    def dt(self) -> date:
        """The date, last of the window."""
        return self.findings.dt

    @property
    def rings(self) -> Listing:
        """One row per ring, strongest first; `status` parts what is published from the rest."""
        return Listing(self.findings.rings)

    @property
    def members(self) -> Listing:
        """One row per ring and account."""
        return Listing(self.findings.members)

    @property
    def evidence(self) -> Listing:
        """One row per ring and shared fact."""
        return Listing(self.findings.evidence)

    @property
    def ring_facts(self) -> Listing:
        """One row per ring, question and fact: what speaks for and against it."""
        return Listing(self.findings.ring_facts)

    @property
    def communities(self) -> Listing:
        """One row per account of every community of two and more, judged a ring or not."""
        findings = self.findings
        return Listing(list_communities(findings.membership, findings.members, dt=findings.dt))

    @cached_property
    def graph(self) -> HeteroGraph:
        """The heterogeneous graph of the window, without what the allow-list names."""
        findings = self.findings
        gap = findings.settings.graph.address_gap_h
        links = without_benign(findings.links, findings.benign)
        return build_graph(links, findings.profiles, address_gap_h=gap)

    def ring(self, ring_id: str) -> "Ring":
        """One ring.

        Raises:
            UsageError: there is no ring of that id.
        """
        known: list[Any] = self.findings.rings["ring_id"].to_pylist()
        if ring_id not in known:
            raise UsageError(
                f"there is no ring {ring_id} on {self.dt}{nearest(ring_id, known)}",
                found=ring_id,
                allowed=", ".join(known[:10]) + (", …" if len(known) > 10 else "") or "none",
                do="list the rings, or take another date",
            )
        return Ring(self.findings, ring_id)

    def why(self, account_id: str) -> "Why":
        """Why an account is in a ring, or why it is in none.

        Raises:
            UsageError: the window does not know the account.
        """
        return Why(self.findings, account_id)

    def __repr__(self) -> str:
        statuses = self.findings.rings["status"].to_pylist()
        published, candidates = statuses.count("published"), statuses.count("candidate")
        apart = spell_set_apart(self.findings.rings)
        said = f"{published} rings published, {candidates} candidates"
        return f"<Detection {self.dt}: {', '.join(filter(None, [said, apart]))}>"

    def _repr_html_(self) -> str:
        apart = spell_set_apart(self.findings.rings)
        return self.rings._repr_html_() + (f"<p>{apart}</p>" if apart else "")


def families(findings: Findings) -> pa.Table:
    """FAMILIES of all rings of a date."""
    return families_of(findings.links, findings.members, findings.profiles)


class Ring:
    """One ring of a date.

    Args:
        findings: the tables of the date.
        ring_id: its id, known to be there.
    """

    def __init__(self, findings: Findings, ring_id: str) -> None:
        self._findings = findings
        self.ring_id = ring_id

    @property
    def row(self) -> dict[str, Any]:
        """The ring's row of RINGS."""
        return self._of(self._findings.rings).to_pylist()[0]

    @property
    def members(self) -> Listing:
        """Its members, surest first."""
        return Listing(self._of(self._findings.members))

    @property
    def evidence(self) -> Listing:
        """The facts that its members share, weightiest first."""
        return Listing(self._of(self._findings.evidence))

    @property
    def families(self) -> Listing:
        """Wrappers and the data set that its members have in common, most of the traffic first."""
        return Listing(self._of(families(self._findings)))

    def __str__(self) -> str:
        return explain(self._findings, self.ring_id, families(self._findings))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._of(self._findings.evidence))

    def _of(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.field("ring_id") == self.ring_id)


class Why:
    """Why an account is in a ring, or why it is in none.

    Args:
        findings: the tables of the date.
        account_id: as it was handed in.

    Attributes:
        ring_id: its ring; None where it is in none.
        reason: one sentence.
        ties: its strongest ties: account, weight and each signal in millibits, probability in
            thousandths, the other's ring, and whether it is the same.
        facts: what it shares with others: kind, entity, trait, holders, role, weight in millibits.

    Raises:
        UsageError: the window does not know the account.
    """

    def __init__(self, findings: Findings, account_id: str) -> None:
        known = findings.profiles["account_id"]
        if not pc.is_in(pa.scalar(account_id), value_set=pc.unique(known)).as_py():
            raise UsageError(
                f"account {account_id!r} is not in the window that ends on {findings.dt}",
                found=account_id,
                allowed="accounts that a file of the window names",
                do="check the spelling; ids are shown as they were handed in",
            )
        self.account_id = account_id
        mine = findings.members.filter(pc.field("account_id") == account_id).to_pylist()
        self.ring_id: str | None = mine[0]["ring_id"] if mine else None
        who = {"account": account_id}
        tables = {"edges": findings.edges, "members": findings.members}
        self.ties = Listing(query(_TIES, tables, who))
        links = findings.links.filter(pc.field("account_id") == account_id)
        tables = {"links": without_benign(links, findings.benign), "facts": findings.facts}
        self.facts = Listing(query(_FACTS, tables))
        self.reason = self._reason(findings, mine)

    def _reason(self, findings: Findings, mine: list[dict[str, Any]]) -> str:
        settings = findings.settings
        if mine:
            status = mine[0]["status"]
            where = "inside one verified organisation" if status == "organisation" else status
            return (
                f"Ring {self.ring_id} ({where}); it belongs to it by {mine[0]['confidence']:.0%}."
            )
        named = (pc.field("kind") == "account") & (pc.field("entity") == self.account_id)
        listed = findings.benign.filter(named & (pc.field("state") == "applied")).to_pylist()
        if listed:
            return f"In no ring: the allow-list names it ({listed[0]['why']})."
        if not len(self.ties):
            held = sum(fact["role"] == "corroborates" for fact in self.facts.to_pylist())
            hubs = f" {held} of what it shares are hubs, which propose no pair." if held else ""
            return f"In no ring: no other account shares enough with it to make a tie.{hubs}"
        best = self.ties.to_pylist()[0]
        rings = [tie["ring_id"] for tie in self.ties.to_pylist() if tie["ring_id"] is not None]
        near = f", among them with {rings[0]}," if rings else ""
        return (
            f"In no ring: its ties{near} have at best a probability of "
            f"{best['probability'] / 1000:.0%}, and they make it less likely than "
            f"{settings.rings.min_confidence:.0%} that a ring's operator runs it."
        )

    def __str__(self) -> str:
        parts = [f"Account {self.account_id!r}: {self.reason}"]
        if len(self.ties):
            parts += ["strongest ties (millibits)", str(self.ties)]
        if len(self.facts):
            parts += ["what it shares", str(self.facts)]
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.ties.table) + as_html(self.facts.table)


_TIES = """
WITH mine AS (SELECT ring_id FROM members WHERE account_id = $account),
ties AS (
    SELECT account_b AS account_id, * EXCLUDE (account_a, account_b) FROM edges
    WHERE account_a = $account
    UNION ALL
    SELECT account_a, * EXCLUDE (account_a, account_b) FROM edges WHERE account_b = $account
)
SELECT t.account_id AS account_id, t.* EXCLUDE (account_id), m.ring_id AS ring_id,
    coalesce(m.ring_id IN (SELECT ring_id FROM mine), false) AS same_ring
FROM ties AS t LEFT JOIN members AS m USING (account_id)
ORDER BY weight DESC, same_ring DESC, t.account_id LIMIT 10
"""
_FACTS = """
SELECT f.signal AS signal, f.kind AS kind, f.kind || '-' || printf('%016x', f.entity) AS entity,
    f.trait AS trait, n_holders, role, weight, CAST(sum(n) AS BIGINT) AS n_events,
    min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM links AS l JOIN facts AS f ON f.kind = l.kind AND f.entity = l.entity
GROUP BY ALL ORDER BY weight DESC, n_holders, entity LIMIT 20
"""
