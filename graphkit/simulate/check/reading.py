"""Reading a simulated folder, file by file, down to what its page needs; large worlds by sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from graphkit import sql
from graphkit.contracts import INPUTS, TRACES, TRUTH
from graphkit.errors import DataError
from graphkit.simulate.world import World

ROWS_READ = 3_000_000  # requests that are kept whole
LINKS_READ = 10_000_000  # requests whose links are kept
OPENING = 60  # letters by which two prompts are said to open alike

# A thing that an account held on a day, by a number of its own, and how often.
_HELD = """
    SELECT thing AS kind, md5_number_lower(spelled)::UBIGINT AS entity, account, day,
           count(*)::INTEGER AS n
    FROM ({things}) JOIN people USING (account_id)
    WHERE md5_number_lower(spelled) % $one_in = 0 GROUP BY ALL"""
_THINGS = {
    "requests": f"""
        SELECT account_id, ts::DATE AS day, unnest([
            {{'thing': CASE WHEN contains(ip, ':') THEN 'IPv6' ELSE 'IPv4' END, 'spelled': ip}},
            {{'thing': 'device', 'spelled': user_agent || tls_fingerprint}},
            {{'thing': 'prompt', 'spelled': prompt}},
            {{'thing': 'opening', 'spelled': left(prompt, {OPENING})}}], recursive := true)
        FROM requests""",
    "payments": """
        SELECT account_id, ts::DATE AS day, unnest([
            {'thing': 'card', 'spelled': fingerprint},
            {'thing': 'name', 'spelled': billing_name || billing_postal}], recursive := true)
        FROM payments""",
}
# Records that show a thing which a ring owns, whoever's they are; of prompts each is searched once.
_SHOWN = """
    WITH told AS (
        SELECT row_number() OVER (ORDER BY ring, kind, entity) AS trace, * FROM traces),
    texts AS (
        SELECT account, prompt, count(*) AS n FROM requests JOIN people USING (account_id)
        GROUP BY ALL),
    plain AS (
        SELECT account, records.kind, entity, count(*) AS n FROM (
            SELECT account_id, unnest(['ip', 'device']) AS kind,
                   unnest([ip, user_agent]) AS entity FROM requests
            UNION ALL SELECT account_id, unnest(['card', 'name']),
                   unnest([fingerprint, billing_name]) FROM payments
            UNION ALL SELECT account_id, unnest(['domain', 'org']),
                   unnest([email_domain, org_id]) FROM accounts) records
        JOIN people USING (account_id) GROUP BY ALL)
    SELECT trace, ring, kind, account, n FROM plain JOIN told USING (kind, entity)
    UNION ALL
    SELECT trace, ring, kind, account, sum(n)::BIGINT FROM texts
    JOIN told ON kind = 'prompt' AND contains(prompt, entity) GROUP BY ALL"""


@dataclass(frozen=True)
class Made:
    """A simulated folder, read.

    Attributes:
        world: its settings.
        one_account_in: of how many accounts one is in `accounts`, `requests` and `payments`.
        one_thing_in: of how many things one is in `held`.
        tables: `accounts` as of the last day, `requests` and `payments` of all days; `truth` and
            `traces`; `people` (account, account_id, ring, group, kind, role), `held` (kind, entity,
            account, day, n) and `shown` (trace, ring, kind, account, n: how many records of an
            account among `accounts` show a thing that the ring owns, by the thing's number).
    """

    world: World
    one_account_in: int
    one_thing_in: int
    tables: dict[str, pa.Table]

    def ask(self, text: str) -> pa.Table:
        """Run one query over the tables."""
        return sql.query(text, self.tables)


def read_world(folder: Path) -> Made:
    """Read a simulated folder.

    Raises:
        DataError: it is none, or is incomplete.
    """
    try:
        world = World.model_validate_json((folder / "world.json").read_bytes())
        truth = TRUTH.check(pq.read_table(folder / "truth.parquet"))
        traces = TRACES.check(pq.read_table(folder / "traces.parquet"))
        return _read_days(folder, world, truth, traces)
    except (OSError, ValueError, ValidationError, pa.ArrowException) as error:
        raise DataError(
            f"{folder} is no simulated world",
            found=type(error).__name__,
            allowed="a folder that `graphkit simulate` wrote to its end",
            do="name another folder, or simulate it again",
        ) from None


def _read_days(folder: Path, world: World, truth: pa.Table, traces: pa.Table) -> Made:
    """Read the days, a file at a time."""
    n = sum(pq.read_metadata(path).num_rows for path in _files(folder, "requests"))
    one_account_in, one_thing_in = 1 + n // ROWS_READ, 1 + n // LINKS_READ
    people = sql.query(
        """SELECT row_number() OVER (ORDER BY account_id) AS account, account_id, ring, "group",
                  kind, role FROM truth ORDER BY account""",
        {"truth": truth},
    )
    held: list[pa.Table] = []
    kept: dict[str, list[pa.Table]] = {"requests": [], "payments": [], "accounts": []}
    for name, tables in kept.items():
        for path in _files(folder, name, last=name == "accounts"):
            table = INPUTS[name].check(pq.ParquetFile(path).read())
            tables.append(_sampled(table, one_account_in))
            if name in _THINGS:
                text = _HELD.format(things=_THINGS[name])
                read = {name: table, "people": people}
                held.append(sql.query(text, read, {"one_in": one_thing_in}))
    read = {name: pa.concat_tables(tables) for name, tables in kept.items()}
    shown = sql.query(
        _SHOWN,
        {**read, "people": people, "traces": traces},
    )
    known = {"truth": truth, "traces": traces, "people": people, "held": pa.concat_tables(held)}
    return Made(world, one_account_in, one_thing_in, {**read, **known, "shown": shown})


def _files(folder: Path, name: str, *, last: bool = False) -> Iterator[Path]:
    """The files of a table, of all days or of the last."""
    days = sorted(folder.glob("dt=*"))
    for day in days[-1:] if last else days:
        yield from sorted([*day.glob(f"{name}.parquet"), *day.glob(f"{name}/*.parquet")])


def _sampled(table: pa.Table, one_in: int) -> pa.Table:
    """The rows of one account in so many, the same accounts in every table."""
    if one_in == 1:
        return table
    text = "SELECT * FROM t WHERE md5_number_lower(account_id) % $one_in = 0"
    sampled = sql.query(text, {"t": table}, {"one_in": one_in})
    return sampled.cast(table.schema)
