import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.contracts import ACCOUNTS, REQUESTS
from graphkit.entities import Key, link_accounts
from graphkit.entities.prompts import Sketches, sketch
from graphkit.entities.sealing import sealed
from tests.slow_texts import ALPHABET, Slow, slow_sketch
from tests.slow_texts import sealed as slow_sealed

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))


def told(made: Sketches) -> list[Slow]:
    """What the fast way made, prompt by prompt."""
    ends = np.cumsum(made.counts.astype(np.int64)).tolist()
    columns = (column.tolist() for column in made[:6])
    passages = [
        made.passages[end - count : end].tolist()
        for end, count in zip(ends, made.counts.tolist(), strict=True)
    ]
    return [Slow(*row) for row in zip(*columns, passages, strict=True)]


def sketches(*texts: str | None) -> list[Slow]:
    return told(sketch(pa.chunked_array([pa.array(texts, pa.string())])))


def wholes(*texts: str | None) -> list[int]:
    return [made.whole for made in sketches(*texts)]


PIECE = st.sampled_from(
    [
        " ",
        "\n",
        "Word ",
        "word ",
        "other ",
        "12",
        '"',
        "a1b22 ",
        "日本語",
        "every one of them ",
        "[1234 characters omitted]",
        "[Truncated]",
        "[not cut]",
        "one two three four five six ",
    ]
)
PROMPT = st.lists(PIECE | st.text(ALPHABET, max_size=8), max_size=80).map("".join)


@given(
    st.lists(st.lists(st.none() | PROMPT, max_size=4), max_size=4),
)
def test_sketches_equal_the_slow_ones(chunks: list[list[str | None]]) -> None:
    texts = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    flat = [text for chunk in chunks for text in chunk]
    assert told(sketch(texts)) == [slow_sketch(text) for text in flat]


@given(st.lists(st.none() | PROMPT, min_size=1, max_size=12), st.data())
def test_slices_and_chunks_do_not_matter(texts: list[str | None], data: st.DataObject) -> None:
    whole = pa.array(texts, pa.string())
    first = data.draw(st.integers(0, len(texts)))
    last = data.draw(st.integers(first, len(texts)))
    pieces = pa.chunked_array([whole[:first], whole[first:last], whole[last:]])
    assert told(sketch(pieces)) == sketches(*texts)
    assert told(sketch(pa.chunked_array([whole[first:last]]))) == sketches(*texts)[first:last]


def test_long_texts_equal_the_slow_ones() -> None:
    dice = random.Random(2)
    for n, variety in ((31, 900), (500, 3), (4000, 900), (4000, 2), (600, 1)):
        text = " ".join(f"w{'x' * dice.randrange(variety)}" for _ in range(n))
        assert sketches(text) == [slow_sketch(text)]
        assert len(sketches(text)[0].passages) <= 64


def test_many_texts_are_the_same_on_many_threads() -> None:
    texts = [f"text {'a' * (n % 40)} of {'b' * (n // 40)}, a list" for n in range(5000)]
    assert sketches(*texts) == [made for text in texts for made in sketches(text)]
    assert len(set(wholes(*texts)) - {0}) > 4900


def words(n: int, dice: random.Random) -> str:
    return " ".join("".join(dice.choices("abcdefgh", k=6)) for _ in range(n))


@pytest.mark.parametrize("n", [29, 40, 60])
def test_a_shared_passage_of_29_words_shows_whatever_stands_around(n: int) -> None:
    dice = random.Random(n)
    for _ in range(30):
        passage = words(n, dice)
        texts = [f"{words(dice.randrange(90), dice)} {passage} {words(9, dice)}" for _ in range(3)]
        first, *others = [set(made.passages) for made in sketches(*texts)]
        assert first & others[0] & others[1]
        assert not first & set(sketches(words(100, dice))[0].passages)


def test_a_wrapper_of_a_very_long_text_shows_at_its_ends() -> None:
    dice = random.Random(4)
    head, tail = words(60, dice), words(60, dice)
    ones, others = (
        set(made.passages)
        for made in sketches(*(f"{head} {words(20_000, dice)} {tail}" for _ in range(2)))
    )
    assert len(ones) == 64
    for end in (head, tail):
        assert ones & others & set(sketches(end)[0].passages)


def test_first_and_last_words_show_whatever_stands_between() -> None:
    dice = random.Random(14)
    head, tail = words(16, dice), words(16, dice)
    made = sketches(*(f"{head} {words(n, dice)} {tail}" for n in (1, 9, 500)))
    assert len({(one.opening, one.closing) for one in made}) == 1
    # A word more or less, of the end or around it, and it is another's.
    moved = sketches(f"one {head} {tail}", f"{head} {tail} one", f"{head[:-1]} {tail[1:]}")
    assert [one.opening == made[0].opening for one in moved] == [False, True, False]
    assert [one.closing == made[0].closing for one in moved] == [True, False, False]
    same = sketches(f"{head} {words(9, dice)} {head}")[0]
    assert same.opening == made[0].opening != same.closing, "where words stand tells them apart"


def test_what_quotes_a_text_does_not_begin_or_end_like_it() -> None:
    dice = random.Random(15)
    text = words(60, dice)
    quoted, said = sketches(f"is this right {text} or what", text)
    assert set(quoted.passages) & set(said.passages)
    assert not {quoted.opening, quoted.closing} & {said.opening, said.closing}


def test_a_text_of_few_words_or_of_one_word_has_no_ends() -> None:
    dice = random.Random(16)
    for n in (1, 15, 16):
        made = sketches(words(n + 9, dice)[: 7 * n - 1] if n > 4 else "a" * 30)[0]
        assert (made.words, made.opening, made.closing) == (n, 0, 0)
        assert made.whole
    made = sketches(words(17, dice))[0]
    assert made.opening and made.closing
    # A table of numbers is one word many times: all that end in one would end alike.
    table = ", ".join(f"{n}.{n}" for n in range(40))
    above, below = sketches(f"{words(17, dice)}: {table}", f"{table}; {words(17, dice)}")
    assert above.opening and not above.closing
    assert not below.opening and below.closing


@pytest.mark.parametrize(
    "mark", ["[1234 characters omitted]", "... [truncated] ...", "\n[… 12 tokens REMOVED …]\n"]
)
def test_a_text_cut_by_a_gateway_shares_both_ends(mark: str) -> None:
    dice = random.Random(5)
    head, middle, tail = (words(40, dice) for _ in range(3))
    whole, cut, other = (
        set(made.passages)
        for made in sketches(
            f"{head} {middle} {tail}", f"{head} {mark} {tail}", f"{words(9, dice)} {mark} word"
        )
    )
    for end in (head, tail):
        assert whole & cut & set(sketches(end)[0].passages)
    assert not cut & other
    assert len(cut - whole) <= 1, "only what stands at the end of a stretch may differ"
    assert wholes(f"{head} {mark} {tail}") == wholes(f"{head} {tail}")
    ends = {made[2:4] for made in sketches(f"{head} {middle} {tail}", f"{head} {mark} {tail}")}
    assert len(ends) == 1


def test_prompts_that_differ_only_in_slots_have_one_skeleton() -> None:
    made = sketches(
        'Write to Ada about her 12 invoices: "they are late", and be as kind as you can be.',
        "Write to Bohdan O about her 7 invoices: “pay now, or we will be cross with you”,"
        " and be as kind as you can be.",
        "Write to Ada about her 12 invoices: they are late, and be as kind as you can be.",
    )
    assert made[0].skeleton == made[1].skeleton != made[2].skeleton
    assert made[0].whole == made[2].whole != made[1].whole
    assert sketches("Ada Bo Cid Dora Emil Fay Gus Hal only these few")[0].skeleton == 0


def test_case_blanks_punctuation_and_digits_do_not_matter() -> None:
    first, *others = wholes(
        "Translate item 7 of the catalogue into French",
        "  translate:\tITEM 123456 (of the)\n\ncatalogue -- into french! ",
        "trans\u200blate item ٣ of the\u00a0cata\u00adlogue into french",
    )
    assert first
    assert others == [first, first]
    assert wholes("ÉCRIRE UNE LETTRE À ЖАННА ET À ΩΜΕΓΑ, VITE") == wholes(
        "écrire une lettre à жанна et à ωμεγα vite"
    )


def test_words_and_their_order_matter() -> None:
    texts = ["one two three four five six seven", "two one three four five six seven"]
    texts += ["one two three four five sixseven", "one two three four five six eight"]
    made = wholes(*texts)
    assert 0 not in made
    assert len(set(made)) == 4


@pytest.mark.parametrize(
    ("text", "script"),
    [
        (
            "请把下面的句子翻译成法语，然后解释每一个词的意思，最后再写一个总结，谢谢你的帮助。"
            * 2,
            2,
        ),
        ("ช่วยแปลประโยคต่อไปนี้เป็นภาษาฝรั่งเศสแล้วอธิบายความหมายของแต่ละคำด้วยครับ", 2),
        ("ترجم الجملة التالية إلى الفرنسية ثم اشرح معنى كل كلمة فيها من فضلك", 1),
        ("Переведи следующее предложение на французский и объясни каждое слово", 1),
        ("Translate the sentence that follows into French, and explain each word", 0),
    ],
)
def test_any_script_has_words(text: str, script: int) -> None:
    made = sketches(text)[0]
    assert made.script == script
    assert made.whole and made.passages and made.words >= 9
    assert bool(made.opening) == bool(made.closing) == (made.words > 16)


def test_a_wrapper_without_blanks_shows_around_different_payloads() -> None:
    head = "请把下面的句子翻译成法语，然后解释每一个词的意思，再写一个总结，谢谢你的帮助："
    one, two = (set(m.passages) for m in sketches(head + "山上有一只老虎在睡觉", head + "水里"))
    assert one & two


def test_what_says_too_little_has_no_key() -> None:
    # Long numbers are masked before they are measured: they would all be one text.
    texts = (
        None,
        "",
        " \n ",
        "hello",
        "9" * 400,
        "1" * 30 + " " + "2" * 30,
        "?!" * 99,
        "\u200b" * 50,
    )
    assert wholes(*texts) == [0] * len(texts)
    assert all(not any(made[:4]) and not made.passages for made in sketches(*texts))
    assert wholes("x" * 23) == [0]
    assert wholes("x" * 24) != [0]


def binary(*cells: bytes) -> pa.ChunkedArray:
    """Cells that claim to be text and need not be."""
    ends = np.cumsum([0, *map(len, cells)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(cells))]
    return pa.chunked_array([pa.Array.from_buffers(pa.string(), len(cells), buffers)])


@given(st.lists(st.binary(max_size=80) | st.text(max_size=40).map(str.encode), max_size=9))
def test_no_bytes_break_a_sketch(cells: list[bytes]) -> None:
    made = told(sketch(binary(*cells)))
    assert made == [told(sketch(binary(cell)))[0] for cell in cells]


def test_surrogates_and_cut_characters_count_as_letters() -> None:
    lone = b"what \xed\xa0\x80 stands here is half of a pair \xed\xb0\x80 and no text at all"
    half = "日本".encode()[:-1] + b" at the end of a text that was cut between bytes \xf0\x9f\x98"
    junk = bytes(range(256)) * 9
    for made in told(sketch(binary(lone, half, junk, b"\xff" * 99))):
        assert made.whole


def kept(texts: Sequence[str], key: Key) -> set[Any]:
    """The entities that a day's links keep of texts that two accounts sent."""
    rows: list[dict[str, Any]] = [
        {"account_id": name, "ts": datetime(2026, 11, 22, tzinfo=UTC), "prompt": text}
        for name in ("a", "b")
        for text in texts
    ]
    blank = dict.fromkeys(REQUESTS.columns)
    part = pa.Table.from_pylist([blank | row for row in rows], schema=REQUESTS.schema)
    day = date(2026, 11, 22)
    linked = link_accounts(ACCOUNTS.empty(), [part], [], [], dt=day, key=key)
    return set(linked.links["entity"].to_pylist())


def guessed(texts: Sequence[str]) -> set[int]:
    """All that can be computed of texts without a key."""
    made = sketch(pa.chunked_array([pa.array(texts, pa.string())]))
    columns = (made.whole, made.skeleton, made.opening, made.closing, made.passages)
    return {key for column in columns for key in column.view(np.int64).tolist()}


def test_known_prompts_tell_nothing_without_the_key() -> None:
    dice = random.Random(6)
    mine = [f"please translate {words(30, dice)} into French" for _ in range(20)]
    known = [*mine, *(f"please translate {words(30, dice)} into French" for _ in range(20_000))]
    entities = kept(mine, Key(SECRET))
    assert len(entities) >= 60, "each text, its first words and its last"
    assert kept(mine, Key(SECRET)) == entities
    guesses = guessed(known)
    assert len(guesses) > 60_000
    assert not entities & guesses
    for secret in (OTHER, SECRET[::-1]):
        assert not entities & kept(mine, Key(secret))
        sealed_guesses = sealed(np.array(sorted(guesses), np.int64).view(np.uint64), secret)
        assert not entities & set(sealed_guesses.view(np.int64).tolist())


def test_sealing_is_siphash() -> None:
    # The test vector of the paper's appendix, for 8 bytes.
    keys = np.array([0x0706050403020100, *range(9)], np.uint64)
    assert int(sealed(keys, bytes(range(16)))[0]) == 0x93F5F5799A932462
    slow = [slow_sealed(int(key), OTHER) for key in keys]
    assert sealed(keys, OTHER).tolist() == slow


def test_nothing_in_nothing_out() -> None:
    assert told(sketch(pa.chunked_array([], pa.string()))) == []
    empty = pa.chunked_array([pa.array([], pa.string()), pa.nulls(2, pa.string())])
    assert told(sketch(empty)) == [Slow(0, 0, 0, 0, 0, 0, [])] * 2
