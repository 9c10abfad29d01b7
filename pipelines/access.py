"""The log of who turned facts into pseudonyms and back: a lake's access.jsonl."""

import json
import os
import pwd
from datetime import UTC, date, datetime
from pathlib import Path

from graphkit.errors import StorageError
from pipelines.lake import storage

ACCESS_LOG = "access.jsonl"


def record(lake: Path, *, command: str, kind: str, entity: str, dt: date, hits: int) -> None:
    """Append a line; what was asked for must not be shown before this has returned.

    Args:
        lake: the lake.
        command: `find` or `reveal`.
        kind: entity kind, or `account`.
        entity: pseudonym, or the account's id; never a raw value.
        dt: the date asked about.
        hits: how much was found.

    Raises:
        StorageError: the log cannot be written.
    """
    line = {
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "user": _user(),
        "command": command,
        "kind": kind,
        "pseudonym": entity,
        "date": str(dt),
        "hits": hits,
    }
    content = (json.dumps(line) + "\n").encode()
    path = lake / ACCESS_LOG
    with storage(f"access log {path} cannot be written, so nothing is shown"):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            written = os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if written < len(content):
        raise StorageError(
            f"access log {path} cannot be written, so nothing is shown",
            found="part of a line",
            allowed="a disk with room",
            do="make room, then ask again",
        )


def _user() -> str:
    """The machine's account, whatever the environment says."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
