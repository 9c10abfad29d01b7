"""The commands about simulated providers and what is known of them."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphkit.cli import terminal
from graphkit.cli.commands import DateOption, FormOption, LakeArgument, app, as_date
from graphkit.cli.terminal import Form
from graphkit.errors import UsageError

if TYPE_CHECKING:
    from graphkit.evaluate import Scores


@app.command(epilog="Example: graphkit demo --out demo")
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to put it.")] = Path(
        "demo"
    ),
    accounts: Annotated[int, typer.Option(help="Accounts of the simulated provider.")] = 3000,
    days: Annotated[int, typer.Option(help="Days simulated.")] = 7,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
) -> None:
    """Simulate a provider, find its rings, show what was missed.

    Several nights run one after another; rings keep their names.
    """
    from graphkit.reports import CAUTION, explain
    from graphkit.simulate import world_of
    from pipelines.trial import demonstrate

    world = world_of(seed=seed, changes={"accounts": accounts, "days": days})
    with terminal.progress() as say:
        trial = demonstrate(out, world=world, report=say)
    last, findings = trial.outcomes[-1], terminal.findings(trial.lake, None)
    terminal.heading(f"Rings of {last.dt}")
    terminal.list_table(trial.lake, None, "rings", every=False, form=Form.table)
    if last.rings:
        strongest = findings.rings["ring_id"][0].as_py()
        terminal.heading(f"Why {strongest} is one")
        terminal.out(explain(findings, strongest))
    terminal.heading("Against what was planted")
    terminal.figures(trial.scores.whole, Form.table)
    terminal.out(_missed(trial.scores))
    if not last.rings:
        terminal.out(CAUTION)
    terminal.heading("To look further")
    terminal.out(f"graphkit rings {trial.lake} --all\nopen {last.report.resolve().as_uri()}")


def _missed(scores: "Scores") -> str:
    """Say what was not found and what was wrongly accused, in whole numbers."""
    rings, accounts = scores.figure("ring recall"), scores.figure("account recall")
    claimed = scores.figure("account precision")
    return (
        f"\nMissed: {rings.missed:,} of {rings.of:,} planted rings, {accounts.missed:,} of "
        f"{accounts.of:,} planted accounts. Published wrongly: {claimed.missed:,} accounts."
    )


@app.command(epilog="Example: graphkit simulate snapshots --preset small --level 2 --seed 7")
def simulate(
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="A folder that is not there yet.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="WORLD", help="Check a simulated folder instead."),
    ] = None,
    preset: Annotated[
        Literal["tiny", "small", "medium", "large", "full"],
        typer.Option(help="Its size; `full` is the reported case, with 1,000,000 accounts."),
    ] = "small",
    level: Annotated[int, typer.Option(help="How hard it is, from 0 to 4.")] = 1,
    drawn: Annotated[
        bool, typer.Option("--random", help="Draw every knob instead, for fitting.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    accounts: Annotated[int | None, typer.Option(help="Accounts in all.")] = None,
    days: Annotated[int | None, typer.Option(help="Days that end on --end.")] = None,
    end: Annotated[
        date | None, typer.Option(parser=as_date, metavar="DATE", help="Last day; 2026-11-22 else.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A corpus; the packaged sample else.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads; they change no byte.")] = 1,
) -> None:
    """Write a simulated provider's snapshots and its truth, or check such a folder."""
    from graphkit.simulate import check_world, random_world, world_of
    from graphkit.simulate import simulate as make

    if (out is None) == (check is None):
        raise UsageError(
            "simulate takes a folder to write or one to check",
            found="neither" if out is None else "both",
            allowed="OUT, or --check WORLD",
            do="name one of them",
        )
    if check is not None:
        terminal.out(check_world(check))
        return
    assert out is not None
    asked = {"accounts": accounts, "days": days, "end": end}
    changes = {name: value for name, value in asked.items() if value is not None}
    if drawn:
        world = random_world(preset, seed=seed, changes=changes)
    else:
        world = world_of(preset, level=level, seed=seed, changes=changes)
    with terminal.progress() as say:
        say(f"simulating {world.accounts:,} accounts over {world.days} days")
        make(out, world, prompts=prompts, workers=workers)
    terminal.out(
        f"{world.days} days that end on {world.end} in {out}; the truth is {out / 'truth.parquet'}"
    )


@app.command(epilog="Example: graphkit evaluate lake snapshots/truth.parquet")
def evaluate(
    lake: LakeArgument,
    truth: Annotated[
        Path,
        typer.Argument(metavar="TRUTH", help="File with account_id, ring and what else is known."),
    ],
    dt: DateOption = None,
    form: FormOption = Form.table,
) -> None:
    """Hold the rings of a date against a truth table.

    Of TRUTH only account_id and ring are needed (Parquet, CSV or JSON lines); operator, tactic,
    role, kind, group, first_day and last_day say more.
    """
    from pipelines.trial import score

    terminal.figures(score(lake, truth, dt).figures, form)
