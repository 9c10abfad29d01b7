"""graphkit: from daily records to explained rings of accounts that one operator runs.

import graphkit as gk
detection = gk.detect("snapshots/", window="30d")
detection.rings
"""

from datetime import date as _date
from pathlib import Path as _Path

from graphkit.detection import Detection
from graphkit.errors import GraphkitError
from graphkit.evaluate import evaluate
from graphkit.settings import Settings, load_settings
from graphkit.simulate import simulate
from graphkit.workflow import detect

__all__ = [
    "Detection",
    "GraphkitError",
    "Settings",
    "detect",
    "evaluate",
    "load_settings",
    "open",
    "simulate",
]


def open(lake: str | _Path, date: _date | None = None) -> Detection:
    """Open what the nightly job published.

    Args:
        lake: the lake's folder.
        date: the date; the latest judged one where None.

    Raises:
        UsageError: there is no such lake or date.
        StorageError: a file is not what was published.
    """
    # Only here and in the command line does the library look at the batch system.
    from pipelines.lake import read_findings

    return Detection(read_findings(_Path(lake), date))
