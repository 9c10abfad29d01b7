"""The command that fits the scorecards anew from a user's labels."""

from pathlib import Path
from typing import Annotated

import typer

from graphkit.cli import terminal
from graphkit.cli.commands import DateOption, LakeArgument, app


@app.command(epilog="Example: graphkit fit lake --labels labels.csv --out cards")
def fit(
    lake: LakeArgument,
    labels: Annotated[
        Path,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="account_id and ring (empty: honest), or account_a, account_b and label (same or "
            "different).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to put the cards.")],
    dt: DateOption = None,
) -> None:
    """Fit the scorecards anew from accounts that you know.

    Starts from the packaged cards, and says whether the result tells rings that it did not see
    better. Use it with graphkit run --cards DIR, or run.cards in the settings.
    """
    from pipelines import fitting

    with terminal.progress() as say:
        outcome = fitting.fit(lake, labels, out, dt=dt, report=say)
    terminal.out(outcome.fitted.told(outcome.dt))
    terminal.out(f"cards: {out}")
