"""Link the commit identities of a real project, and hold the communities against its own record.

The data lie in scipy_identities below the folder that GRAPHKIT_DATA names, read as they are through
settings/identities.toml. Prints a report and appends a line of JSON to results/identities.jsonl.

The settings were reasoned out on what the data show without the truth: how many accounts share an
identifier, and how often those who share one also share another. Accounts of one e-mail address
share a word of the name in 45% of pairs; those of one local part but other addresses in 84% where
two share it, in 52% where three do and in none where nine do. Accounts that share one word of the
name, however rare, share a local part at other addresses in 1% of pairs; those of one whole name of
two words in 17%. Whole names of one word stand between with 13%, but in half of these pairs the
local part is that word, so that there the two are no two witnesses.

What was known of the truth before: the scores of simple baselines that lie beside the data, and of
one draft of these settings. It took a whole name for enough even where it is one word, and reached
precision .879, recall .916, F1 .897; the table of what happens nearby holds its like.
"""

import csv
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from benchmarks.agreement import Labels, blocks, count_pairs, draws, interval
from benchmarks.run import HERE, KEY, machine, spend
from graphkit.entities import Key
from graphkit.settings import Settings, load_settings
from graphkit.workflow import detect_window
from graphkit.workflow.days import read_window

SETTINGS = HERE / "settings" / "identities.toml"
RESULTS = HERE / "results" / "identities.jsonl"
DATE = date(2026, 8, 22)
SEED, DRAWS = 0, 2000
# What is changed to see whether the figure hangs on it, one at a time.
NEARBY: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("graph.prior_bits", (10.5, 11.5, 12.0, 13.0, 13.5, 14.5)),
    ("graph.min_probability", (0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9)),
    ("graph.kinds.name_token.per_bit", (700, 800, 900, 1100, 1200)),
    ("graph.kinds.email_local.per_bit", (0, 800, 900, 1100, 1200, 1400)),
    ("graph.kinds.email.per_bit", (1100, 1200, 1300, 1400, 1700, 2000)),
    ("graph.kinds.name", ({"per_bit": 1400, "ceiling": 20000},)),
    ("communities.resolution", (0.01, 0.025, 0.1, 0.15, 0.25)),
    ("communities.method", ("leidenalg",)),
    ("seed", (1, 2)),
)


@dataclass(frozen=True)
class Truth:
    """The project's own record of who is who.

    Attributes:
        accounts: account ids, sorted.
        person: of each account.
    """

    accounts: pa.Array
    person: Labels

    @classmethod
    def read(cls, data: Path) -> "Truth":
        """Read it from the folder of the data."""
        table = pacsv.read_csv(data / "truth" / "person.csv").sort_by("account")
        codes = table["person"].combine_chunks().dictionary_encode().indices
        return cls(table["account"].combine_chunks(), codes.to_numpy().astype(np.int64))

    def labels(self, accounts: pa.ChunkedArray, community: pa.ChunkedArray) -> Labels:
        """The community of each account of the truth; who is in none is one of his own."""
        own = np.arange(len(self.accounts)) + (pc.max(community).as_py() or 0) + 1
        place = pc.index_in(self.accounts, value_set=accounts.combine_chunks())
        found: Labels = np.where(place.is_valid(), community.take(place.fill_null(0)), own)
        return found


def link(data: Path, folder: Path) -> Path:
    """Run the night and list its communities, as a user would.

    Args:
        data: scipy_identities.
        folder: where lake and listing go.

    Returns:
        The listing, as CSV with the columns that the data's own score.py asks for.
    """
    command, lake = Path(sys.executable).parent / "graphkit", folder / "lake"
    run = (command, "run", data, "--settings", SETTINGS, "--date", str(DATE), "--out", lake)
    spend(*run, folder=folder)
    listed = spend(command, "members", lake, "--communities", "--format", "csv", folder=folder)
    rows = csv.DictReader(listed.output.splitlines())
    path = folder / "communities.csv"
    lines = [f"{row['account_id']},{row['community']}" for row in rows]
    path.write_text("\n".join(["account,community", *lines, ""]), "utf-8")
    return path


def baseline(data: Path, accounts: pa.Array) -> Labels:
    """Components of equal whole names and equal e-mail addresses; shape (accounts,)."""
    held = pacsv.read_csv(data / "input" / "account_entity.csv.gz")
    partitions = []
    for kind in ("name", "email"):
        chosen = held.filter(pc.field("entity_type") == kind)
        codes = chosen["entity"].combine_chunks().dictionary_encode().indices
        place = pc.index_in(accounts, value_set=chosen["account"].combine_chunks())
        partitions.append(codes.to_numpy()[place.to_numpy()].astype(np.int64))
    return blocks(*partitions)


def nearby(data: Path, truth: Truth) -> list[list[Any]]:
    """Setting, value, precision, recall and F1 with one setting changed."""
    settings = load_settings(SETTINGS)
    days = read_window(data, DATE, key=Key(bytes.fromhex(KEY)), settings=settings)
    rows = []
    for name, values in NEARBY:
        for value in values:
            changed = Settings.model_validate(_with(settings.model_dump(), name, value))
            found = detect_window(days, dt=DATE, settings=changed).membership
            labels = truth.labels(found["account_id"], found["community"])
            rows.append([name, value, *score(labels, truth)])
    return rows


def score(labels: Labels, truth: Truth) -> list[float]:
    """Precision, recall and F1 over pairs of accounts."""
    whole = np.zeros(labels.size, dtype=np.int64)
    once = np.ones((1, 1), dtype=np.int64)
    return [round(float(n), 4) for n in count_pairs(labels, truth.person, whole).scores(once)[0]]


def measure(data: Path) -> dict[str, Any]:
    """Everything that is reported of the data, as JSON takes it."""
    truth = Truth.read(data)
    with tempfile.TemporaryDirectory() as place:
        listing = link(data, Path(place))
        told = spend(sys.executable, data / "score.py", listing, folder=Path(place)).output
        table = pacsv.read_csv(listing)
    labels = truth.labels(table["account"], table["community"])
    equal = baseline(data, truth.accounts)
    block = blocks(labels, truth.person, equal)
    drawn = draws(int(block.max()) + 1, n=DRAWS, seed=SEED)
    scores = count_pairs(labels, truth.person, block).scores(drawn)
    others = count_pairs(equal, truth.person, block).scores(drawn)
    return {
        "data": data.name,
        "accounts": len(truth.accounts),
        "people": int(truth.person.max()) + 1,
        "told_by_score_py": told.splitlines(),
        "precision_recall_f1": score(labels, truth),
        "interval_95": interval(scores),
        "baseline_precision_recall_f1": score(equal, truth),
        "baseline_interval_95": interval(others),
        "gain_interval_95": interval(scores - others),
        "nearby": nearby(data, truth),
    }


def _with(values: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The values with one of them, named by its path, in place of what it was."""
    head, _, rest = name.partition(".")
    return {**values, head: _with(values[head], rest, value) if rest else value}


def show(entry: Mapping[str, Any]) -> None:
    """Print the report."""
    print("\n".join(entry["told_by_score_py"]))
    for title, figures, ends in (
        ("graphkit", entry["precision_recall_f1"], entry["interval_95"]),
        ("equal name or address", *(entry[f"baseline_{k}"] for k in _BASELINE)),
    ):
        print(f"\n{title}, with 95% of {DRAWS} draws of whole groups of accounts")
        for name, figure, (low, high) in zip(_SCORES, figures, ends, strict=True):
            print(f"  {name:10}{figure:.3f}  {low:.3f} to {high:.3f}")
    low, high = entry["gain_interval_95"][2]
    print(f"\nF1 above the baseline's: {low:+.3f} to {high:+.3f}\n")
    for name, value, precision, recall, f1 in entry["nearby"]:
        print(f"{name:32} {value!s:34} {precision:.3f} {recall:.3f} {f1:.3f}")


_SCORES = ("precision", "recall", "F1")
_BASELINE = ("precision_recall_f1", "interval_95")


def main() -> None:
    """Measure, report, append."""
    folder = os.environ.get("GRAPHKIT_DATA")
    if not folder:
        raise SystemExit("GRAPHKIT_DATA is not set: name the folder that holds scipy_identities")
    here = machine()  # Before anything is appended, which would make the commit a dirty one.
    entry = {**here, **measure(Path(folder) / "scipy_identities")}
    show(entry)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main()
