"""Known cases among a window's communities and groups, for the cards that judge them.

A group is a ring's by the labels where accounts of one labelled ring are at least half of it, and
none's where they could not be even if every account of which nothing is known were of that ring.
What the labels leave open stands in for the population, as among pairs (`known.py`).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.communities import detect_communities
from graphkit.graph import Projection
from graphkit.rings.cards import MEMBER, RING
from graphkit.rings.group import GROUP_FACTS, group_facts, summed
from graphkit.rings.judge import pairs_of
from graphkit.rings.membership import MEMBER_FACTS, fits, settle
from graphkit.scorecard import total
from graphkit.settings import Settings
from graphkit.workflow.cards import Cards
from graphkit.workflow.known import FOLDS, Cases, Groups

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Judged:
    """A window's communities, with who runs which of their n accounts.

    Args:
        found: the window's edges, with what they were made of.
        profiles: PROFILES of the window.
        structure: STRUCTURE.
        groups: who runs what, by the rows of structure.
        settings: those of the run.
    """

    def __init__(
        self,
        found: Projection,
        profiles: pa.Table,
        structure: pa.Table,
        groups: Groups,
        settings: Settings,
    ) -> None:
        membership = detect_communities(
            found.edges, structure, settings=settings.communities, seed=settings.seed
        )
        self.accounts = membership["account_id"].combine_chunks()
        place = pc.index_in(self.accounts, structure["account_id"].combine_chunks()).to_numpy()
        self.of = groups.of[place]
        self.place = structure["structure"].to_numpy()[place]
        self.pairs = pairs_of(found.edges, self.accounts)
        self.community = membership["community"].to_numpy()
        self.found, self.profiles, self.groups = found, profiles, groups
        self.settings = settings

    def members(self, cards: Cards) -> tuple[dict[str, Floats], Cases]:
        """Accounts beside the communities that are a ring's, by whether the ring runs them."""
        size = np.bincount(self.community)
        least = self.settings.rings.min_size
        group = np.where(size[self.community] >= least, self.community, -1)
        near = fits(self.pairs, group)
        who, _ = self._runs(group)
        rows = np.flatnonzero(who[near.group] >= 0)
        ring, own = who[near.group[rows]], self.of[near.account[rows]]
        facts = {name: values[rows] for name, values in near.facts.items()}
        fold = self.groups.fold[ring]
        return facts, _cases(cards[MEMBER], facts, own == ring, own >= 0, fold, 1.0, ring)

    def rings(self, cards: Cards) -> tuple[dict[str, Floats], Cases]:
        """Groups as a run settles them, by whether one ring runs at least half."""
        floors = self.settings.rings
        found = settle(
            self.pairs,
            self.community,
            cards[MEMBER],
            min_size=floors.min_size,
            min_chance=round(1000 * floors.min_confidence),
        )
        uses, about = self.found.uses, summed(self.profiles)
        facts = group_facts(self.pairs, found.group, self.accounts, uses, self.found.facts, about)
        who, told = self._runs(found.group)
        least = np.full(who.size, np.iinfo(np.uint64).max, dtype=np.uint64)
        mine = found.group >= 0
        np.minimum.at(least, found.group[mine], self.place[mine])
        other = (least % np.uint64(FOLDS)).astype(np.int64)
        fold = np.where(who >= 0, np.append(self.groups.fold, 0)[who], other)
        share = np.sqrt(np.bincount(found.group[mine], minlength=who.size)) / 2
        return facts, _cases(cards[RING], facts, who >= 0, told, fold, share, who)

    def _runs(self, group: Ints) -> tuple[Ints, Bools]:
        """The labelled ring that runs at least half of each group, -1 where none, and if told."""
        n_groups, width = int(group.max(initial=-1)) + 1, self.groups.ring.size
        mine = group >= 0
        size = np.bincount(group[mine], minlength=n_groups)
        run = mine & (self.of >= 0)
        run[run] = self.groups.ring[self.of[run]]
        keys, n = np.unique(group[run] * width + self.of[run], return_counts=True)
        most, who = np.zeros(n_groups, dtype=np.int64), np.full(n_groups, -1, dtype=np.int64)
        np.maximum.at(most, keys // width, n)
        best = n == most[keys // width]
        who[keys[best] // width] = keys[best] % width
        unknown = np.bincount(group[mine & (self.of < 0)], minlength=n_groups)
        runs = (2 * most >= size) & (most > 1)
        return np.where(runs, who, -1), runs | (2 * (most + unknown) < size)


def _cases(
    card: pa.Table,
    facts: dict[str, Floats],
    label: Bools,
    known: Bools,
    fold: Ints,
    share: Floats | float,
    ring: Ints,
) -> Cases:
    """All rows as cases; those that the labels leave open count as the card doubts them."""
    doubt = 1 / (1 + np.exp2(total(card, facts) / 1000))
    weight = share * np.where(known, 1.0, doubt)
    rings = np.unique(ring[label & known]).size
    return Cases(
        np.arange(label.size),
        label & known,
        np.rint(1000 * weight).astype(np.int64),
        known,
        np.stack([fold, fold], axis=1),
        rings,
    )


FITTED = ((MEMBER, MEMBER_FACTS, Judged.members), (RING, GROUP_FACTS, Judged.rings))
