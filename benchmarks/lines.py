"""Results as lines of JSON, and digests of the code that a line rests on.

A line counts as long as the code behind it stays the same, so that a run which was broken off goes
on where it stopped. Nothing in a line names a host, a user or a path.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_ENDS = (".py", ".csv")


def read_lines(results: Path) -> list[dict[str, Any]]:
    """What was measured so far."""
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()]


def append_line(results: Path, row: dict[str, Any]) -> None:
    """Keep what was just measured."""
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def digest_of(places: Sequence[str]) -> str:
    """A digest of all code below some folders of this project, or of single files."""
    said = hashlib.sha256()
    for place in places:
        root = _ROOT / place
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.suffix in _ENDS:
                said.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return said.hexdigest()[:16]
