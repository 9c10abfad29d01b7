"""The labelled corpus of prompts, and floors under what keys of texts find in it."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.similarity import headline
from benchmarks.similarity.corpus import Labelled, labelled
from benchmarks.similarity.measure import by_bands, by_keys, figures, pairs, threshold, truth
from benchmarks.similarity.rivals import BANDS, PERMUTATIONS, bands, shingles


@pytest.fixture(scope="module")
def made() -> Labelled:
    return labelled(6, rings=2, strangers=9_000)


def test_a_corpus_has_every_class_and_is_the_same_again(made: Labelled) -> None:
    first, again = (labelled(3, rings=1, strangers=200) for _ in range(2))
    assert again.text.equals(first.text) and again.sort == first.sort
    sorts = Counter(made.sort.values())
    assert set(sorts) == {
        *("level 1", "level 2", "level 3", "wrapper", "payload"),
        *("own", "viral", "harness", "benchmark", "integrator"),
    }
    assert sorts["own"] > 6_000
    assert sum(truth(made).values()) == sum(
        n * (n - 1) // 2
        for ring, n in Counter(made.group.values()).items()
        if ring.startswith("ring")
    )


def test_keys_find_rings_that_write_from_one_template(made: Labelled) -> None:
    found = pairs(made, by_keys(made))
    told = figures(made, found, threshold(found, 0.98))
    assert told["precision"] >= 0.98
    assert told["recall"] >= 0.75, told
    assert min(told["by_class"][kind] for kind in ("level 1", "level 2", "wrapper")) >= 0.75, told
    assert told["integrators_pairs"] > 0, "they are linked, and counted apart"


def test_a_score_counts_each_text_once() -> None:
    text = "every one of these words stands in a text that two people sent today, and in it alone"
    made = sent(("a", text), ("b", text), ("a", "hm"), ("b", "hm"))
    made.sort.update(a="own", b="own")
    (score,) = pairs(made, by_keys(made)).score.tolist()
    assert score == 0.0, "of two accounts two hold it: no rarity"
    made.sort.update({f"x{n}": "own" for n in range(30)})
    (score,) = pairs(made, by_keys(made)).score.tolist()
    assert score == pytest.approx(4 / 2), "log2(32 / 2) bits, times half of the traffic"


def sent(*rows: tuple[str, str]) -> Labelled:
    accounts, texts = zip(*rows, strict=True)
    return Labelled(pa.array(accounts, pa.string()), pa.array(texts, pa.string()), {}, {})


def test_bands_of_a_library_are_keys_like_ours(made: Labelled) -> None:
    dice = np.random.default_rng(1)
    alike = dice.integers(0, 2**32, PERMUTATIONS, np.uint64)
    assert len(set(bands(alike))) == BANDS
    n = len(made.text)
    own = [bands(dice.integers(0, 2**32, PERMUTATIONS, np.uint64)) for _ in range(n - 2)]
    links = by_bands(made, [bands(alike), bands(alike), *own])
    found = pairs(made, links)
    assert len(found.score) == (made.account[0] != made.account[1])
    assert shingles("One two, THREE four") == {"one two three", "two three four"}
    assert shingles("One") == {"one"}


def test_the_headline_measures_what_it_says() -> None:
    told = headline.ours(30_000)
    assert told["prompts"] == 30_000 and told["accounts"] == 1171
    assert 550 <= told["characters"] <= 650
    assert told["links"] > 5_000
    assert set(told["cpu_s"]) == {"sketch and gather", "aggregate", "links"}
    first, again = next(headline.parts(5_000)), next(headline.parts(5_000))
    assert first.equals(again)
