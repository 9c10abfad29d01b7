"""What ties two accounts, fact by fact, or why nothing does."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import PAIR_FACTS, PAIR_SHARED
from graphkit.detection.findings import Findings, check_known, listed_as_benign
from graphkit.errors import UsageError
from graphkit.graph import HeteroGraph, Weighed, find_pair, held_by_both, waterfall
from graphkit.graph.benign import without_benign
from graphkit.reports import Listing, pair_as_html, spell_pair
from graphkit.reports.spelling import chance, plural
from graphkit.scorecard import thousandths
from graphkit.sql import query


class Between:
    """What ties two accounts, fact by fact, or why nothing does.

    Args:
        findings: the tables of the date.
        graph: the graph of its window, without what the allow-list names.
        weighed: the candidate pairs of that graph.
        account_id, other_id: two accounts that the window knows, in either order.

    Attributes:
        account_a, account_b: the accounts, account_a < account_b, as in EDGES.
        tied: whether the date has an edge between them.
        weight: the log odds that one operator's ring runs both, in millibits; None where the two
            are no candidates.
        facts: PAIR_FACTS: what adds up to the weight; no rows where the two are no candidates.
        shared: PAIR_SHARED: what both hold, the rarest first.
        reason: what came out of it, in a few sentences.
    """

    def __init__(
        self,
        findings: Findings,
        graph: HeteroGraph,
        weighed: Weighed,
        account_id: str,
        other_id: str,
    ) -> None:
        self.account_a, self.account_b = sorted((account_id, other_id))
        self._dt = findings.dt
        facts, shared = PAIR_FACTS.empty(), PAIR_SHARED.empty()
        names = graph.accounts["account_id"]
        first, second = (pc.index(names, name).as_py() for name in (self.account_a, self.account_b))
        if min(first, second) >= 0:
            gap = findings.settings.graph.address_gap_h
            shared = held_by_both(weighed.sharing, first, second, address_gap_h=gap)
            pair = find_pair(weighed.sharing, first, second)
            facts = facts if pair is None else waterfall(weighed, pair)
        self.facts, self.shared = Listing(facts), Listing(shared)
        self.weight: int | None = facts["total"][-1].as_py() if facts.num_rows else None
        ends = pc.field("account_a") == self.account_a, pc.field("account_b") == self.account_b
        edge = findings.edges.filter(ends[0] & ends[1])["weight"].to_pylist()
        self.tied = bool(edge)
        said = [self._outcome(findings), self._unlike(findings, edge[0] if edge else None)]
        said += [self._left_out(findings), self._rings(findings)]
        self.reason = " ".join(filter(None, said))

    def _outcome(self, findings: Findings) -> str:
        if self.weight is not None:
            odds = f"log odds of {self.weight:,} millibits"
            likely = f"{odds}, {chance(self.weight)} that one operator's ring runs both"
            if self._passes(findings):
                return f"Tied: {likely}."
            least = findings.settings.graph.min_probability
            return f"No tie: {likely}, where a tie takes {least:.1%}."
        roles = self.shared["role"].to_pylist()
        hubs, apart, texts = map(roles.count, ("corroborates", "apart", "proposes"))
        gap = findings.settings.graph.address_gap_h
        held = [
            (hubs, f"{plural(hubs, 'hub')} (which very many hold)"),
            (apart, f"{plural(apart, 'address', 'addresses')} used more than {gap} hours apart"),
            (texts, "a text that is too small a part of what they sent"),
        ]
        common = " and ".join(said for n, said in held if n) or "nothing that is weighed"
        return f"No tie, and nothing that would propose one: they have in common {common}."

    def _passes(self, findings: Findings) -> bool:
        least = np.rint(1000 * findings.settings.graph.min_probability)
        return self.weight is not None and bool(thousandths(np.array([self.weight]))[0] >= least)

    def _unlike(self, findings: Findings, kept: int | None) -> str:
        """Said where the date was judged otherwise, as by an earlier release."""
        if kept == (self.weight if self._passes(findings) else None):
            return ""
        edge = "no edge" if kept is None else f"an edge of {kept:,} millibits"
        return f"The date was judged by another release or on other days, and holds {edge}."

    def _left_out(self, findings: Findings) -> str:
        """What the allow-list names of the two and of what both hold."""
        names = (self.account_a, self.account_b)
        told = [(name, listed_as_benign(findings, name)) for name in names]
        named = [f"The allow-list names {name!r} ({why})." for name, why in told if why is not None]
        if named:
            return " ".join(named)
        pair = pa.array(names, pa.string())
        links = findings.links.filter(pc.is_in(findings.links["account_id"], value_set=pair))
        tables = links, without_benign(links, findings.benign)
        raw, judged = (query(_COMMON, {"links": table}).num_rows for table in tables)
        gone = plural(raw - judged, "thing")
        return f"The allow-list leaves out {gone} that both hold." if raw > judged else ""

    def _rings(self, findings: Findings) -> str:
        names = (self.account_a, self.account_b)
        members = findings.members.filter(pc.field("account_id").isin(names)).to_pylist()
        told = {row["account_id"]: f"ring {row['ring_id']} ({row['status']})" for row in members}
        one, other = (told.get(name, "no ring") for name in names)
        if one == other:
            return f"Both are in {one}." if told else "Neither is in a ring."
        return f"{self.account_a!r} is in {one}, {self.account_b!r} in {other}."

    def __str__(self) -> str:
        title = f"Accounts a {self.account_a!r} and b {self.account_b!r}, {self._dt}"
        return spell_pair(title, self.reason, self.facts.table, self.shared.table)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return pair_as_html(self.reason, self.facts.table, self.shared.table)


def check_pair(findings: Findings, account_id: str, other_id: str) -> None:
    """Check that there is anything between two accounts to ask for.

    Raises:
        UsageError: the window does not know an account, or both are the same.
    """
    check_known(findings, account_id)
    check_known(findings, other_id)
    if account_id == other_id:
        raise UsageError(
            f"account {account_id!r} is asked about with itself",
            found=account_id,
            allowed="two accounts",
            do="name another account, or ask about the one alone",
        )


_COMMON = """
SELECT kind, entity FROM links GROUP BY kind, entity HAVING count(DISTINCT account_id) > 1
"""
