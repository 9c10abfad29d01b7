"""Account pairs by what their texts have in common, against the truth."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.similarity.corpus import Labelled
from graphkit import sql
from graphkit.contracts import ACCOUNTS, PROMPT_KINDS, REQUESTS, TIMESTAMP
from graphkit.entities import Key, link_accounts

MOST_HOLDERS = 250
_DAY = date(2026, 11, 22)
_KEY = Key(bytes(range(32)))
# Rarity in bits, times the smaller share of the two accounts' traffic. Of keys that stand in the
# same texts, which their first and last times tell, the best counts; popular keys pair nobody.
_PAIRS = """
WITH rare AS (
    SELECT entity, log2($accounts / count(*)) AS bits FROM links
    GROUP BY entity HAVING count(*) BETWEEN 2 AND $most
), witnesses AS (
    SELECT a.account_id AS account_a, b.account_id AS account_b,
        max(bits * least(a.share, b.share)) AS score
    FROM links AS a JOIN links AS b ON a.entity = b.entity AND a.account_id < b.account_id
    JOIN rare ON rare.entity = a.entity
    GROUP BY a.account_id, b.account_id, a.first_seen, a.last_seen, b.first_seen, b.last_seen
)
SELECT account_a, account_b, sum(score) AS score FROM witnesses
GROUP BY account_a, account_b ORDER BY score DESC, account_a, account_b
"""
_HELD = """
SELECT account_id, entity, count(DISTINCT text) / any_value(sent) AS share,
    min(text) AS first_seen, max(text) AS last_seen
FROM keys JOIN (SELECT account_id, count(*) AS sent FROM texts GROUP BY account_id)
    USING (account_id)
GROUP BY account_id, entity
"""
_KEPT = """
SELECT account_id, entity, share, first_seen, last_seen FROM links
WHERE kind IN (SELECT kind FROM kinds)
"""


@dataclass(frozen=True)
class Pairs:
    """Pairs of accounts, best first.

    Attributes:
        score: bits, shape (n,).
        ring: whether one ring holds both.
        firm: whether one firm does.
        sorts: the classes of both, in order.
    """

    score: NDArray[np.float64]
    ring: NDArray[np.bool_]
    firm: NDArray[np.bool_]
    sorts: list[tuple[str, str]]


def by_keys(made: Labelled) -> pa.Table:
    """The links that graphkit keeps of one day's prompts: account_id, entity, share."""
    n = len(made.text)
    columns: dict[str, pa.Array] = {
        name: pa.nulls(n, kind)  # type: ignore[call-overload]
        for name, kind in REQUESTS.columns.items()
    }
    columns["account_id"], columns["prompt"] = made.account, made.text
    columns["ts"] = pa.array(np.arange(n)).cast(TIMESTAMP)
    requests = pa.table(columns)
    links = link_accounts(ACCOUNTS.empty(), [requests], [], [], dt=_DAY, key=_KEY).links
    kinds = pa.array(PROMPT_KINDS, pa.string())
    return sql.query(_KEPT, {"links": links, "kinds": pa.table({"kind": kinds})})


def by_bands(made: Labelled, keys: list[list[int]]) -> pa.Table:
    """The same form, of the bands of each text."""
    counts = [len(of) for of in keys]
    owner = np.repeat(np.arange(len(keys)), counts)
    flat = np.array([key for of in keys for key in of], np.int64)
    accounts = pa.table({"account_id": made.account})
    table = accounts.take(pa.array(owner)).append_column("entity", pa.array(flat))
    table = table.append_column("text", pa.array(owner))
    return sql.query(_HELD, {"keys": table, "texts": accounts})


def pairs(made: Labelled, links: pa.Table) -> Pairs:
    """Score the pairs that rare keys propose."""
    values = {"accounts": float(len(made.sort)), "most": MOST_HOLDERS}
    found = sql.query(_PAIRS, {"links": links}, values)
    a: list[Any] = found["account_a"].to_pylist()
    b: list[Any] = found["account_b"].to_pylist()
    together = [
        group if group == made.group.get(y, "") else ""
        for group, y in zip((made.group.get(x, "") for x in a), b, strict=True)
    ]
    sorts = [tuple(sorted((made.sort[x], made.sort[y]))) for x, y in zip(a, b, strict=True)]
    return Pairs(
        found["score"].to_numpy(),
        np.array([group.startswith("ring") for group in together], np.bool_),
        np.array([group.startswith("firm") for group in together], np.bool_),
        sorts,  # type: ignore[arg-type]
    )


def truth(made: Labelled) -> Counter[str]:
    """Pairs of members of one ring, by class."""
    members: dict[str, list[str]] = {}
    for account, group in made.group.items():
        if group.startswith("ring"):
            members.setdefault(group, []).append(account)
    return Counter(made.sort[a] for group in members.values() for a, _ in combinations(group, 2))


def threshold(found: Pairs, target: float) -> float:
    """The lowest score above which the target of precision holds; firms' pairs do not count."""
    right, wrong = np.cumsum(found.ring), np.cumsum(~found.ring & ~found.firm)
    # Equal scores stand or fall together.
    last = np.append(found.score[1:] < found.score[:-1], True)
    good = np.flatnonzero(last & (right >= target * (right + wrong)))
    return float(found.score[good[-1]]) if len(good) else float("inf")


def figures(made: Labelled, found: Pairs, above: float) -> dict[str, Any]:
    """Precision, recall in all and by class, and what is wrong, of the pairs above a score."""
    taken = found.score >= above
    right = int((taken & found.ring).sum())
    wrong = taken & ~found.ring & ~found.firm
    by_class = Counter(
        sorts[0] for sorts, yes in zip(found.sorts, taken & found.ring, strict=True) if yes
    )
    errors = Counter(
        " and ".join(sorts) for sorts, no in zip(found.sorts, wrong, strict=True) if no
    )
    every = truth(made)
    return {
        "precision": round(right / max(right + int(wrong.sum()), 1), 4),
        "recall": round(right / every.total(), 4),
        "by_class": {kind: round(by_class[kind] / n, 3) for kind, n in sorted(every.items())},
        "wrong_pairs": dict(errors.most_common(6)),
        "integrators_pairs": int((taken & found.firm).sum()),
        "proposed": len(found.score),
    }
