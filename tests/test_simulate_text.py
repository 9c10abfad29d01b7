import gzip
import hashlib
import itertools
import json
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphkit import sql
from graphkit.errors import DataError
from graphkit.simulate import (
    World,
    simulate,
)
from graphkit.simulate.text.corpus import Corpus, cut, sample
from graphkit.simulate.text.corpus import load as load_corpus
from tests.simulated import Made, load


def test_the_corpus_is_part_of_the_worlds_identity(tmp_path: Path) -> None:
    lines = [f"Tell me what number {n} has to do with the word mountain goat." for n in range(60)]
    plain, packed = tmp_path / "mine.txt", tmp_path / "mine.jsonl.gz"
    plain.write_text("\n".join(lines))
    packed.write_bytes(
        gzip.compress("\n".join(json.dumps({"text": line}) for line in lines).encode(), mtime=0)
    )
    world = World(accounts=60, days=1)
    first = simulate(tmp_path / "a", world, prompts=plain)
    second = simulate(tmp_path / "b", world, prompts=packed)

    assert first.prompts == hashlib.sha256(plain.read_bytes()).hexdigest() != second.prompts
    a, b = load(tmp_path / "a"), load(tmp_path / "b")
    assert a.tables["requests"].equals(b.tables["requests"])
    assert a.ask("SELECT count(*) > 20 FROM requests WHERE contains(prompt, 'goat')") == [(True,)]
    for name, text in (("few.txt", "One line."), ("bad.jsonl", '{"txt": 1}'), ("bad.gz", "x")):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match="prompts"):
            simulate(tmp_path / "c", world, prompts=tmp_path / name)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("sentences", [30, 5438])
def test_no_two_items_of_a_long_data_set_are_alike(sentences: int) -> None:
    names = "abcdefghijklmnopqrstuvwxyzABCD"
    few = Corpus(cut(["A whole prompt."]), cut([f"{name} was here." for name in names]))
    corpus = few if sentences == 30 else load_corpus()
    assert len(corpus.sentences) == sentences
    n = 20_000  # thirty sentences make 900 pairs, and 27,000 triples
    place = np.arange(n)
    items = corpus.items(place, place, np.zeros(n, np.bool_))

    assert pc.count_distinct(items).as_py() == n
    assert items[0] == corpus.whole.as_is(np.zeros(1, np.int64))[0]
    # Neighbours have no sentence in common, so that a dealt set leaves nothing to compare.
    later = [str(text) for text in items[len(corpus.whole) : len(corpus.whole) + 800]]
    for left, right in itertools.pairwise(later):
        assert left[:15] != right[:15] and left[-15:] != right[-15:]


def test_most_honest_prompts_are_unique(made: Made) -> None:
    distinct, n = made.ask("""
        SELECT count(DISTINCT prompt), count(*) FROM requests JOIN truth USING (account_id)
        WHERE ring IS NULL""")[0]

    assert int(str(distinct)) > 0.93 * int(str(n))


def test_no_text_holds_anything_like_a_card_number(made: Made) -> None:
    for name in ("requests", "payments", "accounts"):
        table = made.tables[name]
        for column in table.column_names:
            if pa.types.is_string(table.schema.field(column).type):
                text = f"SELECT count(*) FROM {name} WHERE regexp_matches({column}, $digits)"
                found = sql.query(text, made.tables, {"digits": r"\d([ -]?\d){11}"})
                assert found.to_pylist()[0].popitem()[1] == 0, (name, column)


def packaged() -> list[dict[str, str]]:
    """The rows of the packaged sample."""
    packed = resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]


def test_packaged_prompts_are_few_distinct_and_under_free_licences() -> None:
    rows = packaged()
    notice = resources.files("graphkit.simulate").joinpath("PROVENANCE.md").read_text("utf-8")

    assert len(rows) == len({row["text"] for row in rows}) == len(sample()) == 2000
    assert {row["license"] for row in rows} == {"MIT", "Apache-2.0", "CC0-1.0"}
    for source in {row["source"] for row in rows}:
        n = sum(row["source"] == source for row in rows)
        line = next(line for line in notice.splitlines() if line.startswith(f"| `{source}`"))
        assert line.endswith(f"| {n} |")
    size = len(resources.files("graphkit.simulate").joinpath("prompts.jsonl.gz").read_bytes())
    assert size <= 400_000


def test_packaged_prompts_are_chosen_as_their_provenance_says(real_data: Path) -> None:
    with gzip.open(real_data / "prompts" / "prompts.jsonl.gz", "rt", encoding="utf-8") as lines:
        collection = [json.loads(line) for line in lines]
    unfit = re.compile(
        r"(?i)jailbreak|cartel|\d{6}|https?:|www\.|\S@\S|[^\S \n]|[\x00-\x09\x0b-\x1f]"
    )
    rows = packaged()
    chosen = []
    seen = set()
    for source in dict.fromkeys(row["source"] for row in rows):
        quota = sum(row["source"] == source for row in rows)
        fit = []
        for row in collection:
            text = row["text"].strip()
            if row["source"] != source or not 40 <= len(text) <= 700 or unfit.search(text):
                continue
            if text not in seen:
                seen.add(text)
                fit.append({"source": source, "license": row["license"], "text": text})
        chosen += [fit[place * len(fit) // quota] for place in range(quota)]

    assert chosen == rows
