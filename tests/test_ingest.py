import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from graphkit.contracts import ACCOUNTS, INPUTS, REJECTS, REQUESTS
from graphkit.entities import Key, link_accounts
from graphkit.errors import DataError
from graphkit.ingest import (
    Snapshot,
    check_tables,
    csv_form,
    forms,
    json_form,
    open_snapshots,
    read_snapshot,
)
from graphkit.settings import IngestSettings, Settings

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORMS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")
LENIENT = IngestSettings(max_refused_share=1)
KEY = Key(bytes(range(32)))
EVENTS = ("requests", "payments", "mentions")
Rows = Sequence[Mapping[str, Any]]


def pack(rows: Rows, columns: Sequence[str], form: str) -> bytes:
    """The rows as a file's bytes; every cell as text, absent where None."""
    if form == "parquet":
        sink = io.BytesIO()
        arrays = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns}
        pq.write_table(pa.table(arrays), sink)
        return sink.getvalue()
    text = io.StringIO()
    if form.startswith("csv"):
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows([[row.get(name) for name in columns] for row in rows])
    else:
        text.writelines(json.dumps(dict(row)) + "\n" for row in rows)
    plain = text.getvalue().encode()
    return gzip.compress(plain) if form.endswith(".gz") else plain


def put(root: Path, name: str, content: bytes | pa.Table) -> Path:
    """Write a file of the day; return the snapshots folder."""
    path = root / f"dt={DAY}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path)
    return root


def draw(snapshot: Snapshot) -> dict[str, pa.Table]:
    """All tables of a day; the accounts too."""
    drawn = {
        name: pa.concat_tables([INPUTS[name].empty(), *getattr(snapshot, name)]) for name in EVENTS
    }
    return {"accounts": snapshot.accounts, **drawn}


def read(root: Path, settings: IngestSettings = LENIENT) -> tuple[Snapshot, dict[str, pa.Table]]:
    snapshot = read_snapshot(open_snapshots(root, Settings(ingest=settings)), DAY)
    return snapshot, draw(snapshot)


def requests_of(root: Path, content: bytes | pa.Table, name: str) -> tuple[Snapshot, pa.Table]:
    snapshot, drawn = read(put(root, name, content))
    return snapshot, drawn["requests"]


def refusals(snapshot: Snapshot) -> list[tuple[str, int, str | None, str]]:
    rows = REJECTS.check(snapshot.rejects()).to_pylist()
    return [(row["file"], row["row"], row["column"], row["reason"]) for row in rows]


def tally(snapshot: Snapshot, table: str = "requests") -> dict[str, Any]:
    counted: dict[str, Any] = snapshot.report()["tables"][table]
    return counted


WORLD: dict[str, list[dict[str, str | None]]] = {
    "accounts": [
        {
            "account_id": f"a{n}",
            "created_at": f"2026-10-0{n + 1}T00:00:00Z",
            "email_domain": "acme.example" if n % 2 else None,
            "org_id": None,
            "country": "FR",
            "status": "active",
        }
        for n in range(6)
    ],
    "requests": [
        {
            "account_id": f"a{n % 6}",
            "ts": f"2026-11-22T{n % 24:02}:30:00+00:00",
            "ip": f"203.0.113.{n % 4}" if n % 5 else None,
            "user_agent": 'Mozilla/5.0 ("quoted", with comma)\nand a second line',
            "tls_fingerprint": "t13d" if n % 3 else None,
            "model": "m-1",
            "prompt": f"Translate the following sentence into French, please: été {n}",
            "input_tokens": str(n),
            "output_tokens": None if n % 7 == 0 else str(2 * n),
        }
        for n in range(60)
    ],
    "payments": [
        {
            "account_id": f"a{n}",
            "ts": "2026-11-22 08:00:00",
            "method": "card",
            "fingerprint": f"fp-{n % 2}",
            "bin": "411111",
            "last4": "0042",
            "billing_name": "Zoë Müller",
            "billing_postal": "75001",
            "billing_country": "FR",
            "amount_usd": f"{n}.25",
        }
        for n in range(6)
    ],
    "mentions": [
        {"account_id": "a1", "kind": "device_id", "entity": "d-9", "ts": "2026-11-22 09:00:00"}
    ],
}


def world(root: Path, form: str) -> Path:
    for table, rows in WORLD.items():
        put(root, f"{table}.{form}", pack(rows, list(rows[0]), form))
    return root


def linked(drawn: Mapping[str, pa.Table]) -> list[pa.Table]:
    accounts, *events = (drawn[name] for name in INPUTS)
    made = link_accounts(accounts, *([part] for part in events), dt=DAY, key=KEY)
    return [made.links, made.activity, made.profiles]


def test_every_form_says_the_same(tmp_path: Path) -> None:
    expected: dict[str, pa.Table] | None = None
    for form in FORMS:
        snapshot, drawn = read(world(tmp_path / form, form))
        assert snapshot.rejects().num_rows == 0
        assert [drawn[name].num_rows for name in INPUTS] == [6, 60, 6, 1]
        for name, table in drawn.items():
            INPUTS[name].check(table)
        expected = expected or drawn
        assert drawn == expected
        assert linked(drawn) == linked(expected)
    assert expected is not None
    assert expected["requests"]["output_tokens"].null_count == 9
    assert expected["payments"]["amount_usd"].to_pylist()[3] == Decimal("3.25")


def test_a_folder_of_files_in_mixed_forms_is_one_table(tmp_path: Path) -> None:
    _, whole = read(world(tmp_path / "whole", "parquet"))
    parted = world(tmp_path / "parted", "csv")
    (parted / f"dt={DAY}" / "requests.csv").unlink()
    rows = WORLD["requests"]
    for number, form in enumerate(FORMS):
        content = pack(rows[number * 12 : (number + 1) * 12], list(rows[0]), form)
        put(parted, f"requests/part-{number}.{form}", content)
    put(parted, "requests/_SUCCESS", b"")
    put(parted, "requests/.part-0.crc", b"x")
    snapshot, drawn = read(parted)
    assert drawn == whole
    assert linked(drawn) == linked(whole)
    assert tally(snapshot)["files"] == [f"requests/part-{n}.{form}" for n, form in enumerate(FORMS)]


JUNK_CELLS = ["NaN", "inf", "-inf", "1e999", "true", "False", "null", "-1", "0x1f", "1_0", "3.5"]
JUNK_TIMES = ["2026-13-45", "2026-11-22T25:00:00Z", "now", "epoch", "infinity", "1795000000", "12"]
ODD_CELLS = [
    "",
    " ",
    "\t",
    "\x00",
    "\x1b[31m",
    "\u202e",
    'say "hi"',
    "line\nbreak",
    "cr\rlf",
    "a,b",
    "日本",
]
JUNK = st.sampled_from(JUNK_CELLS + JUNK_TIMES + ODD_CELLS)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CELL = st.none() | JUNK | TEXT
JUNK_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from(["a", "b"]) | CELL,
            "ts": st.just("2026-11-22 10:00:00") | CELL,
            **dict.fromkeys(("ip", "prompt", "input_tokens", "output_tokens"), CELL),
        }
    ),
    min_size=1,
    max_size=8,
)


@profile(max_examples=30)
@given(rows=JUNK_ROWS)
def test_no_row_is_lost_whatever_it_holds(
    rows: Rows, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected: tuple[pa.Table, list[tuple[int, str | None, str]]] | None = None
    for form in FORMS:
        root = tmp_path_factory.mktemp("junk")
        content = pack(rows, list(rows[0]), form)
        snapshot, drawn = requests_of(root, content, f"requests.{form}")
        count = tally(snapshot)
        assert count["rows"] == len(rows)
        assert count["rows"] == count["used"] + count["refused"]
        assert (drawn.num_rows, snapshot.rejects().num_rows) == (count["used"], count["refused"])
        told = [entry[1:] for entry in refusals(snapshot)]
        expected = expected or (drawn, told)
        assert (drawn, told) == expected


@profile(max_examples=30)
@given(rows=JUNK_ROWS)
def test_no_account_is_lost_without_being_counted(rows: Rows) -> None:
    columns = {"country": "ip", "status": "prompt", "created_at": "ts", "account_id": "account_id"}
    arrays = {
        name: pa.array([row[source] for row in rows], pa.string())
        for name, source in columns.items()
    }
    snapshot = check_tables({"accounts": pa.table(arrays)}, DAY, LENIENT)
    count = tally(snapshot, "accounts")
    assert count["rows"] == len(rows) == count["used"] + count["refused"]
    assert count["used"] == snapshot.accounts.num_rows + count["collapsed"]
    assert count["refused"] == snapshot.rejects().num_rows


@pytest.mark.parametrize("block", [256, 32 << 20])
@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl"])
def test_rejects_name_the_row_across_parts_and_files(
    form: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (csv_form, json_form):
        monkeypatch.setattr(module, "BLOCK", block)
    dice = random.Random(5)
    expected: list[tuple[str, int, str | None, str]] = []
    ids: list[str] = []
    for name in (f"requests/one.{form}", f"requests/two.{form}"):
        lines = ["account_id,ts,ip"] if form.startswith("csv") else []
        for row in range(1, 151):
            fate = dice.choice(["good", "good", "broken", "no id", "no time", "junk time"])
            cells = [f"a{dice.randrange(9)}", "2026-11-22", "203.0.113.9"]
            if fate == "good":
                ids.append(cells[0])
            elif fate == "broken":
                short = form.startswith("csv")
                reason = "2 cells instead of 3" if short else "not a JSON object"
                expected.append((name, row, None, reason))
            elif fate == "no id":
                cells[0] = ""
                expected.append((name, row, "account_id", "empty"))
            elif fate == "no time":
                cells[1] = ""
                expected.append((name, row, "ts", "empty"))
            else:
                cells[1] = "yesterday"
                expected.append((name, row, "ts", "not a time between 2000 and 2100"))
            if form.startswith("csv"):
                lines.append(",".join(cells[: 2 if fate == "broken" else 3]))
            else:
                whole = json.dumps(dict(zip(("account_id", "ts", "ip"), cells, strict=True)))
                lines.append(whole[:-5] if fate == "broken" else whole)
        plain = "\n".join(lines).encode()
        put(tmp_path, name, gzip.compress(plain) if form.endswith(".gz") else plain)
    snapshot, drawn = read(tmp_path)
    assert refusals(snapshot) == expected
    assert Counter(drawn["requests"]["account_id"].to_pylist()) == Counter(ids)


@pytest.mark.parametrize(("rows", "block"), [(1, 1), (3, 1), (3, 400), (1000, 1 << 20)])
def test_rejects_name_the_row_of_parquet_parts(
    rows: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_PARQUET_ROWS", rows)
    monkeypatch.setattr(forms, "BLOCK", block)
    ids = [None if n % 4 == 2 else "a" for n in range(20)]
    table = pa.table({"account_id": ids, "ts": [NOON] * 20, "input_tokens": [-1.0, 2.0] * 10})
    put(tmp_path, "requests.parquet", table)
    snapshot, drawn = read(tmp_path)
    assert [entry[1:3] for entry in refusals(snapshot)] == [
        (n + 1, "account_id") for n in range(20) if n % 4 == 2
    ]
    # Counted over all rows of the file, refused ones too.
    assert tally(snapshot)["cells"] == {"input_tokens": {"not a number that fits": 10}}
    assert drawn["requests"].num_rows == 15


def test_rows_keep_their_order_and_cells_in_large_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 300_000
    monkeypatch.setattr(forms, "BLOCK", 1 << 30)
    table = pa.table(
        {
            "account_id": pa.array(np.arange(n)),
            "ts": pa.array(["2026-11-22 10:00:00"] * n),
            "input_tokens": pa.array(np.arange(n)).cast(pa.string()),
        }
    )
    _, drawn = read(put(tmp_path, "requests.parquet", table))
    requests = drawn["requests"]
    assert requests["account_id"].cast(pa.int64()).equals(requests["input_tokens"])


def test_equal_account_rows_collapse_and_clashing_ones_are_all_refused(tmp_path: Path) -> None:
    put(tmp_path, "accounts/one.csv", b"account_id,country\na,FR\na,FR\nb,FR\nc,DE\nd,\n")
    put(
        tmp_path,
        "accounts/two.jsonl",
        b'{"account_id":"b","country":"GB"}\n{"account_id":"a","country":"FR"}\n'
        b'{"account_id":"d","country":" "}',
    )
    snapshot, drawn = read(tmp_path)
    assert drawn["accounts"]["account_id"].to_pylist() == ["a", "c", "d"]
    reason = "two different rows for one account"
    assert refusals(snapshot) == [
        ("accounts/one.csv", 3, "account_id", reason),
        ("accounts/two.jsonl", 1, "account_id", reason),
    ]
    count = tally(snapshot, "accounts")
    assert (count["rows"], count["used"], count["refused"], count["collapsed"]) == (8, 6, 2, 3)


def test_events_have_no_key(tmp_path: Path) -> None:
    snapshot, drawn = requests_of(
        tmp_path, b"account_id,ts\na,2026-11-22\na,2026-11-22\n", "requests.csv"
    )
    assert drawn.num_rows == 2
    assert tally(snapshot)["collapsed"] == 0


def test_missing_columns_switch_their_signals_off_and_say_so(tmp_path: Path) -> None:
    put(tmp_path, "requests.csv", b"account_id,ts,ip,prompt\na,2026-11-22,203.0.113.1,\n")
    put(tmp_path, "payments.csv", b"account_id,ts,billing_name,bin\na,2026-11-22,Jo,411111\n")
    signals = read(tmp_path)[0].report()["signals"]
    assert signals["address"] == "on"
    assert {name: state for name, state in signals.items() if name != "address"} == {
        "payment": "off: nothing in payments.fingerprint or payments.bin with payments.last4 with "
        "payments.billing_name or payments.billing_name with payments.billing_postal",
        "device": "off: nothing in requests.user_agent or requests.tls_fingerprint",
        "email": "off: nothing in accounts.email_domain",
        "organisation": "off: nothing in accounts.org_id",
        "prompt": "off: nothing in requests.prompt",
        "mention": "off: nothing in mentions.kind with mentions.entity",
    }


def test_every_signal_is_on_in_a_whole_world(tmp_path: Path) -> None:
    signals = read(world(tmp_path, "jsonl"))[0].report()["signals"]
    assert signals.pop("organisation") == "off: nothing in accounts.org_id"
    assert set(signals.values()) == {"on"}


def test_late_rows_are_used_and_counted(tmp_path: Path) -> None:
    lines = b"a,2026-11-21T23:59:59.999999Z\na,2026-11-22T00:00:00Z\na,2026-11-22T23:59:59Z\n"
    content = b"account_id,ts\n" + lines + b"a,2026-11-23T00:00:00Z\n"
    snapshot, drawn = requests_of(tmp_path, content, "requests.csv")
    assert drawn.num_rows == 4
    assert (tally(snapshot)["late"], tally(snapshot)["refused"]) == (2, 0)


def test_a_table_without_times_counts_as_seen_on_the_day(tmp_path: Path) -> None:
    put(tmp_path, "mentions.csv", b"account_id,kind,entity\na, Phone ,1\n")
    mentions = read(tmp_path)[1]["mentions"].to_pylist()
    assert mentions[0]["ts"] == datetime(2026, 11, 22, tzinfo=UTC)
    assert mentions[0]["kind"] == "phone"


def test_kinds_of_mentions_are_names(tmp_path: Path) -> None:
    put(tmp_path, "mentions.csv", b"account_id,kind,entity\na,ip,1\na,9x,1\na,<b>,1\na,,1\n")
    snapshot, drawn = read(tmp_path)
    assert drawn["mentions"]["kind"].to_pylist() == ["ip"]
    reason = "not a kind: a letter, then letters, digits and _"
    assert [entry[1:] for entry in refusals(snapshot)] == [
        (2, "kind", reason),
        (3, "kind", reason),
        (4, "kind", "empty"),
    ]


SPELLINGS = {
    "2026-11-22 12:00:00": NOON,
    "2026-11-22T12:00": NOON,
    "2026-11-22T12:00:00Z": NOON,
    "2026-11-22T14:00:00+02:00": NOON,
    "2026-11-22 06:30:00-05:30": NOON,
    "2026-11-22 12:00:00.123456": NOON + timedelta(microseconds=123456),
    "2026-11-22": datetime(2026, 11, 22, tzinfo=UTC),
}


def test_naive_times_are_utc_and_offsets_are_honoured(tmp_path: Path) -> None:
    rows = [{"account_id": "a", "ts": text} for text in SPELLINGS]
    for form in FORMS:
        content = pack(rows, ["account_id", "ts"], form)
        _, drawn = requests_of(tmp_path / form, content, f"requests.{form}")
        assert drawn["ts"].to_pylist() == list(SPELLINGS.values())


ZONE_PROBE = """
import sys
from datetime import date
from graphkit.entities import Key
from graphkit.ingest import open_snapshots
from graphkit.settings import Settings
from graphkit.workflow import read_day
key = Key(bytes(range(32)))
day = read_day(open_snapshots(sys.argv[1], Settings()), date(2026, 11, 22), key=key)
for table in (day.links, day.activity, day.profiles):
    print(table.to_pydict())
print(day.report["tables"])
"""


def test_the_machines_time_zone_does_not_matter(tmp_path: Path) -> None:
    world(tmp_path, "csv")

    def told(zone: str) -> str:
        environment = {**os.environ, "TZ": zone}
        command = [sys.executable, "-c", ZONE_PROBE, str(tmp_path)]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    here = told("UTC")
    assert "'requests': [10, 10, 10, 10, 10, 10]" in here
    assert told("Asia/Kolkata") == here


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_timestamps_of_any_unit(unit: Any, zone: str | None) -> None:
    dtype = pa.timestamp(unit, tz=zone) if zone else pa.timestamp(unit)
    moments = pa.array([NOON.replace(tzinfo=None)] * 2, pa.timestamp("us")).cast(pa.timestamp(unit))
    far = pa.array([2**62], pa.int64()).view(pa.timestamp(unit))
    column = pa.concat_arrays([moments, far]).cast(pa.int64()).view(dtype)
    requests = pa.table({"account_id": ["a", "b", "c"], "ts": column})
    snapshot = check_tables({"requests": requests}, DAY, LENIENT)
    assert draw(snapshot)["requests"]["ts"].to_pylist() == [NOON, NOON]
    assert refusals(snapshot)[0][1:3] == (3, "ts")


def test_other_columns_that_mean_a_time() -> None:
    days = pa.array([DAY, date(1999, 12, 31), date(9999, 1, 1)])
    text = pa.array(["2026-11-22", "1999-12-31", "9999-01-01"])
    columns: list[pa.Array] = [days, days.cast(pa.date64()), text, text.cast(pa.large_string())]
    columns += [text.cast(pa.binary()), text.cast(pa.large_binary()), text.cast(pa.string_view())]
    columns += [text.dictionary_encode(), days.dictionary_encode()]
    columns += [pa.array([20_779, -(2**31), 2**31 - 1], pa.int32()).cast(pa.date32())]
    for column in columns:
        requests = pa.table({"account_id": ["a", "b", "c"], "ts": column})
        snapshot = check_tables({"requests": requests}, DAY, LENIENT)
        drawn = draw(snapshot)["requests"]
        assert drawn["ts"].to_pylist() == [datetime(2026, 11, 22, tzinfo=UTC)], column.type
        assert [entry[3] for entry in refusals(snapshot)] == [
            "not a time between 2000 and 2100"
        ] * 2


def test_columns_of_any_text_type_are_text() -> None:
    plain = pa.array(["a", None, "ü", " ", "a"])
    columns: list[pa.Array] = [plain, plain.cast(pa.large_string()), plain.cast(pa.string_view())]
    columns += [plain.cast(pa.binary()), plain.cast(pa.large_binary())]
    columns += [plain.cast(pa.binary()).cast(pa.binary_view()), plain.dictionary_encode()]
    columns += [plain.cast(pa.binary()).dictionary_encode()]
    for column in columns:
        requests = pa.table({"account_id": ["x"] * 5, "ts": [NOON] * 5, "prompt": column})
        drawn = draw(check_tables({"requests": requests}, DAY, LENIENT))["requests"]
        assert drawn["prompt"].to_pylist() == ["a", None, "ü", None, "a"], column.type


def test_integers_as_account_ids_keep_every_digit(tmp_path: Path) -> None:
    large = [2**53 + 1, 2**64 - 1, 0]
    spelled = [str(number) for number in large]
    table = pa.table({"account_id": pa.array(large, pa.uint64()), "ts": [NOON] * 3})
    _, drawn = requests_of(tmp_path / "parquet", table, "requests.parquet")
    assert drawn["account_id"].to_pylist() == spelled
    lines = "\n".join(f'{{"account_id": {number}, "ts": "2026-11-22"}}' for number in large)
    _, drawn = requests_of(tmp_path / "jsonl", lines.encode(), "requests.jsonl")
    assert drawn["account_id"].to_pylist() == spelled
    coded = pa.table(
        {"account_id": pa.array(large, pa.uint64()).dictionary_encode(), "ts": [NOON] * 3}
    )
    _, drawn = requests_of(tmp_path / "coded", coded, "requests.parquet")
    assert drawn["account_id"].to_pylist() == spelled


NUMBERS: dict[str, tuple[pa.Array, list[int | None]]] = {
    "floats": (
        pa.array([1.0, float("nan"), float("inf"), -1.0, 1e300]),
        [1, None, None, None, None],
    ),
    "text": (pa.array(["7", "true", "nan", "-3", ""]), [7, None, None, None, None]),
    "bytes": (pa.array([b"7", b"\xff", b"8"]), [7, None, 8]),
    "large bytes": (pa.array([b"7", b"\xff"], pa.large_binary()), [7, None]),
    "dictionary": (pa.array(["7", "x", "7"]).dictionary_encode(), [7, None, 7]),
    "half": (pa.array(np.array([7, 8], np.float16)), [7, 8]),
    "wide decimal": (pa.array([7, 8]).cast(pa.decimal256(50, 2)), [7, 8]),
    "unsigned": (pa.array([2**64 - 1, 8], pa.uint64()), [None, 8]),
    "nothing": (pa.nulls(2), [None, None]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_bad_numbers_become_null_and_are_counted(name: str) -> None:
    column, expected = NUMBERS[name]
    n = len(column)
    requests = pa.table({"account_id": ["a"] * n, "ts": [NOON] * n, "input_tokens": column})
    snapshot = check_tables({"requests": requests}, DAY, IngestSettings(max_refused_share=0))
    assert draw(snapshot)["requests"]["input_tokens"].to_pylist() == expected
    blank = column.null_count + sum(cell == "" for cell in column.to_pylist())
    bad = expected.count(None) - blank
    cells = {"input_tokens": {"not a number that fits": bad}} if bad else {}
    assert tally(snapshot)["cells"] == cells


def test_bad_amounts_and_dates_become_null_and_are_counted() -> None:
    payments = pa.table(
        {"account_id": ["a"] * 4, "ts": [NOON] * 4, "amount_usd": [1.255, -3.5, float("nan"), 1e15]}
    )
    accounts = pa.table({"account_id": ["a", "b"], "created_at": ["yesterday", "2026-01-01"]})
    snapshot = check_tables({"payments": payments, "accounts": accounts}, DAY, LENIENT)
    amounts = draw(snapshot)["payments"]["amount_usd"].to_pylist()
    assert amounts[1:] == [Decimal("-3.50"), None, None]
    assert tally(snapshot, "payments")["cells"] == {"amount_usd": {"not a number that fits": 2}}
    assert snapshot.accounts["created_at"].null_count == 1
    assert tally(snapshot, "accounts")["cells"] == {
        "created_at": {"not a time between 2000 and 2100": 1}
    }


def test_odd_characters_lose_no_row(tmp_path: Path) -> None:
    lines = [
        b'{"account_id":"a\\ud800","ts":"2026-11-22","prompt":"\\udfff lone"}',
        b'{"account_id":"b\\u0000","ts":"2026-11-22","prompt":"\\u0000\\u001b[0m"}',
        b'{"account_id":"c\xff","ts":"2026-11-22","prompt":"\xc3\x28"}',
        b'{"account_id":"c\xfe","ts":"2026-11-22","prompt":{"role":"user","n":1}}',
        json.dumps({"account_id": "d", "ts": "2026-11-22", "prompt": "x" * 1_000_000}).encode(),
    ]
    snapshot, drawn = requests_of(tmp_path, b"\xef\xbb\xbf" + b"\r\n".join(lines), "requests.jsonl")
    assert refusals(snapshot) == []
    ids = drawn["account_id"].to_pylist()
    # Different bytes stay different accounts: joining strangers would be worse than an odd name.
    assert len(set(ids)) == 5
    assert "b\x00" in ids
    prompts = drawn["prompt"].to_pylist()
    assert "x" * 1_000_000 in prompts
    assert '{"role":"user","n":1}' in prompts


def test_bytes_that_are_no_utf8_lose_no_row_of_csv_and_parquet(tmp_path: Path) -> None:
    cells = [b"a\xff", b"a\xfe", "é".encode(), b"n\x00l"]
    content = b"account_id,ts,prompt\n" + b"".join(b"%b,2026-11-22,%b\n" % (c, c) for c in cells)
    claimed = pa.array(cells, pa.binary()).view(pa.string())
    table = pa.table({"account_id": claimed, "ts": [NOON] * 4, "prompt": claimed})
    for name, given_content in (("requests.csv", content), ("requests.parquet", table)):
        snapshot, drawn = requests_of(tmp_path / name, given_content, name)
        assert refusals(snapshot) == []
        assert drawn["account_id"].to_pylist() == ["a\\xff", "a\\xfe", "é", "n\x00l"]
        drawn.validate(full=True)


def test_a_wide_prompt_is_one_cell_of_csv(tmp_path: Path) -> None:
    wide = "word, " * 200_000
    rows = [{"account_id": "a", "ts": "2026-11-22", "prompt": wide}] * 3
    content = pack(rows, ["account_id", "ts", "prompt"], "csv")
    _, drawn = requests_of(tmp_path, content, "requests.csv")
    assert drawn["prompt"].to_pylist() == [wide] * 3


SECRET = "4111 1111 1111 1111"
GOOD = b"account_id,ts,ip\na,2026-11-22,203.0.113.1\n"
TRUNCATED = pack(WORLD["requests"], ["account_id", "ts", "prompt"], "parquet")[:-40]
ZIPPED = gzip.compress(b"account_id,ts\n" + b"a,2026-11-22\n" * 9000)[:-30]
BROKEN: dict[str, tuple[dict[str, bytes | pa.Table], str, str]] = {
    "truncated parquet": ({"requests.parquet": TRUNCATED}, "requests.parquet", "cannot be read"),
    "not parquet": ({"requests.parquet": b"hello"}, "requests.parquet", "cannot be read"),
    "empty parquet": ({"requests.parquet": b""}, "requests.parquet", "cannot be read"),
    "truncated csv.gz": ({"requests.csv.gz": ZIPPED}, "requests.csv.gz", "cannot be read"),
    "truncated jsonl.gz": ({"requests.jsonl.gz": ZIPPED}, "requests.jsonl.gz", "cannot be read"),
    "not zipped": ({"requests.jsonl.gz": GOOD}, "requests.jsonl.gz", "cannot be read"),
    "header that is no text": (
        {"requests.csv": b"account_id,\xff\na,b\n"},
        "requests.csv",
        "UTF-8",
    ),
    "repeated header": ({"requests.csv": b"account_id,ip,ip\na,b,c\n"}, "requests.csv", "ip"),
    "no account": ({"requests.csv": b"acount_id,ts\na,b\n"}, "requests.csv", "'acount_id'"),
    "twice": ({"requests.csv": GOOD, "requests.parquet": GOOD}, "requests.parquet", "once"),
    "file and folder": ({"requests.csv": GOOD, "requests/x.csv": GOOD}, "requests.csv", "once"),
    "unknown form": ({"requests.xlsx": GOOD}, "requests.xlsx", ".xlsx"),
    "unknown form inside": ({"requests/a.csv": GOOD, "requests/b.avro": GOOD}, "b.avro", ".avro"),
    "no form": ({"accounts.csv": b"account_id\na\n", "requests": GOOD}, "requests", "no suffix"),
    "folder inside": ({"requests/hour=1/a.csv": GOOD}, "requests/hour=1", "a folder hour=1"),
    "folder named as a file": (
        {"accounts.csv": b"account_id\na\n", "requests.parquet/a.parquet": GOOD},
        "requests.parquet",
        "a folder requests.parquet",
    ),
    "list of ids": (
        {"requests.parquet": pa.table({"account_id": [["a"]], "ts": [NOON]})},
        "requests.parquet",
        "column account_id",
    ),
    "fractional ids": (
        {"requests.parquet": pa.table({"account_id": [1.5], "ts": [NOON]})},
        "requests.parquet",
        "column account_id",
    ),
    "times as integers": (
        {"requests.parquet": pa.table({"account_id": ["a"], "ts": [1_795_000_000]})},
        "requests.parquet",
        "column ts",
    ),
    "numbers as booleans": (
        {"requests.parquet": pa.table({"account_id": ["a"], "ts": [NOON], "input_tokens": [True]})},
        "requests.parquet",
        "column input_tokens",
    ),
    "prompt as struct": (
        {"requests.parquet": pa.table({"account_id": ["a"], "ts": [NOON], "prompt": [{"x": "y"}]})},
        "requests.parquet",
        "column prompt",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    contents, place, word = BROKEN[name]
    for file, content in contents.items():
        put(tmp_path, file, content)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert place in str(caught.value)
    assert word in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_any_cut_of_a_parquet_file_is_an_error_of_ours(tmp_path: Path) -> None:
    whole = pack(WORLD["requests"], ["account_id", "ts", "prompt"], "parquet")
    for cut in random.Random(3).sample(range(len(whole)), 40):
        put(tmp_path, "requests.parquet", whole[:cut])
        with pytest.raises(DataError, match=r"requests\.parquet"):
            read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf", b"\n\n"], ids=["no byte", "mark", "line ends"]
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_text_file_that_holds_nothing_has_no_rows_and_is_counted(
    form: str, content: bytes, packed: bool, tmp_path: Path
) -> None:
    columns = ["account_id", "ts", "ip"]
    put(tmp_path, f"requests/1.{form}", pack(WORLD["requests"], columns, form))
    whole, alone = read(tmp_path)
    name = f"requests/0.{form}.gz" if packed else f"requests/0.{form}"
    put(tmp_path, name, gzip.compress(content) if packed else content)
    snapshot, drawn = read(tmp_path)
    assert drawn["requests"].equals(alone["requests"])
    assert tally(snapshot)["files"] == [name, f"requests/1.{form}"]
    assert (tally(whole)["empty"], tally(snapshot)["empty"]) == (0, 1)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_a_table_whose_only_file_has_no_byte_is_empty(form: str, tmp_path: Path) -> None:
    snapshot, drawn = requests_of(tmp_path, b"", f"requests.{form}")
    assert drawn.num_rows == 0 and tally(snapshot)["empty"] == 1
    assert snapshot.report()["signals"]["address"].startswith("off")


def test_a_file_of_a_header_only_is_counted_and_blanks_before_rows_are_no_end(
    tmp_path: Path,
) -> None:
    snapshot, drawn = requests_of(tmp_path, b"account_id,ts\n", "requests.csv")
    assert drawn.num_rows == 0 and tally(snapshot)["empty"] == 1
    blanks = b"\n" * 5000 + b'{"account_id": "a", "ts": "2026-11-22"}\n'
    snapshot, drawn = requests_of(tmp_path / "other", blanks, "requests.jsonl")
    assert drawn.num_rows == 1 and tally(snapshot)["empty"] == 0


def test_a_file_without_a_header_is_told_without_its_cells(tmp_path: Path) -> None:
    content = f"acct,203.0.113.7,{SECRET},please translate this text now,jo@x.example\na,b,c,d,e\n"
    with pytest.raises(DataError, match="no column account_id") as caught:
        read(put(tmp_path, "requests.csv", content.encode()))
    for cell in ("203", "4111", "1111", "jo@"):
        assert cell not in str(caught.value)


def test_too_many_refused_rows_stop_the_run_without_showing_them(tmp_path: Path) -> None:
    lines = [f"a,{SECRET},203.0.113.7" if n < 3 else "a,2026-11-22,203.0.113.7" for n in range(10)]
    put(tmp_path, "requests.csv", "\n".join(["account_id,ts,ip", *lines]).encode())
    snapshot, _ = read(tmp_path, IngestSettings(max_refused_share=0.3))
    assert tally(snapshot)["refused"] == 3
    with pytest.raises(DataError) as caught:
        read(tmp_path, IngestSettings(max_refused_share=0.29))
    text = str(caught.value)
    assert "too many rows of requests" in text
    assert "3 of 10 rows: requests.csv row 1, ts: not a time between 2000 and 2100" in text
    assert "1111" not in text


def test_clashing_accounts_count_towards_the_limit(tmp_path: Path) -> None:
    put(tmp_path, "accounts.csv", b"account_id,country\na,FR\na,DE\nb,FR\n")
    with pytest.raises(DataError, match="2 of 3 rows"):
        read(tmp_path, IngestSettings(max_refused_share=0.5))


def test_days_are_listed_in_order_and_their_absence_is_told(tmp_path: Path) -> None:
    for name in ("dt=2026-11-22", "dt=2026-02-30", "dt=2026-01-05", "notes"):
        (tmp_path / "some" / name).mkdir(parents=True)
    some = open_snapshots(tmp_path / "some", Settings())
    assert some.days == (date(2026, 1, 5), date(2026, 11, 22))
    with pytest.raises(DataError, match="is not there"):
        open_snapshots(tmp_path / "none", Settings())
    with pytest.raises(DataError, match="holds no day"):
        open_snapshots(tmp_path, Settings())
    with pytest.raises(DataError, match="holds no table"):
        read_snapshot(some, DAY)
    with pytest.raises(DataError, match="2026-11-23 is not there"):
        read_snapshot(some, date(2026, 11, 23))


def test_tables_from_memory_are_checked_as_files_are() -> None:
    with pytest.raises(DataError, match="table requests has no column account_id"):
        check_tables({"requests": pa.table({"user": ["a"]})}, DAY, LENIENT)
    twice = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["account_id", "account_id"])
    with pytest.raises(DataError, match="table requests has columns repeated"):
        check_tables({"requests": twice}, DAY, LENIENT)
    local = datetime(2026, 11, 22, 14, tzinfo=timezone(timedelta(hours=2)))
    requests = pa.table({"account_id": ["a", None], "ts": [local, local], "other": [1, 2]})
    snapshot = check_tables({"requests": requests}, DAY, LENIENT)
    drawn = draw(snapshot)["requests"]
    assert drawn["ts"].to_pylist() == [NOON]
    assert refusals(snapshot) == [("requests (in memory)", 2, "account_id", "empty")]


def test_tables_without_rows_are_read(tmp_path: Path) -> None:
    put(tmp_path, "accounts.parquet", ACCOUNTS.empty())
    put(tmp_path, "requests.csv", b"account_id,ts,ip\n")
    put(tmp_path, "payments.jsonl", b"")
    snapshot, drawn = read(tmp_path, IngestSettings(max_refused_share=0))
    assert [table.num_rows for table in drawn.values()] == [0] * 4
    assert tally(snapshot)["rows"] == 0
    chunkless = pa.table(
        {"account_id": pa.chunked_array([], pa.string()), "ts": pa.chunked_array([], pa.string())}
    )
    assert draw(check_tables({"requests": chunkless}, DAY, LENIENT))["requests"] == REQUESTS.empty()
