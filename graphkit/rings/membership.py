"""Who belongs to a ring: every account that has ties to a community is judged by itself.

The facts are about an account and a community, without the account where it is in it; the member
card says how likely it is that who runs the community runs the account too. Accounts that fall
short are peeled, and whoever is in none by then is attached to the one that it fits best.
What others can write onto an account, a prompt or an address, is a tie like any other there, and
weighs as much as the card has seen it to be worth.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.contracts import SIGNALS
from graphkit.scorecard import Fact, base, look_up, thousandths

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Thousandths from which an account joins a community that it was not found in: who stays has the
# whole community's ties behind him, who comes has his own alone.
ATTACHED = 800
# Those that only the tie as a whole has are no evidence of their own here.
TOLD = tuple(signal for signal in SIGNALS if signal not in ("mention", "context"))
MEMBER_FACTS = (
    Fact("mean", "ties", 1, "mean probability of its ties to the others, where there is none 0"),
    Fact("strongest", "ties", 1, "probability of its strongest tie"),
    Fact("ties", "ties", 1, "share of the others that it has a tie to"),
    Fact("share", "ties", 1, "share of all its ties' probability that lies inside"),
    Fact("likeness", "ties", 1, "its mean tie against the mean tie of the others, log2"),
    *(
        Fact(f"best.{signal}", signal, 1, f"most {signal} evidence of one tie, bits")
        for signal in TOLD
    ),
)


@dataclass(frozen=True)
class Pairs:
    """Edges as arrays over n accounts.

    Attributes:
        first, second: ends, shape (m,).
        probability: in thousandths, shape (m,).
        signals: evidence in millibits, shape (m, number of signals).
    """

    first: Ints
    second: Ints
    probability: Ints
    signals: Ints

    def only(self, kept: Bools) -> "Pairs":
        """Some of the edges."""
        return Pairs(
            self.first[kept], self.second[kept], self.probability[kept], self.signals[kept]
        )

    def inside(self, group: Ints) -> "Pairs":
        """The edges within a group.

        Args:
            group: of each account, -1 for none, shape (n,).
        """
        mine = group[self.first]
        return self.only((mine == group[self.second]) & (mine >= 0))

    def sums(self, n: int) -> Ints:
        """Sum of the probabilities of each account's edges, in thousandths, shape (n,)."""
        sums = np.zeros(n, dtype=np.int64)
        np.add.at(sums, self.first, self.probability)
        np.add.at(sums, self.second, self.probability)
        return sums

    def strongest(self, n: int) -> tuple[Ints, Ints]:
        """Highest probability, and most evidence by signal, of each account's edges.

        Returns:
            Shapes (n,) and (n, number of signals); 0 where it has none, never below.
        """
        probability = np.zeros(n, dtype=np.int64)
        signals = np.zeros((n, self.signals.shape[1]), dtype=np.int64)
        for end in (self.first, self.second):
            np.maximum.at(probability, end, self.probability)
            np.maximum.at(signals, end, self.signals)
        return probability, signals


@dataclass(frozen=True)
class Fits:
    """How accounts fit communities that they have a tie to; one row per such pair.

    Attributes:
        account, group: shape (k,), by account and group.
        facts: MEMBER_FACTS, each of shape (k,).
    """

    account: Ints
    group: Ints
    facts: dict[str, Floats]


def fits(pairs: Pairs, group: Ints) -> Fits:
    """Gather the facts about each account and each group that it has a tie to.

    Args:
        pairs: all edges.
        group: number of each account's group, -1 for none, shape (n,).
    """
    n_groups = int(group.max(initial=-1)) + 1
    size = np.bincount(group[group >= 0], minlength=n_groups)
    from_ = np.concatenate([pairs.first, pairs.second])
    to = np.concatenate([pairs.second, pairs.first])
    row = np.tile(np.arange(pairs.first.size), 2)
    kept = group[to] >= 0
    from_, to, row = from_[kept], group[to[kept]], row[kept]
    keys, place, ties = np.unique(from_ * n_groups + to, return_inverse=True, return_counts=True)
    account, of = np.divmod(keys, max(n_groups, 1))
    probability = pairs.probability[row]
    total, strongest = np.zeros(keys.size, np.int64), np.zeros(keys.size, np.int64)
    np.add.at(total, place, probability)
    np.maximum.at(strongest, place, probability)
    best = np.full((keys.size, len(SIGNALS)), np.iinfo(np.int64).min)
    np.maximum.at(best, place, pairs.signals[row])
    mine = group[account] == of
    others = np.maximum(size[of] - mine, 1)
    inner = pairs.inside(group)
    within = np.zeros(n_groups, np.int64)
    np.add.at(within, group[inner.first], inner.probability)
    # The mean tie of the others: without the account's own, where it is one of them.
    left = within[of] - np.where(mine, total, 0)
    rest = left / np.maximum(others * (others - 1) // 2, 1)
    mean = total / others
    facts = {
        "mean": mean / 1000,
        "strongest": strongest / 1000,
        "ties": ties / others,
        "share": total / np.maximum(pairs.sums(group.size)[account], 1),
        "likeness": np.log2((1 + mean) / (1 + rest)),
    }
    facts |= {f"best.{s}": best[:, SIGNALS.index(s)] / 1000 for s in TOLD}
    return Fits(account, of, facts)


@dataclass(frozen=True)
class Members:
    """Who is in which group.

    Attributes:
        group: numbers from 0 without gaps, by the lowest account; -1 for none; shape (n,).
        chance: that who runs the group runs the account, in thousandths, shape (n,).
    """

    group: Ints
    chance: Ints


def settle(
    pairs: Pairs, community: Ints, card: pa.Table, *, min_size: int, min_chance: int
) -> Members:
    """Peel and attach accounts, each by its own margin.

    Args:
        pairs: all edges.
        community: of each account, shape (n,).
        card: SCORECARD over MEMBER_FACTS.
        min_size: accounts below which a group is none.
        min_chance: thousandths below which an account does not belong.
    """
    size = np.bincount(community)
    group = np.where(size[community] >= min_size, community, -1)
    fit = fits(pairs, group)
    added = look_up(card, fit.facts).values()
    chance = thousandths(sum(added, np.zeros(fit.group.size, np.int64)) + base(card))
    stays = (group[fit.account] == fit.group) & (chance >= min_chance)
    # One's own community comes first; of the others the likeliest.
    order = np.lexsort((fit.group, -chance, ~stays, fit.account))
    account, first = np.unique(fit.account[order], return_index=True)
    best = order[first]
    belongs = stays[best] | (chance[best] >= max(min_chance, ATTACHED))
    found = np.full(community.size, -1, dtype=np.int64)
    chances = np.zeros(community.size, dtype=np.int64)
    found[account[belongs]] = fit.group[best][belongs]
    chances[account] = chance[best]
    return Members(_numbered(found, min_size), chances)


def _numbered(group: Ints, min_size: int) -> Ints:
    """Number the groups that are large enough from 0, by their lowest account."""
    names, first, place, size = np.unique(
        group, return_index=True, return_inverse=True, return_counts=True
    )
    large = (names >= 0) & (size >= min_size)
    number = np.full(names.size, -1, dtype=np.int64)
    number[np.flatnonzero(large)[np.argsort(first[large])]] = np.arange(int(large.sum()))
    return number[place]
