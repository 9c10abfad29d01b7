from collections.abc import Collection, Mapping
from datetime import date
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from graphkit.contracts import RING_MEMBERS, TRUTH
from graphkit.errors import DataError
from graphkit.evaluate import Scores, evaluate

DAY = date(2026, 11, 22)
SHARES = (
    "precision",
    "recall",
    "f1",
    "average_precision",
    "ring_recall",
    "ring_purity",
    "pair_precision",
    "pair_recall",
    "pair_f1",
)


def truth_of(rings: Mapping[str, str | None], kind: str = "lone") -> pa.Table:
    """TRUTH from account to ring."""
    rows = [
        {"account_id": account, "ring": ring, "kind": "ring" if ring else kind}
        for account, ring in rings.items()
    ]
    return pa.Table.from_pylist(rows, schema=TRUTH.schema)


def members_of(
    rings: dict[str, str],
    *,
    score: dict[str, int] | None = None,
    candidates: Collection[str] = (),
) -> pa.Table:
    """RING_MEMBERS from account to ring."""
    n = len(rings)
    rows = {
        "dt": [DAY] * n,
        "ring_id": list(rings.values()),
        "account_id": list(rings),
        "score": [(score or {}).get(ring, 1000) for ring in rings.values()],
        "confidence": [1.0] * n,
        "status": ["candidate" if ring in candidates else "published" for ring in rings.values()],
    }
    return pa.table(rows, schema=RING_MEMBERS.schema)


def spread(*rings: tuple[str, int]) -> dict[str, str]:
    """Accounts a000, a001, ... in runs: `("A", 3)` is three accounts of ring A."""
    names = [ring for ring, size in rings for _ in range(size)]
    return {f"a{place:03}": ring for place, ring in enumerate(names)}


def oracle(found: dict[str, str], truth: dict[str, str | None]) -> dict[str, float]:
    """The published figures by sets and pairs, as a person would count them."""
    planted = {account for account, ring in truth.items() if ring}
    published = {account for account in found if account in truth}

    def by_ring(label: dict[str, str], accounts: set[str]) -> dict[str, set[str]]:
        return {
            ring: {a for a in accounts if label[a] == ring} for ring in {label[a] for a in accounts}
        }

    operators = by_ring({a: r for a, r in truth.items() if r}, planted)
    rings = by_ring(found, published)
    pure = {
        (ring, operator)
        for ring, those in rings.items()
        for operator, own in operators.items()
        if len(those & own) * 10 >= len(those) * 8
    }
    reached = {
        operator
        for ring, operator in pure
        if 2 * len(rings[ring] & operators[operator]) >= len(operators[operator])
    }
    claimed_pairs = {p for those in rings.values() for p in combinations(sorted(those), 2)}
    true_pairs = {p for own in operators.values() for p in combinations(sorted(own), 2)}
    agreed = len(claimed_pairs & true_pairs)

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 1.0

    return {
        "precision": share(len(planted & published), len(published)),
        "recall": share(len(planted & published), len(planted)),
        "ring_recall": share(len(reached), len(operators)),
        "ring_purity": share(len({ring for ring, _ in pure}), len(rings)),
        "pair_precision": share(agreed, len(claimed_pairs)),
        "pair_recall": share(agreed, len(true_pairs)),
    }


labels = st.lists(st.sampled_from([None, "A", "B", "C", "D"]), min_size=1, max_size=40)


def named(rings: list[str | None]) -> dict[str, str | None]:
    """Accounts a000, a001, ... with those rings."""
    return {f"a{place:03}": ring for place, ring in enumerate(rings)}


@given(rings=labels)
def test_the_truth_itself_scores_one_everywhere(rings: list[str | None]) -> None:
    truth = named(rings)
    scores = evaluate(members_of({a: r for a, r in truth.items() if r}), truth_of(truth))

    assert {name: getattr(scores, name) for name in SHARES} == dict.fromkeys(SHARES, 1.0)
    assert scores.n_rings_found == scores.n_rings_planted == scores.n_rings_published
    assert scores.false_positives == ()


@given(data=st.data(), rings=labels)
def test_figures_agree_with_an_obvious_count(data: st.DataObject, rings: list[str | None]) -> None:
    n = len(rings)
    found_rings = data.draw(
        st.lists(st.sampled_from([None, "R-1", "R-2", "R-3"]), min_size=n, max_size=n)
    )
    found = {account: ring for account, ring in named(found_rings).items() if ring}
    scores = evaluate(members_of(found), truth_of(named(rings)))
    expected = oracle(found, named(rings))

    assert {name: getattr(scores, name) for name in expected} == pytest.approx(expected)


@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.integers(0, 4), st.booleans()), min_size=1, max_size=40
    ),
    seed=st.integers(0, 1000),
)
def test_average_precision_is_sklearns_and_ignores_order(
    rows: list[tuple[bool, int, bool]], seed: int
) -> None:
    truth = truth_of(named(["A" if planted else None for planted, _, _ in rows]))
    # A ring of its own for each account, so that each has its own score; some are candidates.
    found = {f"a{place:03}": f"R-{place}" for place in range(len(rows))}
    score = {f"R-{place}": value * 1000 for place, (_, value, _) in enumerate(rows)}
    candidates = {f"R-{place}" for place, (_, _, candidate) in enumerate(rows) if candidate}
    members = members_of(found, score=score, candidates=candidates)
    scores = evaluate(members, truth)

    if any(planted for planted, _, _ in rows):
        expected = average_precision_score([p for p, _, _ in rows], [s for _, s, _ in rows])
        assert scores.average_precision == pytest.approx(expected)
    else:
        assert scores.average_precision == 1.0
    rng = np.random.default_rng(seed)
    shuffled = members.take(rng.permutation(len(rows)))
    assert evaluate(shuffled, truth.take(rng.permutation(len(rows)))) == scores


def test_accounts_in_no_ring_are_never_reached() -> None:
    truth = truth_of(spread(("A", 4)))
    scores = evaluate(members_of({"a000": "R-1", "a001": "R-1"}), truth)

    assert scores.average_precision == 0.5
    assert (scores.precision, scores.recall) == (1.0, 0.5)


def test_two_operators_merged_into_one_ring_find_neither() -> None:
    truth = truth_of(spread(("A", 10), ("B", 10)))
    scores = evaluate(members_of(spread(("R-1", 20))), truth)

    assert (scores.precision, scores.recall) == (1.0, 1.0)
    assert (scores.n_rings_found, scores.ring_recall, scores.ring_purity) == (0, 0.0, 0.0)
    assert scores.pair_precision == pytest.approx(90 / 190)
    assert scores.pair_recall == 1.0


def test_a_merge_that_is_four_fifths_one_operator_finds_that_one() -> None:
    truth = truth_of(spread(("A", 8), ("B", 2)))
    scores = evaluate(members_of(spread(("R-1", 10))), truth)

    assert (scores.n_rings_found, scores.n_rings_pure) == (1, 1)
    assert scores.ring_recall == 0.5


def test_an_operator_split_in_halves_is_found_once_and_in_thirds_not_at_all() -> None:
    truth = truth_of(spread(("A", 12)))
    halves = evaluate(members_of(spread(("R-1", 6), ("R-2", 6))), truth)
    thirds = evaluate(members_of(spread(("R-1", 4), ("R-2", 4), ("R-3", 4))), truth)

    assert (halves.n_rings_found, halves.ring_purity) == (1, 1.0)
    assert (thirds.n_rings_found, thirds.ring_purity) == (0, 1.0)
    assert halves.pair_recall == pytest.approx(30 / 66)
    assert halves.pair_precision == 1.0


def test_half_of_the_members_is_enough_and_less_is_not() -> None:
    truth = truth_of(spread(("A", 11)))

    assert evaluate(members_of(spread(("R-1", 6))), truth).ring_recall == 1.0
    assert evaluate(members_of(spread(("R-1", 5))), truth).ring_recall == 0.0


def test_candidates_count_in_the_average_precision_only() -> None:
    truth = truth_of(spread(("A", 3), ("B", 3)))
    found = spread(("R-1", 3), ("R-2", 3))
    scores = evaluate(members_of(found, score={"R-2": 10}, candidates={"R-2"}), truth)

    assert scores.average_precision == 1.0
    assert (scores.recall, scores.n_rings_published, scores.n_accounts_published) == (0.5, 1, 3)


def test_shares_of_nothing_are_one_and_f1_of_nothing_right_is_zero() -> None:
    planted = truth_of(spread(("A", 3)))
    silent = evaluate(RING_MEMBERS.empty(), planted)
    assert (silent.precision, silent.ring_purity, silent.pair_precision) == (1.0, 1.0, 1.0)
    assert (silent.recall, silent.ring_recall, silent.average_precision) == (0.0, 0.0, 0.0)
    assert silent.f1 == 0.0

    quiet = evaluate(RING_MEMBERS.empty(), truth_of({"x": None}))
    assert {getattr(quiet, name) for name in SHARES} == {1.0}

    wrong = evaluate(members_of({"x": "R-1", "y": "R-1"}), truth_of({"x": None, "y": None}))
    assert (wrong.precision, wrong.ring_purity, wrong.recall, wrong.f1) == (0.0, 0.0, 1.0, 0.0)


def test_false_positives_are_counted_by_kind() -> None:
    truth = pa.concat_tables(
        [
            truth_of({"r": "A", "s": "A"}),
            truth_of({"o1": None, "o2": None}, kind="office"),
            truth_of({"h1": None, "h2": None, "h3": None}, kind="household"),
            truth_of({"l": None}),
        ]
    )
    found = dict.fromkeys(["r", "s", "o1", "o2", "h1", "h2"], "R-1") | {"h3": "R-2"}
    scores = evaluate(members_of(found), truth)

    assert scores.false_positives == (("household", 3), ("office", 2))
    assert ("false positives: office", 2) in scores.rows()


def test_accounts_that_the_truth_does_not_name_are_left_out() -> None:
    truth = truth_of(spread(("A", 4)))
    found = spread(("R-1", 4)) | {"stranger": "R-1", "other": "R-9"}

    assert evaluate(members_of(found), truth) == evaluate(members_of(spread(("R-1", 4))), truth)


def test_several_days_are_refused() -> None:
    members = members_of({"x": "R-1"})
    other = members.set_column(0, "dt", pa.array([date(2026, 11, 21)]))

    with pytest.raises(DataError, match="several days"):
        evaluate(pa.concat_tables([members, other]), truth_of({"x": None}))


def test_a_table_that_breaks_its_contract_is_refused() -> None:
    with pytest.raises(DataError, match="TRUTH"):
        evaluate(RING_MEMBERS.empty(), pa.table({"account_id": ["x"]}))


def test_rows_name_every_figure_once() -> None:
    scores = evaluate(members_of({"x": "R-1"}), truth_of({"x": "A"}))
    names = [name for name, _ in scores.rows()]

    assert len(set(names)) == len(names) == len(Scores.__dataclass_fields__) - 1
    assert all(isinstance(value, int | float) for _, value in scores.rows())
