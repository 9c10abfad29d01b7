"""Where a small ring's picture has its parts: members at the left, shared facts at the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphkit.reports.spelling import clip, visible

MAX_MEMBERS = 60
MAX_FACTS = 16
WIDTH = 980
_ROW, _DENSE_ROW, _DENSE_FROM = 24, 15, 25
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
        dense: whether the rows stand close, for smaller letters.
    """

    width: int
    height: int
    members: tuple[tuple[int, int, str], ...]
    facts: tuple[tuple[int, int, str, str], ...]
    ties: tuple[tuple[str, str], ...]
    dense: bool


def draw(accounts: Sequence[str], facts: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Place a ring's members and its first facts; None where the ring is too large.

    Args:
        accounts: the ring's members.
        facts: EVIDENCE rows, those first that matter most.
    """
    if not accounts or len(accounts) > MAX_MEMBERS:
        return None
    shown = facts[:MAX_FACTS]
    dense = len(accounts) >= _DENSE_FROM
    height = max(len(accounts) * (_DENSE_ROW if dense else _ROW), len(shown) * _ROW)
    ordered = _untangled(accounts, shown)
    places = {account: _spread(at, len(accounts), height) for at, account in enumerate(ordered)}
    drawn, ties = [], []
    for at, fact in enumerate(shown):
        y, signal = _spread(at, len(shown), height), fact["signal"]
        label = " ".join(filter(None, (fact["entity"], fact["trait"])))
        drawn.append((_RIGHT, y, clip(visible(label), _LABEL + 18), signal))
        middle = (_LEFT + _RIGHT) // 2
        for account in fact["members"]:
            if account in places:
                start = places[account]
                path = f"M{_LEFT} {start}C{middle} {start} {middle} {y} {_RIGHT} {y}"
                ties.append((path, signal))
    names = tuple((_LEFT, y, clip(visible(name), _LABEL)) for name, y in places.items())
    return Picture(WIDTH, height + _ROW, names, tuple(drawn), tuple(ties), dense)


def _untangled(accounts: Sequence[str], facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The accounts by the mean place of the facts they hold, so that fewer ties cross."""
    held: dict[str, list[int]] = {account: [] for account in accounts}
    for at, fact in enumerate(facts):
        for account in fact["members"]:
            if account in held:
                held[account].append(at)
    means = {
        account: sum(places) / len(places) if places else -1 for account, places in held.items()
    }
    return sorted(accounts, key=lambda account: (means[account], account))


def _spread(at: int, n: int, height: int) -> int:
    """Where one of n things stands, spread evenly over the height."""
    return _ROW // 2 + round((at + 0.5) * height / n)
