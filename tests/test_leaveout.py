"""What is left out of a fit: which rows are a part's, and what its figures say."""

import math

import numpy as np
import pytest

from benchmarks.leaveout import belongs, figures

PARTS = np.array(["turns+chain", "chain", "household", "", "chained"])


def test_a_part_is_a_tactic_of_the_ring_or_the_kind_of_the_group() -> None:
    assert belongs(PARTS, "chain").tolist() == [True, True, False, False, False]
    assert belongs(PARTS, "household").tolist() == [False, False, True, False, False]
    assert not belongs(PARTS, "").any()


def test_figures_of_rings_and_of_honest_groups() -> None:
    rows = {
        "bits": np.array([3.0, 1.0, 2.0, -4.0, 9.0]),
        "label": np.array([True, True, False, False, True]),
        "weight": np.array([1.0, 1.0, 10.0, 10.0, 1.0]),
        "part": PARTS,
    }
    found = figures(rows, "chain")
    lost = (math.log2(1 + 2**-3) + math.log2(1 + 2**-1)) / 2
    assert found["surprise"] == pytest.approx(lost, abs=1e-4)
    # Ranked: one right, ten wrong, one right; the ring of another tactic is left aside.
    assert found["average precision"] == pytest.approx((1 + 2 / 12) / 2, abs=1e-4)
    assert figures(rows, "household")["alarms"] == 1.0
    assert figures(rows, "household")["surprise"] == pytest.approx(math.log2(1 + 2**2), abs=1e-4)
