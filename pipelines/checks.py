"""What must hold before a date is published."""

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.detection import Findings
from graphkit.errors import DataError
from graphkit.workflow import Day
from pipelines.lake import DAY_TABLES, RING_TABLES


def check(findings: Findings, today: Day) -> None:
    """Check what is about to be published; a failed check publishes nothing.

    Raises:
        DataError: naming every check that failed.
    """
    for name, contract in (DAY_TABLES | RING_TABLES).items():
        contract.check(getattr(today if name in DAY_TABLES else findings, name))
    rings, members = findings.rings, findings.members
    listed, sizes = rings["ring_id"].to_pylist(), rings["size"].to_pylist()
    counted = members.group_by("ring_id").aggregate([("account_id", "count")]).to_pylist()
    confidence = members["confidence"].to_numpy()  # a null is NaN, which lies nowhere
    tables = today.report["tables"].values()
    holds = {
        "scores are not null": not rings["score"].null_count and not members["score"].null_count,
        "confidences lie in 0 to 1": bool(((confidence >= 0) & (confidence <= 1)).all()),
        "members are accounts of the window": _within(
            members["account_id"], findings.profiles["account_id"]
        ),
        "rings have the members that they count": dict(zip(listed, sizes, strict=True))
        == {row["ring_id"]: row["account_id_count"] for row in counted},
        "evidence is of a ring": _within(findings.evidence["ring_id"], rings["ring_id"]),
        "rows are used or refused": all(
            table["rows"] == table["used"] + table["refused"] for table in tables
        ),
        "refused rows are kept": today.rejects.num_rows == sum(t["refused"] for t in tables),
    }
    if failed := [name for name, held in holds.items() if not held]:
        raise DataError(
            f"{findings.dt} is not published: a check failed",
            found="it does not hold that " + "; that ".join(failed),
            allowed="every check holds",
            do="keep the day's files and report this as a fault of graphkit",
        )


def _within(values: pa.ChunkedArray, known: pa.ChunkedArray) -> bool:
    """Whether every value is one of the known ones."""
    return pc.all(pc.is_in(values, value_set=known)).as_py() is not False
