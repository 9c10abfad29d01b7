"""Plots as SVG: shares by tactic and strength as a grid, and shares over a quantity as lines."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_LEFT, _CELL, _ROW, _TOP = 130, 74, 20, 52
_INKS = ("#0b6e99", "#c2571a", "#4a7c59", "#7a4fa3", "#555555", "#b03060")


def evasions_drawn(rows: Mapping[str, Sequence[float]], strengths: Sequence[float]) -> str:
    """A grid: the darker a cell, the more rings of the tactic are found at that strength.

    Args:
        rows: ring recall by tactic, one for each strength; nan where it was not measured.
        strengths: in the order of the columns.
    """
    marks = [_text(8, 18, "Ring recall by tactic and strength", bold=True)]
    marks += [
        _text(_LEFT + _CELL * at + _CELL / 2, _TOP - 8, f"{strength:g}", middle=True)
        for at, strength in enumerate(strengths)
    ]
    for place, (name, shares) in enumerate(rows.items()):
        y = _TOP + _ROW * place
        marks.append(_text(8, y + 14, name))
        for at, share in enumerate(shares):
            if not math.isnan(share):
                marks += _cell(_LEFT + _CELL * at, y, share)
    return _drawing(_LEFT + _CELL * len(strengths) + 12, _TOP + _ROW * len(rows) + 12, marks)


def _cell(x: float, y: float, share: float) -> list[str]:
    ink = "#ffffff" if share > 0.55 else "#222222"
    return [
        f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_ROW - 2}"'
        f' fill="#0b6e99" fill-opacity="{max(share, 0.04):.2f}"/>',
        _text(x + _CELL / 2 - 1, y + 13, f"{share:.2f}", middle=True, fill=ink),
    ]


def lines_drawn(series: Mapping[str, Sequence[tuple[float, float]]], title: str) -> str:
    """A line per name over a quantity, at places of the same distance.

    Args:
        series: points (quantity, share) by name.
        title: what is drawn.
    """
    ticks = sorted({at for points in series.values() for at, _ in points})
    wide, high, left = 90, 180, 50
    places = {at: left + wide * place for place, at in enumerate(ticks)}
    right = left + wide * max(len(ticks) - 1, 1)
    marks = [_text(8, 18, title, bold=True)]
    for share in (0, 0.5, 1):
        y = _height(share, high)
        marks.append(f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#ddd"/>')
        marks.append(_text(left - 28, y + 4, f"{share:g}"))
    marks += [_text(x, high + 62, f"{at:g}", middle=True) for at, x in places.items()]
    for number, (name, points) in enumerate(series.items()):
        ink = _INKS[number % len(_INKS)]
        spots = [(places[at], _height(share, high)) for at, share in sorted(points)]
        path = " ".join(f"{x},{y:.1f}" for x, y in spots)
        marks.append(f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"/>')
        marks += [f'<circle cx="{x}" cy="{y:.1f}" r="3.5" fill="{ink}"/>' for x, y in spots]
        y = 58 + 18 * number
        marks.append(f'<circle cx="{right + 24}" cy="{y - 4}" r="3.5" fill="{ink}"/>')
        marks.append(_text(right + 34, y, name))
    return _drawing(right + 190, high + 76, marks)


def _height(share: float, high: float) -> float:
    return 40 + (1 - share) * high


def _text(
    x: float, y: float, said: str, *, bold: bool = False, middle: bool = False, fill: str = ""
) -> str:
    more = ' font-weight="bold"' * bold + ' text-anchor="middle"' * middle
    more += f' fill="{fill}"' * bool(fill)
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(said)}</text>'


def _drawing(width: float, height: float, marks: Sequence[str]) -> str:
    """Marks on a white ground."""
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        ' font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    return "\n".join([*head, *marks, "</svg>"]) + "\n"
