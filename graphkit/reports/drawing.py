"""Where a small ring's picture has its parts: members at the left, shared facts at the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphkit.reports.spelling import clip, visible

MAX_MEMBERS = 24
MAX_FACTS = 16
WIDTH = 900
_ROW = 24
_LEFT, _RIGHT = 290, 560
_LABEL = 36


@dataclass(frozen=True)
class Picture:
    """A bipartite drawing, in pixels.

    Attributes:
        width: of the whole.
        height: of the whole.
        members: x, y and label of each account.
        facts: x, y, label and signal of each shared fact.
        ties: path and signal of each tie between them.
        left_out: facts that had no room.
    """

    width: int
    height: int
    members: tuple[tuple[int, int, str], ...]
    facts: tuple[tuple[int, int, str, str], ...]
    ties: tuple[tuple[str, str], ...]
    left_out: int


def draw(accounts: Sequence[str], facts: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Place a ring's members and its weightiest facts; None where the ring is too large.

    Args:
        accounts: the ring's members.
        facts: EVIDENCE rows, weightiest first.
    """
    if not accounts or len(accounts) > MAX_MEMBERS:
        return None
    shown = facts[:MAX_FACTS]
    rows = max(len(accounts), len(shown), 1)
    places = {account: _spread(at, len(accounts), rows) for at, account in enumerate(accounts)}
    drawn, ties = [], []
    for at, fact in enumerate(shown):
        y, signal = _spread(at, len(shown), rows), fact["signal"]
        label = " ".join(filter(None, (fact["entity"], fact["trait"])))
        drawn.append((_RIGHT, y, clip(visible(label), _LABEL + 6), signal))
        middle = (_LEFT + _RIGHT) // 2
        for account in fact["members"]:
            if account in places:
                start = places[account]
                path = f"M{_LEFT} {start}C{middle} {start} {middle} {y} {_RIGHT} {y}"
                ties.append((path, signal))
    names = tuple((_LEFT, y, clip(visible(name), _LABEL)) for name, y in places.items())
    height = (rows + 1) * _ROW
    return Picture(WIDTH, height, names, tuple(drawn), tuple(ties), len(facts) - len(shown))


def _spread(at: int, n: int, rows: int) -> int:
    """The height of one of n things, spread evenly over the rows."""
    return _ROW + round((at + 0.5) * rows * _ROW / n - _ROW / 2)
