"""How well the rings found fit a known truth."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphkit.contracts import RING_MEMBERS, TRUTH
from graphkit.errors import DataError

# Whole percent, so that no share falls on the wrong side of a rounded product.
PURE_PERCENT = 80
FOUND_PERCENT = 50


class ArrowRows(Protocol):
    """Whatever hands its rows on as Arrow does: a table, or a listing of a detection."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, by the Arrow C stream interface."""


@dataclass(frozen=True)
class Scores:
    """What was planted, what was published, and how the two agree.

    A share of nothing is 1: who claims nothing claims nothing wrong, and where nothing was
    planted nothing was missed. An F1 is 0 where precision and recall both are.

    Attributes:
        n_rings_planted: rings in the truth.
        n_rings_found: planted rings of which half the members are in one pure published ring.
        n_rings_published: published rings with an account of the truth.
        n_rings_pure: published rings of which at least 80% belong to one planted ring.
        n_accounts_planted: accounts of planted rings.
        n_accounts_published: accounts of published rings.
        precision: share of the published accounts that were planted.
        recall: share of the planted accounts that were published.
        f1: harmonic mean of the two.
        average_precision: area under the steps of precision over recall as the score, candidates
            included, falls; accounts in no ring are never reached.
        ring_recall: n_rings_found over n_rings_planted.
        ring_purity: n_rings_pure over n_rings_published.
        pair_precision: share of the pairs inside published rings that one operator runs.
        pair_recall: share of the operators' pairs that are inside one published ring.
        pair_f1: harmonic mean of the two.
        false_positives: published accounts that were not planted, by kind of group, largest first.
    """

    n_rings_planted: int
    n_rings_found: int
    n_rings_published: int
    n_rings_pure: int
    n_accounts_planted: int
    n_accounts_published: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    ring_recall: float
    ring_purity: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    false_positives: tuple[tuple[str, int], ...]

    def rows(self) -> list[tuple[str, int | float]]:
        """Name and value of each figure, for printing; counts are int and shares float."""
        figures = [
            ("rings planted", self.n_rings_planted),
            ("rings found", self.n_rings_found),
            ("rings published", self.n_rings_published),
            ("rings pure", self.n_rings_pure),
            ("accounts planted", self.n_accounts_planted),
            ("accounts published", self.n_accounts_published),
            ("account precision", self.precision),
            ("account recall", self.recall),
            ("account F1", self.f1),
            ("average precision", self.average_precision),
            ("ring recall", self.ring_recall),
            ("ring purity", self.ring_purity),
            ("pair precision", self.pair_precision),
            ("pair recall", self.pair_recall),
            ("pair F1", self.pair_f1),
        ]
        return figures + [(f"false positives: {group}", n) for group, n in self.false_positives]


def evaluate(members: ArrowRows, truth: ArrowRows) -> Scores:
    """Compare the rings of one day with the truth.

    Only accounts that the truth names are counted, in either table.

    Args:
        members: RING_MEMBERS of one day; rings whose status is `published` make every figure but
            the average precision, which ranks candidates too.
        truth: TRUTH.

    Raises:
        DataError: a table breaks its contract, or members has more than one day.
    """
    found, known = RING_MEMBERS.check(pa.table(members)), TRUTH.check(pa.table(truth))
    n_days = pc.count_distinct(found["dt"]).as_py()
    if n_days > 1:
        raise DataError(
            "ring members of several days cannot be compared with one truth",
            found=f"{n_days} days",
            allowed="the members of one day",
            do="select a day first",
        )
    row = pc.index_in(found["account_id"], known["account_id"])
    found, row = found.filter(pc.is_valid(row)), row.drop_null()
    account = np.asarray(row).astype(np.int64)
    operator = _number(known["ring"])
    planted = operator >= 0
    claimed = np.full(known.num_rows, -1, np.int64)
    published = np.asarray(pc.equal(found["status"], pa.scalar("published")))
    claimed[account[published]] = _number(found["ring_id"])[published]
    score = np.asarray(found["score"])
    wrong = known["kind"].filter(pa.array((claimed >= 0) & ~planted))
    return _score(operator, claimed, _average_precision(planted, account, score), wrong)


def _score(
    operator: NDArray[np.int64],
    claimed: NDArray[np.int64],
    average_precision: float,
    wrong: pa.ChunkedArray,
) -> Scores:
    """Put the figures together.

    Args:
        operator: planted ring of each account of the truth; -1 for none.
        claimed: published ring of each; -1 for none.
        average_precision: as it is.
        wrong: kinds of the accounts published but not planted.
    """
    n_planted, n_published = int((operator >= 0).sum()), int((claimed >= 0).sum())
    n_hit = int(((operator >= 0) & (claimed >= 0)).sum())
    planted_sizes, published_sizes = _sizes(operator), _sizes(claimed)
    ring, by, n = _overlap(claimed, operator)
    pure = 100 * n >= PURE_PERCENT * published_sizes[ring]
    found = pure & (100 * n >= FOUND_PERCENT * planted_sizes[by])
    n_found, n_pure = len(np.unique(by[found])), len(np.unique(ring[pure]))
    n_rings = int((published_sizes > 0).sum())
    agreed = _pairs(n)
    precision, recall = _share(n_hit, n_published), _share(n_hit, n_planted)
    pair_precision = _share(agreed, _pairs(published_sizes))
    pair_recall = _share(agreed, _pairs(planted_sizes))
    kinds = Counter(kind or "unknown" for kind in wrong.to_pylist())
    return Scores(
        n_rings_planted=len(planted_sizes),
        n_rings_found=n_found,
        n_rings_published=n_rings,
        n_rings_pure=n_pure,
        n_accounts_planted=n_planted,
        n_accounts_published=n_published,
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        average_precision=average_precision,
        ring_recall=_share(n_found, len(planted_sizes)),
        ring_purity=_share(n_pure, n_rings),
        pair_precision=pair_precision,
        pair_recall=pair_recall,
        pair_f1=_harmonic(pair_precision, pair_recall),
        false_positives=tuple(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
    )


def _average_precision(
    planted: NDArray[np.bool_], account: NDArray[np.int64], score: NDArray[np.int64]
) -> float:
    """Sum of precision times the recall gained, over falling scores; equal scores are one step."""
    if not planted.any():
        return 1.0
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(planted[account[order]])
    last = np.flatnonzero(_ends(score[order]))
    gained = np.diff(hits[last], prepend=0)
    return float((gained * hits[last] / (last + 1)).sum() / planted.sum())


def _ends(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of some sorted values is the last of its equals."""
    return np.append(values[1:] != values[:-1], np.True_)[: len(values)]


def _overlap(
    claimed: NDArray[np.int64], operator: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Published ring, planted ring and how many accounts they have in common, where any."""
    both = (claimed >= 0) & (operator >= 0)
    width = int(operator.max(initial=-1)) + 1
    cells, n = np.unique(claimed[both] * width + operator[both], return_counts=True)
    return cells // max(width, 1), cells % max(width, 1), n.astype(np.int64)


def _sizes(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Accounts by label, those without one left out."""
    return np.bincount(label[label >= 0]).astype(np.int64)


def _pairs(n: NDArray[np.int64]) -> int:
    """Unordered pairs within groups of n."""
    return int((n * (n - 1) // 2).sum())


def _number(label: pa.ChunkedArray) -> NDArray[np.int64]:
    """Number labels from 0; -1 for null."""
    places = pc.index_in(label, label.drop_null().unique())
    return np.asarray(places.fill_null(-1)).astype(np.int64)


def _share(part: int, whole: int) -> float:
    """Part of a whole; 1 of nothing."""
    return part / whole if whole else 1.0


def _harmonic(precision: float, recall: float) -> float:
    """F1; 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
