"""The scorer against scikit-learn, an independent B-cubed, and what chance must give."""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    adjusted_rand_score,
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)
from sklearn.metrics.cluster import pair_confusion_matrix

from graphkit.evaluate import Scores, evaluate_claims
from graphkit.evaluate.figure import wilson
from tests.judged import claims_of, named, truth_of

Labels = dict[str, str | None]
RINGS = st.lists(st.sampled_from([None, "A", "B", "C", "D"]), min_size=1, max_size=40)
OPERATORS = {"A": "x", "B": "x", "C": "y", "D": "z"}


def claimed(n: int) -> st.SearchStrategy[list[str | None]]:
    """Published rings of n accounts."""
    return st.lists(st.sampled_from([None, "R-1", "R-2", "R-3"]), min_size=n, max_size=n)


def truth_with_operators(rings: Labels, operators: Mapping[str, str] | None) -> pa.Table:
    """TRUTH in which an operator may run several rings."""
    truth = truth_of(rings)
    if operators is None:
        return truth
    column = [operators.get(ring) if ring else None for ring in rings.values()]
    place = truth.column_names.index("operator")
    return truth.set_column(place, "operator", pa.array(column, pa.string()))


def alone(labels: Labels) -> list[str]:
    """A partition of all accounts: whoever has no label stands alone."""
    return [label or f"alone {account}" for account, label in labels.items()]


def oracle(found: Labels, rings: Labels, operators: Mapping[str, str]) -> dict[str, float]:
    """Figures by sets and pairs, as a person would count them.

    Pairs from two rings of one operator are left out.
    """

    def share(part: float, whole: float) -> float:
        return part / whole if whole else 1.0

    def neutral(one: str, other: str) -> bool:
        a, b = rings[one], rings[other]
        return a is not None and b is not None and a != b and operators[a] == operators[b]

    planted = [account for account, ring in rings.items() if ring]
    published = [account for account, ring in found.items() if ring]
    precise, recalled = [], []
    for account in published:
        mates = [o for o in published if found[o] == found[account] and not neutral(account, o)]
        right = [o for o in mates if rings[account] and rings[o] == rings[account]]
        precise.append(len(right) / len(mates))
    for account in planted:
        mates = [other for other in planted if rings[other] == rings[account]]
        right = [other for other in mates if found[account] and found[other] == found[account]]
        recalled.append(len(right) / len(mates))
    pairs = [pair for pair in combinations(rings, 2) if not neutral(*pair)]
    together = {p for p in pairs if found[p[0]] and found[p[0]] == found[p[1]]}
    true = {p for p in pairs if rings[p[0]] and rings[p[0]] == rings[p[1]]}
    groups = {r: [a for a in published if found[a] == r] for r in set(found.values()) if r}
    groups = {ring: those for ring, those in groups.items() if len(those) > 1}
    sets = {r: [a for a in planted if rings[a] == r] for r in set(rings.values()) if r}
    sets = {ring: those for ring, those in sets.items() if len(those) > 1}

    def run_by(operator: str, those: list[str]) -> int:
        return sum(operators.get(rings[a] or "", "") == operator for a in those)

    pure = [
        (ring, operator)
        for ring, those in groups.items()
        for operator in set(operators.values())
        if 10 * run_by(operator, those) >= 8 * len(those)
    ]
    reached = {
        own
        for ring, operator in pure
        for own, members in sets.items()
        if operators[own] == operator and 2 * len({*members} & {*groups[ring]}) >= len(members)
    }
    return {
        "account precision": share(len({*planted} & {*published}), len(published)),
        "account recall": share(len({*planted} & {*published}), len(planted)),
        "B-cubed precision": share(sum(precise), len(precise)),
        "B-cubed recall": share(sum(recalled), len(recalled)),
        "pair precision": share(len(together & true), len(together)),
        "pair recall": share(len(together & true), len(true)),
        "ring recall": share(len(reached), len(sets)),
        "ring purity": share(len({ring for ring, _ in pure}), len(groups)),
    }


def whole(scores: Scores) -> dict[str, float]:
    """Figures of the whole by name."""
    rows = scores.whole.to_pylist()
    return {row["figure"]: row["value"] for row in rows}


@settings(max_examples=60)
@given(rings=RINGS, joined=st.booleans())
def test_the_truth_itself_scores_one_everywhere(rings: list[str | None], joined: bool) -> None:
    labels = named(rings)
    truth = truth_with_operators(labels, OPERATORS)
    found = {a: OPERATORS[ring] if joined and ring else ring for a, ring in labels.items()}
    certain = dict.fromkeys(labels, 1.0)
    scores = evaluate_claims(claims_of(found, confidence=certain), truth)
    got = whole(scores)
    del got["base rate"]

    assert got.pop("calibration error", 0.0) == 0.0
    assert got == dict.fromkeys(got, 1.0)
    assert not [row for row in scores.figures.to_pylist() if "honest" in row["figure"] and row["n"]]


@settings(max_examples=60)
@given(data=st.data(), rings=RINGS, several=st.booleans())
def test_figures_agree_with_an_obvious_count(
    data: st.DataObject, rings: list[str | None], several: bool
) -> None:
    labels, found = named(rings), named(data.draw(claimed(len(rings))))
    operators = OPERATORS if several else {ring: ring for ring in OPERATORS}
    truth = truth_with_operators(labels, OPERATORS if several else None)
    scores = evaluate_claims(claims_of(found), truth)
    expected = oracle(found, labels, operators)

    assert {name: whole(scores)[name] for name in expected} == pytest.approx(expected)


@settings(max_examples=60)
@given(data=st.data(), rings=RINGS)
def test_partitions_agree_with_scikit_learn(data: st.DataObject, rings: list[str | None]) -> None:
    labels, found = named(rings), named(data.draw(claimed(len(rings))))
    scores = evaluate_claims(claims_of(found), truth_of(labels))

    assert scores.ari == pytest.approx(adjusted_rand_score(alone(labels), alone(found)))
    (_, only_found), (only_true, both) = pair_confusion_matrix(alone(labels), alone(found)) // 2
    precision, recall = scores.figure("pair precision"), scores.figure("pair recall")
    assert (precision.n, precision.of) == (both, both + only_found)
    assert (recall.n, recall.of) == (both, both + only_true)
    planted, published = [[label is not None for label in x.values()] for x in (labels, found)]
    if any(planted) and any(published):
        expected = precision_recall_fscore_support(
            planted, published, average="binary", zero_division=0.0
        )
        assert (scores.precision, scores.recall, scores.f1) == pytest.approx(expected[:3])


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 2), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    seed=st.integers(0, 1000),
)
def test_the_ranking_agrees_with_scikit_learn_and_ignores_order(
    rows: list[tuple[bool, int, int, bool]], seed: int
) -> None:
    # A ring of its own for each account, so that each has its own score; some are candidates.
    truth = truth_of(named(["A" if planted else None for planted, *_ in rows]))
    rings = [f"R-{place}" for place in range(len(rows))]
    score = {ring: float(row[1]) for ring, row in zip(rings, rows, strict=True)}
    found = dict(zip(named([None] * len(rows)), rings, strict=True))
    sure = {account: row[2] / 2 for account, row in zip(found, rows, strict=True)}
    candidates = {ring for ring, row in zip(rings, rows, strict=True) if row[3]}
    claims = claims_of(found, score=score, confidence=sure, candidates=candidates)
    scores = evaluate_claims(claims, truth)

    planted = [row[0] for row in rows]
    rank = [10 * row[1] + row[2] for row in rows]
    if any(planted):
        assert scores.average_precision == pytest.approx(average_precision_score(planted, rank))
        precision, recall, _ = precision_recall_curve(planted, rank)
        for level in (0.99, 0.95):
            # The curve's last point is no threshold.
            expected = recall[:-1][precision[:-1] >= level].max(initial=0.0)
            got = scores.figure(f"recall at precision {level}").value
            assert got == pytest.approx(expected)
    rng = np.random.default_rng(seed)
    shuffled = claims.take(rng.permutation(len(rows)))
    again = evaluate_claims(shuffled, truth.take(rng.permutation(len(rows))))
    assert again.figures.equals(scores.figures)


@settings(max_examples=60)
@given(data=st.data(), rings=RINGS)
def test_an_interval_holds_its_figure(data: st.DataObject, rings: list[str | None]) -> None:
    found = claims_of(named(data.draw(claimed(len(rings)))))
    for row in evaluate_claims(found, truth_of(named(rings))).figures.to_pylist():
        if row["low"] is not None:
            assert 0 <= row["low"] <= row["high"] <= 1
        if row["low"] is not None and row["value"] in (0, 1):
            assert row["low"] <= row["value"] <= row["high"], row


def lottery(seed: int, *, accounts: int = 20_000) -> tuple[Scores, float]:
    """Scores of accounts drawn by lot into rings, and the base rate."""
    rng = np.random.default_rng(seed)
    planted = rng.permutation(accounts)[: accounts // 8] % 60
    ring = np.full(accounts, -1)
    ring[: len(planted)] = planted
    drawn = np.where(rng.random(accounts) < 0.2, rng.integers(0, 80, accounts), -1)
    score = {f"R-{number}": float(value) for number, value in enumerate(rng.random(80))}
    labels, found = (
        named([f"{letter}-{number}" if number >= 0 else None for number in numbers.tolist()])
        for letter, numbers in (("A", ring), ("R", drawn))
    )
    scores = evaluate_claims(claims_of(found, score=score), truth_of(labels))
    return scores, len(planted) / accounts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lottery_finds_no_ring_and_is_as_precise_as_the_base_rate(seed: int) -> None:
    scores, base_rate = lottery(seed)

    assert abs(scores.ari) <= 0.01
    assert scores.ring_recall == scores.ring_purity == 0.0
    assert scores.precision == pytest.approx(base_rate, abs=0.02)
    assert scores.figure("base rate").value == base_rate
    precision = scores.figure("account precision")
    assert precision.low is not None and precision.high is not None
    assert precision.low < base_rate < precision.high


def test_intervals_resample_rings_not_accounts() -> None:
    # 20 rings of 100, of which every other one is found whole: 2,000 accounts that fall in 20
    # lots. An interval over accounts would be 0.48 to 0.52.
    labels = named([f"A-{place // 100}" for place in range(2000)])
    found = {a: ring if int((ring or "")[2:]) % 2 else None for a, ring in labels.items()}
    recall = evaluate_claims(claims_of(found), truth_of(labels)).figure("account recall")

    assert recall.value == 0.5
    assert recall.low is not None and recall.high is not None
    # Half of 20 by lot: 0.5 - 1.96 * sqrt(0.25 / 20) is 0.28.
    assert recall.low == pytest.approx(0.28, abs=0.04)
    assert recall.high == pytest.approx(0.72, abs=0.04)


def test_an_interval_of_what_never_failed_is_as_wide_as_its_rings_are_few() -> None:
    labels = named([f"A-{place // 50}" for place in range(250)])
    scores = evaluate_claims(claims_of(labels), truth_of(labels))

    for name in ("account precision", "account recall", "B-cubed F1", "ring recall", "pair recall"):
        figure = scores.figure(name)
        assert (figure.value, figure.high) == (1.0, 1.0)
        assert figure.low == pytest.approx(0.566, abs=0.001), name


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    # Newcombe (1998), method 3, to four digits.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_wilsons_interval_is_the_published_one(n: int, of: int, low: float, high: float) -> None:
    assert wilson(n, of) == pytest.approx((low, high), abs=0.00005)
    assert wilson(0, 0) is None


def test_intervals_depend_on_the_seed_and_on_nothing_else() -> None:
    rings = named([f"A-{math.isqrt(place)}" for place in range(300)])
    found = {a: ring for a, ring in rings.items() if int(a[1:]) % 7 % 3}
    claims, truth = claims_of(found), truth_of(rings)
    scores = evaluate_claims(claims, truth, seed=5)
    again = evaluate_claims(claims.take(np.arange(len(found))[::-1]), truth, seed=5)
    other = evaluate_claims(claims, truth, seed=6)

    assert again.figures.equals(scores.figures)
    assert other.figures["value"].equals(scores.figures["value"])
    assert not other.figures["low"].equals(scores.figures["low"])
