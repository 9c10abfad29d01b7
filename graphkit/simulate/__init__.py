"""A simulated provider with planted rings, for demonstrations, tests and measurements."""

from graphkit.simulate.snapshots import simulate
from graphkit.simulate.world import World

__all__ = ["World", "simulate"]
