"""Which wrapper and which data set a ring's members have in common."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

import graphkit as gk
from graphkit.contracts import LINKS, PROFILES, RING_MEMBERS, pseudonym
from graphkit.families import families_of
from graphkit.settings import Settings
from tests.handmade import BY_HAND

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Link = tuple[str, str, int, int]


def families(links: list[Link], rings: dict[str, str], requests: int = 10) -> list[dict[str, Any]]:
    """Families of links (account, kind, entity, n) over two days; all accounts send as much."""
    rows = [
        {
            **{"dt": day, "account_id": account, "kind": kind, "entity": entity, "trait": ""},
            **{"n": n, "share": 0.5, "first_seen": NOON, "last_seen": NOON + timedelta(hours=1)},
        }
        for day in (DAY - timedelta(days=1), DAY)
        for account, kind, entity, n in links
    ]
    members = [
        {
            **{"dt": DAY, "ring_id": ring, "account_id": account, "score": 1, "confidence": 1.0},
            "status": "published",
        }
        for account, ring in rings.items()
    ]
    blank: dict[str, Any] = dict.fromkeys(PROFILES.columns)
    profiles = [
        {
            **blank,
            **{"dt": DAY, "account_id": account, "requests": requests, "payments": 0},
            "amount_cents": 0,
        }
        for account in rings
    ]
    return families_of(
        pa.Table.from_pylist(rows, schema=LINKS.schema),
        pa.Table.from_pylist(members, schema=RING_MEMBERS.schema),
        pa.Table.from_pylist(profiles, schema=PROFILES.schema),
    ).to_pylist()


def named(kind: str, entity: int) -> str:
    (name,) = pseudonym(kind, pa.array([entity])).to_pylist()
    return str(name)


def test_passages_of_one_wrapper_are_one_family_and_items_one_data_set() -> None:
    links: list[Link] = [(a, "wrapper", entity, entity) for a in "abc" for entity in (2, 3)]
    links += [("a", "wrapper", 1, 3), ("b", "wrapper", 1, 3)]
    links += [(a, "wrapper", 9, 1) for a in "de"]
    links += [("a", "prompt", 5, 1), ("b", "prompt", 5, 1), ("c", "prompt", 6, 4)]
    links += [("a", "payload", -7, 1), ("c", "payload", -7, 1), ("a", "ip", 8, 9)]
    found = families(links, dict.fromkeys("abcde", "R-1"))
    told = [
        (row["family"], row["sort"], row["n_keys"], row["n_members"], row["n_events"], row["share"])
        for row in found
    ]
    # Of each of two days; of five members with ten requests each.
    assert told == [
        (named("wrapper", 3), "wrapper", 3, 3, 18, 18 / 50),
        (named("payload", -7), "data set", 2, 3, 8, 8 / 50),
        (named("wrapper", 9), "wrapper", 1, 2, 4, 4 / 50),
    ]
    assert {row["first_seen"] for row in found} == {NOON}


def test_first_and_last_words_are_of_their_wrapper_and_count_once() -> None:
    keys = [("wrapper", 1), ("opening", 2), ("closing", 3)]
    links: list[Link] = [(a, kind, entity, 4) for a in "abc" for kind, entity in keys]
    (row,) = families(links, dict.fromkeys("abc", "R-1"))
    assert (row["family"], row["sort"]) == (named("wrapper", 1), "wrapper")
    assert (row["n_keys"], row["n_members"], row["n_events"]) == (3, 3, 24)
    # Where no passage tells of it its words do.
    (row,) = families([link for link in links if link[2] > 1], dict.fromkeys("abc", "R-1"))
    assert (row["family"], row["n_keys"], row["n_events"]) == (named("opening", 2), 2, 24)


def test_first_and_last_words_of_an_item_are_no_wrapper() -> None:
    links: list[Link] = [(a, kind, 7, 3) for a in "ab" for kind in ("prompt", "opening", "closing")]
    (row,) = families(links, {"a": "R-1", "b": "R-1"})
    assert (row["family"], row["sort"], row["n_keys"]) == (named("prompt", 7), "data set", 1)
    # One that stands at the head of other texts is sent more often.
    others: list[Link] = [*links, ("a", "opening", 8, 4), ("b", "opening", 8, 3)]
    found = families(others, {"a": "R-1", "b": "R-1"})
    assert [(row["sort"], row["n_events"]) for row in found] == [("wrapper", 14), ("data set", 12)]


def test_what_one_member_or_an_outsider_holds_is_no_family() -> None:
    links: list[Link] = [("a", "wrapper", 1, 5), ("z", "wrapper", 1, 5), ("b", "prompt", 2, 1)]
    assert families(links, {"a": "R-1", "b": "R-1"}) == []
    both: list[Link] = [*links, ("b", "wrapper", 1, 5)]
    (row,) = families(both, {"a": "R-1", "b": "R-1", "z": "R-2"})
    assert (row["ring_id"], row["n_members"], row["n_events"]) == ("R-1", 2, 20)


def test_a_data_set_is_never_more_than_all_requests() -> None:
    links: list[Link] = [(a, "payload", entity, 5) for a in "ab" for entity in range(20)]
    (row,) = families(links, {"a": "R-1", "b": "R-1"})
    assert (row["n_keys"], row["n_events"], row["share"]) == (20, 20, 1.0)


def test_a_ring_tells_its_texts() -> None:
    words = [chr(97 + n) * 6 for n in range(26)]
    wrapper = " ".join(words)
    requests = [
        {
            **{"account_id": f"ring{at}", "ts": f"2026-11-22T0{hour}:00:00Z"},
            **{"ip": "203.0.113.7", "prompt": f"{wrapper} {' '.join(words[at::3])} {'x' * hour}"},
        }
        for at in range(6)
        for hour in range(1, 7)
    ]
    paid = [
        {"account_id": f"ring{at}", "ts": "2026-11-22T09:00:00Z", "fingerprint": "fp"}
        for at in range(6)
    ]
    people = [
        {"account_id": f"p{at}", "ts": "2026-11-22T01:00:00Z", "ip": f"198.51.100.{at}"}
        for at in range(200)
    ]
    asked = pa.concat_tables(
        [pa.Table.from_pylist(requests), pa.Table.from_pylist(people)], promote_options="default"
    )
    paid_table = pa.Table.from_pylist(paid)
    settings = Settings(graph=BY_HAND)
    found = gk.detect(requests=asked, payments=paid_table, date=DAY, settings=settings)
    (ring_id,) = found.rings.table["ring_id"].to_pylist()
    ring = found.ring(str(ring_id))
    (family, *_) = ring.families.to_pylist()
    assert (family["sort"], family["n_members"], family["share"]) == ("wrapper", 6, 1.0)
    assert "Texts in common" in str(ring) and family["family"] in str(ring) and "100%" in str(ring)
    assert words[0] not in str(ring)
