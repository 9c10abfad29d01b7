"""What goes around a payload: wrappers made up for the purpose, and prompts that many know."""

import numpy as np
from numpy.typing import NDArray

from graphkit.simulate.chance import Chance
from graphkit.simulate.words import N_WORDS

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


# The pieces that any wrapper may be made of, honest or not. Wordings of one thing are neighbours,
# so that a run of them is a paraphrase: roles by field, methods by mark, endings as they come.
_ROLE_PIECES = tuple(role.format(field, "{w}") + " " for field in _FIELDS for role in _ROLES)
_AHEAD_PIECES = tuple(method + mark for mark in _MARKS for method in _METHODS)
_BEHIND_PIECES = tuple("\n\n" + form for form in _FORMS)
POOL = (*_ROLE_PIECES, *_AHEAD_PIECES, *_BEHIND_PIECES)
MOST_WORDINGS = len(_METHODS)


def write_wrappers(
    chance: Chance, rows: NDArray[np.void], *, wordings: int = 1, slots: bool = False
) -> None:
    """Put a wrapper of its own into each source of text, in place.

    Args:
        chance: the source of chance.
        rows: TEXT.
        wordings: ways of saying each piece, up to MOST_WORDINGS; 1 for a fixed wrapper.
        slots: whether each request fills the numbers in the wrapper anew.
    """
    n, first = len(rows), 0
    for place, (pieces, block) in enumerate(
        (
            (_ROLE_PIECES, len(_ROLES)),
            (_AHEAD_PIECES, len(_METHODS)),
            (_BEHIND_PIECES, len(_FORMS)),
        )
    ):
        start = block * chance.below(len(pieces) // block, n)
        start += chance.below(block - min(wordings, block) + 1, n)
        rows["pieces"]["first"][:, place] = first + start
        rows["pieces"]["n"][:, place] = min(wordings, block)
        first += len(pieces)
    # One wrapper in two says nothing behind the payload.
    rows["pieces"]["n"][:, 2] *= chance.flip(0.5, n)
    rows["word"] = chance.below(N_WORDS, n)
    rows["number"] = 0 if slots else chance.between(2, 60, n)
