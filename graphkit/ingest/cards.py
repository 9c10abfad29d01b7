"""Finding raw card numbers: issuer table and Luhn, without ever repeating a digit.

Issuer ranges after ISO/IEC 7812 as the networks publish them; the check digit after Luhn
(US patent 2,950,048).
"""

import re

import numba
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
_MOST_DIGITS = 19
# Stands where a number was: no gap, so that what is left of two runs cannot make another number.
_CUT = "#"


def _issued() -> NDArray[np.bool_]:
    """Which first four digits a number of each length may have; shape (20, 10000)."""
    issued = np.zeros((20, 10_000), dtype=bool)
    for low, high, lengths in _RANGES:
        scale = 10 ** (4 - len(str(low)))
        issued[sorted(lengths), low * scale : (high + 1) * scale] = True
    return issued


_ISSUED = _issued()


def card_rows(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Say which cells hold a card number, in any common spelling.

    Args:
        column: string, shape (n,).

    Returns:
        shape (n,), true where digits pass issuer table and Luhn: a whole run of them, or whole
        groups of a run, as where a date or an expiry stands beside the number.
    """
    return without_cards(column)[1]


def without_cards(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, NDArray[np.bool_]]:
    """Cut card numbers out of cells.

    Args:
        column: string, shape (n,).

    Returns:
        The column, in which a cell that held a card number is in NFKC, without invisible
        characters and with `#` in the number's place, null where nothing else says anything; and
        which cells held one, shape (n,).
    """
    distinct = column.combine_chunks().dictionary_encode()
    texts, places = distinct.dictionary, distinct.indices
    # Arrow's regular expressions are compiled for UTF-8, its normaliser keeps nulls.
    plain = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKC"), _INVISIBLE, "")
    suspects = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(plain, _RUN), False))
    cut = {
        place: rest
        for place, text in zip(suspects.to_pylist(), plain.take(suspects).to_pylist(), strict=True)
        if (rest := _cut(text)) != text
    }
    held = np.zeros(len(texts), dtype=bool)
    held[list(cut)] = True
    if not cut:
        return column, np.zeros(len(column), dtype=bool)
    left = [rest if any(map(str.isalnum, rest)) else None for rest in cut.values()]
    rest = pc.replace_with_mask(texts, pa.array(held), pa.array(left, pa.string()))
    hit = pc.fill_null(pa.array(held).take(places), False).to_numpy(zero_copy_only=False)
    return pa.chunked_array([rest.take(places)]), np.asarray(hit, dtype=bool)


def _cut(text: str) -> str:
    """The text with `#` in the place of each card number; of those that overlap, one for all."""
    kept, done = [], 0
    for run in _RUN_PYTHON.finditer(text):
        inside = _inside(_codes(run.group()), _ISSUED)
        edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)) + run.start()
        for start, end in edges.reshape(-1, 2).tolist():
            kept += [text[done:start], _CUT]
            done = end
    return "".join([*kept, text[done:]])


def _codes(run: str) -> NDArray[np.uint32]:
    """Code points, digits of any script as ASCII's."""
    if not run.isascii():
        run = "".join(str(int(mark)) if mark.isdecimal() else mark for mark in run)
    return np.frombuffer(run.encode("utf-32-le"), dtype=np.uint32)


@numba.njit(cache=True, nogil=True)
def _inside(codes: NDArray[np.uint32], issued: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which places of a run belong to a card number, which is whole groups of digits."""
    inside = np.zeros(codes.size, dtype=np.bool_)
    for start in range(codes.size):
        if not 48 <= codes[start] <= 57 or (start > 0 and 48 <= codes[start - 1] <= 57):
            continue
        count, prefix = 0, 0
        # Luhn's sum, should the last digit be at an even or at an odd place.
        even, odd = 0, 0
        for place in range(start, codes.size):
            if not 48 <= codes[place] <= 57:
                continue
            if count == _MOST_DIGITS:
                break
            digit = int(codes[place]) - 48
            twice = 2 * digit - 9 if digit > 4 else 2 * digit
            even += digit if count % 2 == 0 else twice
            odd += twice if count % 2 == 0 else digit
            prefix = prefix * 10 + digit if count < 4 else prefix
            count += 1
            if place + 1 < codes.size and 48 <= codes[place + 1] <= 57:
                continue
            if issued[count, prefix] and (even, odd)[1 - count % 2] % 10 == 0:
                inside[start : place + 1] = True
    return inside
