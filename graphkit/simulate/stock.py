"""What shared things a world has handed out while it is being built."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulate.network import Network, reserve
from graphkit.simulate.people import N_WORDS
from graphkit.simulate.prompts import write_wrapper
from graphkit.simulate.words import invented


@dataclass
class Stock:
    """Shared addresses and wrappers so far.

    Attributes:
        rng: the source of chance.
        network: the providers; its shared addresses are replaced by `addresses` at the end.
        words: the world's invented words.
        addresses: shared addresses, in runs.
        wrappers: text before and after a payload.
    """

    rng: np.random.Generator
    network: Network
    words: pa.Array
    addresses: list[NDArray[np.uint32]] = field(default_factory=list)
    wrappers: list[tuple[str, str]] = field(default_factory=list)
    n_addresses: int = 0

    def new_addresses(self, n: int, *, n_pools: int = 1) -> int:
        """Reserve n addresses from some providers; return the number of the first."""
        first = self.n_addresses
        pools = self.rng.integers(0, len(self.network.v4), n_pools)
        for pool, part in zip(pools, np.array_split(np.arange(n), n_pools), strict=True):
            self.addresses.append(reserve(self.network, int(pool), self.n_addresses, len(part)))
            self.n_addresses += len(part)
        return first

    def new_wrapper(self) -> int:
        """Make up a wrapper; return its number."""
        word = self.words[int(self.rng.integers(N_WORDS))].as_py()
        self.wrappers.append(write_wrapper(self.rng, word))
        return len(self.wrappers) - 1


def new_words(rng: np.random.Generator) -> pa.Array:
    """The invented words of a world; many stand in prompts, names and domains."""
    return invented(rng, N_WORDS)
