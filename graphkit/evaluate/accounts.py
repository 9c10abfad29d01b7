"""Accounts: who is published, against who is run by an operator."""

import numpy as np

from graphkit.evaluate.cases import Bools, Cases
from graphkit.evaluate.figure import Figure, counted, harmonic, share


def account_figures(cases: Cases) -> list[Figure]:
    """Figures of the published accounts.

    - *account precision*: share of the published accounts that an operator runs. It does not ask
      whether they stand in the right ring.
    - *account recall*: share of the operators' accounts that are published.
    - *account F1*: harmonic mean of the two.
    - *base rate*: share of all accounts that an operator runs: the precision of a lottery.
    """
    planted, published = cases.planted, cases.published
    n_hit, n_planted = int((planted & published).sum()), int(planted.sum())
    n_published = int(published.sum())
    precision, recall = share(n_hit, n_published), share(n_hit, n_planted)
    return [
        counted("account precision", n_hit, n_published),
        counted("account recall", n_hit, n_planted),
        Figure("account F1", "", None, None, harmonic(precision, recall)),
        counted("base rate", n_planted, len(planted)),
    ]


# Highest stated confidence is 1; ten ranges of equal width, the last with both ends.
_RANGES = 10


def calibration_figures(cases: Cases) -> list[Figure]:
    """Figures of the confidence that a method states of its published accounts.

    An account is right when the operator who runs it runs at least half of its published ring's
    accounts; an account that no operator runs is wrong.

    - *stated confidence*, by ranges of a tenth: the share of accounts that are right.
    - *calibration error*: by how much these shares differ from the mean confidence of their range,
      averaged over the accounts (expected calibration error; Naeini et al. 2015). 0 is best.

    No figure where a method states no confidence.
    """
    stated = cases.published & ~np.isnan(cases.confidence)
    if not stated.any():
        return []
    confidence, right = cases.confidence[stated], _right(cases)[stated]
    place = np.clip(np.floor(confidence * _RANGES), 0, _RANGES - 1).astype(np.int64)
    n = np.bincount(place, minlength=_RANGES)
    hits = np.bincount(place, weights=right, minlength=_RANGES)
    sums = np.bincount(place, weights=confidence, minlength=_RANGES)
    error = float(np.abs(hits - sums).sum() / n.sum())
    parts = [
        counted(
            "stated confidence",
            int(hits[at]),
            int(n[at]),
            part=f"{at / 10:.1f}-{(at + 1) / 10:.1f}",
        )
        for at in np.flatnonzero(n).tolist()
    ]
    return [Figure("calibration error", "", None, None, error), *parts]


def _right(cases: Cases) -> Bools:
    """Whether half of each account's published ring is run by whoever runs the account."""
    claim, operator = cases.shown.of, cases.operator.of
    width = len(cases.operator.names)
    known = (claim >= 0) & (operator >= 0)
    cell = np.where(known, claim * width + operator, 0)
    _, place, n = np.unique(cell[known], return_inverse=True, return_counts=True)
    right = np.zeros(len(claim), dtype=bool)
    right[known] = 2 * n[place] >= cases.shown.sizes[claim[known]]
    return right
