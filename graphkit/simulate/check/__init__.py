"""What is in a simulated world, on a page that a sceptic can read: statistics and consistency.

A section is a question with its figures. Each is made by one function over what `reading` kept of
the world; a section that demands something says whether it holds.
"""

from pathlib import Path

from graphkit.simulate.check.reading import Made, read_world
from graphkit.simulate.check.sections import SECTIONS, Section


def check_world(folder: Path) -> str:
    """Describe a simulated world.

    Args:
        folder: as `simulate` wrote it.

    Returns:
        The page, in Markdown.

    Raises:
        DataError: the folder is no simulated world, or is incomplete.
    """
    made = read_world(folder)
    return page(made, [section(made) for section in SECTIONS])


def page(made: Made, sections: list[Section]) -> str:
    """Lay the sections out as Markdown."""
    world = made.world
    level = "drawn or set by hand" if world.level is None else f"level {world.level}"
    lines = [
        f"# A simulated world: {world.accounts:,} accounts, {world.days} days, {level}, "
        f"seed {world.seed}"
    ]
    if made.one_account_in > 1:
        lines += [
            "",
            f"Read by sample: records of one account in {made.one_account_in}, links of one thing "
            f"in {made.one_thing_in} with all who hold it.",
        ]
    for section in sections:
        names = section.figures.column_names
        verdict = {None: "", True: " Holds.", False: " **Does not hold.**"}[section.holds]
        lines += ["", f"## {section.title}", "", f"{section.meaning}{verdict}", ""]
        lines += [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        for row in section.figures.to_pylist():
            lines.append(f"| {' | '.join(_cell(row[name]) for name in names)} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Spell a figure."""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "-")


__all__ = ["Made", "Section", "check_world", "page", "read_world"]
