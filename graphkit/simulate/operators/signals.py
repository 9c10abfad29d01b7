"""The eight signals that tie accounts, each alone: what members share, and how much of it shows.

Each function lets some of a ring's accounts share one thing. `Rings.strength` is in all of them
the share of a member's activity that shows it: of requests for addresses, devices, texts and hours,
of payments for cards. What an account has once (mail domain, organisation, billing name) cannot be
shown in part: it is hidden by few hands alone. `Rings.holders` is how many members share one
address, card, device, domain or organisation; a wrapper, a payload and working hours are the whole
ring's.
"""

import numpy as np

from graphkit.simulate.chance import Floats, Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.slots import ITEMS, OWN, TOGETHER, add_egress, add_text, share_slots
from graphkit.simulate.text.wrappers import write_wrappers
from graphkit.simulate.words import MAIL_DOMAINS

_PAYLOAD = 120  # items of a private set that all members send
_FAR = 1 << 22  # first items of private sets lie far beyond those that the public uses


def share_addresses(draft: Draft, ring: Ring, who: Ints, *, turn_d: int = 0) -> None:
    """Send traffic through a small pool of hosted proxies of the ring's own.

    Args:
        draft: the population.
        ring: whose pool it is.
        who: places of the accounts that use it.
        turn_d: days until the addresses are replaced; 0: never.
    """
    chance = ring.chance
    n = np.array([max(1, len(who) // draft.world.rings.holders)])
    turns = -(-draft.world.days // turn_d) if turn_d else 1
    route = draft.add_blocks(
        chance,
        n,
        hosted=True,
        spread=int(chance.between(1, 3, 1)[0]),
        hold_h=12,
        turn_d=turn_d,
        turns=turns,
    )
    add_egress(draft.people, who, route[0], shown(draft, ring, len(who)), seat=who)
    ring.owns("route", route)


def share_cards(draft: Draft, ring: Ring, who: Ints, *, turn_d: int = 0) -> None:
    """Pay with a card, in its owner's name, that `holders` members have, besides one's own.

    Args:
        draft: the population.
        ring: whose cards they are.
        who: places of the accounts that use them.
        turn_d: days until the cards are replaced; 0: never.
    """
    people = draft.people
    mixed, owners = hands(draft, ring, who)
    people["card2"][mixed] = owners
    share = np.floor(255 * shown(draft, ring, len(mixed))).astype(np.int64)
    people["card2_share"][mixed] = np.where(mixed == owners, 0, share)
    people["pays"][mixed] = people["pays"][mixed].clip(30)
    people["card_turn_d"][owners] = turn_d
    ring.owns("card", np.unique(owners))
    ring.owns("name", np.unique(owners))


def share_devices(draft: Draft, ring: Ring, who: Ints) -> None:
    """Run on a seldom seen client that `holders` members have in common, besides one's own."""
    people, chance = draft.people, ring.chance
    mixed, owners = hands(draft, ring, who)
    first, of = np.unique(owners, return_inverse=True)
    devices = np.array([draft.rare_device(chance) for _ in range(len(first))], np.int64)
    people["device2"][mixed] = devices[of]
    share = np.floor(255 * shown(draft, ring, len(mixed))).astype(np.int64)
    people["device2_share"][mixed] = share
    ring.owns("device", np.unique(devices))


def share_domains(draft: Draft, ring: Ring, who: Ints) -> None:
    """Sign up with addresses under a mail domain that `holders` members have in common."""
    mixed, owners = hands(draft, ring, who)
    draft.people["domain"][mixed] = len(MAIL_DOMAINS) + owners
    ring.owns("domain", np.unique(len(MAIL_DOMAINS) + owners))


def share_orgs(draft: Draft, ring: Ring, who: Ints) -> None:
    """Sign up in an organisation that `holders` members have in common; nobody verified it."""
    mixed, owners = hands(draft, ring, who)
    draft.people["org"][mixed] = owners
    ring.owns("org", np.unique(owners))


def share_wrapper(
    draft: Draft, ring: Ring, who: Ints, *, wordings: int = 1, slots: bool = False, turn_d: int = 0
) -> None:
    """Put requests into a wrapper of the ring's own, around whatever is asked.

    Args:
        draft: the population.
        ring: whose wrapper it is.
        who: places of the accounts that use it.
        wordings: ways of saying each piece.
        slots: whether each request fills the numbers in the wrapper anew.
        turn_d: days until two wordings of the pieces are replaced by two others; 0: never.
    """
    chance = ring.chance
    payload = ITEMS if chance.flip(0.5, 1)[0] else OWN
    rows, source = draft.add_texts(1, payload, items=1 << 20, fresh=0.5)
    write_wrappers(chance, rows, wordings=wordings, slots=slots)
    if turn_d:
        rows["turn_d"], rows["turns"] = turn_d, max(1, wordings // 2)
        rows["pieces"]["n"] = np.minimum(rows["pieces"]["n"], 2)
    add_text(draft.people, who, source[0], shown(draft, ring, len(who)))
    ring.owns("text", source)


def share_payload(draft: Draft, ring: Ring, who: Ints) -> None:
    """Send the items of one private set, as they are, every member all of them."""
    first = private_set(ring)
    _, source = draft.add_texts(1, ITEMS, first=first, items=_PAYLOAD)
    add_text(draft.people, who, source[0], shown(draft, ring, len(who)))
    ring.owns("set", source)


def share_hours(draft: Draft, ring: Ring, who: Ints, *, jitter_min: int = 10) -> None:
    """Work in the same sittings.

    Args:
        draft: the population.
        ring: whose hours they are.
        who: places of the accounts that keep them.
        jitter_min: minutes by which a member strays, as a standard deviation.
    """
    people, strength = draft.people, draft.world.rings.strength
    job = draft.add_jobs(1, TOGETHER, jitter_min=jitter_min, share=strength)
    people["job"][who] = job[0]
    share_slots(people, who, np.full(len(who), who[0]), "ahead_h", "rhythm")


def shown(draft: Draft, ring: Ring, n: int) -> Floats:
    """Of each of n members the share of records that shows what the ring shares."""
    return (draft.world.rings.strength * ring.chance.uniform(0.7, 1.3, n)).clip(0, 1)


def hands(draft: Draft, ring: Ring, who: Ints) -> tuple[Ints, Ints]:
    """Cut accounts at random into hands of `holders`; none is left with a card to itself.

    Returns:
        The accounts in an order of chance, and of each the place of the first of its hand.
    """
    mixed = who[ring.chance.permutation(len(who))]
    n_hands = max(1, len(mixed) // draft.world.rings.holders)
    first = np.arange(len(mixed)) % n_hands
    return mixed, mixed[first]


def private_set(ring: Ring) -> int:
    """First item of a set of up to 128 that hardly anybody else comes upon."""
    return _FAR + 128 * int(ring.chance.below(1 << 17, 1)[0])
