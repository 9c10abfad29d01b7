"""Snapshots that lie elsewhere: any store that pyarrow knows by its address."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.entities import Key
from graphkit.errors import DataError, StorageError, UsageError
from graphkit.ingest import open_snapshots
from graphkit.ingest.place import open_place
from graphkit.settings import Settings
from graphkit.simulate import World, simulate

WORLD = World(accounts=300, days=2, seed=3)
KEY = Key(bytes(range(32)))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores") / "snapshots"
    simulate(folder, WORLD)
    return folder


class Bucket(MemoryFileSystem):  # type: ignore[misc]
    """A store in memory in which each reader has a place of its own, as in every real one."""

    protocol = "bucket"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = super()._strip_protocol(path.removeprefix("bucket://"))
        return stripped

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        opened = super()._open(path, mode, **options)
        return BytesIO(opened.getvalue()) if mode == "rb" else opened


@pytest.fixture
def memory(local: Path) -> Iterator[str]:
    """The same snapshots in a store in memory, by its address."""
    fsspec.register_implementation("bucket", Bucket, clobber=True)
    store = Bucket()
    for path in sorted(local.rglob("*.parquet")):
        target = f"/eu-1/logs/{path.relative_to(local).as_posix()}"
        store.makedirs(target.rpartition("/")[0], exist_ok=True)
        store.pipe(target, path.read_bytes())
    yield "fsspec+bucket://eu-1/logs"
    store.rm("/eu-1", recursive=True)


def test_a_store_gives_the_same_rings(local: Path, memory: str) -> None:
    here, there = (gk.detect(place, key=KEY).findings for place in (local, memory))
    for name in ("rings", "members", "evidence", "edges"):
        assert getattr(there, name).equals(getattr(here, name)), name
    assert there.reports == here.reports
    assert there.edges.num_rows > 0


def test_a_store_is_read_by_feeds_too(local: Path, memory: str) -> None:
    settings = Settings.model_validate(
        {"requests": [{"path": "dt={date}/req*"}], "accounts": [{"path": "**/acc*.parquet"}]}
    )
    here, there = (open_snapshots(place, settings) for place in (local, memory))
    assert here.days == there.days and len(here.days) == WORLD.days
    for name, n in (("requests", 1), ("accounts", WORLD.days), ("payments", 1)):
        labels = [[one.label for one in found.files(WORLD.end, name)] for found in (here, there)]
        assert labels[0] == labels[1] and len(labels[0]) == n


def test_the_command_line_takes_addresses(
    local: Path, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    for place, lake in ((str(local), tmp_path / "a"), (memory, tmp_path / "b")):
        words = ["run", place, "--date", str(WORLD.end), "--out", str(lake), "--window", "2d"]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    tables = [
        CliRunner().invoke(app, ["members", str(tmp_path / lake), "--format", "csv"]).stdout
        for lake in ("a", "b")
    ]
    assert tables[0] == tables[1]


def test_what_is_not_in_a_store_is_said(memory: str) -> None:
    with pytest.raises(DataError, match=r"fsspec\+bucket://eu-1/nothing is not there"):
        open_snapshots("fsspec+bucket://eu-1/nothing", Settings())
    with pytest.raises(DataError, match=r"dt=\S+/accounts\.parquet is not there"):
        open_snapshots(f"{memory}/dt={WORLD.end}/accounts.parquet", Settings())


def test_local_addresses_and_paths_are_one_place(
    local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(local.parent)
    for address in (local, str(local), f"{local}/", "snapshots", local.as_uri()):
        assert len(open_snapshots(address, Settings()).days) == WORLD.days
    shutil.copytree(local, local.parent / "a b%20é")
    assert len(open_snapshots(local.parent / "a b%20é", Settings()).days) == WORLD.days


class Unreachable(MemoryFileSystem):  # type: ignore[misc]
    """A store whose network is down; it says so with what it was given."""

    protocol = "unreachable"
    cachable = False

    def __init__(self, **options: Any) -> None:
        super().__init__()

    def info(self, path: str, **options: Any) -> Any:
        raise ConnectionRefusedError("cannot connect to host")

    ls = info


def test_a_store_that_cannot_be_reached_ends_in_our_error(tmp_path: Path) -> None:
    fsspec.register_implementation("unreachable", Unreachable, clobber=True)
    with pytest.raises(
        StorageError, match=r"unreachable://x/y cannot be reached(?s:.*)cannot conn"
    ):
        open_snapshots("fsspec+unreachable://x/y", Settings())
    words = ["--date", "2026-11-22", "--out", str(tmp_path / "lake")]
    result = CliRunner().invoke(app, ["run", "fsspec+unreachable://x/y", *words])
    assert result.exit_code == 75 and "Traceback" not in result.output
    assert not (tmp_path / "lake").exists()


ADDRESSES = [
    "s3://AKIDEXAMPLE:s3cr3t%2Fkey@bucket/x?region=nowhere&scheme=gopher",
    "s3://AKIDEXAMPLE:s3cr3t%2Fkey@bucket/x?unknown=s3cr3t",
    "nostore://AKIDEXAMPLE:s3cr3t%2Fkey@host/x?token=s3cr3t",
    "s3://AKIDEXAMPLE:s3cr3t%2Fkey@/x?[",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_credentials_in_an_address_are_never_shown(address: str) -> None:
    with pytest.raises((UsageError, StorageError)) as caught:
        open_place(address).kind()
    assert "s3cr3t" not in str(caught.value) and "AKID" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.long
def test_an_object_store_without_a_server_ends_in_our_error() -> None:
    address = "s3://AKIDEXAMPLE:s3cr3t@bucket/x?endpoint_override=127.0.0.1:9&scheme=http&region=x"
    with pytest.raises(StorageError, match="s3://bucket/x cannot be reached") as caught:
        open_snapshots(address, Settings())
    assert "s3cr3t" not in str(caught.value) and "AKID" not in str(caught.value)


def test_days_of_a_place_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(DataError, match=r"is not there\n  found:   a file"):
        open_snapshots(tmp_path / "x", Settings())
