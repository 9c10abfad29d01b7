"""The scorecards of a run: those that ship with the package, or a user's own."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from graphkit.errors import DataError, nearest
from graphkit.graph import ROUNDS, pair_card
from graphkit.ingest.scorecards import JUDGING, read_cards
from graphkit.rings.cards import default_cards

Cards = Mapping[str, pa.Table]


def packaged_cards() -> dict[str, pa.Table]:
    """The packaged cards: SCORECARD by name, of pairs by round, `member`, `ring`, explanations."""
    return {name: pair_card(name) for name in ROUNDS} | default_cards()


def load_cards(folder: Path) -> dict[str, pa.Table]:
    """Read a folder's cards, as `graphkit fit` writes them.

    Args:
        folder: `alone.csv`, `together.csv` and `scorecard.csv`.

    Returns:
        SCORECARD by name, as `packaged_cards`.

    Raises:
        DataError: naming file, line and column of what does not fit, or the fact that a card lacks
            or that this version does not know.
    """
    cards, packaged = read_cards(folder, ROUNDS), packaged_cards()
    _check_names(f"cards in {folder}", set(cards), list(packaged))
    for name, card in packaged.items():
        file = folder / f"{name if name in ROUNDS else JUDGING}.csv"
        signals = {(row["fact"], row["signal"]) for row in card.to_pylist()}
        known, found = _facts(card), _facts(cards[name])
        _check_names(f"card {name} in {file}", set(found), known)
        mine = {(row["fact"], row["signal"]) for row in cards[name].to_pylist()}
        if moved := sorted(mine - signals):
            raise _unfit(
                f"card {name} in {file} counts fact {moved[0][0]} for another signal",
                moved[0][1],
                dict(signals)[moved[0][0]],
            )
        repeated = _ends(cards[name])
        if doubled := sorted(fact for fact, n in repeated.items() if n > 1):
            raise _unfit(
                f"card {name} in {file} has fact {doubled[0]} more than once",
                f"{repeated[doubled[0]]} last intervals",
                "one, its rows together",
            )
    return {name: cards[name] for name in packaged}


def _facts(card: pa.Table) -> list[str]:
    """The facts that a card knows, in its order."""
    return [str(fact) for fact in dict.fromkeys(card["fact"].to_pylist())]


def _ends(card: pa.Table) -> dict[str, int]:
    """How many last intervals each fact has."""
    found: dict[str, int] = {}
    for row in card.to_pylist():
        found[row["fact"]] = found.get(row["fact"], 0) + (row["high"] is None)
    return found


def _check_names(what: str, found: set[str], known: list[str]) -> None:
    for name in sorted(found - set(known)):
        raise _unfit(f"{what}: {name!r} is not known{nearest(name, known)}", name, "what is known")
    for name in known:
        if name not in found:
            raise _unfit(f"{what}: {name!r} is missing", "no row of it", "all that is known")


def _unfit(what: str, found: str, allowed: str) -> DataError:
    return DataError(
        what,
        found=found,
        allowed=f"{allowed} to this version",
        do="fit the cards anew with this version's `graphkit fit`; nothing was run",
    )
