"""The text of simulated requests."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance, Ints
from graphkit.simulate.slots import DEALT, ITEMS, N_TEXT, OWN, PHRASE, PUBLIC, TEXT
from graphkit.simulate.text.corpus import Bank, Corpus
from graphkit.simulate.words import N_WORDS, blank, join, take

LEADS = """
In our {} project, |For the {} team: |My colleague {} wonders: |Context: the {} release. |
Regarding {}, |This is for the {} workshop. |Chapter notes on {}. |Given the {} data set, |
Our customer {} wrote this. |I am preparing {} for Monday. |While testing {}, |
From the {} backlog: |A note by {}: |About the {} chapter, |Please look at {} first. |
Working on {} again. |Homework from Ms {}. |Draft of the {} report. |Question about {}. |
Meeting with {} tomorrow. |The {} service asks: |Translate for {} what follows. |
Rewrite this for {}. |Sent by {} this morning: |We call the tool {}. |
Suppose {} is the client. |Same as before, now for {}. |{} here again. |{} needs this by noon. |
Hello, {} from support. |Pretend the city is {}. |Story set in {}. |Recipe from {}: |
The invoice of {} says: |Unit tests for {}. |Class {} fails. |Bug in {}: |
Plan a weekend in {}. |Our band is called {}. |Species named {}. |
""".replace("\n", "").split("|")
CLOSINGS = """
 Keep it under {} words.| Give {} examples.| Answer in {} lines.| It must fit on {} slides.|
 I have {} minutes.| Stop after {} steps.| There are {} of us.| The budget is {} dollars.|
 Use at most {} sentences.| List {} reasons.| The ticket is number {}.| Page {} has the rest.|
 Version {} is what we run.| It worked {} days ago.| We sell {} a week.| My reader is {} years old.|
 Compare {} variants.| Round to {} digits.| Write {} headlines.| About {} rows are affected.|
 Thanks, desk {}.| See line {}.| For {} guests.| In {} weeks at most.
""".replace("\n", "").split("|")

# Of the ordinary requests: a public prompt as it is; no lead; no closing; a second sentence.
_PUBLIC, _NO_LEAD, _NO_CLOSING, _SECOND = 0.03, 0.04, 0.35, 0.6
_MOST_A_DAY = 512  # items of a dealt set that a seat has for a day


@dataclass(frozen=True)
class Library:
    """What requests are written from.

    Attributes:
        texts: TEXT.
        pieces: pieces of wrappers and whole phrases.
        words: invented words.
        corpus: public prompts.
    """

    texts: NDArray[np.void]
    pieces: Bank
    words: pa.Array
    corpus: Corpus


def compose(
    chance: Chance,
    library: Library,
    people: NDArray[np.void],
    rows: Ints,
    *,
    nth: Ints,
    once: NDArray[np.bool_],
    day: int,
) -> pa.Array:
    """Write the prompt of each request.

    A request takes one of its sender's sources of text, or the sender's own words: a lead with an
    invented word, a sentence or two of public prompts with numbers filled in, and a closing with
    a number, so that most texts are unlike any other.

    Args:
        chance: the source of chance.
        library: what to write from.
        people: ACCOUNT.
        rows: the sender of each request, as a place in `people`.
        nth: which of the sender's requests of the day it is.
        once: requests that are the sender's `once_text`, if it has one.
        day: number of the day.

    Returns:
        string, shape (n,).
    """
    source = _sources(chance, people, rows, once)
    texts = library.texts if len(library.texts) else np.zeros(1, TEXT)
    chosen = texts[source.clip(0)]
    public = chance.flip(_PUBLIC, len(rows))
    kind = np.where(source >= 0, chosen["payload"], np.where(public, PUBLIC, OWN))
    seat = people["seat"][rows].clip(0)
    item = _items(chance, chosen, dealt=kind == DEALT, turn=day * _MOST_A_DAY + nth, seat=seat)
    body = _bodies(chance, library, kind, item, chosen["fresh"], people["word"][rows])
    wrapped = np.flatnonzero((source >= 0) & (chosen["pieces"]["n"] > 0).any(axis=1))
    if not len(wrapped):
        return body
    around = _wrap(chance, library, chosen[wrapped], day, take(body, wrapped))
    place = np.arange(len(rows))
    place[wrapped] = len(rows) + np.arange(len(wrapped))
    return take(pa.concat_arrays([body, around]), place)


def _items(
    chance: Chance, chosen: NDArray[np.void], *, dealt: NDArray[np.bool_], turn: Ints, seat: Ints
) -> Ints:
    """The item of its source's set that each request asks about.

    Of a dealt set each seat has every `step`-th item, in order, so that no two seats share one.
    """
    at = np.where(dealt, turn * chosen["step"] + seat, chance.below(2**31 - 1, len(turn)))
    items: Ints = chosen["first"] + at % chosen["n"].clip(1)
    return items


def _bodies(
    chance: Chance, library: Library, kind: Ints, item: Ints, fresh: NDArray[np.uint8], word: Ints
) -> pa.Array:
    """Write what each request says but for its wrapper."""
    corpus, n = library.corpus, len(kind)
    number, anew = chance.between(2, 999, n), chance.unit(n) * 255 < fresh
    places = np.empty(n, np.int64)
    own, public, phrase = (np.flatnonzero(kind == what) for what in (OWN, PUBLIC, PHRASE))
    items = np.flatnonzero((kind == ITEMS) | (kind == DEALT))
    texts = [
        _own_text(chance, library, word[own]),
        _well_known(chance, corpus, len(public)),
        take(library.pieces.before, item[phrase]),
        corpus.items(item[items], number[items], anew[items]),
    ]
    order = np.concatenate([own, public, phrase, items])
    places[order] = np.arange(n)
    return take(pa.concat_arrays(texts), places)


def _sources(chance: Chance, people: NDArray[np.void], rows: Ints, once: NDArray[np.bool_]) -> Ints:
    """The row of TEXT that each request takes; -1 for the sender's own words."""
    drawn = chance.unit(len(rows)) * 255
    text = people["text"]
    edges = np.cumsum(text["share"].astype(np.int64), axis=1)
    slot = (drawn[:, None] >= edges[rows]).sum(axis=1)
    source = np.where(
        slot < N_TEXT, text["source"][rows, np.minimum(slot, N_TEXT - 1)].astype(np.int64), -1
    )
    said = people["once_text"][rows]
    return np.where(once & (said >= 0), said, source)


def _wrap(
    chance: Chance, library: Library, chosen: NDArray[np.void], day: int, body: pa.Array
) -> pa.Array:
    """Put two pieces ahead of each body and two behind, in wordings that chance takes."""
    pieces = library.pieces
    n = len(chosen)
    epoch = np.where(chosen["turn_d"] > 0, day // chosen["turn_d"].clip(1), 0)
    epoch = epoch % chosen["turns"].clip(1)
    word = take(library.words, chosen["word"])
    drawn = np.where(chosen["number"] > 0, chosen["number"], chance.between(2, 400, n))
    number = pa.array(drawn).cast(pa.string())
    said = []
    for place in range(4):
        piece = chosen["pieces"][:, place]
        at = piece["first"] + epoch * piece["n"] + chance.below(piece["n"].astype(np.int64), n)
        at = np.where(piece["n"] == 0, -1, at)
        slot = take(pieces.number, at)
        filled = pc.if_else(pc.equal(slot, "{}"), number, slot)
        filled = pc.if_else(pc.equal(slot, "{w}"), word, filled)
        text = join(take(pieces.before, at), filled, take(pieces.after, at))
        said.append(text.fill_null(""))
    return join(said[0], said[1], body, said[2], said[3])


def _own_text(chance: Chance, library: Library, favourite: Ints) -> pa.Array:
    """Lead, one or two sentences, closing."""
    n = len(favourite)
    word = np.where(chance.flip(0.5, n), favourite, chance.below(N_WORDS, n))
    leads = [*(tuple(lead.split("{}")) for lead in LEADS if lead), ("", "")]
    last = len(leads) - 1
    lead = np.where(chance.flip(_NO_LEAD, n), last, chance.below(last, n))
    spoken = blank(take(library.words, word), lead == last)
    closings = [*(tuple(closing.split("{}")) for closing in CLOSINGS if closing), ("", "")]
    end = len(closings) - 1
    closing = np.where(chance.flip(_NO_CLOSING, n), end, chance.below(end, n))
    number = blank(pa.array(chance.between(2, 4999, n)).cast(pa.string()), closing == end)
    sentences = _sentences(chance, library.corpus, n), _sentences(chance, library.corpus, n)
    more = blank(join(" ", sentences[1]), ~chance.flip(_SECOND, n))
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


def _sentences(chance: Chance, corpus: Corpus, n: int) -> pa.Array:
    """Sentences of public prompts with other numbers."""
    place = chance.below(len(corpus.sentences), n)
    return corpus.sentences.fill(place, chance.between(2, 999, n), np.ones(n, np.bool_))


def _well_known(chance: Chance, corpus: Corpus, n: int) -> pa.Array:
    """Public prompts as they are, a few far more often than the rest."""
    size = len(corpus.whole)
    low = chance.unit(n)
    rank = np.floor(size * low * low * low).astype(np.int64)
    # A corpus may be in order of source; a step without common divisor takes from all.
    return corpus.whole.as_is(rank * 7919 % size)
