"""Refusal of raw card numbers: issuer table and Luhn, without ever repeating a digit.

Issuer ranges after ISO/IEC 7812 as the networks publish them; the check digit after Luhn
(US patent 2,950,048).
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_RANGES: tuple[tuple[int, int, frozenset[int]], ...] = tuple(
    (low, high, frozenset(lengths))
    for low, high, lengths in (
        (4, 4, (13, 16, 19)),
        (51, 55, (16,)),
        (2221, 2720, (16,)),
        (34, 34, (15,)),
        (37, 37, (15,)),
        (6011, 6011, (16, 17, 18, 19)),
        (644, 659, (16, 17, 18, 19)),
        (62, 62, (16, 17, 18, 19)),
        (81, 82, (16, 17, 18, 19)),
        (300, 305, (14, 15, 16, 17, 18, 19)),
        (3095, 3095, (14, 15, 16, 17, 18, 19)),
        (36, 36, (14, 15, 16, 17, 18, 19)),
        (38, 39, (14, 15, 16, 17, 18, 19)),
        (3528, 3589, (16, 17, 18, 19)),
        (2200, 2204, (16, 17, 18, 19)),
        (50, 50, (13, 14, 15, 16, 17, 18, 19)),
        (56, 58, (13, 14, 15, 16, 17, 18, 19)),
        (60, 60, (16,)),
        (63, 63, (16, 17, 18, 19)),
        (67, 67, (13, 14, 15, 16, 17, 18, 19)),
        (9792, 9792, (16,)),
    )
)
# Format characters, marks and control characters: they show as nothing between two digits.
_INVISIBLE = r"[\p{Cf}\p{M}\x00-\x08\x0B\x0E-\x1F\x7F]"
# After NFKC, which turns full-width digits and no-break spaces into plain ones.
_GAP = "[ \t\r\n._/·‐-―−-]{0,3}"
_RUN = rf"\p{{Nd}}(?:{_GAP}\p{{Nd}}){{12,}}"
_RUN_PYTHON = re.compile(rf"\d(?:{_GAP}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_MOST_DIGITS = 19


def card_rows(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Say which cells hold a card number, in any common spelling.

    Args:
        column: string, shape (n,).

    Returns:
        shape (n,), true where digits pass issuer table and Luhn: a whole run of them, or whole
        groups of a run, as where a date or an expiry stands beside the number.
    """
    # Arrow's regular expressions are compiled for UTF-8, its normaliser keeps nulls.
    plain = pc.replace_substring_regex(pc.utf8_normalize(column, "NFKC"), _INVISIBLE, "")
    suspects = pc.fill_null(pc.match_substring_regex(plain, _RUN), False)
    hit = np.asarray(suspects.to_numpy(zero_copy_only=False), dtype=bool).copy()
    places = np.flatnonzero(hit)
    texts = plain.take(pa.array(places)).to_pylist()
    hit[places] = [_holds_card(text) for text in texts]
    return hit


def _holds_card(text: str) -> bool:
    return any(_groups_hold_card(_GROUP.findall(run)) for run in _RUN_PYTHON.findall(text))


def _groups_hold_card(groups: list[str]) -> bool:
    for first in range(len(groups)):
        digits = ""
        for group in groups[first : first + _MOST_DIGITS]:
            digits += group
            if len(digits) > _MOST_DIGITS:
                break
            if _is_card(digits):
                return True
    return False


def _is_card(digits: str) -> bool:
    return any(
        len(digits) in lengths and low <= int(digits[: len(str(low))]) <= high
        for low, high, lengths in _RANGES
    ) and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
