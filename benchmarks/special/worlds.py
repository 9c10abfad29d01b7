"""The special worlds, by family."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphkit.simulate import World, world_of
from graphkit.simulate.groups import FASHIONS, PLACES
from graphkit.simulate.operators import ALONE, HIDING, SHARING
from graphkit.simulate.world import TacticName

# Seeds from here on are for the reported page only, and no other table's.
FIRST_SEED = 2_000
SMALL_SEED = 60
NO_RING, ONE_KIND, FRAMED, CAMOUFLAGE, CROWD, TACTIC = FAMILIES = (
    "no ring",
    "one kind",
    "framed",
    "camouflage",
    "crowd",
    "tactic",
)
KINDS = (*PLACES, *FASHIONS)
CHANNELS = ("nobody", "address", "prompt", "both")
PERCENT = (0, 50, 100, 200, 400)
TIMES = (0, 1, 10)
STRENGTHS = (0.9, 0.6, 0.4, 0.2)
EVASIONS: tuple[TacticName, ...] = (*ALONE, *SHARING, *HIDING)
# What is hidden where a tactic only hides: a ring that shares openly.
OPEN: TacticName = "naive"
_SHOWN = 0.75  # of an uncamouflaged member's records, those that show what its ring shares


@dataclass(frozen=True)
class Case:
    """A world, named by what is special about it.

    Attributes:
        family: one of FAMILIES.
        name: what is varied, such as a tactic or a kind of group.
        value: how much of it, where that is varied too.
        world: the world.
    """

    family: str
    name: str
    value: float
    world: World

    @property
    def quiet(self) -> World:
        """The same world without the strangers."""
        return self.world.model_copy(update={"crowd": World().crowd})


def all_cases(*, small: bool = False) -> list[Case]:
    """Every special world, seed by seed, or the small form of it."""
    if small:
        return list(_small())
    cases: list[Case] = []
    for seed in (FIRST_SEED, FIRST_SEED + 1):
        cases += [no_ring(level, 3_000, seed) for level in range(5)]
        cases += [one_kind(kind, 3_000, seed) for kind in ("lone", *KINDS)]
        cases += [framed(channel, 10_000, seed) for channel in CHANNELS]
        cases += _camouflages(3_000, seed, PERCENT)
        cases += [crowd(times, 3_000, seed) for times in TIMES]
        cases += [tactic(name, at, 1_500, seed) for name in EVASIONS for at in STRENGTHS]
    return cases


def _small() -> Iterator[Case]:
    """A world or two of each family, which a developer may look at as often as he likes."""
    seed = SMALL_SEED
    yield from (no_ring(level, 1_500, seed) for level in (0, 2))
    yield from (one_kind(kind, 1_500, seed) for kind in ("office", "fleet", "template"))
    yield from (framed(channel, 2_000, seed) for channel in CHANNELS)
    yield from (camouflage("popular", OPEN, percent, 1_500, seed) for percent in (0, 400))
    yield from (crowd(times, 1_500, seed) for times in (0, 1))
    names: tuple[TacticName, ...] = ("only_card", "only_wrapper", "rotation", "paraphrase")
    yield from (tactic(name, at, 1_500, seed) for name in names for at in (0.9, 0.4))


def no_ring(level: int, accounts: int, seed: int) -> Case:
    """Nobody is guilty; honest people are those of a level."""
    changes = {"accounts": accounts, "rings.share": 0.0}
    return Case(NO_RING, f"level {level}", level, _world(level, seed, changes))


def one_kind(kind: str, accounts: int, seed: int) -> Case:
    """No ring, and of all honest groups one kind only, which three accounts in ten belong to."""
    shares = {f"honest.{name}_share": 0.3 * (name == kind) for name in KINDS}
    changes = {"accounts": accounts, "rings.share": 0.0, **shares}
    return Case(ONE_KIND, kind, 0, _world(1, seed, changes))


def framed(channel: str, accounts: int, seed: int) -> Case:
    """Rings that share openly each frame more innocents than they have members.

    Every member copies from one innocent or two of its own: leaves through their homes, sends
    what they wrote, or both. By prompts alone more are tried, since not all wrote something. A
    third of the accounts work or try as developers do, since whoever is framed is one of these.
    """
    lead = {OPEN: 1.0} if channel == CHANNELS[0] else _hidden(OPEN, "framing")
    changes = {
        "accounts": accounts,
        "rings.share": 0.1,
        "rings.framed": 2.0 if channel == "prompt" else 1.2,
        "rings.framing": "both" if channel == CHANNELS[0] else channel,
        "honest.developer_share": 0.25,
        "honest.bout_share": 0.2,
        "honest.pipeline_share": 0.9,
        "rings.tactics": lead,
        "rings.tactics_min": len(lead),
        "rings.tactics_max": len(lead),
    }
    return Case(FRAMED, channel, 0, _world(1, seed, changes))


def camouflage(how: TacticName, lead: TacticName, percent: int, accounts: int, seed: int) -> Case:
    """Rings send, for each record of their own, so many per cent more to strangers' things.

    As in FRAUDAR's experiments the ring's own records stay as many as they were, so that members
    send more. `Rings.strength` is the share of all records that shows what the ring shares, and
    `Rings.camouflage` a share of the others: of 1 + 0.75 x records for each one before, 0.75 are
    the ring's own, 0.75 x camouflage and 0.25 a member's own as before.
    """
    times = percent / 100
    grown = 1 + _SHOWN * times
    changes = {
        "accounts": accounts,
        "rings.requests": World().rings.requests * grown,
        "rings.strength": _SHOWN / grown,
        "rings.camouflage": _SHOWN * times / (grown - _SHOWN),
        "rings.tactics": _hidden(lead, how),
        "rings.tactics_min": 2,
        "rings.tactics_max": 2,
    }
    return Case(CAMOUFLAGE, f"{lead}, {how}", percent, _world(1, seed, changes))


def _camouflages(accounts: int, seed: int, percents: tuple[int, ...]) -> Iterator[Case]:
    """By both ways of choosing strangers' things, of rings with and without cards in common."""
    leads: tuple[TacticName, ...] = (OPEN, "reseller")
    ways: tuple[TacticName, ...] = ("random", "popular")
    for lead in leads:
        for how in ways:
            yield from (camouflage(how, lead, percent, accounts, seed) for percent in percents)


def crowd(times: int, accounts: int, seed: int) -> Case:
    """So many times as many strangers come, whom nothing links to anybody."""
    changes = {"accounts": accounts, "crowd.accounts": times * accounts}
    return Case(CROWD, "strangers", times, _world(1, seed, changes))


def tactic(name: TacticName, strength: float, accounts: int, seed: int) -> Case:
    """Rings of up to 40 that all have one tactic, of which so much shows.

    A tactic that only hides something hides a ring that shares openly.
    """
    tactics = _hidden(OPEN, name) if name in HIDING else {name: 1.0}
    changes = {
        "accounts": accounts,
        "rings.share": 0.15,
        "rings.size_max": 40,
        "rings.matched": 1.0,
        "rings.strength": strength,
        "rings.tactics": tactics,
        "rings.tactics_min": len(tactics),
        "rings.tactics_max": len(tactics),
    }
    return Case(TACTIC, name, strength, _world(1, seed, changes))


def _hidden(lead: TacticName, how: TacticName) -> dict[str, float]:
    """Weights by which each ring starts with one tactic and has the other one beside it."""
    return {lead: 1e-6, how: 1.0}


def _world(level: int, seed: int, changes: Mapping[str, Any]) -> World:
    """A week of a level but for what is special."""
    return world_of("small", level=level, seed=seed, changes=changes)
