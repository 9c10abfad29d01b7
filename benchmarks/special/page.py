"""The page of the special worlds: a table per family, seeds put together."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.special.plots import evasions_drawn, lines_drawn
from benchmarks.special.worlds import CAMOUFLAGE, CROWD, FRAMED, NO_RING, ONE_KIND, TACTIC
from graphkit.evaluate.figure import wilson

Line = Mapping[str, Any]
_INTRO = """\
# Worlds made to catch one failing each

Written by `python -m benchmarks.special`; `benchmarks/special/worlds.py` says how each world is
made, [READING.md](../READING.md) what the figures ask and what simulated figures cannot tell.
graphkit runs by its defaults and is told nothing. Worlds of one row are put together: how many of
how many over all of them, and the share; behind ring recall its 95% interval (Wilson). Seeds are
those of this page alone.
"""
_NO_RING = """\
## No ring at all

Nobody is guilty, so whatever is published is wrong.
"""
_ONE_KIND = """\
## A single kind of honest group

No ring; three accounts in ten belong to groups of the one kind, the others stand alone.
"""
_FRAMED = """\
## Framed innocents

Every ring shares openly and so is easily found; its members also leave through the homes of honest
developers, send what these wrote, or both. Each innocent is copied by one member. Drawn in is
whoever is published together with an account that an operator runs; other honest accounts are
the comparison. In the first row nobody is framed.
"""
_CAMOUFLAGE = """\
## Camouflage

For each record of a ring's own, so many per cent more on strangers' addresses and prompts, drawn
evenly (random) or those with most users (popular). Its own records stay as many as they were, so
members send more, as in FRAUDAR's experiments. `naive` rings also share cards, which no record
to a stranger's thing can hide; `reseller` rings share gateways and texts alone.
"""
_CROWD = """\
## Strangers whom nothing links

Rings and pairs of accounts with evidence are those of the same world before the strangers came.
"""
_TACTIC = """\
## The price of each evasion

All rings of a world have one tactic; `strength` is the share of a member's activity that shows what
the ring shares. A tactic that only hides something hides a ring that shares openly: compare it with
`naive`. What an account has only once (organisation, mail domain) no strength can hide.
"""


def write_page(pages: Path, lines: Sequence[Line]) -> None:
    """Write the page and its plots.

    Args:
        pages: folder to write to.
        lines: as `python -m benchmarks.special` writes them; of each world the last one counts.
    """
    pages.mkdir(exist_ok=True)
    last = latest(lines)
    rows, strengths = _grid(_of(last, TACTIC))
    plots = {
        "special-evasions.svg": evasions_drawn(
            {name: [_rate(cell, "ring recall") for cell in cells] for name, cells in rows.items()},
            strengths,
        ),
        "special-camouflage.svg": _camouflage_plot(_of(last, CAMOUFLAGE)),
    }
    for name, plot in plots.items():
        (pages / name).write_text(plot, "utf-8")
    (pages / "special.md").write_text(page_of(last, plots=tuple(plots)), "utf-8")


def latest(lines: Iterable[Line]) -> list[Line]:
    """Of each case's lines the last one."""
    asked = ("family", "name", "value", "seed")
    return list({tuple(line[name] for name in asked): line for line in lines}.values())


def page_of(lines: Sequence[Line], *, plots: tuple[str, ...] = ()) -> str:
    """The page as Markdown.

    Args:
        lines: one per world.
        plots: files of the plots of evasions and of camouflage, if there are any.
    """
    commits = sorted({line["machine"]["commit"] for line in lines if "machine" in line})
    parts = [_INTRO] + [f"Measured at commit {', '.join(commits)}.\n"] * bool(commits)
    evasions, camouflage = [f"![ring recall]({plot})\n" for plot in plots] or ["", ""]
    parts += [_NO_RING, _honest(_of(lines, NO_RING), "world")]
    parts += [_ONE_KIND, _honest(_of(lines, ONE_KIND), "kind")]
    parts += [_FRAMED, _framed(_of(lines, FRAMED))]
    parts += [_CAMOUFLAGE, camouflage, _camouflaged(_of(lines, CAMOUFLAGE))]
    parts += [_CROWD, _crowded(_of(lines, CROWD))]
    parts += [_TACTIC, evasions, _evasions(_of(lines, TACTIC))]
    return "\n".join(part for part in parts if part)


def _honest(groups: Mapping[tuple[str, float], list[Line]], what: str) -> str:
    """Who is accused where nobody is guilty."""
    rows = []
    for (name, _), lines in groups.items():
        whose = _parts(lines, "rings of")
        told = ", ".join(f"{part} {n}" for part, (n, _) in whose.items() if n) or "-"
        honest = _parts(lines, "honest published").values()
        accused = sum(n for n, _ in honest), sum(of for _, of in honest)
        rows.append([name, str(len(lines)), _share(accused), _of_whom(lines), told])
    head = [what, "worlds", "accounts published", "most often published", "rings published of"]
    return _table(head, rows)


def _of_whom(lines: Sequence[Line]) -> str:
    """The three kinds of account with the most published."""
    parts = sorted(_parts(lines, "honest published").items(), key=lambda part: (-part[1][0], part))
    return ", ".join(f"{name} {n:,} of {of:,}" for name, (n, of) in parts[:3] if n) or "-"


def _framed(groups: Mapping[tuple[str, float], list[Line]]) -> str:
    names = ("framed published", "framed drawn in", "others published", "others drawn in")
    rows = [
        [name, str(len(lines)), *(_share(total(lines, told)) for told in names), *_main(lines)]
        for (name, _), lines in groups.items()
    ]
    return _table(["by", "worlds", *names, *_MAIN], rows)


def _camouflaged(groups: Mapping[tuple[str, float], list[Line]]) -> str:
    rows = [
        [name, f"{value:.0f}%", str(len(lines)), *_main(lines)]
        for (name, value), lines in groups.items()
    ]
    return _table(["ring, camouflage", "more records", "worlds", *_MAIN], rows)


def _camouflage_plot(groups: Mapping[tuple[str, float], list[Line]]) -> str:
    series: dict[str, list[tuple[float, float]]] = {}
    for (name, value), lines in groups.items():
        series.setdefault(name, []).append((value, _rate(lines, "ring recall")))
    return lines_drawn(series, "Ring recall by camouflage, % more records to strangers' things")


def _crowded(groups: Mapping[tuple[str, float], list[Line]]) -> str:
    rows = []
    for (_, value), lines in groups.items():
        strangers = _parts(lines, "honest published").get("crowd", (0, 0))
        names = ("rings kept", "pairs kept", "pairs the same")
        stood = [_share(total(lines, name)) if value else "-" for name in names]
        rows.append([f"{value:.0f} times", str(len(lines)), *stood, _share(strangers)])
        rows[-1] += _main(lines)
    head = ["strangers", "worlds", "rings kept", "pairs kept", "pairs the same"]
    return _table([*head, "strangers published", *_MAIN], rows)


def _evasions(groups: Mapping[tuple[str, float], list[Line]]) -> str:
    """Ring recall and account recall by tactic and strength, precision over all strengths."""
    rows, strengths = _grid(groups)
    head = ["tactic", *(f"ring recall at {s:g}" for s in strengths)]
    head += [f"account recall at {s:g}" for s in strengths]
    body = []
    for name, cells in rows.items():
        rings = [_rated(cell, "ring recall") for cell in cells]
        accounts = [f"{_rate(cell, 'recall'):.2f}" if cell else "-" for cell in cells]
        precision = _share(total([line for cell in cells for line in cell], "precision"))
        body.append([name, *rings, *accounts, precision])
    return _table([*head, "account precision"], body)


def _grid(
    groups: Mapping[tuple[str, float], list[Line]],
) -> tuple[dict[str, list[list[Line]]], list[float]]:
    """Lines by name and value: of each name a cell for every value, rising downwards."""
    values = sorted({value for _, value in groups}, reverse=True)
    names = dict.fromkeys(name for name, _ in groups)
    return {name: [groups.get((name, at), []) for at in values] for name in names}, values


_MAIN = ("account precision", "account recall", "ring recall")


def _main(lines: Sequence[Line]) -> list[str]:
    """Cells of the figures that most families tell."""
    first = [_share(total(lines, name)) for name in ("precision", "recall")]
    return [*first, _rated(lines, "ring recall")]


def _of(lines: Iterable[Line], family: str) -> dict[tuple[str, float], list[Line]]:
    """A family's lines by name and value, in the order in which they were made."""
    groups: dict[tuple[str, float], list[Line]] = {}
    for line in lines:
        if line["family"] == family:
            groups.setdefault((line["name"], line["value"]), []).append(line)
    return groups


def total(lines: Iterable[Line], name: str) -> tuple[int, int]:
    """How many of how many over several worlds."""
    counts = [line.get(name, (0, 0)) for line in lines]
    return sum(n for n, _ in counts), sum(of for _, of in counts)


def _parts(lines: Iterable[Line], name: str) -> dict[str, tuple[int, int]]:
    """The same of each part of a figure."""
    told = [line[name] for line in lines]
    return {part: total(told, part) for part in sorted({part for one in told for part in one})}


def _rate(lines: Sequence[Line], name: str) -> float:
    n, of = total(lines, name)
    return n / of if of else float("nan")


def _share(count: tuple[int, int]) -> str:
    n, of = count
    return f"{n:,} of {of:,} ({n / of:.3f})" if of else "-"


def _rated(lines: Sequence[Line], name: str) -> str:
    """A share with its interval."""
    n, of = total(lines, name)
    low, high = wilson(n, of) or (0.0, 0.0)
    return f"{n / of:.2f} ({low:.2f}–{high:.2f})" if of else "-"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    told = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in told) + "\n"
