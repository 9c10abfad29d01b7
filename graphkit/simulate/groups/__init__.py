"""Honest accounts that share things: each kind of group is one small function over slots.

A kind says where its accounts are (`PLACES`, which do not overlap) or is a fashion that strangers
follow (`FASHIONS`, which may take accounts of any group). A function gets its own source of
chance, the draft and the places of its accounts; it writes slots and nothing else.
"""

from collections.abc import Callable

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft
from graphkit.simulate.groups.companies import (
    form_agencies,
    form_businesses,
    form_fleets,
    form_integrators,
)
from graphkit.simulate.groups.fashions import (
    ban_some,
    run_benchmark,
    run_harness,
    run_pipelines,
    send_viral,
    use_templates,
)
from graphkit.simulate.groups.places import (
    form_campuses,
    form_classes,
    form_hackathons,
    form_households,
    form_offices,
    form_several,
)

Form = Callable[[Chance, Draft, Ints], None]
# Their order decides nothing but the numbers of chance: append, do not insert.
PLACES: dict[str, Form] = {
    "household": form_households,
    "several": form_several,
    "office": form_offices,
    "campus": form_campuses,
    "business": form_businesses,
    "agency": form_agencies,
    "integrator": form_integrators,
    "fleet": form_fleets,
    "classroom": form_classes,
    "hackathon": form_hackathons,
}
FASHIONS: dict[str, Form] = {
    "harness": run_harness,
    "viral": send_viral,
    "template": use_templates,
    "benchmark": run_benchmark,
}
# What is sold on, or runs by itself, asks as much as developers do.
PROGRAMS = ("integrator", "fleet")
KINDS = ("lone", "ring", "crowd", *PLACES, *FASHIONS)


def form_groups(draft: Draft, free: Ints) -> Ints:
    """Turn honest accounts into groups, in place.

    Args:
        draft: the population.
        free: places of the accounts that no ring runs, in a random order.

    Returns:
        Places of the honest accounts whose addresses no group decides.
    """
    world, people = draft.world, draft.people
    rest = free
    for number, (kind, form) in enumerate(PLACES.items()):
        n = round(getattr(world.honest, f"{kind}_share") * world.accounts)
        first = np.arange(n)
        if kind in PROGRAMS:
            always = np.isin(rest, draft.developers) & (people["peak_day"][rest] < 0)
            first = np.argsort(~always, kind="stable")[:n]
        members, rest = rest[first], np.delete(rest, first)
        people["kind"][members] = KINDS.index(kind)
        if len(members):
            form(Chance(world.seed, 20, number), draft, members)
    for number, (kind, form) in enumerate(FASHIONS.items()):
        chance = Chance(world.seed, 21, number)
        n = min(round(getattr(world.honest, f"{kind}_share") * world.accounts), len(free))
        members = free[chance.permutation(len(free))[:n]]
        alone = members[people["kind"][members] == 0]
        people["kind"][alone] = KINDS.index(kind)
        if len(members):
            form(chance, draft, members)
    run_pipelines(Chance(world.seed, 22), draft, free)
    ban_some(Chance(world.seed, 23), draft, free)
    return rest


__all__ = ["FASHIONS", "KINDS", "PLACES", "form_groups"]
