"""The tally of a day: what was read, what was refused and why, which signals the day has."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import REJECTS
from graphkit.errors import DataError
from graphkit.ingest.cells import ONLY_A_CARD, Checked
from graphkit.ingest.part import Part
from graphkit.ingest.times import REMEDIES
from graphkit.settings import IngestSettings

# What each signal needs: any one of the groups, whole.
SIGNAL_COLUMNS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "address": (("requests.ip",),),
    "payment": (
        ("payments.fingerprint",),
        ("payments.bin", "payments.last4", "payments.billing_name"),
        ("payments.billing_name", "payments.billing_postal"),
    ),
    "device": (("requests.user_agent",), ("requests.tls_fingerprint",)),
    "email": (("accounts.email_domain",),),
    "organisation": (("accounts.org_id",),),
    "prompt": (("requests.prompt",),),
    "mention": (("mentions.kind", "mentions.entity"),),
}

# A sender may mention nothing, or a card number: the row says no more than that.
_SPOILT = {("entity", "empty"), ("entity", ONLY_A_CARD)}


@dataclass
class Count:
    """What happened to one table's rows.

    Attributes:
        files: the files drawn so far.
        undated: those of them that are no day's own: they hold many days, or say none.
        empty: how many of them have no row.
        rows: their rows.
        refused: rows that cannot be used.
        spoilt: those of them that their senders brought about.
        collapsed: rows that say what another says.
        late: used rows whose time lies on another day.
        blank: rows of a feed of mentions without an entity, in none of the other counts.
        cells: column and reason to the number of cells made null or cut.
        columns: columns with a value.
    """

    files: list[str] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)
    empty: int = 0
    rows: int = 0
    refused: int = 0
    spoilt: int = 0
    collapsed: int = 0
    late: int = 0
    blank: int = 0
    cells: dict[tuple[str, str], int] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)


class Tally:
    """What happened to one day's rows, table by table.

    Args:
        dt: the day.
        tables: names of the tables there are.
        settings: how much may be refused.
        absent: columns, as `table.column`, that the settings name and no file has, to what is
            said of that.

    Attributes:
        counts: table to its counts.
    """

    def __init__(
        self,
        dt: date,
        tables: Iterable[str],
        settings: IngestSettings,
        absent: Mapping[str, str],
    ) -> None:
        self.counts = {name: Count() for name in tables}
        self._dt = dt
        self._settings = settings
        self._absent = absent
        self._rejects: list[pa.Table] = []

    def add(self, name: str, file: str, part: Part, checked: Checked) -> None:
        """Count a part's rows, refused rows, nulled cells and columns with a value."""
        count = self.counts[name]
        count.rows += part.table.num_rows + len(part.broken)
        rows: list[tuple[str, int, str | None, str]] = [
            (file, int(row), None, reason) for row, reason in part.broken
        ]
        for (column, reason), places in checked.refused.items():
            rows += [(file, int(row), column, reason) for row in part.rows[places]]
        self.refuse(name, rows)
        for key, n in checked.cells.items():
            count.cells[key] = count.cells.get(key, 0) + n
        table = checked.table
        count.columns.update(c for c in table.column_names if table[c].null_count < table.num_rows)

    def refuse(self, name: str, rows: Sequence[tuple[str, int, str | None, str]]) -> None:
        """Note refused rows of a table.

        Args:
            name: the table.
            rows: file, row number in it, column (None where the row is broken) and reason of each.
        """
        self.counts[name].refused += len(rows)
        self.counts[name].spoilt += sum(
            (column, reason) in _SPOILT for _, _, column, reason in rows
        )
        if rows:
            files, numbers, columns, reasons = zip(*rows, strict=True)
            self._rejects.append(
                pa.table(
                    {
                        "dt": pa.array([self._dt] * len(rows), pa.date32()),
                        "table": pa.array([name] * len(rows), pa.string()),
                        "file": pa.array(files, pa.string()),
                        "row": pa.array(numbers, pa.int64()),
                        "column": pa.array(columns, pa.string()),
                        "reason": pa.array(reasons, pa.string()),
                    }
                )
            )

    def rejects(self) -> pa.Table:
        """REJECTS of what has been drawn so far."""
        if not self._rejects:
            return REJECTS.empty()
        return REJECTS.conform(
            pa.concat_tables(self._rejects).sort_by(
                [("table", "ascending"), ("file", "ascending"), ("row", "ascending")]
            )
        )

    def limit(self, name: str) -> None:
        """Stop where so much was refused that the rest would mislead.

        What senders can bring about does not count: they could stop the night with it.

        Raises:
            DataError: the share of refused rows is above the limit.
        """
        count = self.counts.get(name, Count())
        if count.refused - count.spoilt <= self._settings.max_refused_share * count.rows:
            return
        rejects = self.rejects().filter(pc.field("table") == name)
        examples = "; ".join(
            f"{row['file']} row {row['row']}"
            f"{', ' + row['column'] if row['column'] else ''}: {row['reason']}"
            for row in rejects.slice(0, 3).to_pylist()
        )
        raise DataError(
            f"too many rows of {name} of {self._dt} are refused",
            found=f"{count.refused} of {count.rows} rows: {examples}",
            allowed=f"a share of {self._settings.max_refused_share:g} (ingest.max_refused_share)",
            do=self._remedy(name, rejects),
        )

    def _remedy(self, name: str, rejects: pa.Table) -> str:
        """What mends what most rows were refused for."""
        reasons = Counter((row["reason"], row["column"]) for row in rejects.to_pylist())
        reason, column = max(reasons, key=lambda both: (reasons[both], str(both)))
        absent = self._absent.get(f"{name}.{column}")
        if absent is not None:
            return f"correct the settings file: {absent}"
        return REMEDIES.get(reason, "correct the files, or raise the limit in the settings")

    def report(self) -> dict[str, Any]:
        """What was read, as plain values: rows, refused rows, cells; signals, absent columns."""
        tables = {
            name: {
                "files": count.files,
                "undated": count.undated,
                "empty": count.empty,
                "rows": count.rows,
                "used": count.rows - count.refused,
                "refused": count.refused,
                "collapsed": count.collapsed,
                "late": count.late,
                "blank": count.blank,
                "cells": _nested(count.cells),
            }
            for name, count in sorted(self.counts.items())
        }
        present = {
            f"{name}.{column}" for name, count in self.counts.items() for column in count.columns
        }
        absent = {name: said for name, said in self._absent.items() if name not in present}
        return {"tables": tables, "signals": _signals(present), "absent": absent}


def _signals(present: Set[str]) -> dict[str, str]:
    """The state of each signal, by the columns that have a value."""
    states: dict[str, str] = {}
    for signal, groups in SIGNAL_COLUMNS.items():
        on = any(present >= set(group) for group in groups)
        wanted = " or ".join(" with ".join(group) for group in groups)
        states[signal] = "on" if on else f"off: nothing in {wanted}"
    return states


def _nested(cells: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (column, reason), n in sorted(cells.items()):
        nested.setdefault(column, {})[reason] = n
    return nested
