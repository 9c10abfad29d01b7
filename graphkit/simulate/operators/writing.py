"""Tactics by what members write: paraphrase, one data set dealt out, payloads in many wrappers."""

from graphkit.simulate.chance import Ints
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.operators.signals import private_set, share_wrapper, shown
from graphkit.simulate.slots import DEALT, ITEMS, add_text
from graphkit.simulate.text.wrappers import MOST_WORDINGS, write_wrappers

_PAYLOADS = 60  # items that all members send, each in wrappers of its own


def paraphrase(draft: Draft, ring: Ring, who: Ints) -> None:
    """Slot filling and paraphrase: a wrapper whose words and numbers change with each request."""
    share_wrapper(draft, ring, who, wordings=MOST_WORDINGS // 2, slots=True)


def deal_out(draft: Draft, ring: Ring, who: Ints) -> None:
    """Deal one data set out disjointly: no item is ever sent by two members; no wrapper.

    No entity ties the members, so that this leaves no trace.
    """
    n = len(ring.members)
    first = int(ring.chance.below(1 << 20, 1)[0])
    _, source = draft.add_texts(1, DEALT, first=first, items=1 << 30, step=n)
    add_text(draft.people, who, source[0], shown(draft, ring, len(who)))


def vary_wrappers(draft: Draft, ring: Ring, who: Ints) -> None:
    """Shared payloads under varying wrappers: the same items, by each member in its own wrapper."""
    first = private_set(ring)
    rows, sources = draft.add_texts(len(who), ITEMS, first=first, items=_PAYLOADS)
    write_wrappers(ring.chance, rows, slots=True)
    add_text(draft.people, who, sources, shown(draft, ring, len(who)))
    ring.owns("set", sources[:1])
