import random
import re
import traceback
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.contracts import INPUTS
from graphkit.entities import Key, link_accounts
from graphkit.errors import DataError
from graphkit.ingest import Snapshot, cards, check_tables
from graphkit.ingest.cards import card_rows, without_cards
from graphkit.settings import IngestSettings

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LENIENT = IngestSettings(max_refused_share=1)
# Prefix and length as the networks publish them, written down apart from the code's table.
BRANDS: dict[str, tuple[tuple[str, int], ...]] = {
    "visa": (("4", 16), ("4", 13), ("4", 19)),
    "mastercard": (("51", 16), ("55", 16), ("2221", 16), ("2720", 16)),
    "american express": (("34", 15), ("37", 15)),
    "discover": (("6011", 16), ("644", 16), ("65", 16)),
    "unionpay": (("62", 16), ("62", 19)),
    "jcb": (("3528", 16), ("3589", 16)),
    "diners club": (("300", 14), ("36", 14), ("38", 14), ("39", 16)),
    "maestro": (("5018", 16), ("5893", 13), ("6304", 16), ("6759", 19)),
    "mir": (("2200", 16), ("2204", 19)),
    "rupay": (("81", 16), ("82", 16), ("6069", 16)),
    "troy": (("9792", 16),),
    "elo": (("509000", 16), ("636368", 16), ("650031", 16)),
    "hipercard": (("606282", 16),),
    "verve": (("506099", 16), ("506198", 19)),
    "dankort": (("5019", 16),),
}
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def check_digit(body: str) -> str:
    """Luhn's digit, by trying all ten."""

    def total(number: str) -> int:
        doubled = [2 * int(digit) for digit in number[-2::-2]]
        return sum(map(int, number[-1::-2])) + sum(digit // 10 + digit % 10 for digit in doubled)

    return next(digit for digit in "0123456789" if total(body + digit) % 10 == 0)


def number_of(prefix: str, length: int, dice: random.Random) -> str:
    body = prefix + "".join(dice.choices("0123456789", k=length - 1 - len(prefix)))
    return body + check_digit(body)


def grouped(digits: str, gap: str) -> str:
    sizes = (4, 6) if len(digits) in (14, 15) else (4, 4, 4)
    groups, place = [], 0
    for size in sizes:
        groups.append(digits[place : place + size])
        place += size
    return gap.join([*groups, digits[place:]])


WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "spaces": lambda digits: grouped(digits, " "),
    "two spaces": lambda digits: grouped(digits, "  "),
    "dashes": lambda digits: grouped(digits, "-"),
    "en dashes": lambda digits: grouped(digits, "–"),
    "spaced dashes": lambda digits: grouped(digits, " - "),
    "dots": lambda digits: grouped(digits, "."),
    "slashes": lambda digits: grouped(digits, "/"),
    "underscores": lambda digits: grouped(digits, "_"),
    "tabs": lambda digits: grouped(digits, "\t"),
    "lines": lambda digits: grouped(digits, "\r\n"),
    "no-break spaces": lambda digits: grouped(digits, "\u00a0"),
    "narrow spaces": lambda digits: grouped(digits, "\u202f"),
    "ideographic spaces": lambda digits: grouped(digits, "\u3000"),
    "each digit apart": lambda digits: " ".join(digits),
    "full width": lambda digits: grouped(digits, " ").translate(FULL_WIDTH),
    "arabic digits": lambda digits: digits.translate(ARABIC),
    "zero width": lambda digits: "\u200b".join(digits),
    "joiners": lambda digits: "\u2060".join(digits),
    "soft hyphens": lambda digits: grouped(digits, "\u00ad"),
    "turned around": lambda digits: grouped(digits, "\u202e"),
    "keycaps": lambda digits: "".join(f"{digit}\ufe0f\u20e3" for digit in digits),
    "control characters": lambda digits: grouped(digits, "\x00"),
    "glued letters": lambda digits: f"card{digits}exp",
    "sentence": lambda digits: f"Pay with {grouped(digits, ' ')}, please.",
    "after a date": lambda digits: f"2026-11-22 {digits}",
    "before expiry and code": lambda digits: f"{grouped(digits, ' ')} 12/27 123",
    "after a count": lambda digits: f"no. 1 {digits}",
    "quoted": lambda digits: f'{{"pan":"{digits}"}}',
}


def hits(*texts: str | None) -> list[bool]:
    return [bool(hit) for hit in card_rows(pa.chunked_array([pa.array(texts, pa.string())]))]


@pytest.mark.parametrize("brand", BRANDS)
def test_every_valid_number_is_seen_in_every_writing(brand: str) -> None:
    dice = random.Random(brand)
    texts = [
        write(number_of(prefix, length, dice))
        for prefix, length in BRANDS[brand]
        for _ in range(25)
        for write in WRITINGS.values()
    ]
    missed = [text for text, hit in zip(texts, hits(*texts), strict=True) if not hit]
    assert missed == []


AROUND = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not re.search(r"\d", unicodedata.normalize("NFKC", text))
)


@given(st.sampled_from(sorted(BRANDS)), st.randoms(use_true_random=False), AROUND, AROUND)
def test_text_around_a_number_does_not_hide_it(
    brand: str, dice: random.Random, before: str, after: str
) -> None:
    prefix, length = BRANDS[brand][0]
    number = number_of(prefix, length, dice)
    assert hits(f"{before}{number}{after}") == [True]


def test_what_is_no_card_is_kept() -> None:
    dice = random.Random(8)
    wrong: list[str] = []
    for _ in range(300):
        number = number_of("4", 16, dice)
        wrong.append(grouped(number[:-1] + str((int(number[-1]) + 1) % 10), " "))
        # Numbers of no issuer, with a good check digit; and of a length that none of them has.
        wrong.append(number_of("1", 16, dice))
        wrong.append(number_of("99", 16, dice))
        wrong.append(number_of("4", 14, dice))
        wrong.append(number_of("34", 16, dice))
        wrong.append(number_of("4", 20, dice))
        wrong.append("".join(dice.choices("0123456789", k=20)))
        wrong.append("4" + "".join(dice.choices("0123456789", k=11)))
    assert not any(hits(*wrong))
    assert hits(None, "", "4111", "no digits at all", "+33 6 12 34 56 78") == [False] * 5


SAMPLE = 100_000


def false_alarms(texts: list[str]) -> float:
    return float(np.mean(card_rows(pa.chunked_array([texts]))))


def test_machine_made_ids_are_rarely_taken_for_cards() -> None:
    dice = random.Random(20)
    version_4 = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(SAMPLE)]
    assert false_alarms(version_4) < 0.001
    assert false_alarms([f"{dice.getrandbits(128):032x}" for _ in range(SAMPLE)]) < 0.001
    assert false_alarms([f"{dice.getrandbits(256):064x}" for _ in range(SAMPLE)]) < 0.001


def test_times_in_digits_are_never_taken_for_cards() -> None:
    dice = random.Random(21)
    start = 1_600_000_000_000_000
    micros = [start + dice.randrange(399_999_999_999_999) for _ in range(SAMPLE)]
    assert false_alarms([str(micro) for micro in micros]) == 0
    assert false_alarms([str(micro // 1000) for micro in micros]) == 0


CARD = grouped(number_of("4", 16, random.Random(4)), " ")
# The provider's own columns refuse the row, what senders write loses the number.
REFUSED = [("payments", name) for name in ("method", "fingerprint", "bin", "last4")]
CUT = [("payments", f"billing_{name}") for name in ("name", "postal", "country")]
CUT += [("mentions", "entity")]
KEPT = [("accounts", "country"), ("accounts", "status"), ("requests", "model")]
# Never kept, or not text, or an account's id, which must be acted on.
AS_THEY_ARE = {
    "payments": {"account_id"},
    "mentions": {"account_id", "content_id"},
    "accounts": {"account_id", "email_domain", "org_id"},
    "requests": {"account_id", "ip", "user_agent", "tls_fingerprint", "prompt"},
}


def test_every_text_column_has_its_rule() -> None:
    ruled = {*REFUSED, *CUT, *KEPT, ("mentions", "kind")}
    ruled |= {(table, name) for table, names in AS_THEY_ARE.items() for name in names}
    assert ruled == {
        (table, name)
        for table, contract in INPUTS.items()
        for name, dtype in contract.columns.items()
        if dtype == pa.string()
    }


def read(table: str, **cells: object) -> tuple[Snapshot, pa.Table]:
    """A snapshot of two rows, of which the first has the cells given."""
    good = {"account_id": "a", "ts": NOON}
    if table == "mentions":
        good |= {"kind": "phone", "entity": "x"}
    rows = [{**good, **cells}, good]
    columns = {name: [row.get(name) for row in rows] for name in {**good, **cells}}
    snapshot = check_tables({table: pa.table(columns)}, DAY, LENIENT)
    return snapshot, pa.concat_tables(getattr(snapshot, table))


def leaks(text: str) -> bool:
    """Whether some piece of the card's number stands in a text."""
    digits = CARD.replace(" ", "")
    pieces = {digits[place : place + 4] for place in range(len(digits) - 3)}
    return any(piece in re.sub(r"[^0-9]", "", text) for piece in pieces)


@pytest.mark.parametrize(
    ("table", "column"), [*REFUSED, ("mentions", "kind"), ("mentions", "entity")]
)
def test_a_card_in_a_column_of_the_providers_refuses_its_row(table: str, column: str) -> None:
    snapshot, drawn = read(table, **{column: CARD})
    rejects = snapshot.rejects().to_pylist()
    assert drawn.num_rows == 1
    reason = {
        "kind": "not a kind: a letter, then letters, digits and _",
        "entity": "nothing but a card number",
    }.get(column, "holds a card number")
    told = [(row["row"], row["column"], row["reason"]) for row in rejects]
    assert told == [(1, column, reason)]
    assert not leaks(f"{[row | {'dt': ''} for row in rejects]}{snapshot.report()['tables']}")


def test_a_kind_that_is_a_card_number_is_refused() -> None:
    snapshot, drawn = read("mentions", kind=f"a{CARD.replace(' ', '')}")
    assert snapshot.rejects()["reason"].to_pylist() == ["holds a card number"]
    assert drawn.num_rows == 1


@pytest.mark.parametrize(("table", "column"), CUT)
def test_a_card_in_a_column_of_the_senders_costs_its_digits_only(table: str, column: str) -> None:
    snapshot, drawn = read(table, **{column: f"Ann  \u200b{CARD} Lee"})
    assert drawn[column][0].as_py() == "Ann  # Lee"
    assert drawn.num_rows == 2
    count = snapshot.report()["tables"][table]
    assert (count["refused"], count["cells"]) == (0, {column: {"held a card number": 1}})
    assert not leaks(str(count))


@pytest.mark.parametrize("column", [name for table, name in CUT if table == "payments"])
def test_a_cell_of_a_payment_that_is_a_card_number_only_is_null(column: str) -> None:
    snapshot, drawn = read("payments", **{column: f" {CARD}. "}, fingerprint="fp_1")
    assert drawn[column].to_pylist() == [None, None]
    assert drawn["fingerprint"][0].as_py() == "fp_1"
    assert snapshot.rejects().num_rows == 0


@pytest.mark.parametrize(("table", "column"), KEPT)
@pytest.mark.parametrize("text", [f"m {CARD}", "m" * 129])
def test_what_is_kept_as_written_holds_no_card_and_no_long_text(
    table: str, column: str, text: str
) -> None:
    row = {"account_id": ["a", "b", "c"], column: [text, "m" * 128, None]}
    snapshot = check_tables({table: pa.table(row)}, DAY, IngestSettings(max_refused_share=0))
    whole = [snapshot.accounts] if table == "accounts" else list(getattr(snapshot, table))
    assert pa.concat_tables(whole)[column].to_pylist() == [None, "m" * 128, None]
    reason = "held a card number, or more than 128 characters"
    assert snapshot.report()["tables"][table]["cells"] == {column: {reason: 1}}


def test_ids_may_look_like_cards() -> None:
    digits = CARD.replace(" ", "")
    snapshot, drawn = read("mentions", account_id=digits, content_id=digits)
    assert drawn["account_id"][0].as_py() == drawn["content_id"][0].as_py() == digits
    assert snapshot.rejects().num_rows == 0


def test_senders_cannot_stop_a_run_with_card_numbers() -> None:
    mentions = pa.table(
        {
            "account_id": ["a"] * 9,
            "kind": ["phone"] * 9,
            "entity": [CARD] * 8 + ["x"],
        }
    )
    snapshot = check_tables({"mentions": mentions}, DAY, IngestSettings(max_refused_share=0))
    assert sum(part.num_rows for part in snapshot.mentions) == 1
    assert snapshot.report()["tables"]["mentions"]["refused"] == 8


DIGITS = st.text(st.sampled_from("0123456789 -."), min_size=13, max_size=60)


@given(st.lists(st.sampled_from(["4", "51", "34", "62", "5018", ""]), max_size=4), DIGITS)
def test_what_is_left_of_a_cut_text_holds_no_card(starts: list[str], digits: str) -> None:
    text = digits.join(starts) + digits + f" {CARD}" * len(starts)
    rest, held = without_cards(pa.chunked_array([pa.array([text], pa.string())]))
    assert held.tolist() == [any(map(is_card, whole_groups(text)))]
    assert hits(rest[0].as_py()) == [False]
    if not held[0]:
        assert rest[0].as_py() == text


def whole_groups(text: str) -> Iterator[str]:
    """Neighbouring groups of digits with at most three marks between them, joined: the oracle."""
    groups = [(found.start(), found.end()) for found in re.finditer("[0-9]+", text)]
    for first, (start, _) in enumerate(groups):
        for last in range(first, len(groups)):
            if last > first and groups[last][0] - groups[last - 1][1] > 3:
                break
            yield re.sub("[^0-9]", "", text[start : groups[last][1]])


def is_card(digits: str) -> bool:
    """Whether digits are a number that a network issues, by the ranges and Luhn's rule."""
    issued = any(
        len(digits) in lengths and low <= int(digits[: len(str(low))]) <= high
        for low, high, lengths in cards._RANGES
    )
    return issued and check_digit(digits[:-1]) == digits[-1]


def test_a_card_as_an_integer_is_seen() -> None:
    payments = pa.table(
        {"account_id": ["a"], "ts": [NOON], "fingerprint": [int(CARD.replace(" ", ""))]}
    )
    snapshot = check_tables({"payments": payments}, DAY, LENIENT)
    assert list(snapshot.payments) == []
    assert snapshot.rejects()["column"].to_pylist() == ["fingerprint"]


def test_the_message_of_a_stop_repeats_no_digit() -> None:
    payments = pa.table({"account_id": ["a"] * 3, "ts": [NOON] * 3, "fingerprint": [CARD] * 3})
    snapshot = check_tables({"payments": payments}, DAY, IngestSettings())
    with pytest.raises(DataError, match="fingerprint: holds a card number") as caught:
        list(snapshot.payments)
    assert not leaks(str(caught.value).replace("2026-11-22", ""))
    assert CARD not in "".join(traceback.format_exception(caught.value))


def test_a_card_in_a_prompt_keeps_its_row_and_its_digits_do_not_matter() -> None:
    dice = random.Random(12)
    numbers = [grouped(number_of("4", 16, dice), " ") for _ in range(2)]
    prompts = [f"Please charge the card {number} and send me the receipt" for number in numbers]
    requests = pa.table({"account_id": ["a", "b"], "ts": [NOON] * 2, "prompt": prompts})
    snapshot = check_tables({"requests": requests}, DAY, IngestSettings(max_refused_share=0))
    linked = link_accounts(
        snapshot.accounts, snapshot.requests, [], [], dt=DAY, key=Key(bytes(range(16)))
    )
    links = linked.links.to_pylist()
    assert [row["account_id"] for row in links if row["kind"] == "prompt"] == ["a", "b"]
    assert len({row["entity"] for row in links if row["kind"] == "prompt"}) == 1
