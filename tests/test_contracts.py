"""What a contract promises of its key, and what the query engine promises of order."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphkit.contracts import Contract
from graphkit.errors import DataError
from graphkit.sql import query

PAIRS = Contract(
    "PAIRS",
    "One row per day, account and number.",
    {"dt": pa.date32(), "account_id": pa.string(), "n": pa.int64()},
    key=("dt", "account_id", "n"),
)
ROWS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["", "a", "é", "z"]), st.integers()))


def _table(rows: list[tuple[int, str, int]]) -> pa.Table:
    start = date(2026, 11, 22)
    return pa.table(
        {
            "dt": pa.array([start + timedelta(days=day) for day, _, _ in rows], pa.date32()),
            "account_id": pa.array([account for _, account, _ in rows], pa.string()),
            "n": pa.array([n % 3 for _, _, n in rows], pa.int64()),
        }
    )


@given(ROWS, st.booleans())
@example([(0, "a", 1), (0, "a", 1)], True)
@example([(0, "a", 2), (0, "a", 1), (0, "a", 2)], False)
def test_a_repeated_key_is_found_in_any_order(
    rows: list[tuple[int, str, int]], ordered: bool
) -> None:
    rows = [(day, account, n % 3) for day, account, n in rows]
    rows = sorted(rows) if ordered else rows
    repeats = len(rows) - len(set(rows))
    if not repeats:
        assert PAIRS.check(_table(rows)).num_rows == len(rows)
        return
    with pytest.raises(DataError, match=rf"key \(dt, account_id, n\): {repeats} repeats"):
        PAIRS.check(_table(rows))


def test_a_repeated_key_is_found_across_chunks() -> None:
    one = _table([(0, "a", 1), (0, "b", 1)])
    with pytest.raises(DataError, match="1 repeats"):
        PAIRS.check(pa.concat_tables([one, one.slice(1)]))


def test_rows_that_are_only_changed_keep_their_order_on_many_threads() -> None:
    numbers = np.random.default_rng(0).permutation(300_000)
    texts = pa.table({"cell": pa.array(numbers.astype(str))})
    got = query("SELECT TRY_CAST(cell AS BIGINT) AS n FROM cells", {"cells": texts})["n"]
    assert got.to_pylist() == numbers.tolist()
