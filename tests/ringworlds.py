"""Small worlds whose rings have one tactic each, in memory, with questions to them."""

from functools import cache

import pyarrow as pa

from graphkit import sql
from graphkit.simulate import Rings, World
from graphkit.simulate.day import make_part
from graphkit.simulate.population import Population, populate
from graphkit.simulate.text.corpus import load as load_corpus
from graphkit.simulate.truth import traces_of, truth_of
from graphkit.simulate.world import TacticName

SIZE = 24
BASE = Rings(
    share=0.2, size_min=SIZE, size_max=SIZE, matched=1, replaced=0, holders=4, strength=0.6
)


class Told:
    """A small world, its tables in memory, and questions to it."""

    def __init__(self, world: World) -> None:
        self.population: Population = populate(world)
        corpus = load_corpus()
        self.tables = {
            "truth": truth_of(self.population),
            "traces": traces_of(self.population, corpus),
        }
        made = [make_part(self.population, corpus, day, 0) for day in range(world.days)]
        for name in ("requests", "payments"):
            self.tables[name] = pa.concat_tables([part[name] for part in made])
        self.tables["accounts"] = made[-1]["accounts"]
        self.tables["seen"] = self.pairs("""
            SELECT account_id, 'ip' AS kind, ip AS entity FROM requests
            UNION SELECT account_id, 'device', user_agent FROM requests
            UNION SELECT account_id, 'card', fingerprint FROM payments
            UNION SELECT account_id, 'name', billing_name FROM payments
            UNION SELECT account_id, 'domain', email_domain FROM accounts
            UNION SELECT account_id, 'org', org_id FROM accounts WHERE org_id IS NOT NULL
            UNION SELECT account_id, 'prompt', entity FROM requests
            JOIN (SELECT DISTINCT entity FROM traces WHERE kind = 'prompt')
            ON contains(prompt, entity)""")
        self.tables["shown"] = self.pairs(
            """
            SELECT ring, kind, entity, account_id, truth.ring AS of, role
            FROM traces JOIN seen USING (kind, entity) JOIN truth USING (account_id)
            """.replace("SELECT ring,", "SELECT traces.ring,")
        )

    def pairs(self, text: str) -> pa.Table:
        return sql.query(text, self.tables)

    def ask(self, text: str) -> list[tuple[object, ...]]:
        return [tuple(row.values()) for row in self.pairs(text).to_pylist()]

    def number(self, text: str) -> float:
        """The one number that a query answers with."""
        return float(str(self.ask(text)[0][0]))


@cache
def told(*tactics: TacticName, days: int = 5, **knobs: float) -> Told:
    """A world whose rings all have the same tactics."""
    update = {"tactics": dict.fromkeys(tactics, 1.0), "tactics_max": 1, "tactics_min": 1}
    if len(tactics) > 1:
        update |= {"tactics_min": 30, "tactics_max": 30}
    rings = Rings.model_validate(BASE.model_dump() | update | knobs)
    return Told(World(accounts=600, days=days, seed=11, rings=rings))
