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
_INVISIBLE = r"[\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}]"
# After NFKC, which turns full-width digits and no-break spaces into plain ones.
_RUN = r"[0-9](?:[ ._/-]?[0-9]){12,}"
_RUN_PYTHON = re.compile(_RUN)


def card_rows(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Say which cells hold a card number, in any common spelling.

    Args:
        column: string, shape (n,).

    Returns:
        shape (n,), true where a maximal run of digits passes issuer table and Luhn.
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
    return any(_is_card(re.sub(r"\D", "", run)) for run in _RUN_PYTHON.findall(text))


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
