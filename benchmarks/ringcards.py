"""Fitting the cards that judge, on worlds other than those that the pair cards were fitted on.

Members first: every account with a tie to a community most of which one operator runs, by whether
he runs it. With that card the communities are settled as a night settles them; what is left are
the groups, by whether one operator runs at least half, and by what else they are.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

import graphkit.rings
from benchmarks.training import days_of, training_world
from graphkit.communities import detect_communities
from graphkit.graph import build_graph, kinds_for, project, structure
from graphkit.rings.cards import EXPLANATIONS, MEMBER, RING
from graphkit.rings.group import GROUP_FACTS, group_facts, summed
from graphkit.rings.judge import pairs_of
from graphkit.rings.membership import MEMBER_FACTS, Fits, Members, Pairs, fits, settle
from graphkit.scorecard import Fact, fit
from graphkit.settings import Settings
from graphkit.workflow import Day, window_tables

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
HOME = Path(graphkit.rings.__file__).parent
# Not those of the pair cards: there pairs look better told than they are.
FIRST_SEED = 60_000
WORLDS = 96
_NOBODY = ("hijacked", "junk")


@dataclass(frozen=True)
class Window:
    """What the graph stage says of a world, and the truth.

    Attributes:
        edges, uses, facts, structure: as their contracts say.
        profiles: PROFILES of the window.
        truth: TRUTH.
    """

    edges: pa.Table
    uses: pa.Table
    facts: pa.Table
    structure: pa.Table
    profiles: pa.Table
    truth: pa.Table


def window_of(days: Sequence[Day], truth: pa.Table, settings: Settings) -> Window:
    """Take the days of a world through the graph stage."""
    links, profiles, activity = window_tables(days)
    graph = build_graph(links, profiles, address_gap_h=settings.graph.address_gap_h)
    kinds = kinds_for(settings.graph)
    found = project(graph, links, profiles, activity, kinds, settings=settings.graph)
    return Window(found.edges, found.uses, found.facts, structure(graph), profiles, truth)


def make_window(place: Path, number: int) -> Path:
    """Simulate a world, take it through the graph stage, and leave that in a file."""
    target = place / f"ring-world-{number}.pickle"
    if not target.exists():
        days, truth = days_of(training_world(FIRST_SEED, number))
        target.write_bytes(pickle.dumps(window_of(days, truth, Settings())))
    return target


@dataclass(frozen=True)
class Known:
    """A world's communities and who runs each of its n accounts.

    Attributes:
        accounts: ids, shape (n,).
        pairs: the edges.
        community: of each account.
        operator: number of who runs it, -1 for an honest account.
        counts: whether the account is judged: neither hijacked nor junk.
        kind: of honest group; `ring` of an operator's.
    """

    accounts: pa.Array
    pairs: Pairs
    community: Ints
    operator: Ints
    counts: Bools
    kind: NDArray[np.str_]


def known(window: Window, settings: Settings) -> Known:
    """Find the communities and line up the truth."""
    membership = detect_communities(
        window.edges, window.structure, settings=settings.communities, seed=settings.seed
    )
    accounts = membership["account_id"].combine_chunks()
    truth = window.truth.take(pc.index_in(accounts, window.truth["account_id"].combine_chunks()))
    operator = pc.rank(pc.fill_null(truth["operator"], ""), tiebreaker="dense")
    role = pc.fill_null(truth["role"], "")
    return Known(
        accounts,
        pairs_of(window.edges, accounts),
        membership["community"].to_numpy(),
        np.where(pc.is_null(truth["operator"]), -1, operator).astype(np.int64),
        ~np.asarray(pc.is_in(role, pa.array(_NOBODY, pa.string()))),
        np.asarray(pc.fill_null(truth["kind"], "lone").to_pylist(), dtype=np.str_),
    )


def runs(world: Known, group: Ints) -> tuple[Ints, Ints, Ints]:
    """Who runs most of each group, how many accounts of it, and how many count."""
    n_groups, width = int(group.max(initial=-1)) + 1, int(world.operator.max(initial=0)) + 1
    counted = world.counts & (group >= 0)
    size = np.bincount(group[counted], minlength=n_groups)
    run = counted & (world.operator >= 0)
    cells = np.bincount(
        group[run] * width + world.operator[run], minlength=n_groups * width
    ).reshape(n_groups, width)
    most = cells.max(axis=1, initial=0)
    who = np.where(most > 0, cells.argmax(axis=1), -1) if n_groups else most
    return who, most, size


def member_rows(world: Known, min_size: int) -> tuple[Fits, Bools, Bools]:
    """Accounts beside operators' communities, whether the operator runs them, and what counts."""
    size = np.bincount(world.community)
    group = np.where(size[world.community] >= min_size, world.community, -1)
    who, most, counted = runs(world, group)
    fit_ = fits(world.pairs, group)
    kept = (2 * most >= counted)[fit_.group] & (most > 0)[fit_.group]
    kept &= world.counts[fit_.account]
    return fit_, world.operator[fit_.account] == who[fit_.group], kept


def group_kinds(world: Known, group: Ints) -> NDArray[np.str_]:
    """The explanation that most of each group's honest accounts fit."""
    of = {kind: at for at, kinds in enumerate(EXPLANATIONS.values()) for kind in kinds}
    place = np.array([of.get(kind, -1) for kind in world.kind])
    n_groups = int(group.max(initial=-1)) + 1
    kept = (group >= 0) & (place >= 0) & (world.operator < 0)
    cells = np.bincount(
        group[kept] * len(EXPLANATIONS) + place[kept], minlength=n_groups * len(EXPLANATIONS)
    ).reshape(n_groups, len(EXPLANATIONS))
    names: NDArray[np.str_] = np.array(list(EXPLANATIONS))[cells.argmax(axis=1)]
    return names


@dataclass(frozen=True)
class Groups:
    """The groups of a world.

    Attributes:
        facts: GROUP_FACTS.
        ring: whether one operator runs at least half.
        most, size: accounts of that operator, and accounts that count.
        kind: explanation that fits most of the honest accounts.
        members: who is where.
    """

    facts: Mapping[str, NDArray[np.float64]]
    ring: Bools
    most: Ints
    size: Ints
    kind: NDArray[np.str_]
    members: Members


def group_rows(world: Known, window: Window, card: pa.Table, settings: Settings) -> Groups:
    """Settle a world's communities and say what each group is."""
    found = settle(
        world.pairs,
        world.community,
        card,
        min_size=settings.rings.min_size,
        min_chance=round(1000 * settings.rings.min_confidence),
    )
    facts = group_facts(
        world.pairs, found.group, world.accounts, window.uses, window.facts, summed(window.profiles)
    )
    _, most, size = runs(world, found.group)
    ring = (2 * most >= size) & (most > 0)
    return Groups(facts, ring, most, size, group_kinds(world, found.group), found)


def fit_cards(windows: Sequence[Window], settings: Settings) -> dict[str, pa.Table]:
    """Fit all cards: SCORECARD by name."""
    worlds = [known(window, settings) for window in windows]
    rows = [member_rows(world, settings.rings.min_size) for world in worlds]
    facts = _stacked([r[0].facts for r in rows], MEMBER_FACTS)
    label, kept = (np.concatenate([r[at] for r in rows]) for at in (1, 2))
    facts = {name: values[kept] for name, values in facts.items()}
    weight = np.ones(int(kept.sum()))
    cards = {MEMBER: fit(MEMBER_FACTS, facts, label[kept], weight, intervals=6)}
    groups = [
        group_rows(world, window, cards[MEMBER], settings)
        for world, window in zip(worlds, windows, strict=True)
    ]
    return cards | fit_groups(groups)


def fit_groups(groups: Sequence[Groups]) -> dict[str, pa.Table]:
    """Fit the ring's card and those of the explanations, each group by the root of its size."""
    size = np.concatenate([group.size for group in groups])
    kept = size > 0
    stacked = _stacked([group.facts for group in groups], GROUP_FACTS)
    facts = {name: values[kept] for name, values in stacked.items()}
    ring = np.concatenate([group.ring for group in groups])[kept]
    kind = np.concatenate([group.kind for group in groups])[kept]
    weight = np.sqrt(size[kept]) / 2
    labels = {RING: ring} | {name: ~ring & (kind == name) for name in EXPLANATIONS}
    return {
        name: fit(GROUP_FACTS, facts, label, weight, intervals=6, ridge=2.0)
        for name, label in labels.items()
    }


def _stacked(
    parts: Sequence[Mapping[str, NDArray[np.float64]]], specs: Sequence[Fact]
) -> dict[str, NDArray[np.float64]]:
    return {spec.name: np.concatenate([part[spec.name] for part in parts]) for spec in specs}


def write_cards(paths: Sequence[Path], settings: Settings) -> None:
    """Fit all cards on windows that lie in files and write them where the package reads them."""
    cards = fit_cards([pickle.loads(path.read_bytes()) for path in paths], settings)
    tables = [
        card.add_column(0, "card", pa.repeat(name, card.num_rows)) for name, card in cards.items()
    ]
    plain = pacsv.WriteOptions(quoting_style="none")
    pacsv.write_csv(pa.concat_tables(tables), HOME / "scorecard.csv", plain)
