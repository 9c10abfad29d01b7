"""A provider's own files, described in the settings file: the same rows as in our layout."""

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from graphkit.entities import Key
from graphkit.settings import Settings, load_settings
from graphkit.simulate import World, simulate
from graphkit.workflow import detect

WORLD = World(accounts=600, days=3, seed=5)
KEY = Key(bytes(range(32)))


def settings_of(folder: Path, text: str) -> Settings:
    path = folder / "graphkit.toml"
    path.write_text(text, "utf-8")
    return load_settings(path)


@pytest.fixture(scope="module")
def canonical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapping") / "canonical"
    simulate(folder, WORLD)
    return folder


def table_of(folder: Path, dt: date, name: str) -> pa.Table:
    return pq.read_table(folder / f"dt={dt}" / f"{name}.parquet", partitioning=None)


DAYS = [WORLD.end - timedelta(days=back) for back in (2, 1, 0)]
JSONL = """
[[accounts]]
path = "users.parquet"

[[requests]]
path = "logs/{date:%Y/%m/%d}/*.jsonl"
time = "ms"
account_id = "user.id"
ts = "at"
ip = "client.ip"
user_agent = "client.agent"
tls_fingerprint = "client.ja4"
prompt = "body"
model = "body.model"

[[payments]]
path = "pay-{date:%Y%m%d}.csv"
time = "s"
account_id = "customer"
"""


def test_nested_json_in_ms_gives_the_same_rings(canonical: Path, tmp_path: Path) -> None:
    for dt in DAYS:
        rows = table_of(canonical, dt, "requests").to_pylist()
        folder = tmp_path / f"logs/{dt:%Y/%m/%d}"
        folder.mkdir(parents=True)
        for hour in range(24):
            lines = [
                json.dumps(
                    {
                        "user": {"id": row["account_id"]},
                        "at": round(row["ts"].timestamp() * 1000),
                        "client": {
                            "ip": row["ip"],
                            "agent": row["user_agent"],
                            "ja4": row["tls_fingerprint"],
                        },
                        "body": row["prompt"],
                        "body.model": row["model"],
                        "input_tokens": row["input_tokens"],
                        "output_tokens": row["output_tokens"],
                    }
                )
                for row in rows
                if row["ts"].hour == hour
            ]
            (folder / f"{hour:02}.jsonl").write_text("\n".join(lines))
        payments = table_of(canonical, dt, "payments")
        seconds = payments["ts"].cast(pa.int64()).to_numpy() / 1e6
        at = payments.column_names.index("ts")
        payments = payments.set_column(at, "ts", pa.array(seconds))
        at = payments.column_names.index("account_id")
        payments = payments.rename_columns(
            ["customer" if name == "account_id" else name for name in payments.column_names]
        )
        pacsv.write_csv(payments, tmp_path / f"pay-{dt:%Y%m%d}.csv")
    pq.write_table(table_of(canonical, DAYS[-1], "accounts"), tmp_path / "users.parquet")
    found = detect(tmp_path, settings=settings_of(tmp_path, JSONL), key=KEY)
    expected = detect(canonical, key=KEY)
    assert found.rings.table.num_rows == expected.rings.table.num_rows > 0
    assert (
        found.members.table["account_id"].to_pylist()
        == expected.members.table["account_id"].to_pylist()
    )
