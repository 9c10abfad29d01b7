"""Tactics by what members share: addresses, cards, devices, proxies."""

import numpy as np

from graphkit.simulate.chance import Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.operators.writing import only_wrapper
from graphkit.simulate.slots import add_egress, share_slots


def share_openly(draft: Draft, ring: Ring) -> None:
    """Naive sharing: addresses, cards, a device and a wrapper, with nothing hidden."""
    only_addresses(draft, ring)
    only_cards(draft, ring)
    only_wrapper(draft, ring)
    if ring.chance.flip(0.3, 1)[0]:
        only_devices(draft, ring)


def only_addresses(draft: Draft, ring: Ring) -> None:
    """Send part of the traffic through a small pool of proxies of the ring's own."""
    chance, rings = ring.chance, draft.world.rings
    n = np.array([max(1, len(ring.members) // rings.holders)])
    route = draft.add_blocks(
        chance, n, hosted=True, spread=int(chance.between(1, 3, 1)[0]), hold_h=12
    )
    add_egress(
        draft.people,
        ring.members,
        route[0],
        chance.uniform(0.5, 1, len(ring.members)) * rings.strength,
        seat=ring.members,
    )
    draft.traces.append((ring.number, "route", int(route[0])))


def only_cards(draft: Draft, ring: Ring) -> None:
    """Pay with one card for every `holders` accounts or so; some operators use one name."""
    people, chance = draft.people, ring.chance
    mixed = ring.members[chance.permutation(len(ring.members))]
    owners = runs(mixed, draft.world.rings.holders)
    share_slots(people, mixed, owners, "card", "payer", "issuer")
    if chance.flip(0.3, 1)[0]:
        people["payer"][mixed] = people["payer"][mixed[0]]
    people["pays"][mixed] = people["pays"][mixed].clip(12)
    cards = np.unique(people["card"][mixed])
    draft.traces += [(ring.number, "card", card) for card in cards.tolist()]


def only_devices(draft: Draft, ring: Ring) -> None:
    """Run most members on one seldom seen client."""
    people, chance = draft.people, ring.chance
    alike = ring.members[chance.flip(0.85, len(ring.members))]
    if not len(alike):
        return
    people["device"][alike] = people["device2"][alike] = device = draft.rare_device(chance)
    draft.traces.append((ring.number, "device", device))


def use_proxies(draft: Draft, ring: Ring) -> None:
    """Go out through residential proxies, over the addresses of honest homes."""
    chance, proxies = ring.chance, draft.commons.proxies
    route = proxies[chance.below(len(proxies), 1)[0]]
    share = chance.uniform(0.5, 0.98, len(ring.members))
    add_egress(draft.people, ring.members, route, share, seat=ring.members)


def runs(members: Ints, size: int) -> Ints:
    """Cut members into runs of `size` and name each one's run by its first member.

    Returns:
        int64, shape (n,): for each member the place of the first of its run.
    """
    return members[np.arange(len(members)) // size * size]
