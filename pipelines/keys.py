"""Where a lake's key comes from: a file, the environment, or the file beside the lake."""

import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from graphkit.entities.keys import Key
from graphkit.errors import SettingsError
from pipelines.lake import key_id, storage

VARIABLE = "GRAPHKIT_KEY"
_FORM = "at least 32 hexadecimal digits"


def key_path(lake: Path) -> Path:
    """The file of a key that nobody named: beside the lake, so that its copies do not carry it."""
    place = lake.resolve()
    return place.with_name(f"{place.name}.key")


def load_key(
    lake: Path,
    key_file: Path | None = None,
    *,
    creating: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Key:
    """Load the key of a lake; make one where the lake is being made and none is given.

    Args:
        lake: the lake.
        key_file: file of the key, in hexadecimal; before the environment's GRAPHKIT_KEY, and that
            before the file beside the lake.
        creating: the lake is being made.
        report: told where a new key lies.

    Raises:
        SettingsError: the key is missing, open to others, not hexadecimal, or not the lake's.
        StorageError: the key file cannot be read or written.
    """
    path = key_file or key_path(lake)
    text = None if key_file else os.environ.get(VARIABLE)
    if text is not None:
        key = _parse(text, f"the key in {VARIABLE}")
    elif path.exists():
        key = _parse(_read(path), f"the key in {path}")
    elif creating and key_file is None:
        key = _make(path)
        report(f"made a new key in {path}: keep it, and keep it apart from the lake")
    else:
        raise SettingsError(
            f"the key of lake {lake} is missing",
            found=f"no file {path}" + ("" if key_file else f", and {VARIABLE} is not set"),
            allowed=f"a file of {_FORM} that only its owner can read (mode 0600)",
            do=f"name the file with --key, or set {VARIABLE}",
        )
    expected = key_id(lake)
    if expected is not None and key.id != expected:
        raise SettingsError(
            f"the key is not the one that lake {lake} was made with",
            found=f"key id {key.id}",
            allowed=f"key id {expected}",
            do=f"name the lake's own key with --key or {VARIABLE}, or make another lake with --out",
        )
    return key


def _read(path: Path) -> str:
    """The text of a key file that only its owner can read."""
    with storage(f"key file {path} cannot be read"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError(
                f"key file {path} is open to others",
                found=f"mode {mode:04o}",
                allowed="mode 0600",
                do=f"chmod 600 {path}",
            )
        return path.read_bytes().decode("ascii", "replace")


def _parse(text: str, what: str) -> Key:
    """The key that a text spells; the text itself never enters a message."""
    digits = text.strip()
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,}", digits):
        raise SettingsError(
            f"{what} cannot be used",
            found=f"{len(digits)} characters that are not {_FORM}",
            allowed=f"{_FORM}, an even number of them",
            do="restore the key, or let graphkit make one with a new lake",
        )
    return Key(bytes.fromhex(digits))


def _make(path: Path) -> Key:
    """Make a key and write it where only its owner can read it."""
    secret = secrets.token_bytes(32)
    with storage(f"key file {path} cannot be written"):
        draft = path.with_name(f".{path.name}.draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    return Key(secret)
