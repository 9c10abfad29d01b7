"""Files are read ahead, in bounded memory, and say the same whatever the width of a part."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.errors import StorageError
from graphkit.ingest import csv_form, forms, json_form, open_snapshots, read_snapshot
from graphkit.ingest.ahead import ahead, begun
from graphkit.settings import Settings

DAY = date(2026, 11, 22)


def _write(folder: Path, form: str, rows: int) -> Path:
    """A day's requests, about 130 bytes each."""
    names = ("account_id", "ts", "prompt")
    cells = [(f"a{n}", "2026-11-22T10:00:00Z", f"{n} " + "word " * 20) for n in range(rows)]
    path = folder / f"dt={DAY}" / f"requests.{form}"
    path.parent.mkdir(parents=True)
    if form == "parquet":
        columns = dict(zip(names, map(list, zip(*cells, strict=True)), strict=True))
        pq.write_table(pa.table(columns), path, row_group_size=10_000)
    elif form == "csv":
        path.write_text("\n".join(map(",".join, [names, *cells])), "utf-8")
    else:
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in cells]
        path.write_text("\n".join(lines), "utf-8")
    return folder


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_what_is_held_does_not_grow_with_the_rows(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (forms, csv_form, json_form):
        monkeypatch.setattr(module, "BLOCK", 1 << 18)

    def held(rows: int) -> int:
        folder = _write(tmp_path / f"{rows}", form, rows)
        snapshot = read_snapshot(open_snapshots(folder, Settings()), DAY)
        before = pa.total_allocated_bytes()
        parts = [(part.num_rows, pa.total_allocated_bytes()) for part in snapshot.requests]
        assert sum(n for n, _ in parts) == rows
        assert len(parts) >= rows * 130 >> 18
        return max(bytes_ for _, bytes_ in parts) - before

    assert held(80_000) < 2 * held(20_000)


@pytest.mark.parametrize(
    ("line", "used"),
    [
        ('{"account_id": "a"}', True),
        ('\t {"account_id": "a"} \r', True),
        ('[{"account_id": "a"}]', False),
        ('"{"', False),
        ("null", False),
        ("{", False),
        ('{"account_id": "a"}{}', False),
    ],
)
def test_a_line_is_used_where_it_is_one_object(line: str, used: bool, tmp_path: Path) -> None:
    path = tmp_path / f"dt={DAY}" / "requests.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(['{"account_id": "first"}', "", line, " "]), newline="")
    snapshot = read_snapshot(
        open_snapshots(tmp_path, Settings.model_validate({"ingest": {"max_refused_share": 0.5}})),
        DAY,
    )
    drawn = [id_ for part in snapshot.requests for id_ in part["account_id"].to_pylist()]
    assert drawn == ["first", *["a"] * used]
    rejects = [(row["row"], row["reason"]) for row in snapshot.rejects().to_pylist()]
    assert rejects == [(3, "not a JSON object")] * (not used)


def test_what_is_read_ahead_comes_in_order_and_fails_in_its_place() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for n in range(5):
            made.append(n)
            yield n
        raise StorageError("gone", found="nothing", allowed="a file", do="try again")

    drawn = ahead(items())
    assert next(drawn) == 0
    got = [0]
    with pytest.raises(StorageError, match="gone"):
        got += drawn
    assert got == made == [0, 1, 2, 3, 4]


def test_nothing_is_read_further_than_one_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for n in range(9):
            made.append(n)
            yield n

    drawn = iter(ahead(items()))
    assert [next(drawn), next(drawn)] == [0, 1]
    del drawn
    assert made in ([0, 1], [0, 1, 2])


def test_work_begun_raises_where_its_result_is_asked_for() -> None:
    def fail() -> int:
        raise StorageError("gone", found="nothing", allowed="a file", do="try again")

    assert begun(lambda: 7)() == 7
    asked = begun(fail)
    with pytest.raises(StorageError, match="gone"):
        asked()
