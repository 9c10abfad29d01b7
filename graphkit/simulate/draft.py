"""A population in the making: accounts, and the rows that their slots point at."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.network import Providers, reserved
from graphkit.simulate.slots import BLOCK, HOME, JOB, PHRASE, PROXY, ROUTE, TEXT
from graphkit.simulate.spelling import COMMON_DEVICES, n_rare_devices
from graphkit.simulate.text.wrappers import POOL
from graphkit.simulate.words import rank_within
from graphkit.simulate.world import TacticName, World


@dataclass
class Rows:
    """Rows of one kind, added in runs.

    Attributes:
        kind: the row's type.
        runs: what was added.
    """

    kind: np.dtype
    runs: list[NDArray[np.void]] = field(default_factory=list)
    n: int = 0

    def add(self, n: int) -> tuple[NDArray[np.void], Ints]:
        """Add n empty rows; return them, to be filled in place, and their numbers."""
        rows = np.zeros(n, self.kind)
        self.runs.append(rows)
        self.n += n
        return rows, np.arange(self.n - n, self.n)

    def table(self) -> NDArray[np.void]:
        """All rows in one array."""
        return np.concatenate([np.zeros(0, self.kind), *self.runs])


@dataclass(frozen=True)
class Commons:
    """Ways out that anybody may rent or subscribe to, honest or not: rows of ROUTE.

    Attributes:
        carriers: NATs of mobile carriers.
        vpns: exits of public VPNs.
        proxies: networks of residential proxies.
        clouds: regions of datacenters and serverless platforms.
    """

    carriers: Ints
    vpns: Ints
    proxies: Ints
    clouds: Ints


@dataclass(frozen=True)
class Ring:
    """A planted ring.

    Attributes:
        number: of the ring, from 0.
        operator: who runs it; a ring and its successors have one.
        members: places of its accounts, every role.
        tactics: names of what it does.
        chance: its own source of chance, so that no ring changes another.
        hijacked: places of the honest accounts that it took over.
        traces: what it owns and its accounts share: (kind, number of the row or entity).
    """

    number: int
    operator: int
    members: Ints
    tactics: tuple[TacticName, ...]
    chance: Chance
    hijacked: list[int] = field(default_factory=list)
    traces: list[tuple[str, int]] = field(default_factory=list)

    def owns(self, kind: str, entities: Ints) -> None:
        """Note that rows or entities of one kind are the ring's own."""
        self.traces.extend((kind, entity) for entity in entities.tolist())


@dataclass
class Draft:
    """What groups and rings write to.

    Attributes:
        world: the settings.
        people: ACCOUNT, shape (n,).
        providers: who owns addresses; the last `n_hosts` host machines.
        n_hosts: hosting providers.
        n_lines: providers of homes.
        commons: ways out that anybody may use.
        routes: ROUTE; texts: TEXT; jobs: JOB.
        addresses: shared addresses, in runs.
        pieces: pieces of wrappers and whole phrases, each with one slot at most, `{}` or `{w}`.
        devices: user agent and TLS fingerprint of devices beyond the common and the rare ones.
        rings: what was planted.
        groups: honest groups so far.
        steps: payer of the next step of a chain; far above any account's number.
        developers: places of the honest accounts that work as rings' members do, if for days.
    """

    world: World
    people: NDArray[np.void]
    providers: Providers
    n_lines: int
    n_hosts: int
    commons: Commons = field(init=False)
    routes: Rows = field(default_factory=lambda: Rows(ROUTE))
    texts: Rows = field(default_factory=lambda: Rows(TEXT))
    jobs: Rows = field(default_factory=lambda: Rows(JOB))
    addresses: list[NDArray[np.uint32]] = field(default_factory=list)
    n_addresses: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=lambda: list(POOL))
    devices: list[tuple[str, str]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    groups: int = 0
    steps: int = 1 << 30
    developers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def add_homes(self) -> Ints:
        """Add the homes of every provider as ways out; return their rows."""
        rows, numbers = self.routes.add(self.n_lines)
        rows["way"], rows["first"], rows["n"], rows["turns"] = HOME, np.arange(self.n_lines), 1, 1
        return numbers

    def add_blocks(
        self,
        chance: Chance,
        sizes: Ints,
        *,
        hosted: bool = False,
        spread: int = 1,
        hold_h: int = 24,
        turn_d: int = 0,
        turns: int = 1,
    ) -> Ints:
        """Add ways out over shared addresses; return their rows.

        Args:
            chance: the source of chance.
            sizes: addresses in use at a time, of each way out.
            hosted: whether the addresses are a datacenter's rather than an access line's.
            spread: providers among whose addresses each is dealt out.
            hold_h: hours a seat keeps an address; 0: another for each request.
            turn_d: days until the addresses are replaced by others; 0: never.
            turns: how often there are others.
        """
        rows, numbers = self.routes.add(len(sizes))
        total = sizes * turns
        first = self.n_addresses + np.cumsum(total) - total
        rows["way"], rows["first"], rows["n"] = BLOCK, first, sizes
        rows["hold_h"], rows["turn_d"], rows["turns"] = hold_h, turn_d, turns
        low, n = (self.n_lines, self.n_hosts) if hosted else (0, self.n_lines)
        owners = low + chance.below(n, len(sizes) * spread).reshape(len(sizes), spread)
        of = np.repeat(np.arange(len(sizes)), total)
        nth = np.arange(len(of)) - (first - self.n_addresses)[of]
        provider = owners[of, nth % spread]
        base = np.zeros(len(self.providers.v4), np.int64)
        base[list(self.taken)] = list(self.taken.values())
        places = base[provider] + rank_within(provider)
        used = np.bincount(provider, minlength=len(base))
        self.taken |= {int(p): int(base[p] + used[p]) for p in np.flatnonzero(used)}
        self.addresses.append(reserved(self.providers, provider, places))
        self.n_addresses += len(of)
        return numbers

    def add_proxies(
        self, chance: Chance, sizes: Ints, *, hold_h: int = 0, turn_d: int = 1, turns: int = 1000
    ) -> Ints:
        """Add ways out through strangers' homes; return their rows.

        Args:
            chance: the source of chance.
            sizes: homes in use at a time, of each way out.
            hold_h: hours a seat keeps a home; 0: another for each request.
            turn_d: days until the homes are replaced by others.
            turns: how often there are others.
        """
        rows, numbers = self.routes.add(len(sizes))
        rows["way"], rows["n"] = PROXY, sizes
        rows["first"] = (chance.raw(len(sizes)) >> np.uint64(2)).astype(np.int64)
        rows["hold_h"], rows["turn_d"], rows["turns"] = hold_h, turn_d, turns
        return numbers

    def add_texts(
        self,
        n: int,
        payload: int,
        *,
        first: int = 0,
        items: int = 1,
        step: int = 1,
        fresh: float = 0.0,
    ) -> tuple[NDArray[np.void], Ints]:
        """Add n sources of text without wrappers; return their rows, to be filled, and numbers.

        Args:
            n: how many.
            payload: OWN, PUBLIC, ITEMS, DEALT or PHRASE.
            first: first item of the set of public prompts, which begins again at its end.
            items: items in the set.
            step: DEALT: seats among which the set is dealt out.
            fresh: items whose first number is replaced, as a share.
        """
        rows, numbers = self.texts.add(n)
        rows["payload"], rows["first"], rows["n"], rows["step"] = payload, first, items, step
        rows["fresh"], rows["turns"] = round(255 * fresh), 1
        return rows, numbers

    def add_wrapper(self, payload: int, ahead: str) -> int:
        """Add a source whose payload follows a text known word by word; return its row."""
        rows, numbers = self.add_texts(1, payload)
        rows["pieces"]["first"][:, 0], rows["pieces"]["n"][:, 0] = len(self.pieces), 1
        self.pieces.append(ahead)
        return int(numbers[0])

    def add_phrase(self, text: str) -> int:
        """Add a fixed prompt as a source of text; return its row."""
        self.pieces.append(text)
        return int(self.add_texts(1, PHRASE, first=len(self.pieces) - 1)[1][0])

    def add_jobs(
        self,
        n: int,
        mode: int,
        *,
        seats: int = 1,
        step_min: int = 30,
        jitter_min: int = 0,
        share: float = 1.0,
    ) -> Ints:
        """Add n times working hours that accounts share; return the rows.

        Args:
            n: how many.
            mode: TOGETHER or TURNS.
            seats: TURNS: accounts that take turns.
            step_min: TURNS: minutes of a turn.
            jitter_min: minutes by which a member strays, as a standard deviation.
            share: sittings that follow the job, from 0 to 1.
        """
        rows, numbers = self.jobs.add(n)
        rows["mode"], rows["n"] = mode, seats
        rows["step_min"], rows["jitter_min"] = step_min, jitter_min
        rows["share"] = round(255 * share)
        return numbers

    def add_device(self, agent: str, tls: str) -> int:
        """Add a device beyond the common and the rare ones; return its number."""
        self.devices.append((agent, tls))
        return COMMON_DEVICES + n_rare_devices(self.world.accounts) + len(self.devices) - 1

    def new_steps(self, n: int) -> Ints:
        """Number n payers that a chain of names and postal codes connects, and no others."""
        self.steps += n + 3
        return np.arange(self.steps - n - 3, self.steps - 3)

    def new_groups(self, n: int) -> Ints:
        """Number n more honest groups."""
        self.groups += n
        return np.arange(self.groups - n, self.groups)

    def append(self, other: "Draft") -> None:
        """Put another draft's accounts, providers and ways out behind one's own."""
        routes = other.routes.table()
        routes["first"][routes["way"] == HOME] += len(self.providers.v4)
        routes["first"][routes["way"] == BLOCK] += self.n_addresses
        used = other.people["egress"]["share"] > 0
        other.people["egress"]["route"][used] += self.routes.n
        other.people["once_route"][other.people["once_route"] >= 0] += self.routes.n
        rows, _ = self.routes.add(len(routes))
        rows[:] = routes
        self.addresses += other.addresses
        self.n_addresses += other.n_addresses
        self.people = np.concatenate([self.people, other.people])
        self.providers = self.providers.joined(other.providers)

    def rare_device(self, chance: Chance) -> int:
        """Pick one of the seldom seen devices that anybody may have; return its number."""
        return int(self.rare_devices(chance, 1)[0])

    def rare_devices(self, chance: Chance, n: int) -> Ints:
        """Pick n times one of the seldom seen devices; return their numbers."""
        return COMMON_DEVICES + chance.below(n_rare_devices(self.world.accounts), n)
