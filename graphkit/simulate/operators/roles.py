"""What accounts are to a ring: replaced members, hijacked, bridges, junk, framed, successors."""

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, Floats, Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.people import start_us
from graphkit.simulate.slots import (
    BRIDGE,
    DAY_US,
    FRAMED,
    HIJACKED,
    HOME_SLOT,
    JUNK,
    MEMBER,
    N_EGRESS,
    N_TEXT,
    NEVER,
    add_egress,
    add_text,
)

_LURED = 0.5  # strangers per member, at a camouflage of 1, whom a reverse camouflage reaches
_DRAWN = 8  # candidates looked at for each honest account that is needed


def replace_banned(draft: Draft, ring: Ring) -> None:
    """Ban a share of members after the first day, and open as many accounts within a day.

    At a share of 1 half of the ring's accounts are there at a time: all of them are banned one
    after another and each is replaced by one of the other half, as reports of hydra clusters say.
    Where members take turns, the newcomer has the turn of the one it replaces.
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
    # Seats of a dealt set stay apart: there two members with one seat would send the same item.
    if "turns" in ring.tactics and "dealt" not in ring.tactics:
        people["seat"][opened] = people["seat"][banned]


def open_junk(draft: Draft, ring: Ring) -> None:
    """Leave a share of the members hardly used: a few requests in all."""
    people, chance = draft.people, ring.chance
    junk = ring.members[chance.flip(draft.world.rings.junk, len(ring.members))]
    people["role"][junk] = JUNK
    people["rate"][junk] = chance.between(1_000, 3_000, len(junk))
    people["active"][junk] = 255 // (1 + draft.world.days // 3)


def hijack(draft: Draft, ring: Ring, free: Ints) -> None:
    """FRAUDAR's third camouflage: honest accounts, taken over, do part of the ring's work.

    A hijacked account keeps its owner's habits, and its kind and group in the truth. Half as much
    of its records shows what the ring shares as of a member's.
    """
    people, chance = draft.people, ring.chance
    n = int(np.floor(len(ring.members) * draft.world.rings.hijacked + chance.unit(1)[0]))
    taken = strangers(draft, chance, free, n)
    people["ring"][taken], people["role"][taken] = ring.number, HIJACKED
    people["seat"][taken] = len(ring.members) + np.arange(len(taken))
    ring.hijacked.extend(taken.tolist())
    lend(draft, ring, taken, draft.world.rings.strength / 2)


def lure(draft: Draft, ring: Ring, free: Ints) -> None:
    """FRAUDAR's reverse camouflage: strangers come upon the ring's things, once each.

    A free proxy or a prompt passed around: it alone makes what a ring owns look like a crowd's.
    """
    people, chance, rings = draft.people, ring.chance, draft.world.rings
    n = round(_LURED * rings.camouflage * len(ring.members))
    lured = strangers(draft, chance, free, 3 * n)
    there = people["created"][lured] < start_us(draft.world)
    lured = lured[there & (people["once_day"][lured] < 0)][:n]
    for field, kind in (("once_route", "route"), ("once_text", "text")):
        own = owned(ring, kind)
        if len(own):
            people[field][lured] = own[chance.below(len(own), len(lured))]
            people["once_day"][lured] = chance.below(draft.world.days, len(lured))


def frame(draft: Draft, ring: Ring, free: Ints) -> None:
    """Frame innocents: exit through their homes and copy the prompts that they wrote.

    Only what an attacker can write is copied. The framed stay honest in the truth, in the role
    `framed` of no ring. Each member copies one of them, or several where they are more; whoever
    wrote nothing of his own cannot be framed by prompts alone.
    """
    people, chance, members = draft.people, ring.chance, ring.members
    rings = draft.world.rings
    victims = strangers(draft, chance, free, max(1, int(rings.framed * len(members))))
    if rings.framing == "prompt":
        victims = victims[people["text"]["share"][victims, 0] > 0]
    people["role"][victims] = FRAMED
    for first in range(0, len(victims), len(members)):
        some = victims[first : first + len(members)]
        of = some[np.arange(len(members)) % len(some)]
        if rings.framing != "prompt":
            home = people["egress"][of, HOME_SLOT]
            add_egress(people, members, home["route"], 0.15, seat=home["seat"])
        if rings.framing != "address":
            wrote = people["text"]["share"][of, 0] > 0
            copied = people["text"]["source"][of[wrote], 0]
            add_text(people, members[wrote], copied, 0.15)


def build_bridges(draft: Draft, chance: Chance) -> None:
    """Let one member of some rings also work for another operator's ring, with all it shares."""
    rings, people = draft.rings, draft.people
    wanted = chance.flip(draft.world.rings.bridged, len(rings))
    for ring, bridged in zip(rings, wanted, strict=True):
        others = [other for other in rings if other.operator != ring.operator]
        if not bridged or not others:
            continue
        other = others[int(chance.below(len(others), 1)[0])]
        plain = ring.members[people["role"][ring.members] == MEMBER]
        bridge = plain[chance.below(len(plain), min(1, len(plain)))]
        people["role"][bridge] = BRIDGE
        lend(draft, other, bridge, draft.world.rings.strength)


def succeed(draft: Draft, ring: Ring, heir: Ring) -> None:
    """Let a ring be banned as a whole and another of the same operator begin within a day.

    No account is in both. What remains is residue: the heir shows half as much of what the first
    ring shared as of what it shares itself.
    """
    world, people, chance = draft.world, draft.people, heir.chance
    end = start_us(world) + int(world.days * DAY_US * 9 // 20)
    old, new = ring.members, heir.members
    gone = end - np.floor(chance.unit(len(old)) * (DAY_US / 2)).astype(np.int64)
    people["banned"][old] = np.minimum(people["banned"][old], gone)
    people["created"][old] = np.minimum(people["created"][old], people["banned"][old] - DAY_US)
    begun = end + np.floor(chance.unit(len(new)) * DAY_US).astype(np.int64)
    people["created"][new] = np.maximum(people["created"][new], begun)
    short = people["banned"][new] < people["created"][new] + DAY_US
    people["banned"][new[short]] = NEVER
    lend(draft, ring, new, world.rings.strength / 2)


def lend(draft: Draft, ring: Ring, who: Ints, share: float | Floats) -> None:
    """Let other accounts use what a ring owns: ways out, texts, cards; each takes one of a kind.

    Args:
        draft: the population.
        ring: whose things they are.
        who: places of the accounts, each once.
        share: of their records.
    """
    people, chance, n = draft.people, ring.chance, len(who)
    for field, room, kinds, add in (
        ("egress", N_EGRESS, ("route",), add_egress),
        ("text", N_TEXT, ("text", "set"), add_text),
    ):
        own = np.concatenate([owned(ring, kind) for kind in kinds])
        # An account without a free slot keeps what it has.
        free = who[(people[field]["share"][who] > 0).sum(axis=1) < room]
        if len(own):
            add(people, free, own[chance.below(len(own), len(free))], share)
    cards = owned(ring, "card")
    if len(cards):
        people["card2"][who] = cards[chance.below(len(cards), n)]
        people["card2_share"][who] = np.floor(255 * np.broadcast_to(share, n))
        people["pays"][who] = people["pays"][who].clip(12)


def owned(ring: Ring, kind: str) -> Ints:
    """Rows or entities of one kind that are the ring's own."""
    return np.array([entity for name, entity in ring.traces if name == kind], np.int64)


def strangers(draft: Draft, chance: Chance, free: Ints, n: int) -> Ints:
    """Draw up to n honest accounts that work as developers do and have no role yet."""
    people = draft.people
    drawn = free[chance.below(len(free), _DRAWN * n)] if len(free) else free
    _, first = np.unique(drawn, return_index=True)
    drawn = drawn[np.sort(first)]
    fit: NDArray[np.bool_] = (
        (people["role"][drawn] == 0)
        & (people["ring"][drawn] < 0)
        & (people["active"][drawn] >= 60)
        & (people["banned"][drawn] == NEVER)
    )
    return drawn[fit][:n]
