import random
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.entities.prompts import Sketches, sketch

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
MASK = 2**64 - 1
LONG = 24


def mix(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def words_of(text: str) -> list[bytes]:
    """Lower-case words of a text, each run of digits one zero."""
    return re.sub(rb"[0-9]+", b"0", text.encode().lower()).split()


def expected(text: str | None, secret: bytes) -> tuple[int | None, int | None, int | None, int]:
    """Keys of the whole, the head and the tail, None where they say nothing; number of words."""
    words = words_of(text or "")
    start, seed, factor, other = (
        int.from_bytes(secret[place : place + 8], "little") | 1 for place in (0, 8, 16, 24)
    )

    def chain(state: int, chained: list[bytes], salt: int) -> int:
        for word in chained:
            value = seed
            for byte in word:
                value = (value ^ byte) * 0x100000001B3 & MASK
            state = (state ^ mix(value)) * factor & MASK
            state ^= state >> 29
        key = mix(state ^ salt)
        return key - 2**64 if key >= 2**63 else key

    if sum(map(len, words)) < LONG:
        return None, None, None, len(words)
    whole = chain(start, words, 1)
    if len(words) <= 16:
        return whole, None, None, len(words)
    return whole, chain(start, words[:16], 2), chain(other, words[-16:], 3), len(words)


def told(made: Sketches) -> list[tuple[int | None, int | None, int | None, int]]:
    return [
        (
            int(whole) if has_whole else None,
            int(head) if has_parts else None,
            int(tail) if has_parts else None,
            int(words),
        )
        for whole, head, tail, words, has_whole, has_parts in zip(*made, strict=True)
    ]


def keys(*texts: str | None, secret: bytes = SECRET) -> list[int | None]:
    made = sketch(pa.chunked_array([pa.array(texts, pa.string())]), secret)
    return [whole for whole, *_ in told(made)]


PIECE = st.sampled_from(
    [
        " ",
        "\n",
        "\t \v",
        "\u00a0",
        "Word",
        "word",
        "12",
        "1 2",
        "é",
        "É",
        "日本語",
        "😀",
        "\x00",
        "a1b22",
    ]
)
PROMPT = st.lists(PIECE | st.text(st.characters(exclude_categories=["Cs"])), max_size=60).map(
    "".join
)


@given(
    st.lists(st.lists(st.none() | PROMPT, max_size=4), max_size=4),
    st.binary(min_size=32, max_size=32),
)
def test_sketches_equal_the_slow_ones(chunks: list[list[str | None]], secret: bytes) -> None:
    texts = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    flat = [text for chunk in chunks for text in chunk]
    assert told(sketch(texts, secret)) == [expected(text, secret) for text in flat]


@given(st.lists(st.none() | PROMPT, min_size=1, max_size=12), st.data())
def test_slices_and_chunks_do_not_matter(texts: list[str | None], data: st.DataObject) -> None:
    whole = pa.array(texts, pa.string())
    first = data.draw(st.integers(0, len(texts)))
    last = data.draw(st.integers(first, len(texts)))
    pieces = pa.chunked_array([whole[:first], whole[first:last], whole[last:]])
    assert told(sketch(pieces, SECRET)) == [expected(text, SECRET) for text in texts]
    middle = pa.chunked_array([whole[first:last]])
    assert told(sketch(middle, SECRET)) == [expected(text, SECRET) for text in texts[first:last]]


@pytest.mark.parametrize("n", [1, 15, 16, 17, 31, 32, 33])
def test_head_and_tail_begin_after_sixteen_words(n: int) -> None:
    words = [f"wörd-{chr(97 + place % 26)}{'x' * place}" for place in range(n)]
    text = " ".join(words) + (" padding-to-be-long-enough" if n == 1 else "")
    made = sketch(pa.chunked_array([[text]]), SECRET)
    assert told(made) == [expected(text, SECRET)]
    assert bool(made.has_parts[0]) == (n > 16)


def test_a_shared_wrapper_shows_around_different_payloads() -> None:
    dice = random.Random(1)
    head = " ".join(f"head{chr(97 + n)}" for n in range(16))
    tail = " ".join(f"tail{chr(97 + n)}" for n in range(16))
    payloads = [" ".join(dice.choices(["one", "two", "three"], k=20)) for _ in range(5)]
    made = sketch(pa.chunked_array([[f"{head} {text} {tail}" for text in payloads]]), SECRET)
    assert made.has_parts.all()
    sizes = [len(set(column.tolist())) for column in (made.whole, made.head, made.tail)]
    assert sizes == [len(set(payloads)), 1, 1]
    assert len({int(made.whole[0]), int(made.head[0]), int(made.tail[0])}) == 3


def test_case_blanks_and_digits_do_not_matter() -> None:
    first, *others = keys(
        "Translate item 7 of the catalogue into French",
        "  translate\tITEM 123456 of the\n\ncatalogue into french ",
        "translate item 0 of the catalogue into french",
    )
    assert first is not None
    assert others == [first, first]


def test_words_and_their_order_matter() -> None:
    texts = ["one two three four five six seven", "two one three four five six seven"]
    texts += ["one two three four five sixseven", "one two three four five six eight"]
    made = keys(*texts)
    assert None not in made
    assert len(set(made)) == 4


def test_what_says_too_little_has_no_key() -> None:
    # Long numbers are masked before they are measured: they would all be one text.
    texts = (None, "", " \n ", "hello", "9" * 400, "1" * 30 + " " + "2" * 30)
    assert keys(*texts) == [None] * len(texts)
    assert keys("x" * 23) == [None]
    assert keys("x" * 24) != [None]


def test_without_the_key_a_prompt_cannot_be_looked_up() -> None:
    texts = [f"please translate sentence {word} into French" for word in ("one", "two", "three")]
    mine, yours = keys(*texts), keys(*texts, secret=OTHER)
    assert None not in mine
    assert not set(mine) & set(yours)
    for place in range(4):
        changed = bytearray(SECRET)
        changed[8 * place + 3] ^= 1
        long = " ".join(f"{chr(97 + n)}word" for n in range(20))
        made, other = (
            sketch(pa.chunked_array([[long]]), secret) for secret in (SECRET, bytes(changed))
        )
        assert (made.whole[0], made.head[0], made.tail[0]) != (
            other.whole[0],
            other.head[0],
            other.tail[0],
        )
        assert made.tail[0] != other.tail[0] or place == 0


def test_a_thousand_sketches_do_not_collide() -> None:
    texts = [
        f"text {'a' * (n % 40)} number {'b' * (n // 40)} of a long list of texts"
        for n in range(1000)
    ]
    assert len(set(keys(*texts))) == 1000


def test_nothing_in_nothing_out() -> None:
    assert told(sketch(pa.chunked_array([], pa.string()), SECRET)) == []
    empty = pa.chunked_array([pa.array([], pa.string()), pa.nulls(2, pa.string())])
    assert told(sketch(empty, SECRET)) == [(None, None, None, 0)] * 2
