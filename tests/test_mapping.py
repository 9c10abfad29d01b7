"""A provider's own files, described in the settings file: what each rule of that does."""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.contracts import INPUTS
from graphkit.errors import DataError, SettingsError, UsageError
from graphkit.ingest import (
    Snapshot,
    csv_form,
    forms,
    json_form,
    open_snapshots,
    read_snapshot,
)
from graphkit.settings import Settings, load_settings
from graphkit.workflow import detect, read_mentions
from pipelines.nightly import run

DAY, NEXT = date(2026, 11, 22), date(2026, 11, 23)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000}
SECONDS = int(NOON.timestamp())


@pytest.fixture
def describe(tmp_path: Path) -> Callable[[str], Settings]:
    """Settings from the text of a settings file; nothing is too much to refuse."""

    def described(text: str) -> Settings:
        path = tmp_path / "graphkit.toml"
        path.write_text(text + "\n[ingest]\nmax_refused_share = 1.0\n", "utf-8")
        return load_settings(path)

    return described


def put(root: Path, files: Mapping[str, str | pa.Table]) -> Path:
    """Write files below a folder; return the folder."""
    for name, content in files.items():
        path = root / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        else:
            pq.write_table(content, path)
    return root / "files"


def drawn(snapshot: Snapshot, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.concat_tables(
        [INPUTS[name].empty(), *getattr(snapshot, name)]
    ).to_pylist()
    return rows


def read(root: Path, settings: Settings, dt: date = DAY) -> tuple[Snapshot, dict[str, Any]]:
    """A day, and its report once all of it is drawn."""
    snapshot = read_snapshot(open_snapshots(root, settings), dt)
    for name in ("requests", "payments", "mentions"):
        drawn(snapshot, name)
    return snapshot, snapshot.report()


def ids(root: Path, settings: Settings, dt: date, name: str = "requests") -> list[str]:
    snapshot = read_snapshot(open_snapshots(root, settings), dt)
    return [row["account_id"] for row in drawn(snapshot, name)]


def test_named_columns_are_read_and_others_by_their_own_names(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(tmp_path, {"r.csv": "who,ts,addr,model\na,2026-11-22T12:00:00Z,203.0.113.1,m\n"})
    settings = describe('[[requests]]\npath = "r.csv"\naccount_id = "who"\nip = "addr"')
    (row,) = drawn(read_snapshot(open_snapshots(root, settings), DAY), "requests")
    assert row | {"account_id": "a", "ts": NOON, "ip": "203.0.113.1", "model": "m"} == row


def test_a_table_with_feeds_is_read_from_them_only_and_the_others_as_ever(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    row = "account_id,ts\n{},2026-11-22\n"
    root = put(
        tmp_path,
        {
            "one.csv": row.format("one"),
            "two.csv": row.format("two"),
            "dt=2026-11-22/requests.csv": row.format("canonical"),
            "dt=2026-11-22/payments.csv": row.format("payer"),
        },
    )
    settings = describe('[[requests]]\npath = "one.csv"\n[[requests]]\npath = "tw*.csv"')
    assert ids(root, settings, DAY) == ["one", "two"]
    assert ids(root, settings, DAY, "payments") == ["payer"]
    _, report = read(root, settings)
    assert set(report["inputs"]) == {"one.csv", "two.csv", "dt=2026-11-22/payments.csv"}


FORMS: Mapping[str, Callable[[Mapping[str, Any]], str | pa.Table]] = {
    "jsonl": json.dumps,
    "parquet": lambda row: pa.Table.from_pylist([dict(row)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_dots_lead_into_objects_and_a_column_of_that_name_goes_first(
    form: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    row = {
        "user": {"id": "a", "client": {"ip": "203.0.113.1", "ua": "inner"}},
        "user.client.ua": "literal",
        "at": "2026-11-22T12:00:00Z",
        "body": "a prompt",
        "body.model": "m",
    }
    root = put(tmp_path, {f"r.{form}": FORMS[form](row)})
    settings = describe(
        '[[requests]]\npath = "r.*"\naccount_id = "user.id"\nts = "at"\nip = "user.client.ip"\n'
        'user_agent = "user.client.ua"\nprompt = "body"\nmodel = "body.model"'
    )
    (found,) = drawn(read_snapshot(open_snapshots(root, settings), DAY), "requests")
    assert found["account_id"] == "a" and found["ip"] == "203.0.113.1"
    assert (found["user_agent"], found["prompt"], found["model"]) == ("literal", "a prompt", "m")


def test_json_paths_lead_into_arrays_and_odd_names_and_lose_no_row(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    lines = [
        '{"u": [{"id": "a"}], "ts": "2026-11-22", "c": {"x/y~z": "m1"}}',
        '{"u": [{"id": "b"}], "ts": "2026-11-22", "c": "no object"}',
        '{"u": [{"id": "c\\ud800"}], "ts": "2026-11-22", "c": {"x/y~z": "m2", "x/y~z": "m3"}}',
        '{"u": [{"id": "d"}], "ts": "2026-11-22", "c": null}',
        '{"u": {"id": "lost"}, "ts": "2026-11-22"}',
    ]
    root = put(tmp_path, {"r.jsonl": "\n".join(lines)})
    settings = describe('[[requests]]\npath = "r.jsonl"\naccount_id = "u.0.id"\nmodel = "c.x/y~z"')
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    rows = sorted(drawn(snapshot, "requests"), key=lambda row: str(row["account_id"]))
    assert [row["account_id"] for row in rows] == ["a", "b", "c\\xed\\xa0\\x80", "d"]
    assert [row["model"] for row in rows] == ["m1", None, "m2", None]
    assert snapshot.rejects()["row"].to_pylist() == [5]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "text in parquet", "float"])
def test_unix_times(
    unit: str, form: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    at: Any = SECONDS * UNITS[unit]
    contents: dict[str, dict[str, str | pa.Table]] = {
        "csv": {"r.csv": f"account_id,ts\na,{at}\n"},
        "jsonl": {"r.jsonl": json.dumps({"account_id": "a", "ts": at})},
        "parquet": {"r.parquet": pa.table({"account_id": ["a"], "ts": [at]})},
        "text in parquet": {"r.parquet": pa.table({"account_id": ["a"], "ts": [str(at)]})},
        "float": {"r.parquet": pa.table({"account_id": ["a"], "ts": [float(at)]})},
    }
    root = put(tmp_path, contents[form])
    settings = describe(f'[[requests]]\npath = "r.*"\ntime = "{unit}"')
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    assert [row["ts"] for row in drawn(snapshot, "requests")] == [NOON]


def test_fractions_of_a_second_and_typed_times(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(
        tmp_path,
        {
            "r.csv": f"account_id,ts\na,{SECONDS}.25\n",
            "p.parquet": pa.table({"account_id": ["a"], "ts": [NOON]}),
        },
    )
    settings = describe(
        '[[requests]]\npath = "r.csv"\ntime = "s"\n[[payments]]\npath = "p.parquet"\ntime = "ms"'
    )
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    assert drawn(snapshot, "requests")[0]["ts"].microsecond == 250_000
    assert drawn(snapshot, "payments")[0]["ts"] == NOON, "a typed time has its own unit"


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("said", ["iso", *UNITS])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_times_in_another_unit_say_which(
    unit: str, said: str, form: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    if unit == said:
        return
    at = SECONDS * UNITS[unit]
    table = pa.table({"account_id": ["a"], "ts": [at]})
    content: str | pa.Table = f"account_id,ts\na,{at}\n" if form == "csv" else table
    root = put(tmp_path, {f"2026-11-22.{form}": content})
    described = describe(f'[[requests]]\npath = "{{date}}.*"\ntime = "{said}"')
    settings = described.model_copy(update={"ingest": Settings().ingest})
    with pytest.raises(DataError, match=f'do:      set time = "{unit}" for these files'):
        read(root, settings)
    (tmp_path / "graphkit.toml").unlink()


def test_iso_times_where_a_number_is_said(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(tmp_path, {"r.jsonl": '{"account_id": "a", "ts": "2026-11-22T12:00:00Z"}'})
    with pytest.raises(DataError, match='do:      set time = "iso"') as caught:
        open_snapshots(root, describe('[[requests]]\npath = "r.jsonl"\ntime = "ms"'))
    assert "no row has a time that can be read" in str(caught.value)


def test_a_path_with_a_day_holds_it_and_other_times_are_late(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    text = "account_id,ts\n{0},2026-11-22T01:00:00Z\n{0},2026-11-23T01:00:00Z\n"
    root = put(
        tmp_path, {"x/22.11.26/a.csv": text.format("a"), "x/23.11.26/b.csv": text.format("b")}
    )
    settings = describe('[[requests]]\npath = "x/{date:%d.%m.%y}/*.csv"')
    assert open_snapshots(root, settings).days == (DAY, NEXT)
    assert ids(root, settings, DAY) == ["a", "a"]
    _, report = read(root, settings, NEXT)
    table = report["tables"]["requests"]
    assert (table["rows"], table["late"], table["undated"]) == (2, 1, [])


def test_a_path_without_a_day_holds_many_and_none_is_late(
    tmp_path: Path, describe: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        *("early,soon,", "a,2026-11-22T01:00:00Z,1", "b,2026-11-23T01:00:00Z,1", "cut"),
        *("no time,,1", "a,2026-11-22T02:00:00Z,1", "c,2026-12-24T02:00:00Z,1", ",2026-11-23,1"),
    ]
    root = put(tmp_path, {"all.csv": "account_id,ts,ip\n" + "\n".join(rows) + "\n"})
    settings = describe('[[requests]]\npath = "all.csv"')
    snapshots = open_snapshots(root, settings, window=[DAY, NEXT])
    assert snapshots.days == (DAY, NEXT, date(2026, 12, 24))
    monkeypatch.setattr("graphkit.ingest.snapshots.parts", lambda *_: pytest.fail("read again"))
    found = {}
    for dt in (DAY, NEXT, DAY):
        snapshot = read_snapshot(snapshots, dt)
        accounts = [row["account_id"] for row in drawn(snapshot, "requests")]
        table = snapshot.report()["tables"]["requests"]
        assert (table["late"], table["undated"]) == (0, ["all.csv"])
        assert table["rows"] == table["used"] + table["refused"]
        found[dt] = (accounts, snapshot.rejects()["row"].to_pylist())
    # What has no time that can be read counts on the day of the row before it, or the first.
    assert found == {DAY: (["a", "a"], [1]), NEXT: (["b"], [4, 5, 8])}


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_file_of_many_days_is_cut_the_same_in_parts_of_any_size(
    form: str,
    tmp_path: Path,
    describe: Callable[[str], Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n = 1500
    times = [f"2026-11-{22 + (at * 7) % 3} 10:00:00" if at % 11 else "junk" for at in range(n)]
    table = pa.table({"account_id": [f"a{at}" for at in range(n)], "ts": times})
    coded = table.append_column("model", pa.array(["m", "n"] * (n // 2)).dictionary_encode())
    lines = [json.dumps(row) for row in table.to_pylist()]
    rows = ["account_id,ts", *(f"{row['account_id']},{row['ts']}" for row in table.to_pylist())]
    contents: dict[str, str | pa.Table] = {
        "parquet": coded,
        "csv": "\n".join(rows),
        "jsonl": "\n".join(lines),
    }
    root = put(tmp_path, {f"all.{form}": contents[form]})
    expected = None
    for block in (32 << 20, 4096, 300):
        for module in (forms, csv_form, json_form):
            monkeypatch.setattr(module, "BLOCK", block)
        snapshots = open_snapshots(root, describe(f'[[requests]]\npath = "all.{form}"'))
        found = []
        for dt in snapshots.days:
            snapshot = read_snapshot(snapshots, dt)
            found.append((drawn(snapshot, "requests"), snapshot.rejects()["row"].to_pylist()))
        assert sum(len(used) + len(refused) for used, refused in found) == n
        expected = expected or found
        assert found == expected


def test_what_waits_on_disk_has_no_name_and_ends_with_the_run(
    tmp_path: Path, describe: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    root = put(tmp_path, {"all.csv": "account_id,ts\na,2026-11-22\n"})
    snapshots = open_snapshots(root, describe('[[requests]]\npath = "all.csv"'))
    assert snapshots.spools and not list((tmp_path / "tmp").iterdir())


def test_rows_without_day_or_time_count_on_every_day_there_is(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(
        tmp_path,
        {
            "dt=2026-11-22/requests.csv": "account_id,ts\na,2026-11-22\n",
            "dt=2026-11-23/requests.csv": "account_id,ts\na,2026-11-23\n",
            "devices.csv": "account_id,entity\na,d1\nb,d1\n",
            "users.csv": "account_id,email_domain\na,x.example\n",
        },
    )
    settings = describe(
        '[[mentions]]\npath = "devices.csv"\nkind = "device_id"\n[[accounts]]\npath = "users.csv"'
    )
    snapshots = open_snapshots(root, settings)
    assert snapshots.days == (DAY, NEXT)
    for dt in snapshots.days:
        snapshot = read_snapshot(snapshots, dt)
        rows = drawn(snapshot, "mentions")
        assert [(row["account_id"], row["kind"], row["entity"]) for row in rows] == [
            ("a", "device_id", "d1"),
            ("b", "device_id", "d1"),
        ]
        assert {row["ts"] for row in rows} == {datetime(dt.year, dt.month, dt.day, tzinfo=UTC)}
        assert snapshot.accounts["account_id"].to_pylist() == ["a"]
        assert snapshot.report()["tables"]["mentions"]["late"] == 0


def test_when_nothing_says_a_day_the_date_is_the_one_day(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    text = "account_id,entity\n" + "".join(f"a{n},d{n % 2}\n" for n in range(8))
    root = put(tmp_path, {"devices.csv": text})
    settings = describe('[[mentions]]\npath = "devices.csv"\nkind = "device_id"')
    assert open_snapshots(root, settings).days == ()
    with pytest.raises(UsageError, match="say date="):
        detect(root, settings=settings)
    found = detect(root, settings=settings, date=DAY).findings
    assert found.links["dt"].unique().to_pylist() == [DAY]
    for dt in (DAY, NEXT):
        run(root, dt, tmp_path / "lake", settings=settings)
    again = detect(root, settings=settings, date=NEXT).findings
    assert again.edges.num_rows == found.edges.num_rows


def test_one_file_feeds_several_kinds_and_blank_entities_mention_nothing(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    text = (
        "account_id,ts,url_id,tag,post\na,2026-11-22,u1,,1\nb,2026-11-22,,t1,2\n,2026-11-22,u2,,3\n"
    )
    root = put(tmp_path, {"posts.csv": text})
    feed = '[[mentions]]\npath = "posts.csv"\ncontent_id = "post"\nkind = "{}"\nentity = "{}"\n'
    settings = describe(feed.format("url", "url_id") + feed.format("hashtag", "tag"))
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    rows = drawn(snapshot, "mentions")
    assert [(row["kind"], row["entity"], row["content_id"]) for row in rows] == [
        ("url", "u1", "1"),
        ("hashtag", "t1", "2"),
    ]
    table = snapshot.report()["tables"]["mentions"]
    assert (table["rows"], table["used"], table["refused"], table["blank"]) == (3, 2, 1, 3)
    assert snapshot.rejects()["row"].to_pylist() == [3]


def test_a_column_may_name_the_kind(tmp_path: Path, describe: Callable[[str], Settings]) -> None:
    root = put(
        tmp_path,
        {
            "m.csv": "account_id,ts,sort,entity\na,2026-11-22,Phone,1\na,2026-11-22,9,2\n",
            "n.csv": "account_id,ts,kind,entity\na,2026-11-22,mail,3\n",
        },
    )
    settings = describe(
        '[[mentions]]\npath = "m.csv"\nkind_column = "sort"\n[[mentions]]\npath = "n.csv"'
    )
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    assert [row["kind"] for row in drawn(snapshot, "mentions")] == ["phone", "mail"]
    assert snapshot.report()["tables"]["mentions"]["refused"] == 1
    with pytest.raises(DataError, match=r"no column 'kind'(?s:.*)kind or kind_column"):
        read(root, describe('[[mentions]]\npath = "m.csv"'))


def test_files_gain_columns_and_what_no_file_has_is_said(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(
        tmp_path,
        {
            "2026-11-22/a.csv": "account_id,ts\na,2026-11-22\n",
            "2026-11-22/b.csv": "account_id,ts,ja4\nb,2026-11-22,t13\n",
            "2026-11-23/c.csv": "account_id,ts,JA4_hash\nc,2026-11-23,t13\n",
            "2026-11-23/d.jsonl": '{"account_id": "d", "ts": "2026-11-23", "Client": {"Ip": "x"}}',
        },
    )
    feed = '[[requests]]\npath = "{date}/*.csv"\ntls_fingerprint = "ja4"\nip = "addr"\n'
    settings = describe(feed + '[[payments]]\npath = "{date}/*.jsonl"\nfingerprint = "client.ip"')
    snapshot = read_snapshot(open_snapshots(root, settings), DAY)
    assert [row["tls_fingerprint"] for row in drawn(snapshot, "requests")] == [None, "t13"]
    assert snapshot.report()["signals"]["device"] == "on"
    _, report = read(root, settings, NEXT)
    assert report["signals"]["device"].startswith("off")
    here = "which no file has (there are account_id, ts, a cell)"
    assert report["absent"] == {
        "payments.fingerprint": "payments.fingerprint is read from 'client.ip', which no file has "
        "(did you mean 'Client.Ip'?)",
        "requests.ip": f"requests.ip is read from 'addr', {here}",
        "requests.tls_fingerprint": f"requests.tls_fingerprint is read from 'ja4', {here}",
    }


def test_an_entity_may_come_with_time_but_not_never(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    root = put(
        tmp_path,
        {
            "2026-11-22.csv": "account_id,ts,url\na,2026-11-22,u\nb,2026-11-22,u\n",
            "2026-11-23.csv": "account_id,ts,url,phone\na,2026-11-23,u,1\n",
        },
    )
    feed = '[[mentions]]\npath = "{{date}}.csv"\nkind = "phone"\nentity = "{}"'
    _, report = read(root, describe(feed.format("phone")))
    table = report["tables"]["mentions"]
    assert (table["rows"], table["blank"]) == (0, 2)
    with pytest.raises(DataError, match=r"no file that fits(?s:.*)did you mean 'phone'"):
        read(root, describe(feed.format("fone")))


BAD: dict[str, tuple[dict[str, str | pa.Table], str, str]] = {
    "account of csv": (
        {"r.csv": "user_id,ts\na,2026-11-22\n"},
        'path = "r.csv"\naccount_id = "userid"',
        r"files/r\.csv has no column 'userid', wanted as account_id\n  found:   user_id, ts\n"
        r"(?s:.*)correct account_id in \[\[requests\]\].*did you mean 'user_id'",
    ),
    "account of json": (
        {"r.jsonl": '{"User": {"Id": "a"}, "ts": "2026-11-22"}'},
        'path = "r.jsonl"\naccount_id = "user.id"',
        r"1 of 1 rows: r\.jsonl row 1, account_id: empty(?s:.*)correct the settings file: "
        r"requests\.account_id is read from 'user\.id', which no file has .did you mean 'User\.Id'",
    ),
    "account of parquet": (
        {"r.parquet": pa.table({"user": [{"id": "a"}], "ts": ["2026-11-22"]})},
        'path = "r.parquet"\naccount_id = "user.uid"',
        r"no column 'user\.uid', wanted as account_id\n  found:   a cell|user",
    ),
    "time of csv": (
        {"r.csv": "account_id,at\na,2026-11-22\n"},
        'path = "r.csv"\nts = "att"',
        r"no column 'att', wanted as ts(?s:.*)did you mean 'at'",
    ),
    "time of json": (
        {"r.jsonl": '{"account_id": "a", "at": "2026-11-22"}'},
        'path = "r.jsonl"\nts = "att"',
        r"no row has a time that can be read\n  found:   requests\.ts is read from 'att', "
        r"which no file has \(did you mean 'at'\?\)",
    ),
    "twice": (
        {"r.csv": "account_id,ts,x,x\na,2026-11-22,1,2\n"},
        'path = "r.csv"\nip = "x"',
        "two columns 'x', wanted as ip",
    ),
    "no file": (
        {"logs/r.csv": "account_id,ts\n"},
        'path = "log/r.csv"',
        r"no file below .*files fits the path 'log/r\.csv' of \[\[requests\]\]",
    ),
    "near file": (
        {"logs/requests.csv": "account_id,ts\n"},
        'path = "logs/request.csv"',
        r"did you mean 'logs/requests\.csv'",
    ),
    "form": ({"r.txt": "x"}, 'path = "r.*"', r"files/r\.txt is in a form .* not read"),
    "two feeds": (
        {"r.csv": "account_id,ts\n"},
        'path = "r.csv"\n[[requests]]\npath = "*.csv"',
        "fits two of .*count twice",
    ),
    "no such day": (
        {"2026-11-23.csv": "account_id,ts\na,2026-11-23\n"},
        'path = "{date}.csv"',
        r"dt=2026-11-22 is not there(?s:.*)files of that day that fit \{date\}\.csv",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_says_what_would(
    name: str, tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    files, feed, said = BAD[name]
    settings = describe(f"[[requests]]\n{feed}")
    strict = settings.model_copy(update={"ingest": Settings().ingest})
    with pytest.raises(DataError, match=said):
        read(put(tmp_path, files), strict)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[requests]]\npath = "x"\nagent = "y"', r"no setting 'requests\[1\]\.agent'.*user_agent"),
        ('[[requests]]\nip = "x"', r"'requests\[1\]\.path' does not fit"),
        ('[requests]\npath = "x"', r"allowed: tables of an array: \[\[requests\]\]"),
        ('[[requests]]\npath = "../x"', "allowed: a path below the snapshots folder"),
        ('[[requests]]\npath = "x"\ntime = "ns"', r"requests\[1\]\.time"),
        ('[[requests]]\npath = "x"\nip = ""', r"requests\[1\]\.ip"),
        ('[[mentions]]\npath = "x"\nkind = "a"\nkind_column = "b"', "either kind"),
        ('[[mentions]]\npath = "x"\nkind = "A b"', r"mentions\[1\]\.kind"),
        ('[[request]]\npath = "x"', "no setting 'request' .did you mean 'requests'"),
    ],
)
def test_settings_that_do_not_fit(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "graphkit.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=said):
        load_settings(path)


@pytest.mark.parametrize(
    ("files", "feed"),
    [
        ({"dt=2026-11-22/mentions.csv": "account_id,kind,entity\na,url,1\n"}, ""),
        ({"dt=2026-11-22/mentions.jsonl": '{"account_id":"a","kind":"url","entity":"1"}'}, ""),
        ({"m.csv": "account_id,entity\na,1\n"}, '[[mentions]]\npath = "m.csv"\nkind = "url"'),
        (
            {"2026-11-22.csv": "account_id,entity\na,1\n"},
            '[[mentions]]\npath = "{date}.csv"\nkind = "url"',
        ),
    ],
)
def test_co_sharing_wants_times_of_their_own(
    files: dict[str, str | pa.Table],
    feed: str,
    tmp_path: Path,
    describe: Callable[[str], Settings],
) -> None:
    with pytest.raises(DataError, match="has no times, and who mentioned the same when"):
        read_mentions(put(tmp_path, files), settings=describe(feed))


def test_a_post_whose_number_could_be_a_cards_keeps_its_row(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    header = "account_id,kind,entity,ts,content_id\n"
    rows = "a,url,u,2026-11-22,4111111111111111\na,url,4111111111111111,2026-11-22,1\n"
    root = put(tmp_path, {"dt=2026-11-22/mentions.csv": header + rows})
    snapshot, _ = read(root, describe(""))
    assert snapshot.rejects()["column"].to_pylist() == ["entity"]


def test_a_day_that_was_read_as_something_else_is_read_again(
    tmp_path: Path, describe: Callable[[str], Settings]
) -> None:
    text = "account_id,ts,x,y\n" + "".join(
        f"a{n},2026-11-{22 + n % 2},203.0.113.{n % 4},198.51.100.{n % 3}\n" for n in range(24)
    )
    root = put(tmp_path, {"r.csv": text})
    feed = '[[requests]]\npath = "r.csv"\nip = "{}"'
    sources = []
    for column in ("x", "x", "y"):
        outcome = run(root, NEXT, tmp_path / "lake", settings=describe(feed.format(column)))
        sources.append(outcome.snapshot.manifest["window"][str(DAY)])
        assert outcome.snapshot.manifest["settings"]["requests"][0]["ip"] == column
    assert sources[0] == sources[1] != sources[2]
