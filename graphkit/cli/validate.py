"""The command that says what a run would meet, before anything runs."""

import json
import os
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphkit.cli import terminal
from graphkit.cli.commands import FormOption, SettingsOption, SnapshotsArgument, app, as_date
from graphkit.cli.terminal import Form

if TYPE_CHECKING:
    from pipelines.validation import Validation

_REFUSALS_SHOWN = 15


@app.command(epilog="Example: graphkit validate snapshots --date 2026-11-22")
def validate(
    snapshots: SnapshotsArgument,
    dt: Annotated[
        date | None,
        typer.Option("--date", parser=as_date, metavar="DATE", help="A date; the latest else."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Days that end on the date; 30d else.")
    ] = None,
    settings: SettingsOption = None,
    form: FormOption = Form.table,
) -> None:
    """Say what a run would meet, before anything runs.

    Reads the window as a run would: rows, what is refused and why, signals, odd days, what the run
    will need. Needs no key and writes nothing. Ends with 65 where a run would stop, with all
    problems of all files; as csv it lists the tables.
    """
    from graphkit.settings import load_settings
    from pipelines.validation import validate as validated

    resolved = load_settings(settings, environ=os.environ, window_d=window)
    with terminal.progress() as say:
        found = validated(snapshots, settings=resolved, dt=dt, report=say)
    if form is Form.json:
        typer.echo(json.dumps(_plain(found), indent=2))
    elif form is Form.csv:
        terminal.write(found.tables, form)
    else:
        _show(found, resolved.window_d)
    if found.problems:
        raise typer.Exit(found.problems[0].exit_code)


def _show(found: "Validation", window_d: int) -> None:
    from graphkit.reports import spell_dates, spell_odd_days

    if found.dt is not None:
        terminal.heading(f"Window of {window_d} days that ends on {found.dt}")
        terminal.write(found.tables, Form.table)
        if found.missing:
            terminal.out(f"days without data: {spell_dates(found.missing)}")
        terminal.heading("Signals")
        terminal.out("\n".join(f"{name}: {state}" for name, state in found.signals.items()))
    if found.absent:
        terminal.heading("Columns that no file has")
        terminal.out("\n".join(found.absent))
    if found.refusals.num_rows:
        terminal.heading("Refused rows, and cells that become null")
        terminal.write(found.refusals.slice(0, _REFUSALS_SHOWN), Form.table)
        more = found.refusals.num_rows - _REFUSALS_SHOWN
        if more > 0:
            terminal.out(f"and {more:,} more reasons: list them with --format json")
    if found.odd_days.num_rows:
        terminal.heading("Odd days")
        terminal.out(spell_odd_days(found.odd_days))
    if found.dt is not None:
        terminal.heading("What the run will need")
        terminal.out(
            f"about {found.needs.memory_bytes / 1e9:.1f} GB of memory, and "
            f"{max(1, round(found.needs.disk_bytes / 1e6)):,} MB of disk for the lake"
        )
    if found.problems:
        terminal.heading("What would stop it")
        terminal.out("\n".join(f"error: {problem}" for problem in found.problems))
    n = len(found.problems)
    would = "work" if not n else "stop at 1 problem" if n == 1 else f"stop: {n} problems"
    terminal.out(f"\na run would {would}")


def _plain(found: "Validation") -> dict[str, Any]:
    """All of it as plain values, for programs."""
    from graphkit.reports import as_json

    return {
        "date": found.dt and str(found.dt),
        "would_run": not found.problems,
        "tables": json.loads(as_json(found.tables)),
        "missing": [str(day) for day in found.missing],
        "signals": dict(found.signals),
        "absent": list(found.absent),
        "refused": json.loads(as_json(found.refusals)),
        "odd_days": json.loads(as_json(found.odd_days)),
        "needs": {
            "memory_bytes": found.needs.memory_bytes,
            "disk_bytes": found.needs.disk_bytes,
        },
        "problems": [
            {"what": p.what, "found": p.found, "allowed": p.allowed, "do": p.do}
            for p in found.problems
        ],
    }
