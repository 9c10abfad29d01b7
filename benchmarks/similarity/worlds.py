"""The keys of texts on simulated worlds: whom they pair, and what they add to rings.

First, of rings with one tactic, the share of members that send anything who have a key in common
with a fellow member, at each level. Then, on ordinary worlds of a level, how many pairs of honest
accounts the keys propose before any weighing, by what those accounts are and by the key's holders.
Last, how well the rings of those worlds are found with texts and without. Appends a line to
benchmarks/results/prompts.jsonl; `--adds` measures the last part alone.
"""

import argparse
import dataclasses
import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.run import HERE, machine
from benchmarks.training import days_of
from graphkit import sql, workflow
from graphkit.contracts import PROMPT_KINDS
from graphkit.evaluate import evaluate
from graphkit.settings import Settings
from graphkit.simulate import world_of

RESULTS = HERE / "results" / "prompts.jsonl"
SEEDS, LEVELS = (11, 12), (0, 1, 2, 3, 4)
TACTICS = ("only_wrapper", "only_payload")
MOST_HOLDERS = 300
_KINDS = pa.table({"kind": pa.array(PROMPT_KINDS, pa.string())})
_PAIRED = """
WITH sending AS (
    SELECT account_id, ring FROM truth
    WHERE role = 'member' AND account_id IN (SELECT account_id FROM links WHERE kind = 'prompt')
), members AS (
    SELECT * FROM sending
    WHERE ring IN (SELECT ring FROM sending GROUP BY ring HAVING count(*) > 1)
), held AS (
    SELECT DISTINCT account_id, kind, entity FROM links SEMI JOIN kinds USING (kind)
), rare AS (
    SELECT kind, entity FROM held GROUP BY ALL HAVING count(*) BETWEEN 2 AND $most
), theirs AS (
    SELECT ring, account_id, kind, entity FROM held JOIN members USING (account_id)
    SEMI JOIN rare USING (kind, entity)
), paired AS (
    SELECT DISTINCT a.account_id AS account_id FROM theirs AS a
    JOIN theirs AS b USING (ring, kind, entity) WHERE a.account_id <> b.account_id
)
SELECT (SELECT count(*) FROM members) AS members, (SELECT count(*) FROM paired) AS paired
"""
_HONEST = """
WITH held AS (
    SELECT DISTINCT account_id, kind, entity FROM links SEMI JOIN kinds USING (kind)
), counted AS (
    SELECT kind, entity, count(*) AS holders,
        CASE WHEN count(*) <= 5 THEN '2 to 5' WHEN count(*) <= 50 THEN '6 to 50'
            WHEN count(*) <= $most THEN '51 to 300' ELSE 'more' END AS popularity
    FROM held GROUP BY ALL HAVING count(*) > 1
), theirs AS (
    SELECT held.*, popularity, coalesce(truth.kind, 'ring') AS sort
    FROM held JOIN counted USING (kind, entity) JOIN truth USING (account_id)
), sized AS (
    SELECT popularity, sort, kind, entity, count(*) AS n FROM theirs GROUP BY ALL
)
SELECT sort, popularity, CAST(sum(n * (n - 1) // 2) AS BIGINT) AS pairs FROM sized
GROUP BY ALL HAVING sum(n * (n - 1) // 2) > 0 ORDER BY sort, popularity
"""


def links_of(days: list[workflow.Day]) -> pa.Table:
    """LINKS of all days."""
    return pa.concat_tables([day.links for day in days])


def paired(tactic: str, level: int) -> dict[str, Any]:
    """Of rings with one tactic alone, the members that a key pairs with a fellow member."""
    members = of_them = 0
    for seed in SEEDS:
        world = world_of("small", level=level, seed=seed)
        only = {"tactics": {tactic: 1.0}, "tactics_min": 1, "tactics_max": 1}
        world = world.model_copy(update={"rings": world.rings.model_copy(update=only)})
        days, truth = days_of(world)
        tables = {"links": links_of(days), "truth": truth, "kinds": _KINDS}
        (row,) = sql.query(_PAIRED, tables, {"most": MOST_HOLDERS}).to_pylist()
        members, of_them = members + row["members"], of_them + row["paired"]
    return {"tactic": tactic, "level": level, "members": members, "paired": of_them / members}


def honest(level: int) -> list[dict[str, Any]]:
    """Pairs inside each sort of account that keys propose, by the key's holders; one world."""
    days, truth = days_of(world_of("small", level=level, seed=SEEDS[0]))
    tables = {"links": links_of(days), "truth": truth, "kinds": _KINDS}
    rows: list[dict[str, Any]] = sql.query(_HONEST, tables, {"most": MOST_HOLDERS}).to_pylist()
    return rows


def adds(level: int) -> dict[str, Any]:
    """How well rings are found with texts and without, over the seeds."""
    found: dict[str, Any] = {"level": level}
    for seed in SEEDS:
        days, truth = days_of(world_of("small", level=level, seed=seed))
        for name in ("with", "without"):
            chosen = days if name == "with" else [_bare(day) for day in days]
            judged = workflow.detect_window(chosen, dt=days[-1].dt, settings=Settings())
            scores = evaluate(judged.members, truth)
            for figure in ("precision", "recall", "average_precision", "ring_purity"):
                of = found.setdefault(f"{figure} {name}", [])
                of.append(round(getattr(scores, figure), 3))
    return found


def _bare(day: workflow.Day) -> workflow.Day:
    texts = pc.is_in(day.links["kind"], value_set=_KINDS["kind"].combine_chunks())
    return dataclasses.replace(day, links=day.links.filter(pc.invert(texts)))


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similarity.worlds")
    parser.add_argument("--adds", action="store_true", help="only what texts add")
    asked = parser.parse_args()
    entry: dict[str, Any] = {"what": "worlds", **machine(), "seeds": SEEDS}
    if not asked.adds:
        entry["paired"] = [paired(tactic, level) for tactic in TACTICS for level in LEVELS]
        entry["honest"] = {f"level {level}": honest(level) for level in (1, 3)}
    entry["adds"] = [adds(level) for level in LEVELS]
    print(json.dumps(entry, indent=1))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main()
