"""A whole provider under other names, in other forms and files, has the same rings as in ours."""

import gzip
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.contracts import TIMESTAMP
from graphkit.detection import Findings
from graphkit.entities import Key
from graphkit.settings import load_settings
from graphkit.simulate import World, simulate

WORLD = World(accounts=300, days=3, seed=5)
DAYS = [WORLD.end - timedelta(days=back) for back in (2, 1, 0)]
KEY = Key(bytes(range(32)))
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
Tables = dict[date, dict[str, pa.Table]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tables]:
    """A simulated provider in the canonical layout, its times in whole seconds, with mentions."""
    folder = tmp_path_factory.mktemp("worlds") / "canonical"
    simulate(folder, WORLD)
    tables: Tables = {}
    for dt in DAYS:
        tables[dt] = {}
        for path in sorted((folder / f"dt={dt}").glob("*.parquet")):
            tables[dt][path.stem] = whole_seconds(pq.read_table(path, partitioning=None))
        # The last day's accounts stand for every day, as one table without a day does.
        latest = pq.read_table(folder / f"dt={DAYS[-1]}" / "accounts.parquet", partitioning=None)
        tables[dt]["accounts"] = whole_seconds(latest)
        tables[dt]["mentions"] = mentioned(tables[dt]["accounts"])
        for name, table in tables[dt].items():
            pq.write_table(table, folder / f"dt={dt}" / f"{name}.parquet")
    return folder, tables


def whole_seconds(table: pa.Table) -> pa.Table:
    for at, field in enumerate(table.schema):
        if field.type == TIMESTAMP:
            times = pc.floor_temporal(table[field.name], unit="second")
            table = table.set_column(at, field.name, times)
    return table


def mentioned(accounts: pa.Table) -> pa.Table:
    """Devices of every fourth account and phones of every third, some of them shared."""
    rows = [
        {"account_id": account, "kind": kind, "entity": f"{kind}-{at // (3 * step)}"}
        for kind, step in (("device_id", 4), ("phone", 3))
        for at, account in enumerate(accounts["account_id"].to_pylist())
        if at % step == 0
    ]
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def expected(world: tuple[Path, Tables]) -> Findings:
    found = gk.detect(world[0], key=KEY).findings
    assert "published" in found.rings["status"].to_pylist()
    assert "mention" in found.facts["signal"].to_pylist()
    return found


def check(found: Findings, expected: Findings) -> None:
    for name in ("rings", "members", "evidence", "edges", "links", "profiles"):
        assert getattr(found, name).equals(getattr(expected, name)), name


def unix(times: pa.ChunkedArray, per_second: int) -> pa.Array:
    seconds = times.cast(pa.int64()).to_numpy() // 1_000_000
    return pa.array(np.asarray(seconds * per_second, dtype=np.int64))


def renamed(table: pa.Table, **names: str) -> pa.Table:
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def wide(mentions: pa.Table) -> pa.Table:
    """One row per account, one column per kind."""
    kinds = [
        renamed(mentions.filter(pc.field("kind") == kind).drop_columns("kind"), entity=column)
        for kind, column in (("device_id", "device"), ("phone", "phone_hash"))
    ]
    joined: pa.Table = kinds[0].join(kinds[1], "account_id", join_type="full outer")
    return joined


@pytest.fixture(scope="module")
def as_in_the_readme(
    world: tuple[Path, Tables], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The files that the README's example speaks of, and its settings file."""
    folder = tmp_path_factory.mktemp("readme")
    (example,) = re.findall(r"### Your own files\n.*?```toml\n(.*?)```", README, re.DOTALL)
    (folder / "graphkit.toml").write_text(example, "utf-8")
    root = folder / "snapshots"
    for dt, tables in world[1].items():
        hours = root / f"logs/{dt:%Y/%m/%d}"
        hours.mkdir(parents=True)
        for hour, lines in hourly(tables["requests"]):
            (hours / f"{hour:02}.ndjson.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
        (root / f"dt={dt}").mkdir()
        pq.write_table(tables["payments"], root / f"dt={dt}" / "payments.parquet")
    (root / "crm").mkdir()
    last = world[1][DAYS[-1]]
    accounts = renamed(last["accounts"], account_id="customer", email_domain="mail")
    pacsv.write_csv(accounts, root / "crm/customers.csv")
    pq.write_table(wide(last["mentions"]), root / "devices.parquet")
    return root, folder / "graphkit.toml"


def hourly(requests: pa.Table) -> Iterator[tuple[int, list[str]]]:
    """Requests as nested JSON lines, hour by hour."""
    at = unix(requests["ts"], 1000).to_pylist()
    rows: list[dict[str, Any]] = [
        {
            "user": {"id": row["account_id"]},
            "at": time,
            "client": {"ip": row["ip"], "agent": row["user_agent"]},
            "body": {"messages": [{"content": row["prompt"]}, {"content": "not this"}]},
        }
        | {n: row[n] for n in ("tls_fingerprint", "model", "input_tokens", "output_tokens")}
        for row, time in zip(requests.to_pylist(), at, strict=True)
    ]
    for hour in range(24):
        yield (
            hour,
            [json.dumps(row) for row in rows if row["at"] // 3_600_000 % 24 == hour],
        )


def test_the_readmes_example_gives_the_same_rings(
    as_in_the_readme: tuple[Path, Path], expected: Findings
) -> None:
    root, path = as_in_the_readme
    found = gk.detect(root, settings=load_settings(path), key=KEY).findings
    check(found, expected)
    report = found.reports[str(DAYS[-1])]
    assert report["tables"]["mentions"]["blank"] > 0
    assert len(report["tables"]["requests"]["files"]) == 24


def test_the_readmes_example_runs_on_the_command_line(
    as_in_the_readme: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    root, path = as_in_the_readme
    lake, settings = str(tmp_path / "lake"), ["--settings", str(path)]
    words = ["run", str(root), "--date", str(DAYS[-1]), "--out", lake, *settings]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    words = ["rings", lake, "--all", "--format", "json"]
    listed = json.loads(CliRunner().invoke(app, words).stdout)
    assert listed
    entity = next(
        word
        for word in CliRunner().invoke(app, ["explain", lake, listed[0]["ring_id"]]).stdout.split()
        if re.fullmatch(r"(ip|card|device)-[0-9a-f]{16}", word)
    )
    result = CliRunner().invoke(app, ["reveal", lake, entity, "--snapshots", str(root)])
    assert result.exit_code == 0 and "not in the files" not in result.stdout, result.output
    shown = json.loads(CliRunner().invoke(app, ["settings", *settings, "--format", "json"]).stdout)
    rows = {row["setting"]: row for row in shown}
    assert rows["mentions[2]"]["value"] == "devices.parquet, kind = phone, entity = phone_hash"
    assert {rows[name]["source"] for name in ("requests[1]", "accounts[1]")} == {"file"}
    assert rows["payments"]["source"] == "default"


def one_parquet(root: Path, tables: Tables) -> str:
    """Everything in files of many days: Parquet with structs, shuffled, in small row groups."""
    order = np.random.default_rng(1).permutation
    for name in ("requests", "payments"):
        whole = pa.concat_tables([day[name] for day in tables.values()])
        whole = whole.take(pa.array(order(whole.num_rows)))
        client = pa.StructArray.from_arrays(
            [whole[column].combine_chunks() for column in whole.column_names if column != "ts"],
            [column for column in whole.column_names if column != "ts"],
        )
        table = pa.table({"event": client, "seen": unix(whole["ts"], 1_000_000)})
        pq.write_table(table, root / f"all-{name}.parquet", row_group_size=1000)
    first = tables[DAYS[-1]]
    pq.write_table(first["accounts"], root / "accounts.parquet")
    pq.write_table(first["mentions"], root / "mentions.parquet")
    text = '[[accounts]]\npath = "accounts.parquet"\n[[mentions]]\npath = "mentions.parquet"\n'
    for name in ("requests", "payments"):
        columns = [column for column in first[name].column_names if column != "ts"]
        text += f'[[{name}]]\npath = "all-{name}.parquet"\ntime = "us"\nts = "seen"\n'
        text += "".join(f'{column} = "event.{column}"\n' for column in columns)
    return text


def csv_in_seconds(root: Path, tables: Tables) -> str:
    """CSV by day under other names and two files of requests a day, times in seconds."""
    text = ""
    for dt, day in tables.items():
        for name, table in day.items():
            for column in {"ts", "created_at"} & set(table.column_names):
                at = table.column_names.index(column)
                table = table.set_column(at, column, unix(table[column], 1))
            table = renamed(table, **{column: f"x_{column}" for column in table.column_names})
            half = table.num_rows // 2 if name == "requests" else table.num_rows
            for part, rows in enumerate((table.slice(0, half), table.slice(half))):
                if rows.num_rows:
                    pacsv.write_csv(rows, root / f"{name}_{dt:%y%j}_{part}.csv")
    for name, table in tables[DAYS[-1]].items():
        text += f'[[{name}]]\npath = "{name}_{{date:%y%j}}_*.csv"\ntime = "s"\n'
        for column in table.column_names:
            text += f'{"kind_column" if column == "kind" else column} = "x_{column}"\n'
    return text


@pytest.mark.parametrize("write", [one_parquet, csv_in_seconds])
def test_another_layout_gives_the_same_rings(
    write: Callable[[Path, Tables], str],
    world: tuple[Path, Tables],
    expected: Findings,
    tmp_path: Path,
) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (tmp_path / "graphkit.toml").write_text(write(root, world[1]), "utf-8")
    settings = load_settings(tmp_path / "graphkit.toml")
    check(gk.detect(root, settings=settings, key=KEY).findings, expected)


def test_the_readmes_example_names_only_what_there_is() -> None:
    (example,) = re.findall(r"### Your own files\n.*?```toml\n(.*?)```", README, re.DOTALL)
    assert set(tomllib.loads(example)) == {"requests", "accounts", "mentions"}
