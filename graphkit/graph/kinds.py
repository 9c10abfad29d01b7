"""What is known of each kind of entity before any data: a table a person can read."""

from importlib import resources

import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.contracts import Contract
from graphkit.settings import GraphSettings

KINDS = Contract(
    "KINDS",
    "One row per entity kind (`*` for every other kind of mention): its signal, the holders above "
    "which it proposes no pair, and, of kinds that are weighed by hand, the millibits per bit of "
    "rarity and the most that the kind adds to a pair; null where the scorecard weighs the kind.",
    {
        "kind": pa.string(),
        "signal": pa.string(),
        "hub_cap": pa.int64(),
        "per_bit": pa.int64(),
        "ceiling": pa.int64(),
    },
    required=("kind", "signal", "hub_cap"),
    key=("kind",),
)
_ANY_CEILING = 6500  # millibits, of a kind that is weighed by hand and says no ceiling


def default_kinds() -> pa.Table:
    """The packaged KINDS."""
    file = resources.files("graphkit.graph").joinpath("kinds.csv")
    with file.open("rb") as stream:
        return KINDS.conform(pacsv.read_csv(stream))


def kinds_for(settings: GraphSettings) -> pa.Table:
    """The packaged KINDS with a user's own values in place of theirs.

    A kind with millibits per bit is weighed by hand, also where the scorecard knows it. An
    organisation that was verified is no discovery: sharing it weighs nothing.

    Args:
        settings: own values by kind (a kind that the table does not have starts from the row `*`),
            and whether organisations are verified.
    """
    rows = {row["kind"]: row for row in default_kinds().to_pylist()}
    for kind, own in sorted(settings.kinds.items()):
        base = rows.get(kind, rows["*"])
        rows[kind] = base | {"kind": kind} | own.model_dump(exclude_none=True)
    if settings.trust_org_id:
        rows["org"]["per_bit"] = 0
    for row in rows.values():
        if row["per_bit"] is not None and row["ceiling"] is None:
            row["ceiling"] = _ANY_CEILING
    return KINDS.conform(pa.Table.from_pylist(list(rows.values()), schema=KINDS.schema))
