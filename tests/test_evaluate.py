"""The scorer's conventions, each by a case whose answer is written out."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphkit.contracts import CLAIMS, FIGURES, RING_MEMBERS, TRUTH
from graphkit.errors import DataError, UsageError
from graphkit.evaluate import (
    Scores,
    claims_of_communities,
    claims_of_members,
    completed,
    evaluate,
    evaluate_claims,
)
from tests.judged import DAY, claims_of, members_of, spread, truth_of

YESTERDAY = DAY - timedelta(days=1)


def counts(scores: Scores, name: str) -> dict[str, tuple[int, int]]:
    """A figure's n and of, by part."""
    rows = scores.figures.filter(pc.equal(scores.figures["figure"], pa.scalar(name))).to_pylist()
    return {row["part"]: (row["n"], row["of"]) for row in rows}


def n_of(scores: Scores, name: str) -> tuple[int | None, int | None]:
    """A figure's n and of."""
    figure = scores.figure(name)
    return figure.n, figure.of


def test_two_operators_merged_into_one_ring_find_neither() -> None:
    truth = truth_of(spread(("A", 10), ("B", 10)))
    scores = evaluate_claims(claims_of(spread(("R-1", 20))), truth)

    assert (scores.precision, scores.recall) == (1.0, 1.0)
    assert (scores.ring_recall, scores.ring_purity) == (0.0, 0.0)
    assert n_of(scores, "pair precision") == (90, 190)
    assert n_of(scores, "pair recall") == (90, 90)
    assert scores.figure("B-cubed precision").value == pytest.approx(0.5)
    assert scores.figure("B-cubed recall").value == 1.0
    # All pairs are claimed: chance alone would agree as well.
    assert scores.ari == 0.0


def test_one_blob_of_all_attackers_is_precise_and_finds_nothing() -> None:
    operators = spread(*((f"op{number}", 10) for number in range(20)))
    truth = truth_of(operators | {f"honest{number}": None for number in range(800)})
    scores = evaluate_claims(claims_of(dict.fromkeys(operators, "R-1")), truth)

    assert (scores.precision, scores.recall, scores.average_precision) == (1.0, 1.0, 1.0)
    assert n_of(scores, "ring recall") == (0, 20)
    assert n_of(scores, "ring purity") == (0, 1)
    assert scores.figure("B-cubed precision").value == pytest.approx(10 / 200)
    assert counts(scores, "published rings of") == {"nobody": (1, 1)}


def test_a_merge_that_is_four_fifths_one_operator_finds_that_one() -> None:
    truth = truth_of(spread(("A", 8), ("B", 2)))
    scores = evaluate_claims(claims_of(spread(("R-1", 10))), truth)

    assert (n_of(scores, "ring recall"), n_of(scores, "ring purity")) == ((1, 2), (1, 1))


def test_an_operator_split_in_halves_is_found_once_and_in_thirds_not_at_all() -> None:
    truth = truth_of(spread(("A", 12)))
    halves = evaluate_claims(claims_of(spread(("R-1", 6), ("R-2", 6))), truth)
    thirds = evaluate_claims(claims_of(spread(("R-1", 4), ("R-2", 4), ("R-3", 4))), truth)

    assert (n_of(halves, "ring recall"), n_of(halves, "ring purity")) == ((1, 1), (2, 2))
    assert (n_of(thirds, "ring recall"), n_of(thirds, "ring purity")) == ((0, 1), (3, 3))
    assert n_of(halves, "pair recall") == (30, 66)
    assert n_of(halves, "pair precision") == (30, 30)
    assert halves.figure("B-cubed recall").value == pytest.approx(0.5)


def test_half_of_the_members_is_enough_and_less_is_not() -> None:
    truth = truth_of(spread(("A", 101)))

    assert evaluate_claims(claims_of(spread(("R-1", 51))), truth).ring_recall == 1.0
    assert evaluate_claims(claims_of(spread(("R-1", 50))), truth).ring_recall == 0.0


def test_a_single_account_is_no_ring_on_either_side() -> None:
    truth = truth_of({"a": "A", "b": "A", "c": "B", "d": None})
    scores = evaluate_claims(claims_of({"a": "R-1", "c": "R-2", "d": "R-3"}), truth)

    # Half of A stands in R-1, but R-1 links it to nobody; B has one account to link.
    assert (n_of(scores, "ring recall"), n_of(scores, "ring purity")) == ((0, 1), (0, 0))
    assert n_of(scores, "account precision") == (2, 3)


def test_a_ring_and_its_successor_may_be_one_ring_or_two() -> None:
    both = spread(("A", 6), ("A2", 4))
    truth = truth_of(both, operator="op")
    one = evaluate_claims(claims_of(dict.fromkeys(both, "R-1")), truth)
    two = evaluate_claims(claims_of(both), truth)

    for scores in (one, two):
        assert n_of(scores, "ring recall") == (2, 2)
        assert scores.ring_purity == scores.bcubed_f1 == scores.pair_f1 == scores.ari == 1.0
        assert n_of(scores, "pair precision") == (21, 21), "15 pairs of A and 6 of A2"


def test_without_a_word_on_operators_every_ring_has_its_own() -> None:
    both = spread(("A", 6), ("A2", 6))
    scores = evaluate_claims(claims_of(dict.fromkeys(both, "R-1")), truth_of(both))

    assert (n_of(scores, "ring recall"), scores.ring_purity) == ((0, 2), 0.0)


def test_an_operator_who_bears_a_rings_name_is_not_that_ring() -> None:
    truth = pa.concat_tables(
        [truth_of({"a": "A", "b": "A"}), truth_of({"c": "C", "d": "C"}, operator="A")]
    )
    scores = evaluate_claims(claims_of(dict.fromkeys("abcd", "R-1")), truth)

    assert scores.ring_purity == 0.0


@pytest.mark.parametrize("role", ["junk", "hijacked"])
def test_junk_and_hijacked_accounts_are_neither_hit_nor_miss(role: str) -> None:
    members = truth_of(spread(("A", 4)), role="member")
    aside = truth_of({f"z{number}": "A" for number in range(6)}, role=role)
    truth = pa.concat_tables([members, aside])
    without = evaluate_claims(claims_of(spread(("R-1", 4))), truth)
    some = {f"z{number}": "R-1" for number in range(3)} | {"z3": "R-2", "z4": "R-2"}
    among = evaluate_claims(claims_of(spread(("R-1", 4)) | some), truth)

    for scores in (without, among):
        assert n_of(scores, "account recall") == n_of(scores, "account precision") == (4, 4)
        assert n_of(scores, "ring recall") == n_of(scores, "ring purity") == (1, 1)
        assert scores.ari == scores.bcubed_f1 == scores.average_precision == 1.0
    assert counts(without, "left out and published") == {role: (0, 6)}
    assert counts(among, "left out and published") == {role: (5, 6)}


def test_a_framed_account_is_honest() -> None:
    framed = truth_of({"framed": None}, role="framed")
    truth = pa.concat_tables([truth_of(spread(("A", 4)), role="member"), framed])
    scores = evaluate_claims(claims_of(spread(("R-1", 4)) | {"framed": "R-1"}), truth)

    assert n_of(scores, "account precision") == (4, 5)


def test_a_bridge_is_its_own_rings_account_and_impure_where_it_leads() -> None:
    truth = pa.concat_tables(
        [
            truth_of(spread(("A", 9), ("B", 3)), role="member"),
            truth_of({"bridge": "A"}, role="bridge"),
        ]
    )
    apart = evaluate_claims(claims_of(spread(("R-1", 9), ("R-2", 3)) | {"bridge": "R-1"}), truth)
    wrong = evaluate_claims(claims_of(spread(("R-1", 9), ("R-2", 3)) | {"bridge": "R-2"}), truth)
    joined = evaluate_claims(claims_of(spread(("R-1", 12)) | {"bridge": "R-1"}), truth)

    assert n_of(apart, "account recall") == n_of(wrong, "account recall") == (13, 13)
    assert (apart.ring_purity, apart.ring_recall) == (1.0, 1.0)
    assert (wrong.ring_purity, wrong.ring_recall) == (0.5, 0.5)
    # 10 of 13 are less than four fifths: neither ring is found in what the bridge made one.
    assert (joined.ring_purity, joined.ring_recall) == (0.0, 0.0)


def test_members_who_cannot_have_acted_yet_or_still_are_left_out() -> None:
    truth = pa.concat_tables(
        [
            truth_of(spread(("A", 4)), first_day=YESTERDAY, last_day=DAY),
            truth_of({"later": "A", "new": "A"}, first_day=DAY + timedelta(days=1)),
            truth_of({"gone": "A"}, last_day=DAY - timedelta(days=3)),
            truth_of({"undated": None}),
        ]
    )
    members = members_of(spread(("R-1", 2)))

    assert n_of(evaluate(members, truth), "account recall") == (2, 5)
    narrow = evaluate(members, truth, window_d=3)
    assert n_of(narrow, "account recall") == (2, 4)
    assert n_of(narrow, "ring recall") == (1, 1)
    assert n_of(narrow, "base rate") == (4, 5)
    assert counts(narrow, "left out and published") == {"not active": (0, 3)}
    assert n_of(evaluate(members, truth, window_d=4), "account recall") == (2, 5)
    assert n_of(evaluate_claims(claims_of({}), truth), "account recall") == (0, 7)
    after = evaluate(RING_MEMBERS.empty(), truth, dt=DAY + timedelta(days=1), window_d=30)
    assert n_of(after, "account recall") == (0, 7)


def test_accounts_that_the_truth_does_not_name_are_left_out_and_told() -> None:
    truth = truth_of(spread(("A", 4)))
    found = spread(("R-1", 4)) | {"stranger": "R-1", "other": "R-9", "third": "R-9"}
    scores = evaluate_claims(claims_of(found, candidates={"R-9"}), truth)

    assert n_of(scores, "account precision") == n_of(scores, "candidates right") == (4, 4)
    assert n_of(scores, "ring purity") == (1, 1)
    assert counts(scores, "left out and published") == {"not in the truth": (1, 3)}


def test_candidates_count_in_the_ranking_only() -> None:
    truth = truth_of(spread(("A", 3), ("B", 3)))
    found = claims_of(spread(("R-1", 3), ("R-2", 3)), score={"R-2": 0.1}, candidates={"R-2"})
    scores = evaluate_claims(found, truth)

    assert (scores.average_precision, scores.recall) == (1.0, 0.5)
    assert n_of(scores, "recall at precision 0.99") == (6, 6)
    assert (n_of(scores, "ring recall"), n_of(scores, "ring purity")) == ((1, 2), (1, 1))
    assert n_of(scores, "purity of the first 10 rings") == (None, 2)


def test_rings_rank_by_score_and_members_by_confidence() -> None:
    truth = truth_of({"a": "A", "b": "A", "c": None, "d": None})
    found = {"a": "R-1", "c": "R-1", "b": "R-2", "d": "R-2"}
    sure = evaluate_claims(
        claims_of(found, score={"R-1": 2.0}, confidence=dict(a=0.9, b=0.8, c=0.5, d=0.1)), truth
    )
    unsure = evaluate_claims(claims_of(found, score={"R-1": 2.0}), truth)
    stated = evaluate_claims(claims_of(found, confidence=dict(a=0.2, b=0.2)), truth)

    # a hit, c not, b hit, d not: (1/1 + 2/3) / 2.
    assert sure.average_precision == pytest.approx(5 / 6)
    # Two steps of two, each half right.
    assert unsure.average_precision == pytest.approx(0.5)
    assert sure.figure("recall at precision 0.99").value == 0.5
    assert unsure.figure("recall at precision 0.95").value == 0.0
    # Of one score in two rings: whoever states no confidence comes last.
    assert stated.average_precision == 1.0


def test_a_cut_through_equals_gives_what_they_give_on_average() -> None:
    truth = truth_of(spread(("A", 60), (None, 340)))
    found = spread(("R-1", 60), ("R-2", 140))
    scores = evaluate_claims(claims_of(found, score={"R-1": 2.0}), truth)
    level = evaluate_claims(claims_of(found), truth)

    assert scores.figure("precision of the first 100 accounts").value == pytest.approx(0.6)
    assert level.figure("precision of the first 100 accounts").value == pytest.approx(0.3)
    last = level.figure("precision of the first 1,000 accounts")
    assert last.value == pytest.approx(0.3)
    assert last.of == 200


def test_the_first_rings_are_judged_by_purity() -> None:
    sizes = [(f"A{number}", 3) for number in range(6)]
    truth = truth_of(spread(*sizes, (None, 60)))
    found = spread(*((f"R-{number:02}", 3) for number in range(26)))
    score = {f"R-{number:02}": float(100 - number) for number in range(26)}
    scores = evaluate_claims(claims_of(found, score=score), truth)

    assert scores.figure("purity of the first 10 rings").value == pytest.approx(0.6)
    rest = scores.figure("purity of the first 100 rings")
    assert rest.value == pytest.approx(6 / 26)
    assert rest.of == 26


def test_accounts_in_no_ring_are_never_reached() -> None:
    scores = evaluate_claims(claims_of(spread(("R-1", 2))), truth_of(spread(("A", 4))))

    assert (scores.average_precision, scores.precision, scores.recall) == (0.5, 1.0, 0.5)


def test_shares_of_nothing_are_one_and_f1_of_nothing_right_is_zero() -> None:
    silent = evaluate(RING_MEMBERS.empty(), truth_of(spread(("A", 3))))
    assert (silent.precision, silent.ring_purity) == (1.0, 1.0)
    assert (silent.recall, silent.ring_recall, silent.average_precision) == (0.0, 0.0, 0.0)
    assert (silent.f1, silent.bcubed_f1, silent.ari) == (0.0, 0.0, 0.0)

    quiet = evaluate(RING_MEMBERS.empty(), truth_of({"x": None}))
    assert quiet.precision == quiet.recall == quiet.ari == quiet.ring_recall == 1.0

    wrong = evaluate(members_of({"x": "R-1", "y": "R-1"}), truth_of({"x": None, "y": None}))
    assert (wrong.precision, wrong.ring_purity, wrong.recall, wrong.f1) == (0.0, 0.0, 1.0, 0.0)


def test_who_is_wrongly_accused_is_told_by_kind_by_size_and_by_ring() -> None:
    truth = pa.concat_tables(
        [
            truth_of(spread(("A", 9))),
            truth_of({f"o{n}": None for n in range(6)}, "office", group="g1"),
            truth_of({f"p{n}": None for n in range(6)}, "office", group="g2"),
            truth_of({f"h{n}": None for n in range(3)}, "household", group="g1"),
            truth_of({f"l{n}": None for n in range(12)}),
        ]
    )
    found = spread(("R-1", 9)) | {"o0": "R-1"}  # 9 of 10: pure
    found |= {f"o{n}": "R-2" for n in range(1, 6)} | {f"l{n}": "R-2" for n in range(5)}
    found |= {"p0": "R-3", "p1": "R-3", "h0": "R-3", "h1": "R-3"}  # two halves
    found |= {"p2": "R-4", "h2": "R-4", "l5": "R-4", "l6": "R-4", "l7": "R-4"}  # nobody's half
    scores = evaluate_claims(claims_of(found), truth)

    assert counts(scores, "honest accounts published") == {
        "household": (3, 3),
        "lone": (8, 12),
        "office": (9, 12),
    }
    assert counts(scores, "honest accounts in rings of") == {"2-9": (9, 9), "10-49": (11, 20)}
    assert counts(scores, "impure rings of") == {"2-9": (2, 2), "10-49": (1, 2)}
    assert counts(scores, "published rings of") == {
        "an operator": (1, 4),
        "nobody": (1, 4),
        "honest household": (1, 4),
        "honest office": (1, 4),
    }


def test_an_unnamed_kind_is_unknown_and_lone_accounts_are_no_group() -> None:
    truth = completed(pa.table({"account_id": ["x", "y"], "ring": pa.nulls(2, pa.string())}))
    scores = evaluate_claims(claims_of({"x": "R-1", "y": "R-1"}), truth)

    assert counts(scores, "honest accounts published") == {"unknown": (2, 2)}
    assert counts(scores, "published rings of") == {"nobody": (1, 1)}


def test_rings_are_told_by_size_and_by_each_of_their_tactics() -> None:
    truth = pa.concat_tables(
        [
            truth_of({f"a{n}": "A" for n in range(4)}, tactic="proxies+turns"),
            truth_of({f"b{n}": "B" for n in range(60)}, tactic="turns"),
            truth_of({f"c{n}": "C" for n in range(9)}),
        ]
    )
    found = {f"a{n}": "R-1" for n in range(4)} | {f"c{n}": "R-2" for n in range(9)}
    scores = evaluate_claims(claims_of(found), truth)

    assert counts(scores, "ring recall by size") == {"2-9": (2, 2), "50-199": (0, 1)}
    assert counts(scores, "ring recall by tactic") == {"proxies": (1, 1), "turns": (1, 2)}


def test_confidence_is_held_against_who_is_right() -> None:
    truth = truth_of(spread(("A", 3), ("B", 1), (None, 2)))
    found = spread(("R-1", 6))
    stated = dict(a000=1.0, a001=0.95, a002=0.15, a003=0.9, a004=0.1, a005=0.12)
    scores = evaluate_claims(claims_of(found, confidence=stated), truth)

    # A runs half of the ring, so its three are right; B's one and the honest two are not.
    assert counts(scores, "stated confidence") == {"0.1-0.2": (1, 3), "0.9-1.0": (2, 3)}
    error = (abs(1 - 0.37) + abs(2 - 2.85)) / 6
    assert scores.figure("calibration error").value == pytest.approx(error)
    silent = evaluate_claims(claims_of(found), truth)
    with pytest.raises(UsageError, match="no figure 'calibration error'"):
        silent.figure("calibration error")


def test_ids_are_kept_lost_and_passed_on() -> None:
    truth = truth_of(spread(("A", 4), ("B", 4), ("C", 4)))
    days = [
        members_of(spread(("R-1", 4), ("R-2", 4), ("R-3", 4)), dt=YESTERDAY - timedelta(days=1)),
        members_of(spread(("R-1", 4), ("R-4", 4), ("R-2", 4)), dt=YESTERDAY),
        members_of(spread(("R-1", 4), ("R-4", 4)), dt=DAY),
    ]
    scores = evaluate(pa.concat_tables(days), truth)

    # A keeps R-1 twice and B R-4 once; B lost R-2 to C, which is not found any more at last.
    assert n_of(scores, "ids kept") == (3, 5)
    assert n_of(scores, "ids passed on") == (1, 4)
    assert n_of(scores, "ring recall") == (2, 3)
    first = evaluate(pa.concat_tables(days), truth, dt=YESTERDAY)
    assert (n_of(first, "ids kept"), n_of(first, "ring recall")) == ((1, 3), (3, 3))
    assert "ids kept" not in evaluate(days[2], truth).figures["figure"].to_pylist()


def test_an_id_that_goes_over_to_a_successor_is_not_passed_on() -> None:
    truth = truth_of(spread(("A", 4), ("A2", 4)), operator="op")
    before = members_of(spread(("R-1", 4)), dt=YESTERDAY)
    after = members_of(dict.fromkeys(["a004", "a005", "a006", "a007"], "R-1"))
    scores = evaluate(pa.concat_tables([after, before]), truth)

    assert n_of(scores, "ids passed on") == (0, 1)


def test_a_date_without_rings_is_judged_as_such() -> None:
    truth = truth_of(spread(("A", 4)))
    scores = evaluate(members_of(spread(("R-1", 4)), dt=YESTERDAY), truth, dt=DAY)

    assert (scores.recall, scores.ring_recall) == (0.0, 0.0)


def test_any_methods_rows_can_be_judged() -> None:
    table = pa.table(
        {
            "account_id": ["a", "b", "c", "d"],
            "community": [7, 7, 9, 9],
            "score": [0.5, 0.5, 0.25, 0.25],
            "extra": [1, 2, 3, 4],
        }
    )
    claims = claims_of_communities(table, floor=0.5)
    assert claims.schema.equals(CLAIMS.schema)
    assert claims["published"].to_pylist() == [True, True, False, False]

    truth = truth_of({"a": "A", "b": "A", "c": None, "d": None})
    scores = evaluate_claims(claims, truth)
    assert (scores.precision, scores.recall, scores.ring_recall) == (1.0, 1.0, 1.0)
    assert n_of(scores, "candidates right") == (2, 4)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"account_id": ["a"], "score": [1.0]}, "no column community"),
        ({"account_id": ["a"], "community": [1], "score": ["high"]}, "does not fit"),
        ({"account_id": ["a"], "community": [1], "score": [float("nan")]}, "not a number"),
        ({"account_id": ["a", "a"], "community": [1, 2], "score": [1, 1]}, "1 repeats"),
        ({"account_id": ["a"], "community": [None], "score": [1]}, "ring: 1 nulls"),
    ],
)
def test_rows_that_do_not_fit_are_refused(table: dict[str, list[object]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        evaluate_claims(claims_of_communities(pa.table(table), floor=0), truth_of({"a": "A"}))


def test_only_published_rings_of_graphkit_are_published() -> None:
    rows = [members_of({"a": "R-1"}), members_of({"b": "R-2"}, status="organisation")]
    claims = claims_of_members(pa.concat_tables(rows))

    assert claims["published"].to_pylist() == [True, False]
    with pytest.raises(DataError, match="RING_MEMBERS"):
        claims_of_members(pa.table({"account_id": ["x"]}))


def test_a_users_own_truth_needs_two_columns() -> None:
    truth = pa.table({"case": [1, 2, 3], "ring": ["A", "A", ""], "account_id": [10, 11, 12]})
    scores = evaluate(members_of({"10": "R-1", "11": "R-1"}), truth)

    assert (scores.precision, scores.recall, scores.ring_recall) == (1.0, 1.0, 1.0)
    assert n_of(scores, "base rate") == (2, 3)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"account_id": ["x"], "rings": ["A"]}, "no column ring(.|\n)*did you mean 'rings'"),
        ({"ring": ["A"]}, "no column account_id"),
        ({"account_id": ["x", "x"], "ring": ["A", ""]}, "1 repeats"),
        ({"account_id": ["x", ""], "ring": ["A", ""]}, "account_id: 1 nulls"),
        ({"account_id": ["x"], "ring": ["A"], "role": ["boss"]}, "role that is not known"),
        ({"account_id": ["x"], "ring": ["A"], "first_day": ["22/11/2026"]}, "first_day"),
        ({"account_id": ["x"], "ring": [["A"]]}, "column ring that does not fit"),
        (
            {"account_id": ["x", "y"], "ring": ["A", "A"], "operator": ["o", "p"]},
            "several operators",
        ),
    ],
)
def test_a_truth_that_does_not_fit_is_refused(
    columns: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        evaluate(RING_MEMBERS.empty(), pa.table(columns))


def test_a_refused_truth_shows_no_cell() -> None:
    columns = {"account_id": ["x"], "ring": ["A"], "role": ["4111111111111111"]}
    with pytest.raises(DataError) as caught:
        completed(pa.table(columns))
    assert "4111" not in str(caught.value)


def test_a_truth_may_hold_days_of_any_type() -> None:
    days: list[object] = ["2026-11-22", ""]
    for column in (pa.array(days, pa.string()), pa.array([date(2026, 11, 22), None])):
        table = pa.table({"account_id": ["x", "y"], "ring": ["A", "A"], "last_day": column})
        assert completed(table)["last_day"].to_pylist() == [date(2026, 11, 22), None]
        assert completed(table).schema.equals(TRUTH.schema)


def test_figures_stand_in_one_table_and_speak_by_name() -> None:
    scores = evaluate(members_of({"x": "R-1", "y": "R-1"}), truth_of({"x": "A", "y": "A"}))

    assert FIGURES.check(scores.figures) is scores.figures
    assert set(scores.whole["part"].to_pylist()) == {""}
    assert scores.whole["figure"][0].as_py() == "account precision"
    assert "ring recall: 1.000" in repr(scores)
    with pytest.raises(UsageError, match="did you mean 'ring recall'"):
        scores.figure("ring recal")


def test_the_page_for_readers_tells_every_figure() -> None:
    page = (Path(__file__).parents[1] / "benchmarks" / "READING.md").read_text("utf-8")
    table = page.split("| figure | asks |\n|---|---|\n")[1].split("\n\n")[0]
    told = {name for row in table.splitlines() for name in row.split(" | ")[0][2:].split(", ")}
    truth = pa.concat_tables(
        [
            truth_of(spread(("A", 4)), tactic="turns"),
            truth_of({"x": None, "y": None}),
            truth_of({"z": "A"}, role="junk"),
        ]
    )
    found = spread(("R-1", 4)) | {"x": "R-2", "y": "R-2"}
    days = [members_of(found, dt=YESTERDAY), members_of(found)]
    scores = evaluate(pa.concat_tables(days), truth)
    figures = set(scores.figures["figure"].to_pylist())
    assert figures == told
