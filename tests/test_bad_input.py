"""Ten kinds of bad input: a message a person can act on, and nothing published is touched."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.settings import Settings
from graphkit.simulate import World, simulate
from pipelines.nightly import run

LAST = date(2026, 11, 22)


@dataclass(frozen=True)
class Place:
    """One run's world: what was published before, and the files that the case spoils."""

    folder: Path

    @property
    def snapshots(self) -> Path:
        """Folder of day folders."""
        return self.folder / "snapshots"

    @property
    def day(self) -> Path:
        """The folder of the run's date."""
        return self.snapshots / f"dt={LAST}"

    @property
    def lake(self) -> Path:
        """A lake in which both days were judged."""
        return self.folder / "lake"

    def command(self, **changed: str | Path) -> list[str]:
        """`graphkit run` on the date, some words of it changed."""
        words = {
            "snapshots": self.snapshots,
            "date": str(LAST),
            "out": self.lake,
            "window": "2d",
        } | changed
        options = [
            word
            for name, value in words.items()
            if name != "snapshots"
            for word in (f"--{name}", str(value))
        ]
        return ["run", str(words["snapshots"]), *options]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    simulate(folder / "snapshots", World(accounts=200, days=2, seed=1, end=LAST))
    for dt in (date(2026, 11, 21), LAST):
        run(folder / "snapshots", dt, folder / "lake", settings=Settings(window_d=2))
    return folder


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Place:
    shutil.copytree(whole, tmp_path / "place")
    return Place(tmp_path / "place")


def missing_folder(place: Place) -> list[str]:
    return place.command(snapshots=place.folder / "snapshot")


def missing_files(place: Place) -> list[str]:
    for path in place.day.iterdir():
        path.unlink()
    return place.command()


def truncated_parquet(place: Place) -> list[str]:
    path = place.day / "requests.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    return place.command()


def damaged_parquet(place: Place) -> list[str]:
    path = place.day / "payments.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table, path, write_page_checksum=True, compression="none")
    content = bytearray(path.read_bytes())
    content[pq.ParquetFile(path).metadata.row_group(0).column(0).data_page_offset - 1] ^= 0xFF
    path.write_bytes(content)
    return place.command()


def wrong_type(place: Place) -> list[str]:
    path = place.day / "requests.parquet"
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("ts")
    pq.write_table(table.set_column(at, "ts", pa.array([True] * table.num_rows)), path)
    return place.command()


def wrong_column(place: Place) -> list[str]:
    path = place.day / "accounts.parquet"
    table = pq.read_table(path, partitioning=None)
    names = ["acount_id" if name == "account_id" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), path)
    return place.command()


def empty_tables(place: Place) -> list[str]:
    for path in place.day.glob("*.parquet"):
        pq.write_table(pq.read_table(path, partitioning=None).slice(0, 0), path)
    return place.command()


def broken_csv(place: Place) -> list[str]:
    (place.day / "requests.parquet").unlink()
    rows = ["acct_1,2026-11-22T08:00:00Z,203.0.113.7", "acct_2,2026-11-22T08:00:00Z"]
    (place.day / "requests.csv").write_text("account_id,ts,ip\n" + "\n".join(rows * 3) + "\n")
    return place.command()


def null_ids(place: Place) -> list[str]:
    path = place.day / "payments.parquet"
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("account_id")
    nulls = pa.nulls(table.num_rows, pa.string())
    pq.write_table(table.set_column(at, "account_id", nulls), path)
    return place.command()


def unknown_setting(place: Place) -> list[str]:
    path = place.folder / "graphkit.toml"
    path.write_text("[rings]\nmin_sizes = 4\n")
    return place.command(settings=path)


def unfit_setting(place: Place) -> list[str]:
    return place.command(window="a month")


def wrong_key(place: Place) -> list[str]:
    path = place.folder / "other.key"
    path.write_text("0123456789abcdef" * 4)
    path.chmod(0o600)
    return place.command(key=path)


def open_key(place: Place) -> list[str]:
    (place.folder / "lake.key").chmod(0o644)
    return place.command()


def no_write_access(place: Place) -> list[str]:
    # A file where a folder should be stops every user, the superuser too.
    (place.folder / "disk").write_text("full of itself")
    return place.command(out=place.folder / "disk" / "lake")


def foreign_folder(place: Place) -> list[str]:
    return place.command(out=place.snapshots)


def no_data(place: Place) -> list[str]:
    return place.command(date="2026-11-24")


CASES: dict[Callable[[Place], list[str]], int] = {
    missing_folder: 65,
    missing_files: 65,
    truncated_parquet: 65,
    damaged_parquet: 65,
    wrong_type: 65,
    wrong_column: 65,
    empty_tables: 65,
    broken_csv: 65,
    null_ids: 65,
    unknown_setting: 78,
    unfit_setting: 78,
    wrong_key: 78,
    open_key: 78,
    no_write_access: 75,
    foreign_folder: 2,
    no_data: 65,
}


def published(lake: Path) -> dict[str, bytes]:
    """Every file of the lake, run.json included, by its path."""
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("spoil", CASES, ids=lambda case: case.__name__)
def test_bad_input_ends_in_its_golden_message(
    spoil: Callable[[Place], list[str]],
    place: Place,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    before = published(place.lake)
    assert len(before) > 20
    result = CliRunner().invoke(app, spoil(place))
    assert result.exit_code == CASES[spoil], f"{result.output}\n{result.exception!r}"
    assert result.stdout == "" and "Traceback" not in result.stderr
    assert published(place.lake) == before
    assert not list(place.lake.glob(".*"))
    golden(f"bad_{spoil.__name__}", message(result.stderr, place))


def message(stderr: str, place: Place) -> str:
    """The error without the progress before it, this run's folder and this lake's key."""
    error = stderr[stderr.index("error: ") :].replace(str(place.folder), "PLACE").rstrip()
    lines = error.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["error", "found", "allowed", "do"]
    known = (place.lake / "lake.json").read_text().split('"')
    return error.replace(known[known.index("key_id") + 2], "KEY-OF-LAKE")


def test_every_kind_of_error_has_a_case() -> None:
    assert set(CASES.values()) == {2, 65, 75, 78}
    assert len(CASES) >= 10


def test_the_world_is_whole_before_it_is_spoilt(place: Place) -> None:
    before = {name: text for name, text in published(place.lake).items() if "run.json" not in name}
    result = CliRunner().invoke(app, place.command())
    assert result.exit_code == 0, result.output
    after = {name: text for name, text in published(place.lake).items() if "run.json" not in name}
    assert after == before
