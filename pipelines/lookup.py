"""From a fact to its pseudonym and back, with a line in the lake's log of who asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.contracts import PROMPT_KINDS, REVEALED, UNNAMED_KINDS, pseudonym
from graphkit.detection import Findings, Why
from graphkit.entities import Key, identify
from graphkit.entities import reveal as values_of
from graphkit.entities.values import device, homes
from graphkit.errors import DataError, EmptyDayError, UsageError, nearest
from graphkit.holders import holders_of, rings_with
from graphkit.ingest import Snapshots, open_snapshots, read_snapshot
from graphkit.ingest.cards import card_rows
from graphkit.reports import spell_dates
from graphkit.settings import Settings
from graphkit.workflow import window_of
from pipelines.access import record
from pipelines.keys import load_key
from pipelines.lake import judged_date, standing

_ENTITY = re.compile(r"([a-z][a-z0-9_]{0,31})-([0-9a-f]{16})")


@dataclass(frozen=True)
class Found:
    """Who used an entity in a window.

    Attributes:
        entity: its pseudonym.
        rings: HOLDING_RINGS: the rings that it is evidence of.
        accounts: HOLDERS.
        reasons: why the allow-list names it; empty where it does not.
    """

    entity: str
    rings: pa.Table
    accounts: pa.Table
    reasons: tuple[str, ...]


def find(
    lake: Path,
    findings: Findings,
    kind: str,
    value: str,
    *,
    tls: str | None = None,
    key_file: Path | None = None,
) -> Found:
    """Find who used a value that a person knows.

    Args:
        lake: the lake.
        findings: what was found on the date asked about.
        kind: entity kind.
        value: the value as the records spell it; of a device the user agent.
        tls: a device's TLS fingerprint.
        key_file: file of the lake's key; see `load_key`.

    Raises:
        UsageError: no value can name an entity of that kind, or this one cannot, or the window
            has no entity of the kind.
        SettingsError: the key is missing or not the lake's.
        StorageError: the log cannot be written.
    """
    _check_kind(kind, findings)
    entity = _identified(kind, value, tls, load_key(lake, key_file))
    name = pseudonym(kind, entity)[0].as_py()
    accounts = holders_of(findings.links, findings.members, kind, entity[0].as_py())
    record(lake, command="find", kind=kind, entity=name, dt=findings.dt, hits=accounts.num_rows)
    listed = findings.benign.filter(pc.field("entity") == name)
    return Found(
        entity=name,
        rings=rings_with(findings.evidence, findings.rings, name),
        accounts=accounts,
        reasons=tuple(f"{row['why']}; {row['state']}" for row in listed.to_pylist()),
    )


def find_account(lake: Path, findings: Findings, account_id: str) -> Why:
    """Say why an account is in its ring or in none, and log that it was asked for.

    Raises:
        UsageError: the window does not know the account.
        StorageError: the log cannot be written.
    """
    profiles = findings.profiles.filter(pc.field("account_id") == account_id)
    hits = min(1, profiles.num_rows)
    record(lake, command="find", kind="account", entity=account_id, dt=findings.dt, hits=hits)
    return Why(findings, account_id)


def reveal(
    lake: Path,
    entity: str,
    address: Path | str,
    *,
    dt: date | None = None,
    key_file: Path | None = None,
) -> pa.Table:
    """Find the values of an entity in the files that a window was made of.

    Args:
        lake: the lake.
        entity: pseudonym as it is shown.
        address: the provider's folder; see `open_snapshots`.
        dt: the date; the latest judged one where None.
        key_file: file of the lake's key; see `load_key`.

    Returns:
        REVEALED; without rows where the files do not hold the value any more.

    Raises:
        UsageError: it is no pseudonym, or one of a prompt; there is no such date.
        DataError: the window's days are not there, or a file breaks its contract.
        SettingsError: the key is missing or not the lake's.
        StorageError: the lake cannot be read or the log not be written.
    """
    kind, code = _parse(entity)
    chosen = judged_date(lake, dt)
    key = load_key(lake, key_file)
    snapshot = standing(lake, chosen)
    settings = Settings.model_validate(snapshot.manifest["settings"] if snapshot else {})
    window = window_of(chosen, settings.window_d)
    snapshots = open_snapshots(address, settings, window=window)
    days = [day for day in snapshots.days or [chosen] if day in window]
    if not days:
        raise DataError(
            f"{snapshots.place.shown} holds no day of the window that ends on {chosen}",
            found=spell_dates(snapshots.days),
            allowed=spell_dates(window),
            do="name the folder of these days with --snapshots, or another date with --date",
        )
    values = values_of(kind, code, _parts(kind, snapshots, days), key)
    column = pa.chunked_array([pa.array(values, pa.string())])
    hidden = pa.array(card_rows(column))
    shown = pc.if_else(hidden, pa.scalar("a value that holds a card number"), column)
    revealed = REVEALED.conform(
        pa.table({"entity": pa.array([entity] * len(values), pa.string()), "value": shown})
    )
    record(lake, command="reveal", kind=kind, entity=entity, dt=chosen, hits=len(values))
    return revealed


def _parse(entity: str) -> tuple[str, int]:
    """Kind and keyed value of a pseudonym."""
    match = _ENTITY.fullmatch(entity.strip())
    if match is None:
        raise UsageError(
            "that is no pseudonym",
            found="a text of another form",
            allowed="a kind, - and 16 hexadecimal digits, as in ip-00f31c9a5b27e804",
            do="copy it from the evidence of a ring",
        )
    kind, digits = match.groups()
    if kind in PROMPT_KINDS:
        raise UsageError(
            f"a {kind} cannot be revealed",
            found=entity.strip(),
            allowed="entities of other kinds",
            do="look up the requests of the ring's accounts: of a text only a sketch is kept, "
            "which many texts may share",
        )
    return kind, int.from_bytes(bytes.fromhex(digits), signed=True)


def _parts(kind: str, snapshots: Snapshots, days: list[date]) -> Iterator[tuple[str, pa.Table]]:
    """The parts of the tables that hold a kind, day by day."""
    for day in days:
        try:
            snapshot = read_snapshot(snapshots, day)
        except EmptyDayError:
            continue  # The night went on without it too.
        for name in homes(kind):
            parts = [snapshot.accounts] if name == "accounts" else getattr(snapshot, name)
            for part in parts:
                yield name, part


def _check_kind(kind: str, findings: Findings) -> None:
    """Refuse kinds that no value names and kinds that the window does not have."""
    known = sorted(pc.unique(findings.links["kind"]).to_pylist())
    if kind in UNNAMED_KINDS:
        why = "a text is kept only as a sketch" if kind in PROMPT_KINDS else "several columns do"
        raise UsageError(
            f"no single value names an entity of kind {kind!r}",
            found=why,
            allowed="account, ip, card, device, email_domain, org, or a kind of your mentions",
            do="look up another fact, or list a ring's evidence with `graphkit explain`",
        )
    if kind not in known:
        raise UsageError(
            f"the window has no entity of kind {kind!r}{nearest(kind, known)}",
            found=kind,
            allowed=", ".join(["account", *(name for name in known if name not in UNNAMED_KINDS)]),
            do="correct the kind",
        )


def _identified(kind: str, value: str, tls: str | None, key: Key) -> pa.Int64Array:
    """The entity of a value, as an array of one; the value itself never enters a message."""
    if tls is not None and kind != "device":
        raise UsageError(
            f"a TLS fingerprint says nothing of kind {kind!r}",
            found="--tls",
            allowed="--tls with kind device",
            do="leave --tls out",
        )
    entity = identify(kind, [device(value, tls) if kind == "device" else value], key)
    card = bool(card_rows(pa.chunked_array([[value]])).any())
    if card or entity.null_count:
        raise UsageError(
            f"the value cannot be looked up as kind {kind!r}",
            found="a card number, which is never kept" if card else "a value that links nobody",
            allowed="an address outside the private ranges, a mail domain, the processor's "
            "fingerprint of a card, or an identifier as the records spell it",
            do="correct the value",
        )
    return entity
