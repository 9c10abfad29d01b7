"""What is in a simulated world, on a page that a sceptic can read: statistics and consistency.

A section is a question with its figures. Each is made by one function over the world's tables; a
section that demands something says whether it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from graphkit import sql
from graphkit.contracts import INPUTS, TRACES, TRUTH
from graphkit.errors import DataError
from graphkit.simulate.world import World

_TABLES = ("accounts", "requests", "payments")


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


@dataclass(frozen=True)
class Made:
    """A simulated folder, read.

    Attributes:
        world: its settings.
        tables: `accounts` as of the last day, `requests` and `payments` of all days, `truth` and
            `traces`.
    """

    world: World
    tables: dict[str, pa.Table]

    def ask(self, text: str) -> pa.Table:
        """Run one query over the tables."""
        return sql.query(text, self.tables)


def check_world(folder: Path) -> str:
    """Describe a simulated world.

    Args:
        folder: as `simulate` wrote it.

    Returns:
        The page, in Markdown.

    Raises:
        DataError: the folder is no simulated world, or is incomplete.
    """
    made = read_world(folder)
    return page(made.world, [section(made) for section in SECTIONS])


def read_world(folder: Path) -> Made:
    """Read a simulated folder.

    Raises:
        DataError: it is none, or is incomplete.
    """
    try:
        world = World.model_validate_json((folder / "world.json").read_bytes())
        tables = {
            "truth": TRUTH.check(pq.read_table(folder / "truth.parquet")),
            "traces": TRACES.check(pq.read_table(folder / "traces.parquet")),
        }
        days = sorted(folder.glob("dt=*"))
        for name in _TABLES:
            parts = [
                pq.ParquetFile(path).read()
                for day in (days[-1:] if name == "accounts" else days)
                for path in sorted([*day.glob(f"{name}.parquet"), *day.glob(f"{name}/*.parquet")])
            ]
            tables[name] = INPUTS[name].check(pa.concat_tables(parts))
    except (OSError, ValueError, ValidationError, pa.ArrowException) as error:
        raise DataError(
            f"{folder} is no simulated world",
            found=type(error).__name__,
            allowed="a folder that `graphkit simulate` wrote to its end",
            do="name another folder, or simulate it again",
        ) from None
    return Made(world, tables)


def page(world: World, sections: list[Section]) -> str:
    """Lay the sections out as Markdown."""
    level = "drawn or set by hand" if world.level is None else f"level {world.level}"
    lines = [
        f"# A simulated world: {world.accounts:,} accounts, {world.days} days, {level}, "
        f"seed {world.seed}"
    ]
    for section in sections:
        names = section.figures.column_names
        verdict = {None: "", True: " Holds.", False: " **Does not hold.**"}[section.holds]
        lines += ["", f"## {section.title}", "", f"{section.meaning}{verdict}", ""]
        lines += [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        for row in section.figures.to_pylist():
            lines.append(f"| {' | '.join(_cell(row[name]) for name in names)} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Spell a figure."""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "-")


def _population(made: Made) -> Section:
    """Who there is."""
    figures = made.ask("""
        SELECT kind, count(*) AS accounts, count(DISTINCT coalesce(ring, "group")) AS groups,
               coalesce(sum(r.n), 0)::BIGINT AS requests
        FROM truth LEFT JOIN (SELECT account_id, count(*) AS n FROM requests GROUP BY 1) r
        USING (account_id) GROUP BY kind ORDER BY accounts DESC, kind""")
    return Section("Who is there", "Accounts by kind, and what they sent.", figures)


def _consistency(made: Made) -> Section:
    """What must never be."""
    figures = made.ask("""
        SELECT 'requests by accounts that the truth does not name' AS fault,
               count(*) AS rows FROM requests ANTI JOIN truth USING (account_id)
        UNION ALL SELECT 'payments by accounts that the truth does not name',
               count(*) FROM payments ANTI JOIN truth USING (account_id)
        UNION ALL SELECT 'requests before an account or after its ban', count(*)
               FROM requests JOIN truth USING (account_id)
               WHERE ts::DATE NOT BETWEEN first_day AND last_day
        UNION ALL SELECT 'requests without an address, a device or a prompt', count(*)
               FROM requests WHERE ip IS NULL OR user_agent IS NULL OR prompt IS NULL
        ORDER BY fault""")
    return Section(
        "What must never be",
        "Rows that contradict the truth.",
        figures,
        holds=not any(figures["rows"].to_pylist()),
    )


def _degrees(made: Made) -> Section:
    """How many accounts hold an entity, by kind."""
    figures = made.ask("""
        WITH held AS (
            SELECT 'ip' AS kind, ip AS entity, account_id FROM requests
            UNION ALL SELECT 'device', user_agent || tls_fingerprint, account_id FROM requests
            UNION ALL SELECT 'prompt', prompt, account_id FROM requests
            UNION ALL SELECT 'card', fingerprint, account_id FROM payments),
        holders AS (SELECT kind, entity, count(DISTINCT account_id) AS n FROM held GROUP BY ALL)
        SELECT kind, count(*) AS entities, count(*) FILTER (n = 1) AS by_one,
               count(*) FILTER (n BETWEEN 2 AND 9) AS by_2_to_9,
               count(*) FILTER (n BETWEEN 10 AND 99) AS by_10_to_99,
               count(*) FILTER (n >= 100) AS by_100_or_more, max(n) AS most
        FROM holders GROUP BY kind ORDER BY kind""")
    return Section("How many accounts hold a thing", "Entities by their holders.", figures)


SECTIONS: tuple[Callable[[Made], Section], ...] = (_population, _consistency, _degrees)
