"""Groups that one organisation runs: businesses, agencies, integrators, fleets of machines."""

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft
from graphkit.simulate.groups.cutting import Cut, cut
from graphkit.simulate.people import start_us
from graphkit.simulate.sessions import N_SITTINGS, OFFICE, SHIFT
from graphkit.simulate.slots import DAY_US, OWN, TOGETHER, add_egress, add_text, share_slots, stay
from graphkit.simulate.text.wrappers import write_wrappers
from graphkit.simulate.words import MAIL_DOMAINS


def form_businesses(chance: Chance, draft: Draft, members: Ints) -> None:
    """Three to forty colleagues: one organisation, card and mail domain, one office line."""
    businesses = cut(chance, draft, members, 3, 40)
    _pay_together(draft, businesses)
    _go_out_by(chance, draft, businesses, np.ones(len(businesses.sizes), np.int64), hosted=False)
    draft.people["rhythm"][members] = OFFICE


def form_agencies(chance: Chance, draft: Draft, members: Ints) -> None:
    """Ten to sixty accounts, one for each customer: customers' cards, the agency's line."""
    agencies = cut(chance, draft, members, 10, 60)
    _go_out_by(chance, draft, agencies, np.full(len(agencies.sizes), 2), hosted=False)
    share_slots(draft.people, members, agencies.owners, "device", "country", "ahead_h")
    draft.people["rhythm"][members] = OFFICE


def form_integrators(chance: Chance, draft: Draft, members: Ints) -> None:
    """An organisation's 20 to 200 keys: one card, egress, client and template."""
    integrators = cut(chance, draft, members, 20, 200)
    _run_always(draft, members)
    _pay_together(draft, integrators)
    _go_out_by(chance, draft, integrators, 2 + integrators.sizes // 40, hosted=True)
    share_slots(draft.people, members, integrators.owners, "device", "device2", "model")
    _wrap_each(chance, draft, integrators)


def form_fleets(chance: Chance, draft: Draft, members: Ints) -> None:
    """Ten to three hundred machine accounts that work by one clock, at all hours."""
    fleets = cut(chance, draft, members, 10, 300)
    _run_always(draft, members)
    _pay_together(draft, fleets)
    _go_out_by(chance, draft, fleets, 1 + fleets.sizes // 20, hosted=True)
    share_slots(draft.people, members, fleets.owners, "device", "device2", "model", "created")
    _wrap_each(chance, draft, fleets)
    jobs = draft.add_jobs(len(fleets.sizes), TOGETHER, jitter_min=5)
    draft.people["job"][members] = jobs[fleets.of]
    draft.people["rhythm"][members], draft.people["sittings"][members] = SHIFT, N_SITTINGS


def _run_always(draft: Draft, members: Ints) -> None:
    """Let programs be there from before the first day to the last."""
    people = draft.people
    stay(people, members)
    people["created"][members] = np.minimum(
        people["created"][members], start_us(draft.world) - DAY_US
    )


def _pay_together(draft: Draft, groups: Cut) -> None:
    """Give each group one organisation, card, name and mail domain."""
    people, members, owners = draft.people, groups.members, groups.owners
    people["org"][members] = owners
    people["domain"][members] = len(MAIL_DOMAINS) + owners
    people["card2_share"][members] = 0
    share_slots(people, members, owners, "card", "payer", "issuer", "country", "ahead_h")


def _go_out_by(
    chance: Chance, draft: Draft, groups: Cut, n_addresses: Ints, *, hosted: bool
) -> None:
    """Send most of each group's traffic through addresses of its own."""
    routes = draft.add_blocks(chance, n_addresses, hosted=hosted, hold_h=24)
    share = chance.uniform(0.6, 0.98, len(groups.members))
    add_egress(draft.people, groups.members, routes[groups.of], share, seat=groups.members)


def _wrap_each(chance: Chance, draft: Draft, groups: Cut) -> None:
    """Give each group a template that most of its requests bear."""
    rows, sources = draft.add_texts(len(groups.sizes), OWN)
    write_wrappers(chance, rows)
    share = chance.uniform(0.5, 0.98, len(groups.members))
    add_text(draft.people, groups.members, sources[groups.of], share)
