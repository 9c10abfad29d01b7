"""Rings: accounts that one operator runs, each of which looks like an ordinary developer.

A ring is drawn, told its tactics, and each tactic (one small function over slots) writes what its
members share or how they hide it. Members start as honest accounts do, with a home, a card and a
device of their own, so that a tactic only says what is not ordinary. Roles come after: junk,
replacements, hijacked accounts, and in the end heirs and bridges, who use what rings own.
"""

from collections.abc import Callable

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.groups import KINDS
from graphkit.simulate.operators import hiding, roles, sharing, signals, writing
from graphkit.simulate.operators.drawing import (
    ALONE,
    HIDING,
    POOL,
    SHARING,
    TACTICS,
    draw_tactics,
    ring_sizes,
)
from graphkit.simulate.operators.ties import keep_ties
from graphkit.simulate.people import expected, scale_to, start_us
from graphkit.simulate.slots import DAY_US, MEMBER, share_slots
from graphkit.simulate.words import MAIL_DOMAINS
from graphkit.simulate.world import TacticName

# What each tactic writes: of the ring's members, or of honest accounts.
_OF_MEMBERS: dict[TacticName, Callable[[Draft, Ring, Ints], None]] = {
    "proxies": hiding.use_proxies,
    "hub": hiding.poison_hub,
    "random": hiding.camouflage_at_random,
    "popular": hiding.camouflage_by_popularity,
    "pivot": hiding.pivot,
    "only_address": signals.share_addresses,
    "only_card": signals.share_cards,
    "only_device": signals.share_devices,
    "only_domain": signals.share_domains,
    "only_org": signals.share_orgs,
    "only_wrapper": signals.share_wrapper,
    "only_payload": signals.share_payload,
    "only_timing": signals.share_hours,
    "naive": sharing.share_openly,
    "mixed": sharing.share_several,
    "split": sharing.split_evidence,
    "chain": sharing.chain_cards,
    "rotation": sharing.rotate,
    "reseller": sharing.resell,
    "paraphrase": writing.paraphrase,
    "dealt": writing.deal_out,
    "payloads": writing.vary_wrappers,
    "turns": hiding.take_turns,
    "jitter": hiding.stray,
}
_OF_STRANGERS: dict[TacticName, Callable[[Draft, Ring, Ints], None]] = {
    "reverse": roles.lure,
    "framing": roles.frame,
}
_SUCCESSION_D = 4  # days that a ring and its heir need


def plant_rings(draft: Draft, members: Ints, free: Ints) -> None:
    """Turn accounts into rings, in place; those left over become developers without a ring.

    Args:
        draft: the population.
        members: places of the accounts that rings run.
        free: places of honest accounts, whom a ring may hijack, lure or frame.
    """
    chance = Chance(draft.world.seed, 30)
    for ring in _draw_rings(draft, chance, members):
        plant(draft, ring, free)
        draft.rings.append(ring)
        if ring.operator != ring.number:
            roles.succeed(draft, draft.rings[ring.operator], ring)
    roles.build_bridges(draft, chance)
    for ring in draft.rings:
        keep_ties(draft, ring)


def plant(draft: Draft, ring: Ring, free: Ints) -> None:
    """Turn the accounts of one ring into it, in place: its tactics, and the roles within it."""
    people, n = draft.people, len(ring.members)
    people["kind"][ring.members] = KINDS.index("ring")
    people["ring"][ring.members] = ring.number
    people["role"][ring.members] = MEMBER
    people["seat"][ring.members] = np.arange(n)
    if not ring.chance.flip(draft.world.rings.matched, 1)[0]:
        _run_alike(draft, ring)
    for name, write in _OF_MEMBERS.items():
        if name in ring.tactics:
            write(draft, ring, ring.members)
    for name, write in _OF_STRANGERS.items():
        if name in ring.tactics:
            write(draft, ring, free)
    roles.open_junk(draft, ring)
    roles.replace_banned(draft, ring)
    roles.hijack(draft, ring, free)


def _draw_rings(draft: Draft, chance: Chance, members: Ints) -> list[Ring]:
    """Draw sizes, tactics and operators; an heir has its operator's first ring's tactics."""
    world, rings = draft.world, draft.world.rings
    sizes = ring_sizes(
        chance, len(members), low=rings.size_min, high=rings.size_max, pool=rings.pool
    )
    n = len(sizes)
    tactics = draw_tactics(chance, rings.tactics, n, low=rings.tactics_min, high=rings.tactics_max)
    if rings.pool:
        tactics[0] = POOL
    operators = np.arange(n)
    wanted = chance.flip(rings.succeeded, n) & (world.days >= _SUCCESSION_D)
    for number in range(1, n):
        # The first ring of an operator is followed by its neighbour; an heir by nobody.
        if wanted[number - 1] and operators[number - 1] == number - 1:
            operators[number] = number - 1
            tactics[number] = tactics[number - 1]
    ends = np.cumsum(sizes)
    return [
        Ring(
            number, int(operator), members[end - size : end], names, Chance(world.seed, 31, number)
        )
        for number, (operator, end, size, names) in enumerate(
            zip(operators, ends, sizes, tactics, strict=True)
        )
    ]


def _run_alike(draft: Draft, ring: Ring) -> None:
    """Give a careless ring one pace, one model, one time zone and one week of sign-ups."""
    people, chance, n = draft.people, ring.chance, len(ring.members)
    total = expected(people[ring.members]).sum() / 1000
    owners = np.full(n, ring.members[0])
    share_slots(people, ring.members, owners, "ahead_h", "rhythm", "late_min", "model", "active")
    share_slots(people, ring.members, owners, "sittings")
    rate = people["rate"][ring.members[0]] * chance.lognormal(0.2, n)
    people["rate"][ring.members] = np.floor(rate).astype(np.int64)
    scale_to(people, ring.members, total)
    began_d = chance.uniform(4, 90, 1) + chance.uniform(0, 7, n)
    people["created"][ring.members] = start_us(draft.world) - np.floor(began_d * DAY_US).astype(
        np.int64
    )
    public = people["domain"][ring.members] < len(MAIL_DOMAINS)
    people["domain"][ring.members] = np.where(public, people["domain"][ring.members], 0)


__all__ = ["ALONE", "HIDING", "SHARING", "TACTICS", "draw_tactics", "plant_rings", "ring_sizes"]
