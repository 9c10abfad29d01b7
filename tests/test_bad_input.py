"""Bad input of many kinds: a message a person can act on, and nothing published is touched.

All messages stand in tests/golden/bad_input.txt, one section per kind.
"""

import ctypes
import gzip
import json
import os
import re
import resource
import shutil
import subprocess
import sys
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
GOLDEN = Path(__file__).parent / "golden" / "bad_input.txt"
CARD = "4111 1111 1111 1111"
PROMPT = "please translate my diary"
HEADER = "account_id,ts,ip,prompt"
ROWS = [f"acct_{n},{LAST}T08:0{n}:00Z,203.0.113.{n},{PROMPT}" for n in range(5)]


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


def put(place: Place, name: str, content: str | bytes) -> list[str]:
    """Put a file in the place of a table of the run's date."""
    table = name.split(".")[0]
    for path in place.day.glob(f"{table}.*"):
        path.unlink()
    path = place.day / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place.command()


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def objects(**changed: object) -> str:
    row = {"account_id": "acct_1", "ts": f"{LAST}T08:00:00Z", "ip": "203.0.113.1"}
    return "".join(json.dumps(row | {"n": n} | changed) + "\n" for n in range(4))


def changed(place: Place, table: str, **columns: object) -> list[str]:
    """Give columns of a day's table one and the same cell."""
    path = place.day / f"{table}.parquet"
    content = pq.read_table(path, partitioning=None)
    for name, cell in columns.items():
        at = content.column_names.index(name)
        content = content.set_column(at, name, pa.array([cell] * content.num_rows))
    pq.write_table(content, path)
    return place.command()


def lfs_pointer(place: Place) -> list[str]:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 123\n"
    return put(place, "requests.parquet", pointer)


def encrypted_parquet(place: Place) -> list[str]:
    return put(place, "requests.parquet", b"PARE" + bytes(range(200)) + b"PARE")


def csv_named_parquet(place: Place) -> list[str]:
    return put(place, "requests.parquet", lines(*ROWS))


def parquet_of_no_bytes(place: Place) -> list[str]:
    return put(place, "requests.parquet", b"")


def spreadsheet_named_csv(place: Place) -> list[str]:
    return put(place, "requests.csv", b"PK\x03\x04\x14\x00\x06\x00" + bytes(100))


def utf16(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS).encode("utf-16"))


def gzip_that_is_none(place: Place) -> list[str]:
    return put(place, "requests.csv.gz", lines(*ROWS))


def gzip_without_its_name(place: Place) -> list[str]:
    return put(place, "requests.csv", gzip.compress(lines(*ROWS).encode()))


def gzip_cut_off(place: Place) -> list[str]:
    return put(place, "requests.jsonl.gz", gzip.compress(objects().encode() * 999)[:-20])


def header_in_latin1(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS, header=f"{HEADER},größe").encode("latin-1"))


def semicolons(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS).replace(",", ";"))


def no_header(place: Place) -> list[str]:
    row = f"acct_1,{LAST}T08:00:00Z,203.0.113.1,{PROMPT},{CARD}"
    return put(place, "requests.csv", lines(row, row, header=row))


def unclosed_quote(place: Place) -> list[str]:
    broken = f'acct_9,{LAST}T08:00:00Z,203.0.113.9,"{PROMPT}'
    return put(place, "requests.csv", lines(*ROWS[:2], broken, *ROWS * 20))


def repeated_columns(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS, header="account_id,ts,ip,ip"))


def columns_in_other_case(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS, header="Account_ID,TS,ip,prompt"))


def columns_with_spaces(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS, header="account_id, ts, ip, prompt"))


def json_array(place: Place) -> list[str]:
    rows = [json.loads(line) for line in objects().splitlines()]
    return put(place, "requests.jsonl", json.dumps(rows))


def json_over_lines(place: Place) -> list[str]:
    return put(place, "requests.jsonl", json.dumps(json.loads(objects().split("\n")[0]), indent=2))


def json_of_other_names(place: Place) -> list[str]:
    return put(place, "requests.jsonl", objects().replace("account_id", "acct"))


def json_cut_off(place: Place) -> list[str]:
    return put(place, "requests.jsonl", "\n".join(line[:-9] for line in objects().splitlines()))


def times_in_ms(place: Place) -> list[str]:
    rows = [f"acct_{n},179{n}341600000,203.0.113.1,{PROMPT}" for n in range(5)]
    return put(place, "requests.csv", lines(*rows))


def times_in_seconds_of_parquet(place: Place) -> list[str]:
    return changed(place, "requests", ts=1_795_341_600)


def times_of_1970(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS).replace("2026-", "1970-"))


def times_in_another_order(place: Place) -> list[str]:
    return put(place, "requests.csv", lines(*ROWS).replace(f"{LAST}T", "22/11/2026 "))


def ids_as_floats(place: Place) -> list[str]:
    rows = re.sub(r"acct_(\d),", r"104\1.0,", lines(*ROWS))
    return put(place, "requests.csv", rows)


def ids_as_floats_of_parquet(place: Place) -> list[str]:
    return changed(place, "requests", account_id=1042.0)


def ids_of_spaces(place: Place) -> list[str]:
    return changed(place, "requests", account_id="   ")


def ids_that_are_prompts(place: Place) -> list[str]:
    return changed(place, "requests", account_id=PROMPT * 20)


def two_rows_of_one_account(place: Place) -> list[str]:
    rows = [f"acct_{n},{country}" for n in range(3) for country in ("FR", "DE")]
    return put(place, "accounts.csv", lines(*rows, header="account_id,country"))


def raw_cards(place: Place) -> list[str]:
    return changed(place, "payments", fingerprint=CARD)


def raw_cards_as_numbers(place: Place) -> list[str]:
    return changed(place, "payments", fingerprint=int(CARD.replace(" ", "")))


def kinds_that_are_none(place: Place) -> list[str]:
    rows = [f"acct_1,Phone number!,+4912345{n}" for n in range(3)]
    return put(place, "mentions.csv", lines(*rows, header="account_id,kind,entity"))


def mentions_without_kind(place: Place) -> list[str]:
    return put(place, "mentions.csv", lines("acct_1,x", header="account_id,entity"))


def unknown_form(place: Place) -> list[str]:
    return put(place, "requests.xlsx", b"PK\x03\x04")


def table_twice(place: Place) -> list[str]:
    (place.day / "requests.csv").write_text(lines(*ROWS))
    return place.command()


def folder_named_as_a_file(place: Place) -> list[str]:
    (place.day / "requests.parquet").unlink()
    (place.day / "requests.parquet").mkdir()
    return place.command()


def link_to_itself(place: Place) -> list[str]:
    (place.day / "requests.parquet").unlink()
    (place.day / "requests.parquet").symlink_to("requests.parquet")
    return place.command()


def link_to_nothing(place: Place) -> list[str]:
    (place.day / "requests.parquet").unlink()
    (place.day / "requests.parquet").symlink_to(place.folder / "gone.parquet")
    return place.command()


def misnamed_day(place: Place) -> list[str]:
    place.day.rename(place.snapshots / "dt=2026-11-22 (copy)")
    return place.command()


def misnamed_days(place: Place) -> list[str]:
    for path in place.snapshots.glob("dt=*"):
        path.rename(path.with_name(path.name.removeprefix("dt=")))
    return place.command()


def future_date(place: Place) -> list[str]:
    return place.command(date="2062-11-22")


def file_in_the_place_of_the_folder(place: Place) -> list[str]:
    return place.command(snapshots=place.day / "requests.parquet")


def short_key(place: Place) -> list[str]:
    return with_key(place, "0123456789abcdef")


def key_that_is_text(place: Place) -> list[str]:
    return with_key(place, "correct horse battery staple, twice over")


def key_of_one_digit(place: Place) -> list[str]:
    return with_key(place, "00" * 32)


def missing_key(place: Place) -> list[str]:
    (place.folder / "lake.key").unlink()
    return place.command()


def with_key(place: Place, text: str) -> list[str]:
    path = place.folder / "own.key"
    path.write_text(text)
    path.chmod(0o600)
    return place.command(key=path)


def with_settings(place: Place, text: str) -> list[str]:
    path = place.folder / "graphkit.toml"
    path.write_text(text)
    return place.command(settings=path)


def unknown_section(place: Place) -> list[str]:
    return with_settings(place, "[ring]\nmin_size = 4\n")


def settings_that_are_no_toml(place: Place) -> list[str]:
    return with_settings(place, "rings: {min_size: 4}\n")


def setting_out_of_range(place: Place) -> list[str]:
    return with_settings(place, "[ingest]\nmax_refused_share = 20\n")


def missing_settings(place: Place) -> list[str]:
    return place.command(settings=place.folder / "graphkit.tml")


def memory_of_no_size(place: Place) -> list[str]:
    return place.command(memory="plenty")


def benign_without_a_reason(place: Place) -> list[str]:
    path = place.folder / "benign.csv"
    path.write_text("kind,entity,until,why\nip,198.51.100.9,,\n")
    return place.command(benign=path)


def lake_of_another_version(place: Place) -> list[str]:
    path = place.lake / "lake.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    return place.command()


def damaged_lake(place: Place) -> list[str]:
    [path] = place.lake.glob(f"data/dt={LAST}/*/links.parquet")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    return ["why", str(place.lake), "acct_1"]


def date_without_rings(place: Place) -> list[str]:
    return ["rings", str(place.lake), "--date", "2026-11-01"]


def no_lake(place: Place) -> list[str]:
    return ["rings", str(place.folder / "lak")]


def unknown_ring(place: Place) -> list[str]:
    return ["explain", str(place.lake), "R-9999"]


def unknown_account(place: Place) -> list[str]:
    return ["why", str(place.lake), "acct_none"]


def unknown_kind_to_find(place: Place) -> list[str]:
    return ["find", str(place.lake), "ipp", "203.0.113.7"]


def card_to_find(place: Place) -> list[str]:
    return ["find", str(place.lake), "card", CARD]


def no_pseudonym_to_reveal(place: Place) -> list[str]:
    return ["reveal", str(place.lake), "203.0.113.7", "--snapshots", str(place.snapshots)]


def coshare_without_mentions(place: Place) -> list[str]:
    return ["coshare", str(place.snapshots), "--within", "30"]


def coshare_within_nothing(place: Place) -> list[str]:
    put(place, "mentions.csv", lines(f"a,{LAST},url,x", header="account_id,ts,kind,entity"))
    return ["coshare", str(place.snapshots), "--within", "-1"]


def truth_of_another_form(place: Place) -> list[str]:
    path = place.folder / "truth.csv"
    path.write_text("name,ring\nacct_1,R\n")
    return ["evaluate", str(place.lake), str(path)]


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
    **dict.fromkeys(
        (
            *(missing_folder, missing_files, truncated_parquet, damaged_parquet, wrong_type),
            *(wrong_column, empty_tables, broken_csv, null_ids, no_data, lfs_pointer),
            *(encrypted_parquet, csv_named_parquet, parquet_of_no_bytes, spreadsheet_named_csv),
            *(utf16, gzip_that_is_none, gzip_without_its_name, gzip_cut_off, header_in_latin1),
            *(semicolons, no_header, unclosed_quote, repeated_columns, columns_in_other_case),
            *(columns_with_spaces, json_array, json_over_lines, json_of_other_names, json_cut_off),
            *(times_in_ms, times_in_seconds_of_parquet, times_of_1970, times_in_another_order),
            *(ids_as_floats, ids_as_floats_of_parquet, ids_of_spaces, ids_that_are_prompts),
            *(two_rows_of_one_account, raw_cards, raw_cards_as_numbers, kinds_that_are_none),
            *(mentions_without_kind, unknown_form, table_twice, folder_named_as_a_file),
            *(link_to_itself, link_to_nothing, misnamed_day, misnamed_days, future_date),
            *(file_in_the_place_of_the_folder, benign_without_a_reason),
            *(coshare_without_mentions, truth_of_another_form),
        ),
        65,
    ),
    **dict.fromkeys(
        (
            *(unknown_setting, unfit_setting, wrong_key, open_key, short_key, key_that_is_text),
            *(key_of_one_digit, missing_key, unknown_section, settings_that_are_no_toml),
            *(setting_out_of_range, missing_settings),
        ),
        78,
    ),
    **dict.fromkeys((no_write_access, lake_of_another_version, damaged_lake), 75),
    **dict.fromkeys(
        (
            *(foreign_folder, memory_of_no_size, date_without_rings, no_lake, unknown_ring),
            *(unknown_account, unknown_kind_to_find, card_to_find, no_pseudonym_to_reveal),
            coshare_within_nothing,
        ),
        2,
    ),
}


def published(lake: Path) -> dict[str, bytes]:
    """Every file of the lake, run.json included, by its path."""
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file()
    }


def sections() -> dict[str, str]:
    """The golden messages by the kind of bad input."""
    found = {}
    for part in GOLDEN.read_text("utf-8").split("== ")[1:] if GOLDEN.exists() else []:
        name, _, text = part.partition(" ==\n")
        found[name] = text.rstrip("\n")
    return found


def check_golden(name: str, text: str) -> None:
    """Compare a message with its section; GRAPHKIT_GOLDEN=renew writes it anew."""
    if os.environ.get("GRAPHKIT_GOLDEN") == "renew":
        known = {one: told for one, told in sections().items() if one in names()} | {name: text}
        parts = [f"== {one} ==\n{known[one]}\n" for one in sorted(known)]
        GOLDEN.write_text("\n".join(parts), "utf-8")
    assert text == sections().get(name), "set GRAPHKIT_GOLDEN=renew to write it anew"


def names() -> set[str]:
    return {case.__name__ for case in CASES} | set(LIMITS) | {f"used: {name}" for name in USED}


@pytest.mark.parametrize("spoil", CASES, ids=lambda case: case.__name__)
def test_bad_input_ends_in_its_golden_message(
    spoil: Callable[[Place], list[str]], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    words = spoil(place)
    before = published(place.lake)
    assert len(before) > 20
    result = CliRunner().invoke(app, words)
    assert result.exit_code == CASES[spoil], f"{result.output}\n{result.exception!r}"
    assert result.stdout == ""
    check_message(spoil.__name__, result.stderr, place, before)


def deny_access() -> None:
    """Take the superuser's right to read everything (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def no_room() -> None:
    """Let no file grow beyond 20 kB, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def unreadable_file(place: Place) -> list[str]:
    (place.day / "requests.parquet").chmod(0)
    return place.command()


def full_disk(place: Place) -> list[str]:
    return place.command()


LIMITS: dict[str, tuple[Callable[[Place], list[str]], Callable[[], None], set[int]]] = {
    "unreadable_file": (unreadable_file, deny_access, {65, 75}),
    "full_disk": (full_disk, no_room, {75}),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux'")
@pytest.mark.parametrize("name", LIMITS)
def test_what_the_system_refuses_ends_in_its_golden_message(name: str, place: Place) -> None:
    spoil, limit, codes = LIMITS[name]
    words = spoil(place)
    before = published(place.lake)
    environment = {key: value for key, value in os.environ.items() if key != "GRAPHKIT_KEY"}
    result = subprocess.run(
        [sys.executable, "-c", "from graphkit.cli import main; main()", *words],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        check=False,
    )
    assert result.returncode in codes, result.stderr
    check_message(name, result.stderr, place, before)


def check_message(name: str, stderr: str, place: Place, before: dict[str, bytes]) -> None:
    """Check what was said and what was left behind."""
    assert "Traceback" not in stderr
    for secret in (CARD, CARD.replace(" ", ""), PROMPT, (place.folder / "own.key")):
        told = secret.read_text() if isinstance(secret, Path) and secret.exists() else str(secret)
        assert told not in stderr
    assert published(place.lake) == before
    assert not list(place.lake.glob(".*"))
    check_golden(name, message(stderr, place))


def message(stderr: str, place: Place) -> str:
    """The error without the progress before it, this run's folder and this lake's key."""
    error = stderr[stderr.index("error: ") :].replace(str(place.folder), "PLACE").rstrip()
    told = error.splitlines()
    assert [line.split(":")[0].strip() for line in told] == ["error", "found", "allowed", "do"]
    known = (place.lake / "lake.json").read_text().split('"')
    error = error.replace(known[known.index("key_id") + 2], "KEY-OF-LAKE")
    error = re.sub(r"/[0-9a-f]{16}/", "/SNAPSHOT/", error)
    return re.sub(r"SHA-256 [0-9a-f]{64}", "SHA-256 DIGEST", error)


TIMES = [
    f"{LAST} 08:00:00",
    f"{LAST}T10:00:00+02:00",
    f"{LAST}T08:00Z",
    "2026-11-23T01:00:00+02:00",
]
# Odd, but it can be used: what was made of it is told.
USED: dict[str, tuple[str, str | bytes]] = {
    "byte_order_mark": ("requests.csv", lines(*ROWS).encode("utf-8-sig")),
    "header_only": ("requests.csv", lines()),
    "nothing_in_the_file": ("requests.jsonl", "\n"),
    "times_of_many_zones": ("requests.csv", lines(*(f"acct_1,{time},," for time in TIMES))),
    "late_rows": ("requests.csv", lines(*ROWS, ROWS[0].replace("-22T", "-19T"))),
    "counts_that_are_none": (
        "requests.jsonl",
        "".join(
            objects(input_tokens=n).splitlines()[0] + "\n"
            for n in (1, -1, float("nan"), 1e300, "12", "twelve", None)
        ),
    ),
    "addresses_that_are_none": (
        "requests.csv",
        lines(*(f"acct_1,{LAST},{ip}," for ip in ("999.1.1.1", "10.0.0.1", "::1", "203.0.113.7"))),
    ),
    "cards_beside_names": (
        "payments.csv",
        lines(f"acct_1,{LAST},fp,Ann {CARD}", header="account_id,ts,fingerprint,billing_name"),
    ),
    "some_ragged_rows": ("requests.csv", lines(*ROWS * 2, "acct_1,too short")),
}


@pytest.mark.parametrize("name", USED)
def test_what_can_be_used_is_used_and_told(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPHKIT_KEY", raising=False)
    file, content = USED[name]
    result = CliRunner().invoke(app, put(place, file, content))
    assert result.exit_code == 0, result.output
    assert CARD not in result.output and PROMPT not in result.output
    told = re.sub(r"\n +signal .*", "", result.stderr)
    start = told.index(f"{LAST} {file.split('.')[0]}:")
    stop = re.compile(r"^\S", re.MULTILINE).search(told, start + 1)
    check_golden(f"used: {name}", told[start : stop.start() if stop else None].rstrip())


def test_every_kind_of_error_has_a_case_and_every_case_a_message() -> None:
    assert set(CASES.values()) == {2, 65, 75, 78}
    assert len(CASES) >= 60
    assert set(sections()) == names()


def test_the_world_is_whole_before_it_is_spoilt(place: Place) -> None:
    before = {name: text for name, text in published(place.lake).items() if "run.json" not in name}
    result = CliRunner().invoke(app, place.command())
    assert result.exit_code == 0, result.output
    after = {name: text for name, text in published(place.lake).items() if "run.json" not in name}
    assert after == before
