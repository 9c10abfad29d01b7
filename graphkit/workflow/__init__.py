"""The one place that knows the order of the stages."""

from graphkit.tracking import Previous
from graphkit.workflow.days import (
    Day,
    last_day,
    read_day,
    read_mentions,
    window_of,
    window_tables,
)
from graphkit.workflow.window import detect, detect_window

__all__ = [
    "Day",
    "Previous",
    "detect",
    "detect_window",
    "last_day",
    "read_day",
    "read_mentions",
    "window_of",
    "window_tables",
]
