"""The one place that knows the order of the stages."""

from graphkit.tracking import Previous
from graphkit.workflow.cards import Cards, load_cards, packaged_cards
from graphkit.workflow.days import (
    Day,
    last_day,
    read_day,
    read_mentions,
    window_of,
    window_tables,
)
from graphkit.workflow.fitting import Fitted, fit_cards
from graphkit.workflow.measure import Measure
from graphkit.workflow.window import detect, detect_window

__all__ = [
    "Cards",
    "Day",
    "Fitted",
    "Measure",
    "Previous",
    "detect",
    "detect_window",
    "fit_cards",
    "last_day",
    "load_cards",
    "packaged_cards",
    "read_day",
    "read_mentions",
    "window_of",
    "window_tables",
]
