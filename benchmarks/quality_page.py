"""The quality table as a page and a plot: mean and interval over worlds, by level and method."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

SHOWN = "B-cubed F1"
STATED = "calibration error"
_INTRO = """\
# graphkit beside other methods

Written by `python -m benchmarks.quality`; [READING.md](../READING.md) says what each figure asks
and what simulated figures cannot tell.

graphkit runs by its defaults and is told nothing. Every other method is **told the truth**: of the
settings in `benchmarks/rivals/__init__.py`, all floors of its score and four smallest sizes it
takes, world by world, what has the largest B-cubed F1. Nobody has that choice in life, so expect
less of it there. All take the same links and are held against the same truth.

A figure is the mean over worlds, behind it the 95% interval of that mean (Student's t, which takes
the worlds as independent); with one world there is none. Seconds are those from links to
communities, of a tuned method with the setting that was chosen, on cores that others used too; peak
memory is that of the whole process, of a tuned method over all of its settings. Calibration error
is how far a stated confidence is from what comes true; most methods state none. A method with all
its settings has ten minutes and 12 GB on one world: where it is stopped, the best of the settings
that came to an end counts, and *stopped* says so.
"""
_PACKAGED = """\
### From the package index

Tools that others install, by the calls of their users (`benchmarks/rivals/packaged/`), tuned with
the truth like the methods above; graphkit's line on the same level stands first. None of them
leaves hubs out or puts several kinds of evidence together by itself, so both are settings here.
"""


@dataclass(frozen=True)
class Mean:
    """A mean over worlds; low and high are its interval, None where there is one world only."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.2f}–{self.high:.2f})"


def mean(values: Sequence[float]) -> Mean:
    """The mean of shares with its interval, cut at 0 and 1."""
    n, value = len(values), float(np.mean(values))
    if n < 2:
        return Mean(value)
    half = float(t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / n**0.5
    return Mean(value, max(0.0, value - half), min(1.0, value + half))


def latest(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each world's and method's lines the last one."""
    asked = ("accounts", "level", "seed", "method")
    return list({tuple(line[name] for name in asked): line for line in lines}.values())


def write_page(
    pages: Path,
    lines: Sequence[dict[str, Any]],
    methods: Sequence[str],
    packaged: Sequence[str] = (),
) -> None:
    """Write the page and, of each size of worlds, the plot.

    Args:
        pages: folder to write to.
        lines: as `benchmarks.quality` writes them.
        methods: in their order; the first is graphkit.
        packaged: tools from the package index, in a section of their own.
    """
    pages.mkdir(exist_ok=True)
    last, parts = latest(lines), [_INTRO]
    for accounts in sorted({line["accounts"] for line in last}):
        chosen = [line for line in last if line["accounts"] == accounts]
        plot, own = f"quality-{accounts}.svg", _of(chosen, methods)
        shown = [name for name in (*methods, *packaged) if _measured(_of(chosen, [name]))]
        (pages / plot).write_text(drawn(_measured(chosen), shown), "utf-8")
        parts += [f"## {accounts:,} accounts\n", _worlds(own), f"![{SHOWN} by level]({plot})\n"]
        parts += [_losses(_measured(chosen), (*methods, *packaged))]
        for level in sorted({line["level"] for line in own}):
            parts += [f"### Level {level}\n", _table(_at(own, level), methods)]
        if tools := _of(chosen, packaged):
            parts += [_PACKAGED, _worlds(tools)]
            for level in sorted({line["level"] for line in tools}):
                rows = [*_of(_at(chosen, level), methods[:1]), *_at(tools, level)]
                parts += [f"#### Level {level}\n", _table(rows, (methods[0], *packaged))]
    (pages / "quality.md").write_text("\n".join(parts), "utf-8")


def _of(lines: Sequence[dict[str, Any]], methods: Sequence[str]) -> list[dict[str, Any]]:
    return [line for line in lines if line["method"] in methods]


def _at(lines: Sequence[dict[str, Any]], level: int) -> list[dict[str, Any]]:
    return [line for line in lines if line["level"] == level]


def _measured(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that have figures: a method may have been stopped before it had any."""
    return [line for line in lines if line.get("figures")]


def _worlds(lines: Sequence[dict[str, Any]]) -> str:
    """How many worlds there are, and of which code."""
    seeds = sorted({line["seed"] for line in lines})
    commits = ", ".join(sorted({line["machine"]["commit"] for line in lines}))
    run = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    count = "1 world" if len(seeds) == 1 else f"up to {len(seeds)} worlds"
    few = " Too few to tell methods apart." * (len(seeds) < 3)
    return f"{count} of each level (seed {run}), measured at commit {commits}.{few}\n"


def _losses(lines: Sequence[dict[str, Any]], methods: Sequence[str]) -> str:
    """Where another method has the better mean, said in words."""
    if not _of(lines, methods[:1]):
        return f"{methods[0]} is not measured here yet.\n"
    said = []
    for level in sorted({line["level"] for line in lines}):
        at = [line for line in lines if line["level"] == level]
        for name in at[0]["figures"]:
            means = {
                method: mean(values)
                for method in methods
                if (values := [line["figures"][name] for line in at if line["method"] == method])
            }
            best = max(means, key=lambda method: means[method].value)
            if methods[0] in means and means[best].value > means[methods[0]].value:
                ours = means[methods[0]]
                said.append(f"- level {level}, {name}: {best} {means[best]}, graphkit {ours}")
    if not said:
        return "No other method has a better mean of any figure.\n"
    return "Where another method has the better mean:\n\n" + "\n".join(said) + "\n"


def _table(lines: Sequence[dict[str, Any]], methods: Sequence[str]) -> str:
    """A row for each method; a method that was stopped on some worlds says so."""
    names = list(dict.fromkeys(name for line in lines for name in line.get("figures", ())))
    head = ["method", "worlds", *names, STATED, "seconds", "peak MB", "stopped"]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for method in methods:
        mine = _of(lines, [method])
        told = _measured(mine)
        cells = [
            str(mean([line["figures"][name] for line in told])) if told else "-" for name in names
        ]
        stated = [line[STATED] for line in told if line.get(STATED) is not None]
        cells.append(f"{np.mean(stated):.3f}" if stated else "-")
        cells.append(f"{np.mean([line['seconds'] for line in told]):.2f}" if told else "-")
        cells.append(f"{max(line['peak_mb'] for line in told):,}" if told else "-")
        cells.append(_stopped(mine) if mine else "not measured")
        rows.append("| " + " | ".join([method, str(len(told)), *cells]) + " |")
    return "\n".join(rows) + "\n"


def _stopped(lines: Sequence[dict[str, Any]]) -> str:
    """On how many worlds a method was stopped, by what, and how far it came."""
    stopped = [line for line in lines if line.get("stopped")]
    lost = [line for line in lines if "tried" in line and line["tried"][0] < line["tried"][1]]
    if not stopped and not lost:
        return "-"
    why = ", ".join(sorted({line["stopped"] for line in stopped})) or "errors"
    n = len({id(line) for line in (*stopped, *lost)})
    tried = [line["tried"] for line in lines if "tried" in line]
    least = "; at least {} of {} settings tried".format(*min(tried)) if tried else ""
    return f"{why}, on {n} of {len(lines)}{least}"


_LEFT, _WIDE, _ROW, _TOP = 170, 130, 20, 44


def drawn(lines: Sequence[dict[str, Any]], methods: Sequence[str]) -> str:
    """The plot as SVG: a panel per level, a row per method, its mean as a dot on its interval."""
    levels = sorted({line["level"] for line in lines})
    width, height = _LEFT + len(levels) * (_WIDE + 20), _TOP + _ROW * len(methods) + 30
    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{SHOWN}, mean over worlds and 95% interval</text>',
    ]
    for row, method in enumerate(methods):
        weight = ' font-weight="bold"' if row == 0 else ""
        y = _TOP + _ROW * row + 16
        marks.append(f'<text x="8" y="{y}"{weight}>{escape(method)}</text>')
    for panel, level in enumerate(levels):
        at = [line for line in lines if line["level"] == level]
        marks += _panel(at, methods, level, _LEFT + panel * (_WIDE + 20))
    return "\n".join([*marks, "</svg>"]) + "\n"


def _panel(
    lines: Sequence[dict[str, Any]], methods: Sequence[str], level: int, left: float
) -> list[str]:
    bottom = _TOP + _ROW * len(methods)
    marks = [f'<text x="{left}" y="{_TOP - 8}">level {level}</text>']
    for tick in (0.0, 0.5, 1.0):
        x = left + tick * _WIDE
        marks.append(f'<path d="M{x} {_TOP}V{bottom}" stroke="#ddd"/>')
        marks.append(
            f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" font-size="10">{tick:g}</text>'
        )
    for row, method in enumerate(methods):
        values = [line["figures"][SHOWN] for line in lines if line["method"] == method]
        if not values:
            continue
        found, y = mean(values), _TOP + _ROW * row + 12
        colour = "#c0392b" if row == 0 else "#456"
        if found.low is not None and found.high is not None:
            ends = left + found.low * _WIDE, left + found.high * _WIDE
            marks.append(f'<path d="M{ends[0]:.1f} {y}H{ends[1]:.1f}" stroke="{colour}"/>')
        x = left + found.value * _WIDE
        marks.append(f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{colour}"/>')
    return marks
