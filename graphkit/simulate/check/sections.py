"""The sections of a simulated world's page, each one query over what was read of the world."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from graphkit.simulate.check.reading import OPENING, Made
from graphkit.simulate.check.telltales import BOUNDS, single_facts

# Kinds of things that a ring may own, as its traces name them, and as people do.
_OWNED = (
    ("ip", "address"),
    ("card", "card"),
    ("name", "payer"),
    ("device", "device"),
    ("prompt", "words"),
    ("domain", "mail domain"),
    ("org", "organisation"),
)


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: what is asked.
        meaning: how to read the figures, in a sentence.
        figures: a small table.
        holds: whether what is demanded of the world holds; None where nothing is.
    """

    title: str
    meaning: str
    figures: pa.Table
    holds: bool | None = None


def population(made: Made) -> Section:
    """Who there is."""
    figures = made.ask(f"""
        SELECT kind, count(*) AS accounts, count(DISTINCT coalesce(ring, "group")) AS groups,
               coalesce(sum(r.n), 0)::BIGINT * {made.one_account_in} AS requests,
               coalesce(sum(r.texts), 0) / sum(r.n) AS "of these, prompts seen once"
        FROM truth LEFT JOIN (
            SELECT account_id, count(*) AS n, count(*) FILTER (times = 1) AS texts
            FROM (SELECT account_id, count(*) OVER (PARTITION BY prompt) AS times FROM requests)
            GROUP BY 1) r
        USING (account_id) GROUP BY kind ORDER BY accounts DESC, kind""")
    return Section("Who is there", "Accounts by kind, and what they sent.", figures)


def consistency(made: Made) -> Section:
    """What must never be."""
    figures = made.ask("""
        SELECT 'requests by accounts that the truth does not name' AS fault,
               count(*) AS rows FROM requests ANTI JOIN truth USING (account_id)
        UNION ALL SELECT 'payments by accounts that the truth does not name',
               count(*) FROM payments ANTI JOIN truth USING (account_id)
        UNION ALL SELECT 'accounts that the truth does not name',
               count(*) FROM accounts ANTI JOIN truth USING (account_id)
        UNION ALL SELECT 'accounts twice',
               count(*) - count(DISTINCT account_id) FROM truth
        UNION ALL SELECT 'requests before an account or after its ban', count(*)
               FROM requests JOIN truth USING (account_id)
               WHERE ts::DATE NOT BETWEEN first_day AND last_day
        UNION ALL SELECT 'requests before the sign-up', count(*)
               FROM requests JOIN accounts USING (account_id) WHERE ts < created_at
        UNION ALL SELECT 'requests without an address, a device or a prompt', count(*)
               FROM requests WHERE ip IS NULL OR user_agent IS NULL OR prompt IS NULL
        UNION ALL SELECT 'members without a ring, or a ring without a name', count(*)
               FROM truth WHERE (kind = 'ring' AND ring IS NULL)
               OR (ring IS NULL) <> (operator IS NULL)
        UNION ALL SELECT 'traces of rings that the truth does not name', count(*)
               FROM traces ANTI JOIN truth USING (ring)
        ORDER BY fault""")
    return Section(
        "What must never be",
        "Rows that contradict the truth.",
        figures,
        holds=not any(figures["rows"].to_pylist()),
    )


def degrees(made: Made) -> Section:
    """How many accounts hold an entity, by kind."""
    figures = made.ask(f"""
        WITH holders AS (
            SELECT kind, entity, count(DISTINCT account) AS n FROM held GROUP BY ALL)
        SELECT kind, count(*) * {made.one_thing_in} AS things, count(*) FILTER (n = 1) / count(*)
               AS "held by one", count(*) FILTER (n BETWEEN 2 AND 9) / count(*) AS "by 2 to 9",
               count(*) FILTER (n BETWEEN 10 AND 99) / count(*) AS "by 10 to 99",
               count(*) FILTER (n BETWEEN 100 AND 999) / count(*) AS "by 100 to 999",
               count(*) FILTER (n >= 1000) * {made.one_thing_in} AS "by 1,000 or more",
               max(n) AS "by most"
        FROM holders GROUP BY kind ORDER BY kind""")
    return Section(
        "How many accounts hold a thing",
        "Things by their holders over all days: shares, and at the end whole numbers. Prompts "
        f"count where they are alike to the letter, openings are their first {OPENING} letters.",
        figures,
    )


def sharing(made: Made) -> Section:
    """Whose links those are that tie two accounts."""
    figures = made.ask("""
        WITH links AS (SELECT DISTINCT held.kind AS thing, entity, account, ring, "group",
                              people.kind AS who FROM held JOIN people USING (account)),
        by_side AS (
            SELECT thing, entity, ring, "group", count(*) AS n,
                   count(*) FILTER (ring IS NOT NULL) AS in_ring,
                   count(*) FILTER (ring IS NULL AND who <> 'lone') AS in_group
            FROM links GROUP BY ALL),
        pairs AS (
            SELECT thing, entity, sum(n) AS n, sum(in_ring) AS in_ring, sum(in_group) AS in_group,
                   sum(n * (n - 1) / 2) FILTER (ring IS NOT NULL) AS same_ring,
                   sum(n * (n - 1) / 2) FILTER (ring IS NULL AND "group" IS NOT NULL) AS same_group
            FROM by_side GROUP BY ALL HAVING sum(n) > 1)
        SELECT thing AS kind, sum(n)::BIGINT AS links,
               sum(in_group) / sum(n) AS "of honest groups",
               1 - (sum(in_group) + sum(in_ring)) / sum(n) AS "of lone accounts",
               sum(in_ring) / sum(n) AS "of rings", sum(n * (n - 1) / 2)::BIGINT AS pairs,
               coalesce(sum(same_group), 0) / sum(n * (n - 1) / 2) AS "within an honest group",
               coalesce(sum(same_ring), 0) / sum(n * (n - 1) / 2) AS "within a ring"
        FROM pairs GROUP BY thing ORDER BY thing""")
    return Section(
        "Whose links tie accounts",
        "Of things that two or more accounts hold: links of an account and a thing, and pairs of "
        "accounts that hold the same. Whoever takes each pair for a ring is right as often as the "
        "last column says.",
        figures,
    )


def hours(made: Made) -> Section:
    """When requests come."""
    figures = made.ask("""
        WITH sent AS (
            SELECT hour(ts) AS hour, ring IS NOT NULL AS in_ring, "group" IS NOT NULL AS in_group
            FROM requests JOIN truth USING (account_id))
        SELECT hour, count(*) FILTER (NOT in_ring AND NOT in_group)
               / sum(count(*) FILTER (NOT in_ring AND NOT in_group)) OVER () AS "others",
               count(*) FILTER (NOT in_ring AND in_group)
               / sum(count(*) FILTER (NOT in_ring AND in_group)) OVER () AS "honest groups",
               count(*) FILTER (in_ring) / sum(count(*) FILTER (in_ring)) OVER () AS "rings"
        FROM sent GROUP BY hour ORDER BY hour""")
    return Section("When requests come", "Shares of the hours of the day, in UTC.", figures)


def churn(made: Made) -> Section:
    """How addresses pass from account to account."""
    figures = made.ask(f"""
        WITH days AS (
            SELECT kind, entity, day, count(*) AS n FROM held WHERE kind LIKE 'IPv%' GROUP BY ALL),
        things AS (
            SELECT kind, entity, count(DISTINCT account) AS n, max(days.n) AS at_once,
                   count(DISTINCT day) AS days
            FROM held JOIN days USING (kind, entity, day) GROUP BY ALL),
        people AS (
            SELECT kind, account, count(DISTINCT entity) / count(DISTINCT day) AS a_day
            FROM held WHERE kind LIKE 'IPv%' GROUP BY ALL)
        SELECT kind, count(*) * {made.one_thing_in} AS addresses,
               count(*) FILTER (things.n = 1) / count(*) AS "held by one",
               count(*) FILTER (things.n > 1 AND at_once = 1) / count(*) AS "passed on",
               count(*) FILTER (at_once > 1) / count(*) AS "shared on a day",
               avg(days) AS "days in use", any_value(a.a_day) AS "addresses per account and day"
        FROM things JOIN (SELECT kind, avg(a_day) AS a_day FROM people GROUP BY kind) a USING (kind)
        GROUP BY kind ORDER BY kind""")
    return Section(
        "How addresses change hands",
        "Passed on: several accounts held it and no two on one day. The last column is of accounts "
        "with such an address, on days on which they were seen with one.",
        figures,
    )


def signals(made: Made) -> Section:
    """What each tactic leaves in the records."""
    shares = ", ".join(
        f"avg(coalesce(list_contains(kinds, '{kind}'), false)::INT) AS \"own {name}\""
        for kind, name in _OWNED
    )
    figures = made.ask(f"""
        WITH members AS (
            SELECT account, ring, unnest(string_split(t.tactic, '+')) AS tactic
            FROM people JOIN truth t USING (account_id, ring) SEMI JOIN accounts USING (account_id)
            WHERE t.kind = 'ring'),
        left_behind AS (
            SELECT account, list(shown.kind) AS kinds FROM shown JOIN people USING (account, ring)
            GROUP BY account)
        SELECT tactic, count(DISTINCT ring) AS rings, count(*) AS members, {shares},
               avg((kinds IS NULL)::INT) AS "none of these",
               count(DISTINCT ring) FILTER (ring NOT IN (SELECT ring FROM traces))
               AS "rings that own nothing"
        FROM members LEFT JOIN left_behind USING (account)
        GROUP BY tactic ORDER BY tactic""")
    return Section(
        "What each tactic leaves behind",
        "Members of rings that use the tactic, others beside it maybe: the share that at least one "
        "record ties to a thing that the ring owns. Rings that own nothing are tied by time or by "
        "what they ask only.",
        figures,
    )


def telltales(made: Made) -> Section:
    """How well single facts separate attackers."""
    figures = single_facts(made.tables)
    low, high = BOUNDS
    found = [auc for auc in figures["auc"].to_pylist() if auc is not None]
    return Section(
        "What a single fact gives away",
        "How often an attacker's number is above that of an honest account active on as many days "
        f"(AUC); 0.5 says nothing. From level 2 on each must lie from {low} to {high}.",
        figures,
        holds=all(low <= auc <= high for auc in found) if (made.world.level or 0) >= 2 else None,
    )


SECTIONS: tuple[Callable[[Made], Section], ...] = (
    population,
    consistency,
    degrees,
    sharing,
    hours,
    churn,
    signals,
    telltales,
)
