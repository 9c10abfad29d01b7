"""The command that prints what facts are worth."""

from typing import Annotated

import typer

from graphkit.cli import terminal
from graphkit.cli.commands import FormOption, app
from graphkit.cli.terminal import Form


@app.command(epilog="Example: graphkit weights together")
def weights(
    card: Annotated[
        str, typer.Argument(metavar="CARD", help="alone (first round) or together (second).")
    ] = "together",
    form: FormOption = Form.table,
) -> None:
    """Print a scorecard: what each fact adds to a pair of accounts, in millibits.

    The cards were fitted on simulated providers: seen_for and seen_against say in how many of 1,000
    candidate pairs of a ring, and of others, a value was seen there.
    """
    from graphkit.errors import UsageError, nearest
    from graphkit.graph import ROUNDS, explained_card

    if card not in ROUNDS:
        raise UsageError(
            f"there is no scorecard {card!r}{nearest(card, list(ROUNDS))}",
            found=card,
            allowed=", ".join(ROUNDS),
            do="name one of them",
        )
    terminal.write(explained_card(card), form)
