"""What accounts hold, as a matrix, and how sets of accounts become a table of communities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, triu
from scipy.sparse.csgraph import connected_components

from graphkit import sql
from graphkit.contracts import PROMPT_KINDS

ADDRESSES = ("ip",)
PLAIN = ("ip", "card")
EVERY = (*PLAIN, "billing", "device", "email_domain", "org", *PROMPT_KINDS)
# Holders above which a thing is left out where a method has no cap: their pairs must fit in memory.
MOST = 500

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Made = TypeVar("Made")


class Window:
    """The links of a window, and what a method made of them last.

    A method is tried in many settings, one after another, of which most differ in what comes late:
    a cap or a threshold. What they have in common is made once.

    Attributes:
        links: LINKS.
        spared: seconds that were not spent on making anything again; whoever times may set it to 0.
    """

    def __init__(self, links: pa.Table) -> None:
        self.links = links
        self.spared = 0.0
        self._last: dict[Callable[..., Any], tuple[tuple[Any, ...], Any, float]] = {}

    def once(self, make: Callable[..., Made], *asked: Any) -> Made:
        """What a function makes of this window; not made again while it is asked for the same."""
        if make in self._last and self._last[make][0] == asked:
            self.spared += self._last[make][2]
        else:
            started, spared = perf_counter(), self.spared
            made = make(self, *asked)
            # What was spared on the way would have been spent as well.
            seconds = perf_counter() - started + self.spared - spared
            self._last[make] = asked, made, seconds
        kept: Made = self._last[make][1]
        return kept


@dataclass(frozen=True)
class Holdings:
    """Which account holds which thing, once each, in the order of the accounts.

    Attributes:
        accounts: ids of all accounts that have links, sorted, shape (n,).
        who: place of an account, shape (held,).
        thing: number of a thing, shape (held,).
    """

    accounts: pa.Array
    who: Ints
    thing: Ints

    @property
    def n(self) -> int:
        """How many accounts there are."""
        return len(self.accounts)

    @property
    def holders(self) -> Ints:
        """How many hold each row's thing, shape (held,)."""
        holders: Ints = np.bincount(self.thing)[self.thing].astype(np.int64)
        return holders

    def shared(self, cap: int | None) -> "Holdings":
        """Only what at least two accounts hold and, with a cap, at most so many."""
        holders = self.holders
        near = (holders >= 2) & (holders <= (cap or self.n))
        return Holdings(self.accounts, self.who[near], self.thing[near])

    def matrix(self, weight: Floats) -> csr_matrix:
        """Accounts by things; one weight per row of the holdings."""
        shape = (self.n, int(self.thing.max(initial=-1)) + 1)
        return csr_matrix((weight, (self.who, self.thing)), shape)

    def grouped(self, label: Ints) -> pa.Table:
        """Communities by label, scored by how many things a member shares with another one.

        Args:
            label: of each account, shape (n,); any numbers.
        """
        _, label = np.unique(label, return_inverse=True)
        cell = label[self.who] * (int(self.thing.max(initial=-1)) + 1) + self.thing
        _, place, times = np.unique(cell, return_inverse=True, return_counts=True)
        both = label[self.who][times[place] >= 2]
        size = np.bincount(label)
        score = np.bincount(both, minlength=len(size)) / np.maximum(size, 1)
        return communities(self.accounts, label.astype(np.int64), score)


def holdings(window: Window, kinds: Sequence[str], *, hours: int = 0) -> Holdings:
    """Number who holds what.

    Args:
        window: the links.
        kinds: of the things.
        hours: a thing in each run of so many hours, from midnight UTC on, counts as another thing;
            0 for one and the same at all times. LINKS keep the first and the last time of a day,
            so what an account shows between them is not seen.
    """
    return window.once(_holdings, tuple(kinds), hours)


def _holdings(window: Window, kinds: tuple[str, ...], hours: int) -> Holdings:
    links = window.links
    accounts = pc.unique(links["account_id"]).sort()
    asked = {"kinds": list(kinds), "span": hours * 3_600_000_000}
    rows = sql.query(_HELD, {"links": links}, asked)
    who = pc.index_in(rows["account_id"], value_set=accounts).to_numpy().astype(np.int64)
    return Holdings(accounts, who, rows["thing"].to_numpy())


def components(who: Ints, thing: Ints, n: int) -> tuple[Ints, Ints]:
    """Accounts that things join, directly or by way of others.

    Args:
        who: accounts, numbered from 0.
        thing: what each holds, numbered from 0.
        n: accounts in all.

    Returns:
        The component of each account, and how many accounts each component has.
    """
    size = n + int(thing.max(initial=-1)) + 1
    graph = coo_matrix((np.ones(len(who), np.bool_), (who, n + thing)), (size, size))
    _, found = connected_components(graph, directed=False)
    component = found[:n].astype(np.int64)
    return component, np.bincount(component, minlength=int(found.max()) + 1)


@dataclass(frozen=True)
class Pairs:
    """Pairs of n accounts, each once.

    Attributes:
        accounts: ids of all accounts, shape (n,).
        left: place of the first, shape (pairs,).
        right: place of the second.
        weight: of the pair.
    """

    accounts: pa.Array
    left: Ints
    right: Ints
    weight: Floats

    def above(self, least: float) -> "Pairs":
        """Those of at least a weight."""
        near = self.weight >= least
        return Pairs(self.accounts, self.left[near], self.right[near], self.weight[near])

    def joined(self) -> pa.Table:
        """Accounts that pairs join, as communities."""
        n = len(self.accounts)
        chain = coo_matrix((np.ones(len(self.left), np.bool_), (self.left, self.right)), (n, n))
        return self.grouped(connected_components(chain, directed=False)[1].astype(np.int64))

    def grouped(self, label: Ints) -> pa.Table:
        """Communities by label, scored by the weight of the pairs inside for each member."""
        inside = label[self.left] == label[self.right]
        weight = np.bincount(label[self.left][inside], self.weight[inside], int(label.max()) + 1)
        return communities(self.accounts, label, 2 * weight / np.maximum(np.bincount(label), 1))


def pairs(held: Holdings, weight: Floats) -> Pairs:
    """All pairs that share a thing, with the sum over what they share.

    Args:
        held: what is shared, by no more than fits in memory as pairs.
        weight: of each row; a shared thing adds the product of its two.
    """
    matrix = held.matrix(weight)
    both = triu(matrix @ matrix.T, k=1).tocoo()
    left, right = both.row.astype(np.int64), both.col.astype(np.int64)
    return Pairs(held.accounts, left, right, both.data)


def communities(accounts: pa.Array, label: Ints, score: Floats) -> pa.Table:
    """The table that every rival ends in.

    Args:
        accounts: ids, shape (n,).
        label: community of each, shape (n,).
        score: of each community.

    Returns:
        account_id, community and score, of communities of two and more.
    """
    several = np.bincount(label)[label] >= 2
    return pa.table(
        {
            "account_id": accounts.filter(pa.array(several)),
            "community": label[several],
            "score": score[label[several]],
        }
    )


_HELD = """
WITH seen AS (
    SELECT account_id, kind, entity, unnest([first_seen, last_seen]) AS ts FROM links
    WHERE list_contains($kinds, kind)
), held AS (
    SELECT DISTINCT account_id, kind, entity,
        CASE WHEN $span = 0 THEN 0 ELSE epoch_us(ts) // $span END AS span
    FROM seen
)
SELECT account_id, dense_rank() OVER (ORDER BY kind, entity, span) - 1 AS thing FROM held
ORDER BY account_id, thing
"""
