"""Facts about a group of accounts: what an operator's ring looks like, and what others do.

No fact has a unit that a data set could stretch: shares of members or of pairs,
probabilities, bits, ranks. Sums are of whole numbers, so that no order of rows and no name enters.
"""

import numpy as np
import pyarrow as pa

from graphkit.contracts import SIGNALS
from graphkit.rings.membership import TOLD, Bools, Floats, Ints, Pairs
from graphkit.scorecard import Fact
from graphkit.sql import query

# Signals whose entities are looked at one by one.
HELD = ("address", "payment", "device", "email", "organisation", "prompt")
# Evidence of a member's best tie, in millibits, from which a signal counts as carrying it.
CARRIES = 1_500
# Share of an entity's holders, in thousandths, from which it counts as the group's own.
OWN = 700

GROUP_FACTS = (
    Fact("size", "group", 0, "accounts, log2"),
    Fact("mean", "ties", 1, "mean probability of a pair of members, where there is no tie 0"),
    Fact("ties", "ties", 0, "share of the pairs of members that have a tie"),
    Fact("strong", "ties", 1, "share of the pairs of members that are rather tied than not"),
    Fact("typical", "ties", 1, "median over members of their strongest tie's probability"),
    Fact("weak", "ties", 1, "the same at the lowest quarter"),
    Fact("sum", "ties", 0, "mean over members of their ties' probabilities' sum, log2"),
    Fact("outside", "ties", 0, "share of the members' ties' probability that leads elsewhere"),
    Fact("signals", "ties", 1, "signals that carry at least half of the members"),
    *(
        Fact(f"carried.{signal}", signal, 0, f"share of members that {signal} ties to another")
        for signal in TOLD
    ),
    *(
        Fact(f"common.{signal}", signal, 0, f"share of members on the commonest {signal}")
        for signal in HELD
    ),
    *(
        Fact(f"crowd.{signal}", signal, 0, f"holders of that {signal} per member on it, log2")
        for signal in HELD
    ),
    *(
        Fact(f"own.{signal}", signal, 0, f"share of members on a {signal} hardly held elsewhere")
        for signal in HELD
    ),
    Fact("active", "accounts", 0, "share of members with requests"),
    Fact("paying", "accounts", 0, "share of members with payments"),
    Fact("signup.spread", "accounts", 0, "middle half of sign-ups, as a share of all accounts"),
    Fact("volume.spread", "accounts", 0, "middle half of requests per active day, in doublings"),
    Fact("days", "accounts", 0, "mean share of the window's days with requests"),
    Fact("days.spread", "accounts", 0, "middle half of that share"),
    Fact("country", "accounts", 0, "share of members in the commonest country"),
)


def group_facts(
    pairs: Pairs, group: Ints, accounts: pa.Array, uses: pa.Table, facts: pa.Table, about: pa.Table
) -> dict[str, Floats]:
    """Gather GROUP_FACTS.

    Args:
        pairs: all edges.
        group: number of each account's group, from 0 without gaps, -1 for none, shape (n,).
        accounts: ids, shape (n,).
        uses: USES.
        facts: FACTS.
        about: what `summed` says of the window's accounts.

    Returns:
        Fact to values, each of shape (groups,), NaN where nothing is known.
    """
    belongs = pa.table({"account_id": accounts, "ring": group})
    belongs = query(
        "SELECT * FROM belongs WHERE ring >= 0 ORDER BY account_id", {"belongs": belongs}
    )
    n = np.bincount(group[group >= 0])
    return {
        **_ties(pairs, group, n),
        **_held(belongs, uses, facts, n),
        **_accounts(belongs, about, n),
    }


def summed(profiles: pa.Table) -> pa.Table:
    """Sum up the window's PROFILES by account.

    Returns:
        account_id, country, requests, payments, days with requests as a share of the window's days
        (thousandths), place among sign-ups (0 to 1).
    """
    return query(_SUMMED, {"profiles": profiles})


def _ties(pairs: Pairs, group: Ints, n: Ints) -> dict[str, Floats]:
    """What edges say."""
    members, inner = group >= 0, pairs.inside(group)
    of, n_pairs = group[inner.first], np.maximum(n * (n - 1) // 2, 1)
    within = _sum(of, inner.probability, n.size)
    total = _sum(group[members], pairs.sums(group.size)[members], n.size)
    best, signals = inner.strongest(group.size)
    carried = {
        name: np.bincount(
            group[members & (signals[:, SIGNALS.index(name)] >= CARRIES)], minlength=n.size
        )
        for name in TOLD
    }
    carrying = np.sum([2 * count >= n for count in carried.values()], axis=0)
    # A signal that no edge of the window has is switched off: it says nothing, not "no".
    absent = {name for name in TOLD if not pairs.signals[:, SIGNALS.index(name)].any()}
    return {
        "size": np.log2(n),
        "mean": within / n_pairs / 1000,
        "ties": np.bincount(of, minlength=n.size) / n_pairs,
        "strong": np.bincount(of[inner.probability >= 500], minlength=n.size) / n_pairs,
        "typical": _quantile(group[members], best[members], n, 0.5) / 1000,
        "weak": _quantile(group[members], best[members], n, 0.25) / 1000,
        "sum": np.log2(1 + within / n / 500),
        "outside": 1 - 2 * within / np.maximum(total, 1),
        "signals": carrying.astype(np.float64),
        **{
            f"carried.{name}": np.full(n.size, np.nan) if name in absent else count / n
            for name, count in carried.items()
        },
    }


def _held(belongs: pa.Table, uses: pa.Table, facts: pa.Table, n: Ints) -> dict[str, Floats]:
    """What the shared entities say."""
    tables = {"belongs": belongs, "uses": uses, "facts": facts}
    table = query(_HELD, tables, {"own": OWN})
    signal = np.asarray(table["signal"].to_pylist(), dtype=object)
    there = set(facts["signal"].unique().to_pylist())
    ring = table["ring"].to_numpy()
    values: dict[str, Floats] = {}
    for name in HELD:
        mine = signal == name
        none = 0.0 if name in there else np.nan
        common, crowd, own = (np.full(n.size, value) for value in (none, np.nan, none))
        common[ring[mine]] = table["n"].to_numpy()[mine]
        crowd[ring[mine]] = np.log2(
            table["n_holders"].to_numpy()[mine] / table["n"].to_numpy()[mine]
        )
        own[ring[mine]] = table["n_own"].to_numpy()[mine]
        values |= {f"common.{name}": common / n, f"crowd.{name}": crowd, f"own.{name}": own / n}
    return values


def _accounts(belongs: pa.Table, about: pa.Table, n: Ints) -> dict[str, Floats]:
    """What the accounts' own records say."""
    table = query(_ABOUT, {"belongs": belongs, "about": about})
    ring = table["ring"].to_numpy()
    requests, days = table["requests"].to_numpy(), table["days"].to_numpy()
    known = ~np.isnan(table["place"].to_numpy())
    active = requests > 0
    daily = np.log2(np.maximum(requests * 1000.0 / np.maximum(days * 1.0, 1), 1))
    countries = query(_COUNTRIES, {"about": table})
    country = np.full(n.size, np.nan)
    country[countries["ring"].to_numpy()] = countries["n"].to_numpy()
    paying = table["payments"].to_numpy() > 0
    logged, unknown = np.any(about["requests"].to_numpy()), np.full(n.size, np.nan)
    return {
        "active": _share(ring, active, n, about["requests"]),
        "paying": _share(ring, paying, n, about["payments"]),
        "signup.spread": _spread(ring[known], table["place"].to_numpy()[known], n),
        "volume.spread": _spread(ring[active], daily[active], n),
        "days": _sum(ring, days, n.size) / n / 1000 if logged else unknown,
        "days.spread": _spread(ring, days / 1000, n) if logged else unknown,
        "country": country / n,
    }


def _share(group: Ints, holds: Bools, n: Ints, known: pa.ChunkedArray) -> Floats:
    """Share of each group's members of which something holds; NaN where it is known of nobody."""
    count = np.bincount(group[holds], minlength=n.size) / n
    return count if np.any(known.to_numpy()) else np.full(n.size, np.nan)


def _sum(group: Ints, values: Ints, n_groups: int) -> Ints:
    sums = np.zeros(n_groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def _quantile(group: Ints, values: Ints | Floats, n: Ints, share: float) -> Floats:
    """The value at a share of each group's values in order; NaN where it has none."""
    order = np.lexsort((values, group))
    count = np.bincount(group, minlength=n.size)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    found = np.full(n.size, np.nan)
    some = count > 0
    place = start[some] + np.floor(share * (count[some] - 1) + 0.5).astype(np.int64)
    found[some] = values[order][place]
    return found


def _spread(group: Ints, values: Floats, n: Ints) -> Floats:
    """Width of the middle half of each group's values."""
    return _quantile(group, values, n, 0.75) - _quantile(group, values, n, 0.25)


_SUMMED = """
WITH sums AS (
    SELECT account_id, min(created_at) AS created_at, arg_max(country, dt) AS country,
        CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(payments) AS BIGINT) AS payments,
        1000 * count(*) FILTER (requests > 0)
            // nullif((SELECT count(DISTINCT dt) FROM profiles WHERE requests > 0), 0) AS days
    FROM profiles GROUP BY account_id
), placed AS (
    SELECT account_id, percent_rank() OVER (ORDER BY created_at) AS place
    FROM sums WHERE created_at IS NOT NULL
)
SELECT account_id, country, requests, payments, coalesce(days, 0) AS days, place
FROM sums LEFT JOIN placed USING (account_id) ORDER BY account_id
"""
_HELD = """
WITH held AS (SELECT DISTINCT account_id, kind, entity FROM uses),
shared AS (
    SELECT ring, signal, kind, entity, count(*) AS n, max(n_holders) AS n_holders
    FROM belongs JOIN held USING (account_id) JOIN facts USING (kind, entity)
    GROUP BY ring, signal, kind, entity HAVING count(*) > 1
), owned AS (
    SELECT ring, signal, count(DISTINCT account_id) AS n_own
    FROM belongs JOIN held USING (account_id) JOIN shared USING (ring, kind, entity)
    WHERE 1000 * n >= $own * n_holders GROUP BY ring, signal
)
SELECT ring, signal, max(n) AS n, min(n_holders) FILTER (commonest) AS n_holders,
    coalesce(max(n_own), 0) AS n_own
FROM (SELECT *, n = max(n) OVER (PARTITION BY ring, signal) AS commonest FROM shared)
LEFT JOIN owned USING (ring, signal)
GROUP BY ring, signal ORDER BY ring, signal
"""
_ABOUT = """
SELECT ring, account_id, country, coalesce(requests, 0) AS requests,
    coalesce(payments, 0) AS payments, coalesce(days, 0) AS days, place
FROM belongs LEFT JOIN about USING (account_id) ORDER BY ring, account_id
"""
_COUNTRIES = """
SELECT ring, max(n) AS n FROM (
    SELECT ring, country, count(*) AS n FROM about WHERE country IS NOT NULL GROUP BY ring, country
) GROUP BY ring ORDER BY ring
"""
