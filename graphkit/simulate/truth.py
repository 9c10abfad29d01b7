"""What is true of a simulated world: who is who, and what each ring owns."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import TRACES, TRUTH
from graphkit.simulate.groups import KINDS
from graphkit.simulate.people import start_us
from graphkit.simulate.population import Population
from graphkit.simulate.slots import BLOCK, DAY_US, PHRASE, ROLES
from graphkit.simulate.spelling import account_ids, cards
from graphkit.simulate.words import join, take


def truth_of(population: Population) -> pa.Table:
    """Who is in which ring and group, in which role and when: TRUTH, by account id.

    Of a hijacked account the ring stands beside its honest kind and group. A bridge bears the
    ring that it was opened for.
    """
    world, people = population.world, population.people
    ring = people["ring"].astype(np.int64)
    operators = np.array([r.operator for r in population.rings] or [0], np.int64)
    tactics = ["+".join(r.tactics) for r in population.rings]
    first = np.maximum((people["created"] - start_us(world)) // DAY_US, 0)
    last = np.minimum((people["banned"] - start_us(world)) // DAY_US, world.days - 1)
    begin = (world.end - timedelta(days=world.days - 1)).toordinal() - 719_163  # since 1970
    roles = pa.array([role or None for role in ROLES], pa.string())
    columns = [
        account_ids(world.seed, np.arange(len(people))),
        _numbered("ring", ring),
        _numbered("op", np.where(ring >= 0, operators[ring.clip(0)], -1)),
        take(pa.array(tactics, pa.string()), ring),
        take(roles, people["role"]),
        _numbered("group", people["group"].astype(np.int64)),
        take(KINDS, people["kind"]),
        *(pa.array((begin + day).astype(np.int32)).cast(pa.date32()) for day in (first, last)),
    ]
    table = pa.table(columns, names=list(TRUTH.columns))
    return TRUTH.conform(table.sort_by("account_id").combine_chunks())


def traces_of(population: Population) -> pa.Table:
    """What each ring owns, spelled as the records spell it: TRACES, by ring and kind.

    Of a wrapper these are its pieces that bear the ring's own word; all others are anybody's. A
    data set that is dealt out leaves nothing that two members share.
    """
    rows: list[tuple[str, str, str]] = []
    turns = _turns(population)
    for number, kind, entity in population.traces:
        if kind == "card":
            spelled = _cards(population, entity, turns.get(entity, 0))
        else:
            spelled = _SPELL[kind](population, entity)
        rows += [(f"ring-{number + 1:04d}", _KIND[kind], value) for value in spelled]
    columns = list(zip(*sorted(set(rows)), strict=True)) or [(), (), ()]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return TRACES.conform(pa.table(arrays, names=list(TRACES.columns)))


def _addresses(population: Population, route: int) -> list[str]:
    """Every address of a way out that is a ring's own."""
    network, row = population.network, population.network.routes[route]
    if row["way"] != BLOCK:
        return []
    first, n = int(row["first"]), int(row["n"]) * int(row["turns"])
    octets = network.shared[first : first + n].astype(">u4").view(np.uint8).reshape(-1, 4)
    return [".".join(map(str, address)) for address in octets.tolist()]


def _cards(population: Population, card: int, turn_d: int) -> list[str]:
    """Every fingerprint that a card has over the days."""
    turns = np.arange((population.world.days - 1) // turn_d + 1 if turn_d else 1)
    fingerprints, _, _ = cards(
        population.world.seed, np.full(len(turns), card), turns, np.zeros(len(turns), np.int64)
    )
    return [str(value) for value in fingerprints.to_pylist()]


def _texts(population: Population, source: int) -> list[str]:
    """The pieces of a source that bear its own word; or a phrase."""
    row = population.texts[source]
    bank = population.pieces
    if row["payload"] == PHRASE:
        return [bank.before[int(row["first"])].as_py()]
    word = population.words[int(row["word"])].as_py()
    places = [
        place
        for piece in row["pieces"]
        for place in range(int(piece["first"]), int(piece["first"] + piece["n"] * row["turns"]))
        if bank.number[place].as_py() == "{w}"
    ]
    return [f"{bank.before[at].as_py()}{word}{bank.after[at].as_py()}".strip() for at in places]


def _devices(population: Population, device: int) -> list[str]:
    """The user agent."""
    return [str(population.agents[device].as_py())]


def _turns(population: Population) -> dict[int, int]:
    """Days until a card is replaced, of the cards that are."""
    people = population.people[population.people["card_turn_d"] > 0]
    return dict(zip(people["card"].tolist(), people["card_turn_d"].tolist(), strict=True))


_SPELL = {"route": _addresses, "text": _texts, "device": _devices}
_KIND = {"route": "ip", "card": "card", "text": "prompt", "device": "device"}


def _numbered(name: str, number: NDArray[np.int64]) -> pa.Array:
    """Spell numbers from 0 as names from 0001; null below 0."""
    digits = pa.array(number + 1, pa.int64()).cast(pa.string())
    names = join(f"{name}-", _padded(digits))
    return take(names, np.where(number >= 0, np.arange(len(number)), -1))


def _padded(digits: pa.Array) -> pa.Array:
    """Fill up with zeros to four digits."""
    padded: pa.Array = pc.utf8_lpad(digits, 4, "0")
    return padded
