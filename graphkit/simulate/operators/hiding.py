"""Tactics by when members work and how traces are hidden: turns, jitter, rotation, camouflage."""

from graphkit.simulate.draft import Draft, Ring
from graphkit.simulate.slots import TOGETHER, TURNS


def take_turns(draft: Draft, ring: Ring) -> None:
    """Balance load round robin: one queue, of which each member in turn takes some minutes."""
    job = draft.add_jobs(1, TURNS, seats=len(ring.members), step_min=7, jitter_min=3)
    draft.people["job"][ring.members] = job[0]
    draft.people["ahead_h"][ring.members] = draft.people["ahead_h"][ring.members[0]]


def work_together(draft: Draft, ring: Ring) -> None:
    """Run all members at the same hours, with a little jitter."""
    people = draft.people
    people["job"][ring.members] = draft.add_jobs(1, TOGETHER, jitter_min=20)[0]
    people["ahead_h"][ring.members] = people["ahead_h"][ring.members[0]]
    people["rhythm"][ring.members] = people["rhythm"][ring.members[0]]
