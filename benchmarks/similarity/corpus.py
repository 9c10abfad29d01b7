"""A labelled corpus: rings that write from one template or about one data set, and honest users.

| class | what its accounts share | honest |
|---|---|---|
| level 1, 2, 3 | a template around payloads of their own: slots filled; three wordings of each sentence and the payload moved; also synonyms, dropped and shuffled sentences, slips of the pen | no |
| wrapper | sixty words around payloads of their own, never changed | no |
| payload | twelve items of 30 to 60 words, by each account in a wrapper of its own | no |
| own | nothing but public sentences and leads | yes |
| viral | one of three public templates (some 400 users each) around a text of their own, once or twice | yes |
| harness | the long prefix of a tool that strangers run | yes |
| benchmark | items of one public benchmark | yes |
| integrator | one firm's template on all its accounts | linked, and no ring |

Sentences come from the packaged public prompts; what a ring or a firm owns is written of invented
words among common ones, so that no sentence of it is anybody else's.
"""  # noqa: E501 - a table's rows cannot be broken

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from graphkit.simulate.text.corpus import load
from graphkit.simulate.text.wrappers import HARNESS

_COMMON = """
the of and to in is you that it for on are with as write explain every list what when where which
one two more less first last after before under over into out from about how why not all any each
""".split()  # noqa: SIM905 - a list would take a line for each word
_SYNONYMS = {"explain": "describe", "write": "compose", "list": "name", "first": "initially"}
_SYNONYMS |= {"every": "each", "about": "regarding", "before": "ahead", "last": "final"}
PAYLOADS = {"short": (8, 15), "medium": (30, 60), "long": (150, 300)}
_ITEMS, _VIRAL = 12, 3
Say = Callable[[], str]


@dataclass(frozen=True)
class Labelled:
    """Prompts with who sent them, and the truth.

    Attributes:
        account: string, shape (n,).
        text: string, shape (n,).
        group: ring or firm of each account, by account; strangers have none.
        sort: class of each account.
    """

    account: pa.Array
    text: pa.Array
    group: dict[str, str]
    sort: dict[str, str]


class Writer:
    """Writes texts; all chance comes from one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._public = load().sentences.as_is(np.arange(len(load().sentences))).to_pylist()

    def word(self) -> str:
        """An invented word."""
        return "".join(
            self.dice.choice("bdfgklmnprstvz") + self.dice.choice("aeiou") for _ in "abc"
        )

    def sentence(self) -> str:
        """Nine to sixteen words, one in three invented: no two are alike."""
        n = self.dice.randint(9, 16)
        said = [
            self.word() if self.dice.random() < 0.35 else self.dice.choice(_COMMON)
            for _ in range(n)
        ]
        return " ".join(said).capitalize() + "."

    def own(self, low: int, high: int) -> str:
        """Some words that nobody else writes, among public ones, in whole sentences."""
        n, said = self.dice.randint(low, high), list[str]()
        while sum(len(part.split()) for part in said) < n:
            said.append(self.public() if self.dice.random() < 0.4 else self.sentence())
        return " ".join(said)

    def public(self) -> str:
        """A public sentence, some far more often than others."""
        return str(self._public[int(len(self._public) * self.dice.random() ** 3)])

    def template(self, level: int, payload: tuple[int, int]) -> Say:
        """What fills a template of a level: sentences with a slot each, around a payload."""
        n_sentences = self.dice.randint(5, 8)
        wordings = [
            [self.sentence() for _ in range(3 if level > 1 else 1)] for _ in range(n_sentences)
        ]
        at = n_sentences - 2

        def say() -> str:
            said = [self.dice.choice(ways) for ways in wordings]
            said = [
                f"{text[:-1]} {self.dice.randint(2, 900)} {self.word().title()}." for text in said
            ]
            where = self.dice.randint(1, n_sentences) if level > 1 else at
            if level > 2:
                self.dice.shuffle(said)
                said = [self._slip(text) for text in said if self.dice.random() > 0.1]
            said.insert(where, self.own(*payload))
            return " ".join(said)

        return say

    def around(self, words: int, payload: Say) -> Say:
        """A fixed wrapper of some words, two thirds of it ahead."""
        said: list[str] = []
        while sum(len(text.split()) for text in said) < words:
            said.append(self.sentence())
        cut = max(1, len(said) * 2 // 3)
        ahead, behind = " ".join(said[:cut]), " ".join(said[cut:])
        return lambda: f"{ahead}\n\n{payload()}\n\n{behind}"

    def _slip(self, text: str) -> str:
        words = [_SYNONYMS.get(w, w) if self.dice.random() < 0.5 else w for w in text.split()]
        for place, word in enumerate(words):
            if self.dice.random() < 0.02 and len(word) > 3:
                words[place] = word[0] + word[2] + word[1] + word[3:]
        return " ".join(words)


def labelled(seed: int, *, rings: int = 8, strangers: int = 12_000) -> Labelled:
    """Make a corpus.

    Args:
        seed: all chance.
        rings: rings of each class; of levels so many, by turns of each size of payload.
        strangers: honest accounts, four in five of them with texts of their own alone.
    """
    write = Writer(seed)
    dice = write.dice
    rows: list[tuple[str, str]] = []
    group: dict[str, str] = {}
    sort: dict[str, str] = {}

    def add(name: str, kind: str, say: Say, share: float, within: str | None = None) -> None:
        account = f"{name}-{len(sort)}"
        sort[account] = kind
        if within:
            group[account] = within
        for _ in range(dice.randint(5, 12)):
            own = dice.random() >= share
            rows.append((account, _honest(write) if own else say()))

    for ring, (kind, members, share) in enumerate(_rings(dice, rings)):
        sayers = _sayers(write, kind, ring)
        for _ in range(members):
            add("m", kind, next(sayers), share, f"ring-{ring}")
    for firm in range(6):
        say = write.around(60, lambda: write.own(10, 40))
        for _ in range(dice.randint(20, 60)):
            add("f", "integrator", say, 1.0, f"firm-{firm}")
    viral = [write.around(30, lambda: write.own(5, 20)) for _ in range(_VIRAL)]
    benchmark = [write.own(30, 60) for _ in range(200)]
    for number in range(strangers):
        turn = number % 20
        if turn in (0, 3):
            add("s", "viral", dice.choice(viral), 0.25)
        elif turn == 1:
            add("s", "harness", lambda: HARNESS + write.own(8, 40), 0.9)
        elif turn == 2:
            add("s", "benchmark", lambda: dice.choice(benchmark), 0.5)
        else:
            add("s", "own", lambda: "", 0.0)
    dice.shuffle(rows)
    accounts, texts = zip(*rows, strict=True)
    return Labelled(pa.array(accounts), pa.array(texts), group, sort)


def _rings(dice: random.Random, each: int) -> Iterator[tuple[str, int, float]]:
    """Class, members and share of the shared texts in their traffic of each ring."""
    for kind in ("level 1", "level 2", "level 3", "wrapper", "payload"):
        for _ in range(each):
            yield kind, dice.randint(6, 25), dice.uniform(0.5, 1.0)


def _sayers(write: Writer, kind: str, ring: int) -> Iterator[Say]:
    """For each member of a ring what it says."""
    size = tuple(PAYLOADS.values())[ring % 3]
    if kind == "payload":
        items = [write.own(30, 60) for _ in range(_ITEMS)]
        while True:
            yield write.around(25, lambda: write.dice.choice(items))
    if kind == "wrapper":
        say = write.around(60, lambda: write.own(*size))
    else:
        say = write.template(int(kind[-1]), size)
    while True:
        yield say


def _honest(write: Writer) -> str:
    """A lead of one's own, a public sentence or two, an end of one's own."""
    said = [write.sentence() if write.dice.random() < 0.6 else "", write.public()]
    said += [write.public() if write.dice.random() < 0.5 else ""]
    said += [write.own(5, 60) if write.dice.random() < 0.7 else ""]
    return " ".join(part for part in said if part)
