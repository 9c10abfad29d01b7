"""Reading labels: what a user knows of who runs which accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import PAIR_LABELS, RING_LABELS
from graphkit.errors import DataError, nearest
from graphkit.ingest.forms import names_of, parts
from graphkit.ingest.place import FORMS, local_file

_SHAPES = (("account_id", "ring"), ("account_a", "account_b", "label"))
_ALLOWED = "account_id and ring, or account_a, account_b and label"
_SAME, _DIFFERENT = "same", "different"


@dataclass(frozen=True)
class Labels:
    """Known cases, as rings or as pairs.

    Attributes:
        rings: RING_LABELS; None where the file has pairs.
        pairs: PAIR_LABELS; None where it has rings.
        where: how messages call the file.
    """

    rings: pa.Table | None
    pairs: pa.Table | None
    where: str


def read_labels(path: Path) -> Labels:
    """Read a labels file: CSV, JSON lines or Parquet, its shape known by its columns.

    Args:
        path: the file. Either `account_id` and `ring` (empty: an account known to be honest), or
            `account_a`, `account_b` and `label`, which is `same` or `different`.

    Raises:
        DataError: naming row and column of what does not fit.
    """
    where, file = f"labels file {path}", local_file(path)
    if not path.is_file() or file.form is None:
        raise DataError(
            f"{where} cannot be read",
            found="another form" if path.is_file() else "no such file",
            allowed=f"a file in one of the forms {', '.join(FORMS)}",
            do="correct --labels, or convert the file",
        )
    names = names_of(file) or []
    shape = next((shape for shape in _SHAPES if set(shape) <= set(names)), None)
    if shape is None:
        raise _no_shape(where, names)
    read = list(parts(file, {name: name for name in shape}))
    broken = [one for part in read for one in part.broken]
    if broken or not sum(len(part.table) for part in read):
        row = f" row {broken[0][0]}" if broken else ""
        raise DataError(
            f"{where}{row} cannot be read",
            found=broken[0][1] if broken else "no row",
            allowed=_ALLOWED,
            do="correct the file; nothing was fitted",
        )
    rows = np.concatenate([part.rows for part in read])
    cells = {name: _texts([part.table[name] for part in read], name, where) for name in shape}
    if shape == _SHAPES[0]:
        return Labels(_rings(cells, rows, where), None, where)
    return Labels(None, _pairs(cells, rows, where), where)


def _no_shape(where: str, names: Sequence[str]) -> DataError:
    """The error of a file whose columns are of neither shape."""
    known = list(dict.fromkeys(name for shape in _SHAPES for name in shape))
    # Of a file without a header the first row's cells stand here: not ours to print.
    shown = [name if name in known else "another name" for name in dict.fromkeys(names)]
    close = [nearest(name, known) for name in names if name not in known]
    return DataError(
        f"{where} has neither rings nor pairs{next(filter(None, close), '')}",
        found=", ".join(dict.fromkeys(shown)) or "no column",
        allowed=_ALLOWED,
        do="name the columns so",
    )


def _texts(columns: Sequence[pa.ChunkedArray], name: str, where: str) -> pa.Array:
    """A column as text without blanks around it; nulls are empty."""
    try:
        texts = pa.chunked_array([chunk for one in columns for chunk in _chunks(one)], pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise DataError(
            f"{where} has a column {name} that does not fit",
            found=f"type {columns[0].type}",
            allowed="text or whole numbers",
            do="correct the column",
        ) from None
    trimmed: pa.Array = pc.fill_null(pc.utf8_trim_whitespace(texts), "").combine_chunks()
    return trimmed


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    whole = pa.types.is_integer(column.type) or pa.types.is_null(column.type)
    # Cells of a CSV file are bytes.
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    if not (whole or any(is_one(column.type) for is_one in kinds)):
        raise pa.ArrowInvalid("neither text nor whole numbers")
    chunks: list[pa.Array] = column.cast(pa.string()).chunks
    return chunks


def _rings(cells: Mapping[str, pa.Array], rows: NDArray[np.int64], where: str) -> pa.Table:
    account, ring = cells["account_id"], cells["ring"]
    _refuse(pc.equal(account, ""), rows, where, "account_id", "nothing", "an account's id")
    _refuse(
        _repeats([account]), rows, where, "account_id", "an account again", "one row per account"
    )
    named = pc.if_else(pc.equal(ring, ""), pa.scalar(None, pa.string()), ring)
    table = pa.table({"account_id": account, "ring": named})
    return RING_LABELS.conform(table.sort_by("account_id"))


def _pairs(cells: Mapping[str, pa.Array], rows: NDArray[np.int64], where: str) -> pa.Table:
    one, other = cells["account_a"], cells["account_b"]
    label = pc.utf8_lower(cells["label"])
    for name in ("account_a", "account_b"):
        _refuse(pc.equal(cells[name], ""), rows, where, name, "nothing", "an account's id")
    _refuse(
        pc.invert(pc.is_in(label, pa.array([_SAME, _DIFFERENT]))),
        rows,
        where,
        "label",
        "another word",
        f"{_SAME} or {_DIFFERENT}",
    )
    _refuse(
        pc.equal(one, other), rows, where, "account_b", "the account of account_a", "another one"
    )
    first, second = pc.min_element_wise(one, other), pc.max_element_wise(one, other)
    _refuse(_repeats([first, second]), rows, where, "account_b", "a pair again", "one row per pair")
    table = pa.table({"account_a": first, "account_b": second, "same": pc.equal(label, _SAME)})
    return PAIR_LABELS.conform(
        table.sort_by([("account_a", "ascending"), ("account_b", "ascending")])
    )


def _repeats(columns: Sequence[pa.Array]) -> pa.Array:
    """Whether a row has been there before."""
    names = [str(place) for place in range(len(columns))]
    table = pa.table([*columns, pa.array(np.arange(len(columns[0])))], names=[*names, "row"])
    first = table.group_by(names, use_threads=False).aggregate([("row", "min")])["row_min"]
    fresh = np.zeros(table.num_rows, dtype=bool)
    fresh[first.to_numpy()] = True
    return pa.array(~fresh)


def _refuse(
    wrong: pa.Array, rows: NDArray[np.int64], where: str, column: str, found: str, allowed: str
) -> None:
    """Stop at the first row that does not fit; what stands there may be anybody's, so unsaid."""
    at = np.flatnonzero(wrong.to_numpy(zero_copy_only=False))
    if at.size:
        more = f" (and {at.size - 1:,} more rows)" if at.size > 1 else ""
        raise DataError(
            f"{where} row {rows[at[0]]}, column {column} does not fit",
            found=found + more,
            allowed=allowed,
            do="correct the row; nothing was fitted",
        )
