"""Raw columns become columns of keyed entities with their traits."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import TIMESTAMP
from graphkit.entities import canonical
from graphkit.entities.canonical import Canonical
from graphkit.entities.keys import Key
from graphkit.entities.prompts import Sketches, sketch

_NOTHING = pa.scalar(None, pa.string())


class EntityColumns:
    """Makes entity columns out of raw ones; distinct values are spelled and keyed once a part.

    Attributes:
        cells: values that cannot link, by table.column and reason, in cells.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self.cells: dict[tuple[str, str], int] = {}

    def requests(self, part: pa.Table) -> pa.Table:
        """Add columns of REQUESTS: ip, device, prompt, prompt_head, prompt_tail, words."""
        agent, tls = part["user_agent"], part["tls_fingerprint"]
        pair = _joined([agent, tls], needed=1)
        texts: Sketches = sketch(part["prompt"], self._key.derive("prompt"))
        return pa.table(
            {
                "account_id": part["account_id"],
                "ts": part["ts"],
                **self._column("ip", part["ip"], canonical.addresses, "requests.ip"),
                **self._column("device", pair, _devices),
                "prompt": pa.array(texts.whole, mask=~texts.has_whole),
                "prompt_head": pa.array(texts.head, mask=~texts.has_parts),
                "prompt_tail": pa.array(texts.tail, mask=~texts.has_parts),
                "words": pa.array(texts.words),
            }
        )

    def payments(self, part: pa.Table) -> pa.Table:
        """Columns of PAYMENTS: card, card_weak, billing, and what makes their trait."""
        name = _spelled(part["billing_name"])
        weak = _joined([part["bin"], part["last4"], name], needed=3)
        person = _joined([name, _spelled(part["billing_postal"])], needed=2)
        return pa.table(
            {
                "account_id": part["account_id"],
                "ts": part["ts"],
                "bin": part["bin"],
                "billing_country": part["billing_country"],
                "card": self._column("card", part["fingerprint"], _plain)["card"],
                "card_weak": self._column("card_weak", weak, _plain)["card_weak"],
                "billing": self._column("billing", person, _plain)["billing"],
            }
        )

    def mentions(self, part: pa.Table) -> pa.Table:
        """Columns of MENTIONS: kind, entity and trait; an address is spelled as one."""
        kinds = part["kind"]
        tables = [_NO_MENTIONS]
        for kind in sorted(pc.unique(kinds).to_pylist()):
            chosen = part.filter(pc.equal(kinds, kind))
            spell = canonical.addresses if kind == "ip" else _plain
            made = self._column(kind, chosen["entity"], spell, f"mentions.{kind}")
            tables.append(
                pa.table(
                    {
                        "account_id": chosen["account_id"],
                        "ts": chosen["ts"],
                        "kind": chosen["kind"],
                        "entity": made[kind],
                        "trait": made[f"{kind}_trait"],
                    }
                )
            )
        return pa.concat_tables(tables)

    def accounts(self, accounts: pa.Table) -> pa.Table:
        """Columns of ACCOUNTS: email_domain and org."""
        return pa.table(
            {
                "account_id": accounts["account_id"],
                **self._column(
                    "email_domain",
                    accounts["email_domain"],
                    canonical.domains,
                    "accounts.email_domain",
                ),
                **self._column("org", accounts["org_id"], _organisations),
            }
        )

    def _column(
        self,
        kind: str,
        values: pa.ChunkedArray,
        spell: Callable[[Sequence[str]], list[Canonical]],
        place: str = "",
    ) -> dict[str, pa.Array]:
        """The pseudonym and the trait of each cell, as columns `<kind>` and `<kind>_trait`."""
        distinct, places = _coded(values)
        spelled = spell(distinct)
        texts = [value.text for value in spelled]
        keys = self._key.pseudonyms(kind, [text or "" for text in texts])
        entities = pa.array(keys, mask=np.array([text is None for text in texts], dtype=bool))
        if place and entities.null_count:
            self._count(place, spelled, places)
        traits = pa.array([value.trait for value in spelled], pa.string())
        return {kind: entities.take(places), f"{kind}_trait": traits.take(places)}

    def _count(self, place: str, spelled: list[Canonical], indices: pa.Array) -> None:
        """Count the cells whose value cannot link, by reason."""
        used = np.bincount(indices.drop_null().to_numpy(), minlength=len(spelled))
        for value, n in zip(spelled, used.tolist(), strict=True):
            if value.text is None and n:
                self.cells[place, value.reason] = self.cells.get((place, value.reason), 0) + n


def _coded(values: pa.ChunkedArray) -> tuple[list[str], pa.Int32Array]:
    """The distinct values, and for each cell the place of its value among them."""
    coded: Any = values.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices


_MENTION: dict[str, pa.DataType] = {
    "account_id": pa.string(),
    "ts": TIMESTAMP,
    "kind": pa.string(),
    "entity": pa.int64(),
    "trait": pa.string(),
}
_NO_MENTIONS = pa.schema(_MENTION).empty_table()
_SEPARATOR = "\x1f"


def _joined(columns: Sequence[pa.ChunkedArray], *, needed: int) -> pa.ChunkedArray:
    """Cells side by side; null where fewer than `needed` of them are there."""
    present = np.sum([pc.is_valid(column).to_numpy() for column in columns], axis=0)
    texts = pc.binary_join_element_wise(
        *columns, _SEPARATOR, null_handling="replace", null_replacement=""
    )
    joined: pa.ChunkedArray = pc.if_else(pa.array(present >= needed), texts, _NOTHING)
    return joined


def _spelled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names in their canonical spelling; null where nothing is left."""
    distinct, places = _coded(column)
    texts = [text or None for text in canonical.names(distinct)]
    return pa.chunked_array([pa.array(texts, pa.string()).take(places)])


def _plain(values: Sequence[str]) -> list[Canonical]:
    return [Canonical(value.strip(), "") for value in values]


def _organisations(values: Sequence[str]) -> list[Canonical]:
    return [Canonical(value.strip(), "organisation, not verified") for value in values]


def _devices(values: Sequence[str]) -> list[Canonical]:
    return [Canonical(value, canonical.device_trait(value)) for value in values]
