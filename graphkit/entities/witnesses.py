"""Which texts and passages the accounts of a day have in common: one row per account and key.

A passage, or a skeleton, says something when it stands in two texts or was sent by two accounts.
Keys that stand in exactly the same texts of the same accounts are one witness, and one of them
stands for all: the whole text before its skeleton, that before its passages, and of passages the
least key, which is the same on every day and for everybody. A passage is a `wrapper` where those
who hold it put it into several texts (one and a half on average), else a `payload`.

A whole text is kept even if it is alone, for it may come again on another day; so are a text's
first words (`opening`) and its last (`closing`), which no other key stands for: of a wrapper that
each account sends once, or on a day of its own, no passage would tell.

Of an account at most 32 whole texts, 32 openings, 32 closings and 32 other keys are kept a day:
those that others sent too, then the most used, then those of least key. Of what came once that day
and from nobody else at most 8 of each are kept, those of least key, so that accounts that deal out
one data set keep the same.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphkit.entities import runs
from graphkit.entities.prompts import SCRIPTS, SKELETON, WHOLE

KINDS = ("prompt", "skeleton", "payload", "wrapper", "opening", "closing")
PROMPT, OPENING, CLOSING = 0, 4, 5  # what is kept of every text
LENGTHS = 32
TRAITS = (
    *(
        f"text of {1 << bits} words and more" + (f", {script}" if script else "")
        for script in SCRIPTS
        for bits in range(LENGTHS)
    ),
    "",
    "text but for names, numbers and quotations",
    "passage that a sender puts into one text",
    "passage that a sender puts into several texts",
    "first words of a text",
    "last words of a text",
)
PARTITION_SHIFT, PARTITIONS = np.uint64(58), 64
_MOST_ROWS, _MOST_ALONE = 32, 8
_ONE_PARTITION = 2_000_000  # records below which partitions only cost
_ROWS, _ACCOUNTS = 1_000_000, 100_000  # looked up, and ranked, at a time
_TAGS = np.uint64(3)
_SIGN_BITS = np.uint64(62)


class Prompts(NamedTuple):
    """What is kept of n prompts.

    Attributes:
        account: a hash.
        time: microseconds since 1970.
        text: key of the whole.
        trait: a place in TRAITS.
        opening, closing: keys of the first and the last words, 0 where there are no more.
    """

    account: NDArray[np.uint64]
    time: NDArray[np.int64]
    text: NDArray[np.uint64]
    trait: NDArray[np.uint8]
    opening: NDArray[np.uint64]
    closing: NDArray[np.uint64]


# Keys and the prompts that bear them, by the highest bits of the keys, in chunks.
Partitions = list[list[tuple[NDArray[np.uint64], NDArray[np.uint32]]]]


class TextLinks(NamedTuple):
    """Who holds which key: arrays of shape (n,).

    Attributes:
        account: int32, a place among the accounts.
        kind: int8, a place in KINDS.
        entity: uint64.
        trait: uint8, a place in TRAITS.
        n: int64, events.
        first: int64, microseconds since 1970.
        last: the same.
        shared: bool, whether another account holds it too.
    """

    account: NDArray[np.int32]
    kind: NDArray[np.int8]
    entity: NDArray[np.uint64]
    trait: NDArray[np.uint8]
    n: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    shared: NDArray[np.bool_]


class _Pairs(NamedTuple):
    """Accounts with the texts they sent, by account and text."""

    account: NDArray[np.int32]
    text: NDArray[np.uint64]
    n: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    trait: NDArray[np.uint8]


class _Found(NamedTuple):
    """Keys of two pairs or more: key, mark of its pairs, holders, pairs."""

    key: NDArray[np.uint64]
    mark: NDArray[np.uint64]
    holders: NDArray[np.int64]
    pairs: NDArray[np.int64]


def link_texts(
    prompts: list[Prompts], records: Partitions, numbers: NDArray[np.uint64]
) -> TextLinks:
    """Find who holds which key.

    Args:
        prompts: of a day, in one part or more; emptied.
        records: of the same prompts, numbered through all parts; emptied.
        numbers: the hash of each account; its place here is the account's number.
    """
    account, time, text, trait, *ends = _columns(prompts, numbers)
    # Given up one after another: a day's prompts are many.
    kept = [_ends(account, time, ends.pop(), kind) for kind in (CLOSING, OPENING)]
    pair_of, pairs = _pair(account, text, time, trait)
    del account, time, text, trait
    jobs = _jobs(records, pair_of, pairs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        held = list(pool.map(lambda job: runs.repeated(*job()), jobs))
        found = [_Found(*made) for made in pool.map(partial(_witnesses, pairs), held)]
        wanted = _representatives(found)
        others = list(pool.map(partial(_spread, pairs), held, wanted))
    del held, found, wanted
    kept += [_sent(pairs, PROMPT), _few(TextLinks(*_stacked(others)))]
    return TextLinks(*_stacked(kept))


def _columns(prompts: list[Prompts], numbers: NDArray[np.uint64]) -> list[Any]:
    """The columns of all parts, with the accounts' places for their hashes; empties the parts."""
    by = np.argsort(numbers)
    ascending = numbers[by]
    parts = [list(part)[::-1] for part in prompts]
    prompts.clear()
    names = np.concatenate([part.pop() for part in parts])
    accounts = np.empty(len(names), np.int32)
    for start in range(0, len(names), _ROWS):
        chunk = slice(start, start + _ROWS)
        accounts[chunk] = by[np.searchsorted(ascending, names[chunk])]
    del names
    # Column by column, each given up as it is taken.
    return [accounts, *(np.concatenate([part.pop() for part in parts]) for _ in "12345")]


def _pair(
    accounts: NDArray[np.int32],
    texts: NDArray[np.uint64],
    times: NDArray[np.int64],
    traits: NDArray[np.uint8],
) -> tuple[NDArray[np.uint32], _Pairs]:
    """The pair of each prompt, and the pairs."""
    order = runs.order_of(texts, np.arange(len(texts), dtype=np.uint32))
    order = runs.order_of(accounts.astype(np.uint64), order)
    pair_of = np.empty(len(order), np.uint32)
    n = runs.number_pairs(order, accounts, texts, pair_of)
    del order
    made = _pairs_of(n)
    runs.sum_pairs(pair_of, (accounts, texts, times, traits), tuple(made))
    return pair_of, made


def _ends(
    accounts: NDArray[np.int32], times: NDArray[np.int64], keys: NDArray[np.uint64], kind: int
) -> TextLinks:
    """Who sent texts that begin, or end, with which words; all but kind by prompt, 0 no key."""
    said = keys != 0
    keys = keys[said]
    traits = np.full(len(keys), kind + len(SCRIPTS) * LENGTHS, np.uint8)
    return _sent(_pair(accounts[said], keys, times[said], traits)[1], kind)


def _sent(pairs: _Pairs, kind: int) -> TextLinks:
    """What of every text is kept, alone or not, within what an account keeps."""
    kinds = np.full(len(pairs.text), kind, np.int8)
    shared = _repeated(pairs.text)
    return _few(TextLinks(pairs.account, kinds, pairs.text, pairs.trait, *pairs[2:5], shared))


def _repeated(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which keys come again; of pairs, each an account and a key, with another account."""
    order = runs.order_of(keys, np.arange(len(keys), dtype=np.uint32))
    ordered = keys[order]
    again = ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(keys), np.bool_)
    repeated[order[1:]] = again
    repeated[order[:-1]] |= again
    return repeated


def _pairs_of(n: int) -> Any:
    types = (np.int32, np.uint64, np.int64, np.int64, np.int64, np.uint8)
    columns: list[Any] = [np.zeros(n, dtype) for dtype in types]
    return _Pairs(*columns)


def _jobs(
    records: Partitions, pair_of: NDArray[np.uint32], pairs: _Pairs
) -> list[Callable[[], tuple[NDArray[np.uint64], NDArray[np.uint32]]]]:
    """For each partition what makes its records, whole texts among them, and uses it up."""
    partition = (pairs.text >> PARTITION_SHIFT).astype(np.uint8)
    order = np.argsort(partition, kind="stable").astype(np.uint32)
    starts = np.searchsorted(partition[order], np.arange(PARTITIONS + 1, dtype=np.uint8))

    def gather(first: int, last: int) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        mine = order[starts[first] : starts[last]]
        keys, of = [pairs.text[mine]], [mine]
        for part in records[first:last]:
            keys += [chunk for chunk, _ in part]
            of += [pair_of[rows] for _, rows in part]
            part.clear()
        return np.concatenate(keys), np.concatenate(of)

    total = len(order) + sum(len(keys) for part in records for keys, _ in part)
    step = PARTITIONS if total < _ONE_PARTITION else 1
    return [partial(gather, first, first + step) for first in range(0, PARTITIONS, step)]


def _witnesses(pairs: _Pairs, records: tuple[NDArray[np.uint64], NDArray[np.uint32]]) -> Any:
    return runs.witnesses(*records, pairs.account)


def _representatives(found: list[_Found]) -> list[_Found]:
    """Of each partition the skeletons and passages that stand for themselves and for others."""
    every = _Found(*_stacked(found))
    ranks = (every.key << _SIGN_BITS) | (every.key >> np.uint64(2))
    order = runs.order_of(every.mark, np.arange(len(ranks), dtype=np.uint32))
    chosen = runs.representatives(every.mark, ranks, order)
    chosen &= (every.key & _TAGS) != WHOLE
    bounds = np.cumsum([0, *(len(part.key) for part in found)])
    masks = [chosen[start:stop] for start, stop in pairwise(bounds)]
    return [_Found(*_masked(part, mask)) for part, mask in zip(found, masks, strict=True)]


def _spread(
    pairs: _Pairs, records: tuple[NDArray[np.uint64], NDArray[np.uint32]], wanted: _Found
) -> TextLinks:
    """Who holds the wanted keys of a partition."""
    at, account, n, first, last = runs.spread(
        *records, wanted.key, pairs.account, pairs.n, pairs.first, pairs.last
    )
    wraps = 2 * wanted.pairs >= 3 * wanted.holders
    kind = np.where((wanted.key & _TAGS) == SKELETON, 1, np.where(wraps, 3, 2)).astype(np.int8)
    entity, kind, shared = wanted.key[at], kind[at], wanted.holders[at] > 1
    trait = (kind + len(SCRIPTS) * LENGTHS).astype(np.uint8)
    return TextLinks(account, kind, entity, trait, n, first, last, shared)


def _few(links: TextLinks) -> TextLinks:
    """Leave no account more rows than are kept; ranked by ranges of accounts, to hold less."""
    rows = np.bincount(links.account)
    kept = rows[links.account] <= _MOST_ALONE
    heavy = np.flatnonzero(~kept)
    for low in range(0, len(rows), _ACCOUNTS):
        account = links.account[heavy]
        mine = heavy[(account >= low) & (account < low + _ACCOUNTS)]
        kept[_first(links, mine)] = True
    return TextLinks(*_masked(links, kept))


def _first(links: TextLinks, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of some rows, all of their accounts, those that are kept."""
    account, n, shared = links.account[rows], links.n[rows], links.shared[rows]
    order = np.lexsort((links.entity[rows], -n, ~shared, account))
    owner, alone = account[order], (~shared & (n == 1))[order]
    first = np.searchsorted(owner, owner)
    rank = np.arange(len(owner)) - first
    # Those that are alone come last, so their rank among themselves is what the others leave.
    others = np.cumsum(~alone)
    among = rank - (others - others[first] + ~alone[first])
    kept: NDArray[np.int64] = rows[order[(rank < _MOST_ROWS) & (~alone | (among < _MOST_ALONE))]]
    return kept


def _masked(columns: tuple[Any, ...], mask: NDArray[np.bool_]) -> list[Any]:
    return [column[mask] for column in columns]


def _stacked(parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Columns of all parts, one after another; there is at least one part."""
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
