"""What anybody would try first, on a simulated world: it should not be enough on a hard one.

Each method gives each account a number, and is judged generously: by the recall at the best
threshold that keeps 99 of 100 accused accounts attackers, and at its best setting of several, both
chosen with the truth at hand.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.rivals.holdings import components
from graphkit.simulate.check import Made

PRECISION = 0.99
CAPS = (3, 5, 10, 20, 50)  # holders above which a thing is left out
KINDS = ("IPv4", "IPv6", "card", "name", "device", "opening", "prompt")
_LETTERS = 4000  # of an account's prompts that are compared

Scores = NDArray[np.float64]
Ints = NDArray[np.int64]


def recall_at(score: Scores, attacker: NDArray[np.bool_], precision: float = PRECISION) -> float:
    """The largest share of attackers above a threshold above which most are attackers.

    Args:
        score: of each account; 0 or less is never accused.
        attacker: whether it is one.
        precision: the share of attackers among the accused, at least.
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(attacker[order])
    last = np.append(np.diff(score[order]) != 0, True) & (score[order] > 0)
    good = last & (hits >= precision * np.arange(1, len(order) + 1))
    return float(hits[good].max() / max(attacker.sum(), 1)) if good.any() else 0.0


def attackers(made: Made) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which accounts a ring runs, and who is judged.

    Left out are the hijacked, who are neither attackers nor others, and whoever never sent a
    request.

    Returns:
        Two columns in the order of `people`.
    """
    people = made.ask("""
        SELECT kind = 'ring' AS attacker, coalesce(role, '') <> 'hijacked'
               AND account_id IN (SELECT account_id FROM requests) AS judged
        FROM people ORDER BY account""")
    attacker, judged = (people[name].to_numpy() for name in ("attacker", "judged"))
    return attacker, judged


def joined(made: Made) -> float:
    """Of the accounts that share a card or an address with another, those in one component."""
    who, thing = links(made, ("IPv4", "IPv6", "card"))
    _, sizes = components(who, thing, len(made.tables["people"]))
    return float(sizes.max() / sizes[sizes > 1].sum())


def links(made: Made, kinds: tuple[str, ...], *, by_day: bool = False) -> tuple[Ints, Ints]:
    """Links of accounts and things, numbered from 0."""
    day = "day" if by_day else "0"
    wanted = ", ".join(f"'{kind}'" for kind in kinds)
    table = made.ask(f"""
        SELECT account - 1 AS who, dense_rank() OVER (ORDER BY kind, entity, {day}) - 1 AS thing
        FROM (SELECT DISTINCT kind, entity, {day}, account FROM held WHERE kind IN ({wanted}))
        ORDER BY who, thing""")
    return table["who"].to_numpy().astype(np.int64), table["thing"].to_numpy().astype(np.int64)


def unions(made: Made, kinds: tuple[str, ...], *, by_day: bool = False) -> Iterator[Scores]:
    """Accounts that share things which few hold, by the size of what these join.

    Also by how many such things an account holds, and by how many its component has for each
    member.
    """
    who, thing = links(made, kinds, by_day=by_day)
    holders = np.bincount(thing)[thing]
    n = len(made.tables["people"])
    for cap in CAPS:
        near = (holders >= 2) & (holders <= cap)
        component, sizes = components(who[near], thing[near], n)
        held = np.bincount(who[near], minlength=n).astype(np.float64)
        size = np.where(sizes[component] > 1, sizes[component], 0).astype(np.float64)
        total = np.bincount(component, held)
        yield size
        yield held
        yield np.where(size > 0, total[component] / sizes[component], 0.0)


def agreeing(made: Made) -> Iterator[Scores]:
    """Accounts that share things of two kinds with one and the same other, by how many they do."""
    n = len(made.tables["people"])
    for cap in CAPS:
        pairs = made.ask(f"""
            WITH near AS (
                SELECT DISTINCT kind, entity, account FROM held
                SEMI JOIN (SELECT kind, entity FROM held GROUP BY ALL
                           HAVING count(DISTINCT account) BETWEEN 2 AND {cap}) USING (kind, entity))
            SELECT a.account - 1 AS left, b.account - 1 AS right, count(*) AS things
            FROM near a JOIN near b USING (kind, entity) WHERE a.account < b.account
            GROUP BY ALL HAVING count(DISTINCT kind) > 1""")
        left, right, things = (pairs[name].to_numpy() for name in ("left", "right", "things"))
        score = np.zeros(n)
        np.add.at(score, left, things)
        np.add.at(score, right, things)
        yield score
        component, sizes = components(left, right, n)
        yield np.where(sizes[component] > 1, sizes[component], 0).astype(np.float64)


def alike(made: Made) -> Iterator[Scores]:
    """Accounts whose prompts are like another's: cosine of weighted words and word pairs."""
    table = made.ask(f"""
        SELECT account - 1 AS who, left(string_agg(prompt, ' ' ORDER BY ts), {_LETTERS}) AS text
        FROM requests JOIN people USING (account_id) GROUP BY account ORDER BY account""")
    who = table["who"].to_numpy()
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    vectors = words.fit_transform(table["text"].to_pylist())
    likeness = (vectors @ vectors.T).toarray()
    np.fill_diagonal(likeness, 0)
    ranked = -np.sort(-likeness, axis=1)[:, :10]
    for near in (1, 3, 10):
        score = np.zeros(len(made.tables["people"]))
        score[who] = ranked[:, :near].mean(axis=1)
        yield score


def simple(made: Made) -> dict[str, float]:
    """Recall at precision 0.99 of each simple method, at its best."""
    attacker, judged = attackers(made)
    methods = {
        "union of cards and addresses, few holders": unions(made, ("IPv4", "IPv6", "card")),
        "same address on the same day": unions(made, ("IPv4", "IPv6"), by_day=True),
        "two kinds of things shared with one other": agreeing(made),
        "prompts alike": alike(made),
        **{f"{kind} only": unions(made, (kind,)) for kind in KINDS},
    }
    return {
        name: max(recall_at(score[judged], attacker[judged]) for score in scores)
        for name, scores in methods.items()
    }
