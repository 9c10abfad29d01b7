"""The Coordination Network Toolkit's co-link network, and its communities by Leiden.

The toolkit finds no communities itself; its guide hands its network to a graph tool. A thing that
an account shows counts as a link that it posts, at the first and the last time of a day that it
shows it: links of a window keep no other times.
"""

import csv
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.rivals.holdings import Pairs, Window, holdings
from benchmarks.rivals.modularity import by_leiden
from graphkit import sql

_NAMED = ("message_id", "user_id", "username", "repost_id", "reply_id", "message")
_HEAD = (*_NAMED, "timestamp", "urls")
_POSTED = """
WITH near AS (
    SELECT kind, entity FROM links WHERE list_contains($kinds, kind)
    GROUP BY kind, entity HAVING count(DISTINCT account_id) BETWEEN 2 AND $cap
), posted AS (
    SELECT DISTINCT account_id, kind || ':' || entity AS url,
        unnest([epoch(first_seen), epoch(last_seen)]) AS ts
    FROM links SEMI JOIN near USING (kind, entity)
)
SELECT row_number() OVER (ORDER BY account_id, url, ts) AS message_id, account_id AS user_id,
    account_id AS username, '' AS repost_id, '' AS reply_id, '' AS message, ts AS timestamp,
    url AS urls
FROM posted ORDER BY message_id
"""


def co_link(window: Window, *, kinds: Sequence[str], cap: int | None, within_s: int) -> pa.Table:
    """Join accounts that post the same link within a time, by how often they do.

    Args:
        window: the links.
        kinds: of the things.
        cap: holders above which a thing is left out; None for no cap.
        within_s: seconds between two posts.

    Returns:
        account_id, community and score: the weight inside for each member.
    """
    from coordination_network_toolkit.compute_networks import compute_co_link_network
    from coordination_network_toolkit.graph import get_edge_rows
    from coordination_network_toolkit.preprocess import preprocess_csv_files

    accounts = holdings(window, kinds).accounts
    asked = {"kinds": list(kinds), "cap": cap or len(accounts)}
    posted = sql.query(_POSTED, {"links": window.links}, asked)
    if not posted.num_rows:
        return Pairs(accounts, *(np.zeros(0, np.int64),) * 2, np.zeros(0)).joined()
    with TemporaryDirectory() as place, redirect_stdout(StringIO()):
        file, base = Path(place) / "posts.csv", str(Path(place) / "posts.db")
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(_HEAD)
            writer.writerows(zip(*(posted[name].to_pylist() for name in _HEAD), strict=True))
        preprocess_csv_files(base, [str(file)])
        compute_co_link_network(base, time_window=within_s, n_threads=2, min_edge_weight=1)
        edges = [row[:3] for row in get_edge_rows(base, "co_link")]
    one, other, weight = zip(*edges, strict=True) if edges else ((), (), ())
    left, right = (
        np.asarray(pc.index_in(pa.array(ends, pa.string()), value_set=accounts)).astype(np.int64)
        for ends in (one, other)
    )
    # Both directions are there: what one posted near the other, and the other near the one.
    keep = left < right
    found = Pairs(accounts, left[keep], right[keep], np.array(weight, np.float64)[keep])
    return by_leiden(found)
