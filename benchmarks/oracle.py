"""Whether traces are hidden rather than missing: an oracle that is told what each ring owns."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simple import attackers, recall_at
from graphkit.simulate.check import Made

# What an account shows of a ring's things is worth, by kind and by how often, how much likelier
# members of the ring show it than all others do; of these few rates the truth is asked. An account
# is worth the best that it shows of any ring; whatever else it shows decides between equals.
_SCORES = """
    WITH seen AS (
        SELECT account, shown.ring AS owner, shown.kind, least(sum(n), 4) AS times,
               coalesce(people.ring = owner, false) AS mine
        FROM shown JOIN people USING (account) GROUP BY ALL),
    worth AS (
        SELECT kind, times,
               log2((count(*) FILTER (mine) + 0.5) / (count(*) FILTER (NOT mine) + 0.5)) AS bits
        FROM seen GROUP BY ALL)
    SELECT account, max(bits) + 20 + sum(bits) / 1000 AS score
    FROM seen JOIN worth USING (kind, times) GROUP BY account, owner"""


# Rings of which two members at least show one and the same thing.
_TRACED = """
    SELECT DISTINCT ring FROM (
        SELECT ring, trace FROM shown JOIN people USING (account, ring) WHERE people.kind = 'ring'
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
    attacker, judged = attackers(made)
    ring = np.array(made.tables["people"]["ring"].to_pylist(), dtype=object)
    found = made.ask(_SCORES)
    score = np.zeros(len(ring))
    np.maximum.at(score, found["account"].to_numpy() - 1, found["score"].to_numpy())
    traced = set(made.ask(_TRACED)["ring"].to_pylist())
    told = np.array([name in traced for name in ring])
    fair = judged & (~attacker | told)
    return Told(
        recall=recall_at(score[fair], attacker[fair]),
        rings=len(set(ring[attacker & fair])),
        left_out=len(set(ring[attacker & judged & ~told])),
    )
