"""An allow-list under the key, so that what it names is never kept as it is."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import BENIGN, LISTED, pseudonym
from graphkit.entities.keys import Key
from graphkit.entities.values import device, identify
from graphkit.errors import DataError


def key_benign(listed: pa.Table, key: Key) -> pa.Table:
    """Put keyed pseudonyms in the place of the values of an allow-list; account ids stay.

    Args:
        listed: LISTED.
        key: what the links' pseudonyms are made with.

    Returns:
        BENIGN, sorted, so that the order of the list does not matter.

    Raises:
        DataError: a value can be no entity of its kind.
    """
    parts = [BENIGN.empty()]
    for kind in sorted(pc.unique(LISTED.check(listed)["kind"]).to_pylist()):
        part = listed.filter(pc.equal(listed["kind"], pa.scalar(kind)))
        parts.append(
            pa.table(
                {
                    "kind": part["kind"],
                    "entity": part["entity"] if kind == "account" else _names(kind, part, key),
                    "until": part["until"],
                    "why": part["why"],
                }
            )
        )
    rows = pa.concat_tables(parts)
    order = pc.sort_indices(rows, [(name, "ascending") for name in BENIGN.columns])
    return BENIGN.conform(rows.take(order))


def _names(kind: str, part: pa.Table, key: Key) -> pa.Array:
    values: list[Any] = part["entity"].to_pylist()
    if kind == "device":
        values = [
            device(agent, tls)
            for agent, tls in zip(values, part["tls_fingerprint"].to_pylist(), strict=True)
        ]
    entities = identify(kind, values, key)
    if entities.null_count:
        place = part["place"].filter(pc.is_null(entities))[0].as_py()
        raise DataError(
            f"{place}, column entity cannot be used",
            found=f"a value that links no accounts as {kind}",
            allowed="an address outside the private ranges" if kind == "ip" else "a mail domain",
            do="correct the value, or remove the line",
        )
    return pseudonym(kind, entities)
