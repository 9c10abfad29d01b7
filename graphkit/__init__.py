"""graphkit: from daily records to explained rings of accounts that one operator runs.

import graphkit as gk
detection = gk.detect("snapshots/", window="30d")
detection.rings
"""

from datetime import date as _date
from importlib import import_module
from pathlib import Path as _Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphkit.detection import Detection
    from graphkit.errors import GraphkitError
    from graphkit.settings import Settings, load_settings
    from graphkit.workflow import detect

__all__ = ["Detection", "GraphkitError", "Settings", "detect", "load_settings", "open"]

# The engines behind them take seconds to import; `graphkit --help` must not wait for them.
_HOMES = {
    "Detection": "graphkit.detection",
    "GraphkitError": "graphkit.errors",
    "Settings": "graphkit.settings",
    "detect": "graphkit.workflow",
    "load_settings": "graphkit.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphkit' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def open(lake: str | _Path, date: "_date | None" = None) -> "Detection":
    """Open what the nightly job published.

    Args:
        lake: the lake's folder.
        date: the date; the latest judged one where None.

    Raises:
        UsageError: there is no such lake or date.
        StorageError: a file is not what was published.
    """
    # Only here and in the command line does the library look at the batch system.
    from graphkit.detection import Detection
    from pipelines.findings import read_findings

    return Detection(read_findings(_Path(lake), date))
