"""Tactics by what members write: wrappers, paraphrase, one data set dealt out."""

from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.slots import DEALT, ITEMS, add_text
from graphkit.simulate.text.wrappers import MOST_WORDINGS, write_wrappers


def only_wrapper(draft: Draft, ring: Ring) -> None:
    """Put most requests into one wrapper around public items."""
    _wrap(draft, ring, wordings=1, slots=False)


def paraphrase(draft: Draft, ring: Ring) -> None:
    """Put most requests into a wrapper whose words and numbers change with each request."""
    _wrap(draft, ring, wordings=MOST_WORDINGS // 2, slots=True)


def deal_out(draft: Draft, ring: Ring) -> None:
    """Deal one data set out disjointly: no item is ever sent by two members; no wrapper."""
    n = len(ring.members)
    first = int(ring.chance.below(1 << 20, 1)[0])
    _, source = draft.add_texts(1, DEALT, first=first, items=1 << 30, step=n, fresh=0.0)
    share = draft.world.rings.strength * ring.chance.uniform(0.7, 1.3, n).clip(0, 1)
    add_text(draft.people, ring.members, source[0], share.clip(0, 1))
    draft.traces.append((ring.number, "text", int(source[0])))


def _wrap(draft: Draft, ring: Ring, *, wordings: int, slots: bool) -> None:
    """Give a ring one wrapper around items of a set."""
    n = len(ring.members)
    rows, source = draft.add_texts(1, ITEMS, items=1 << 20, fresh=0.5)
    write_wrappers(ring.chance, rows, wordings=wordings, slots=slots)
    share = draft.world.rings.strength * ring.chance.uniform(0.7, 1.3, n)
    add_text(draft.people, ring.members, source[0], share.clip(0, 1))
    draft.traces.append((ring.number, "text", int(source[0])))
