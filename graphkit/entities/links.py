"""From a day's checked tables to links: who used which entity, how often and when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from graphkit.contracts import ACTIVITY, LINKS, PROFILES, TIMESTAMP
from graphkit.entities.columns import EntityColumns
from graphkit.entities.keys import Key
from graphkit.entities.sealing import sealed
from graphkit.entities.texts import Texts
from graphkit.entities.witnesses import KINDS, TRAITS, TextLinks
from graphkit.sql import query

# Parts are merged when this many rows of aggregates have gathered, so that memory stays bounded.
_MERGE_ROWS = 4_000_000
_RANGE_ROWS = 2_000_000  # links of texts that are put in order at a time


@dataclass(frozen=True)
class Linked:
    """What a day's events leave behind.

    Attributes:
        links: LINKS of the day.
        activity: ACTIVITY of the day.
        profiles: PROFILES of the day.
        cells: values that cannot link, by table.column and reason, in cells.
    """

    links: pa.Table
    activity: pa.Table
    profiles: pa.Table
    cells: dict[tuple[str, str], int]


def link_accounts(
    accounts: pa.Table,
    requests: Iterable[pa.Table],
    payments: Iterable[pa.Table],
    mentions: Iterable[pa.Table],
    *,
    dt: date,
    key: Key,
) -> Linked:
    """Link the accounts of a day to the entities they used.

    Args:
        accounts: ACCOUNTS.
        requests: REQUESTS, in parts; drawn once.
        payments: PAYMENTS, in parts; drawn once.
        mentions: MENTIONS, in parts; drawn once.
        dt: the day.
        key: what pseudonyms are made with.
    """
    maker = EntityColumns(key)
    uses, activity, totals = _Sum(_USES), _Sum(_ACTIVITY), _Sum(_TOTALS)
    texts = Texts()
    for part in requests:
        texts.add(part)
        columns = maker.requests(part)
        uses.add(query(_REQUEST_USES, {"part": columns}))
        activity.add(query(_REQUEST_ACTIVITY, {"part": part}))
    for part in payments:
        columns = maker.payments(part)
        uses.add(query(_PAYMENT_USES, {"part": columns}))
        totals.add(query(_PAYMENT_TOTALS, {"part": part}))
    for part in mentions:
        uses.add(query(_MENTION_USES, {"part": maker.mentions(part)}))
        totals.add(query(_MENTION_TOTALS, {"part": part}))
    hours = activity.table()
    requested = query(_REQUEST_TOTALS, {"activity": hours})
    totals.add(requested)
    held = texts.links(requested["account_id"])
    columns = maker.accounts(accounts)
    uses.add(query(_ACCOUNT_USES, {"part": columns}, {"dt": dt}))
    used, sums = uses.table(), totals.table()
    links = join_links(held, requested, used, sums, dt=dt, key=key)
    accounts = accounts.append_column("org", columns["org"])
    profiles = query(_PROFILES, {"accounts": accounts, "uses": used, "totals": sums}, {"dt": dt})
    return Linked(
        LINKS.conform(links),
        ACTIVITY.conform(query(_DATED, {"hours": hours}, {"dt": dt})),
        PROFILES.conform(profiles),
        maker.cells,
    )


def join_links(
    held: TextLinks, requested: pa.Table, uses: pa.Table, totals: pa.Table, *, dt: date, key: Key
) -> pa.Table:
    """Put links of texts and of everything else in order, a range of accounts at a time.

    Args:
        held: numbered by the rows of `requested`.
        requested: accounts with their requests of the day, by id.
        uses: merged uses of other entities.
        totals: merged totals.
        dt: the day.
        key: what entities of texts are sealed with.

    Returns:
        LINKS.
    """
    order = np.argsort(held.account, kind="stable")
    ends = np.cumsum(np.bincount(held.account, minlength=requested.num_rows))
    cuts = np.unique(np.searchsorted(ends, np.arange(_RANGE_ROWS, len(order), _RANGE_ROWS)) + 1)
    cuts = cuts[cuts < requested.num_rows]
    lows = ["", *requested["account_id"].take(pa.array(cuts)).to_pylist()]
    starts = [0, *ends[cuts - 1], len(order)]
    made = []
    for low, high, (start, stop) in zip(lows, [*lows[1:], None], pairwise(starts), strict=True):
        columns: list[Any] = [column[order[start:stop]] for column in held]
        texts = _text_links(TextLinks(*columns), requested, key)
        tables = {"uses": uses, "totals": totals, "texts": texts}
        made.append(query(_LINKS, tables, {"dt": dt, "low": low, "high": high}))
    return pa.concat_tables(made)


def _text_links(links: TextLinks, requested: pa.Table, key: Key) -> pa.Table:
    """LINKS of texts, but for the day.

    Args:
        links: numbered by the rows of `requested`.
        requested: accounts with their requests of the day.
        key: what entities are sealed with.
    """
    entity = sealed(links.entity, key.derive("prompt"))
    account = pa.array(links.account)
    kinds, traits = (pa.array(names, pa.string()) for names in (KINDS, TRAITS))
    return pa.table(
        {
            "account_id": requested["account_id"].take(account),
            "kind": kinds.take(pa.array(links.kind)),
            "entity": pa.array(entity.view(np.int64)),
            "trait": traits.take(pa.array(links.trait)),
            "n": pa.array(links.n),
            "share": pa.array(links.n / requested["requests"].take(account).to_numpy()),
            "first_seen": pa.array(links.first).cast(TIMESTAMP),
            "last_seen": pa.array(links.last).cast(TIMESTAMP),
        }
    )


class _Sum:
    """Aggregates of parts, merged now and then by one statement over `parts`."""

    def __init__(self, merge: str) -> None:
        self._merge = merge
        self._parts: list[pa.Table] = []
        self._rows = 0

    def add(self, part: pa.Table) -> None:
        self._parts.append(part)
        self._rows += part.num_rows
        if self._rows > _MERGE_ROWS and len(self._parts) > 1:
            merged = self.table()
            self._parts, self._rows = [merged], 0

    def table(self) -> pa.Table:
        if not self._parts:
            return _EMPTY[self._merge]
        return query(self._merge, {"parts": pa.concat_tables(self._parts)})


_REQUEST_USES = """
WITH long AS (
    SELECT account_id, ts, 'ip' AS kind, ip AS entity, ip_trait AS trait FROM part
    UNION ALL SELECT account_id, ts, 'device', device, device_trait FROM part
)
SELECT account_id, kind, entity, max(trait) AS trait, 'requests' AS source, count(*) AS n,
    min(ts) AS first_seen, max(ts) AS last_seen
FROM long WHERE entity IS NOT NULL GROUP BY ALL
"""
_PAYMENT_USES = """
WITH told AS (
    SELECT *, concat_ws(', ', CASE left(bin, 1) WHEN '2' THEN 'mastercard'
        WHEN '3' THEN 'amex, diners or jcb' WHEN '4' THEN 'visa' WHEN '5' THEN 'mastercard'
        WHEN '6' THEN 'discover or unionpay' END, upper(left(billing_country, 2))) AS trait
    FROM part
), long AS (
    SELECT account_id, ts, trait, 'card' AS kind, card AS entity FROM told
    UNION ALL SELECT account_id, ts, trait, 'card_weak', card_weak FROM told
    UNION ALL SELECT account_id, ts, trait, 'billing', billing FROM told
)
SELECT account_id, kind, entity, max(trait) AS trait, 'payments' AS source, count(*) AS n,
    min(ts) AS first_seen, max(ts) AS last_seen
FROM long WHERE entity IS NOT NULL GROUP BY ALL
"""
_MENTION_USES = """
SELECT account_id, kind, entity, max(trait) AS trait, 'mentions' AS source, count(*) AS n,
    min(ts) AS first_seen, max(ts) AS last_seen
FROM part WHERE entity IS NOT NULL GROUP BY ALL
"""
_ACCOUNT_USES = """
SELECT account_id, kind, entity, trait, 'accounts' AS source, CAST(1 AS BIGINT) AS n,
    CAST(CAST($dt AS DATE) AS TIMESTAMPTZ) AS first_seen,
    CAST(CAST($dt AS DATE) AS TIMESTAMPTZ) AS last_seen
FROM (
    SELECT account_id, 'email_domain' AS kind, email_domain AS entity, email_domain_trait AS trait
    FROM part
    UNION ALL SELECT account_id, 'org', org, org_trait FROM part
)
WHERE entity IS NOT NULL
"""
_USES = """
SELECT account_id, kind, entity, max(trait) AS trait, min(source) AS source,
    CAST(sum(n) AS BIGINT) AS n, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM parts GROUP BY account_id, kind, entity
"""
_REQUEST_ACTIVITY = """
SELECT account_id, date_trunc('hour', ts) AS hour, coalesce(model, '') AS model,
    count(*) AS requests,
    CAST(coalesce(sum(input_tokens), 0) AS BIGINT) AS input_tokens,
    CAST(coalesce(sum(output_tokens), 0) AS BIGINT) AS output_tokens,
    bit_or(CAST(1 AS BIGINT) << CAST(extract(minute FROM ts) AS INT)) AS minutes
FROM part GROUP BY ALL
"""
_ACTIVITY = """
SELECT account_id, hour, model, CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(output_tokens) AS BIGINT) AS output_tokens, bit_or(minutes) AS minutes
FROM parts GROUP BY account_id, hour, model
"""
_DATED = """
SELECT CAST($dt AS DATE) AS dt, * FROM hours ORDER BY account_id, hour, model
"""
_REQUEST_TOTALS = """
SELECT account_id, CAST(sum(requests) AS BIGINT) AS requests, CAST(0 AS BIGINT) AS payments,
    CAST(0 AS BIGINT) AS amount_cents
FROM activity GROUP BY account_id ORDER BY account_id
"""
_PAYMENT_TOTALS = """
SELECT account_id, CAST(0 AS BIGINT) AS requests, count(*) AS payments,
    CAST(coalesce(sum(amount_usd * 100), 0) AS BIGINT) AS amount_cents
FROM part GROUP BY account_id
"""
_MENTION_TOTALS = """
SELECT DISTINCT account_id, CAST(0 AS BIGINT) AS requests, CAST(0 AS BIGINT) AS payments,
    CAST(0 AS BIGINT) AS amount_cents
FROM part
"""
_TOTALS = """
SELECT account_id, CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(payments) AS BIGINT) AS payments, CAST(sum(amount_cents) AS BIGINT) AS amount_cents
FROM parts GROUP BY account_id
"""
_LINKS = """
WITH mine AS (
    SELECT * FROM uses WHERE account_id >= $low AND ($high IS NULL OR account_id < $high)
), carried AS (
    SELECT account_id, kind, sum(n) AS of_kind FROM mine
    WHERE kind IN (SELECT kind FROM uses WHERE source = 'mentions') GROUP BY ALL
)
SELECT CAST($dt AS DATE) AS dt, account_id, kind, entity, trait, n,
    n / CASE source WHEN 'requests' THEN requests WHEN 'payments' THEN payments
        WHEN 'mentions' THEN of_kind ELSE n END AS share,
    first_seen, last_seen
FROM mine LEFT JOIN totals USING (account_id) LEFT JOIN carried USING (account_id, kind)
UNION ALL SELECT CAST($dt AS DATE) AS dt, * FROM texts
ORDER BY account_id, kind, entity
"""
_PROFILES = """
SELECT CAST($dt AS DATE) AS dt, account_id, created_at, country, status, org,
    coalesce(requests, 0) AS requests, coalesce(payments, 0) AS payments,
    coalesce(amount_cents, 0) AS amount_cents
FROM (SELECT account_id FROM accounts UNION SELECT account_id FROM uses
      UNION SELECT account_id FROM totals)
LEFT JOIN accounts USING (account_id) LEFT JOIN totals USING (account_id)
ORDER BY account_id
"""
_TIME = pa.timestamp("us", tz="UTC")
_TEXT, _COUNT = pa.string(), pa.int64()
_COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    _USES: {
        **dict.fromkeys(("account_id", "kind"), _TEXT),
        "entity": pa.int64(),
        **dict.fromkeys(("trait", "source"), _TEXT),
        "n": _COUNT,
        **dict.fromkeys(("first_seen", "last_seen"), _TIME),
    },
    _ACTIVITY: {
        "account_id": _TEXT,
        "hour": _TIME,
        "model": _TEXT,
        **dict.fromkeys(("requests", "input_tokens", "output_tokens", "minutes"), _COUNT),
    },
    _TOTALS: {
        "account_id": _TEXT,
        **dict.fromkeys(("requests", "payments", "amount_cents"), _COUNT),
    },
}
_EMPTY = {merge: pa.schema(columns).empty_table() for merge, columns in _COLUMNS.items()}
