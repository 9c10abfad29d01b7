"""The pair scorecards that ship with the package; `make weights` writes them."""

from importlib import resources

import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.contracts import SCORECARD
from graphkit.graph.corroboration import TOGETHER
from graphkit.scorecard import BASE

# The first round looks at a pair alone, the second at its company too.
ROUNDS = ("alone", "together")


def pair_card(name: str) -> pa.Table:
    """A packaged pair scorecard, fitted on simulated worlds.

    Args:
        name: one of `ROUNDS`.

    Returns:
        SCORECARD.
    """
    file = resources.files("graphkit.graph").joinpath(f"{name}.csv")
    with file.open("rb") as stream:
        types = pacsv.ConvertOptions(column_types=SCORECARD.schema)
        return SCORECARD.conform(pacsv.read_csv(stream, convert_options=types))


def explained_card(name: str) -> pa.Table:
    """A packaged card with what each fact is, for people.

    Args:
        name: one of `ROUNDS`.

    Returns:
        SCORECARD and `says`.
    """
    card = pair_card(name)
    says = {fact.name: fact.says for fact in TOGETHER} | {BASE: "what every pair starts from"}
    words = [says[str(fact)] for fact in card["fact"].to_pylist()]
    return card.append_column("says", pa.array(words, pa.string()))
