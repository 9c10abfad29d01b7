"""What a run needs of the machine, foretold from what there is to read."""

from dataclasses import dataclass

# Fitted on nights over nine simulated worlds of 1,000 to 50,000 accounts and 1 to 15 days, none off
# by more than a fifth; `python -m benchmarks.needs` measures and fits them again.
_MEMORY, _MEMORY_ROW, _MEMORY_LINK = 415_000_000, 651, 132
_DISK, _DISK_LINK = 205_000, 21


@dataclass(frozen=True)
class Needs:
    """What a run needs that finds nothing in the lake yet.

    Attributes:
        memory_bytes: the most memory that it will hold.
        disk_bytes: what the lake will grow by.
    """

    memory_bytes: int
    disk_bytes: int


def needs_of(*, rows: int, links: int) -> Needs:
    """Foretell what a run over a window needs: a line in its rows and links.

    Args:
        rows: rows of all tables of the window.
        links: rows of LINKS that they make.
    """
    return Needs(
        memory_bytes=_MEMORY + _MEMORY_ROW * rows + _MEMORY_LINK * links,
        disk_bytes=_DISK + _DISK_LINK * links,
    )
