"""Facts about a pair of accounts, one function each sort, in units that carry over.

Rarity is in bits, log2(N / holders), as of an inverse document frequency; sums are log2(1 + x);
shares are of both accounts' activity; what one of the two cannot have is unknown (NaN), so that a
provider without payments is not taken for one whose accounts share none.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphkit.contracts import PROMPT_KINDS
from graphkit.graph.heterogeneous import HeteroGraph
from graphkit.graph.people import HOUR_US, People
from graphkit.graph.sharing import Sharing
from graphkit.scorecard import Fact

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Kinds that the scorecard weighs, with their signal.
CARDED: Mapping[str, str] = {
    "ip": "address",
    "card": "payment",
    "billing": "payment",
    "device": "device",
    "email_domain": "email",
    "org": "organisation",
    **dict.fromkeys(PROMPT_KINDS, "prompt"),
}
_DAY_US = 24 * HOUR_US
_NO_HANDOVER = 12.0  # log2 hours: above any that a window of half a year could have

ALONE = (
    *(
        fact
        for kind, signal in CARDED.items()
        for fact in (
            Fact(f"{kind}.bits", signal, 1, f"rarity of the rarest shared {kind}, in bits"),
            Fact(f"{kind}.total", signal, 1, f"rarity of all shared {kind}, log2(1 + bits)"),
            Fact(f"{kind}.overlap", signal, 1, f"share of the use of {kind} that is in common"),
            Fact(f"{kind}.share", signal, 1, f"share of both accounts' activity on one {kind}"),
        )
    ),
    Fact(
        "hours.excess",
        "hours",
        0,
        "hours both worked above what their rhythms would bring, in standard deviations",
    ),
    Fact("account.signup", "account", 0, "rarity of so near a sign-up, in bits"),
    Fact(
        "account.handover",
        "account",
        0,
        "hours between one's last event and the other's sign-up, log2(1 + h)",
    ),
    Fact("context.signals", "context", 0, "signals that the two share something of"),
    *(
        Fact(f"context.{signal}", "context", 0, f"whether the two share any {signal}, 0 or 1")
        for signal in dict.fromkeys(CARDED.values())
    ),
    Fact("context.fewest", "context", 0, "candidate pairs of the account that has fewer, log2"),
    Fact("context.most", "context", 0, "candidate pairs of the account that has more, log2"),
)


def facts_alone(graph: HeteroGraph, sharing: Sharing, people: People) -> dict[str, Floats]:
    """The facts of `ALONE`, of every candidate pair.

    Args:
        graph: accounts and entities.
        sharing: candidates and what they share.
        people: what is known of accounts by themselves.

    Returns:
        Name to values, each of shape (m,).
    """
    held = kinds_held(graph)
    return {
        **shared_facts(held, sharing, people),
        "hours.excess": hours_excess(people, sharing.first, sharing.second),
        "account.signup": signup_rarity(people, sharing.first, sharing.second),
        "account.handover": handover(people, sharing.first, sharing.second),
        **context(held, sharing),
    }


def shared_facts(held: Mapping[str, Bools], sharing: Sharing, people: People) -> dict[str, Floats]:
    """What each kind's shared entities say: the rarest, all of them, the largest part, the overlap.

    The overlap is the containment of one account's use of a kind in the other's: the sum over
    shared entities of the smaller number of events, by the smaller of both sums over all of them
    (Simpson 1943). One sentence in common is little of two long wrappers, the same wrapper is all.

    Source of the rarity: inverse document frequency as a log-likelihood ratio, the chance that a
    stranger holds the entity too (Spärck Jones 1972; Robertson 2004).
    """
    m = sharing.first.size
    kinds = sharing.entities["kind"].to_numpy(zero_copy_only=False)
    by_card = sharing.entities["per_bit"].is_null().to_numpy()
    bits = rarity(sharing)
    facts = {}
    for kind in CARDED:
        ours = (kinds == kind) & by_card
        rows = np.flatnonzero(ours[sharing.entity])
        pair, entity = sharing.pair[rows], sharing.entity[rows]
        rarest, largest = np.zeros(m), np.zeros(m)
        np.maximum.at(rarest, pair, bits[entity])
        np.maximum.at(largest, pair, sharing.share[rows] / 1000)
        # Whole hundredths of a bit, so that the order of a sum is nothing.
        hundredths = np.rint(100 * bits[entity])
        total = np.log2(1 + np.bincount(pair, hundredths, minlength=m) / 100)
        used = people.events.get(kind, np.zeros(sharing.n_accounts, dtype=np.int64))
        least = np.minimum(used[sharing.first], used[sharing.second])
        overlap = np.bincount(pair, sharing.n[rows], minlength=m) / np.maximum(least, 1)
        holds = held.get(kind, np.zeros(sharing.n_accounts, dtype=bool))
        known = holds[sharing.first] & holds[sharing.second] & ours.any()
        for name, values in (
            ("bits", rarest),
            ("total", total),
            ("overlap", overlap),
            ("share", largest),
        ):
            facts[f"{kind}.{name}"] = np.where(known, values, np.nan)
    return facts


def rarity(sharing: Sharing) -> Floats:
    """Bits of rarity of each entity: log2(N / holders); shape (entities,)."""
    holders = sharing.entities["n_holders"].to_numpy()
    found: Floats = np.log2(sharing.n_accounts / holders)
    return found


def kinds_held(graph: HeteroGraph) -> dict[str, Bools]:
    """Kind to whether each account holds any entity of it, shape (accounts,)."""
    kinds = graph.entities["kind"].combine_chunks().dictionary_encode()
    names = [str(name) for name in kinds.dictionary.to_pylist()]
    kind = kinds.indices.to_numpy(zero_copy_only=False)[graph.links["entity"].to_numpy()]
    held = np.zeros((len(names), graph.accounts.num_rows), dtype=bool)
    held[kind, graph.links["account"].to_numpy()] = True
    return dict(zip(names, held, strict=True))


def hours_excess(people: People, first: Ints, second: Ints) -> Floats:
    """Hours in which both worked, above what each one's own daily rhythm would bring.

    With a and b the chance that each works in an hour of the day on a day when it works at all, the
    expected number on the d days that both work is E = d * sum(a * b); the excess is
    (shared - E) / sqrt(E + 1), as of a Poisson count.
    """
    shared = _popcount(people.hours[first] & people.hours[second])
    both = _popcount(people.days[first] & people.days[second])
    n_days = _popcount(people.days)
    together = np.einsum("ij,ij->i", people.by_hour[first], people.by_hour[second])
    expected = both * together / np.maximum(n_days[first] * n_days[second], 1)
    excess = (shared - expected) / np.sqrt(expected + 1)
    worked = (n_days[first] > 0) & (n_days[second] > 0)
    known: Floats = np.where(worked, excess, np.nan)
    return known


def _popcount(bits: NDArray[np.uint8]) -> Ints:
    counts: Ints = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    return counts


def signup_rarity(people: People, first: Ints, second: Ints) -> Floats:
    """Rarity of so near a sign-up: -log2 of the share of accounts that signed up between the two.

    Counted in accounts, not in hours, so that a busy day's neighbours are no discovery.
    """
    between = np.abs(people.place[first] - people.place[second]) + 1
    known = (people.created_us[first] >= 0) & (people.created_us[second] >= 0)
    rare = -np.log2(between / max(people.n_created, 1))
    bits: Floats = np.where(known, rare, np.nan)
    return bits


def handover(people: People, first: Ints, second: Ints) -> Floats:
    """Hours from one account's end to the other's sign-up, either way, as log2(1 + h).

    An end is a last event a day or more before the window's, a sign-up one inside the window.
    """
    start = people.first_us.min(initial=np.iinfo(np.int64).max)
    end = people.last_us.max(initial=0)
    hours = np.minimum(
        _gap(people, first, second, start, end), _gap(people, second, first, start, end)
    )
    near: Floats = np.minimum(np.log2(1 + hours), _NO_HANDOVER)
    return near


def _gap(people: People, old: Ints, new: Ints, start: int, end: int) -> Floats:
    created, last = people.created_us[new], people.last_us[old]
    hands_over = (last < end - _DAY_US) & (created > start)
    return np.where(hands_over, np.abs(created - last) / HOUR_US, np.inf)


def context(held: Mapping[str, Bools], sharing: Sharing) -> dict[str, Floats]:
    """Which signals a pair shares something of, and how crowded each side's neighbourhood is."""
    n = sharing.n_accounts
    degree = np.bincount(sharing.first, minlength=n) + np.bincount(sharing.second, minlength=n)
    one, other = degree[sharing.first], degree[sharing.second]
    seen = signals_seen(sharing)
    nobody = np.zeros(n, dtype=bool)
    whether = {}
    for signal in dict.fromkeys(CARDED.values()):
        kinds = [held.get(kind, nobody) for kind, own in CARDED.items() if own == signal]
        holds = np.any(kinds, axis=0)
        known = holds[sharing.first] & holds[sharing.second]
        whether[f"context.{signal}"] = np.where(known, seen.get(signal, False), np.nan)
    return {
        "context.signals": sum(seen.values(), np.zeros(sharing.first.size)),
        **whether,
        "context.fewest": np.log2(np.minimum(one, other)),
        "context.most": np.log2(np.maximum(one, other)),
    }


def signals_shared(sharing: Sharing) -> Ints:
    """Signals that each pair shares something of; shape (m,)."""
    count = np.zeros(sharing.first.size, dtype=np.int64)
    for seen in signals_seen(sharing).values():
        count += seen
    return count


def signals_seen(sharing: Sharing) -> dict[str, Bools]:
    """Signal to whether each pair shares something of it, shape (m,)."""
    signals = sharing.entities["signal"].combine_chunks().dictionary_encode()
    codes = signals.indices.to_numpy(zero_copy_only=False)
    seen = np.zeros((len(signals.dictionary), sharing.first.size), dtype=bool)
    seen[codes[sharing.entity], sharing.pair] = True
    names = [str(name) for name in signals.dictionary.to_pylist()]
    return dict(zip(names, seen, strict=True))


def carded(sharing: Sharing) -> Bools:
    """Whether a pair shares anything that the scorecard weighs; shape (m,)."""
    by_card = sharing.entities["per_bit"].is_null().to_numpy()
    found = np.zeros(sharing.first.size, dtype=bool)
    found[sharing.pair[by_card[sharing.entity]]] = True
    return found
