"""A truth, of a simulated world or of a user's own labelled cases, brought into one form."""

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import TRUTH
from graphkit.errors import DataError, nearest

HIJACKED, JUNK = "hijacked", "junk"
ROLES = ("member", HIJACKED, "bridge", JUNK, "framed")


def completed(truth: pa.Table, *, where: str = "the truth") -> pa.Table:
    """Bring a truth into the form TRUTH.

    Only account_id and ring are asked for; a column that is missing is null for everybody, an
    empty text is null, and columns of other names are not looked at.

    Args:
        truth: account_id, ring and what else it has of TRUTH.
        where: how messages call it.

    Returns:
        TRUTH.

    Raises:
        DataError: a column is missing or does not fit, an account has two rows or none, a role is
            not known, or a ring has two operators.
    """
    for name in ("account_id", "ring"):
        if name not in truth.column_names:
            raise DataError(
                f"{where} has no column {name}",
                found=", ".join(truth.column_names),
                allowed=", ".join(TRUTH.columns),
                do="add the column; ring is empty for accounts in no ring"
                + nearest(name, truth.column_names),
            )
    columns = {}
    for name, dtype in TRUTH.columns.items():
        missing = name not in truth.column_names
        given = pa.nulls(truth.num_rows) if missing else truth[name]
        columns[name] = _fitted(given, name, dtype, where)
    table = TRUTH.conform(pa.table(columns))
    _check_roles(table, where)
    _check_operators(table, where)
    return table


def _fitted(
    column: pa.Array | pa.ChunkedArray, name: str, dtype: pa.DataType, where: str
) -> pa.Array | pa.ChunkedArray:
    """A column in its type, empty texts as nulls."""
    try:
        if not pa.types.is_temporal(column.type):
            column = column.cast(pa.string())
            column = pc.if_else(
                pc.equal(column, pa.scalar("")), pa.scalar(None, pa.string()), column
            )
        return column.cast(dtype)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        days = pa.types.is_date(dtype)
        raise DataError(
            f"{where} has a column {name} that does not fit",
            found=f"type {column.type}" if not days else f"type {column.type}, not all days",
            allowed="days as 2026-11-22, or empty" if days else str(dtype),
            do="correct the column",
        ) from None


def _check_roles(table: pa.Table, where: str) -> None:
    strange = pc.invert(pc.is_in(table["role"], pa.array([*ROLES, None], pa.string())))
    if n := pc.sum(strange).as_py():
        # A cell that is no role may be anybody's text, so it is counted and not shown.
        raise DataError(
            f"{where} has a role that is not known",
            found=f"{n} of {table.num_rows} rows",
            allowed=", ".join(ROLES) + ", or empty",
            do="correct the column role",
        )


def _check_operators(table: pa.Table, where: str) -> None:
    named = table.filter(pc.is_valid(table["ring"])).select(["ring", "operator"])
    pairs = named.group_by(["ring", "operator"], use_threads=False).aggregate([])
    if n := pairs.num_rows - pc.count_distinct(pairs["ring"]).as_py():
        raise DataError(
            f"{where} has rings with several operators",
            found=f"{n} more pairs of ring and operator than rings",
            allowed="one operator per ring, or none; one operator may run several rings",
            do="correct the column operator, or leave it out",
        )
