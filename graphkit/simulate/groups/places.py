"""Groups of people by where they are: homes, offices, campuses, classes, cohorts."""

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft
from graphkit.simulate.groups.cutting import Cut, cut
from graphkit.simulate.people import start_us
from graphkit.simulate.sessions import OFFICE
from graphkit.simulate.slots import (
    DAY_US,
    ITEMS,
    NEVER,
    WORK,
    add_egress,
    add_text,
    share_home,
    share_slots,
)
from graphkit.simulate.words import MAIL_DOMAINS


def form_households(chance: Chance, draft: Draft, members: Ints) -> None:
    """Two to five people at one home; in half of the homes one card pays for all."""
    people = draft.people
    homes = cut(chance, draft, members, 2, 5)
    share_home(people, members, homes.owners)
    family = chance.flip(0.5, len(homes.sizes))[homes.of]
    share_slots(people, members[family], homes.owners[family], "card", "payer", "issuer")


def form_several(chance: Chance, draft: Draft, members: Ints) -> None:
    """One person with two to six accounts: home, devices, name, hours, mostly the card."""
    people = draft.people
    persons = cut(chance, draft, members, 2, 6)
    share_home(people, members, persons.owners)
    share_slots(people, members, persons.owners, "device", "device2", "payer", "word", "rhythm")
    share_slots(people, members, persons.owners, "late_min")
    same = chance.flip(0.7, len(members))
    share_slots(people, members[same], persons.owners[same], "card", "issuer")


def form_offices(chance: Chance, draft: Draft, members: Ints) -> None:
    """Colleagues with cards and homes of their own, an address or two and one mail domain."""
    offices = cut(chance, draft, members, 50, 300)
    sizes = np.where(offices.sizes < 100, 1, 2)
    _work_at(chance, draft, offices, sizes)
    people = draft.people
    people["domain"][members] = len(MAIL_DOMAINS) + offices.owners


def form_campuses(chance: Chance, draft: Draft, members: Ints) -> None:
    """Students and staff behind a few addresses, one mail domain, at all hours."""
    campuses = cut(chance, draft, members, 300, 3000)
    _work_at(chance, draft, campuses, 1 + campuses.sizes // 500)
    draft.people["rhythm"][members] = 0
    draft.people["domain"][members] = len(MAIL_DOMAINS) + campuses.owners


def form_classes(chance: Chance, draft: Draft, members: Ints) -> None:
    """A class with a deadline: one address by day, one exercise in its own words, one busy week."""
    people, world = draft.people, draft.world
    classes = cut(chance, draft, members, 15, 200)
    _work_at(chance, draft, classes, np.ones(len(classes.sizes), np.int64))
    share_slots(people, members, classes.owners, "domain", "model")
    deadline = chance.below(world.days, len(classes.sizes))[classes.of]
    people["peak_day"][members] = (deadline - 2).clip(0)
    people["peak_d"][members], people["peak_x"][members] = 3, 6
    people["rate"][members] = people["rate"][members].clip(1_000, 6_000)
    # One exercise: the same few items, which each puts in words of its own.
    rows, tasks = draft.add_texts(len(classes.sizes), ITEMS, items=5)
    rows["first"] = chance.below(1 << 20, len(rows))
    add_text(people, members, tasks[classes.of], chance.uniform(0.1, 0.5, len(members)))


def form_hackathons(chance: Chance, draft: Draft, members: Ints) -> None:
    """A cohort of new accounts at one place, active on one weekend only."""
    people, world = draft.people, draft.world
    cohorts = cut(chance, draft, members, 20, 300)
    _work_at(chance, draft, cohorts, np.ones(len(cohorts.sizes), np.int64))
    day = chance.below(max(world.days - 1, 1), len(cohorts.sizes))[cohorts.of]
    people["peak_day"][members] = day
    people["peak_d"][members], people["peak_x"][members] = 2, 0
    people["rate"][members] = people["rate"][members].clip(5_000)
    people["active"][members] = 255
    people["banned"][members] = NEVER
    opened_d = day - 2 * chance.unit(len(members))
    people["created"][members] = start_us(world) + np.floor(opened_d * DAY_US).astype(np.int64)
    share_slots(people, members, cohorts.owners, "country", "ahead_h")


def _work_at(chance: Chance, draft: Draft, groups: Cut, n_addresses: Ints) -> None:
    """Send a group out through addresses of its own in working hours, in one time zone."""
    people, members = draft.people, groups.members
    routes = draft.add_blocks(chance, n_addresses, hold_h=24)
    share = chance.uniform(0.6, 0.98, len(members))
    add_egress(people, members, routes[groups.of], share, seat=members, when=WORK)
    share_slots(people, members, groups.owners, "country", "ahead_h")
    people["rhythm"][members] = OFFICE
