"""The command line: results on standard output, progress and errors on standard error."""

from graphkit.cli import fit as fit  # their commands join the others
from graphkit.cli import questions as questions
from graphkit.cli import validate as validate
from graphkit.cli import weights as weights
from graphkit.cli import worlds as worlds
from graphkit.cli.commands import app
from graphkit.cli.terminal import guarded

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line: exit codes 0, 1 (a fault), 2, 65, 75 and 78."""
    guarded(app)
