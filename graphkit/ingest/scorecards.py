"""Reading scorecards from a user's folder, as `graphkit fit` writes them."""

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphkit.contracts import SCORECARD
from graphkit.errors import DataError

# Each card of a pair has a file of its own; those that judge groups share one, told by `card`.
JUDGING = "scorecard"
# More than any card could mean, and few enough that no sum of them overflows.
_MOST = 1_000_000
_FORM = "a CSV file with the columns "


def read_cards(folder: Path, pairs: Sequence[str]) -> dict[str, pa.Table]:
    """Read a folder's cards.

    Args:
        folder: where `<name>.csv` lies for each card of pairs, and `scorecard.csv`.
        pairs: names of the cards of pairs.

    Returns:
        SCORECARD by name.

    Raises:
        DataError: naming file and line of what does not fit.
    """
    columns = list(SCORECARD.columns)
    cards = {name: _card(_read(folder / f"{name}.csv", columns)) for name in pairs}
    path = folder / f"{JUDGING}.csv"
    judging = _read(path, ["card", *columns])
    for name, rows in groupby(judging, lambda row: str(row["card"])):
        if name in cards:
            raise _unfit(path, None, "card", "a card in two places", "the rows of a card together")
        cards[name] = _card([{key: row[key] for key in ("place", *columns)} for row in rows])
    return cards


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a file, each cell in its type, with where they stand."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"scorecard {path} cannot be read",
            found=(error.strerror or "no file")
            if isinstance(error, OSError)
            else "no CSV in UTF-8",
            allowed=_FORM + ", ".join(columns),
            do="correct --cards or run.cards, or fit the cards anew with `graphkit fit`",
        ) from None
    if not lines or lines[0][1] != list(columns):
        raise _unfit(path, 1, "", "another header", _FORM + ", ".join(columns))
    rows = []
    for line, cells in lines[1:]:
        if len(cells) != len(columns):
            raise _unfit(path, line, "", f"{len(cells)} cells", f"{len(columns)} cells")
        given = dict(zip(columns, cells, strict=True))
        row = {name: _cell(path, line, name, text) for name, text in given.items()}
        rows.append(row | {"place": (path, line)})
    return rows


def _cell(path: Path, line: int, name: str, text: str) -> Any:
    """A cell in its column's type."""
    dtype = SCORECARD.columns.get(name, pa.string())
    try:
        if pa.types.is_string(dtype):
            if text:
                return text
        elif pa.types.is_floating(dtype):
            if not text or math.isfinite(float(text)):
                return float(text) if text else None
        elif abs(int(text)) <= _MOST:
            return int(text)
    except ValueError:
        pass
    allowed = {"string": "a name", "double": "a number, or empty"}
    say = allowed.get(str(dtype), f"a whole number between -{_MOST:,} and {_MOST:,}")
    raise _unfit(path, line, name, "another text" if text else "nothing", say)


def _card(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A card whose intervals leave no gap."""
    for _, group in groupby(rows, lambda row: row["fact"]):
        _check_intervals(list(group))
    plain = [{name: row[name] for name in SCORECARD.columns} for row in rows]
    return SCORECARD.conform(pa.Table.from_pylist(plain, schema=SCORECARD.schema))


def _check_intervals(rows: Sequence[Mapping[str, Any]]) -> None:
    """Check that a fact's intervals go from no lower bound to no upper one, each on the last."""
    ends = [None, *(row["high"] for row in rows[:-1])]
    for row, before in zip(rows, ends, strict=True):
        path, line = row["place"]
        starts = row["low"] == before and (before is not None or row is rows[0])
        last = row is rows[-1]
        ordered = last or (row["high"] is not None and row["high"] > (row["low"] or -math.inf))
        if row["low"] is not None:
            ordered = last or (row["high"] is not None and row["high"] > row["low"])
        if not starts:
            allowed = "empty in a fact's first row" if before is None else f"{before}, where the"
            allowed += "" if before is None else " row before ends"
            raise _unfit(path, line, "low", f"{row['low']}", allowed)
        if not ordered or (last and row["high"] is not None):
            allowed = "empty in a fact's last row" if last else "more than low"
            raise _unfit(path, line, "high", f"{row['high']}", allowed)


def _unfit(path: Path, line: int | None, column: str, found: str, allowed: str) -> DataError:
    place = f" line {line}" if line else ""
    place += f", column {column}" if column else ""
    return DataError(
        f"scorecard {path}{place} does not fit",
        found=found,
        allowed=allowed,
        do="correct the file, or fit the cards anew with `graphkit fit`; nothing was run",
    )
