"""Why an account is in a ring, or why it is in none."""

from typing import Any

import pyarrow.compute as pc

from graphkit.detection.findings import Findings, check_known, listed_as_benign
from graphkit.graph.benign import without_benign
from graphkit.reports import Listing, as_html
from graphkit.sql import query


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
        check_known(findings, account_id)
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
        listed = listed_as_benign(findings, self.account_id)
        if listed is not None:
            return f"In no ring: the allow-list names it ({listed})."
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
