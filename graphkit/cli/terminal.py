"""What the commands write: results on standard output, progress and errors on standard error."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.detection import Findings
    from pipelines.nightly import Outcome


class Form(StrEnum):
    """How a listing is written."""

    table = "table"
    csv = "csv"
    json = "json"


def shown(text: str) -> str:
    """A text of several lines in which only the line ends are obeyed."""
    from graphkit.reports import visible

    return "\n".join(visible(line) for line in text.split("\n"))


def out(text: str) -> None:
    """Write text for people to standard output."""
    typer.echo(shown(text))


def heading(text: str) -> None:
    """Write a heading to standard output."""
    typer.echo(f"\n{text}\n{'=' * len(text)}\n")


def write(table: "pa.Table", form: Form) -> None:
    """Write a table; data for programs stay as they are unless a terminal would obey them."""
    from graphkit.reports import as_csv, as_json, as_table

    text = {Form.table: as_table, Form.csv: as_csv, Form.json: as_json}[form](table)
    # Without color=True escape codes would be cut out of ids on their way to a file.
    typer.echo(shown(text) if sys.stdout.isatty() else text, color=True)


def list_table(lake: Path, dt: date | None, name: str, *, every: bool, form: Form) -> None:
    """List a date's rings or members, and say so where there are none.

    Raises:
        UsageError: the date has no rings.
        StorageError: the lake cannot be read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from graphkit.reports import spell_set_apart
    from pipelines.lake import judged_date, read_tables

    chosen = judged_date(lake, dt)
    table = read_tables(lake, chosen, [name])[name]
    published = table.filter(pc.equal(table["status"], pa.scalar("published")))
    listed = table if every else published
    if listed.num_rows or form is not Form.table:
        write(listed, form)
    aside = form is not Form.table
    if not listed.num_rows:
        below = pc.any(pc.equal(table["status"], pa.scalar("candidate"))).as_py()
        hint = "; --all lists the candidates below the floors" if below else ""
        typer.echo(f"no rings found on {chosen}{hint}", err=aside)
    if apart := spell_set_apart(table):
        typer.echo(apart if every else f"{apart}; --all lists them", err=aside)


def list_communities(lake: Path, dt: date | None, form: Form) -> None:
    """List the accounts of a date's communities, and say so where there are none.

    Raises:
        UsageError: the date has no rings.
        StorageError: the lake cannot be read.
    """
    from graphkit.communities import list_communities
    from pipelines.lake import judged_date, read_tables

    chosen = judged_date(lake, dt)
    listed = list_communities(**read_tables(lake, chosen, ["membership", "members"]), dt=chosen)
    if listed.num_rows or form is not Form.table:
        write(listed, form)
    if not listed.num_rows:
        typer.echo(f"no community of two on {chosen}", err=form is not Form.table)


def figures(table: "pa.Table", form: Form) -> None:
    """Write figures: how many of how many, the value, and its 95% interval."""
    import pyarrow as pa

    if form is not Form.table:
        write(table, form)
        return
    rows = table.to_pylist()
    # Adding zero takes the sign off a value that is rounded to nothing.
    told = {
        "figure": [f"{row['figure']} {row['part']}".strip() for row in rows],
        "n": ["" if row["n"] is None else f"{row['n']:,}" for row in rows],
        "of": ["" if row["of"] is None else f"{row['of']:,}" for row in rows],
        "value": [f"{round(row['value'], 3) + 0.0:.3f}" for row in rows],
        "95%": [
            "" if row["low"] is None else f"{row['low']:.3f}-{row['high']:.3f}" for row in rows
        ],
    }
    write(pa.table(told), form)


def findings(lake: Path, dt: date | None) -> "Findings":
    """Read what was found on a date; warnings go to standard error.

    Raises:
        UsageError: the date has no rings.
        StorageError: the lake cannot be read.
    """
    from pipelines.findings import read_findings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read_findings(lake, dt)
    for warning in caught:
        typer.echo(shown(f"warning: {warning.message}"), err=True)
    return found


def published(outcome: "Outcome") -> None:
    """Say what a night published and where it lies."""
    found = f"{outcome.rings} rings" if outcome.rings else "no rings found"
    joint = " and" if outcome.rings else ","
    found += f"{joint} {outcome.candidates} candidates"
    found += f", {outcome.apart} inside one verified organisation" if outcome.apart else ""
    out(f"{outcome.dt}: {found}, published as {outcome.snapshot.id}\nreport: {outcome.report}")
    if outcome.odd:
        out(f"odd days: {outcome.odd} things to look at, in the report")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what tells, line by line, how far a long command is; a spinner turns on a terminal."""
    if not sys.stderr.isatty():
        yield lambda line: typer.echo(shown(line), err=True)
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("working"):
        yield lambda line: console.print(shown(line), markup=False, style="dim")


def guarded(command: Callable[[], object]) -> None:
    """Run the command line; a fault of graphkit is one line, its traceback only with --debug."""
    try:
        command()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        first = (str(error).splitlines() or [""])[0]
        typer.echo(shown(f"fault: {type(error).__name__}: {first}"), err=True)
        typer.echo("graphkit --debug ... shows where; please report it", err=True)
        sys.exit(1)


def list_settings(path: Path | None, form: Form) -> None:
    """List what is set, with where it comes from.

    Raises:
        SettingsError: the file or a variable does not fit.
    """
    import pyarrow as pa

    from graphkit.settings import load_settings, origins

    resolved = load_settings(path, environ=os.environ)
    sources = origins(path, environ=os.environ)
    write(pa.Table.from_pylist(_settings_rows(resolved, sources)), form)


def _settings_rows(
    model: Any, sources: Mapping[str, str], prefix: str = ""
) -> list[dict[str, str]]:
    """One row per setting: its value, where it comes from, its unit and meaning."""
    rows = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if hasattr(value, "model_fields_set"):
            rows += _settings_rows(value, sources, f"{prefix}{name}.")
            continue
        source = sources.get(prefix + name, "default")
        if isinstance(value, tuple) and any(hasattr(one, "model_fields_set") for one in value):
            for number, feed in enumerate(value, 1):
                row = {"setting": f"{prefix}{name}[{number}]", "value": _fed(feed)}
                rows.append(row | {"source": source, "meaning": field.description or ""})
            continue
        row = {"setting": prefix + name, "value": _shown(value), "source": source}
        rows.append(row | {"meaning": field.description or ""})
    return rows


def _fed(feed: Any) -> str:
    """A feed as text: its path, then what is set beside it."""
    said = feed.model_dump(exclude={"path"}, exclude_defaults=True)
    return ", ".join([feed.path, *(f"{name} = {value}" for name, value in said.items())])


def _shown(value: Any) -> str:
    """A setting's value as text; what a kind leaves as it is, is left out."""
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v.model_dump(exclude_none=True)}" for k, v in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or value == () else str(value)
