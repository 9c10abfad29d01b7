import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.entities.keys import Key
from graphkit.errors import DataError, SettingsError, StorageError, UsageError
from graphkit.reports import spell_dates
from pipelines import lake as lakes
from pipelines import publish as publishing
from pipelines.keys import key_path, load_key
from pipelines.lake import DAY_TABLES, RING_TABLES, TABLES, Snapshot

ONE, TWO = date(2026, 11, 1), date(2026, 11, 2)


def tables(dt: date, *, account: str = "ann", kind: str = "judged") -> dict[str, pa.Table]:
    """Day tables with one profile, and empty ring tables for a judged date."""
    names = DAY_TABLES if kind == "read" else TABLES
    filled = {name: TABLES[name].empty() for name in names}
    row = {"dt": dt, "account_id": account, "requests": 1, "payments": 0, "amount_cents": 0}
    schema = TABLES["profiles"].schema
    filled["profiles"] = pa.Table.from_pylist([dict.fromkeys(schema.names) | row], schema=schema)
    return filled


def put(lake: Path, dt: date, *, account: str = "ann", kind: str = "judged") -> Snapshot:
    """Publish a small snapshot, making the lake where there is none."""
    with publishing.writing(lake) as staging:
        if lakes.key_id(lake) is None:
            publishing.create(lake, staging, key_id="0123456789ab")
        return publishing.publish(
            lake,
            staging,
            dt,
            kind=kind,
            tables=tables(dt, account=account, kind=kind),
            texts={"report.html": f"<p>{account}</p>"} if kind == "judged" else {},
            facts={"settings": {}, "input": {}},
            run_facts=lambda: {"at": time.time_ns()},
            next_number=4 if kind == "judged" else None,
        )


def contents(lake: Path) -> dict[str, bytes]:
    """Every file of the lake but run.json, by its path."""
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def accounts(lake: Path, dt: date) -> list[Any]:
    return lakes.read_tables(lake, dt, ["profiles"])["profiles"]["account_id"].to_pylist()


def leftovers(lake: Path) -> list[str]:
    """What a clean lake does not hold: staging folders and snapshots that no pointer names."""
    named = {
        f"data/{path.stem}/{json.loads(path.read_text())['snapshot']}"
        for path in lake.glob("dt=*.json")
    }
    found = {path.relative_to(lake).as_posix() for path in lake.glob("data/*/*")}
    return sorted(found - named) + sorted(path.name for path in lake.glob(".*"))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def test_what_is_published_is_read(lake: Path) -> None:
    snapshot = put(lake, ONE)
    put(lake, TWO, kind="read")
    assert lakes.published_dates(lake) == [ONE, TWO]
    assert lakes.published_dates(lake, kind="read") == [TWO]
    assert lakes.latest(lake) == ONE and lakes.latest(lake, before=ONE) is None
    read = lakes.read_tables(lake, ONE, list(TABLES))
    assert read == tables(ONE)
    assert lakes.standing(lake, ONE) == snapshot
    assert lakes.key_id(lake) == "0123456789ab"
    assert leftovers(lake) == []


def test_the_manifest_covers_every_file_and_says_nothing_of_the_run(lake: Path) -> None:
    snapshot = put(lake, ONE)
    files = {path.name for path in snapshot.folder.iterdir()}
    assert files == set(snapshot.manifest["files"]) | {"manifest.json", "run.json"}
    assert len(files) == len(TABLES) + 3
    text = (snapshot.folder / "manifest.json").read_text()
    assert str(lake) not in text and "run.json" not in text
    assert snapshot.manifest["files"]["profiles.parquet"]["rows"] == 1


def test_a_rerun_gives_the_same_bytes(lake: Path, tmp_path: Path) -> None:
    first = put(lake, ONE)
    before = contents(lake)
    assert put(lake, ONE) == first
    assert contents(lake) == before
    put(tmp_path / "other", ONE)
    assert contents(tmp_path / "other") == before


def test_the_bytes_do_not_depend_on_how_a_table_came_together(lake: Path, tmp_path: Path) -> None:
    whole = pa.table({name: pa.array([], kind) for name, kind in TABLES["hubs"].columns.items()})
    rows = [
        {
            "kind": "ip",
            "entity": f"ip-{at:016x}",
            "trait": "",
            "n_accounts": at,
            "pairs_withheld": 0,
        }
        for at in range(100)
    ]
    whole = pa.Table.from_pylist(rows, schema=whole.schema)
    parts = pa.concat_tables([whole.slice(at, 9) for at in range(0, 100, 9)])
    parts = parts.replace_schema_metadata({"a": "b"})
    digests = []
    for number, table in enumerate((whole, parts)):
        place = tmp_path / str(number)
        with publishing.writing(place) as staging:
            snapshot = publishing.publish(
                place,
                staging,
                ONE,
                kind="judged",
                tables=tables(ONE) | {"hubs": table},
                texts={},
                facts={},
                run_facts=dict,
            )
        digests.append(snapshot.digest)
    assert digests[0] == digests[1]


def test_a_new_result_takes_the_old_ones_place(lake: Path) -> None:
    old = put(lake, ONE)
    new = put(lake, ONE, account="bob")
    assert old.id != new.id and not old.folder.exists()
    assert accounts(lake, ONE) == ["bob"]
    put(lake, ONE, kind="read")
    with pytest.raises(UsageError, match="no rings for 2026-11-01"):
        lakes.read_tables(lake, ONE, ["rings"])


def test_a_table_that_breaks_its_contract_publishes_nothing(lake: Path) -> None:
    put(lake, ONE)
    before = contents(lake)
    with pytest.raises(DataError, match="PROFILES"), publishing.writing(lake) as staging:
        publishing.publish(
            lake,
            staging,
            ONE,
            kind="judged",
            tables=tables(ONE) | {"profiles": TABLES["links"].empty()},
            texts={},
            facts={},
            run_facts=dict,
        )
    assert contents(lake) == before and leftovers(lake) == []


@pytest.mark.parametrize(
    ("call", "nth"),
    [("rename", 1), ("replace", 1), ("replace", 2), *(("fsync", nth) for nth in range(1, 26, 2))],
)
def test_a_failure_at_any_call_leaves_the_old_or_the_new(
    lake: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    put(lake, ONE)
    before = contents(lake)
    count, real = [0], getattr(os, call)

    def fail(*args: Any) -> Any:
        count[0] += 1
        if count[0] == nth:
            raise OSError(5, "Input/output error")
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        try:
            put(lake, ONE, account="bob")
            failed = False
        except StorageError:
            failed = True
    assert failed == (count[0] >= nth)
    stands = accounts(lake, ONE)
    if not failed:
        assert stands == ["bob"]
    elif stands == ["ann"]:
        kept = {name: content for name, content in contents(lake).items() if name in before}
        assert kept == before
    else:
        assert stands == ["bob"] and call == "fsync", "only the last sync comes after the pointer"
    put(lake, TWO)
    assert accounts(lake, ONE) == stands and leftovers(lake) == []


# One process forks once for each point, so that everything is imported once only.
KILLED = """
import os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from test_lake import ONE, put

def dying(name, nth, when):
    real, count = getattr(os, name), 0
    def call(*args, **more):
        nonlocal count
        count += 1
        if when == "before" and count == nth:
            os.kill(os.getpid(), 9)
        result = real(*args, **more)
        if when == "after" and count == nth:
            os.kill(os.getpid(), 9)
        return result
    return call

for word in sys.argv[1:]:
    folder, name, nth, when = word.split(":")
    child = os.fork()
    if child == 0:
        setattr(os, name, dying(name, int(nth), when))
        put(Path(folder), ONE, account="bob")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

# Call, which one of them, where in it: and who stands afterwards.
POINTS = {
    ("mkdir", 2, "after"): "ann",  # the staging folder
    ("fsync", 1, "before"): "ann",  # the first table
    ("fsync", 8, "after"): "ann",
    ("fsync", len(TABLES) + 2, "after"): "ann",  # the manifest
    ("rename", 1, "before"): "ann",  # the snapshot's folder
    ("rename", 1, "after"): "ann",
    ("replace", 1, "before"): "ann",  # the pointer
    ("replace", 1, "after"): "bob",
    ("unlink", 1, "before"): "bob",  # the old snapshot's files
    ("unlink", 5, "after"): "bob",
    ("rmdir", 1, "before"): "bob",
    ("rmdir", 1, "after"): "bob",
    ("rmdir", 99, "before"): "bob",  # a control: not killed
}


def test_a_killed_run_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    lakes_of = {point: tmp_path / "-".join(map(str, point)) for point in POINTS}
    for lake in lakes_of.values():
        put(lake, ONE)
    root = Path(__file__).parents[1]
    script = KILLED.format(paths=[str(root), str(root / "tests")])
    words = [":".join(map(str, (lakes_of[point], *point))) for point in POINTS]
    result = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    codes = [int(line) for line in result.stdout.split()]
    assert codes == [-signal.SIGKILL] * (len(POINTS) - 1) + [0], result.stderr
    for point, stands in POINTS.items():
        lake = lakes_of[point]
        assert accounts(lake, ONE) == [stands], point
        put(lake, TWO)
        assert accounts(lake, ONE) == [stands], point
        assert leftovers(lake) == [], point


def test_one_run_at_a_time(lake: Path) -> None:
    with (
        publishing.writing(lake),
        pytest.raises(StorageError, match="in use") as caught,
        publishing.writing(lake),
    ):
        pytest.fail("two runs held one lake")
    assert caught.value.exit_code == 75
    with publishing.writing(lake):
        pass


def test_staging_is_closed_to_others_and_gone_after(lake: Path) -> None:
    with publishing.writing(lake) as staging:
        assert staging.stat().st_mode & 0o777 == 0o700
    assert leftovers(lake) == []


def test_a_damaged_file_is_named_and_a_rerun_mends_it(lake: Path) -> None:
    snapshot = put(lake, ONE)
    before = contents(lake)
    for name in ("profiles.parquet", "manifest.json", "report.html"):
        path = snapshot.folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:])
        if name != "report.html":
            with pytest.raises(StorageError, match=name):
                lakes.read_tables(lake, ONE, ["profiles"])
        put(lake, ONE)
        assert contents(lake) == before
    (snapshot.folder / "links.parquet").unlink()
    with pytest.raises(StorageError, match=r"links\.parquet"):
        lakes.read_tables(lake, ONE, ["links"])
    put(lake, ONE)
    assert contents(lake) == before and leftovers(lake) == []


def test_a_damaged_pointer_takes_no_data_with_it(lake: Path) -> None:
    put(lake, ONE)
    data = contents(lake / "data")
    (lake / "dt=2026-11-01.json").write_text("{")
    with pytest.raises(StorageError, match=r"dt=2026-11-01\.json"):
        lakes.latest(lake)
    put(lake, TWO)
    kept = contents(lake / "data")
    assert data.items() <= kept.items(), "the sweep left what it could not judge"


def test_pages_carry_checksums(lake: Path) -> None:
    """Damage is found by the reader itself, the manifest's digest aside."""
    path = put(lake, ONE).folder / "profiles.parquet"
    whole = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    whole[column.data_page_offset - 1] ^= 0xFF  # the last byte of the dictionary page
    path.write_bytes(whole)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(path.read_bytes()), page_checksum_verification=True)


def test_a_reader_gets_the_new_snapshot_when_its_own_is_replaced(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, ONE)
    real = lakes._read_table
    calls = []

    def replaced(snapshot: Snapshot, name: str) -> pa.Table:
        calls.append(snapshot.id)
        if len(calls) == 1:
            put(lake, ONE, account="bob")
        return real(snapshot, name)

    monkeypatch.setattr(lakes, "_read_table", replaced)
    assert accounts(lake, ONE) == ["bob"] and len(set(calls)) == 2


@pytest.mark.parametrize("wanted", [None, TWO])
def test_a_date_that_is_not_there_lists_those_that_are(lake: Path, wanted: date | None) -> None:
    put(lake, ONE, kind="judged" if wanted else "read")
    with pytest.raises(UsageError) as caught:
        lakes.judged_date(lake, wanted)
    assert caught.value.allowed == ("2026-11-01" if wanted else "none yet")
    with pytest.raises(UsageError, match="2026-11-02"):
        lakes.read_tables(lake, TWO, ["links"])


def test_dates_are_spelt_in_runs() -> None:
    days = [date(2026, 11, day) for day in (1, 2, 3, 5, 9, 10)]
    assert spell_dates(days) == "2026-11-01 to 2026-11-03, 2026-11-05, 2026-11-09 to 2026-11-10"
    assert spell_dates([]) == ""


def test_a_folder_of_other_things_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "data" / "dt=2026-11-01" / "precious").mkdir(parents=True)
    with pytest.raises(UsageError, match="is not a lake"), publishing.writing(tmp_path):
        pytest.fail("a foreign folder was taken for a lake")
    assert (tmp_path / "data" / "dt=2026-11-01" / "precious").is_dir()
    with pytest.raises(UsageError, match="is not a lake"):
        lakes.published_dates(tmp_path / "nowhere")


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    yield monkeypatch


SECRET = "00112233445566778899aabbccddeeff"


def key_file(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.usefixtures("no_key")
def test_a_key_is_made_only_with_the_lake(lake: Path) -> None:
    said: list[str] = []
    with pytest.raises(SettingsError, match="missing"):
        load_key(lake)
    made = load_key(lake, creating=True, report=said.append)
    path = key_path(lake)
    assert path == lake.with_name("lake.key") and path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(path.read_text())) == 32
    assert said == [f"made a new key in {path}: keep it, and keep it apart from the lake"]
    assert load_key(lake).id == made.id == load_key(lake, creating=True).id


def test_the_flag_wins_over_the_environment(
    lake: Path, tmp_path: Path, no_key: pytest.MonkeyPatch
) -> None:
    no_key.setenv("GRAPHKIT_KEY", SECRET[::-1])
    assert load_key(lake, key_file(tmp_path)).id == Key(bytes.fromhex(SECRET)).id
    assert load_key(lake).id == Key(bytes.fromhex(SECRET[::-1])).id
    assert load_key(lake, creating=True).id == Key(bytes.fromhex(SECRET[::-1])).id
    assert not key_path(lake).exists()


@pytest.mark.usefixtures("no_key")
@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (SECRET, 0o640, "open to others"),
        (SECRET[:30], 0o600, "30 characters"),
        ("", 0o600, "0 characters"),
        ("zz" * 16, 0o600, "cannot be used"),
        ("é" * 32, 0o600, "cannot be used"),
        ("00" * 16, 0o600, "too weak"),
    ],
)
def test_a_bad_key_file_is_refused(
    lake: Path, tmp_path: Path, text: str, mode: int, said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load_key(lake, key_file(tmp_path, text, mode), creating=True)
    assert text[:8] not in str(caught.value) or not text


@pytest.mark.usefixtures("no_key")
def test_a_key_file_named_must_be_there(lake: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="missing"):
        load_key(lake, tmp_path / "nowhere", creating=True)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("no_key")
def test_another_key_than_the_lakes_is_refused(lake: Path, tmp_path: Path) -> None:
    put(lake, ONE)
    with pytest.raises(SettingsError, match="not the one that lake") as caught:
        load_key(lake, key_file(tmp_path))
    assert SECRET not in str(caught.value) and caught.value.exit_code == 78


def test_a_copied_lake_reads_the_same(lake: Path, tmp_path: Path) -> None:
    put(lake, ONE)
    shutil.copytree(lake, tmp_path / "copy")
    assert lakes.read_tables(tmp_path / "copy", ONE, list(RING_TABLES)) == lakes.read_tables(
        lake, ONE, list(RING_TABLES)
    )
