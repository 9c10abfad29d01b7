"""What an entity of each kind is worth: a table a person can read, shipped as data."""

from importlib import resources

import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.contracts import Contract
from graphkit.settings import GraphSettings

WEIGHTS = Contract(
    "WEIGHTS",
    "One row per entity kind (`*` for every other kind of mention): its signal, the holders above "
    "which it proposes no pair, the millibits per bit of rarity, the most that the kind adds to a "
    "pair, and the share of both accounts' requests, in thousandths, at which it counts in full "
    "(0: always).",
    {
        "kind": pa.string(),
        "signal": pa.string(),
        "hub_cap": pa.int64(),
        "per_bit": pa.int64(),
        "ceiling": pa.int64(),
        "full_share": pa.int64(),
    },
    key=("kind",),
)


def default_weights() -> pa.Table:
    """The packaged WEIGHTS: set by hand, not fitted; see ARCHITECTURE.md."""
    file = resources.files("graphkit.graph").joinpath("weights.csv")
    with file.open("rb") as stream:
        return WEIGHTS.conform(pacsv.read_csv(stream))


def weights_for(settings: GraphSettings) -> pa.Table:
    """The packaged WEIGHTS with a user's own values in place of theirs.

    An organisation that was verified is no discovery: sharing it weighs nothing.

    Args:
        settings: own values by kind (a kind that the table does not have starts from the row `*`),
            and whether organisations are verified.
    """
    rows = {row["kind"]: row for row in default_weights().to_pylist()}
    for kind, own in sorted(settings.kinds.items()):
        base = rows.get(kind, rows["*"])
        rows[kind] = base | {"kind": kind} | own.model_dump(exclude_none=True)
    if settings.trust_org_id:
        rows["org"]["per_bit"] = 0
    return WEIGHTS.conform(pa.Table.from_pylist(list(rows.values()), schema=WEIGHTS.schema))
