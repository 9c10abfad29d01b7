"""The heterogeneous graph: accounts and entities of several kinds, tied by dated links."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import PROMPT_KINDS, pseudonym
from graphkit.errors import UsageError, nearest
from graphkit.sql import query

if TYPE_CHECKING:
    import igraph
    import networkx

# Addresses change hands within days, so a link to one holds only while it was used.
TIMED_KINDS = ("ip",)


@dataclass(frozen=True, eq=False)
class HeteroGraph:
    """Accounts and what they use. Immutable; ids are row numbers, names stand at the edge.

    A text that only one account sent links nothing and is left out.

    Attributes:
        accounts: one row per account that has a link: account_id, requests in the window.
        entities: one row per entity: kind, entity (keyed pseudonym), trait.
        links: one row per account, entity and spell: account and entity (row numbers of the two
            tables), spell, n, days, first_seen, last_seen.
    """

    accounts: pa.Table
    entities: pa.Table
    links: pa.Table

    @property
    def kinds(self) -> list[str]:
        """Entity kinds, in order."""
        return sorted(pc.unique(self.entities["kind"]).to_pylist())

    def nodes(self) -> dict[str, int]:
        """Number of nodes by kind, accounts first."""
        counts = self.entities.group_by("kind").aggregate([("kind", "count")]).sort_by("kind")
        by_kind = {row["kind"]: row["kind_count"] for row in counts.to_pylist()}
        return {"account": self.accounts.num_rows, **by_kind}

    def degrees(self, kind: str) -> pa.Table:
        """Number of accounts per entity of a kind.

        Returns:
            kind, entity (pseudonym text), trait, n_accounts; highest first.

        Raises:
            UsageError: the graph has no such kind.
        """
        self._known(kind)
        table = query(
            _DEGREES, {"entities": with_ids(self.entities), "links": self.links}, {"kind": kind}
        )
        return table.set_column(1, "entity", pseudonym(kind, table["entity"]))

    def hubs(self, above: int) -> pa.Table:
        """Entities of any kind with more than `above` accounts, as `degrees`."""
        tables = [self.degrees(kind) for kind in self.kinds]
        if not tables:
            return pa.table({"kind": [], "entity": [], "trait": [], "n_accounts": []})
        table = pa.concat_tables(tables)
        table = table.filter(pc.greater(table["n_accounts"], pa.scalar(above)))
        return table.sort_by(
            [("n_accounts", "descending"), ("kind", "ascending"), ("entity", "ascending")]
        )

    def subgraph(self, account_ids: list[str]) -> "HeteroGraph":
        """The graph of some accounts and what they use.

        Raises:
            UsageError: an account is not in the graph.
        """
        known = set(self.accounts["account_id"].to_pylist())
        missing = sorted(set(account_ids) - known)
        if missing:
            raise UsageError(
                f"account {missing[0]!r} is not in the graph",
                found=missing[0],
                allowed="accounts with a link in the window",
                do="check the spelling; ids are shown as they were handed in",
            )
        links = self.named_links(pa.array(account_ids, pa.string()))
        kept = self.accounts.filter(
            pc.is_in(self.accounts["account_id"], value_set=pa.array(account_ids, pa.string()))
        )
        traits = self.entities.select(["kind", "entity", "trait"])
        return _assemble(kept, traits, links)

    def to_numpy(self) -> dict[str, NDArray[np.int64]]:
        """Index pairs per relation.

        Returns:
            kind to int64 array of shape (2, links of that kind): row of the account, and row of
            the entity among the entities of that kind (their order in `entities`).
        """
        kinds = self.entities["kind"].to_numpy(zero_copy_only=False)
        table = self.links.group_by(["account", "entity"], use_threads=False).aggregate([])
        account, entity = table["account"].to_numpy(), table["entity"].to_numpy()
        starts = {kind: int(np.searchsorted(kinds, kind)) for kind in self.kinds}
        pairs = {}
        for kind, start in starts.items():
            mine = kinds[entity] == kind
            both = np.stack([account[mine], entity[mine] - start]).astype(np.int64)
            pairs[kind] = both[:, np.lexsort(both[::-1])]
        return pairs

    def to_igraph(self) -> "igraph.Graph":
        """A bipartite igraph graph: accounts first, then entities; attributes name and kind.

        Links of several spells are one edge; its `n` is their sum.
        """
        import igraph

        table = self._merged_links()
        n_accounts = self.accounts.num_rows
        sources = table["account"].to_pylist()
        targets = (table["entity"].to_numpy() + n_accounts).tolist()
        graph = igraph.Graph(n=n_accounts + self.entities.num_rows)
        graph.add_edges(zip(sources, targets, strict=True))
        graph.vs["name"] = self.accounts["account_id"].to_pylist() + self._entity_names()
        graph.vs["kind"] = ["account"] * n_accounts + self.entities["kind"].to_pylist()
        graph.vs["type"] = [False] * n_accounts + [True] * self.entities.num_rows
        graph.es["n"] = table["n_sum"].to_pylist()
        return graph

    def to_networkx(self) -> "networkx.Graph":
        """A bipartite networkx graph; nodes are (kind, name), with bipartite 0 for accounts."""
        import networkx

        table = self._merged_links()
        accounts = [("account", name) for name in self.accounts["account_id"].to_pylist()]
        names = zip(self.entities["kind"].to_pylist(), self._entity_names(), strict=True)
        entities = list(names)
        graph = networkx.Graph()
        graph.add_nodes_from(accounts, bipartite=0, kind="account")
        graph.add_nodes_from(((node, {"kind": node[0]}) for node in entities), bipartite=1)
        graph.add_edges_from(
            (accounts[row["account"]], entities[row["entity"]], {"n": row["n_sum"]})
            for row in table.to_pylist()
        )
        return graph

    def named_links(self, account_ids: pa.Array | pa.ChunkedArray) -> pa.Table:
        """The links of some accounts under names instead of row numbers.

        Returns:
            account_id, kind, entity (keyed pseudonym), spell, n, days, first_seen, last_seen.
        """
        wanted = pa.table({"account_id": account_ids})
        tables = {"accounts": with_ids(self.accounts), "entities": with_ids(self.entities)}
        return query(_NAMED_LINKS, {**tables, "links": self.links, "wanted": wanted})

    def _merged_links(self) -> pa.Table:
        merged = self.links.group_by(["account", "entity"], use_threads=False)
        summed = merged.aggregate([("n", "sum")])
        return summed.sort_by([("account", "ascending"), ("entity", "ascending")])

    def _entity_names(self) -> list[str]:
        names: list[Any] = query(_NAMES, {"entities": with_ids(self.entities)})["name"].to_pylist()
        return names

    def _known(self, kind: str) -> None:
        if kind not in self.kinds:
            raise UsageError(
                f"the graph has no entities of kind {kind!r}{nearest(kind, self.kinds)}",
                found=kind,
                allowed=", ".join(self.kinds) or "none: the graph is empty",
                do="ask for one of the kinds",
            )


def build_graph(links: pa.Table, profiles: pa.Table, *, address_gap_h: int) -> HeteroGraph:
    """Build the heterogeneous graph of a window.

    Args:
        links: LINKS of the window's days.
        profiles: PROFILES of the same days.
        address_gap_h: hours without use after which an address may have changed hands.
    """
    tables = {"links": links, "profiles": profiles}
    kept = query(_KEPT, tables, {"texts": list(PROMPT_KINDS)})
    accounts = query(_ACCOUNTS, {"links": links, "profiles": profiles})
    uses = query(
        _SPELLS,
        {"links": kept},
        {"timed": list(TIMED_KINDS), "gap_us": address_gap_h * 3_600_000_000},
    )
    return _assemble(accounts, query(_TRAITS, {"links": kept}), uses)


def _assemble(accounts: pa.Table, traits: pa.Table, uses: pa.Table) -> HeteroGraph:
    """Give accounts, entities and links their row numbers."""
    entities = query(_ENTITIES, {"traits": traits, "uses": uses})
    tables = {"accounts": with_ids(accounts), "entities": with_ids(entities), "uses": uses}
    return HeteroGraph(accounts, entities, query(_NUMBERED, tables))


def with_ids(table: pa.Table) -> pa.Table:
    """The table with its row numbers, as column `id` (int32)."""
    return table.append_column("id", pa.array(np.arange(table.num_rows, dtype=np.int32)))


_KEPT = """
WITH shared_texts AS (
    SELECT kind, entity FROM links WHERE list_contains($texts, kind)
    GROUP BY kind, entity HAVING min(account_id) < max(account_id)
)
SELECT account_id, kind, entity, trait, n, first_seen, last_seen FROM links
WHERE NOT list_contains($texts, kind)
UNION ALL
SELECT account_id, kind, entity, trait, n, first_seen, last_seen
FROM links SEMI JOIN shared_texts USING (kind, entity)
"""
_ACCOUNTS = """
SELECT account_id, CAST(coalesce(sum(requests), 0) AS BIGINT) AS requests
FROM (SELECT DISTINCT account_id FROM links) LEFT JOIN profiles USING (account_id)
GROUP BY account_id ORDER BY account_id
"""
_TRAITS = "SELECT kind, entity, max(trait) AS trait FROM links GROUP BY kind, entity"
_ENTITIES = """
SELECT kind, entity, trait FROM traits SEMI JOIN uses USING (kind, entity) ORDER BY kind, entity
"""
_SPELLS = """
WITH marked AS (
    SELECT *, coalesce(
        epoch_us(first_seen) - max(epoch_us(last_seen)) OVER earlier > $gap_us, false) AS starts
    FROM links WHERE list_contains($timed, kind)
    WINDOW earlier AS (PARTITION BY account_id, kind, entity ORDER BY first_seen, last_seen
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), numbered AS (
    SELECT *, sum(CAST(starts AS INT)) OVER (PARTITION BY account_id, kind, entity
        ORDER BY first_seen, last_seen ROWS UNBOUNDED PRECEDING) AS spell
    FROM marked
)
SELECT account_id, kind, entity, CAST(spell AS INT) AS spell, CAST(sum(n) AS BIGINT) AS n,
    count(*) AS days, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM numbered GROUP BY account_id, kind, entity, spell
UNION ALL
SELECT account_id, kind, entity, CAST(0 AS INT), CAST(sum(n) AS BIGINT), count(*),
    min(first_seen), max(last_seen)
FROM links WHERE NOT list_contains($timed, kind) GROUP BY account_id, kind, entity
"""
_NUMBERED = """
SELECT a.id AS account, e.id AS entity, spell, n, days, first_seen, last_seen
FROM uses AS u JOIN accounts AS a USING (account_id) JOIN entities AS e USING (kind, entity)
ORDER BY account, e.id, spell
"""
_DEGREES = """
SELECT kind, e.entity AS entity, trait, count(DISTINCT l.account) AS n_accounts
FROM entities AS e JOIN links AS l ON l.entity = e.id
WHERE kind = $kind GROUP BY ALL ORDER BY n_accounts DESC, e.entity
"""
_NAMED_LINKS = """
SELECT account_id, kind, e.entity AS entity, spell, l.n AS n, days, first_seen, last_seen
FROM links AS l JOIN accounts AS a ON l.account = a.id JOIN entities AS e ON l.entity = e.id
SEMI JOIN wanted USING (account_id)
ORDER BY account_id, kind, e.entity, first_seen
"""
_NAMES = "SELECT kind || '-' || printf('%016x', entity) AS name FROM entities ORDER BY id"
