"""The whole population of a world, made once from its seed."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance
from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.groups import KINDS, form_groups
from graphkit.simulate.network import Network, homes_of, lay_out
from graphkit.simulate.operators import plant_rings
from graphkit.simulate.people import go_out, n_lines_of, open_commons, ordinary, set_pace, start_us
from graphkit.simulate.slots import DAY_US, stay
from graphkit.simulate.spelling import devices, n_rare_devices, new_words
from graphkit.simulate.text.corpus import Bank, slotted
from graphkit.simulate.text.wrappers import PHRASES
from graphkit.simulate.world import World

PART = 50_000  # accounts whose day is made in one go


@dataclass(frozen=True)
class Population:
    """Accounts and all that their slots point at; every day is made from this alone.

    Attributes:
        world: the settings.
        people: ACCOUNT, shape (n,); the crowd comes last.
        network: providers, ways out, shared addresses.
        texts: TEXT.
        jobs: JOB.
        pieces: pieces of wrappers and whole phrases.
        agents: user agent of each device.
        tls: TLS fingerprint of each device.
        words: invented words.
        rings: what was planted, and what each owns.
    """

    world: World
    people: NDArray[np.void]
    network: Network
    texts: NDArray[np.void]
    jobs: NDArray[np.void]
    pieces: Bank
    agents: pa.Array
    tls: pa.Array
    words: pa.Array
    rings: tuple[Ring, ...]

    @property
    def parts(self) -> list[slice]:
        """The accounts in runs whose days are made apart; no run holds crowd and others."""
        n, world = len(self.people), self.world
        return [
            slice(first, min(first + PART, end))
            for begin, end in ((0, world.accounts), (world.accounts, n))
            for first in range(begin, end, PART)
        ]


def populate(world: World) -> Population:
    """Make the accounts of a world."""
    n = world.accounts
    lines = n_lines_of(n)
    draft = _begin(world, Chance(world.seed, 0), n, lines, first=0, skip=0)
    draft.commons = open_commons(Chance(world.seed, 4), draft)
    # Places are dealt out at random, so that where an account stands says nothing.
    places = Chance(world.seed, 5).permutation(n)
    n_members = round(world.rings.share * n)
    members, free = places[:n_members], places[n_members:]
    draft.developers = set_pace(Chance(world.seed, 6), world, draft.people, members)
    lone = form_groups(draft, free)
    go_out(Chance(world.seed, 7), draft, np.concatenate([lone, members]))
    homes = homes_of(draft.people, draft.routes.table())
    plant_rings(draft, members, free)
    return _finish(draft, homes)


def _begin(world: World, chance: Chance, n: int, lines: int, *, first: int, skip: int) -> Draft:
    """Lay out providers and make lone accounts in their homes."""
    hosts = 4 + lines // 50
    people = ordinary(chance, world, n, lines, first)
    homes = np.bincount(people["egress"][:, 0]["route"], minlength=lines)
    network = world.network
    providers = lay_out(
        chance,
        np.concatenate([homes, np.zeros(hosts, np.int64)]),
        seed=world.seed,
        skip=skip,
        spare=network.spare,
        lease_d=(network.lease_min_d, network.lease_max_d),
    )
    draft = Draft(world, people, providers, n_lines=lines, n_hosts=hosts)
    draft.add_homes()
    return draft


def _finish(draft: Draft, homes: NDArray[np.int32]) -> Population:
    """Freeze what was drawn, with the crowd."""
    world = draft.world
    gather_crowd(draft)
    agents, tls = devices(world.seed, n_rare_devices(world.accounts), draft.devices)
    return Population(
        world=world,
        people=draft.people,
        network=Network(
            draft.providers,
            draft.routes.table(),
            np.concatenate([np.zeros(0, np.uint32), *draft.addresses]),
            homes,
        ),
        texts=draft.texts.table(),
        jobs=draft.jobs.table(),
        pieces=slotted(draft.pieces),
        agents=agents,
        tls=tls,
        words=new_words(world.seed),
        rings=tuple(draft.rings),
    )


def gather_crowd(draft: Draft) -> None:
    """Append the crowd, in place: lone accounts, of whom some share one address or one prompt."""
    world, n = draft.world, draft.world.crowd.size
    if not n:
        return
    chance, lines = Chance(world.seed, 1), n_lines_of(n)
    skip = len(draft.providers.v4)
    crowd = _begin(world, chance, n, lines, first=world.accounts, skip=skip)
    people = crowd.people
    set_pace(chance, world, people, np.zeros(0, np.int64))
    people["kind"] = KINDS.index("crowd")
    people["created"] = np.minimum(people["created"], start_us(world) - DAY_US)
    stay(people, np.arange(n))
    people["once_day"] = np.arange(n) % world.days
    route = crowd.add_blocks(chance, np.ones(1, np.int64))
    who = chance.permutation(n)
    people["once_route"][who[: world.crowd.address]] = route[0]
    people["once_text"][who[: world.crowd.prompt]] = draft.add_phrase(PHRASES[1])
    draft.append(crowd)
