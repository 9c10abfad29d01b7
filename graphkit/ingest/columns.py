"""Which of a file's columns are meant, by the names that its feed gives them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphkit.contracts import INPUTS
from graphkit.errors import DataError, nearest
from graphkit.ingest.files import Listed
from graphkit.ingest.forms import is_sampled, names_of

# Words have spaces and ids have digits; names of columns seldom do.
_NAME = re.compile(r"[A-Za-z_]{1,40}[0-9]{0,2}")


@dataclass(frozen=True)
class Opened:
    """A file whose columns are known.

    Attributes:
        listed: the file.
        columns: column of the contract to the name of the file's that holds it.
        absent: columns that the settings name and the file lacks, to what is said of that. Of
            JSON lines only the first ones are known: such a column is in `columns` all the same,
            and what cannot do without it is refused row by row.
        timed: whether its rows have times of their own.
        blank: whether it holds nothing that would tell its columns.
    """

    listed: Listed
    columns: Mapping[str, str]
    absent: Mapping[str, str]
    timed: bool
    blank: bool = False


def open_listed(listed: Listed) -> Opened:
    """Look at a file's columns.

    Raises:
        DataError: the file cannot be read, lacks a column that it must have, or has one twice.
    """
    names, table = names_of(listed.file), listed.feed.table
    named = listed.feed.columns()
    wanted = {column: named.get(column, column) for column in INPUTS[table].columns}
    if getattr(listed.feed, "kind", None) is not None:
        del wanted["kind"]
    if names is None:
        return Opened(listed, wanted, {}, timed="ts" in wanted, blank=True)
    sampled = is_sampled(listed.file)
    named_by_type = sampled or listed.file.form == "parquet"
    known = list(names) if named_by_type else _presentable(names)
    if not sampled and not listed.canonical:
        _check_feed(listed, names, wanted, known)
    elif not sampled:
        check_names(names, list(wanted), listed.file.shown)
    lacking = {column: name for column, name in wanted.items() if name not in names}
    absent = {
        column: f"{table}.{column} is read from {name!r}, which no file has{_alike(name, known)}"
        for column, name in lacking.items()
        if column in (*named, "account_id", "entity", "kind")
    }
    columns = {column: name for column, name in wanted.items() if sampled or name in names}
    return Opened(listed, columns, absent, timed="ts" in wanted and "ts" not in lacking)


def _alike(name: str, known: Sequence[str]) -> str:
    """Say which known name was probably meant, whatever its case; else which there are."""
    spelled = {other.casefold(): other for other in known}
    meant = nearest(name.casefold(), list(spelled))
    for folded, other in spelled.items():
        meant = meant.replace(repr(folded), repr(other))
    return meant or f" (there are {', '.join(list(spelled.values())[:12])})"


def _check_feed(
    listed: Listed, names: Sequence[str], wanted: Mapping[str, str], known: Sequence[str]
) -> None:
    """Check that a file has what no row can do without, and no wanted column twice."""
    table = listed.feed.table
    must = {"account_id", *(["ts"] if "ts" in listed.feed.columns() else [])}
    must |= {"kind"} & wanted.keys()
    for column, name in wanted.items():
        twice = names.count(name) > 1
        if (column in must and name not in names) or twice:
            setting = "kind or kind_column" if column == "kind" else column
            raise DataError(
                f"{listed.file.shown} has {'two columns' if twice else 'no column'} {name!r}, "
                f"wanted as {column}",
                found=", ".join(dict.fromkeys(known)),
                allowed=f"one column {name!r}",
                do=f"correct {setting} in [[{table}]] of the settings file"
                + nearest(name, list(known)),
            )


def check_names(
    found: Sequence[str],
    allowed: Iterable[str],
    place: str,
    *,
    required: Sequence[str] = ("account_id", "kind", "entity"),
) -> None:
    """Check that a file or table has what it must have, and no column twice or nearly.

    Args:
        found: its columns.
        allowed: the columns that are read.
        place: the file or table, for messages.
        required: those of them, if they are allowed at all, that must be there.

    Raises:
        DataError: naming what is wrong.
    """
    allowed = list(allowed)
    repeated = sorted({name for name in found if found.count(name) > 1})
    # A column that is spelled a little otherwise would be ignored in silence.
    alike = {name.strip().casefold(): name for name in found if name not in allowed}
    odd = {name: alike[name] for name in allowed if name not in found and name in alike}
    missing = [name for name in required if name in allowed and name not in found]
    if not (missing or repeated or odd):
        return
    shown = _presentable(repeated or found)
    what = f"{place} has no column {' and no column '.join(missing)}"
    do = "rename or remove columns, or say in the settings file what they are called"
    if repeated:
        what = f"{place} has columns repeated"
    elif odd:
        what = f"{place} spells columns otherwise: {', '.join(odd)}"
        shown = [repr(name) for name in odd.values()]
        do = "rename them, or name them in the settings file: case and spaces count"
    elif len(found) == 1 and (mark := _separator(found[0])):
        shown, do = [f"one column, with {mark} in its name"], "part the cells by commas"
    elif "a cell" in shown:
        do = "write the names of the columns into the first row, which seems to hold data"
    else:
        do += nearest(missing[0], list(found))
    raise DataError(what, found=", ".join(dict.fromkeys(shown)), allowed=", ".join(allowed), do=do)


def _separator(name: str) -> str | None:
    marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
    return next((word for mark, word in marks.items() if mark in name), None)


def _presentable(names: Sequence[str]) -> list[str]:
    """Names that may be printed: in a file without a header the first row's cells stand here."""
    return [name if _NAME.fullmatch(name.strip()) else "a cell" for name in names]
