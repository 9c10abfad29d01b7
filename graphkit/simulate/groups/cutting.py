"""Cutting the accounts of a kind into its groups."""

from dataclasses import dataclass

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft


@dataclass(frozen=True)
class Cut:
    """Accounts in groups, shape (n,) but for the sizes.

    Attributes:
        members: places of the accounts.
        owners: of each the place of the first of its group, whose things it may use.
        of: of each the number of its group, from 0.
        seats: of each its number within its group, from 0.
        sizes: accounts of each group, shape (groups,).
    """

    members: Ints
    owners: Ints
    of: Ints
    seats: Ints
    sizes: Ints


def cut(chance: Chance, draft: Draft, members: Ints, low: int, high: int) -> Cut:
    """Cut accounts into groups and number these, in place.

    Sizes lie about evenly by their logarithm. In a small world a group takes a 25th of the
    accounts at most. What is left over at the end is a smaller group.

    Args:
        chance: the source of chance.
        draft: the population.
        members: places of the accounts.
        low: accounts of the smallest group.
        high: accounts of the largest.
    """
    most = max(2, draft.world.accounts // 25)
    sizes = chance.octaves(min(low, most), min(high, most), len(members) // min(low, most) + 1)
    ends = np.cumsum(sizes)
    of = np.searchsorted(ends, np.arange(len(members)), side="right")
    first = (ends - sizes)[of]
    n = int(of[-1]) + 1 if len(of) else 0
    draft.people["group"][members] = draft.new_groups(n)[of] if n else -1
    draft.people["seat"][members] = np.arange(len(members)) - first
    return Cut(
        members=members,
        owners=members[first],
        of=of,
        seats=np.arange(len(members)) - first,
        sizes=np.bincount(of, minlength=n),
    )
