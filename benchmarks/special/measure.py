"""What graphkit finds in a special world."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.run import KEY
from benchmarks.special.worlds import Case
from graphkit import sql
from graphkit.detection import Findings
from graphkit.entities import Key
from graphkit.evaluate import Scores, claims_of_members, evaluate_claims
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from graphkit.workflow import detect_window, read_day

# Figures that are told as how many of how many, so that seeds can be put together.
COUNTED = {
    "precision": "account precision",
    "recall": "account recall",
    "ring recall": "ring recall",
    "ring purity": "ring purity",
}
BY_PART = {"honest published": "honest accounts published", "rings of": "published rings of"}
Counts = dict[str, tuple[int, int]]


def measure(case: Case) -> dict[str, Any]:
    """Simulate a world, find its rings by the defaults and hold them against its truth.

    Returns:
        Counts (how many, of how many) by figure, those by part as mappings, and seconds.
    """
    started = perf_counter()
    found, truth = find(case.world)
    shown = claims_of_members(found.members)
    scores = evaluate_claims(shown, truth)
    measured: dict[str, Any] = {name: _count(scores, told) for name, told in COUNTED.items()}
    measured |= {name: _by_part(scores, told) for name, told in BY_PART.items()}
    measured |= drawn_in(shown, truth)
    if case.world.crowd.size:
        measured |= kept(find(case.quiet)[0], found)
    return measured | {"seconds": round(perf_counter() - started, 2)}


def find(world: World) -> tuple[Findings, pa.Table]:
    """The findings of a simulated world's whole window, and its truth."""
    settings, key = Settings(), Key(bytes.fromhex(KEY))
    with TemporaryDirectory() as place:
        folder = Path(place) / "world"
        simulate(folder, world)
        snapshots = open_snapshots(folder, settings)
        days = [read_day(snapshots, dt, key=key) for dt in snapshots.days]
        truth = pq.read_table(folder / "truth.parquet")
    return detect_window(days, dt=days[-1].dt, settings=settings), truth


def drawn_in(shown: pa.Table, truth: pa.Table) -> Counts:
    """How many of the framed innocents, and of all other honest accounts, are published.

    *framed published* and *others published* count any published ring, *framed drawn in* and
    *others drawn in* those in which an account that an operator runs stands too: a framed machine
    of a fleet may be published for its fleet.

    Args:
        shown: CLAIMS.
        truth: TRUTH.
    """
    counts: Counts = {}
    for row in sql.query(_DRAWN_IN, {"claims": shown, "truth": truth}).to_pylist():
        who = "framed" if row["framed"] else "others"
        counts[f"{who} published"] = row["published"], row["n"]
        counts[f"{who} drawn in"] = row["drawn_in"], row["n"]
    return counts


def kept(before: Findings, after: Findings) -> Counts:
    """What strangers leave of the findings of the world without them.

    - *rings kept*: published rings that are published again with the same members.
    - *pairs kept*: pairs with evidence that have evidence again.
    - *pairs the same*: those of them whose evidence weighs what it weighed.
    """
    tables = {
        "members": before.members,
        "members_again": after.members,
        "edges": before.edges,
        "edges_again": after.edges,
    }
    row = sql.query(_KEPT, tables).to_pylist()[0]
    return {
        "rings kept": (row["rings_kept"], row["rings"]),
        "pairs kept": (row["pairs_kept"], row["pairs"]),
        "pairs the same": (row["pairs_same"], row["pairs"]),
    }


_DRAWN_IN = """
WITH shown AS (
    SELECT account_id, claims.ring, max(truth.ring IS NOT NULL) OVER (PARTITION BY claims.ring)
        AS with_attackers
    FROM claims JOIN truth USING (account_id) WHERE published
)
SELECT coalesce(role = 'framed', false) AS framed, count(*) AS n,
    count(shown.account_id) AS published, count(*) FILTER (with_attackers) AS drawn_in
FROM truth LEFT JOIN shown USING (account_id)
WHERE truth.ring IS NULL GROUP BY 1 ORDER BY 1
"""
_KEPT = """
WITH shown AS (
    SELECT list(account_id ORDER BY account_id) AS accounts FROM members
    WHERE status = 'published' GROUP BY ring_id
), shown_again AS (
    SELECT list(account_id ORDER BY account_id) AS accounts FROM members_again
    WHERE status = 'published' GROUP BY ring_id
), pairs AS (
    SELECT e.weight, a.weight AS weight_again FROM edges e
    LEFT JOIN edges_again a USING (account_a, account_b)
)
SELECT (SELECT count(*) FROM shown) AS rings,
    (SELECT count(*) FROM shown SEMI JOIN shown_again USING (accounts)) AS rings_kept,
    count(*) AS pairs, count(weight_again) AS pairs_kept,
    count(*) FILTER (weight = weight_again) AS pairs_same
FROM pairs
"""


def _count(scores: Scores, name: str) -> tuple[int, int]:
    figure = scores.figure(name)
    return figure.n or 0, figure.of or 0


def _by_part(scores: Scores, name: str) -> Counts:
    """A figure by part: how many, of how many."""
    rows = scores.figures.filter(pc.equal(scores.figures["figure"], pa.scalar(name))).to_pylist()
    return {row["part"]: (row["n"], row["of"]) for row in rows}
