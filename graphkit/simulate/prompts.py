"""What simulated accounts write: pieces of public prompts, and wrappers made up for the purpose."""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.simulate.words import join, take

_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])|\n+")
_NUMBER = re.compile(r"(?<![\w.,$/:-])\d{1,3}(?![\w.,:/%-])")

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

_ROLES = (
    "You are a patient {} tutor who answers {} students.",
    "Act as a senior {} specialist writing for a {} audience.",
    "You will be given one {} exercise from the {} collection.",
    "Below is a question on {}, taken from the {} set.",
    "As the {} expert of the {} desk, study the item that follows.",
    "We are building a {} answer key called {}.",
    "Your job is to solve a {} problem for {}.",
    "Treat the text after the line as a {} case filed under {}.",
    "Consider yourself an examiner in {}; the paper is named {}.",
)
_FIELDS = """
algebra|biology|bookkeeping|chemistry|civil law|cooking|cryptography|database design|economics|
electronics|genetics|geography|grammar|history|linguistics|logic|logistics|mechanics|medicine|music|
networking|optics|philosophy|physics|programming|psychology|statistics|story writing|tax|travel
""".replace("\n", "").split("|")
_METHODS = (
    "Think aloud in numbered steps before you commit to a result.",
    "Write out every intermediate thought, then the final result.",
    "Lay out {} different approaches and say which one you trust.",
    "First restate the task, then list what is known, then reason it through.",
    "Explain each decision to a reader who has {} minutes.",
    "Show the whole chain of reasoning; leave no step to the reader.",
    "Check your own work {} times and report what changed.",
    "Argue for the opposite answer as well before you decide.",
)
_FORMS = (
    "Return a JSON object with the keys reasoning and answer.",
    "Reply in Markdown with the headings Analysis and Result.",
    "Put the final result between <answer> tags and nothing after them.",
    "End with a line that starts with RESULT and holds nothing else.",
    "Use plain sentences, between {} and 900 words.",
    "Give the reasoning in English and the result as one line.",
    "Finish with a confidence from 0 to {}.",
    "Answer as a table with {} rows at most.",
)
_MARKS = ("\n---\n", "\n\nInput:\n", "\n\nItem:\n", "\n###\n", "\n\nQUESTION\n", "\n\n>>> ")

HARNESS = (
    "You are Forgehand, a coding companion that lives in a terminal. You read files, propose small "
    "edits and run the test suite of the repository you were started in.\n"
    "Rules:\n"
    "1. Look before you touch: open a file before you edit it, and never guess what it holds.\n"
    "2. Keep edits small. One intention per edit; explain it in a single sentence.\n"
    "3. After an edit run the tests that cover it and read what they say to the last line.\n"
    "4. Never remove a test to make the suite pass, and never touch files outside the root.\n"
    "5. When two readings of the request are possible, ask one short question and wait.\n"
    "6. Commands that delete, publish or install need the word yes from the person.\n"
    "Tools: open(path), edit(path, old, new), run(command), search(pattern), ask(question).\n"
    "Answer with a tool call or with the closing report, which lists the files you changed.\n"
    "The person's request follows.\n\n"
)
PHRASES = (
    "Describe my whole personality as if I were a kitchen appliance in a museum two hundred years "
    "from now, and let the tour guide be slightly disappointed in me.",
    "Name the three words a lighthouse would say if it could speak only once, and tell me why the "
    "sea would disagree with each of them.",
)


@dataclass(frozen=True)
class Bank:
    """Texts cut at their first small number, so that it can be filled anew.

    Attributes:
        before: what stands ahead of the number; all of a text that has none.
        number: the number as written; empty where there is none.
        after: the rest.
    """

    before: pa.Array
    number: pa.Array
    after: pa.Array

    def fill(
        self, place: NDArray[np.integer], number: NDArray[np.integer], fresh: NDArray[np.bool_]
    ) -> pa.Array:
        """Take texts, with another number where `fresh` and there is one to replace.

        Returns:
            string, shape of `place`.
        """
        original = take(self.number, place)
        replace = pc.and_(pc.not_equal(original, pa.scalar("")), pa.array(fresh))
        filled = pc.if_else(replace, pa.array(number).cast(pa.string()), original)
        return join(take(self.before, place), filled, take(self.after, place))

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.before)


@cache
def sample() -> tuple[tuple[str, str], ...]:
    """The packaged public prompts, as (source, text), in their file's order."""
    packed = resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(packed).decode("utf-8").splitlines()]
    return tuple((row["source"], row["text"]) for row in rows)


@cache
def whole() -> Bank:
    """The public prompts as they are."""
    return _cut([text for _, text in sample()])


@cache
def pieces() -> Bank:
    """Sentences of the public prompts, of 25 to 240 characters, each once; no code."""
    prose = [text for source, text in sample() if source != "humaneval"]
    found = (piece.strip() for text in prose for piece in _SENTENCE.split(text))
    fit = (piece for piece in found if 25 <= len(piece) <= 240 and piece[0].isalpha())
    return _cut(list(dict.fromkeys(fit)))


def _cut(texts: list[str]) -> Bank:
    """Cut each text at its first small number."""
    matches = [_NUMBER.search(text) for text in texts]
    return Bank(
        pa.array([t[: m.start()] if m else t for t, m in zip(texts, matches, strict=True)]),
        pa.array([m.group() if m else "" for m in matches]),
        pa.array([t[m.end() :] if m else "" for t, m in zip(texts, matches, strict=True)]),
    )


def write_wrapper(rng: np.random.Generator, word: str) -> tuple[str, str]:
    """Make up the instruction around a payload.

    Args:
        rng: the source of chance.
        word: an invented name that stands in it.

    Returns:
        What comes before the payload and what comes after; the latter may be empty.
    """
    role, method, form, mark = (
        options[int(rng.integers(len(options)))] for options in (_ROLES, _METHODS, _FORMS, _MARKS)
    )
    field = _FIELDS[int(rng.integers(len(_FIELDS)))]
    said = [method.format(int(rng.integers(2, 60))), form.format(int(rng.integers(2, 400)))]
    rng.shuffle(said)
    # Where the instruction goes differs: all ahead of the payload, or partly behind it.
    behind = int(rng.integers(0, 3))
    ahead = " ".join([role.format(field, word), *said[: 2 - behind]])
    return ahead + mark, "\n\n" + " ".join(said[2 - behind :]) if behind else ""
