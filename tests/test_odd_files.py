"""Files as careless writers and hostile senders make them: nothing is lost in silence."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.errors import DataError
from graphkit.ingest import (
    Snapshot,
    csv_form,
    forms,
    json_form,
    open_snapshots,
    read_snapshot,
)
from graphkit.ingest.place import local_file
from graphkit.settings import IngestSettings, Settings

DAY = date(2026, 11, 22)
HEAD = b"account_id,ts,user_agent\n"
ROW = b"a,2026-11-22,x\n"


def read(root: Path, name: str, content: bytes) -> tuple[Snapshot, pa.Table]:
    day = root / f"dt={DAY}"
    day.mkdir(parents=True, exist_ok=True)
    (day / name).write_bytes(content)
    settings = Settings(ingest=IngestSettings(max_refused_share=1))
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    return snapshot, pa.concat_tables(snapshot.requests)


@pytest.mark.parametrize("at", [0, 1, 700])
def test_a_row_wider_than_a_block_loses_no_other_row(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (csv_form, json_form):
        monkeypatch.setattr(module, "BLOCK", 512)
    ids = [f"a{n}" for n in range(900)]
    agents = ["x" * 8000 if n in (at, at + 5) else "x" for n in range(900)]
    rows = [f"{i},2026-11-22,{agent}" for i, agent in zip(ids, agents, strict=True)]
    rows.insert(800, "short,row")
    rows.insert(3, "short")
    text = "\n".join(["account_id,ts,user_agent", *rows])
    snapshot, drawn = read(tmp_path / "csv", "requests.csv", text.encode())
    assert drawn["account_id"].to_pylist() == ids
    assert drawn["user_agent"].to_pylist() == agents
    assert snapshot.rejects()["row"].to_pylist() == [4, 802]
    lines = [
        json.dumps({"account_id": i, "ts": "2026-11-22", "user_agent": agent})
        for i, agent in zip(ids, agents, strict=True)
    ]
    _, drawn = read(tmp_path / "json", "requests.jsonl", "\n".join(lines).encode())
    assert drawn["user_agent"].to_pylist() == agents


def test_a_row_wider_than_can_be_held_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_form, "BLOCK", 1 << 20)
    monkeypatch.setattr(csv_form, "_WIDEST", 4 << 20)
    content = HEAD + ROW * 9 + b"a,2026-11-22," + b"x" * (9 << 20) + b"\n" + ROW * 9
    with pytest.raises(DataError, match=r"requests\.csv(?s:.*)a row of more than 4 MB"):
        read(tmp_path, "requests.csv", content)


@pytest.mark.parametrize(
    "tail",
    [b'b,2026-11-22,"x\n', b'"b,2026-11-22,x\n', b'b,2026-11-22,"x""\n', b'"b",2026-11-22,"\r\n'],
)
def test_a_quote_that_is_never_closed_is_told_with_its_row(tail: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="begins in row 4 "):
        read(tmp_path, "requests.csv", HEAD + ROW * 3 + tail + ROW * 50)


def test_quotes_that_close_or_stand_inside_plain_cells_are_cells(tmp_path: Path) -> None:
    cells = [b'a 5" screen', b'"a ""word"""', b'"a\nline"', b'""', b'"a ""half"']
    content = HEAD + b"".join(b"b,2026-11-22,%b\n" % cell for cell in cells) + ROW
    _, drawn = read(tmp_path, "requests.csv", content)
    assert drawn["user_agent"].to_pylist() == [
        *('a 5" screen', 'a "word"', "a\nline", None, 'a "half'),
        "x",
    ]


def test_lines_that_the_engine_refuses_are_mended(tmp_path: Path) -> None:
    deep = "[" * 30_000 + "]" * 30_000
    agents = {
        r'"\ud800"': r"\xed\xa0\x80",
        r'"\ud83d\ude00 \udfff"': r"😀 \xed\xbf\xbf",
        r'"\\ud800 \ud801"': r"\ud800 \xed\xa0\x81",
        '"a\x01b\x00"': "a\x01b\x00",
        r'["\ud800", ' + deep + "]": r'["\\xed\\xa0\\x80",' + deep + "]",
        r'"\ud800", "input_tokens": ' + "9" * 5000: r"\xed\xa0\x80",
        r'"\ud800", "input_tokens": NaN': r"\xed\xa0\x80",
    }
    lines = [f'{{"account_id": "a", "ts": "2026-11-22", "user_agent": {text}}}' for text in agents]
    raw = b'{"account_id": "a\xff", "ts": "2026-11-22", "user_agent": "\xed\xa0\x80"}\n'
    snapshot, drawn = read(tmp_path, "requests.jsonl", "\n".join(lines).encode() + b"\n" + raw)
    assert snapshot.rejects().num_rows == 0
    assert drawn["user_agent"].to_pylist() == [*agents.values(), r"\xed\xa0\x80"]
    assert drawn["account_id"].to_pylist() == ["a"] * len(agents) + [r"a\xff"]


def test_what_is_no_object_is_refused_by_its_line(tmp_path: Path) -> None:
    good = '{"account_id": "a", "ts": "2026-11-22", "user_agent": "x"}'
    lines = [good, '"\\ud800"', '{"account_id": "\ud800', good + good, "[]", "null", good]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    snapshot, drawn = read(tmp_path, "requests.jsonl", content)
    assert snapshot.rejects()["row"].to_pylist() == [2, 3, 4, 5, 6]
    assert drawn.num_rows == 2


def test_wide_rows_of_parquet_make_short_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "BLOCK", 1 << 20)
    agents = [f"{n % 7}" * 20_000 for n in range(3000)]
    table = pa.table({"account_id": ["a"] * 3000, "ts": ["2026-11-22"] * 3000, "prompt": agents})
    pq.write_table(table, tmp_path / "requests.parquet")
    columns = {name: name for name in table.column_names}
    parts = list(forms.parts(local_file(tmp_path / "requests.parquet"), columns))
    assert max(part.table.nbytes for part in parts) < 16 << 20
    assert [row for part in parts for row in part.rows] == list(range(1, 3001))
    assert pa.concat_tables([part.table for part in parts])["prompt"].to_pylist() == agents
