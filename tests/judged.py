"""Truths and claims by hand, as the tests of the scorer write them."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from graphkit.contracts import CLAIMS, RING_MEMBERS, TRUTH

DAY = date(2026, 11, 22)


def spread(*rings: tuple[str | None, int]) -> dict[str, str | None]:
    """Accounts a000, a001, ... in runs: `("A", 3)` is three accounts of ring A."""
    names = [ring for ring, size in rings for _ in range(size)]
    return {f"a{place:03}": ring for place, ring in enumerate(names)}


def named(rings: list[str | None]) -> dict[str, str | None]:
    """Accounts a000, a001, ... with those rings."""
    return {f"a{place:03}": ring for place, ring in enumerate(rings)}


def truth_of(rings: Mapping[str, str | None], kind: str = "lone", **columns: Any) -> pa.Table:
    """TRUTH from account to ring; further columns have the same value for every account."""
    rows = [
        {"account_id": account, "ring": ring, "kind": "ring" if ring else kind} | columns
        for account, ring in rings.items()
    ]
    return pa.Table.from_pylist(rows, schema=TRUTH.schema)


def claims_of(
    rings: Mapping[str, str | None],
    *,
    score: Mapping[str, float] | None = None,
    confidence: Mapping[str, float | None] | None = None,
    candidates: Collection[str] = (),
) -> pa.Table:
    """CLAIMS from account to ring; scores, and what is not published, by ring."""
    rows = [
        {
            "account_id": account,
            "ring": ring,
            "score": (score or {}).get(ring, 1.0),
            "confidence": (confidence or {}).get(account),
            "published": ring not in candidates,
        }
        for account, ring in rings.items()
        if ring is not None
    ]
    return pa.Table.from_pylist(rows, schema=CLAIMS.schema)


def members_of(
    rings: Mapping[str, str | None], *, dt: date = DAY, status: str = "published"
) -> pa.Table:
    """RING_MEMBERS of a day from account to ring."""
    rows = [
        {
            "dt": dt,
            "ring_id": ring,
            "account_id": account,
            "score": 1000,
            "confidence": 1.0,
            "status": status,
        }
        for account, ring in rings.items()
        if ring is not None
    ]
    return pa.Table.from_pylist(rows, schema=RING_MEMBERS.schema)
