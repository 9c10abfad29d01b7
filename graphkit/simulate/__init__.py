"""Simulated providers with planted rings, for demonstrations, fitting, tests and measurements.

How it fits together, from the bottom:

- `chance`: whole numbers from a key, the same on every machine. `words`, `spelling`: what things
  are called.
- `world`: every knob, frozen; `levels`: presets, difficulty as one number, drawn worlds.
- `slots`: what an account is (ACCOUNT) and what its slots point at (ROUTE, TEXT, JOB).
- `network`: providers, and the address of a request; `sessions`: who asks when; `text/`: the
  corpus, wrappers, and the prompt of a request.
- `draft`: a population in the making. `people`: accounts before anything is written to them.
- `groups/`: honest groups; `operators/`: rings and tactics. Each is a small function that writes
  slots.
- `population`: all of it made once from the seed. `day`: one part of one day, from slots alone.
- `truth`: who is who, and what each ring owns; `snapshots`: the folder; `check`: its page.

A day reads only slots, so rings and honest groups go through one generator: whatever should be
possible for one must be a slot, and then it is possible for the other.
"""

from graphkit.simulate.check import check_world
from graphkit.simulate.levels import random_world, world_of
from graphkit.simulate.snapshots import simulate
from graphkit.simulate.world import Crowd, Honest, Network, Rings, World

__all__ = [
    "Crowd",
    "Honest",
    "Network",
    "Rings",
    "World",
    "check_world",
    "random_world",
    "simulate",
    "world_of",
]
