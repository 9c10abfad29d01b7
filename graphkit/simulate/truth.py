"""What is true of a simulated world: who is who, and what each ring owns."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import TRACES, TRUTH
from graphkit.simulate.chance import Ints
from graphkit.simulate.groups import KINDS
from graphkit.simulate.people import start_us
from graphkit.simulate.population import Population
from graphkit.simulate.slots import BLOCK, DAY_US, ROLES
from graphkit.simulate.spelling import account_ids, cards, domains, org_ids, payers
from graphkit.simulate.text.corpus import Corpus
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


def traces_of(population: Population, corpus: Corpus) -> pa.Table:
    """What each ring owns and its accounts share, as the records spell it: TRACES, by ring.

    Of a wrapper these are the wordings of the piece that bears its word; of a private set its
    items. A way out through strangers' homes, a dealt set and working hours leave nothing.
    """
    rows: list[tuple[str, str, str]] = []
    for ring in population.rings:
        for kind in dict.fromkeys(kind for kind, _ in ring.traces):
            entities = np.array([e for name, e in ring.traces if name == kind], np.int64)
            spelled = _SPELL[kind](population, corpus, entities)
            rows += [(f"ring-{ring.number + 1:04d}", _KIND[kind], value) for value in spelled]
    columns = list(zip(*sorted(set(rows)), strict=True)) or [(), (), ()]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return TRACES.conform(pa.table(arrays, names=list(TRACES.columns)))


def _addresses(population: Population, corpus: Corpus, routes: Ints) -> list[str]:
    """Every address of ways out that are a ring's own."""
    network = population.network
    rows = network.routes[routes]
    places = [
        np.arange(row["first"], row["first"] + int(row["n"]) * int(row["turns"]))
        for row in rows[rows["way"] == BLOCK]
    ]
    addresses = network.shared[np.concatenate([np.zeros(0, np.int64), *places])]
    octets = addresses.astype(">u4").view(np.uint8).reshape(-1, 4)
    return [".".join(map(str, address)) for address in octets.tolist()]


def _cards(population: Population, corpus: Corpus, owners: Ints) -> list[str]:
    """Every fingerprint that accounts' cards have over the days."""
    world, rows = population.world, population.people[owners]
    turn_d = rows["card_turn_d"].astype(np.int64)
    n = np.where(turn_d > 0, (world.days - 1) // turn_d.clip(1) + 1, 1)
    of = np.repeat(np.arange(len(rows)), n)
    turns = np.arange(len(of)) - (np.cumsum(n) - n)[of]
    return _plain(cards(world.seed, rows["card"][of], turns, rows["issuer"][of])[0])


def _texts(population: Population, corpus: Corpus, sources: Ints) -> list[str]:
    """The stretches with a wrapper's word: the one piece that hardly anybody else has."""
    bank, stretches = population.pieces, []
    for row in population.texts[sources]:
        word = population.words[int(row["word"])].as_py()
        for piece in row["pieces"]:
            for at in range(int(piece["first"]), int(piece["first"] + piece["n"] * row["turns"])):
                before, slot, after = (
                    part[at].as_py() for part in (bank.before, bank.number, bank.after)
                )
                if slot == "{w}":
                    stretches.append(f"{before}{word}{after}".strip())
    return stretches


def _sets(population: Population, corpus: Corpus, sources: Ints) -> list[str]:
    """The items of private sets."""
    rows = population.texts[sources]
    items = [np.arange(row["first"], row["first"] + row["n"]) for row in rows]
    item = np.concatenate([np.zeros(0, np.int64), *items])
    return _plain(corpus.items(item, np.zeros_like(item), np.zeros(len(item), np.bool_)))


def _devices(population: Population, corpus: Corpus, devices: Ints) -> list[str]:
    """The user agents."""
    return _plain(take(population.agents, devices))


def _domains(population: Population, corpus: Corpus, numbers: Ints) -> list[str]:
    """The mail domains."""
    return _plain(domains(population.world.seed, population.words, numbers))


def _orgs(population: Population, corpus: Corpus, numbers: Ints) -> list[str]:
    """The organisations."""
    return _plain(org_ids(population.world.seed, numbers))


def _names(population: Population, corpus: Corpus, places: Ints) -> list[str]:
    """The billing names of accounts."""
    rows = population.people[places]
    names, _ = payers(population.world.seed, population.words, rows["payer"], rows["alias"])
    return _plain(names)


def _plain(values: pa.Array) -> list[str]:
    """Strings as a list."""
    return [str(value) for value in values.to_pylist()]


_SPELL = {
    "route": _addresses,
    "card": _cards,
    "device": _devices,
    "text": _texts,
    "set": _sets,
    "domain": _domains,
    "org": _orgs,
    "name": _names,
}
_KIND = {
    "route": "ip",
    "card": "card",
    "device": "device",
    "text": "prompt",
    "set": "prompt",
    "domain": "domain",
    "org": "org",
    "name": "name",
}


def _numbered(name: str, number: NDArray[np.int64]) -> pa.Array:
    """Spell numbers from 0 as names from 0001; null below 0."""
    digits = pa.array(number + 1, pa.int64()).cast(pa.string())
    names = join(f"{name}-", _padded(digits))
    return take(names, np.where(number >= 0, np.arange(len(number)), -1))


def _padded(digits: pa.Array) -> pa.Array:
    """Fill up with zeros to four digits."""
    padded: pa.Array = pc.utf8_lpad(digits, 4, "0")
    return padded
