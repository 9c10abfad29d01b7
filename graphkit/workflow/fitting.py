"""Fitting the scorecards anew from known cases: the order of the steps, and whether it helps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import DataError
from graphkit.graph import (
    ALONE,
    ROUNDS,
    TOGETHER,
    Evidence,
    HeteroGraph,
    build_graph,
    corroborated,
    kinds_for,
    log_odds,
    project,
    propose_pairs,
    structure,
)
from graphkit.graph.benign import without_benign
from graphkit.graph.sharing import Sharing
from graphkit.ingest.labels import Labels
from graphkit.refit import refit
from graphkit.scorecard import Fact, total
from graphkit.settings import Settings
from graphkit.workflow.cards import Cards, packaged_cards
from graphkit.workflow.days import Day, window_tables
from graphkit.workflow.judged import FITTED, Judged
from graphkit.workflow.known import FOLDS, Cases, Groups, cases_of, groups_of
from graphkit.workflow.measure import Measure, measured

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Each fold leaves rings out, so fewer than these cannot say whether a fit helps.
_LEAST_RINGS = FOLDS
_LEAST_OTHERS = 20


@dataclass(frozen=True)
class Fitted:
    """Cards that were fitted anew, and what is known of them.

    Attributes:
        cards: SCORECARD by name, all of them.
        measures: of what was fitted.
        notes: what was used and what was not, for people.
    """

    cards: Cards
    measures: tuple[Measure, ...]
    notes: tuple[str, ...]

    @property
    def helps(self) -> bool:
        """Whether no card tells left-out cases apart worse than before."""
        return all(one.gain >= 0 for one in self.measures)

    def told(self, dt: date) -> str:
        """A summary for people."""
        advice = (
            "It helps on rings that it did not see: use the folder with run --cards."
            if self.helps
            else "It does not help on rings that it did not see: rather keep the cards you have."
        )
        tested = f"On labels left out in turn, a {FOLDS}th of the rings at a time:"
        measures = [f"  {one.told()}" for one in self.measures]
        return "\n".join([f"Window that ends on {dt}", *self.notes, tested, *measures, advice])


@dataclass(frozen=True, eq=False)
class Window:
    """What a fit knows of a window.

    Attributes:
        sharing: candidate pairs and what they share.
        alone: what each says alone.
        tables: graph, LINKS, PROFILES, ACTIVITY and KINDS that `project` takes.
        structure: STRUCTURE, of the graph's n accounts in their order.
    """

    sharing: Sharing
    alone: Evidence
    tables: tuple[HeteroGraph, pa.Table, pa.Table, pa.Table, pa.Table]
    structure: pa.Table


def fit_cards(
    days: Sequence[Day],
    labels: Labels,
    *,
    settings: Settings,
    benign: pa.Table,
    cards: Cards | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Fitted:
    """Fit the scorecards of pairs anew, and of rings those of members and rings.

    Args:
        days: the window's days, in any order.
        labels: what is known.
        settings: those of the run whose window it is.
        benign: BENIGN_REMOVED of that run.
        cards: those to start from; the packaged ones where None.
        report: told line by line what is done.

    Raises:
        DataError: no labelled account is there, or too few cases to say whether a fit helps.
    """
    cards = packaged_cards() if cards is None else cards
    window = _window(days, settings, benign)
    accounts = window.structure["account_id"].combine_chunks()
    place = window.structure["structure"].to_numpy()
    groups = groups_of(labels, accounts, place)
    _check_there(labels, groups)
    before = _odds(window, cards)
    chance = 1 / (1 + np.exp2(-before / 1000))
    first, second = window.sharing.first, window.sharing.second
    cases = cases_of(first, second, window.alone.known, chance, groups, place)
    _check_enough(labels, cases)
    after = np.zeros(cases.row.size, dtype=np.int64)
    for fold in range(FOLDS):
        report(f"fitting without fold {fold + 1} of {FOLDS}")
        tested = cases.within(fold)
        odds = _odds(window, _refitted(window, cases, cases.without(fold), cards))
        after[tested] = odds[cases.row[tested]]
    report("fitting on all")
    found = {**cards, **_refitted(window, cases, np.ones(cases.row.size, bool), cards)}
    measures = [measured("pairs", cases, before[cases.row], after)]
    notes = _notes(groups, cases)
    if labels.rings is not None:
        report("fitting the cards that judge")
        measures += _fit_judging(window, groups, settings, found, notes)
    return Fitted(found, tuple(measures), tuple(notes))


def _fit_judging(
    window: Window, groups: Groups, settings: Settings, cards: dict[str, pa.Table], notes: list[str]
) -> list[Measure]:
    """Fit the cards of members and rings in their place, where there are cases enough.

    Communities are those of the pairs' new cards, before and after. A card that would tell
    left-out cases apart worse than the one that was there stays.
    """
    found = project(*window.tables, settings=settings.graph, cards=cards)
    judged = Judged(found, window.tables[2], window.structure, groups, settings)
    measures = []
    for name, specs, rows in FITTED:
        facts, cases = rows(judged, cards)
        others = int((cases.known & ~cases.label).sum())
        if cases.rings < _LEAST_RINGS or others < _LEAST_RINGS:
            notes.append(
                f"The card {name} stays as it was: {cases.rings} rings and {others} known others "
                f"in communities are too few (at least {_LEAST_RINGS} of either)."
            )
            continue
        card, everything = cards[name], np.ones(cases.row.size, dtype=bool)
        after = np.zeros(cases.row.size, dtype=np.int64)
        for fold in range(FOLDS):
            tested = cases.within(fold)
            left = _on_some(card, specs, facts, cases, cases.without(fold))
            after[tested] = total(left, facts)[tested]
        measure = measured(name, cases, total(card, facts), after)
        if measure.gain < 0:
            notes.append(
                f"The card {name} stays as it was; fitted anew it would lose: {measure.told()}."
            )
            continue
        cards[name] = _on_some(card, specs, facts, cases, everything)
        measures.append(measure)
    return measures


def _on_some(
    card: pa.Table,
    specs: Sequence[Fact],
    facts: Mapping[str, Floats],
    cases: Cases,
    used: Bools,
) -> pa.Table:
    """A card fitted on some of the cases."""
    chosen = {name: values[used] for name, values in facts.items()}
    return refit(card, specs, chosen, cases.label[used], cases.weight[used])


def _window(days: Sequence[Day], settings: Settings, benign: pa.Table) -> Window:
    """Candidate pairs of a window, as a run finds them."""
    links, profiles, activity = window_tables(sorted(days, key=lambda day: day.dt))
    links = without_benign(links, benign)
    gap = settings.graph.address_gap_h
    graph = build_graph(links, profiles, address_gap_h=gap)
    tables = (graph, links, profiles, activity, kinds_for(settings.graph))
    sharing, alone = propose_pairs(*tables, settings=settings.graph)
    return Window(sharing, alone, tables, structure(graph))


def _odds(window: Window, cards: Cards) -> Ints:
    """Log odds of every candidate pair in millibits after both rounds."""
    first, second = (cards[name] for name in ROUNDS)
    return log_odds(second, corroborated(window.sharing, window.alone, first, second).evidence)


def _refitted(window: Window, cases: Cases, used: Bools, cards: Cards) -> dict[str, pa.Table]:
    """Both cards of pairs, fitted on some of the rows."""
    row, label, weight = cases.row[used], cases.label[used], cases.weight[used]
    first, second = (cards[name] for name in ROUNDS)
    alone = refit(first, ALONE, window.alone.of(row).facts, label, weight)
    found = corroborated(window.sharing, window.alone, alone, second)
    together = refit(second, TOGETHER, found.evidence.of(row).facts, label, weight)
    return {ROUNDS[0]: alone, ROUNDS[1]: together}


def _check_there(labels: Labels, groups: Groups) -> None:
    if (groups.of < 0).all():
        raise DataError(
            f"{labels.where} names no account of the window",
            found=f"{groups.strangers:,} accounts that the window does not have",
            allowed="ids as the records spell them",
            do="correct the ids, or name another --date",
        )


def _check_enough(labels: Labels, cases: Cases) -> None:
    others = int((cases.known & ~cases.label).sum())
    if cases.rings < _LEAST_RINGS or others < _LEAST_OTHERS:
        raise DataError(
            f"{labels.where} tells too little to say whether a fit helps",
            found=f"{cases.rings} rings and {others:,} other pairs among the window's candidates",
            allowed=f"at least {_LEAST_RINGS} rings with two accounts that share something, and "
            f"{_LEAST_OTHERS} pairs that no ring runs",
            do="label more rings and more honest accounts, or keep the packaged cards",
        )


def _notes(groups: Groups, cases: Cases) -> list[str]:
    """What was used, in sentences."""
    same = int(cases.label.sum())
    others = int((cases.known & ~cases.label).sum())
    notes = [
        f"Fitted on {same:,} pairs of {cases.rings:,} rings and {others:,} pairs that no ring "
        f"runs; {int((~cases.known).sum()):,} other candidate pairs stand in for the rest.",
    ]
    if groups.strangers:
        notes.append(f"Labelled accounts that the window does not have: {groups.strangers:,}.")
    return notes
