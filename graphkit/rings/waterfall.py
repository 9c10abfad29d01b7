"""What speaks for and against a group: the facts behind its score and what may explain it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from graphkit.contracts import RING_FACTS
from graphkit.rings.cards import EXPLANATIONS, RING, SAYS
from graphkit.rings.group import GROUP_FACTS
from graphkit.rings.membership import Floats, Ints
from graphkit.sql import query

TOTAL, BASE = "total", "base"


@dataclass(frozen=True)
class Answer:
    """What a card says of n groups, in millibits.

    Attributes:
        base: log odds before any fact is known.
        facts: fact to what it adds, each of shape (n,).
        total: log odds, shape (n,).
    """

    base: int
    facts: Mapping[str, Ints]
    total: Ints


def considered(
    named: pa.Table, known: Mapping[str, Floats], answers: Mapping[str, Answer], *, dt: date
) -> pa.Table:
    """Lay out the facts: all of the ring's card, those of the likeliest explanation, all totals.

    Args:
        named: ring (group number) and ring_id.
        known: GROUP_FACTS of the groups.
        answers: what the cards say, by question (`ring` or an explanation).
        dt: the day.

    Returns:
        RING_FACTS, by ring and question; per question the total first, then what adds most.
    """
    n = answers[RING].total.size
    likeliest = np.stack([answers[name].total for name in EXPLANATIONS]).argmax(axis=0)
    parts = []
    for at, question in enumerate((RING, *EXPLANATIONS)):
        answer = answers[question]
        groups = np.arange(n) if question == RING else np.flatnonzero(likeliest == at - 1)
        parts.append(_rows(question, TOTAL, SAYS[question], np.arange(n), None, answer.total))
        start = np.full(groups.size, answer.base)
        parts.append(_rows(question, BASE, "before any fact is known", groups, None, start))
        for spec in GROUP_FACTS:
            if spec.name in answer.facts:
                added, value = answer.facts[spec.name][groups], known[spec.name][groups]
                parts.append(_rows(question, spec.name, spec.says, groups, value, added))
    questions = pa.table(
        {"question": [RING, *EXPLANATIONS], "place": list(range(1 + len(EXPLANATIONS)))}
    )
    rows = pa.concat_tables(parts)
    tables = {"rows": rows, "named": named, "questions": questions}
    return RING_FACTS.conform(query(_ORDERED, tables, {"dt": dt}))


def _rows(
    question: str, fact: str, says: str, groups: Ints, value: Floats | None, millibits: Ints
) -> pa.Table:
    n = groups.size
    known = pa.nulls(n, pa.float64()) if value is None else pa.array(value, from_pandas=True)
    return pa.table(
        {
            "ring": groups,
            "question": pa.repeat(question, n),
            "fact": pa.repeat(fact, n),
            "value": known,
            "millibits": millibits,
            "says": pa.repeat(says, n),
        }
    )


_ORDERED = """
SELECT CAST($dt AS DATE) AS dt, ring_id, question, fact, round(value, 3) AS value, millibits, says
FROM rows JOIN named USING (ring) JOIN questions USING (question)
WHERE millibits <> 0 OR fact = 'total'
ORDER BY score DESC, size DESC, ring_id, place, fact <> 'total', abs(millibits) DESC, fact
"""
