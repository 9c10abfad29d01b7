"""Raw columns become columns of keyed entities with their traits."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import TIMESTAMP
from graphkit.entities.canonical import Canonical
from graphkit.entities.keys import Key
from graphkit.entities.values import billings, coded, devices, keyed, spell, weak_cards


class EntityColumns:
    """Makes entity columns out of raw ones; distinct values are spelled and keyed once a part.

    Attributes:
        cells: values that cannot link, by table.column and reason, in cells.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self.cells: dict[tuple[str, str], int] = {}

    def requests(self, part: pa.Table) -> pa.Table:
        """Columns of REQUESTS: ip and device; what prompts share is another room's."""
        return pa.table(
            {
                "account_id": part["account_id"],
                "ts": part["ts"],
                **self._column("ip", part["ip"], "requests.ip"),
                **self._column("device", devices(part)),
            }
        )

    def payments(self, part: pa.Table) -> pa.Table:
        """Columns of PAYMENTS: card, card_weak, billing, and what makes their trait."""
        return pa.table(
            {
                "account_id": part["account_id"],
                "ts": part["ts"],
                "bin": part["bin"],
                "billing_country": part["billing_country"],
                "card": self._column("card", part["fingerprint"])["card"],
                "card_weak": self._column("card_weak", weak_cards(part))["card_weak"],
                "billing": self._column("billing", billings(part))["billing"],
            }
        )

    def mentions(self, part: pa.Table) -> pa.Table:
        """Columns of MENTIONS: kind, entity and trait; an address is spelled as one."""
        kinds = part["kind"]
        tables = [_NO_MENTIONS]
        for kind in sorted(pc.unique(kinds).to_pylist()):
            chosen = part.filter(pc.equal(kinds, kind))
            made = self._column(kind, chosen["entity"], f"mentions.{kind}")
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
                **self._column("email_domain", accounts["email_domain"], "accounts.email_domain"),
                **self._column("org", accounts["org_id"]),
            }
        )

    def _column(self, kind: str, values: pa.ChunkedArray, place: str = "") -> dict[str, pa.Array]:
        """The pseudonym and the trait of each cell, as columns `<kind>` and `<kind>_trait`."""
        distinct, places = coded(values)
        spelled = spell(kind, distinct)
        entities = keyed(kind, spelled, self._key)
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


_MENTION: dict[str, pa.DataType] = {
    "account_id": pa.string(),
    "ts": TIMESTAMP,
    "kind": pa.string(),
    "entity": pa.int64(),
    "trait": pa.string(),
}
_NO_MENTIONS = pa.schema(_MENTION).empty_table()
