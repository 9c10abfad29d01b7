"""What a run found, and the questions people ask of it."""

from datetime import date
from functools import cached_property
from typing import Any

from graphkit.communities import list_communities
from graphkit.detection.between import Between, check_pair
from graphkit.detection.findings import Findings
from graphkit.detection.ring import Ring
from graphkit.detection.why import Why
from graphkit.errors import UsageError, nearest
from graphkit.graph import HeteroGraph, Weighed, build_graph, kinds_for, weigh_pairs
from graphkit.graph.benign import without_benign
from graphkit.reports import Listing, spell_set_apart
from graphkit.scorecard import unstacked


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

    def ring(self, ring_id: str) -> Ring:
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

    def why(self, account_id: str) -> Why:
        """Why an account is in a ring, or why it is in none.

        Raises:
            UsageError: the window does not know the account.
        """
        return Why(self.findings, account_id)

    def between(self, account_id: str, other_id: str) -> Between:
        """What ties two accounts, fact by fact, or why nothing does; the order is nothing.

        The first question weighs the window's pairs anew, which takes the time that the night took
        for it; further ones are answered from what it kept.

        Raises:
            UsageError: the window does not know an account, or both are the same.
        """
        check_pair(self.findings, account_id, other_id)
        return Between(self.findings, self.graph, self._weighed, account_id, other_id)

    @cached_property
    def _weighed(self) -> Weighed:
        findings = self.findings
        links = without_benign(findings.links, findings.benign)
        options = findings.settings.graph
        tables = (links, findings.profiles, findings.activity, kinds_for(options))
        return weigh_pairs(self.graph, *tables, settings=options, cards=unstacked(findings.cards))

    def __repr__(self) -> str:
        statuses = self.findings.rings["status"].to_pylist()
        published, candidates = statuses.count("published"), statuses.count("candidate")
        apart = spell_set_apart(self.findings.rings)
        said = f"{published} rings published, {candidates} candidates"
        return f"<Detection {self.dt}: {', '.join(filter(None, [said, apart]))}>"

    def _repr_html_(self) -> str:
        apart = spell_set_apart(self.findings.rings)
        return self.rings._repr_html_() + (f"<p>{apart}</p>" if apart else "")
