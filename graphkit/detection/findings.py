"""The tables that a run leaves, and what is drawn from them without a question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import UsageError
from graphkit.families import families_of
from graphkit.settings import Settings


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
        cards: CARDS: the scorecards that it was judged by.
        links: LINKS of the window, those that the allow-list took out too.
        profiles: PROFILES of the window.
        activity: ACTIVITY of the window.
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
    cards: pa.Table
    links: pa.Table
    profiles: pa.Table
    activity: pa.Table
    reports: Mapping[str, Any]
    settings: Settings
    next_number: int


def families(findings: Findings) -> pa.Table:
    """FAMILIES of all rings of a date."""
    return families_of(findings.links, findings.members, findings.profiles)


def check_known(findings: Findings, account_id: str) -> None:
    """Check that a file of the window names an account.

    Raises:
        UsageError: none does.
    """
    known = findings.profiles["account_id"]
    if not pc.is_in(pa.scalar(account_id), value_set=pc.unique(known)).as_py():
        raise UsageError(
            f"account {account_id!r} is not in the window that ends on {findings.dt}",
            found=account_id,
            allowed="accounts that a file of the window names",
            do="check the spelling; ids are shown as they were handed in",
        )


def listed_as_benign(findings: Findings, account_id: str) -> str | None:
    """Why the allow-list names an account; None where it does not."""
    named = (pc.field("kind") == "account") & (pc.field("entity") == account_id)
    listed = findings.benign.filter(named & (pc.field("state") == "applied")).to_pylist()
    return str(listed[0]["why"]) if listed else None
