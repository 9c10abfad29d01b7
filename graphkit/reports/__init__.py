"""Reports: what was found, as one HTML page and as text for the terminal."""

from graphkit.reports.findings import (
    CAUTION,
    absent_columns,
    fed_signals,
    signal_states,
    spell_set_apart,
)
from graphkit.reports.listing import as_csv, as_json, as_table
from graphkit.reports.notebook import Listing, as_html
from graphkit.reports.page import render
from graphkit.reports.pair import pair_as_html, spell_pair
from graphkit.reports.spelling import spell_dates, visible
from graphkit.reports.text import explain, spell_day, spell_odd_days, spell_rings

__all__ = [
    "CAUTION",
    "Listing",
    "absent_columns",
    "as_csv",
    "as_html",
    "as_json",
    "as_table",
    "explain",
    "fed_signals",
    "pair_as_html",
    "render",
    "signal_states",
    "spell_dates",
    "spell_day",
    "spell_odd_days",
    "spell_pair",
    "spell_rings",
    "spell_set_apart",
    "visible",
]
