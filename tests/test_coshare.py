"""Co-sharing: the published method's own figures, and a slow oracle on small random data."""

import csv
import gzip
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from graphkit import coshare as module
from graphkit.cli import app
from graphkit.contracts import COSHARES, MENTIONS
from graphkit.coshare import coshare
from graphkit.errors import DataError, UsageError
from graphkit.settings import Settings
from graphkit.workflow import read_mentions

POSTS = Path(__file__).parents[1] / "benchmarks" / "settings" / "posts.toml"
START = datetime(2026, 11, 22, tzinfo=UTC)
Row = tuple[str, str, str, int, str | None]


def mentions(rows: Sequence[Row]) -> pa.Table:
    """MENTIONS of account, kind, entity, microseconds after the start and content."""
    return pa.Table.from_pylist(
        [
            {
                "account_id": account,
                "kind": kind,
                "entity": entity,
                "ts": START + timedelta(microseconds=at),
                "content_id": content,
            }
            for account, kind, entity, at, content in rows
        ],
        schema=MENTIONS.schema,
    )


def oracle(
    rows: Sequence[Row], within_us: int, least: int
) -> dict[tuple[str, str], tuple[int, Fraction]]:
    """The method read word for word: every two mentions are compared."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for kind in {row[1] for row in rows}:
        mine = sorted({row for row in rows if row[1] == kind}, key=repr)
        taking = Counter(row[0] for row in mine)
        mine = [row for row in mine if taking[row[0]] >= least]
        contents = [row[4] or at for at, row in enumerate(mine)]
        close = [
            (i, j)
            for i, j in combinations(range(len(mine)), 2)
            if mine[i][2] == mine[j][2]
            and mine[i][0] != mine[j][0]
            and contents[i] != contents[j]
            and abs(mine[i][3] - mine[j][3]) <= within_us
        ]
        pairing = {contents[at] for pair in close for at in pair}
        among = Counter(row[0] for row, c in zip(mine, contents, strict=True) if c in pairing)
        kept = {
            content
            for row, content in zip(mine, contents, strict=True)
            if content in pairing and among[row[0]] >= least
        }
        for i, j in close:
            if contents[i] in kept or contents[j] in kept:
                ends = sorted((mine[i][0], mine[j][0]))
                apart = abs(mine[i][3] - mine[j][3])
                pairs.setdefault((ends[0], ends[1]), []).append(apart)
    return {
        pair: (len(apart), Fraction(sum(apart), len(apart) * 1_000_000))
        for pair, apart in pairs.items()
    }


def found(table: pa.Table) -> dict[tuple[str, str], tuple[int, float]]:
    return {
        (row["account_a"], row["account_b"]): (row["weight"], row["mean_time_delta_s"])
        for row in table.to_pylist()
    }


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "Ä"]),
        st.sampled_from(["url", "tag"]),
        st.sampled_from(["x", "y"]),
        st.integers(0, 6),
        st.sampled_from([None, None, "p", "q", "r", "s"]),
    ),
    max_size=24,
)


@given(ROWS, st.integers(0, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_it_is_the_oracles(rows: list[Row], within: int, least: int, chance: random.Random) -> None:
    expected = oracle(rows, within, least)
    table = coshare(mentions(rows), within_s=within / 1e6, min_participation=least)
    assert COSHARES.check(table) is table
    assert found(table) == {pair: (n, float(mean)) for pair, (n, mean) in expected.items()}
    shuffled = list(rows)
    chance.shuffle(shuffled)
    again = coshare(mentions(shuffled), within_s=within / 1e6, min_participation=least)
    assert again.equals(table)


def test_parts_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    rows: list[Row] = [
        (f"a{chance.randrange(9)}", "url", f"u{chance.randrange(4)}", chance.randrange(50), None)
        for _ in range(400)
    ]
    whole = coshare(mentions(rows), within_s=1e-5)
    assert found(whole) == {p: (n, float(m)) for p, (n, m) in oracle(rows, 10, 2).items()}
    for size in (1, 3, 100):
        monkeypatch.setattr(module, "_PAIRS", size)
        assert coshare(mentions(rows), within_s=1e-5).equals(whole)


def test_both_ends_of_the_window_count() -> None:
    rows: list[Row] = [
        (account, "url", entity, at, None)
        for entity, late in (("x", 30_000_000), ("y", 30_000_001))
        for account, at in (("a", 0), ("b", late))
    ]
    assert found(coshare(mentions(rows), within_s=30)) == {}, "one post each of those that pair"
    table = coshare(mentions(rows), within_s=30, min_participation=1)
    assert found(table) == {("a", "b"): (1, 30.0)}


def test_one_post_and_its_copy_are_no_pair() -> None:
    rows: list[Row] = [("a", "url", "x", 0, "p"), ("b", "url", "x", 1, "p")]
    assert coshare(mentions(rows), within_s=1, min_participation=1).num_rows == 0
    apart: list[Row] = [("a", "url", "x", 0, None), ("b", "url", "x", 1, None)]
    assert coshare(mentions(apart), within_s=1, min_participation=1).num_rows == 1


def test_nothing_is_no_error() -> None:
    assert coshare(MENTIONS.empty(), within_s=30).equals(COSHARES.empty())
    assert coshare(mentions([("a", "url", "x", 0, None)]), within_s=30).num_rows == 0


@pytest.mark.parametrize("numbers", [(-1.0, 2), (float("nan"), 2), (1e12, 2), (30.0, 0)])
def test_numbers_that_do_not_fit(numbers: tuple[float, int]) -> None:
    with pytest.raises(UsageError, match="correct --within or --min"):
        coshare(MENTIONS.empty(), within_s=numbers[0], min_participation=numbers[1])


def test_mentions_of_all_days_are_read(tmp_path: Path) -> None:
    for day, rows in (("20", "a,url,x,2026-11-20T23:59:59Z,1"), ("21", "b,url,x,2026-11-21,2")):
        (tmp_path / f"dt=2026-11-{day}").mkdir()
        text = f"account_id,kind,entity,ts,content_id\n{rows}\n"
        (tmp_path / f"dt=2026-11-{day}" / "mentions.csv").write_text(text)
    read = read_mentions(tmp_path, settings=Settings())
    assert found(coshare(read, within_s=1, min_participation=1)) == {("a", "b"): (1, 1.0)}
    assert read["content_id"].to_pylist() == ["1", "2"]
    for path in tmp_path.glob("*/mentions.csv"):
        path.rename(path.with_name("requests.csv"))
    with pytest.raises(DataError, match="holds no mention"):
        read_mentions(tmp_path, settings=Settings())


def test_the_reference_on_real_posts(real_data: Path) -> None:
    folder = real_data / "coortweet_german"
    command = ["coshare", str(folder), "--within", "30", "--format", "csv"]
    result = CliRunner().invoke(app, [*command, "--settings", str(POSTS)])
    assert result.exit_code == 0, result.output
    pairs = {
        (row["account_a"], row["account_b"]): (int(row["weight"]), float(row["mean_time_delta_s"]))
        for row in csv.DictReader(result.stdout.splitlines())
    }
    with gzip.open(folder / "reference" / "edges_combined_tw30_mp2.csv.gz", "rt") as file:
        expected = {
            (row["a"], row["b"]): (int(row["weight"]), float(row["avg_time_delta"]))
            for row in csv.DictReader(file)
        }
    assert len(expected) == 2251
    assert pairs == expected
