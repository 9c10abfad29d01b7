"""The cards that judge: who is a member, what is a ring, and what would explain a group better.

They are fitted on simulated worlds, whose every knob is drawn at random, by `make weights`; see
`benchmarks/ringcards.py`. A group's score is the log odds that one operator runs at least half of
it; those of each benign explanation are put beside it on the same facts.
"""

from functools import cache
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from graphkit.contracts import SCORECARD

MEMBER, RING = "member", "ring"
# Explanation to what a simulated world calls such groups.
EXPLANATIONS = {
    "household": ("household",),
    "one person": ("several",),
    "office or campus": ("office", "campus"),
    "company": ("business", "agency", "integrator", "fleet"),
    "class or cohort": ("classroom", "hackathon"),
    "strangers": ("lone", "harness", "viral", "template", "benchmark"),
}
SAYS = {
    "ring": "one operator runs these accounts",
    "household": "people of one household",
    "one person": "one person with several accounts",
    "office or campus": "people behind one office's or campus' addresses",
    "company": "one company's accounts: a business, an agency, an integrator, a fleet of machines",
    "class or cohort": "a class, or those who came to one event",
    "strangers": "strangers who use one tool, template or public text",
}


@cache
def default_cards() -> dict[str, pa.Table]:
    """The packaged cards: SCORECARD by name, `member`, `ring` and every explanation."""
    file = resources.files("graphkit.rings").joinpath("scorecard.csv")
    with file.open("rb") as stream:
        table = pacsv.read_csv(stream)
    return {
        name: SCORECARD.conform(
            table.filter(pc.equal(table["card"], pa.scalar(name))).drop_columns(["card"])
        )
        for name in (MEMBER, RING, *EXPLANATIONS)
    }
