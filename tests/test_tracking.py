"""Rings keep their ids: continuing, splitting, merging, being born and ending."""

from datetime import date

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graphkit.contracts import RING_MEMBERS
from graphkit.tracking import Matched, Previous, match_rings, renamed

YESTERDAY, TODAY = date(2026, 11, 21), date(2026, 11, 22)


def members_table(rings: dict[str, str], dt: date = TODAY) -> pa.Table:
    rows = [(ring, account) for ring, accounts in rings.items() for account in accounts]
    n = len(rows)
    return RING_MEMBERS.conform(
        pa.table(
            {
                "dt": pa.array([dt] * n, pa.date32()),
                "ring_id": pa.array([ring for ring, _ in rows], pa.string()),
                "account_id": pa.array([account for _, account in rows], pa.string()),
                "score": pa.array([0] * n, pa.int64()),
                "confidence": pa.array([1.0] * n, pa.float64()),
                "status": pa.array(["published"] * n, pa.string()),
            }
        )
    )


def matched(today: dict[str, str], before: dict[str, str] | None, number: int = 10) -> Matched:
    earlier = None
    if before is not None:
        earlier = Previous(YESTERDAY, members_table(before, YESTERDAY), number)
    return match_rings(members_table(today), earlier, dt=TODAY)


def names(found: Matched) -> dict[str, str]:
    return {row["provisional"]: row["ring_id"] for row in found.names.to_pylist()}


def events(found: Matched) -> set[tuple[str | None, str | None, int, str]]:
    return {
        (row["ring_id"], row["previous_ring_id"], row["n_shared"], row["event"])
        for row in found.lineage.to_pylist()
    }


def test_the_first_day_numbers_from_one() -> None:
    found = matched({"R-0001": "abc", "R-0002": "xyz"}, None)
    assert names(found) == {"R-0001": "R-0001", "R-0002": "R-0002"}
    assert events(found) == {("R-0001", None, 0, "born"), ("R-0002", None, 0, "born")}
    assert found.next_number == 3


def test_a_ring_goes_on_under_its_id() -> None:
    found = matched({"R-0001": "abcd"}, {"R-0007": "abce"})
    assert names(found) == {"R-0001": "R-0007"}
    assert events(found) == {("R-0007", "R-0007", 3, "continues")}
    assert found.next_number == 10


def test_a_ring_that_shares_little_is_another() -> None:
    found = matched({"R-0001": "axyz"}, {"R-0007": "abcd"})
    assert names(found) == {"R-0001": "R-0010"}
    assert events(found) == {("R-0010", None, 0, "born"), (None, "R-0007", 0, "ends")}


def test_a_split_keeps_the_id_with_the_larger_part() -> None:
    found = matched({"R-0001": "abc", "R-0002": "defgh"}, {"R-0004": "abcdefgh"})
    assert names(found) == {"R-0001": "R-0010", "R-0002": "R-0004"}
    assert events(found) == {
        ("R-0004", "R-0004", 5, "continues"),
        ("R-0010", "R-0004", 3, "splits"),
    }


def test_a_merge_keeps_the_id_of_the_larger_part() -> None:
    found = matched({"R-0001": "abcdefgh"}, {"R-0004": "abc", "R-0005": "defgh"})
    assert names(found) == {"R-0001": "R-0005"}
    assert events(found) == {
        ("R-0005", "R-0005", 5, "continues"),
        ("R-0005", "R-0004", 3, "merges"),
    }


rings = st.dictionaries(
    st.sampled_from([f"R-{number:04}" for number in range(1, 6)]),
    st.integers(1, 5),
    max_size=5,
)


@given(
    st.lists(st.integers(0, 5), min_size=12, max_size=12),
    st.lists(st.integers(0, 5), min_size=12, max_size=12),
)
def test_ids_are_unique_and_never_reused(today: list[int], before: list[int]) -> None:
    def grouped(places: list[int]) -> dict[str, str]:
        return {
            f"R-{ring:04}": "".join(
                chr(97 + at) for at, place in enumerate(places) if place == ring
            )
            for ring in sorted(set(places))
            if ring
        }

    earlier = grouped(before)
    found = matched(grouped(today), earlier, number=6)
    lasting = list(names(found).values())
    assert len(set(lasting)) == len(lasting) == len(grouped(today))
    fresh = [int(name[2:]) for name in lasting if name not in earlier]
    assert sorted(fresh) == list(range(6, 6 + len(fresh)))
    assert found.next_number == 6 + len(fresh)
    ended = {row["previous_ring_id"] for row in found.lineage.to_pylist()} - {None}
    assert ended == set(earlier), "each earlier ring has a fate"


def test_renaming_keeps_rows_in_place() -> None:
    found = matched({"R-0001": "abcd", "R-0002": "xyz"}, {"R-0007": "xyz"})
    table = renamed(members_table({"R-0001": "abcd", "R-0002": "xyz"}), found.names)
    assert table["ring_id"].to_pylist() == ["R-0010"] * 4 + ["R-0007"] * 3
    assert table["account_id"].to_pylist() == list("abcdxyz")
