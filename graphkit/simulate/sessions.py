"""Who asks when: counts of requests, sittings by local time, and the moments within them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import NORMAL, Chance, Floats, Ints, scatter
from graphkit.simulate.slots import (
    ANY,
    AWAY,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    N_EGRESS,
    TOGETHER,
    TURNS,
    WORK,
)

N_SITTINGS = 6
_SITTING_MIN = 25  # mean minutes from a sitting's begin to a request of it
_TABLE = 4096
ORDINARY, OFFICE, SHIFT = 0, 1, 2
# How likely each local hour is: people at home and about, people at work, machines.
_HOURS = np.array(
    [
        [2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 9, 9, 9, 9, 8, 7, 8, 9, 8, 6, 4],
        [0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 12, 11, 8, 11, 12, 12, 10, 6, 2, 1, 1, 1, 0, 0],
        [4, 4, 4, 3, 3, 3, 4, 5, 7, 8, 8, 8, 7, 8, 8, 8, 8, 8, 7, 7, 7, 6, 5, 5],
    ],
    np.int64,
)


def _minutes(weights: Ints) -> Ints:
    """Quantiles of the minute of the day, from weights of its hours; shape (4096,)."""
    edges = np.concatenate([[0], np.cumsum(weights)])
    at = (np.arange(_TABLE) + 0.5) * edges[-1] / _TABLE
    hour = np.searchsorted(edges, at, side="right") - 1
    minutes: Floats = np.floor(60 * (hour + (at - edges[hour]) / weights[hour]))
    return minutes.astype(np.int64)


RHYTHMS: Ints = np.array([_minutes(weights) for weights in _HOURS])


@dataclass(frozen=True)
class Moments:
    """The requests of a day, in order of time.

    Attributes:
        rows: the sender, as a place among the accounts that were handed in.
        ts: microseconds since 1970.
        nth: which of the sender's requests of the day it is, from 0, in no order of time.
        slot: the sender's way out, a slot of `egress`.
        second: whether it is written on the second device.
        six: whether a home speaks IPv6.
    """

    rows: Ints
    ts: Ints
    nth: Ints
    slot: Ints
    second: NDArray[np.bool_]
    six: NDArray[np.bool_]


def moments(
    chance: Chance, people: NDArray[np.void], jobs: NDArray[np.void], *, start: int, day: int
) -> Moments:
    """Draw the requests of a day.

    Args:
        chance: the source of chance of this day and part.
        people: ACCOUNT.
        jobs: JOB.
        start: first microsecond of the day, since 1970.
        day: its number, 0 for the world's first.
    """
    counts = _counts(chance, people, start, day)
    there = np.flatnonzero(counts)
    counts, people = counts[there], people[there]
    n = len(people)
    begun_min = _sittings(chance, people, jobs, day)
    egress = _ways_out(chance, people, begun_min, start)
    second = chance.unit(n * N_SITTINGS) * 255 < np.repeat(people["device2_share"], N_SITTINGS)
    six = chance.unit(n * N_SITTINGS) * 255 < np.repeat(people["v6"], N_SITTINGS)

    rows = np.repeat(np.arange(n), counts)
    m = len(rows)
    nth = np.arange(m) - np.repeat(np.cumsum(counts) - counts, counts)
    sitting = rows * N_SITTINGS + chance.below(people["sittings"][rows].astype(np.int64), m)
    local_us = begun_min.ravel()[sitting] * MINUTE_US + np.floor(
        chance.exponential(m) * (_spans_min(people, jobs)[rows] * MINUTE_US)
    ).astype(np.int64)
    local_us += chance.below(MINUTE_US // 16, m)
    ts = start + (local_us - people["ahead_h"][rows].astype(np.int64) * HOUR_US) % DAY_US
    kept = (ts >= people["created"][rows]) & (ts < people["banned"][rows])
    order = np.flatnonzero(kept)
    order = order[np.argsort(ts[order], kind="stable")]
    sitting = sitting[order]
    return Moments(
        rows=there[rows[order]],
        ts=ts[order],
        nth=nth[order],
        slot=egress.ravel()[sitting],
        second=second[sitting],
        six=six[sitting],
    )


def _counts(chance: Chance, people: NDArray[np.void], start: int, day: int) -> Ints:
    """How many requests each account sends on the day."""
    n = len(people)
    wants = people["rate"] / 1000.0
    if (start // DAY_US + 3) % 7 >= 5:  # 1970 began on a Thursday
        wants = wants * people["weekend"] / 255
    peak = (people["peak_day"] >= 0) & (
        (day >= people["peak_day"]) & (day < people["peak_day"] + people["peak_d"])
    )
    wants = np.where(peak, wants * people["peak_x"].clip(1), wants)
    wants = np.where((people["peak_x"] == 0) & ~peak, 0.0, wants)
    # Lognormal days of mean 1, rounded up or down by chance so that the mean stays.
    wants = wants * chance.lognormal(0.6, n) * 0.835
    counts = np.floor(wants + chance.unit(n)).astype(np.int64)
    pressed = peak & (people["peak_x"] > 0)
    counts[~pressed & (chance.unit(n) * 255 >= people["active"])] = 0
    counts = np.where(people["once_day"] == day, np.maximum(counts, 1), counts)
    counts[(people["created"] >= start + DAY_US) | (people["banned"] <= start)] = 0
    return counts


def _sittings(chance: Chance, people: NDArray[np.void], jobs: NDArray[np.void], day: int) -> Ints:
    """The local minute at which each sitting begins, shape (n, N_SITTINGS)."""
    n = len(people)
    place = chance.below(_TABLE, n * N_SITTINGS).reshape(n, N_SITTINGS)
    minutes: Ints = RHYTHMS[people["rhythm"][:, None], place] + people["late_min"][:, None]
    busy = np.flatnonzero(people["job"] >= 0)
    if len(busy):
        job, seat = people["job"][busy], people["seat"][busy].astype(np.int64)
        rows, nth = jobs[job], np.arange(N_SITTINGS)
        drawn = scatter(job[:, None], day, nth[None, :])
        common = RHYTHMS[people["rhythm"][busy][:, None], (drawn % np.uint64(_TABLE)).astype(int)]
        turn = (seat[:, None] + nth * rows["n"][:, None]) * rows["step_min"][:, None]
        fixed = np.where(rows["mode"][:, None] == TOGETHER, common, turn)
        stray = NORMAL[chance.raw(len(busy) * N_SITTINGS) >> np.uint64(52)]
        stray = np.floor(stray.reshape(len(busy), N_SITTINGS) * rows["jitter_min"][:, None])
        follows = chance.unit(len(busy) * N_SITTINGS).reshape(len(busy), N_SITTINGS) * 255
        follows = follows < rows["share"][:, None]
        minutes[busy] = np.where(follows, fixed + stray.astype(np.int64), minutes[busy])
    return minutes


def _spans_min(people: NDArray[np.void], jobs: NDArray[np.void]) -> Ints:
    """Mean minutes from a sitting's begin to a request of it; a turn has its own length."""
    spans = np.full(len(people), _SITTING_MIN, np.int64)
    busy = np.flatnonzero(people["job"] >= 0)
    rows = jobs[people["job"][busy]]
    # Nearly all of a sitting ends before the next one's turn.
    spans[busy] = np.where(rows["mode"] == TURNS, (rows["step_min"] // 2).clip(1), _SITTING_MIN)
    return spans


def _ways_out(chance: Chance, people: NDArray[np.void], begun_min: Ints, start: int) -> Ints:
    """The egress slot of each sitting, shape (n, N_SITTINGS)."""
    n = len(people)
    local_h = begun_min // 60 % 24
    work = (local_h >= 8) & (local_h < 18) & ((start // DAY_US + 3) % 7 < 5)
    when, share = people["egress"]["when"], people["egress"]["share"].astype(np.int64)
    edges = [np.cumsum(np.where((when == ANY) | (when == w), share, 0), 1) for w in (AWAY, WORK)]
    drawn: Floats = chance.unit(n * N_SITTINGS).reshape(n, N_SITTINGS)
    slot = np.zeros((n, N_SITTINGS), np.int64)
    for number in range(N_EGRESS - 1):
        edge = np.where(work, edges[1][:, number, None], edges[0][:, number, None])
        total = np.where(work, edges[1][:, -1, None], edges[0][:, -1, None])
        slot += drawn * total >= edge
    return slot
