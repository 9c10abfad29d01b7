"""Tactics by what members share: openly, several things at once, weakly, in a chain, for a day."""

import numpy as np

from graphkit.simulate.chance import Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.operators.signals import (
    share_addresses,
    share_cards,
    share_devices,
    share_domains,
    share_hours,
    share_orgs,
    share_payload,
    share_wrapper,
    shown,
)
from graphkit.simulate.slots import CHAINED, OWN, add_text
from graphkit.simulate.text.wrappers import MOST_WORDINGS, write_wrappers

_SEVERAL = (
    share_addresses,
    share_cards,
    share_devices,
    share_domains,
    share_orgs,
    share_wrapper,
    share_payload,
    share_hours,
)
_WEAK = (share_addresses, share_cards, share_devices, share_domains, share_wrapper)


def share_openly(draft: Draft, ring: Ring, who: Ints) -> None:
    """Naive sharing: addresses, cards and a wrapper, some devices too, with nothing hidden.

    Shared payment methods and addresses are what the reports on real networks name first.
    """
    share_addresses(draft, ring, who)
    share_cards(draft, ring, who)
    share_wrapper(draft, ring, who)
    if ring.chance.flip(0.3, 1)[0]:
        share_devices(draft, ring, who)


def share_several(draft: Draft, ring: Ring, who: Ints) -> None:
    """Two or three signals, drawn for the ring, on the same members."""
    n = int(ring.chance.between(2, 3, 1)[0])
    for place in np.sort(ring.chance.permutation(len(_SEVERAL))[:n]).tolist():
        _SEVERAL[place](draft, ring, who)


def split_evidence(draft: Draft, ring: Ring, who: Ints) -> None:
    """Weak evidence split over signals: each of five ties only two members in five, drawn anew."""
    for share in _WEAK:
        some = who[ring.chance.flip(0.4, len(who))]
        if len(some) >= 2:
            share(draft, ring, some)


def chain_cards(draft: Draft, ring: Ring, who: Ints) -> None:
    """Virtual cards, replaced within days, that only a chain of similar names connects.

    Along the ring each payer differs from the one before by the first name, the last name or the
    postal district, in turn. Neighbours are similar; members three steps apart have nothing in
    common, and no two members ever have a card in common.
    """
    people, chance, n = draft.people, ring.chance, len(who)
    links = who[chance.permutation(n)]
    people["payer"][links], people["alias"][links] = draft.new_steps(n), CHAINED
    people["card2"][links] = links  # a second card, if any, bears the same name
    people["issuer"][links] = people["issuer"][links[0]]
    people["card_turn_d"][links] = chance.between(1, 4, n)
    people["pays"][links] = people["pays"][links].clip(40)
    ring.owns("name", links)


def rotate(draft: Draft, ring: Ring, who: Ints) -> None:
    """Entity rotation: addresses, cards and the wrapper's wording are replaced every few days."""
    days = ring.chance.between(1, 3, 3).tolist()
    share_addresses(draft, ring, who, turn_d=days[0])
    share_cards(draft, ring, who, turn_d=days[1])
    share_wrapper(draft, ring, who, wordings=MOST_WORDINGS, turn_d=days[2])


def resell(draft: Draft, ring: Ring, who: Ints) -> None:
    """A reseller's pool: customers' traffic, dealt out over its accounts, mixed with extraction.

    One reported proxy network ran 20,000 accounts at once, extraction interleaved with the
    requests of unrelated customers. Each account serves two customers, each of whom is served by
    several accounts; what is left of its requests, in the proportion of `strength`, is extraction
    in one wrapper. All of it leaves through the pool's gateways.
    """
    chance, n = ring.chance, len(who)
    share_addresses(draft, ring, who)
    rows, sources = draft.add_texts(max(2, n // 8), OWN)
    write_wrappers(chance, rows)
    for _ in range(2):
        served = sources[chance.below(len(sources), n)]
        add_text(draft.people, who, served, chance.uniform(0.1, 0.4, n))
    ring.owns("text", sources)
    rows, extraction = draft.add_texts(1, OWN)
    write_wrappers(chance, rows)
    add_text(draft.people, who, extraction[0], shown(draft, ring, n))
    ring.owns("text", extraction)
