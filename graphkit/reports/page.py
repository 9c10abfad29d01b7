"""One self-contained HTML page of a day: no script, nothing loaded from anywhere."""

from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from graphkit.contracts import SIGNALS
from graphkit.reports.drawing import MAX_MEMBERS, draw
from graphkit.reports.findings import (
    CAUTION,
    Judged,
    absent_columns,
    facts_of,
    fed_signals,
    history,
    members_of,
    n_of_organisation,
    of_status,
    pairs_withheld,
    rows_read,
    signal_states,
    strengths,
    window_of,
)
from graphkit.reports.spelling import bits, cell, chance, clip, moment, plural, visible
from graphkit.reports.standing import fragility, strongest_ties, ties_of, told_of, totals

RINGS_SHOWN = 50
MEMBERS_SHOWN = 200
FACTS_SHOWN = 25
CANDIDATES_SHOWN = 200
HUBS_SHOWN = 15
BENIGN_SHOWN = 200
REASONS_SHOWN = 12


def render(detection: Judged) -> str:
    """Render a day's rings as one HTML page.

    Every value is escaped, so what an attacker wrote into an id is text and nothing else. Long
    lists are cut, and the page says by how much.

    Args:
        detection: what was found.

    Returns:
        A whole page that needs no network.
    """
    published = of_status(detection.rings, "published")
    candidates = of_status(detection.rings, "candidate")
    apart = of_status(detection.rings, "organisation")
    parts, told = strengths(detection), history(detection)
    rings, inside = (
        [
            _ring(detection, row, parts.get(row["ring_id"], {}), told.get(row["ring_id"], []))
            for row in table.slice(0, RINGS_SHOWN).to_pylist()
        ]
        for table in (published, apart)
    )
    start, end = window_of(detection)
    missing = detection.settings.window_d - len(detection.reports)
    return _template().render(
        dt=end,
        start=start,
        window_d=detection.settings.window_d,
        missing=missing,
        caution=CAUTION,
        signals=SIGNALS,
        tiles=_tiles(detection, published, candidates),
        tables=rows_read(detection.reports),
        states=signal_states(detection.reports, fed_signals(detection.links, detection.settings)),
        absent=absent_columns(detection.reports),
        odd_days=detection.odd_days.to_pylist(),
        hubs=_hubs(detection.hubs),
        n_hubs=detection.hubs.num_rows,
        withheld=pairs_withheld(detection.hubs),
        benign=detection.benign.slice(0, BENIGN_SHOWN).to_pylist(),
        benign_cut=max(0, detection.benign.num_rows - BENIGN_SHOWN),
        published=published.to_pylist(),
        rings=rings,
        rings_cut=published.num_rows - len(rings),
        apart=apart.to_pylist(),
        inside=inside,
        apart_cut=apart.num_rows - len(inside),
        ended=told.get("", []),
        candidates=candidates.slice(0, CANDIDATES_SHOWN).to_pylist(),
        candidates_cut=max(0, candidates.num_rows - CANDIDATES_SHOWN),
        max_drawn=MAX_MEMBERS,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("graphkit.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        bits=bits,
        chance=chance,
        moment=moment,
        cell=cell,
        n=_thousands,
        dollars=_dollars,
        show=_show,
    )
    environment.filters["plural"] = plural
    return environment.get_template("report.html.j2")


def _thousands(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _dollars(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _show(text: str | None) -> str:
    """A text in full, its unseen characters escaped."""
    return "-" if text is None else clip(visible(text), 400)


def _tiles(detection: Judged, published: pa.Table, candidates: pa.Table) -> list[tuple[str, str]]:
    """The figures at the top of the page."""
    in_rings = of_status(detection.members, "published").num_rows
    accounts = len(detection.profiles["account_id"].unique())
    requests = sum(
        table["rows"] for name, table in rows_read(detection.reports).items() if name == "requests"
    )
    return [
        (f"{published.num_rows:,}", "rings published"),
        (f"{in_rings:,}", "accounts in them"),
        (f"{candidates.num_rows:,}", "candidates"),
        (f"{accounts:,}", "accounts in the window"),
        (f"{requests:,}", "requests in the window"),
    ]


def _hubs(hubs: pa.Table) -> list[dict[str, Any]]:
    ordered = hubs.sort_by(
        [("pairs_withheld", "descending"), ("kind", "ascending"), ("entity", "ascending")]
    )
    rows: list[dict[str, Any]] = ordered.slice(0, HUBS_SHOWN).to_pylist()
    return rows


def _ring(
    detection: Judged, row: dict[str, Any], parts: dict[str, int], told: list[str]
) -> dict[str, Any]:
    """What the page says of one ring."""
    members, facts = members_of(detection, row["ring_id"]), facts_of(detection, row["ring_id"])
    small = members.num_rows <= MAX_MEMBERS
    listed = facts.slice(0, FACTS_SHOWN)
    rows = (listed if small else listed.drop_columns(["members"])).to_pylist()
    accounts = [
        str(account) for account in members["account_id"].slice(0, MEMBERS_SHOWN).to_pylist()
    ]
    picture = draw(accounts, rows) if small else None
    most = max((abs(value) for value in parts.values()), default=0) or 1
    ties, reasons = ties_of(detection, row["ring_id"]), told_of(detection, row["ring_id"])
    score = totals(reasons)
    return {
        "reasons": [fact for fact in reasons.get("ring", []) if fact["fact"] != "total"][
            :REASONS_SHOWN
        ],
        "explanations": [(name, bits) for name, bits in score.items() if name != "ring"],
        "rests": fragility(detection, row["ring_id"], ties),
        "row": row,
        "known": n_of_organisation(detection, row["ring_id"]) if row["organisation"] else 0,
        "told": told,
        "bars": [
            (signal, value, round(100 * abs(value) / most, 1)) for signal, value in parts.items()
        ],
        "total": sum(parts.values()),
        "members": strongest_ties(ties)[:MEMBERS_SHOWN],
        "members_cut": max(0, members.num_rows - MEMBERS_SHOWN),
        "facts": rows,
        "facts_cut": facts.num_rows - len(rows),
        "picture": picture,
        "undrawn": facts.num_rows - len(picture.facts) if picture else 0,
    }
