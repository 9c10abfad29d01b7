"""Prompts made to exhaust time or memory: what they cost is bounded, and they are counted."""

import resource
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphkit.contracts import ACCOUNTS, PROMPT_KINDS, REQUESTS
from graphkit.entities import Key, link_accounts
from graphkit.entities.prompts import sketch
from graphkit.entities.sealing import sealed

KEY = Key(bytes(range(32)))
DAY = date(2026, 11, 22)
START = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
TEXT = "Translate the contract below into French and keep every clause in its order, please: "
TEXT += "one party shall pay the other within thirty days of the date on which work was accepted"
EVERY = ("prompt", "opening", "closing")  # what is kept of every text that is long enough
HUGE = 10_000_000


def requests(accounts: pa.Array, texts: pa.Array) -> pa.Table:
    empty = REQUESTS.empty()
    columns = {name: pa.nulls(len(texts), empty[name].type) for name in REQUESTS.columns}
    columns["account_id"], columns["prompt"] = accounts, texts
    columns["ts"] = pa.array(np.arange(len(texts)) + START).cast(REQUESTS.columns["ts"])
    return pa.table(columns)


def names(n: int) -> pa.Array:
    made: pa.Array = pc.binary_join_element_wise(
        "account ", pa.array(np.arange(n)).cast(pa.string()), ""
    )
    return made


def linked(parts: Iterator[pa.Table] | list[pa.Table]) -> pa.Table:
    links = link_accounts(ACCOUNTS.empty(), parts, [], [], dt=DAY, key=KEY).links
    kinds = pa.array(PROMPT_KINDS, pa.string())
    return links.filter(pc.is_in(links["kind"], value_set=kinds))


def one_prompt_from(n: int) -> None:
    """All accounts send the same, in parts: one entity for the text, one for either end of it."""
    accounts, step = names(n), 50_000
    texts = pa.array([TEXT] * step, pa.string())
    parts = (
        requests(accounts.slice(start, step), texts.slice(0, min(step, n - start)))
        for start in range(0, n, step)
    )
    links = linked(parts)
    for kind in EVERY:
        rows = links.filter(pc.equal(links["kind"], pa.scalar(kind)))
        assert rows.num_rows == pc.sum(rows["n"]).as_py() == n
        assert pc.count_distinct(rows["entity"]).as_py() == 1
    assert links.num_rows == len(EVERY) * n


def test_one_prompt_from_many_accounts_is_one_row_each() -> None:
    one_prompt_from(60_000)


@pytest.mark.long
def test_one_prompt_from_a_million_accounts_is_one_row_each() -> None:
    started = time.process_time()
    one_prompt_from(1_000_000)
    assert time.process_time() - started < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 8e6


def test_identical_prompts_of_one_account_are_one_row() -> None:
    n = 60_000
    account = pa.array(["a"] * n, pa.string())
    rows = linked([requests(account, pa.array([TEXT] * n, pa.string()))]).to_pylist()
    assert [(row["kind"], row["n"], row["share"]) for row in rows] == [
        (kind, n, 1.0) for kind in sorted(EVERY)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a" * HUGE,
        "a " * (HUGE // 2),
        "x1 " * (HUGE // 3),
        '"' * HUGE,
        "[" * HUGE,
        "[omitted]" * (HUGE // 9),
        "字" * (HUGE // 3),
        "\u200b" * (HUGE // 3),
        "é" * (HUGE // 2),
    ],
    ids=["letters", "words", "slots", "quotes", "brackets", "marks", "han", "joiners", "accents"],
)
def test_a_prompt_of_ten_megabytes_is_read_in_one_pass(text: str) -> None:
    texts = pa.chunked_array([pa.array([text, TEXT], pa.string())])
    sketch(pa.chunked_array([[TEXT]]))  # Compiles.
    started = time.process_time()
    made = sketch(texts)
    assert time.process_time() - started < 5
    assert made.counts.max() <= 64
    assert made.whole[1] == sketch(pa.chunked_array([[TEXT]])).whole[0]


def test_a_prompt_of_ten_megabytes_of_different_words_keeps_few_keys() -> None:
    dice = np.random.default_rng(1)
    letters = dice.choice(np.frombuffer(b"abcdefgh ", np.uint8), HUGE).tobytes().decode()
    accounts = pa.array(["a", "b"], pa.string())
    links = linked([requests(accounts, pa.array([letters, letters + " end"], pa.string()))])
    assert links.num_rows < 10
    for kind in ("opening", "payload"):
        assert links.filter(pc.equal(links["kind"], pa.scalar(kind))).num_rows >= 2


def test_empty_prompts_are_counted_and_link_nobody() -> None:
    n = 1000
    texts = pa.array(["", None, " \n", "?"] * (n // 4), pa.string())
    made = link_accounts(ACCOUNTS.empty(), [requests(names(n), texts)], [], [], dt=DAY, key=KEY)
    assert made.links.num_rows == 0
    assert pc.sum(made.profiles["requests"]).as_py() == n


def test_junk_and_any_script_link_those_who_send_the_same() -> None:
    junk = np.random.default_rng(2).integers(0, 256, (6, 400), np.uint8)
    cells = [bytes(row) for row in junk]
    cells += [b"what \xed\xa0\x80 stands here is half of a pair and no text at all, yet it links"]
    cells += ["ترجم الجملة التالية إلى الفرنسية ثم اشرح معنى كل كلمة فيها من فضلك".encode()]
    cells += ["\u202eתרגם את המשפט הבא לצרפתית והסבר את המשמעות של כל מילה\u202c".encode()]
    cells += ["请把下面的句子翻译成法语，然后解释每一个词的意思，谢谢你的帮助。".encode()]
    both = cells * 2
    ends = np.cumsum([0, *map(len, both)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(both))]
    texts = pa.Array.from_buffers(pa.string(), len(both), buffers)
    accounts = pa.array(["a"] * len(cells) + ["b"] * len(cells), pa.string())
    links = linked([requests(accounts, texts)])
    whole = links.filter(pc.equal(links["kind"], pa.scalar("prompt")))
    assert whole.num_rows == 2 * len(cells)
    assert pc.count_distinct(whole["entity"]).as_py() == len(cells)


def known_prompts_tell_nothing(n: int) -> None:
    """All keys that known prompts have without the key, or under another, against those kept."""
    dice = np.random.default_rng(3)
    words = np.array(["".join(chr(97 + c) for c in row) for row in dice.integers(0, 26, (5000, 6))])
    texts = pa.array([" ".join(row) for row in words[dice.integers(0, 5000, (n, 20))]], pa.string())
    both = pa.concat_arrays([names(n), names(n + 1).slice(1)])
    links = linked([requests(both, pa.concat_arrays([texts, texts]))])
    kept = np.unique(links["entity"].to_numpy())
    assert len(kept) >= n * 0.99
    made = sketch(pa.chunked_array([texts]))
    guesses = np.concatenate([made.whole, made.skeleton, made.opening, made.closing, made.passages])
    assert not np.isin(guesses.view(np.int64), kept).any()
    assert not np.isin(sealed(guesses, bytes(32)).view(np.int64), kept).any()
    mine = sealed(guesses, KEY.derive("prompt")).view(np.int64)
    assert np.isin(kept, mine).all(), "with the key every entity is found, or nothing was tried"


def test_known_prompts_tell_nothing() -> None:
    known_prompts_tell_nothing(20_000)


@pytest.mark.long
def test_a_million_known_prompts_tell_nothing() -> None:
    known_prompts_tell_nothing(1_000_000)
