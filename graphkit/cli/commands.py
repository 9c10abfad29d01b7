"""The commands. What is slow to import is imported by the command that needs it."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from graphkit.cli import terminal
from graphkit.cli.terminal import Form
from graphkit.errors import GraphkitError


class _Commands(TyperGroup):
    """Ends a command whose error a person can act on with its message and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GraphkitError as error:
            typer.echo(terminal.shown(f"error: {error}"), err=True)
            raise typer.Exit(error.exit_code) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on a fault.")] = False,
) -> None:
    """Find the groups of accounts that one operator runs, from daily snapshots.

    graphkit surfaces candidates; people decide.
    """


def as_date(text: str) -> date:
    """Take a date as a command is given it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date of the form 2026-11-22") from None


LakeArgument = Annotated[Path, typer.Argument(metavar="LAKE", help="The lake's folder.")]
# A text: a path would swallow a slash of an address.
SnapshotsArgument = Annotated[str, typer.Argument(metavar="SNAPSHOTS", help="Folder or address.")]
DateOption = Annotated[
    date | None,
    typer.Option(
        "--date", parser=as_date, metavar="DATE", help="A date; the latest judged one else."
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="What is not published too.")]
FormOption = Annotated[Form, typer.Option("--format", help="How to write it.")]
SettingsOption = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings, a TOML file.")
]


@app.command(epilog="Example: graphkit run snapshots --date 2026-11-22 --out lake --window 30d")
def run(
    snapshots: SnapshotsArgument,
    dt: Annotated[
        date, typer.Option("--date", parser=as_date, metavar="DATE", help="The night's date.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="LAKE", help="The lake to publish in.")],
    window: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Days that end on the date; 30d else.")
    ] = None,
    settings: SettingsOption = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Key file; GRAPHKIT_KEY or LAKE.key else."),
    ] = None,
    benign: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Allow-list: CSV of kind, entity, until, why; run.benign else."
        ),
    ] = None,
    cards: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Scorecards that `fit` wrote; run.cards else."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; all cores else.")] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory of the query engine, as 3GB.")
    ] = None,
) -> None:
    """Find the rings of a date and publish them: the nightly job.

    The window ends on the date. A date is published whole or not at all, and a rerun gives the
    same bytes.
    """
    from graphkit.settings import load_settings
    from pipelines import nightly

    files = {"key": key, "benign": benign, "cards": cards}
    paths = {name: str(path) for name, path in files.items() if path}
    flags = {"threads": threads, "memory": memory}
    given = paths | {name: value for name, value in flags.items() if value is not None}
    resolved = load_settings(settings, environ=os.environ, window_d=window, run=given)
    with terminal.progress() as say:
        outcome = nightly.run(
            snapshots,
            dt,
            out,
            settings=resolved,
            key_file=Path(resolved.run.key) if resolved.run.key else None,
            benign=Path(resolved.run.benign) if resolved.run.benign else None,
            cards=Path(resolved.run.cards) if resolved.run.cards else None,
            threads=resolved.run.threads,
            memory=resolved.run.memory,
            report=say,
        )
    terminal.published(outcome)


@app.command(epilog="Example: graphkit rings lake --format csv")
def rings(
    lake: LakeArgument,
    dt: DateOption = None,
    every: AllOption = False,
    form: FormOption = Form.table,
) -> None:
    """List the rings of a date, strongest first."""
    terminal.list_table(lake, dt, "rings", every=every, form=form)


@app.command(epilog="Example: graphkit members lake --date 2026-11-22 --format json")
def members(
    lake: LakeArgument,
    dt: DateOption = None,
    every: AllOption = False,
    communities: Annotated[
        bool, typer.Option("--communities", help="Every community of two and more, judged or not.")
    ] = False,
    form: FormOption = Form.table,
) -> None:
    """List the accounts of the rings of a date."""
    if communities:
        terminal.list_communities(lake, dt, form)
    else:
        terminal.list_table(lake, dt, "members", every=every, form=form)


@app.command(epilog="Example: graphkit explain lake R-0001")
def explain(
    lake: LakeArgument,
    ring: Annotated[str, typer.Argument(metavar="RING", help="The ring's id.")],
    dt: DateOption = None,
) -> None:
    """Show one ring: evidence per signal, shared facts and texts, members."""
    from graphkit.detection import families
    from graphkit.reports import explain as explained

    findings = terminal.findings(lake, dt)
    terminal.out(explained(findings, ring, families(findings)))


@app.command(epilog="Example: graphkit why lake acct_1 --with acct_2")
def why(
    lake: LakeArgument,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")],
    other: Annotated[
        str | None,
        typer.Option("--with", metavar="OTHER", help="What ties it to this account, or why not."),
    ] = None,
    dt: DateOption = None,
) -> None:
    """Say why an account is in its ring, or in none; or what ties two.

    With another account it shows each fact about the two, with what it adds, up to the weight of
    the edge between them. The window's pairs are weighed anew for it.
    """
    from graphkit.detection import Detection

    detection = Detection(terminal.findings(lake, dt))
    told = detection.why(account) if other is None else detection.between(account, other)
    terminal.out(str(told))


@app.command(epilog="Example: graphkit coshare snapshots --within 30")
def coshare(
    snapshots: SnapshotsArgument,
    within: Annotated[
        float, typer.Option("--within", metavar="SECONDS", help="Most seconds between mentions.")
    ],
    least: Annotated[
        int, typer.Option("--min", metavar="N", help="Mentions by which an account takes part.")
    ] = 2,
    settings: SettingsOption = None,
    form: FormOption = Form.table,
) -> None:
    """List accounts that mentioned the same within seconds.

    The time-window method of CooRTweet, on the mentions of all days. Unlike a ring it weighs
    nothing: it counts.
    """
    from graphkit.coshare import coshare as counted
    from graphkit.settings import load_settings
    from graphkit.workflow import read_mentions

    mentions = read_mentions(snapshots, settings=load_settings(settings, environ=os.environ))
    terminal.write(counted(mentions, within_s=within, min_participation=least), form)


@app.command(epilog="Example: graphkit settings --settings graphkit.toml")
def settings(
    path: SettingsOption = None,
    form: FormOption = Form.table,
) -> None:
    """Print every setting with its value, source and meaning."""
    terminal.list_settings(path, form)
