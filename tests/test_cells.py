"""A cell means the same whatever stands beside it, however fast its column is read."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphkit.contracts import REQUESTS
from graphkit.ingest.cells import check_cells
from graphkit.ingest.times import parse_times

# No number and no time: a column with it is read the slower way.
JUNK = "junk"
NUMBERS = st.text("0159.eE+-_ xXinfaN", max_size=7) | st.floats(width=32).map(str)
DATES = st.sampled_from(["2026-11-22", "2024-02-29", "2026-02-29", "1677-01-01", "2026-2-3"])
CLOCKS = st.from_regex(r"[0-9]{2}(:[0-9]{2}){0,2}(\.[0-9]{0,9})?", fullmatch=True)
ZONES = st.from_regex(r"|Z|z|[+-][0-9]{2}(:?[0-9]{2}){0,2}", fullmatch=True)
TIMES = st.builds("".join, st.tuples(DATES, st.sampled_from("Tt "), CLOCKS, ZONES))


def _count(cells: list[str]) -> int | None:
    table = pa.table({"account_id": ["a"] * len(cells), "input_tokens": pa.array(cells)})
    checked = check_cells(table, REQUESTS, dt=date(2026, 11, 22), source="a table", time="iso")
    first: int | None = checked.table["input_tokens"][0].as_py()
    return first


@given(NUMBERS)
@example("1e3")
@example("0x10")
@example("1000000000000.4")
@example("NaN")
def test_a_count_is_read_alike_beside_other_counts_and_beside_junk(cell: str) -> None:
    assert _count([cell]) == _count([cell, JUNK])


@pytest.mark.parametrize(
    ("cell", "count"),
    [("12", 12), ("2.5", 2), ("3.5", 4), ("1e12", 10**12), ("1000000000001", None), ("-1", None)],
)
def test_counts_are_rounded_to_even_and_kept_in_their_range(cell: str, count: int | None) -> None:
    assert _count([cell]) == _count([cell, JUNK]) == count


@given(TIMES)
@example("2026-11-22T23-05:30")
@example("2026-11-22T10:00:00.123456789Z")
@example("2026-11-22T10:00-05:30")
@example("2026-11-22T24:00:00Z")
def test_a_time_is_read_alike_beside_other_times_and_beside_junk(cell: str) -> None:
    alone, _ = parse_times(pa.chunked_array([[cell]]), "iso")
    beside, _ = parse_times(pa.chunked_array([[cell, JUNK]]), "iso")
    assert alone[0] == beside[0]
