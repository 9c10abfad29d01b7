"""Rings: accounts that one operator runs, each of which looks like an ordinary developer.

A ring is drawn, told its tactics, and each tactic (one small function over slots) writes what its
members share or how they hide it. Members start as honest accounts do, with a home, a card and a
device of their own, so that a tactic only says what is not ordinary.
"""

from collections.abc import Callable, Mapping

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.groups import KINDS
from graphkit.simulate.operators.hiding import take_turns, work_together
from graphkit.simulate.operators.roles import replace_banned
from graphkit.simulate.operators.sharing import (
    only_addresses,
    only_cards,
    only_devices,
    share_openly,
    use_proxies,
)
from graphkit.simulate.operators.writing import deal_out, only_wrapper, paraphrase
from graphkit.simulate.people import start_us
from graphkit.simulate.slots import DAY_US, MEMBER, share_slots
from graphkit.simulate.words import MAIL_DOMAINS
from graphkit.simulate.world import TacticName

Tactic = Callable[[Draft, Ring], None]
TACTICS: dict[TacticName, Tactic] = {
    "naive": share_openly,
    "only_address": only_addresses,
    "only_card": only_cards,
    "only_device": only_devices,
    "only_wrapper": only_wrapper,
    "proxies": use_proxies,
    "paraphrase": paraphrase,
    "dealt": deal_out,
    "turns": take_turns,
    "together": work_together,
}


def ring_sizes(chance: Chance, n_members: int, *, low: int, high: int, pool: int) -> Ints:
    """Draw ring sizes, about evenly by their logarithm, until the members are used up.

    No ring but the pool takes more than a quarter of them, so that there are several; none is left
    where they do not suffice for the smallest.

    Args:
        chance: the source of chance.
        n_members: accounts that rings run.
        low: members of the smallest ring.
        high: members of the largest.
        pool: members of the one pool; 0 for none.

    Returns:
        int64, shape (rings,); the pool first.
    """
    rest = n_members - pool
    pools = np.full(1 if pool else 0, pool, np.int64)
    if rest < low:
        return pools
    most = max(low, min(high, rest // 4))
    sizes = chance.octaves(low, most, rest // low + 1)
    sizes = sizes[np.cumsum(sizes) <= rest]
    return np.concatenate([pools, sizes if len(sizes) else np.array([low])])


def draw_tactics(
    chance: Chance, weights: Mapping[TacticName, float], n: int, *, low: int, high: int
) -> list[tuple[TacticName, ...]]:
    """Deal tactics out to n rings: the first of each in the weights' proportions, the rest drawn.

    Args:
        chance: the source of chance.
        weights: how often each tactic is used.
        n: rings.
        low: tactics of a ring, at least.
        high: and at most; fewer where the same is drawn twice.
    """
    names = [name for name in TACTICS if weights.get(name, 0) > 0]
    edges = np.cumsum([weights[name] for name in names])
    at = (np.arange(n) + chance.unit(1)) / max(n, 1) * edges[-1]
    first = np.searchsorted(edges, at, side="right").clip(0, len(names) - 1)
    first = first[chance.permutation(n)]
    more = chance.pick([weights[name] for name in names], n * (high - 1)).reshape(n, high - 1)
    counts = chance.between(low, high, n)
    return [
        tuple(names[t] for t in dict.fromkeys([int(f), *m[: count - 1].tolist()]))
        for f, m, count in zip(first, more, counts, strict=True)
    ]


def plant_rings(draft: Draft, members: Ints, free: Ints) -> None:
    """Turn accounts into rings, in place; those left over become developers without a ring.

    Args:
        draft: the population.
        members: places of the accounts that rings run.
        free: places of honest accounts, whom a ring may hijack or frame.
    """
    world, people = draft.world, draft.people
    rings, chance = world.rings, Chance(world.seed, 30)
    sizes = ring_sizes(
        chance, len(members), low=rings.size_min, high=rings.size_max, pool=rings.pool
    )
    tactics = draw_tactics(
        chance, rings.tactics, len(sizes), low=rings.tactics_min, high=rings.tactics_max
    )
    ends = np.cumsum(sizes)
    for number, (end, size, names) in enumerate(zip(ends, sizes, tactics, strict=True)):
        own = Chance(world.seed, 31, number)
        ring = Ring(number, number, members[end - size : end], names, own)
        people["kind"][ring.members] = KINDS.index("ring")
        people["ring"][ring.members] = number
        people["role"][ring.members] = MEMBER
        people["seat"][ring.members] = np.arange(size)
        if not own.flip(rings.matched, 1)[0]:
            _run_alike(draft, ring)
        for name in names:
            TACTICS[name](draft, ring)
        replace_banned(draft, ring)
        draft.rings.append(ring)


def _run_alike(draft: Draft, ring: Ring) -> None:
    """Give a careless ring one pace, one model, one time zone and one week of sign-ups."""
    people, chance, n = draft.people, ring.chance, len(ring.members)
    owners = np.full(n, ring.members[0])
    share_slots(people, ring.members, owners, "ahead_h", "rhythm", "late_min", "model", "active")
    share_slots(people, ring.members, owners, "sittings")
    rate = people["rate"][ring.members[0]] * chance.lognormal(0.2, n)
    people["rate"][ring.members] = np.floor(rate).astype(np.int64)
    began_d = chance.uniform(4, 90, 1) + chance.uniform(0, 7, n)
    people["created"][ring.members] = start_us(draft.world) - np.floor(began_d * DAY_US).astype(
        np.int64
    )
    public = people["domain"][ring.members] < len(MAIL_DOMAINS)
    people["domain"][ring.members] = np.where(public, people["domain"][ring.members], 0)
