"""Where files are: a local folder, or any store that pyarrow knows by its address."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from graphkit.errors import StorageError, UsageError
from graphkit.settings import Form

FORMS: Mapping[str, Form] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".ndjson.gz": "jsonl",
    ".json": "jsonl",
    ".json.gz": "jsonl",
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# What a Path makes of an address.
_SWALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class File:
    """One file where it lies.

    Attributes:
        filesystem: what opens it.
        path: its path there.
        shown: how messages call it.
        form: what it is; None where nothing says.
    """

    filesystem: fs.FileSystem
    path: str
    shown: str
    form: Form | None

    def open(self) -> pa.NativeFile:
        """The file's bytes, from any place of it."""
        return self.filesystem.open_input_file(self.path)

    def stream(self) -> Any:
        """The bytes in order, unpacked; untyped, as the stubs know no stream as a CSV's source."""
        compression: Any = "gzip" if self.path.endswith(".gz") else None
        return self.filesystem.open_input_stream(self.path, compression=compression)

    def size(self) -> int:
        """How many bytes it has, packed as it is; 0 where it is not there any more.

        Raises:
            StorageError: the store cannot be reached.
        """
        with _reached(self.shown):
            return self.filesystem.get_file_info(self.path).size or 0

    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal.

        Raises:
            StorageError: it cannot be read now.
        """
        digest = hashlib.sha256()
        with _reached(self.shown), self.open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


@dataclass(frozen=True)
class Entry:
    """What a folder holds under a name.

    Attributes:
        path: below the place.
        is_file: whether it is a file.
    """

    path: str
    is_file: bool

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Place:
    """A folder of a filesystem.

    Attributes:
        filesystem: the filesystem.
        root: the folder's path there.
        shown: how messages call the folder; never with a credential.
    """

    filesystem: fs.FileSystem
    root: str
    shown: str

    def file(self, path: str, form: Form | None = None) -> File:
        """The file at a path below the place; its name says its form where nothing else does."""
        shown = f"{self.shown}/{path}"
        return File(self.filesystem, f"{self.root}/{path}", shown, form or form_of(path))

    def kind(self, path: str = "") -> str:
        """What there is at a path: "a folder", "a file" or "nothing".

        Raises:
            StorageError: the store cannot be reached.
        """
        with _reached(self.shown):
            info = self.filesystem.get_file_info(f"{self.root}/{path}".rstrip("/") or "/")
        kinds = {fs.FileType.Directory: "a folder", fs.FileType.NotFound: "nothing"}
        return kinds.get(info.type, "a file")

    def entries(self, path: str = "", *, deep: bool = False) -> list[Entry]:
        """What a folder holds, by path; nothing where it is not there.

        Args:
            path: a folder below the place.
            deep: whether what lies in its folders is listed too.

        Raises:
            StorageError: the store cannot be reached.
        """
        folder = f"{self.root}/{path}".rstrip("/") or "/"
        with _reached(self.shown):
            selector = fs.FileSelector(folder, allow_not_found=True, recursive=deep)
            infos = self.filesystem.get_file_info(selector)
        # Stores differ in whether their paths start with a slash.
        start = len(self.root.strip("/")) + 1 if self.root.strip("/") else 0
        entries = [
            Entry(info.path.strip("/")[start:], info.type == fs.FileType.File) for info in infos
        ]
        if isinstance(self.filesystem, fs.LocalFileSystem):
            entries += [Entry(lost.strip("/")[start:], True) for lost in _lost(folder, deep)]
        return sorted(entries, key=lambda entry: entry.path)


def _lost(folder: str, deep: bool) -> Iterator[str]:
    """Links that lead nowhere: listings leave them out, and a table would be missed in silence."""
    for inside, _, names in os.walk(folder):
        paths = (os.path.join(inside, name) for name in names)
        yield from (path for path in paths if not os.path.exists(path))
        if not deep:
            return


def open_place(address: Path | str) -> Place:
    """Reach a folder.

    Args:
        address: a local folder, or an address as `s3://bucket/folder`.

    Raises:
        UsageError: nobody knows that kind of address, or it is a Path, which spoils it.
        StorageError: the store cannot be reached.
    """
    text = str(address)
    if isinstance(address, Path) and _SWALLOWED.match(text) and not os.path.exists(text):
        raise UsageError(
            f"{_without_secrets(text.replace(':/', '://', 1))} is an address, and no Path",
            found="a Path, which swallows a slash of it",
            allowed="a local folder, or an address as a text",
            do='hand it in as a text: "s3://bucket/folder"',
        )
    if not _ADDRESS.match(text):
        return Place(fs.LocalFileSystem(), os.path.abspath(text), text.rstrip("/") or "/")
    shown = _without_secrets(text)
    try:
        with _reached(shown, _secrets(text)):
            filesystem, root = fs.FileSystem.from_uri(text)
    except (pa.ArrowInvalid, ImportError, ValueError):
        raise UsageError(
            f"{shown} is no address that is known here",
            found=f"an address of the kind {text.partition('://')[0]}",
            allowed="a local folder, or an address that pyarrow knows: s3://, gs://, hdfs://, "
            "abfs://, file://",
            do="correct the address, or install what its kind needs",
        ) from None
    return Place(filesystem, root.rstrip("/"), shown)


def local_file(path: Path) -> File:
    """A local file."""
    return File(fs.LocalFileSystem(), os.path.abspath(path), str(path), form_of(path.name))


def form_of(name: str) -> Form | None:
    """What a file's name says that it is; None where it says nothing that is read."""
    return next((form for suffix, form in FORMS.items() if name.endswith(suffix)), None)


@contextmanager
def _reached(shown: str, secrets: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn a store's failure into our error, without what its address held of credentials."""
    try:
        yield
    except pa.ArrowInvalid:
        raise
    except (OSError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        for secret in secrets:
            reason = reason.replace(secret, "...")
        raise StorageError(
            f"{shown} cannot be reached",
            found=reason[:300],
            allowed="a folder or store that this user can list and read",
            do="check the address, the network and the credentials, then try again",
        ) from None


def _secrets(address: str) -> tuple[str, ...]:
    """Every part of an address that may be a credential, as written and decoded."""
    parts = urlsplit(address)
    found = [*re.split("[:@]", parts.netloc.rpartition("@")[0]), parts.query]
    found += [value for _, value in parse_qsl(parts.query)]
    return tuple({text for part in found for text in (part, unquote(part)) if text})


def _without_secrets(address: str) -> str:
    """An address without user, password and options."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
