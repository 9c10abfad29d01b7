"""What can go wrong, as one tree; every error says what, found, allowed and what to do.

    GraphkitError
    ├── UsageError      2   the command or call asks for something that is not there
    ├── DataError      65   the user's files or tables break their contract
    │   └── EmptyDayError   a day holds nothing that can be used
    ├── StorageError   75   the lake or the files' store cannot be reached or used now; try again
    └── SettingsError  78   settings or key do not fit

The numbers are the exit codes of the command line (after BSD's sysexits).
"""

from difflib import SequenceMatcher, get_close_matches
from typing import ClassVar


class GraphkitError(Exception):
    """An error that a person can act on.

    The parts are arguments, so that a bare message cannot be written.

    Args:
        what: what was wrong, with file, row or column where there is one.
        found: what was found there; never a secret, a card number or a raw prompt.
        allowed: what would have been right.
        do: what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, found: str, allowed: str, do: str) -> None:
        self.what, self.found, self.allowed, self.do = what, found, allowed, do
        super().__init__(f"{what}\n  found:   {found}\n  allowed: {allowed}\n  do:      {do}")


class UsageError(GraphkitError):
    """The command or call asks for something that is not there."""

    exit_code = 2


class DataError(GraphkitError):
    """The user's files or tables break their contract."""

    exit_code = 65


class EmptyDayError(DataError):
    """A day holds no table, or no row that can be used."""


class StorageError(GraphkitError):
    """The lake, or the store of a provider's files, cannot be reached or used now."""

    exit_code = 75


class SettingsError(GraphkitError):
    """Settings or key do not fit."""

    exit_code = 78


def nearest(name: str, known: list[str]) -> str:
    """Say which known name was probably meant, of equally near ones the first; empty if none is."""
    close = sorted(get_close_matches(name, known, n=9), key=known.index)
    if not close:
        return ""
    meant = max(close, key=lambda other: SequenceMatcher(None, other, name).ratio())
    return f" (did you mean {meant!r}?)"
