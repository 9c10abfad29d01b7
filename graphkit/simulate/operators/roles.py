"""What accounts are to a ring: members and their replacements, hijacked, bridges, junk."""

import numpy as np

from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.people import start_us
from graphkit.simulate.slots import DAY_US


def replace_banned(draft: Draft, ring: Ring) -> None:
    """Ban a share of members after the first day, and open as many accounts within a day.

    At a share of 1 half of the ring's accounts are there at a time: all of them are banned one
    after another and each is replaced by one of the other half.
    """
    world, people, chance = draft.world, draft.people, ring.chance
    if world.days < 2:
        return
    n = len(ring.members)
    # n accounts, of whom k are replacements of k others: k of n - k.
    k = min(round(n * world.rings.replaced / (1 + world.rings.replaced)), n // 2)
    mixed = ring.members[chance.permutation(n)]
    when_d = chance.uniform(1, world.days - 0.5, k)
    again_d = np.minimum(when_d + chance.unit(k), world.days - 0.25)
    banned, opened = mixed[:k], mixed[k : 2 * k]
    people["banned"][banned] = start_us(world) + np.floor(when_d * DAY_US).astype(np.int64)
    people["created"][opened] = start_us(world) + np.floor(again_d * DAY_US).astype(np.int64)
    # Whoever is banned was there before.
    people["created"][banned] = np.minimum(people["created"][banned], start_us(world))
