"""The values that entities are made of: where each kind's stand, and how they are spelled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.entities import canonical
from graphkit.entities.canonical import Canonical
from graphkit.entities.keys import Key

SEPARATOR = "\x1f"
_NOTHING = pa.scalar(None, pa.string())


def identify(kind: str, values: Sequence[str], key: Key) -> pa.Int64Array:
    """Make the entities that links hold for values as a person knows them.

    Args:
        kind: entity kind; not one of UNNAMED_KINDS.
        values: addresses (an IPv6 /64 as well), processor's card fingerprints, devices (see
            `device`), mail domains, organisations or identifiers of mentions; shape (n,).
        key: what pseudonyms are made with.

    Returns:
        shape (n,); null where a value cannot link accounts, as an inside address or a list.
    """
    if kind == "ip":
        values = [value.removesuffix("/64") if ":" in value else value for value in values]
    return keyed(kind, spell(kind, values), key)


def device(user_agent: str | None, tls_fingerprint: str | None) -> str:
    """The value of a device: a program and the fingerprint of its TLS, either of them alone too."""
    return f"{user_agent or ''}{SEPARATOR}{tls_fingerprint or ''}"


def reveal(kind: str, entity: int, parts: Iterable[tuple[str, pa.Table]], key: Key) -> list[str]:
    """Find the values in raw tables that an entity was made of.

    Args:
        kind: entity kind; not one of PROMPT_KINDS.
        entity: the entity.
        parts: names of input tables (`requests` and so on) with parts of them.
        key: what pseudonyms were made with.

    Returns:
        The values in the spelling that was keyed (of an IPv6 address its /64), sorted; those made
        of several columns with ` | ` between them.
    """
    found: set[str] = set()
    for name, part in parts:
        values = raw_values(kind, name, part)
        if values is None:
            continue
        spelled = spell(kind, pc.unique(values.drop_null()).to_pylist())
        hit = pc.equal(keyed(kind, spelled, key), entity).fill_null(False).to_pylist()
        found.update(value.text or "" for value, same in zip(spelled, hit, strict=True) if same)
    return sorted(" | ".join(filter(None, text.split(SEPARATOR))) for text in found)


def spell(kind: str, values: Sequence[str]) -> list[Canonical]:
    """The spelling of each value, by its kind."""
    return _SPELLINGS.get(kind, _plain)(values)


def keyed(kind: str, spelled: Sequence[Canonical], key: Key) -> pa.Int64Array:
    """The pseudonym of each spelled value; null where it cannot link."""
    texts = [value.text for value in spelled]
    keys = key.pseudonyms(kind, [text or "" for text in texts])
    entities: pa.Int64Array = pa.array(
        keys, pa.int64(), mask=np.array([text is None for text in texts], dtype=bool)
    )
    return entities


def raw_values(kind: str, name: str, part: pa.Table) -> pa.ChunkedArray | None:
    """The values of a kind in a part of an input table; None where that table has none of them."""
    if name == "mentions":
        return part.filter(pc.equal(part["kind"], pa.scalar(kind)))["entity"]
    table, take = _HOMES.get(kind, ("", None))
    return take(part) if take is not None and table == name else None


def homes(kind: str) -> tuple[str, ...]:
    """The input tables that may hold values of a kind."""
    table, _ = _HOMES.get(kind, ("", None))
    return (table, "mentions") if table else ("mentions",)


def coded(values: pa.ChunkedArray) -> tuple[list[str], pa.Int32Array]:
    """The distinct values, and for each cell the place of its value among them."""
    dictionary: Any = values.combine_chunks().dictionary_encode()
    return dictionary.dictionary.to_pylist(), dictionary.indices


def devices(part: pa.Table) -> pa.ChunkedArray:
    """The devices of REQUESTS."""
    return _joined([part["user_agent"], part["tls_fingerprint"]], needed=1)


def weak_cards(part: pa.Table) -> pa.ChunkedArray:
    """What PAYMENTS say of a card beside its fingerprint: BIN, last digits, name."""
    return _joined([part["bin"], part["last4"], _names(part["billing_name"])], needed=3)


def billings(part: pa.Table) -> pa.ChunkedArray:
    """Who pays, by PAYMENTS: name and postal code."""
    return _joined([_names(part["billing_name"]), _names(part["billing_postal"])], needed=2)


_HOMES: Mapping[str, tuple[str, Callable[[pa.Table], pa.ChunkedArray]]] = {
    "ip": ("requests", lambda part: part["ip"]),
    "device": ("requests", devices),
    "card": ("payments", lambda part: part["fingerprint"]),
    "card_weak": ("payments", weak_cards),
    "billing": ("payments", billings),
    "email_domain": ("accounts", lambda part: part["email_domain"]),
    "org": ("accounts", lambda part: part["org_id"]),
}


def _joined(columns: Sequence[pa.ChunkedArray], *, needed: int) -> pa.ChunkedArray:
    """Cells side by side; null where fewer than `needed` of them are there."""
    present = np.sum([pc.is_valid(column).to_numpy() for column in columns], axis=0)
    texts = pc.binary_join_element_wise(
        *columns, SEPARATOR, null_handling="replace", null_replacement=""
    )
    joined: pa.ChunkedArray = pc.if_else(pa.array(present >= needed), texts, _NOTHING)
    return joined


def _names(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names in their canonical spelling; null where nothing is left."""
    distinct, places = coded(column)
    texts = [text or None for text in canonical.names(distinct)]
    return pa.chunked_array([pa.array(texts, pa.string()).take(places)])


def _plain(values: Sequence[str]) -> list[Canonical]:
    return [Canonical(value.strip(), "") for value in values]


def _organisations(values: Sequence[str]) -> list[Canonical]:
    return [Canonical(value.strip(), "organisation, not verified") for value in values]


def _devices(values: Sequence[str]) -> list[Canonical]:
    # A mention or a person may name a device by its program alone.
    pairs = [value if SEPARATOR in value else device(value.strip(), None) for value in values]
    return [Canonical(pair, canonical.device_trait(pair)) for pair in pairs]


_SPELLINGS: Mapping[str, Callable[[Sequence[str]], list[Canonical]]] = {
    "ip": canonical.addresses,
    "device": _devices,
    "email_domain": canonical.domains,
    "org": _organisations,
}
