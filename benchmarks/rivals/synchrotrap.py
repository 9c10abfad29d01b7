"""Accounts that act alike at the same times: Jaccard of actions in time windows, then components.

After SynchroTrap (Cao and others, CCS 2014): an action is a thing used within a window of time, two
accounts are as similar as the share of their actions that they have in common, similar accounts are
joined and each component is a group. Here windows begin at fixed times, where SynchroTrap lets a
pair lie across a border; actions are known by their first and last time of a day; and an action
that more than 500 took joins nobody, which bounds the pairs.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from benchmarks.rivals.holdings import MOST, Ints, Pairs, Window, holdings, pairs


def synchrotrap(
    window: Window, *, kinds: Sequence[str], hours: int, similar: float, least: int = 2
) -> pa.Table:
    """Join accounts that share a large part of their actions.

    Args:
        window: the links.
        kinds: of the things that are used.
        hours: length of a window of time.
        similar: Jaccard similarity from which on two accounts are joined.
        least: actions that two accounts must have in common.

    Returns:
        account_id, community and score: the similarity inside for each member.
    """
    actions, both = window.once(_together, tuple(kinds), hours)
    both = both.above(least)
    either = actions[both.left] + actions[both.right] - both.weight
    alike = Pairs(both.accounts, both.left, both.right, both.weight / either)
    return alike.above(similar).joined()


def _together(window: Window, kinds: tuple[str, ...], hours: int) -> tuple[Ints, Pairs]:
    """How many actions each account took, and how many each pair has in common."""
    held = holdings(window, kinds, hours=hours)
    near = held.shared(MOST)
    return np.bincount(held.who, minlength=held.n), pairs(near, np.ones(len(near.who)))
