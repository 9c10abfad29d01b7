"""Tactics by when members work: turns, jitter, pivot; and by what hides them: proxies, crowds."""

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.operators.signals import share_hours, shown
from graphkit.simulate.people import expected, scale_to
from graphkit.simulate.slots import TURNS, add_egress, add_text, share_slots

_PUBLIC_TEXTS = 6  # the texts with most users


def take_turns(draft: Draft, ring: Ring, who: Ints) -> None:
    """Round robin: a load balancer hands one queue on, and each member has some minutes of it.

    The marks are even shares and complementary gaps rather than bursts: the accounts of a reported
    case and relay pools are said to have worked so. All have one pace; in all they send as before.
    """
    people, strength = draft.people, draft.world.rings.strength
    job = draft.add_jobs(1, TURNS, seats=len(who), step_min=7, jitter_min=3, share=strength)
    people["job"][who] = job[0]
    total = expected(people[who]).sum() / 1000
    share_slots(people, who, np.full(len(who), who[0]), "ahead_h", "rate", "active", "weekend")
    scale_to(people, who, total)


def stray(draft: Draft, ring: Ring, who: Ints) -> None:
    """Jitter: the same sittings, from which each member strays by half an hour up to eight."""
    share_hours(draft, ring, who, jitter_min=int(ring.chance.octaves(30, 480, 1)[0]))


def pivot(draft: Draft, ring: Ring, who: Ints) -> None:
    """Move to the new model within a day of its launch, as others do over days or not at all."""
    moves = who[ring.chance.flip(shown(draft, ring, len(who)), len(who))]
    draft.people["moves_h"][moves] = ring.chance.between(1, 23, len(moves))


def use_proxies(draft: Draft, ring: Ring, who: Ints) -> None:
    """Go out through residential proxies, over the addresses of honest homes."""
    chance, proxies = ring.chance, draft.commons.proxies
    route = proxies[chance.below(len(proxies), 1)[0]]
    add_egress(draft.people, who, route, chance.uniform(0.5, 0.98, len(who)), seat=who)


def poison_hub(draft: Draft, ring: Ring, who: Ints) -> None:
    """A poisoned hub: work through one carrier's NAT, in the text that most strangers use.

    What most of the members' records share is then shared by thousands of others too.
    """
    chance, carriers = ring.chance, draft.commons.carriers
    route = carriers[chance.below(len(carriers), 1)[0]]
    add_egress(draft.people, who, route, chance.uniform(0.5, 0.9, len(who)), seat=who)
    texts = _texts_in_use(draft)[:1]
    if len(texts):
        add_text(draft.people, who, texts[0], chance.uniform(0.2, 0.6, len(who)))


def camouflage_at_random(draft: Draft, ring: Ring, who: Ints) -> None:
    """FRAUDAR's random camouflage: part of the traffic goes to strangers' things, drawn evenly."""
    commons = draft.commons
    routes = np.concatenate([commons.vpns, commons.proxies, commons.clouds])
    _blend(draft, ring, who, routes, _texts_in_use(draft))


def camouflage_by_popularity(draft: Draft, ring: Ring, who: Ints) -> None:
    """FRAUDAR's biased camouflage: the same, to what most strangers use."""
    commons = draft.commons
    routes = np.concatenate([commons.carriers, commons.vpns[:1]])
    _blend(draft, ring, who, routes, _texts_in_use(draft)[:_PUBLIC_TEXTS])


def _blend(draft: Draft, ring: Ring, who: Ints, routes: Ints, texts: Ints) -> None:
    """Send a share `camouflage` of traffic through drawn ways out and in drawn texts."""
    chance, n = ring.chance, len(who)
    share = (draft.world.rings.camouflage * chance.uniform(0.7, 1.3, n)).clip(0, 1)
    add_egress(draft.people, who, routes[chance.below(len(routes), n)], share, seat=who)
    if len(texts):
        add_text(draft.people, who, texts[chance.below(len(texts), n)], share)


def _texts_in_use(draft: Draft) -> NDArray[np.int64]:
    """Sources of text that honest accounts use, those with most users first."""
    text = draft.people["text"][draft.people["ring"] < 0]
    users = np.bincount(text["source"][text["share"] > 0], minlength=draft.texts.n)
    order = np.argsort(-users, kind="stable")
    return order[users[order] > 0]
