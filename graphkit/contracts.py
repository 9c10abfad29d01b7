"""The tables that stages hand to one another: grain, columns, key.

A contract is checked at each crossing. Times are UTC microseconds; weights and scores are
integer millibits, so that sums are exact whatever the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.errors import DataError

TIMESTAMP = pa.timestamp("us", tz="UTC")
# A whole text; the same but for what fills its slots; its first words; its last; a passage inside
# of one text, of several.
PROMPT_KINDS = ("prompt", "skeleton", "opening", "closing", "payload", "wrapper")
# Made of a text or of several columns, so that no single value names them.
UNNAMED_KINDS = ("billing", "card_weak", *PROMPT_KINDS)
# What accounts share; then what they do and are, and the company that a pair keeps.
SHARED_SIGNALS = ("address", "payment", "device", "email", "organisation", "prompt", "mention")
SIGNALS = (*SHARED_SIGNALS, "hours", "account", "context")


@dataclass(frozen=True)
class Contract:
    """A table's promise.

    Attributes:
        name: how messages call the table.
        grain: what one row is, in one sentence.
        columns: name to type, in order.
        required: columns without nulls.
        key: columns that make a row unique; empty where rows repeat.
    """

    name: str
    grain: str
    columns: Mapping[str, pa.DataType]
    required: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a table that keeps the promise."""
        return pa.schema([pa.field(name, dtype) for name, dtype in self.columns.items()])

    def empty(self) -> pa.Table:
        """A table of this contract without rows."""
        return self.schema.empty_table()

    def check(self, table: pa.Table) -> pa.Table:
        """Return the table as it is, when it keeps the promise.

        Raises:
            DataError: naming every wrong column, null or repeated key.
        """
        wrong = [
            f"{name}: {table.schema.field(name).type if name in table.column_names else 'missing'}"
            f" instead of {dtype}"
            for name, dtype in self.columns.items()
            if name not in table.column_names or table.schema.field(name).type != dtype
        ]
        wrong += [
            f"{name}: not a column" for name in table.column_names if name not in self.columns
        ]
        if not wrong:
            wrong = [
                f"{name}: {table[name].null_count} nulls"
                for name in self.required or self.key
                if table[name].null_count
            ]
        if not wrong and self.key and not _ascending(table, self.key):
            distinct = table.group_by(list(self.key), use_threads=False).aggregate([]).num_rows
            if distinct != table.num_rows:
                wrong = [f"key ({', '.join(self.key)}): {table.num_rows - distinct} repeats"]
        if wrong:
            raise DataError(
                f"table {self.name} breaks its contract",
                found="; ".join(wrong),
                allowed=f"{self.grain} Columns: {', '.join(self.columns)}",
                do="correct the table that was handed in",
            )
        return table

    def conform(self, table: pa.Table) -> pa.Table:
        """Bring columns into the contract's order and types, then check.

        Raises:
            DataError: as `check`; pa.ArrowInvalid where a value does not fit its type.
        """
        names = [name for name in self.columns if name in table.column_names]
        arranged = table.select(names)
        if len(names) == len(self.columns):
            arranged = arranged.cast(self.schema)
        return self.check(arranged)


def _ascending(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether each row's key is above the one before; then none repeats, at a tenth of the cost."""
    n = max(table.num_rows - 1, 0)
    above, same = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    for name in key:
        before, after = table[name].slice(0, n), table[name].slice(1)
        above |= same & _true(pc.greater(after, before))
        same &= _true(pc.equal(after, before))
    return bool(above.all())


def _true(cells: pa.ChunkedArray) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = pc.fill_null(cells, False).to_numpy(zero_copy_only=False)
    return values


ACCOUNTS = Contract(
    "ACCOUNTS",
    "One row per account, as of the snapshot's day.",
    {
        "account_id": pa.string(),
        "created_at": TIMESTAMP,
        "email_domain": pa.string(),
        "org_id": pa.string(),
        "country": pa.string(),
        "status": pa.string(),
    },
    required=("account_id",),
    key=("account_id",),
)
REQUESTS = Contract(
    "REQUESTS",
    "One row per request; rows may repeat.",
    {
        "account_id": pa.string(),
        "ts": TIMESTAMP,
        "ip": pa.string(),
        "user_agent": pa.string(),
        "tls_fingerprint": pa.string(),
        "model": pa.string(),
        "prompt": pa.string(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
    },
    required=("account_id", "ts"),
)
PAYMENTS = Contract(
    "PAYMENTS",
    "One row per payment; rows may repeat. amount_usd is in dollars and cents.",
    {
        "account_id": pa.string(),
        "ts": TIMESTAMP,
        "method": pa.string(),
        "fingerprint": pa.string(),
        "bin": pa.string(),
        "last4": pa.string(),
        "billing_name": pa.string(),
        "billing_postal": pa.string(),
        "billing_country": pa.string(),
        "amount_usd": pa.decimal128(18, 2),
    },
    required=("account_id", "ts"),
)
MENTIONS = Contract(
    "MENTIONS",
    "One row per identifier that an account carried; rows may repeat. content_id is the post or "
    "message that carried it, null where nobody says.",
    {
        "account_id": pa.string(),
        "kind": pa.string(),
        "entity": pa.string(),
        "ts": TIMESTAMP,
        "content_id": pa.string(),
    },
    required=("account_id", "kind", "entity", "ts"),
)
INPUTS = {"accounts": ACCOUNTS, "requests": REQUESTS, "payments": PAYMENTS, "mentions": MENTIONS}

REJECTS = Contract(
    "REJECTS",
    "One row per refused row of a day's files.",
    {
        "dt": pa.date32(),
        "table": pa.string(),
        "file": pa.string(),
        "row": pa.int64(),
        "column": pa.string(),
        "reason": pa.string(),
    },
    required=("dt", "table", "file", "row", "reason"),
)
LINKS = Contract(
    "LINKS",
    "One row per day, account, entity kind and entity: events, their share of the account's events "
    "of that sort that day, first and last seen. The entity is a keyed pseudonym; the trait is "
    "what may be known of it.",
    {
        "dt": pa.date32(),
        "account_id": pa.string(),
        "kind": pa.string(),
        "entity": pa.int64(),
        "trait": pa.string(),
        "n": pa.int64(),
        "share": pa.float64(),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
    },
    key=("dt", "account_id", "kind", "entity"),
    required=(
        "dt",
        "account_id",
        "kind",
        "entity",
        "trait",
        "n",
        "share",
        "first_seen",
        "last_seen",
    ),
)
ACTIVITY = Contract(
    "ACTIVITY",
    "One row per day, account, hour and model: requests, tokens in and out, and a 60-bit mask of "
    "the minutes used (bit 0 is minute 0).",
    {
        "dt": pa.date32(),
        "account_id": pa.string(),
        "hour": TIMESTAMP,
        "model": pa.string(),
        "requests": pa.int64(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "minutes": pa.int64(),
    },
    key=("dt", "account_id", "hour", "model"),
)
PROFILES = Contract(
    "PROFILES",
    "One row per day and account that the day's files name: what the accounts table says of it "
    "(null where it is not listed; org is a keyed pseudonym), its requests, payments and paid "
    "cents that day.",
    {
        "dt": pa.date32(),
        "account_id": pa.string(),
        "created_at": TIMESTAMP,
        "country": pa.string(),
        "status": pa.string(),
        "org": pa.int64(),
        "requests": pa.int64(),
        "payments": pa.int64(),
        "amount_cents": pa.int64(),
    },
    key=("dt", "account_id"),
    required=("dt", "account_id", "requests", "payments", "amount_cents"),
)
LISTED = Contract(
    "LISTED",
    "One row per entry of an allow-list as a person wrote it: where it stands, the kind (`account` "
    "or an entity kind), the raw value (a device's is its user agent), the last day it holds (null "
    "for ever), why. Never kept.",
    {
        "place": pa.string(),
        "kind": pa.string(),
        "entity": pa.string(),
        "tls_fingerprint": pa.string(),
        "until": pa.date32(),
        "why": pa.string(),
    },
    required=("place", "kind", "entity", "why"),
)
BENIGN = Contract(
    "BENIGN",
    "One row per entry of an allow-list: its kind, an account's id or the keyed pseudonym of an "
    "entity, the last day it holds (null for ever), why.",
    {
        "kind": pa.string(),
        "entity": pa.string(),
        "until": pa.date32(),
        "why": pa.string(),
    },
    required=("kind", "entity", "why"),
)
BENIGN_REMOVED = Contract(
    "BENIGN_REMOVED",
    "One row per entry of the allow-list of a date: state is applied, expired or unmatched "
    "(nothing in the window is it); n_links and n_accounts are what it took out of the window, one "
    "thing perhaps by several entries.",
    {
        **BENIGN.columns,
        "state": pa.string(),
        "n_links": pa.int64(),
        "n_accounts": pa.int64(),
    },
    required=("kind", "entity", "why", "state", "n_links", "n_accounts"),
)
FOUND_TABLES = Contract(
    "FOUND_TABLES",
    "One row per day and table of what was found before a run: files, rows, refused rows, rows "
    "that say what another says, rows with a time of another day, rows of a feed of mentions "
    "without an entity, cells that became null. Never kept.",
    {
        "dt": pa.date32(),
        "table": pa.string(),
        **{
            name: pa.int64()
            for name in ("files", "rows", "refused", "collapsed", "late", "blank", "cells")
        },
    },
    key=("dt", "table"),
)
REFUSALS = Contract(
    "REFUSALS",
    "One row per table, column (empty where the row is broken) and reason for which a row was "
    "refused or a cell became null, with how many. Never kept.",
    {
        "table": pa.string(),
        "column": pa.string(),
        "what": pa.string(),
        "reason": pa.string(),
        "n": pa.int64(),
    },
    key=("table", "column", "what", "reason"),
)
ODD_DAYS = Contract(
    "ODD_DAYS",
    "One row per unusual thing about a day of a window: the table it is about (null where it is "
    "the whole day), what sort of thing, and one line for people.",
    {
        "dt": pa.date32(),
        "table": pa.string(),
        "oddity": pa.string(),
        "says": pa.string(),
    },
    required=("dt", "oddity", "says"),
    key=("dt", "table", "oddity", "says"),
)
HUBS = Contract(
    "HUBS",
    "One row per hub: an entity with more holders than its kind's cap, which proposes no pair. "
    "pairs_withheld is how many pairs its holders would have made.",
    {
        "kind": pa.string(),
        "entity": pa.string(),
        "trait": pa.string(),
        "n_accounts": pa.int64(),
        "pairs_withheld": pa.int64(),
    },
    key=("kind", "entity"),
)
EDGES = Contract(
    "EDGES",
    "One row per unordered pair of accounts with evidence, account_a < account_b: the weight is "
    "the sum of the signals in millibits, the log odds that one operator's ring runs both; "
    "probability is the same in thousandths; n_shared counts the shared entities.",
    {
        "account_a": pa.string(),
        "account_b": pa.string(),
        "weight": pa.int64(),
        "probability": pa.int64(),
        **{signal: pa.int64() for signal in SIGNALS},
        "n_shared": pa.int64(),
    },
    key=("account_a", "account_b"),
)
FACTS = Contract(
    "FACTS",
    "One row per entity that two accounts or more hold and that says something: its signal, how "
    "many hold it, whether it proposes pairs or only corroborates, and the millibits it adds to a "
    "pair whose activity all shows it and that shares nothing else of its signal; below 0 where it "
    "speaks against.",
    {
        "kind": pa.string(),
        "entity": pa.int64(),
        "signal": pa.string(),
        "trait": pa.string(),
        "n_holders": pa.int64(),
        "role": pa.string(),
        "weight": pa.int64(),
    },
    key=("kind", "entity"),
)
USES = Contract(
    "USES",
    "One row per account that has an edge, entity and spell: a spell is a run of uses without a "
    "gap after which the entity may have changed hands (addresses), or the whole window "
    "(everything else). part is in how many thousandths of the fact's weight the use counts.",
    {
        "account_id": pa.string(),
        "kind": pa.string(),
        "entity": pa.int64(),
        "n": pa.int64(),
        "part": pa.int64(),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
    },
)
SCORECARD = Contract(
    "SCORECARD",
    "One row per fact and interval of its values, from low (null: from the least) to below high "
    "(null: without end): the signal that it counts for, the millibits it adds, and in how many "
    "thousandths of the rows it was seen that were what the card looks for, and of the others. The "
    "fact `base` is what every row starts from.",
    {
        "signal": pa.string(),
        "fact": pa.string(),
        "low": pa.float64(),
        "high": pa.float64(),
        "millibits": pa.int64(),
        "seen_for": pa.int64(),
        "seen_against": pa.int64(),
    },
    required=("signal", "fact", "millibits", "seen_for", "seen_against"),
)
PAIR_FACTS = Contract(
    "PAIR_FACTS",
    "One row per fact about one pair of accounts, in the order in which they are added up: its "
    "signal, its value (null where it is unknown or has none), the millibits that it adds, the sum "
    "up to it, and what it is, with its unit. What adds most stands first within the signal that "
    "adds most, what adds nothing last.",
    {
        "signal": pa.string(),
        "fact": pa.string(),
        "value": pa.float64(),
        "millibits": pa.int64(),
        "total": pa.int64(),
        "says": pa.string(),
    },
    required=("signal", "fact", "millibits", "total", "says"),
    key=("fact",),
)
PAIR_SHARED = Contract(
    "PAIR_SHARED",
    "One row per entity that both accounts of a pair hold: how many hold it, whether it proposes "
    "pairs, only corroborates or was used too far apart in time to count (`apart`), and of either "
    "account in how many thousandths of its activity of that sort it is, first and last seen.",
    {
        "signal": pa.string(),
        "kind": pa.string(),
        "entity": pa.string(),
        "trait": pa.string(),
        "n_holders": pa.int64(),
        "role": pa.string(),
        "part_a": pa.int64(),
        "first_a": TIMESTAMP,
        "last_a": TIMESTAMP,
        "part_b": pa.int64(),
        "first_b": TIMESTAMP,
        "last_b": TIMESTAMP,
    },
    key=("kind", "entity"),
)
CARDS = Contract(
    "CARDS",
    "One row per card, fact and interval: the scorecards that a date was judged by, those of pairs "
    "first; the columns of SCORECARD after the card's name.",
    {"card": pa.string(), **SCORECARD.columns},
    required=("card", *SCORECARD.required),
)
RING_LABELS = Contract(
    "RING_LABELS",
    "One row per account of which it is known who runs it: the ring, or null for an honest one.",
    {"account_id": pa.string(), "ring": pa.string()},
    required=("account_id",),
    key=("account_id",),
)
PAIR_LABELS = Contract(
    "PAIR_LABELS",
    "One row per pair of accounts, the lesser id first, of which it is known whether one "
    "operator's ring runs both.",
    {"account_a": pa.string(), "account_b": pa.string(), "same": pa.bool_()},
    required=("account_a", "account_b", "same"),
    key=("account_a", "account_b"),
)
STRUCTURE = Contract(
    "STRUCTURE",
    "One row per account of the graph: a hash of its place in it that no name enters "
    "(Weisfeiler-Leman), for ordering accounts in a way that renaming does not change.",
    {"account_id": pa.string(), "structure": pa.uint64()},
    key=("account_id",),
)
MEMBERSHIP = Contract(
    "MEMBERSHIP",
    "One row per account that has an edge: the number of its community.",
    {"account_id": pa.string(), "community": pa.int64()},
    key=("account_id",),
)
COMMUNITIES = Contract(
    "COMMUNITIES",
    "One row per account of a community of two or more, judged a ring or not: the community's "
    "number, and the ring that the account is in (null where in none).",
    {
        "dt": pa.date32(),
        "community": pa.int64(),
        "account_id": pa.string(),
        "ring_id": pa.string(),
    },
    required=("dt", "community", "account_id"),
    key=("dt", "account_id"),
)
COSHARES = Contract(
    "COSHARES",
    "One row per unordered pair of accounts that carried the same entity close in time, "
    "account_a < account_b: weight counts the pairs of mentions, mean_time_delta_s is the mean of "
    "the seconds between them.",
    {
        "account_a": pa.string(),
        "account_b": pa.string(),
        "weight": pa.int64(),
        "mean_time_delta_s": pa.float64(),
    },
    key=("account_a", "account_b"),
)
RINGS = Contract(
    "RINGS",
    "One row per ring of a day. status is published, candidate (below the floors) or organisation "
    "(past them, but inside one verified organisation); organisation is the pseudonym of the one "
    "that the ring lies inside (null where in none, or where no organisation is verified). score "
    "is the log odds, in millibits, that one operator runs at least half of the accounts; "
    "benign is what explains the group better (null where nothing does), and then it is a "
    "candidate whatever its score; n_active counts members with an event on "
    "the day itself; requests and amount_usd are the members' over the window; first and last seen "
    "are those of the shared facts; signals that carry at least half of the members are named "
    "strongest first.",
    {
        "dt": pa.date32(),
        "ring_id": pa.string(),
        "status": pa.string(),
        "score": pa.int64(),
        "size": pa.int64(),
        "n_active": pa.int64(),
        "n_banned": pa.int64(),
        "requests": pa.int64(),
        "amount_usd": pa.decimal128(18, 2),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
        "signals": pa.string(),
        "organisation": pa.string(),
        "benign": pa.string(),
    },
    key=("dt", "ring_id"),
)
RING_MEMBERS = Contract(
    "RING_MEMBERS",
    "One row per day, ring and account. score and status are the ring's; confidence is the "
    "probability that the ring's operator runs the account.",
    {
        "dt": pa.date32(),
        "ring_id": pa.string(),
        "account_id": pa.string(),
        "score": pa.int64(),
        "confidence": pa.float64(),
        "status": pa.string(),
    },
    key=("dt", "account_id"),
)
EVIDENCE = Contract(
    "EVIDENCE",
    "One row per day, ring and shared fact: which members it ties, how many accounts hold it in "
    "all, events of the members, first and last seen, and the most it adds to a pair of them, in "
    "millibits. Kinds of one signal are one witness: a pair's evidence takes the strongest. "
    "role says whether it proposes pairs or only corroborates.",
    {
        "dt": pa.date32(),
        "ring_id": pa.string(),
        "signal": pa.string(),
        "kind": pa.string(),
        "entity": pa.string(),
        "trait": pa.string(),
        "role": pa.string(),
        "n_members": pa.int64(),
        "n_holders": pa.int64(),
        "n_events": pa.int64(),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
        "weight": pa.int64(),
        "members": pa.list_(pa.string()),
    },
    key=("dt", "ring_id", "kind", "entity"),
    required=("dt", "ring_id", "kind", "entity", "n_members", "n_holders", "weight", "members"),
)
FAMILIES = Contract(
    "FAMILIES",
    "One row per ring and family of texts that two members or more have in common: a wrapper, or "
    "the ring's data set. family is the pseudonym of the key that stands for it, n_keys how many "
    "keys there are; share is the part of all members' requests in the window.",
    {
        "ring_id": pa.string(),
        "family": pa.string(),
        "sort": pa.string(),
        "n_keys": pa.int64(),
        "n_members": pa.int64(),
        "n_events": pa.int64(),
        "share": pa.float64(),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
    },
    required=("ring_id", "family", "sort", "n_keys", "n_members", "n_events", "share"),
    key=("ring_id", "family"),
)
RING_FACTS = Contract(
    "RING_FACTS",
    "One row per day, ring, question and fact that says something: the question is `ring` or a "
    "benign explanation; value is the fact's (null where it has none), millibits what it adds to "
    "the question's log odds; `base` is what they are before any fact is known, and `total` their "
    "sum. Of the explanations only the likeliest shows more than its total.",
    {
        "dt": pa.date32(),
        "ring_id": pa.string(),
        "question": pa.string(),
        "fact": pa.string(),
        "value": pa.float64(),
        "millibits": pa.int64(),
        "says": pa.string(),
    },
    key=("dt", "ring_id", "question", "fact"),
    required=("dt", "ring_id", "question", "fact", "millibits", "says"),
)
HOLDERS = Contract(
    "HOLDERS",
    "One row per account that used one entity in a window: events, days, first and last seen, and "
    "the ring that the account is in (null where in none).",
    {
        "account_id": pa.string(),
        "n": pa.int64(),
        "n_days": pa.int64(),
        "first_seen": TIMESTAMP,
        "last_seen": TIMESTAMP,
        "ring_id": pa.string(),
        "status": pa.string(),
    },
    required=("account_id", "n", "n_days", "first_seen", "last_seen"),
    key=("account_id",),
)
HOLDING_RINGS = Contract(
    "HOLDING_RINGS",
    "One row per ring that one entity is evidence of; score and weight are in millibits.",
    {
        "ring_id": pa.string(),
        "status": pa.string(),
        "score": pa.int64(),
        "size": pa.int64(),
        "n_members": pa.int64(),
        "n_holders": pa.int64(),
        "role": pa.string(),
        "weight": pa.int64(),
    },
    key=("ring_id",),
)
REVEALED = Contract(
    "REVEALED",
    "One row per value that a pseudonym stands for. Never kept.",
    {"entity": pa.string(), "value": pa.string()},
    key=("entity", "value"),
)
LINEAGE = Contract(
    "LINEAGE",
    "One row per pair of related rings of two days: how many accounts they share and what became "
    "of the earlier one. A ring without a partner has one row with the other side null.",
    {
        "dt": pa.date32(),
        "ring_id": pa.string(),
        "previous_dt": pa.date32(),
        "previous_ring_id": pa.string(),
        "n_shared": pa.int64(),
        "event": pa.string(),
    },
)
TRUTH = Contract(
    "TRUTH",
    "One row per account of a simulated or labelled world: the ring it belongs to (null where "
    "none), who runs the ring (one operator for a ring and its successors), by which tactics and "
    "in which role (member, hijacked, bridge, junk); of honest accounts the kind of group (lone "
    "where none) and which group of that kind, and the role framed where a ring copied its "
    "traces; the first and last day on which it could act.",
    {
        "account_id": pa.string(),
        "ring": pa.string(),
        "operator": pa.string(),
        "tactic": pa.string(),
        "role": pa.string(),
        "group": pa.string(),
        "kind": pa.string(),
        "first_day": pa.date32(),
        "last_day": pa.date32(),
    },
    required=("account_id",),
    key=("account_id",),
)
CLAIMS = Contract(
    "CLAIMS",
    "One row per account that a method links to others: the ring that the method puts it in, the "
    "score by which rings are ranked (of any unit, equal within a ring), the account's confidence "
    "(null where the method states none), and whether the method publishes it.",
    {
        "account_id": pa.string(),
        "ring": pa.string(),
        "score": pa.float64(),
        "confidence": pa.float64(),
        "published": pa.bool_(),
    },
    required=("account_id", "ring", "score", "published"),
    key=("account_id",),
)
FIGURES = Contract(
    "FIGURES",
    "One row per figure of a comparison with a truth, and per part where it is told by part: how "
    "many of how many (null where it is no share of a count), its value, and a 95% interval (null "
    "where none is stated).",
    {
        "figure": pa.string(),
        "part": pa.string(),
        "n": pa.int64(),
        "of": pa.int64(),
        "value": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
    },
    required=("figure", "part", "value"),
    key=("figure", "part"),
)
TRACES = Contract(
    "TRACES",
    "One row per entity that a planted ring owns and two of its accounts share, spelled as the "
    "records spell it (ip, card, name, device, domain, org, prompt); of prompts an item of a "
    "private set, or a stretch of the ring's wrapper that bears a word of its own.",
    {"ring": pa.string(), "kind": pa.string(), "entity": pa.string()},
    required=("ring", "kind", "entity"),
    key=("ring", "kind", "entity"),
)


def pseudonym(kind: str, entity: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Spell keyed 64-bit entities of one kind for people: `ip-00f3…`, 16 hexadecimal digits.

    Args:
        kind: entity kind, the prefix.
        entity: int64, shape (n,).

    Returns:
        string, shape (n,).
    """
    digits = [f"{kind}-{value:016x}" for value in np.asarray(entity).view(np.uint64).tolist()]
    return pa.array(digits, pa.string())
