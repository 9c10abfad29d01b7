"""A gateway's logs as they are found: other suffixes, arrays, misspelled paths, cents."""

import gzip
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import graphkit as gk
from graphkit.cli import app
from graphkit.errors import DataError, UsageError
from graphkit.ingest import open_snapshots, read_snapshot
from graphkit.ingest.json_form import json_names
from graphkit.ingest.place import local_file, open_place
from graphkit.reports import render
from graphkit.settings import Settings, load_settings
from graphkit.settings.paths import with_date
from pipelines.nightly import run
from pipelines.validation import validate

DAY = date(2026, 11, 22)
FEED = '[[requests]]\npath = "logs/{date:%Y/%m/%d}/*"\ntime = "ms"\naccount_id = "user.uid"\n'
FEED += 'ts = "at"\nip = "remote_addr"\nprompt = "request.messages.0.content"\n'
USERS = "id,mail,state\nuid-0,a@x.example,SUSPENDED\nuid-1,b@x.example,ACTIVE\n"
CRM = '[[accounts]]\npath = "users.csv"\naccount_id = "id"\nemail_domain = "mail"\n'


def line(at: int, **more: Any) -> dict[str, Any]:
    return {
        "at": 1_795_348_800_000 + at,
        "remote_addr": f"203.0.113.{at}",
        "user": {"uid": f"uid-{at}"},
        "request": {
            "messages": [
                {"role": "user", "content": f"prompt {at}"},
                {"role": "assistant", "content": "answer"},
            ]
        },
    } | more


def packed(name: str) -> bytes:
    text = "".join(json.dumps(line(at)) + "\n" for at in range(3)).encode()
    return gzip.compress(text) if name.endswith(".gz") else text


def put(root: Path, name: str, content: bytes | str) -> Path:
    path = root / "gateway" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root / "gateway"


def logs(root: Path, name: str = "05.ndjson.gz") -> Path:
    return put(root, f"logs/2026/11/22/{name}", packed(name))


@pytest.fixture
def describe(tmp_path: Path) -> Callable[[str], Settings]:
    """Settings from the text of a settings file, which is named as a text."""

    def described(text: str) -> Settings:
        path = tmp_path / "graphkit.toml"
        path.write_text(text, "utf-8")
        return load_settings(str(path))

    return described


def prompts(root: Path, settings: Settings) -> list[str]:
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    return [row["prompt"] for part in snapshot.requests for row in part.to_pylist()]


@pytest.mark.parametrize("name", ["05.ndjson", "05.ndjson.gz", "05.json", "05.json.gz"])
def test_json_lines_go_by_several_names(
    name: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    assert prompts(logs(tmp_path, name), describe(FEED)) == ["prompt 0", "prompt 1", "prompt 2"]
    row = b'{"account_id": "a", "ts": "2026-11-22", "prompt": "p"}'
    content = gzip.compress(row) if name.endswith(".gz") else row
    own = put(tmp_path / "own", f"dt={DAY}/requests{name[2:]}", content)
    assert prompts(own, Settings()) == ["p"]


@pytest.mark.parametrize("name", ["gateway.log", "gateway.log.gz", "events", "05.txt", "x.csv"])
def test_a_feed_may_say_its_form(
    name: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    place = logs(tmp_path, name)
    assert len(prompts(place, describe(FEED + 'form = "jsonl"'))) == 3
    said = "no column 'user.uid'" if name == "x.csv" else 'say form = "jsonl" in ..requests..'
    with pytest.raises(DataError, match=said):
        prompts(place, describe(FEED))


def test_other_forms_may_be_said_too_and_a_wrong_one_is(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    place = put(tmp_path, "part-0", b"account_id,ts,prompt\na,2026-11-22,from csv\n")
    feed = '[[requests]]\npath = "part-0"\nform = "{}"'
    assert prompts(place, describe(feed.format("csv"))) == ["from csv"]
    with pytest.raises(DataError, match="not Parquet"):
        prompts(place, describe(feed.format("parquet")))
    pq.write_table(pa.table({"account_id": ["a"], "prompt": ["of parquet"]}), place / "part-0")
    assert prompts(place, describe(feed.format("parquet"))) == ["of parquet"]
    with pytest.raises(DataError, match="found:   Parquet"):
        prompts(place, describe(feed.format("jsonl")))


def test_names_lead_into_arrays_and_are_few(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"m": [{"a": 1}, {"b": 2}], "n": list(range(999)), "d": deep}))
    names = json_names(local_file(path)) or []
    assert {"m", "m.0", "m.0.a", "m.1.b", "n.7"} <= set(names)
    assert len(names) < 60, "a sender's long or deep array makes no long list"


def test_what_is_misspelled_is_said_whether_or_not_a_signal_needs_it(
    tmp_path: Path, describe: Callable[[str], Settings], golden: Callable[[str, str], None]
) -> None:
    place = logs(tmp_path)
    put(tmp_path, "logs/2026/11/22/06.ndjson", "")
    put(tmp_path, "users.csv", USERS)
    feed = FEED.replace("messages.0.content", "messages.content").replace('"remote', '"remove')
    feed += 'model = "request.model"\nuser_agent = "request.messages.1.role"\n'
    settings = describe(feed + CRM + 'status = "status"\n[ingest]\nmax_refused_share = 1\n')
    found = validate(place, settings=settings, dt=DAY)
    golden("absent_columns", "\n".join(found.absent))
    assert found.signals["device"] == "on" and found.signals["prompt"].startswith("off")
    said: list[str] = []
    outcome = run(place, DAY, tmp_path / "lake", settings=settings, report=said.append)
    assert [row.strip() for row in said if "no file has" in row] == list(found.absent)
    page = outcome.report.read_text("utf-8")
    assert page.count("which no file has") == len(found.absent) == 4
    words = ["validate", str(place), "--settings", str(tmp_path / "graphkit.toml")]
    told = CliRunner().invoke(app, words).stdout
    assert "Columns that no file has" in told and found.absent[0] in told


def test_a_column_that_comes_late_in_a_file_is_there(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    rows = [line(at, pad="x" * 1_000) for at in range(100)] + [line(100, model="m")]
    place = put(tmp_path, "logs/2026/11/22/05.ndjson", "\n".join(map(json.dumps, rows)))
    found = validate(place, settings=describe(FEED + 'model = "model"'), dt=DAY)
    assert found.absent == () and not found.problems


def test_a_signal_that_mentions_feed_is_on(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    place = put(tmp_path, "m.csv", "account_id,kind,entity\na,mail,1\nb,mail,1\n")
    feed = '[[mentions]]\npath = "m.csv"\n'
    plain = validate(place, settings=describe(feed), dt=DAY)
    assert plain.signals["email"] == "off: nothing in accounts.email_domain"
    settings = describe(feed + '[graph.kinds]\nmail = { signal = "email" }\nfax.signal = "device"')
    found = validate(place, settings=settings, dt=DAY)
    assert found.signals == {**plain.signals, "email": "on"}, "no mention is of the kind fax"
    said: list[str] = []
    run(place, DAY, tmp_path / "lake", settings=settings, report=said.append)
    off = [row.split()[1] for row in said if row.startswith("  signal")]
    assert off == [name for name, state in found.signals.items() if state != "on"]
    page = render(gk.open(tmp_path / "lake").findings)
    assert "accounts.email_domain" not in page and "requests.prompt" in page


def test_a_path_that_fits_nothing_is_told_one_with_its_date(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    feed = FEED.replace("{date:%Y/%m/%d}/*", "{date}/05.ndjson.gz")
    with pytest.raises(DataError, match=r"did you mean 'logs/\{date:%Y/%m/%d\}/05\.ndjson\.gz'"):
        prompts(logs(tmp_path), describe(feed))


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ("dt=2026-11-22/r.csv", "dt={date}/r.csv"),
        ("2026/11/22/05.log", "{date:%Y/%m/%d}/05.log"),
        ("log.20261122.gz", "log.{date:%Y%m%d}.gz"),
        ("2026_11_22", "{date:%Y_%m_%d}"),
        ("2026-11-22/2026-11-22.csv", "{date}/2026-11-22.csv"),
        ("2026-13-22 120261122 2026112205 2026/11-22", None),
    ],
)
def test_the_day_in_a_path_is_spelled_as_settings_do(path: str, spelled: str | None) -> None:
    assert with_date(path) == (spelled or path)


def test_an_address_in_a_path_object_is_told_to_be_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^s3://bucket/x is an address(?s:.*)as a text") as caught:
        gk.detect(Path("s3://AKIDEXAMPLE:s3cr3t@bucket/x"))
    assert "s3cr3t" not in str(caught.value) and "AKID" not in str(caught.value)
    Path("s3:/bucket").mkdir(parents=True)
    assert open_place(Path("s3:/bucket")).kind() == "a folder"


def test_amounts_may_be_cents(tmp_path: Path, describe: Callable[[str], Settings]) -> None:
    cells = [2000, "1999", 12.5, 0, None, "free", 1e12]
    rows = [{"account_id": "a", "ts": "2026-11-22", "cost": cell} for cell in cells]
    place = put(tmp_path, "charges.jsonl", "\n".join(map(json.dumps, rows)))
    feed = '[[payments]]\npath = "charges.jsonl"\namount_usd = "cost"\n'
    found = {}
    for unit in ("usd", "cents"):
        snapshot = read_snapshot(open_snapshots(place, describe(feed + f'amount = "{unit}"')), DAY)
        found[unit] = pa.concat_tables(snapshot.payments)["amount_usd"].to_pylist()
        assert snapshot.report()["tables"]["payments"]["cells"] == {
            "amount_usd": {"not a number that fits": 1}
        }
    assert found["usd"][:3] == [Decimal("2000.00"), Decimal("1999.00"), Decimal("12.50")]
    dollars = ["20.00", "19.99", "0.12", "0.00", None, None, "10000000000.00"]
    assert found["cents"] == [None if cell is None else Decimal(cell) for cell in dollars]
