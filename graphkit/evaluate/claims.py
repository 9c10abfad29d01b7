"""What a method claims, in one form for graphkit and for every other method."""

from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import CLAIMS, RING_MEMBERS
from graphkit.errors import DataError


class ArrowRows(Protocol):
    """Whatever hands its rows on as Arrow does: a table, or a listing of a detection."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, by the Arrow C stream interface."""


def claims_of_members(members: ArrowRows) -> pa.Table:
    """What graphkit claims on a day: every ring, of which those `published` are published.

    Args:
        members: RING_MEMBERS of one day.

    Returns:
        CLAIMS.

    Raises:
        DataError: the table breaks its contract, or an account stands in two rings.
    """
    table = RING_MEMBERS.check(pa.table(members))
    columns = {
        "account_id": table["account_id"],
        "ring": table["ring_id"],
        "score": table["score"].cast(pa.float64()),
        "confidence": table["confidence"],
        "published": pc.equal(table["status"], pa.scalar("published")),
    }
    return CLAIMS.conform(pa.table(columns))


def claims_of_communities(communities: ArrowRows, *, floor: float) -> pa.Table:
    """What any other method claims: communities of accounts, published from a score on.

    Args:
        communities: account_id, community and score, one row per account; further columns are
            not looked at. community is a text or a whole number, score a number of any unit that
            is higher the surer the method is. An account in no community has no row.
        floor: the lowest score that the method publishes.

    Returns:
        CLAIMS; nobody's confidence is stated.

    Raises:
        DataError: a column is missing or does not fit, an account stands there twice, or a score
            is null or not a number.
    """
    table = pa.table(communities)
    asked = {"account_id": "account_id", "community": "ring", "score": "score"}
    missing = [name for name in asked if name not in table.column_names]
    if missing:
        raise DataError(
            f"communities have no column {missing[0]}",
            found=", ".join(table.column_names),
            allowed=", ".join(asked),
            do="rename or add the column",
        )
    try:
        columns = {name: table[given].cast(CLAIMS.columns[name]) for given, name in asked.items()}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            "communities have a column that does not fit",
            found=", ".join(f"{name} {table.schema.field(name).type}" for name in asked),
            allowed="a text, a text or whole number, a number",
            do="correct the columns' types",
        ) from None
    none = pa.nulls(table.num_rows, pa.float64())
    published = pc.greater_equal(columns["score"], pa.scalar(float(floor)))
    return checked(pa.table(columns | {"confidence": none, "published": published}))


def checked(claims: ArrowRows) -> pa.Table:
    """The claims as they are, when they keep their contract and every score is a number.

    Raises:
        DataError: they do not.
    """
    table = CLAIMS.conform(pa.table(claims))
    n = pc.sum(pc.is_nan(table["score"])).as_py()
    if n:
        raise DataError(
            "claims have a score that is not a number",
            found=f"{n} of {table.num_rows} scores",
            allowed="numbers, of any unit",
            do="give every account that is claimed a score",
        )
    return table
