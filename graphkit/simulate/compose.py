"""The text of simulated requests."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulate.people import N_WORDS
from graphkit.simulate.population import Population
from graphkit.simulate.prompts import CLOSINGS, LEADS, PHRASES, Bank, pieces, sample, whole
from graphkit.simulate.words import blank, join, take

# Of the ordinary requests: a public prompt as it is; no lead; no closing; a second sentence.
PUBLIC, NO_LEAD, NO_CLOSING, SECOND = 0.03, 0.04, 0.35, 0.6


def compose(
    rng: np.random.Generator,
    population: Population,
    rows: NDArray[np.int64],
    *,
    said: NDArray[np.int64],
) -> pa.Array:
    """Write the prompt of each request.

    Ordinary text is a lead with an invented word, a sentence or two of public prompts with
    numbers filled in, and a closing with a number, so that most texts are unlike any other. A
    wrapper goes around such text, or around a whole public prompt.

    Args:
        rng: the source of chance.
        population: everybody.
        rows: the sender of each request, as a place in the population.
        said: the fixed prompt that a request is, instead of all else; -1 for none.

    Returns:
        string, shape (n,).
    """
    n = len(rows)
    people = population.people[rows]
    wrapped = (people["wrapper"] >= 0) & (rng.random(n) < people["wrapped"]) & (said < 0)
    second = rng.random(n) < 0.4
    wrapper = np.where(second & (people["wrapper2"] >= 0), people["wrapper2"], people["wrapper"])
    public = ~wrapped & (rng.random(n) < PUBLIC) & (said < 0)
    distills = wrapped & people["distills"]
    own = (said < 0) & ~public & ~distills

    bodies = np.empty(n, np.int64)
    kinds = [
        (own, _own_text(rng, population, rows[own])),
        (distills, _exercise(rng, int(distills.sum()))),
        (public, _well_known(rng, int(public.sum()))),
        (said >= 0, take(PHRASES, said[said >= 0])),
    ]
    first = 0
    for chosen, texts in kinds:
        bodies[chosen] = first + np.arange(len(texts))
        first += len(texts)
    body = take(pa.concat_arrays([texts.cast(pa.string()) for _, texts in kinds]), bodies)
    # Where there is no wrapper the place is below 0, and the text around the body empty.
    place = np.where(wrapped, wrapper, -1)
    before, after = (
        take(part, place).fill_null("") for part in (population.before, population.after)
    )
    return join(before, body, after)


def _own_text(
    rng: np.random.Generator, population: Population, rows: NDArray[np.int64]
) -> pa.Array:
    """Lead, one or two sentences, closing."""
    n = len(rows)
    favourite = population.people["word"][rows]
    word = np.where(rng.random(n) < 0.5, favourite, rng.integers(0, N_WORDS, n))
    leads = [*(tuple(lead.split("{}")) for lead in LEADS if lead), ("", "")]
    lead = np.where(rng.random(n) < NO_LEAD, len(leads) - 1, rng.integers(0, len(leads) - 1, n))
    spoken = blank(take(population.words, word), lead == len(leads) - 1)
    closings = [*(tuple(closing.split("{}")) for closing in CLOSINGS if closing), ("", "")]
    last = len(closings) - 1
    closing = np.where(rng.random(n) < NO_CLOSING, last, rng.integers(0, last, n))
    number = blank(pa.array(rng.integers(2, 5000, n)).cast(pa.string()), closing == last)
    sentences = _sentences(rng, n), _sentences(rng, n)
    more = blank(join(" ", sentences[1]), rng.random(n) >= SECOND)
    return join(
        take([before for before, _ in leads], lead),
        spoken,
        take([after for _, after in leads], lead),
        sentences[0],
        more,
        take([before for before, _ in closings], closing),
        number,
        take([after for _, after in closings], closing),
    )


def _sentences(rng: np.random.Generator, n: int) -> pa.Array:
    """Sentences of public prompts with other numbers."""
    return _filled(rng, pieces(), rng.integers(0, len(pieces()), n), fresh=1.0)


def _exercise(rng: np.random.Generator, n: int) -> pa.Array:
    """Whole public prompts, half of those with a number with another one."""
    return _filled(rng, whole(), rng.integers(0, len(whole()), n), fresh=0.5)


def _well_known(rng: np.random.Generator, n: int) -> pa.Array:
    """Public prompts as they are, a few far more often than the rest."""
    rank = (len(sample()) * rng.random(n) ** 3).astype(np.int64)
    # The sample is in order of source; a step without common divisor takes from all.
    return _filled(rng, whole(), rank * 997 % len(sample()), fresh=0.0)


def _filled(
    rng: np.random.Generator, bank: Bank, place: NDArray[np.int64], *, fresh: float
) -> pa.Array:
    """Take texts, a share of them with another number."""
    n = len(place)
    return bank.fill(place, rng.integers(2, 1000, n), rng.random(n) < fresh)
