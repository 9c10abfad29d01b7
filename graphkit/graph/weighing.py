"""Weighing: from candidate pairs to the millibits that each fact adds to each of them.

Candidates are proposed (`sharing`), facts about each are gathered (`pair_facts`), looked up in the
scorecard of the first round, and once more with what the first round says of the pair's company
(`corroboration`). What is left is a sum of whole millibits: the log odds that one operator's ring
runs both accounts.

Kinds that no scorecard knows (identifiers of mentions, or whatever a user weighs himself) add their
rarity times the millibits per bit that the table of kinds gives them; a pair that shares nothing
else starts from the prior of the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import SIGNALS
from graphkit.graph.cards import ROUNDS, pair_card
from graphkit.graph.corroboration import TOGETHER, facts_together
from graphkit.graph.hand import by_hand
from graphkit.graph.heterogeneous import HeteroGraph
from graphkit.graph.kinds import KINDS
from graphkit.graph.pair_facts import carded, facts_alone
from graphkit.graph.people import know_people
from graphkit.graph.sharing import Sharing, share_entities
from graphkit.scorecard import BASE, base, look_up, thousandths
from graphkit.settings import GraphSettings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# What kinds add that are weighed by hand stands beside the facts of the card, one row a signal.
HAND = {f"{signal}.by_hand": signal for signal in SIGNALS}
SIGNAL_OF = {fact.name: fact.signal for fact in TOGETHER} | {BASE: "context"} | HAND


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of m pairs before a card weighs it.

    Attributes:
        facts: name to values, each of shape (m,), NaN where unknown.
        known: whether the pair shares anything that the card weighs, shape (m,); the card says
            nothing of others.
        hand: what kinds add that are weighed by hand, by signal, in millibits, each of shape (m,).
        prior: log odds in millibits of pairs that share nothing that the card weighs.
    """

    facts: Mapping[str, Floats]
    known: Bools
    hand: Mapping[str, Ints]
    prior: int

    def of(self, rows: Ints) -> "Evidence":
        """The same of some pairs, by their numbers."""
        return Evidence(
            {name: values[rows] for name, values in self.facts.items()},
            self.known[rows],
            {signal: millibits[rows] for signal, millibits in self.hand.items()},
            self.prior,
        )


@dataclass(frozen=True, eq=False)
class Weighed:
    """The candidate pairs of a window, and all that the second card needs to know of them.

    Attributes:
        sharing: the m pairs and what they share.
        evidence: the facts of both rounds.
        chance: first score of each pair as a probability, in thousandths, shape (m,).
        card: the second card.
    """

    sharing: Sharing
    evidence: Evidence
    chance: Ints
    card: pa.Table


def weigh_pairs(
    graph: HeteroGraph,
    links: pa.Table,
    profiles: pa.Table,
    activity: pa.Table,
    kinds: pa.Table,
    *,
    settings: GraphSettings,
    cards: Mapping[str, pa.Table] | None = None,
) -> Weighed:
    """Propose pairs, weigh each alone, and gather what its company says.

    Args:
        graph: accounts and entities of a window.
        links: LINKS of the window, of which the graph was built.
        profiles: PROFILES of the window.
        activity: ACTIVITY of the window.
        kinds: KINDS.
        settings: gap of addresses, prior.
        cards: SCORECARD by round; the packaged ones where None.

    Raises:
        DataError: the kinds break their contract.
    """
    sharing, alone = propose_pairs(graph, links, profiles, activity, kinds, settings=settings)
    first, second = (cards[name] if cards else pair_card(name) for name in ROUNDS)
    return corroborated(sharing, alone, first, second)


def propose_pairs(
    graph: HeteroGraph,
    links: pa.Table,
    profiles: pa.Table,
    activity: pa.Table,
    kinds: pa.Table,
    *,
    settings: GraphSettings,
) -> tuple[Sharing, Evidence]:
    """Propose pairs and gather what each says alone; arguments are those of `weigh_pairs`.

    Raises:
        DataError: the kinds break their contract.
    """
    sharing = share_entities(graph, KINDS.check(kinds), address_gap_h=settings.address_gap_h)
    people = know_people(graph, links, profiles, activity)
    facts = facts_alone(graph, sharing, people)
    prior = -round(1000 * settings.prior_bits)
    return sharing, Evidence(facts, carded(sharing), by_hand(sharing), prior)


def corroborated(sharing: Sharing, alone: Evidence, first: pa.Table, second: pa.Table) -> Weighed:
    """Gather what the company of each pair says, by the first card.

    Args:
        sharing: the candidates.
        alone: what each says alone.
        first: SCORECARD of the first round.
        second: that of the second, for whoever weighs them.
    """
    chance = thousandths(log_odds(first, alone))
    facts = {**alone.facts, **facts_together(sharing, chance)}
    return Weighed(sharing, replace(alone, facts=facts), chance, second)


def log_odds(card: pa.Table, evidence: Evidence) -> Ints:
    """What all facts add up to, in millibits, shape (m,)."""
    # One by one: stacked they would take as much memory as all facts once more.
    return sum(added(card, evidence).values(), np.zeros(evidence.known.size, dtype=np.int64))


def added(card: pa.Table, evidence: Evidence) -> dict[str, Ints]:
    """What each pair starts from and each fact adds to it; together they are its log odds.

    Args:
        card: SCORECARD.
        evidence: of m pairs.

    Returns:
        Name (`SIGNAL_OF` has its signal) to millibits, each of shape (m,): the base, the facts of
        the card, and by signal what is weighed by hand.
    """
    start = np.where(evidence.known, base(card), evidence.prior)
    found: dict[str, Ints] = {BASE: start, **look_up(card, evidence.facts)}
    for name in found:
        if name != BASE:
            found[name] = np.where(evidence.known, found[name], 0)
    return found | {name: evidence.hand[own] for name, own in HAND.items() if own in evidence.hand}


def by_signal(parts: Mapping[str, Ints]) -> dict[str, Ints]:
    """Sum what facts add by signal; every signal is there."""
    size = parts[BASE].size
    sums = {signal: np.zeros(size, dtype=np.int64) for signal in SIGNALS}
    for name, millibits in parts.items():
        sums[SIGNAL_OF[name]] += millibits
    return sums
