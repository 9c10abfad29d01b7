"""How values are spelt for people; what an attacker wrote is shown, never obeyed."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

CLIP = 60
# Letters and marks that leave no ink: Hangul fillers, blank Braille, variation selectors.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800") | {chr(code) for code in range(0xFE00, 0xFE10)}


def visible(text: str) -> str:
    r"""Spell control, direction and other unseen characters as escapes such as `\x1b`.

    They could move a terminal's cursor, reverse the reading order or hide part of an id. The plain
    space is the only blank that stays.
    """
    return "".join(_escape(character) if _unseen(character) else character for character in text)


def _unseen(character: str) -> bool:
    category = unicodedata.category(character)
    blank = category[0] == "Z" and character != " "
    return category[0] == "C" or blank or character in _BLANK


def _escape(character: str) -> str:
    return (
        character.encode("unicode_escape").decode()
        if character > "\xa0"
        else f"\\x{ord(character):02x}"
    )


def clip(text: str, width: int = CLIP) -> str:
    """Cut the middle out of a long text; both ends stay, since ids differ there."""
    if len(text) <= width:
        return text
    tail = width // 3
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def bits(millibits: int | None) -> str:
    """Spell millibits in bits, with one digit."""
    return "-" if millibits is None else f"{millibits / 1000:,.1f}"


def chance(millibits: int) -> str:
    """Spell log odds in millibits as a probability; no certainty is ever claimed."""
    share = 1 / (1 + 2.0 ** (-max(-60_000, min(60_000, millibits)) / 1000))
    return "above 99.9%" if share > 0.999 else "below 0.1%" if share < 0.001 else f"{share:.1%}"


def moment(at: datetime | None) -> str:
    """Spell a UTC time to the minute."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def plural(n: int, noun: str, nouns: str | None = None) -> str:
    """Spell a count with its noun: `1 row`, `2,000 rows`."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def cell(value: Any) -> str:
    """Spell any value of a table, on one line."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str):
        return clip(visible(value))
    if isinstance(value, Sequence):
        return clip(", ".join(visible(str(part)) for part in value))
    return str(value) if isinstance(value, int | date | Decimal) else visible(str(value))


def spell_dates(dates: Sequence[date]) -> str:
    """Spell sorted dates with runs drawn together: `2026-11-01 to 2026-11-04, 2026-11-09`."""
    runs: list[list[date]] = []
    for dt in dates:
        if runs and (dt - runs[-1][-1]).days == 1:
            runs[-1].append(dt)
        else:
            runs.append([dt])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
