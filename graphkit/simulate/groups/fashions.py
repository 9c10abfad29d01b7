"""What strangers have in common: a harness, a viral prompt, templates, a benchmark, pipelines."""

import numpy as np

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.draft import Draft
from graphkit.simulate.people import start_us
from graphkit.simulate.slots import DAY_US, ITEMS, OWN, add_text
from graphkit.simulate.spelling import harness
from graphkit.simulate.text.wrappers import HARNESS, MOST_WORDINGS, PHRASES, write_wrappers

N_TEMPLATES = 24


def run_harness(chance: Chance, draft: Draft, members: Ints) -> None:
    """Strangers whose requests a coding harness wraps in its long instruction."""
    source = draft.add_wrapper(OWN, HARNESS)
    add_text(draft.people, members, source, chance.uniform(0.5, 0.95, len(members)))
    device = draft.add_device(*harness(draft.world.seed))
    draft.people["device"][members] = draft.people["device2"][members] = device


def send_viral(chance: Chance, draft: Draft, members: Ints) -> None:
    """Strangers who try the prompt that everybody talks about, mostly towards the end."""
    world, people = draft.world, draft.people
    late = np.maximum(chance.unit(len(members)), chance.unit(len(members)))
    people["once_day"][members] = np.floor(world.days * late).astype(np.int64)
    people["once_text"][members] = draft.add_phrase(PHRASES[0])
    people["created"][members] = np.minimum(people["created"][members], start_us(world) - DAY_US)


def use_templates(chance: Chance, draft: Draft, members: Ints) -> None:
    """Strangers who put their requests into templates that the web passes around."""
    rows, sources = draft.add_texts(N_TEMPLATES, OWN)
    write_wrappers(chance, rows)
    # A few templates have most of the users.
    which = np.floor(N_TEMPLATES * chance.unit(len(members)) * chance.unit(len(members)))
    share = chance.uniform(0.05, 0.7, len(members))
    add_text(draft.people, members, sources[which.astype(np.int64)], share)


def run_benchmark(chance: Chance, draft: Draft, members: Ints) -> None:
    """Strangers who run the same public benchmark: its items as they are, in no order."""
    _, source = draft.add_texts(1, ITEMS, items=400)
    add_text(draft.people, members, source[0], chance.uniform(0.2, 0.9, len(members)))


def run_pipelines(chance: Chance, draft: Draft, free: Ints) -> None:
    """Give honest programs a wrapper of their own, and some a client that is seldom seen."""
    without = free[draft.people["text"]["share"][free, 0] == 0]
    often = draft.world.honest.pipeline_share
    share = np.where(np.isin(without, draft.developers), often, often / 5)
    owners = without[chance.flip(share, len(without))]
    rows, sources = draft.add_texts(len(owners), OWN, items=1 << 20, fresh=0.5)
    rows["payload"] = np.where(chance.flip(0.9, len(owners)), ITEMS, OWN)
    half = len(owners) // 2
    write_wrappers(chance, rows[:half])
    write_wrappers(chance, rows[half:], wordings=MOST_WORDINGS // 2, slots=True)
    add_text(draft.people, owners, sources, chance.uniform(0.15, 1, len(owners)))
    clients = owners[chance.flip(0.3, len(owners))]
    draft.people["device"][clients] = draft.people["device2"][clients] = draft.rare_devices(
        chance, len(clients)
    )


def ban_some(chance: Chance, draft: Draft, free: Ints) -> None:
    """Ban a few honest accounts, for reasons that have nothing to do with rings."""
    world, people = draft.world, draft.people
    banned = free[chance.flip(world.honest.banned_share, len(free))]
    when = start_us(world) + np.floor(chance.unit(len(banned)) * (world.days * DAY_US))
    people["banned"][banned] = np.maximum(when.astype(np.int64), people["created"][banned])
