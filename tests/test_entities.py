import hashlib
import hmac
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from graphkit.contracts import (
    ACCOUNTS,
    ACTIVITY,
    INPUTS,
    LINKS,
    MENTIONS,
    PAYMENTS,
    PROFILES,
    REQUESTS,
    Contract,
)
from graphkit.entities import Key, Linked, link_accounts
from graphkit.entities.canonical import addresses, device_trait, domains, names
from graphkit.entities.links import _Sum
from graphkit.errors import SettingsError
from graphkit.ingest import check_tables
from graphkit.settings import IngestSettings
from tests.slow_texts import slow_links as slow_links_of_texts

DAY = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
SECRET = bytes(range(40, 72))
KEY = Key(SECRET)
Row = dict[str, Any]


def table(contract: Contract, rows: Sequence[Row]) -> pa.Table:
    """Rows of an input contract; what a row does not name is null, its time midnight."""
    blank: Row = dict.fromkeys(contract.columns)
    if "ts" in contract.columns:
        blank["ts"] = MIDNIGHT
    return pa.Table.from_pylist([blank | row for row in rows], schema=contract.schema)


def link(
    *,
    accounts: Sequence[Row] = (),
    requests: Sequence[Row] = (),
    payments: Sequence[Row] = (),
    mentions: Sequence[Row] = (),
    key: Key = KEY,
) -> Linked:
    return link_accounts(
        table(ACCOUNTS, accounts),
        [table(REQUESTS, requests)],
        [table(PAYMENTS, payments)],
        [table(MENTIONS, mentions)],
        dt=DAY,
        key=key,
    )


def entities(linked: Linked, kind: str) -> dict[str, set[int]]:
    """Each account's entities of a kind."""
    held: dict[str, set[int]] = {}
    for row in linked.links.to_pylist():
        if row["kind"] == kind:
            held.setdefault(row["account_id"], set()).add(row["entity"])
    return held


def same(linked: Linked, kind: str, one: str = "a", other: str = "b") -> bool:
    """Whether two accounts hold one entity of a kind, and the same one."""
    held = entities(linked, kind)
    return len(held.get(one, ())) == 1 and held.get(one) == held.get(other)


# Key


@pytest.mark.parametrize("secret", [b"", b"short", bytes(15), bytes(32), b"x" * 64])
def test_weak_secrets_are_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(SettingsError, match="too weak") as caught:
        Key(secret)
    assert repr(secret)[2:-1] not in str(caught.value) or not secret


def test_a_key_never_shows_its_secret() -> None:
    secret = b"correct horse battery staple"
    key = Key(secret)
    for text in (repr(key), str(key), f"{key}", f"{[key]}", key.id):
        assert "horse" not in text
        assert secret.hex() not in text
    assert repr(key) == f"Key(id={key.id!r})"


def test_a_keys_id_is_stable_and_its_own() -> None:
    assert Key(SECRET).id == KEY.id == Key(bytes(range(40, 72))).id
    assert len(KEY.id) == 12
    assert int(KEY.id, 16) >= 0
    assert len({Key.random().id for _ in range(20)}) == 20
    derived = hmac.digest(SECRET, b"graphkit\0key id", "sha256")
    assert derived.hex()[:12] == KEY.id


@given(
    secret=st.binary(min_size=16, max_size=200).filter(lambda text: len(set(text)) > 1),
    domain=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    values=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_pseudonyms_are_the_standard_librarys_hmac(
    secret: bytes, domain: str, values: list[str]
) -> None:
    subkey = hmac.digest(secret, b"graphkit\0" + domain.encode(), hashlib.sha256)
    macs = [hmac.digest(subkey, value.encode(), hashlib.sha256) for value in values]
    expected = [int.from_bytes(mac[:8], "little", signed=True) for mac in macs]
    made = Key(secret).pseudonyms(domain, values)
    assert made.dtype == "int64"
    assert made.tolist() == expected


def test_domains_and_keys_cannot_be_compared() -> None:
    values = [f"value {n}" for n in range(50)]
    columns = [KEY.pseudonyms(domain, values).tolist() for domain in ("ip", "card", "device")]
    columns.append(Key(SECRET[::-1]).pseudonyms("ip", values).tolist())
    assert len({entity for column in columns for entity in column}) == 200
    assert KEY.pseudonyms("ip", values).tolist() == columns[0]
    # A lone surrogate cannot come from Arrow, and stops no run when it comes from elsewhere.
    assert len(set(KEY.pseudonyms("ip", ["\ud800", "\udfff"]).tolist())) == 2


# Spellings

INSIDE, JUNK = "an inside or reserved address", "not an address"
LIST = "a list of addresses: log the one that connected to you"
ADDRESSES = {
    "203.0.113.7": "203.0.113.7",
    " 203.0.113.7\n": "203.0.113.7",
    "::ffff:203.0.113.7": "203.0.113.7",
    "::FFFF:cb00:7107": "203.0.113.7",
    "64:ff9b::203.0.113.7": "203.0.113.7",
    "64:ff9b::cb00:7107": "203.0.113.7",
    "2002:cb00:7107::1": "203.0.113.7",
    "2001:0:4136:e378:8000:63bf:34ff:8ef8": "203.0.113.7",
    "2001:db8::1": "2001:db8::/64",
    "2001:DB8:0:0:ffff::2": "2001:db8::/64",
    "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::/64",
    "2001:db8::1%eth0": "2001:db8::/64",
    "2001:db8:0:1::1": "2001:db8:0:1::/64",
    "10.1.2.3": INSIDE,
    "172.16.0.1": INSIDE,
    "172.31.255.255": INSIDE,
    "172.32.0.1": "172.32.0.1",
    "192.168.1.1": INSIDE,
    "100.64.0.1": INSIDE,
    "100.127.255.255": INSIDE,
    "100.128.0.1": "100.128.0.1",
    "127.0.0.1": INSIDE,
    "169.254.1.1": INSIDE,
    "224.0.0.1": INSIDE,
    "239.255.255.255": INSIDE,
    "255.255.255.255": INSIDE,
    "0.0.0.0": INSIDE,
    "::": INSIDE,
    "::1": INSIDE,
    "::203.0.113.7": INSIDE,
    "::ffff:10.0.0.1": INSIDE,
    "64:ff9b::10.0.0.1": INSIDE,
    "64:ff9b:1::1": INSIDE,
    "2002:0a00:0001::1": INSIDE,
    "fe80::1": INSIDE,
    "fe80::1%eth0": INSIDE,
    "fec0::1": INSIDE,
    "fc00::1": INSIDE,
    "fd12:3456::1": INSIDE,
    "ff02::1": INSIDE,
    "100::1": INSIDE,
    "010.001.002.003": JUNK,
    "203.000.113.007": JUNK,
    "203.0.113.7/32": JUNK,
    "203.0.113.7:443": "203.0.113.7",
    " 203.0.113.7:65535 ": "203.0.113.7",
    "[2001:db8::1]:443": "2001:db8::/64",
    "[2001:db8::1]": "2001:db8::/64",
    "[::ffff:203.0.113.7]:80": "203.0.113.7",
    "10.0.0.1:8080": INSIDE,
    "[::1]:80": INSIDE,
    "203.0.113.7:": JUNK,
    "203.0.113.7:65536": JUNK,
    "203.0.113.7:443:443": JUNK,
    "203.0.113.7:-1": JUNK,
    "203.0.113.7:٤": JUNK,
    "[203.0.113.7]:443": JUNK,
    "[2001:db8::1]443": JUNK,
    "[2001:db8::1": JUNK,
    "[[2001:db8::1]]:1": JUNK,
    "host.example:443": JUNK,
    ":443": JUNK,
    "203.0.113.7, 198.51.100.1": LIST,
    "203.0.113.7,10.0.0.1, 198.51.100.1:443": LIST,
    "unknown, 203.0.113.7": LIST,
    "203.0.113.7 198.51.100.1": JUNK,
    "192.0.0.8": INSIDE,
    "198.18.0.1": INSIDE,
    "198.19.255.255": INSIDE,
    "198.20.0.0": "198.20.0.0",
    "2001:2::1": INSIDE,
    "2001:10::1": INSIDE,
    "100:0:0:1::1": INSIDE,
    "5f00::1": INSIDE,
    "0xcb007107": JUNK,
    "3405803783": JUNK,
    "203.0.113": JUNK,
    "203.0.113.256": JUNK,
    "2001:db8:::1": JUNK,
    "unknown": JUNK,
    "-": JUNK,
    "<script>": JUNK,
    "٢٠٣.0.113.7": JUNK,
    "\x00": JUNK,
}


def test_addresses_have_one_spelling() -> None:
    for given_text, told in zip(ADDRESSES, addresses(list(ADDRESSES)), strict=True):
        expected = ADDRESSES[given_text]
        if expected in (INSIDE, JUNK, LIST):
            assert (told.text, told.reason) == (None, expected), given_text
        else:
            trait = "IPv6 /64" if ":" in expected else "IPv4"
            assert told == (expected, trait, ""), given_text


# Younger than the oracle of some Pythons, or exceptions within them; the table above has them.
UNSURE = [ip_network(n) for n in ("192.0.0.0/24", "2001::/23", "3fff::/20", "5f00::/16")]
UNSURE += [ip_network(n) for n in ("100:0:0:1::/64", "::/64", "64:ff9b:1::/48")]
EXAMPLES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
DOCUMENTED = [ip_network(n) for n in EXAMPLES]
FOLDED = [ip_network(n) for n in ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32")]
REGISTERED = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
    *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32"),
    *("2620:4f:8000::/48", "3fff::/20", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
)


def edges_of(network: str) -> list[IPv4Address | IPv6Address]:
    """First and last address of a network and their neighbours outside, as far as there are."""
    parsed = ip_network(network)
    first, last, most = int(parsed[0]), int(parsed[-1]), 2**parsed.max_prefixlen - 1
    numbers = [n for n in (first - 1, first, last, last + 1) if 0 <= n <= most]
    return [type(parsed[0])(n) for n in numbers]


def within(address: IPv4Address | IPv6Address, networks: Sequence[Any]) -> bool:
    return any(address in network for network in networks)


def links_by_the_oracle(address: IPv4Address | IPv6Address) -> bool:
    reachable = address.is_global and not address.is_multicast
    site_local = address.version == 6 and address.is_site_local
    return within(address, DOCUMENTED) or (reachable and not site_local)


@given(
    st.sampled_from(REGISTERED).flatmap(lambda network: st.sampled_from(edges_of(network)))
    | st.ip_addresses()
    | st.sampled_from(REGISTERED).flatmap(lambda network: st.ip_addresses(network=network))
)
def test_what_links_is_what_can_be_reached_from_everywhere(
    address: IPv4Address | IPv6Address,
) -> None:
    assume(within(address, DOCUMENTED) or not within(address, UNSURE + FOLDED))
    (told,) = addresses([str(address)])
    assert told.reason == ("" if links_by_the_oracle(address) else INSIDE), address


def test_addresses_that_cannot_link_are_counted() -> None:
    cells = list(ADDRESSES)
    requests = [{"account_id": f"a{n}", "ip": cell} for n, cell in enumerate([*cells, *cells])]
    linked = link(requests=[*requests, {"account_id": "none", "ip": None}])
    assert linked.cells == {
        ("requests.ip", reason): 2 * list(ADDRESSES.values()).count(reason)
        for reason in (INSIDE, JUNK, LIST)
    }
    linkable = {
        f"a{n}" for n, text in enumerate(ADDRESSES.values()) if text not in (INSIDE, JUNK, LIST)
    }
    held = entities(linked, "ip")
    assert {account for account in held if int(account[1:]) < len(cells)} == linkable
    assert len({entity for kept in held.values() for entity in kept}) == len(
        set(ADDRESSES.values()) - {INSIDE, JUNK, LIST}
    )


def test_names_have_one_spelling() -> None:
    spellings = [
        "Zoë O'Neill-Smith",
        "ZOE  O’NEILL SMITH",
        " zoe\u0308 o'neill.smith ",
        "Ｚｏｅ O Neill Smith",
    ]
    assert set(names(spellings)) == {"zoe o neill smith"}
    assert names(["STRASSE", "straße"]) == ["strasse"] * 2
    assert names(["SW1A 1AA", "sw1a-1aa"]) == ["sw1a 1aa"] * 2
    assert names(["", " ", "—", "\u0301"]) == [""] * 4
    assert len(set(names(["Ann Lee", "Anna Lee", "Lee Ann", "AnnLee", "李 安"]))) == 5


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_spelled_name_is_spelled(text: str) -> None:
    once = names([text])
    assert names(once) == once
    assert names([f"  {text}!"]) == once


def test_domains_are_spelled_and_marked() -> None:
    own, public, disposable = "own mail domain", "public mail provider", "disposable mail domain"
    expected = {
        "gmail.com": ("gmail.com", public),
        " GMail.Com. ": ("gmail.com", public),
        "jo@gmail.com": ("gmail.com", public),
        '"a@b"@Proton.me': ("proton.me", public),
        "mailinator.com": ("mailinator.com", disposable),
        "x@MAILINATOR.com": ("mailinator.com", disposable),
        "acme.example": ("acme.example", own),
        "notgmail.com": ("notgmail.com", own),
        "gmail.com.acme.example": ("gmail.com.acme.example", own),
    }
    assert [told[:2] for told in domains(list(expected))] == list(expected.values())
    assert {told for told in domains(["@", "jo@", ".", " "])} == {(None, "", "not a domain")}


# Columns


def test_mail_domains_link_whatever_their_spelling_and_bad_ones_are_counted() -> None:
    rows = [("a", "Acme.example"), ("b", "jo@acme.example."), ("c", "other.example"), ("d", "@")]
    linked = link(accounts=[{"account_id": who, "email_domain": text} for who, text in rows])
    assert same(linked, "email_domain")
    assert not same(linked, "email_domain", "a", "c")
    assert linked.cells == {("accounts.email_domain", "not a domain"): 1}
    assert linked.links["trait"].unique().to_pylist() == ["own mail domain"]
    assert set(linked.links["share"].to_pylist()) == {1.0}
    assert set(linked.links["first_seen"].to_pylist()) == {MIDNIGHT}


def test_organisations_link_and_are_told_as_unverified() -> None:
    linked = link(
        accounts=[
            {"account_id": who, "org_id": text} for who, text in (("a", "org-1"), ("b", " org-1 "))
        ]
    )
    assert same(linked, "org")
    assert linked.links["trait"].to_pylist() == ["organisation, not verified"] * 2


def test_a_device_is_the_pair_of_program_and_tls() -> None:
    agent, tls = "Mozilla/5.0 (X11)", "t13d1516h2"
    rows: list[Row] = [
        {"account_id": "a", "user_agent": agent, "tls_fingerprint": tls},
        {"account_id": "b", "user_agent": agent, "tls_fingerprint": tls},
        {"account_id": "other tls", "user_agent": agent, "tls_fingerprint": "t12"},
        {"account_id": "no tls", "user_agent": agent},
        {"account_id": "no agent", "tls_fingerprint": tls},
        {"account_id": "swapped", "user_agent": tls, "tls_fingerprint": agent},
        {"account_id": "neither"},
    ]
    linked = link(requests=rows)
    held = entities(linked, "device")
    assert same(linked, "device")
    assert "neither" not in held
    assert len({entity for kept in held.values() for entity in kept}) == 5
    assert (device_trait(agent), device_trait("curl/8")) == ("browser", "client program")


WHOLE: Row = {
    "fingerprint": "fp-1",
    "bin": "411111",
    "last4": "0042",
    "billing_name": "Zoë Müller",
    "billing_postal": "SW1A 1AA",
}
PARTS = {
    "card": ["fingerprint"],
    "card_weak": ["bin", "last4", "billing_name"],
    "billing": ["billing_name", "billing_postal"],
}


@pytest.mark.parametrize("kind", PARTS)
def test_payment_entities_need_all_their_parts(kind: str) -> None:
    alike = {**WHOLE, "billing_name": "ZOE  MULLER", "billing_postal": "sw1a-1aa"}
    linked = link(payments=[{"account_id": "a", **WHOLE}, {"account_id": "b", **alike}])
    assert same(linked, kind)
    for part in WHOLE:
        for cell in (None, "—" if part.startswith("billing") else "other"):
            changed = {**WHOLE, part: cell}
            held = entities(
                link(payments=[{"account_id": "a", **WHOLE}, {"account_id": "b", **changed}]), kind
            )
            if part not in PARTS[kind]:
                assert held["a"] == held["b"]
            elif cell == "other":
                assert held["a"].isdisjoint(held["b"])
            else:
                assert "b" not in held


def test_parts_of_an_entity_do_not_run_together() -> None:
    rows: list[Row] = [
        {"account_id": "a", "user_agent": "ab", "tls_fingerprint": "c"},
        {"account_id": "b", "user_agent": "a", "tls_fingerprint": "bc"},
    ]
    held = entities(link(requests=rows), "device")
    assert held["a"].isdisjoint(held["b"])


def test_payments_say_network_and_country_of_a_card() -> None:
    rows: list[Row] = [
        {"account_id": "a", **WHOLE, "billing_country": "fr"},
        {"account_id": "b", "fingerprint": "fp-2"},
    ]
    links = link(payments=rows).links.to_pylist()
    traits = {(row["account_id"], row["kind"]): row["trait"] for row in links}
    assert traits["a", "card"] == "visa, FR"
    assert traits["b", "card"] == ""


def test_mentioned_addresses_are_those_of_requests() -> None:
    linked = link(
        requests=[{"account_id": "a", "ip": "203.0.113.7"}],
        mentions=[
            {"account_id": "b", "kind": "ip", "entity": "::ffff:203.0.113.7"},
            {"account_id": "c", "kind": "ip", "entity": "10.0.0.1"},
            {"account_id": "d", "kind": "phone", "entity": "203.0.113.7"},
        ],
    )
    assert same(linked, "ip")
    assert set(entities(linked, "ip")) == {"a", "b"}
    assert entities(linked, "phone")["d"].isdisjoint(entities(linked, "ip")["a"])
    assert linked.cells == {("mentions.ip", INSIDE): 1}
    # The files name c, although nothing of it can link.
    assert linked.profiles["account_id"].to_pylist() == ["a", "b", "c", "d"]


def test_nothing_in_nothing_out() -> None:
    for made in (link(), link_accounts(ACCOUNTS.empty(), [], [], [], dt=DAY, key=KEY)):
        assert (made.links, made.activity, made.profiles) == (
            LINKS.empty(),
            ACTIVITY.empty(),
            PROFILES.empty(),
        )
        assert made.cells == {}


def test_sums_of_the_largest_numbers_that_ingest_lets_through_fit() -> None:
    n = 20_000
    large = 10**12
    columns: dict[str, Any] = {"account_id": ["a"] * n, "ts": [MIDNIGHT] * n}
    tokens = pa.array([large, 1000 * large] * (n // 2))
    requests = pa.table({**columns, "input_tokens": tokens})
    payments = pa.table({**columns, "amount_usd": tokens})
    snapshot = check_tables({"requests": requests, "payments": payments}, DAY, IngestSettings())
    linked = link_accounts(
        snapshot.accounts, snapshot.requests, snapshot.payments, [], dt=DAY, key=KEY
    )
    assert linked.activity["input_tokens"].to_pylist() == [large * n // 2]
    assert linked.profiles["amount_cents"].to_pylist() == [100 * large * n // 2]


def test_links_hold_no_identifier_as_it_was() -> None:
    linked = link(
        accounts=[{"account_id": "a", "email_domain": "acme.example", "org_id": "org-1"}],
        requests=[
            {
                "account_id": "a",
                "ip": "203.0.113.7",
                "user_agent": "curl/8",
                "prompt": "a secret plan " * 9,
            }
        ],
        payments=[{"account_id": "a", **WHOLE}],
        mentions=[{"account_id": "a", "kind": "phone", "entity": "+33612345678"}],
    )
    told = str([made.to_pylist() for made in (linked.links, linked.activity, linked.profiles)])
    assert len(linked.links) == 11
    for word in ("acme", "org-1", "203.0", "curl", "secret", "fp-1", "0042", "ller", "33612"):
        assert word not in told
    other = link(requests=[{"account_id": "a", "ip": "203.0.113.7"}], key=Key(SECRET[::-1]))
    assert entities(other, "ip")["a"].isdisjoint(entities(linked, "ip")["a"])


# Link accounts against the slow obvious way

ASKED = " ".join(f"w{chr(97 + n)}" for n in range(24))
ITEM = " ".join(f"i{chr(97 + n)}" for n in range(24)) + " ".join(f"j{n}" for n in range(30))
PROMPTS = [
    None,
    "short",
    "a text long enough to mean something",
    *(f"{ASKED} {about}" for about in ("the sea", "a lamp", "Ada", "Bo")),
    *(f"{start} {ITEM}" for start in ("solve this", "think", "THINK!", "")),
    'write "a b" to Ada about her 12 bills and be as kind as one can be',
    'write "c" to Bo about her 3 bills and be as kind as one can be',
]
TIMES = st.integers(-90_000, 180_000).map(lambda second: MIDNIGHT + timedelta(seconds=second))
WHO = st.sampled_from(["a", "b", "c", "Ü"])
COUNTS = st.none() | st.integers(0, 1000)


def rows_of(**cells: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.fixed_dictionaries({"account_id": WHO, **cells}), max_size=12)


REQUEST_ROWS = rows_of(
    ts=TIMES,
    ip=st.sampled_from([None, "203.0.113.1", "::ffff:203.0.113.1", "203.0.113.2", "10.0.0.1", "x"]),
    user_agent=st.sampled_from([None, "Mozilla/5.0", "curl/8"]),
    tls_fingerprint=st.sampled_from([None, "t1"]),
    model=st.sampled_from([None, "m-1", "m-2"]),
    prompt=st.sampled_from(PROMPTS),
    input_tokens=COUNTS,
    output_tokens=COUNTS,
)
PAYMENT_ROWS = rows_of(
    ts=TIMES,
    fingerprint=st.sampled_from([None, "fp-1", "fp-2"]),
    bin=st.sampled_from([None, "411111", "555555"]),
    last4=st.sampled_from([None, "0042"]),
    billing_name=st.sampled_from([None, "Jo Lee", "JO LÉE", "—"]),
    billing_postal=st.sampled_from([None, "75001"]),
    billing_country=st.sampled_from([None, "fr", "DE"]),
    amount_usd=st.none() | st.integers(-500, 99_999).map(lambda cents: Decimal(cents) / 100),
)
MENTION_ROWS = rows_of(
    ts=TIMES,
    kind=st.sampled_from(["ip", "phone", "card"]),
    entity=st.sampled_from(["203.0.113.1", "10.0.0.1", "1", "fp-1"]),
)
ACCOUNT_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from(["a", "b", "z"]),
            "email_domain": st.sampled_from([None, "acme.example", "gmail.com", "@"]),
            "org_id": st.sampled_from([None, "org-1"]),
            "country": st.sampled_from([None, "FR"]),
            "status": st.sampled_from([None, "banned"]),
            "created_at": st.none() | TIMES,
        }
    ),
    unique_by=lambda row: row["account_id"],
)
Day = tuple[list[Row], list[Row], list[Row], list[Row]]


@st.composite
def worlds(draw: st.DrawFn) -> Day:
    return (
        draw(ACCOUNT_ROWS),
        draw(REQUEST_ROWS),
        draw(PAYMENT_ROWS),
        draw(MENTION_ROWS),
    )


def key_of(domain: str, text: str) -> int:
    return int(KEY.pseudonyms(domain, [text])[0])


def address_of(text: str | None) -> str | None:
    return addresses([text])[0].text if text else None


def request_facts(row: Row) -> list[tuple[str, int]]:
    facts = []
    if address := address_of(row["ip"]):
        facts.append(("ip", key_of("ip", address)))
    if row["user_agent"] or row["tls_fingerprint"]:
        pair = f"{row['user_agent'] or ''}\x1f{row['tls_fingerprint'] or ''}"
        facts.append(("device", key_of("device", pair)))
    return facts


def payment_facts(row: Row) -> list[tuple[str, int]]:
    name = names([row["billing_name"] or ""])[0]
    facts = []
    if row["fingerprint"]:
        facts.append(("card", key_of("card", row["fingerprint"])))
    if row["bin"] and row["last4"] and name:
        weak = f"{row['bin']}\x1f{row['last4']}\x1f{name}"
        facts.append(("card_weak", key_of("card_weak", weak)))
    if name and row["billing_postal"]:
        facts.append(("billing", key_of("billing", f"{name}\x1f{row['billing_postal']}")))
    return facts


def mention_facts(row: Row) -> list[tuple[str, int]]:
    text = address_of(row["entity"]) if row["kind"] == "ip" else row["entity"]
    return [(row["kind"], key_of(row["kind"], text))] if text else []


def account_facts(row: Row) -> list[tuple[str, int]]:
    facts = []
    domain = domains([row["email_domain"] or ""])[0].text
    if domain:
        facts.append(("email_domain", key_of("email_domain", domain)))
    if row["org_id"]:
        facts.append(("org", key_of("org", row["org_id"])))
    return facts


Facts = Callable[[Row], list[tuple[str, int]]]
SOURCES: tuple[Facts, ...] = (account_facts, request_facts, payment_facts, mention_facts)


def slow_links(world: Day) -> dict[tuple[str, str, int], tuple[int, Fraction, datetime, datetime]]:
    """Every link by account, kind and entity: events, share, first and last seen."""
    seen: dict[tuple[str, str, int], list[tuple[int, datetime]]] = {}
    for source, (rows, facts) in enumerate(zip(world, SOURCES, strict=True)):
        for row in rows:
            for kind, entity in facts(row):
                moment = row["ts"] if source else MIDNIGHT
                seen.setdefault((row["account_id"], kind, entity), []).append((source, moment))
    made = slow_text_links(world[1])
    for (account, kind, entity), uses in seen.items():
        n = len(uses)
        sources = {source for source, _ in uses}
        if 3 in sources:
            # What mentions name is measured among all that the account has of the kind.
            base = sum(len(other) for who, other in seen.items() if who[:2] == (account, kind))
        elif 0 in sources:
            base = n
        else:
            base = sum(row["account_id"] == account for row in world[sources.pop()])
        moments = [moment for _, moment in uses]
        made[account, kind, entity] = (n, Fraction(n, base), min(moments), max(moments))
    return made


def slow_text_links(
    requests: list[Row],
) -> dict[tuple[str, str, int], tuple[int, Fraction, datetime, datetime]]:
    sent = [(row["account_id"], row["ts"], row["prompt"]) for row in requests]
    of_account = Counter(row["account_id"] for row in requests)
    links = slow_links_of_texts(sent, KEY.derive("prompt"))
    return {
        place: (n, Fraction(n, of_account[place[0]]), first, last)
        for place, (n, first, last) in links.items()
    }


def slow_activity(world: Day) -> dict[tuple[str, datetime, str], tuple[int, int, int, int]]:
    made: dict[tuple[str, datetime, str], tuple[int, int, int, int]] = {}
    for row in world[1]:
        hour = row["ts"].replace(minute=0, second=0, microsecond=0)
        place = (row["account_id"], hour, row["model"] or "")
        n, came, went, mask = made.get(place, (0, 0, 0, 0))
        made[place] = (
            n + 1,
            came + (row["input_tokens"] or 0),
            went + (row["output_tokens"] or 0),
            mask | 1 << row["ts"].minute,
        )
    return made


def slow_profiles(world: Day) -> list[Row]:
    accounts, requests, payments, _ = world
    listed = {row["account_id"]: row for row in accounts}
    made = []
    for who in sorted({row["account_id"] for rows in world for row in rows}):
        paid = [row["amount_usd"] or 0 for row in payments if row["account_id"] == who]
        about = listed.get(who, {})
        made.append(
            {
                "dt": DAY,
                "account_id": who,
                "created_at": about.get("created_at"),
                "country": about.get("country"),
                "status": about.get("status"),
                "org": key_of("org", about["org_id"]) if about.get("org_id") else None,
                "requests": sum(row["account_id"] == who for row in requests),
                "payments": len(paid),
                "amount_cents": int(sum(paid) * 100),
            }
        )
    return made


def fast(world: Day) -> Linked:
    accounts, requests, payments, mentions = world
    return link(accounts=accounts, requests=requests, payments=payments, mentions=mentions)


@profile(max_examples=60)
@given(worlds())
def test_links_activity_and_profiles_equal_the_slow_ones(world: Day) -> None:
    linked = fast(world)
    links = {
        (row["account_id"], row["kind"], row["entity"]): (
            row["n"],
            row["share"],
            row["first_seen"],
            row["last_seen"],
        )
        for row in linked.links.to_pylist()
    }
    expected = {
        place: (n, float(share), first, last)
        for place, (n, share, first, last) in slow_links(world).items()
    }
    assert links == expected
    activity = {
        (row["account_id"], row["hour"], row["model"]): (
            row["requests"],
            row["input_tokens"],
            row["output_tokens"],
            row["minutes"],
        )
        for row in linked.activity.to_pylist()
    }
    assert activity == slow_activity(world)
    assert linked.profiles.to_pylist() == slow_profiles(world)


def test_the_minutes_of_an_hour_fill_sixty_bits() -> None:
    moments = [MIDNIGHT + timedelta(minutes=n) for n in range(60)]
    linked = link(requests=[{"account_id": "a", "ts": moment} for moment in moments])
    assert linked.activity["minutes"].to_pylist() == [2**60 - 1]
    last = link(requests=[{"account_id": "a", "ts": moments[59] + timedelta(seconds=59)}])
    assert last.activity["minutes"].to_pylist() == [2**59]


def outcome(linked: Linked) -> list[Any]:
    return [linked.links, linked.activity, linked.profiles, linked.cells]


@profile(max_examples=40)
@given(worlds(), st.lists(st.integers(0, 12), max_size=4), st.randoms(use_true_random=False))
def test_parts_and_order_do_not_matter(world: Day, cuts: list[int], dice: random.Random) -> None:
    shuffled = [
        table(contract, dice.sample(rows, len(rows)))
        for contract, rows in zip(INPUTS.values(), world, strict=True)
    ]
    bounds = sorted({0, *cuts, 12})
    accounts, *events = shuffled
    parts = [
        [whole.slice(start, stop - start) for start, stop in pairwise(bounds)] for whole in events
    ]
    assert outcome(link_accounts(accounts, *parts, dt=DAY, key=KEY)) == outcome(fast(world))


def test_merging_on_the_way_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(7)
    requests: list[Row] = [
        {
            "account_id": dice.choice("abc"),
            "ts": MIDNIGHT + timedelta(minutes=dice.randrange(600)),
            "ip": f"203.0.113.{dice.randrange(5)}",
            "input_tokens": dice.randrange(9),
        }
        for _ in range(400)
    ]
    whole = outcome(link(requests=requests))
    monkeypatch.setattr("graphkit.entities.links._MERGE_ROWS", 20)
    parts = [table(REQUESTS, requests[place : place + 10]) for place in range(0, 400, 10)]
    merged = []
    once = _Sum.table

    def counted(self: _Sum) -> pa.Table:
        merged.append(self)
        return once(self)

    monkeypatch.setattr(_Sum, "table", counted)
    assert outcome(link_accounts(ACCOUNTS.empty(), parts, [], [], dt=DAY, key=KEY)) == whole
    assert len(merged) > 10
