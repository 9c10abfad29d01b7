"""Sorting and grouping keys by the hundred million: radix passes and single scans, no hash tables.

A pair here is an account together with one text it sent, pairs being numbered by account and then
by text. A record is a key together with a pair whose text bears it.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.entities.words import mix

_BITS = 11
_BINS = 1 << _BITS


@numba.njit(cache=True, nogil=True)
def order_of(keys: NDArray[np.uint64], order: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Sort rows by their keys, stable: a radix sort that leaves out digits all keys agree on.

    Args:
        keys: shape (n,).
        order: the rows in the order they have so far, shape (n,); used up.

    Returns:
        The rows in the new order.
    """
    n = order.size
    other = np.empty_like(order)
    differing = np.uint64(0)
    for row in range(1, n):
        differing |= keys[row] ^ keys[0]
    mask = np.uint64(_BINS - 1)
    for shift in range(0, 64, _BITS):
        by = np.uint64(shift)
        if (differing >> by) & mask == 0:
            continue
        starts = np.zeros(_BINS + 1, np.int64)
        for row in range(n):
            starts[np.int64((keys[row] >> by) & mask) + 1] += 1
        starts = np.cumsum(starts)
        for place in range(n):
            digit = np.int64((keys[order[place]] >> by) & mask)
            other[starts[digit]] = order[place]
            starts[digit] += 1
        order, other = other, order
    return order


@numba.njit(cache=True, nogil=True)
def number_pairs(
    order: NDArray[np.uint32],
    accounts: NDArray[np.int32],
    texts: NDArray[np.uint64],
    pair_of: NDArray[np.uint32],
) -> int:
    """Number the pairs of prompts, in order of account and text.

    Args:
        order: prompts sorted by account and text, shape (n,).
        accounts: the account's number, by prompt.
        texts: the text's key, by prompt.
        pair_of: filled with the pair of each prompt.

    Returns:
        Number of pairs.
    """
    pair = -1
    for place in range(order.size):
        row = order[place]
        before = order[place - 1]
        if place == 0 or accounts[row] != accounts[before] or texts[row] != texts[before]:
            pair += 1
        pair_of[row] = pair
    return pair + 1


@numba.njit(cache=True, nogil=True)
def sum_pairs(
    pair_of: NDArray[np.uint32],
    values: tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8]],
    made: tuple[
        NDArray[np.int32],
        NDArray[np.uint64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.uint8],
    ],
) -> None:
    """Fill account, text, n, first, last and trait of each pair from those of its prompts."""
    accounts, texts, times, traits = values
    account, text, n, first, last, trait = made
    for row in range(pair_of.size):
        pair = pair_of[row]
        if n[pair] == 0:
            account[pair], text[pair] = accounts[row], texts[row]
            first[pair] = last[pair] = times[row]
        n[pair] += 1
        first[pair] = min(first[pair], times[row])
        last[pair] = max(last[pair], times[row])
        trait[pair] = max(trait[pair], traits[row])


@numba.njit(cache=True, nogil=True)
def repeated(
    keys: NDArray[np.uint64], pairs: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Leave out records whose key comes once, then sort by key and pair; each record once.

    Keys are counted in slots that several may share, so a few that come once stay; scans over
    runs of a key pass them over.
    """
    n = keys.size
    slots = 1024
    while slots < 4 * n:
        slots *= 2
    seen = np.zeros(slots, np.uint8)
    # The lowest bits say what a key is of, the highest are the partition's.
    mask, by = np.uint64(slots - 1), np.uint64(2)
    for record in range(n):
        slot = np.int64((keys[record] >> by) & mask)
        seen[slot] = min(seen[slot] + 1, 2)
    held = 0
    kept_keys, kept_pairs = np.empty_like(keys), np.empty_like(pairs)
    for record in range(n):
        if seen[np.int64((keys[record] >> by) & mask)] > 1:
            kept_keys[held], kept_pairs[held] = keys[record], pairs[record]
            held += 1
    kept_keys, kept_pairs = kept_keys[:held], kept_pairs[:held]
    order = order_of(kept_pairs.astype(np.uint64), np.arange(held).astype(np.uint32))
    order = order_of(kept_keys, order)
    count = 0
    sorted_keys, sorted_pairs = np.empty(held, np.uint64), np.empty(held, np.uint32)
    for place in range(held):
        key, pair = kept_keys[order[place]], kept_pairs[order[place]]
        if count and sorted_keys[count - 1] == key and sorted_pairs[count - 1] == pair:
            continue
        sorted_keys[count], sorted_pairs[count] = key, pair
        count += 1
    return sorted_keys[:count].copy(), sorted_pairs[:count].copy()


@numba.njit(cache=True, nogil=True)
def witnesses(
    keys: NDArray[np.uint64], pairs: NDArray[np.uint32], account: NDArray[np.int32]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Keys that stand in two pairs or more.

    Args:
        keys: of records, sorted by key and pair.
        pairs: of the same records.
        account: the account of each pair.

    Returns:
        Key, mark (the same for keys of the same pairs), holders and pairs; by key.
    """
    n = 0
    for place in range(1, keys.size):
        n += keys[place] == keys[place - 1] and (place == 1 or keys[place] != keys[place - 2])
    key, mark = np.empty(n, np.uint64), np.empty(n, np.uint64)
    holders, texts = np.empty(n, np.int64), np.empty(n, np.int64)
    at, place = 0, 0
    while place < keys.size:
        end, sum_of, held, before = place, np.uint64(0), 0, -1
        while end < keys.size and keys[end] == keys[place]:
            sum_of += mix(np.uint64(pairs[end]) + np.uint64(1))
            held += account[pairs[end]] != before
            before = account[pairs[end]]
            end += 1
        if end - place > 1:
            key[at], mark[at], holders[at], texts[at] = keys[place], sum_of, held, end - place
            at += 1
        place = end
    return key, mark, holders, texts


@numba.njit(cache=True, nogil=True)
def representatives(
    marks: NDArray[np.uint64], ranks: NDArray[np.uint64], order: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Of keys with the same mark, the one of least rank.

    Args:
        marks: shape (n,).
        ranks: shape (n,).
        order: rows sorted by mark.
    """
    chosen = np.zeros(order.size, np.bool_)
    place = 0
    while place < order.size:
        least = order[place]
        end = place
        while end < order.size and marks[order[end]] == marks[least]:
            if ranks[order[end]] < ranks[order[place]]:
                order[place], order[end] = order[end], order[place]
            end += 1
        chosen[order[place]] = True
        place = end
    return chosen


@numba.njit(cache=True, nogil=True)
def spread(
    keys: NDArray[np.uint64],
    pairs: NDArray[np.uint32],
    wanted: NDArray[np.uint64],
    account: NDArray[np.int32],
    n: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int32],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
]:
    """Who holds each wanted key.

    Args:
        keys: of records, sorted by key and pair.
        pairs: of the same records.
        wanted: keys, ascending.
        account: the account of each pair.
        n: its events.
        first: its first time.
        last: its last.

    Returns:
        Place among the wanted, account, events, first and last time; by key and account.
    """
    rows = 0
    at = 0
    size = keys.size
    made = (
        np.empty(size, np.int64),
        np.empty(size, np.int32),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )
    for place in range(size):
        while at < wanted.size and wanted[at] < keys[place]:
            at += 1
        if at == wanted.size:
            break
        if wanted[at] != keys[place]:
            continue
        pair = pairs[place]
        if rows and made[0][rows - 1] == at and made[1][rows - 1] == account[pair]:
            made[2][rows - 1] += n[pair]
            made[3][rows - 1] = min(made[3][rows - 1], first[pair])
            made[4][rows - 1] = max(made[4][rows - 1], last[pair])
            continue
        made[0][rows], made[1][rows] = at, account[pair]
        made[2][rows], made[3][rows], made[4][rows] = n[pair], first[pair], last[pair]
        rows += 1
    return made[0][:rows], made[1][:rows], made[2][:rows], made[3][:rows], made[4][:rows]
