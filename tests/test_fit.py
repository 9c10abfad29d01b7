"""Fitting the scorecards anew: what labels do to them, and what a run makes of the result."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.contracts import BENIGN_REMOVED
from graphkit.detection import Detection
from graphkit.entities import Key
from graphkit.errors import DataError, UsageError
from graphkit.graph import ALONE, pair_card
from graphkit.ingest import open_snapshots
from graphkit.ingest.labels import Labels, read_labels
from graphkit.refit import refit
from graphkit.scorecard import look_up, unstacked
from graphkit.settings import Settings
from graphkit.simulate import Rings, World, simulate
from graphkit.workflow import Day, fit_cards, load_cards, packaged_cards, read_day
from graphkit.workflow.fitting import _odds, _window
from graphkit.workflow.measure import average_precision
from pipelines import fitting
from pipelines import lake as lakes
from pipelines.findings import read_findings
from pipelines.nightly import run

SETTINGS = Settings(window_d=3)
KEY = Key(bytes(range(32)))
NO_BENIGN = BENIGN_REMOVED.empty()
Cards = Mapping[str, pa.Table]


def world(seed: int) -> World:
    """A small provider with some thirty rings."""
    return World(accounts=900, days=3, seed=seed, rings=Rings(share=0.2, size_min=4, size_max=10))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two such providers' files."""
    place = tmp_path_factory.mktemp("worlds")
    for seed in (1, 2):
        simulate(place / str(seed), world(seed))
    return place


@pytest.fixture(scope="module")
def known(folder: Path) -> Callable[[int], tuple[list[Day], pa.Table]]:
    """A provider's days and who runs what, by its seed."""

    @cache
    def read(seed: int) -> tuple[list[Day], pa.Table]:
        snapshots = open_snapshots(folder / str(seed), SETTINGS)
        days = [read_day(snapshots, dt, key=KEY) for dt in snapshots.days]
        return days, pq.read_table(folder / str(seed) / "truth.parquet")

    return read


def some(truth: pa.Table, honest: int = 150) -> pa.Table:
    """Labels of all rings and of some honest accounts."""
    table = truth.select(["account_id", "ring"]).sort_by("account_id")
    free = np.flatnonzero(pc.is_null(table["ring"]).to_numpy(zero_copy_only=False))
    kept = np.flatnonzero(pc.is_valid(table["ring"]).to_numpy(zero_copy_only=False))
    chosen = np.sort(np.concatenate([kept, free[:: max(free.size // honest, 1)]]))
    return table.take(pa.array(chosen))


def spoiled(fact: str) -> dict[str, pa.Table]:
    """The packaged cards, but for three bits more on all of a fact but its least interval."""
    cards = packaged_cards()
    for name in ("alone", "together"):
        card = cards[name]
        wrong = pc.and_(pc.equal(card["fact"], fact), pc.is_valid(card["low"]))
        more = pc.if_else(wrong, pc.add(card["millibits"], 3000), card["millibits"])
        cards[name] = card.set_column(card.column_names.index("millibits"), "millibits", more)
    return cards


def precision(days: list[Day], truth: pa.Table, cards: Cards) -> float:
    """Average precision over all candidate pairs."""
    window = _window(days, SETTINGS, NO_BENIGN)
    ring = truth.take(
        pc.index_in(window.structure["account_id"], truth["account_id"].combine_chunks())
    )["ring"]
    of = pc.fill_null(ring, "").to_numpy(zero_copy_only=False)
    one, other = of[window.sharing.first], of[window.sharing.second]
    label = (one == other) & (one != "") & window.alone.known
    return average_precision(_odds(window, cards), label, np.ones(label.size))


def same(one: Cards, other: Cards) -> bool:
    return all(one[name].equals(other[name]) for name in one)


@pytest.mark.parametrize("label", [np.zeros(50, bool), np.ones(50, bool), np.zeros(0, bool)])
def test_without_labels_of_both_sorts_the_card_comes_back(label: np.ndarray) -> None:
    card = pair_card("alone")
    facts = {fact.name: np.linspace(0, 9, label.size) for fact in ALONE}
    weight = np.full(label.size, 1000)
    assert refit(card, ALONE, facts, label, weight).equals(card)


def test_what_labels_say_nothing_of_stays_and_directions_hold() -> None:
    card, chance = pair_card("alone"), np.random.default_rng(3)
    facts = {fact.name: np.full(4000, np.nan) for fact in ALONE}
    facts["ip.bits"], facts["hours.excess"] = chance.random((2, 4000)) * 9
    label = chance.random(4000) < 0.9 - 0.09 * facts["ip.bits"]
    found = refit(card, ALONE, facts, label, np.full(4000, 1000), ridge=0.1)
    columns = [name for name in card.column_names if not name.startswith("seen")]
    moved = set()
    for fact in ALONE:
        before, after = (one.filter(pc.equal(one["fact"], fact.name)) for one in (card, found))
        if not before.select(columns).equals(after.select(columns)):
            moved.add(fact.name)
        steps = np.diff(after["millibits"].to_numpy())
        assert not fact.direction or (fact.direction * steps >= 0).all()
    assert {"ip.bits"} <= moved <= {"ip.bits", "hours.excess"}
    falls = look_up(found, {"ip.bits": np.linspace(0, 9, 50)})["ip.bits"]
    assert falls[-1] < look_up(card, {"ip.bits": np.array([9.0])})["ip.bits"][0]


def test_a_spoiled_card_is_mended_for_another_world_of_its_kind(
    known: Callable[[int], tuple[list[Day], pa.Table]],
) -> None:
    days, truth = known(1)
    labels = Labels(some(truth), None, "labels")
    bad = spoiled("account.signup")
    found = fit_cards(days, labels, settings=SETTINGS, benign=NO_BENIGN, cards=bad)
    before, after = (precision(*known(2), cards) for cards in (bad, found.cards))
    assert after > before + 0.03, f"{before:.3f} before, {after:.3f} after"
    (pairs,) = [one for one in found.measures if one.card == "pairs"]
    assert pairs.precision[1] > pairs.precision[0] and pairs.loss[1] < pairs.loss[0]


def test_order_and_names_change_nothing(
    known: Callable[[int], tuple[list[Day], pa.Table]],
) -> None:
    days, truth = known(1)
    table = some(truth, 60)
    one = fit_cards(days, Labels(table, None, ""), settings=SETTINGS, benign=NO_BENIGN)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    names = sorted({str(name) for day in days for name in day.links["account_id"].to_pylist()})
    names = sorted({*names, *map(str, truth["account_id"].to_pylist())})
    mixed = np.random.default_rng(2).permutation(len(names))
    new = {name: f"n{place:05}" for name, place in zip(names, mixed.tolist(), strict=True)}

    def renamed(part: pa.Table) -> pa.Table:
        ids = pa.array([new[str(id)] for id in part["account_id"].to_pylist()], pa.string())
        place = part.column_names.index("account_id")
        return part.set_column(place, "account_id", ids)

    other_days = [
        replace(
            day,
            links=renamed(day.links),
            activity=renamed(day.activity),
            profiles=renamed(day.profiles),
        )
        for day in reversed(days)
    ]
    other = fit_cards(
        other_days, Labels(renamed(shuffled), None, ""), settings=SETTINGS, benign=NO_BENIGN
    )
    assert same(one.cards, other.cards)
    for mine, theirs in zip(one.measures, other.measures, strict=True):
        assert mine.cases == theirs.cases
        assert mine.precision == pytest.approx(theirs.precision, abs=1e-6)
        assert mine.loss == pytest.approx(theirs.loss, abs=1e-6)
    assert not same(one.cards, packaged_cards())


def test_average_precision_is_that_of_whole_steps() -> None:
    score, label = np.array([9, 9, 5, 5, 1]), np.array([True, False, False, True, False])
    whole = average_precision(score, label, np.ones(5))
    assert whole == pytest.approx(0.5 * 1 / 2 + 0.5 * 2 / 4)
    nothing = average_precision(
        np.append(score, 99), np.append(label, False), np.ones(6) * (np.arange(6) < 5)
    )
    assert nothing == whole


def call(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.stdout if code == 0 else result.stderr


@pytest.fixture(scope="module")
def lake(folder: Path) -> Path:
    """A lake of the first provider."""
    run(folder / "1", world(1).end, folder / "lake", settings=SETTINGS)
    return folder / "lake"


def test_the_command_fits_and_a_run_uses_the_cards(folder: Path, lake: Path) -> None:
    truth = pq.read_table(folder / "1" / "truth.parquet")
    (folder / "labels.jsonl").write_text(
        "".join(
            f'{{"account_id": "{row["account_id"]}", "ring": "{row["ring"] or ""}"}}\n'
            for row in some(truth).to_pylist()
        )
    )
    out = folder / "cards"
    told = call("fit", lake, "--labels", folder / "labels.jsonl", "--out", out)
    assert "average precision" in told and (out / "summary.txt").read_text() in told
    cards = load_cards(out)
    assert list(cards) == list(packaged_cards()) and not same(cards, packaged_cards())
    words: list[str | Path] = ["run", folder / "1", "--date", "2026-11-22", "--window", "3d"]
    words += ["--key", folder / "lake.key", "--out"]
    call(*words, folder / "own", "--cards", out)
    (folder / "graphkit.toml").write_text('[run]\ncards = "cards"\n')
    call(*words, folder / "again", "--settings", folder / "graphkit.toml")
    call(*words, folder / "plain")
    own, again, plain, first = (
        lakes.standing(folder / name, world(1).end) for name in ("own", "again", "plain", "lake")
    )
    assert own is not None and again is not None and plain is not None and first is not None
    assert own.id == again.id and plain.id == first.id != own.id
    kept = lakes.read_tables(folder / "own", world(1).end, ["cards"])["cards"]
    assert same(unstacked(kept), cards)
    # Questions asked later are answered by the cards of the date.
    found = Detection(read_findings(folder / "own"))
    edge = found.findings.edges.to_pylist()[0]
    assert found.between(edge["account_a"], edge["account_b"]).weight == edge["weight"]


def test_pairs_are_labels_too(folder: Path, lake: Path) -> None:
    rows = [row for row in some(pq.read_table(folder / "1" / "truth.parquet"), 20).to_pylist()]
    lines = [
        f"{a['account_id']},{b['account_id']},{'same' if a['ring'] == b['ring'] else 'Different'}"
        for at, a in enumerate(rows)
        for b in rows[at + 1 :]
        if a["ring"] and (at % 3 == 0 or a["ring"] == b["ring"])
    ]
    (folder / "pairs.csv").write_text("account_a,account_b,label\n" + "\n".join(lines) + "\n")
    found = fitting.fit(lake, folder / "pairs.csv", folder / "of pairs")
    assert found.fitted.measures[0].cases[0] > 100
    assert not same(load_cards(folder / "of pairs"), packaged_cards())


LABELS = {
    "none": "account_id,ring\n",
    "header": "account,rings\na,b\n",
    "empty": "account_id,ring\na1,R1\n,R1\n",
    "twice": "account_id,ring\na1,R1\na2,\na1,R2\n",
    "word": "account_a,account_b,label\na1,a2,same\na1,a3,perhaps\n",
    "itself": "account_a,account_b,label\na1,a1,same\n",
    "pair": "account_a,account_b,label\na1,a2,same\na2,a1,different\n",
    "cells": "account_id,ring\na1,R1,more\n",
    "strangers": "account_id,ring\nnobody,R1\nno one,\n",
    "few": "account_id,ring\nACCOUNT,R1\n",
}


def test_errors_say_file_row_and_column(
    lake: Path, tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    account = lakes.read_tables(lake, world(1).end, ["profiles"])["profiles"]["account_id"][0]
    told = []
    for name, text in LABELS.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(text.replace("ACCOUNT", account.as_py()))
        with pytest.raises(DataError) as error:
            fitting.fit(lake, path, tmp_path / "out")
        told.append(str(error.value).replace(str(tmp_path), "."))
    for path in (tmp_path / "none.txt", tmp_path / "lost.csv"):
        with pytest.raises(DataError) as error:
            read_labels(path)
        told.append(str(error.value).replace(str(tmp_path), "."))
    assert not (tmp_path / "out").exists()
    golden("labels_errors", "\n\n".join(told))


def test_a_folder_with_other_things_is_left_alone(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("account_id,ring\na,b\n")
    with pytest.raises(UsageError, match="no folder of scorecards"):
        fitting.fit(lake, tmp_path / "labels.csv", tmp_path)


BROKEN: dict[str, Callable[[str], str]] = {
    "header": lambda text: text.replace('"low"', '"from"', 1),
    "cells": lambda text: text.replace(",1000,1000\n", ",1000\n", 1),
    "text": lambda text: text.replace(",1000,1000\n", ",1000,many\n", 1),
    "huge": lambda text: text.replace(",1000,1000\n", ",1000,99999999\n", 1),
    "gap": lambda text: "".join(
        line for at, line in enumerate(text.splitlines(keepends=True)) if at != 3
    ),
    "end": lambda text: text[: text.rindex("\n", 0, -1) + 1],
    "unknown": lambda text: text.replace("hours.excess", "hours.exces"),
    "signal": lambda text: text.replace("hours,hours.excess", "prompt,hours.excess"),
    "base": lambda text: "".join(
        line for line in text.splitlines(keepends=True) if ",base," not in line
    ),
}


def test_broken_cards_are_refused(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    good = tmp_path / "good"
    fitting._write(good, packaged_cards(), "")
    assert same(load_cards(good), packaged_cards())
    told = []
    for name, spoil in BROKEN.items():
        folder = tmp_path / name
        fitting._write(folder, packaged_cards(), "")
        path = folder / "alone.csv"
        text = path.read_text()
        assert spoil(text) != text, name
        path.write_text(spoil(text))
        with pytest.raises(DataError) as error:
            load_cards(folder)
        told.append(str(error.value).replace(str(tmp_path), "."))
    with pytest.raises(DataError) as error:
        load_cards(tmp_path / "nowhere")
    told.append(str(error.value).replace(str(tmp_path), "."))
    # Bounds and how many rows there are change with every fit of the packaged cards.
    text = re.sub(r"(found:   |allowed: )[0-9]+\.[0-9]+", r"\1N", "\n\n".join(told))
    golden("cards_errors", re.sub(r"line [0-9]{3,}", "line N", text))
