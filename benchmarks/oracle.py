"""Whether traces are hidden rather than missing: an oracle that is told what each ring owns."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simple import attackers, recall_at
from graphkit import sql
from graphkit.simulate.check import Made

_TOLD = "SELECT row_number() OVER (ORDER BY ring, kind, entity) AS trace, * FROM traces"
# An account's records that show a thing some ring owns; of prompts each is looked through once.
_SHOWN = """
    WITH texts AS (
        SELECT account, prompt, count(*) AS n FROM requests JOIN people USING (account_id)
        GROUP BY ALL)
    SELECT account, trace, count(*) AS n FROM requests JOIN people USING (account_id)
    JOIN told ON told.kind = 'ip' AND ip = entity GROUP BY ALL
    UNION ALL
    SELECT account, trace, count(*) AS n FROM requests JOIN people USING (account_id)
    JOIN told ON told.kind = 'device' AND user_agent = entity GROUP BY ALL
    UNION ALL
    SELECT account, trace, count(*) AS n FROM payments JOIN people USING (account_id)
    JOIN told ON told.kind = 'card' AND fingerprint = entity GROUP BY ALL
    UNION ALL
    SELECT account, trace, sum(n) AS n FROM texts
    JOIN told ON told.kind = 'prompt' AND contains(prompt, entity) GROUP BY ALL"""
# What an account shows of a ring's things is worth, by kind and by how often (once, twice, more),
# how much likelier members of the ring show it than all others do; of these few rates the truth is
# asked. An account is worth what it shows of the ring whose things it shows most.
_SCORES = """
    WITH seen AS (
        SELECT account, told.ring AS owner, told.kind, least(sum(n), 3) AS times,
               coalesce(people.ring = owner, false) AS mine
        FROM shown JOIN told USING (trace) JOIN people USING (account) GROUP BY ALL),
    worth AS (
        SELECT kind, times,
               log2((count(*) FILTER (mine) + 0.5) / (count(*) FILTER (NOT mine) + 0.5)) AS bits
        FROM seen GROUP BY ALL)
    SELECT account, owner, sum(bits + log2($rings)) AS score
    FROM seen JOIN worth USING (kind, times) GROUP BY ALL"""


# Rings of which two members at least show one and the same thing.
_TRACED = """
    SELECT DISTINCT ring FROM (
        SELECT ring, trace FROM shown JOIN told USING (trace) JOIN people USING (account, ring)
        GROUP BY ALL HAVING count(*) > 1)"""


@dataclass(frozen=True)
class Told:
    """What the oracle reaches.

    Attributes:
        recall: at precision 0.99, of the members of rings with a trace that two members show.
        rings: such rings.
        left_out: rings without, which it cannot be told of.
    """

    recall: float
    rings: int
    left_out: int


def oracle(made: Made) -> Told:
    """Accuse accounts by what they show of the things that rings own."""
    attacker, n = attackers(made), len(made.tables["people"])
    ring = np.array(made.tables["people"]["ring"].to_pylist(), dtype=object)
    told = made.ask(
        "SELECT row_number() OVER (ORDER BY ring, kind, entity) AS trace, * FROM traces"
    )
    tables = {**made.tables, "told": told}
    tables["shown"] = sql.query(_SHOWN, tables)
    found = sql.query(_SCORES, tables, {"rings": float(len(set(ring[attacker])))})
    score = np.zeros(n)
    np.maximum.at(score, found["account"].to_numpy() - 1, found["score"].to_numpy())
    traced = set(sql.query(_TRACED, tables)["ring"].to_pylist())
    judged = ~attacker | np.array([name in traced for name in ring])
    return Told(
        recall=recall_at(score[judged], attacker[judged]),
        rings=len(set(ring[attacker & judged])),
        left_out=len(set(ring[attacker & ~judged])),
    )
