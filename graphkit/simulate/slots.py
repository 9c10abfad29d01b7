"""The slots of a simulated account, and the rows that slots point at.

An account is one row with a fixed, small set of slots. Honest groups and rings only write slots;
a day only reads them. So whatever a ring does goes through the same generator as honest work, and
nothing but the content of slots tells them apart. What is shared is a row of ROUTE, TEXT or JOB
that several accounts point at, or a number (card, payer, device, domain, organisation) that
several accounts bear: a number is spelled by a hash, so it owns no memory.
"""

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
NEVER = np.iinfo(np.int64).max

# A way out: which addresses, and which of them when. Row p below the number of providers is the
# homes of provider p.
HOME, BLOCK, PROXY = 0, 1, 2
ROUTE = np.dtype(
    [
        ("way", np.int8),  # HOME, BLOCK (a list of addresses) or PROXY (strangers' homes)
        ("first", np.int64),  # BLOCK: first place in the list of shared addresses; PROXY: a salt
        ("n", np.int64),  # addresses, or strangers' homes, in use at a time
        ("hold_h", np.int16),  # hours a seat keeps one of them; 0: another for each request
        ("turn_d", np.int16),  # days until the n are replaced by the next n; 0: never
        ("turns", np.int16),  # how often there are n more; then the first come again
    ]
)
# A source of text: a wrapper of up to four pieces around a payload.
OWN, PUBLIC, ITEMS, DEALT, PHRASE = 0, 1, 2, 3, 4
TEXT = np.dtype(
    [
        ("payload", np.int8),  # OWN sentences, PUBLIC prompts, ITEMS of a set, DEALT items, PHRASE
        ("first", np.int64),  # first item of the set, or the phrase's number
        ("n", np.int64),  # items in the set
        ("step", np.int64),  # DEALT: seats among which the set is dealt out
        ("fresh", np.uint8),  # of 255, items whose first number is replaced
        ("word", np.int32),  # fills `{w}` in the pieces
        ("number", np.int32),  # fills `{}`; 0: a number of the request's own
        ("turn_d", np.int16),  # days until the pieces are replaced by the next alternatives
        ("turns", np.int16),  # sets of alternatives there are
        # Two pieces ahead of the payload, two behind: alternatives are `n` from `first` on, and a
        # request takes one of each piece by itself. n = 0: no such piece.
        ("pieces", [("first", np.int64), ("n", np.int32)], 4),
    ]
)
# When accounts work together.
TOGETHER, TURNS = 0, 1
JOB = np.dtype(
    [
        ("mode", np.int8),  # TOGETHER: the same sittings; TURNS: one seat after another
        ("n", np.int64),  # TURNS: seats
        ("step_min", np.int16),  # TURNS: minutes of a seat's turn
        ("jitter_min", np.int16),  # minutes by which a member strays
        ("share", np.uint8),  # of 255, sittings that follow it; the others are a member's own
    ]
)

ANY, WORK, AWAY = 0, 1, 2
N_EGRESS, N_TEXT = 6, 4
HOME_SLOT = 0
MEMBER, HIJACKED, BRIDGE, JUNK, FRAMED = 1, 2, 3, 4, 5
ROLES = ("", "member", "hijacked", "bridge", "junk", "framed")
CHAINED = 255  # alias of payers whose number is a step of a chain

ACCOUNT = np.dtype(
    [
        # when
        ("created", np.int64),  # microseconds since 1970
        ("banned", np.int64),  # the same; NEVER
        ("rate", np.int32),  # thousandths of requests on an active day
        ("active", np.uint8),  # of 255, days with requests
        ("weekend", np.uint8),  # of 255, rate on a Saturday or Sunday
        ("sittings", np.uint8),  # sittings on a day, at most
        ("rhythm", np.uint8),  # row of sessions.RHYTHMS
        ("late_min", np.int16),  # minutes later than others of the rhythm
        ("ahead_h", np.int8),  # hours ahead of UTC
        ("job", np.int32),  # row of JOB; -1: on its own
        ("seat", np.int32),  # number within its ring or group, for TURNS and DEALT
        ("peak_day", np.int16),  # first day of a peak; -1: none
        ("peak_d", np.uint8),  # its days
        # how many times the rate, on every day of the peak; 0: the rate, and nothing outside of it
        ("peak_x", np.uint8),
        # whence
        (
            "egress",
            [
                ("route", np.int32),  # row of ROUTE
                ("seat", np.int32),  # number within the route: of a home, of a customer
                ("share", np.uint8),  # weight of the slot among those that apply; 0: unused
                ("when", np.uint8),  # ANY, WORK (working hours) or AWAY (all others)
            ],
            N_EGRESS,
        ),
        ("v6", np.uint8),  # of 255, sittings at home over IPv6
        ("device", np.int32),
        ("device2", np.int32),
        ("device2_share", np.uint8),  # of 255, sittings on the second device
        # who
        ("domain", np.int32),
        ("org", np.int32),  # -1: none
        ("country", np.uint8),
        ("card", np.int32),
        ("card_turn_d", np.uint8),  # days until the card is replaced; 0: never
        ("issuer", np.int16),  # row of spelling.BINS
        ("card2", np.int32),  # place of the account whose card it also pays with
        ("card2_share", np.uint8),  # of 255, payments with it; one's own place: a second card
        ("payer", np.int32),
        ("alias", np.uint8),  # variant of the payer's name and postal code; 0: as it is; CHAINED
        ("pays", np.uint8),  # of 255, days with a payment
        # what
        ("text", [("source", np.int32), ("share", np.uint8)], N_TEXT),  # of 255; the rest is own
        ("once_day", np.int16),  # a day with at least one request; -1: none
        ("once_text", np.int32),  # row of TEXT that the first request of that day is; -1: none
        ("once_route", np.int32),  # row of ROUTE that it goes through; -1: none
        ("word", np.int32),
        ("model", np.uint8),
        ("moves_h", np.int16),  # hours from the launch until it takes the new model; -1: never
        # truth
        ("ring", np.int32),  # -1: none
        ("role", np.uint8),  # row of ROLES
        ("kind", np.uint8),  # row of groups.KINDS
        ("group", np.int32),  # number of the honest group; -1: none
    ]
)


def share_slots(
    people: NDArray[np.void],
    members: NDArray[np.int64],
    owners: NDArray[np.int64],
    *fields: str,
) -> None:
    """Let members take over what their owners have, in place.

    Args:
        people: ACCOUNT.
        members: places in `people`.
        owners: of each member the place of the account whose things it uses.
        fields: what is shared.
    """
    for field in fields:
        people[field][members] = people[field][owners]


def stay(people: NDArray[np.void], members: NDArray[np.int64]) -> None:
    """Let accounts be there on all days from their opening on, in place."""
    people["peak_day"][members], people["peak_x"][members] = -1, 1
    people["banned"][members] = NEVER


def share_home(
    people: NDArray[np.void], members: NDArray[np.int64], owners: NDArray[np.int64]
) -> None:
    """Let members live where their owners live, in place: one line, country and time zone."""
    people["egress"][members, HOME_SLOT] = people["egress"][owners, HOME_SLOT]
    share_slots(people, members, owners, "v6", "country", "ahead_h")


def add_egress(
    people: NDArray[np.void],
    members: NDArray[np.int64],
    route: NDArray[np.integer] | int,
    share: NDArray[np.floating] | float,
    *,
    seat: NDArray[np.integer] | int = 0,
    when: int = ANY,
) -> None:
    """Give accounts one more way out, in place; it takes `share` of what the earlier ones had.

    Args:
        people: ACCOUNT.
        members: places in `people`, shape (n,), each once.
        route: row of ROUTE.
        share: from 0 to 1, of the sittings to which `when` applies.
        seat: number within the route.
        when: ANY, WORK or AWAY.
    """
    slots = people["egress"][members]
    # All slots in use: the last is given up.
    free = np.minimum((slots["share"] > 0).sum(axis=1), N_EGRESS - 1)
    rows = np.arange(len(members))
    slots["share"][rows, free] = 0
    share = np.broadcast_to(np.asarray(share, np.float64), len(members)).clip(0, 0.99)
    held = slots["share"].astype(np.float64)
    weight = held.sum(axis=1) * share / (1 - share)
    # No weight goes above 255: those before shrink instead, but never to nothing.
    shrink = np.minimum(1.0, 255 / weight.clip(1))
    kept = np.floor(held * shrink[:, None] + 0.5)
    slots["share"] = np.where(held > 0, kept.clip(1), 0)
    slots["share"][rows, free] = np.floor(weight * shrink + 0.5)
    slots["route"][rows, free] = route
    slots["seat"][rows, free] = seat
    slots["when"][rows, free] = when
    people["egress"][members] = slots


def add_text(
    people: NDArray[np.void],
    members: NDArray[np.int64],
    source: NDArray[np.integer] | int,
    share: NDArray[np.floating] | float,
) -> None:
    """Give accounts one more source of text, in place; it takes `share` of what was there.

    Args:
        people: ACCOUNT.
        members: places in `people`, shape (n,), each once.
        source: row of TEXT.
        share: from 0 to 1, of their requests.
    """
    slots = people["text"][members]
    free = np.minimum((slots["share"] > 0).sum(axis=1), N_TEXT - 1)
    rows = np.arange(len(members))
    share = np.broadcast_to(np.asarray(share, np.float64), len(members))
    slots["share"][rows, free] = 0
    slots["share"] = np.floor(slots["share"] * (1 - share[:, None])).astype(np.uint8)
    slots["share"][rows, free] = np.floor(share * 255).astype(np.uint8)
    slots["source"][rows, free] = source
    people["text"][members] = slots
