"""Worlds by name: sizes as presets, difficulty as one number, and worlds whose knobs are drawn.

| level | what a ring does | what honest people do |
|---|---|---|
| 0 | shares everything openly, signs up within a week, works at one pace | little in common |
| 1 | shares two things or so openly; half of its members look like developers | hubs: carriers, offices, a harness, a viral prompt |
| 2 | looks like developers in every single fact; all tactics, up to four at a time | the same, and more of it |
| 3 | shows what it shares in few requests and few hands; many members are replaced | as many wrappers and machines as rings have |
| 4 | the same at its weakest, everybody replaced in time; hijacks, bridges, junk and heirs most often | the same |

Traces are hidden, not missing: whoever is told what each ring owns finds most of its accounts at
every level. Rings by hours, a dealt set or strangers' homes alone own nothing that could be told.

A level sets the knobs of `LEVELS`; a preset those of `PRESETS`. Every knob is a setting of `World`
and may be set by itself.
"""  # noqa: E501 - a table's rows cannot be broken

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from graphkit.errors import UsageError
from graphkit.simulate.chance import Chance
from graphkit.simulate.operators import ALONE, TACTICS
from graphkit.simulate.world import World

Preset = Literal["tiny", "small", "medium", "large", "full"]
# Accounts, days, and knobs that go with size. The full one is the reported case: 25,000 attackers,
# 20,000 of them in one pool, who send 28.8 million requests in 45 days.
PRESETS: Mapping[Preset, dict[str, Any]] = {
    "tiny": {"accounts": 600, "days": 3, "rings.size_max": 40},
    "small": {"accounts": 3_000, "days": 7},
    "medium": {"accounts": 50_000, "days": 14, "rings.size_max": 1_000},
    "large": {"accounts": 200_000, "days": 30, "rings.size_max": 5_000, "rings.share": 0.04},
    "full": {
        "accounts": 1_000_000,
        "days": 45,
        "rings.share": 0.025,
        "rings.size_max": 2_500,
        "rings.pool": 20_000,
        # While they are there; 25.6 over all days, since some are banned and some come later.
        "rings.requests": 33.0,
        "honest.requests": 1.2,
        "honest.developer_share": 0.025,
    },
}
_OPEN = {"naive": 1.0}
_SOME = {"naive": 3.0, "mixed": 3.0, "only_address": 1.0, "only_card": 1.0, "only_wrapper": 1.0}
_MOST = {name: 0.4 if name in ALONE else 1.0 for name in TACTICS if name != "naive"}
_MOST |= {"mixed": 2.0}
# What each level from 0 to 4 sets a knob to.
LEVELS: Mapping[str, tuple[Any, ...]] = {
    "rings.tactics": (_OPEN, _SOME, _MOST, _MOST, _MOST),
    "rings.tactics_min": (1, 1, 2, 2, 2),
    "rings.tactics_max": (1, 2, 4, 4, 4),
    "rings.strength": (0.9, 0.75, 0.6, 0.4, 0.25),
    "rings.holders": (20, 10, 8, 5, 3),
    "rings.matched": (0.0, 0.5, 1.0, 1.0, 1.0),
    "rings.replaced": (0.0, 0.15, 0.3, 0.6, 1.0),
    "rings.camouflage": (0.0, 0.1, 0.3, 0.4, 0.5),
    "rings.hijacked": (0.0, 0.0, 0.02, 0.05, 0.05),
    "rings.junk": (0.0, 0.0, 0.05, 0.1, 0.1),
    "rings.bridged": (0.0, 0.0, 0.1, 0.2, 0.3),
    "rings.succeeded": (0.0, 0.1, 0.1, 0.2, 0.3),
    # As many honest people come, go and are banned as rings have members replaced.
    "honest.bout_share": (0.3, 0.4, 0.6, 0.7, 0.8),
    "honest.trial_share": (0.1, 0.1, 0.2, 0.3, 0.4),
    "honest.banned_share": (0.01, 0.01, 0.05, 0.15, 0.2),
    "honest.stopped_share": (0.2, 0.3, 0.5, 0.8, 0.9),
    "honest.pipeline_share": (0.3, 0.5, 0.9, 0.9, 0.9),
}
# From where to where a knob of a random world is drawn, evenly.
RANGES: Mapping[str, tuple[float, float]] = {
    "rings.share": (0.02, 0.12),
    "rings.strength": (0.2, 0.95),
    "rings.holders": (3, 20),
    "rings.matched": (0.5, 1.0),
    "rings.replaced": (0.0, 1.0),
    "rings.camouflage": (0.0, 0.5),
    "rings.hijacked": (0.0, 0.1),
    "rings.junk": (0.0, 0.15),
    "rings.bridged": (0.0, 0.3),
    "rings.succeeded": (0.0, 0.4),
    "rings.tactics_max": (1, 5),
    "honest.requests": (3.0, 6.0),
    "honest.developer_share": (0.03, 0.12),
    "honest.bout_share": (0.1, 0.7),
    "honest.trial_share": (0.02, 0.4),
    "honest.stopped_share": (0.1, 0.8),
    "honest.household_share": (0.02, 0.2),
    "honest.several_share": (0.0, 0.05),
    "honest.office_share": (0.0, 0.08),
    "honest.campus_share": (0.0, 0.08),
    "honest.business_share": (0.0, 0.05),
    "honest.agency_share": (0.0, 0.03),
    "honest.integrator_share": (0.0, 0.04),
    "honest.fleet_share": (0.0, 0.04),
    "honest.classroom_share": (0.0, 0.03),
    "honest.hackathon_share": (0.0, 0.02),
    "honest.harness_share": (0.01, 0.1),
    "honest.viral_share": (0.01, 0.1),
    "honest.template_share": (0.01, 0.1),
    "honest.benchmark_share": (0.0, 0.02),
    "honest.pipeline_share": (0.2, 0.9),
    "honest.launch_share": (0.05, 0.6),
    "network.mobile_share": (0.05, 0.3),
    "network.vpn_share": (0.01, 0.12),
    "network.proxied_share": (0.0, 0.04),
    "network.cloud_share": (0.02, 0.15),
    "network.developer_cloud_share": (0.2, 0.8),
    "network.v6_share": (0.1, 0.6),
    "network.spare": (1.2, 8.0),
}


def world_of(
    preset: Preset = "small",
    *,
    level: int = 1,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
) -> World:
    """Make the settings of a world.

    Args:
        preset: its size.
        level: how hard it is, from 0 to 4.
        seed: seed of everything random.
        changes: settings in the place of the preset's and the level's; `rings.share` is that of
            `World.rings`.

    Raises:
        UsageError: a setting does not fit.
    """
    if not 0 <= level <= 4:
        raise UsageError(
            f"level {level} is not known", found=str(level), allowed="0 to 4", do="choose one"
        )
    knobs = {name: values[level] for name, values in LEVELS.items()}
    return _settle(PRESETS[preset] | knobs | {"level": level, "seed": seed} | dict(changes or {}))


def random_world(
    preset: Preset = "small", *, seed: int = 0, changes: Mapping[str, Any] | None = None
) -> World:
    """Make the settings of a world whose knobs are drawn from `RANGES`, for fitting.

    Args:
        preset: its size.
        seed: seed of everything random, of the knobs as well.
        changes: settings in the place of what is drawn.

    Raises:
        UsageError: a setting does not fit.
    """
    chance = Chance(seed, 40)
    drawn: dict[str, Any] = {}
    for name, (low, high) in RANGES.items():
        if isinstance(low, int) and isinstance(high, int):
            drawn[name] = int(chance.between(low, high, 1)[0])
        else:
            drawn[name] = round(float(chance.uniform(low, high, 1)[0]), 3)
    names, n = list(TACTICS), len(TACTICS)
    weights = zip(names, chance.uniform(0.1, 1, n), chance.flip(0.7, n), strict=True)
    drawn["rings.tactics"] = {
        name: round(float(weight), 3) for name, weight, used in weights if used
    } or {names[0]: 1.0}
    return _settle(PRESETS[preset] | drawn | {"seed": seed} | dict(changes or {}))


def _settle(knobs: Mapping[str, Any]) -> World:
    """Check settings, of which those of a part are named with a dot.

    Raises:
        UsageError: a setting does not fit.
    """
    nested: dict[str, Any] = {}
    for name, value in knobs.items():
        part, _, knob = name.rpartition(".")
        (nested.setdefault(part, {}) if part else nested)[knob] = value
    try:
        return World.model_validate(nested)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"this world cannot be simulated: {'.'.join(map(str, first['loc'])) or 'settings'}",
            found=repr(first.get("input"))[:80],
            allowed=first["msg"],
            do="correct the value",
        ) from None
