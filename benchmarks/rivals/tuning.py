"""The best chance of a method: its setting, its smallest community and its floor, by the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.rivals import Method
from benchmarks.rivals.holdings import Window
from graphkit.evaluate import claims_of_communities
from graphkit.evaluate.cases import Cases, line_up
from graphkit.evaluate.partitions import shares

LEAST = (2, 3, 5, 10)


@dataclass(frozen=True)
class Chosen:
    """What a method claims at its best.

    Attributes:
        claims: CLAIMS.
        f1: B-cubed F1, by which it was chosen.
        setting: place of the setting among those tried.
        least: members of its smallest community.
        floor: lowest score that it publishes.
        seconds: that this setting takes by itself.
        tried: settings that came to an end so far.
    """

    claims: pa.Table
    f1: float
    setting: int
    least: int
    floor: float
    seconds: float
    tried: int


def tuned(settings: Sequence[Method], links: pa.Table, truth: pa.Table) -> Chosen:
    """Choose what has the largest B-cubed F1; of equals the first.

    Every distinct score is tried as the floor. A floor takes whole communities away and changes no
    other, so what an account adds to the figure need be asked only once per setting.

    Args:
        settings: the method as it may be set.
        links: LINKS of a window.
        truth: TRUTH with at least one ring.
    """
    if not settings:
        raise ValueError("a method without settings cannot be tuned")
    return list(tries(settings, links, truth))[-1]


def tries(
    settings: Sequence[Method],
    links: pa.Table,
    truth: pa.Table,
    *,
    passed_over: tuple[type[Exception], ...] = (),
) -> Iterator[Chosen]:
    """The best so far after each setting, with the time that it takes by itself.

    Args:
        settings: as in `tuned`.
        links: as in `tuned`.
        truth: as in `tuned`.
        passed_over: what a setting may fail with; the next one is tried then.
    """
    best, tried, window = None, 0, Window(links)
    for place, method in enumerate(settings):
        started, window.spared = perf_counter(), 0.0
        try:
            found = method(window)
        except passed_over:
            continue
        seconds, tried = perf_counter() - started + window.spared, tried + 1
        for claims, least in _sizes(found):
            f1, floor = _best_floor(line_up(claims, truth))
            if best is None or f1 > best.f1:
                claims = _published(claims, floor)
                best = Chosen(claims, f1, place, least, floor, seconds, tried)
        if best is not None:
            yield replace(best, tried=tried)


def _sizes(found: pa.Table) -> Iterator[tuple[pa.Table, int]]:
    """CLAIMS of the communities of each smallest size, all published."""
    sizes = found.group_by("community", use_threads=False).aggregate([("account_id", "count")])
    for least in LEAST:
        large = sizes.filter(pc.greater_equal(sizes["account_id_count"], least))
        kept = found.filter(pc.is_in(found["community"], large["community"].combine_chunks()))
        yield claims_of_communities(kept, floor=-np.inf), least


def _published(claims: pa.Table, floor: float) -> pa.Table:
    """The claims, of which those with a score from the floor on are published."""
    place = claims.column_names.index("published")
    shown = pc.greater_equal(claims["score"], pa.scalar(floor))
    return claims.set_column(place, "published", shown)


def _best_floor(cases: Cases) -> tuple[float, float]:
    """The largest B-cubed F1 that a floor reaches, and that floor, when all is published so far."""
    if not cases.published.any():
        return 0.0, 0.0
    each = shares(cases)
    order = np.argsort(-np.where(cases.published, cases.score, -np.inf), kind="stable")
    order = order[: int(cases.published.sum())]
    score = cases.score[order]
    last = np.append(np.diff(score) != 0, True)
    precision = np.cumsum(each.precision[order]) / np.arange(1, order.size + 1)
    recall = np.cumsum(each.recall[order]) / max(int(cases.planted.sum()), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    place = int(np.argmax(np.where(last, f1, -1.0)))
    return float(f1[place]), float(score[place])
