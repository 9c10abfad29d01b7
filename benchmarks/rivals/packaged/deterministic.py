"""Splink's deterministic linkage on shared values, and its clusters.

Its model of probabilities cannot be trained here: blocking on values of a list, which is how an
account has several addresses, is refused by that training (splink 5.0.0).
"""

import logging
from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.rivals.holdings import Holdings, Window, holdings


def deterministic(window: Window, *, kinds: Sequence[str], cap: int | None) -> pa.Table:
    """Link whoever has a value of a kind in common; clusters are what links connect.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing is left out; None for no cap.

    Returns:
        account_id, community and score: how many things a member shares with its cluster.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    held = holdings(window, kinds).shared(cap)
    parts = {kind: holdings(window, (kind,)).shared(cap) for kind in kinds}
    parts = {kind: part for kind, part in parts.items() if len(part.who)}
    label = -1 - np.arange(held.n)
    if not parts:
        return held.grouped(label)
    with duckdb.connect() as engine:
        engine.register("shown", _listed(held.n, parts))
        engine.execute("CREATE TABLE t AS FROM shown")
        table = DuckDBAPI(connection=engine).register(
            engine.table("t"), dataset_display_name="accounts"
        )
        rules = [block_on(kind, arrays_to_explode=[kind]) for kind in parts]
        linker = Linker(
            table,
            SettingsCreator(link_type="dedupe_only", blocking_rules_to_generate_predictions=rules),
        )
        pairs = linker.inference.deterministic_link()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs)
        found = clusters.as_duckdbpyrelation().project("unique_id, cluster_id").to_arrow_table()
    who = np.asarray(found["unique_id"])
    label[who] = np.asarray(pc.dictionary_encode(found["cluster_id"]).combine_chunks().indices)
    return held.grouped(label)


def _listed(n: int, parts: dict[str, Holdings]) -> pa.Table:
    """A row per account: its place, and of each kind the list of things that it holds."""
    columns: dict[str, pa.Array] = {"unique_id": pa.array(np.arange(n))}
    for kind, part in parts.items():
        order = np.argsort(part.who, kind="stable")
        ends = np.cumsum(np.bincount(part.who, minlength=n))
        offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
        columns[kind] = pa.ListArray.from_arrays(offsets, pa.array(part.thing[order], pa.int64()))
    return pa.table(columns)
