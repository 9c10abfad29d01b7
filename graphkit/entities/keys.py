"""Keyed pseudonyms: HMAC-SHA-256, a domain per field, cut to 64 bits.

64 bits keep links compact; among 10^8 entities of one kind the chance of any collision is
3 in 10,000 (birthday bound n^2 / 2^65).
"""

import hashlib
import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import SettingsError

_BLOCK = 64
_MIN_BYTES = 16


class Key:
    """The secret of a lake. Its text form never shows it.

    Args:
        secret: at least 16 bytes, not all equal.

    Raises:
        SettingsError: the secret is too short or trivial.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _MIN_BYTES or len(set(secret)) < 2:
            raise SettingsError(
                "the key is too weak",
                found=f"{len(secret)} bytes" if len(set(secret)) > 1 else "one byte repeated",
                allowed=f"at least {_MIN_BYTES} random bytes",
                do="let graphkit make the key, or take 32 bytes from a random source",
            )
        self._secret = secret
        self.id: str = self.derive("key id").hex()[:12]

    def __repr__(self) -> str:
        return f"Key(id={self.id!r})"

    @classmethod
    def random(cls) -> "Key":
        """Make a new key from the system's random source."""
        return cls(secrets.token_bytes(32))

    def derive(self, domain: str) -> bytes:
        """Return the 32-byte subkey of one domain, so that domains cannot be compared."""
        return _mac(self._secret, b"graphkit\0" + domain.encode())

    def pseudonyms(self, domain: str, values: Sequence[str]) -> NDArray[np.int64]:
        """Return HMAC-SHA-256 of each value under the domain's subkey, its first 8 bytes.

        Args:
            domain: the field, for example `"ip"`.
            values: canonical texts, shape (n,); hand in distinct ones, the cost is per value.

        Returns:
            shape (n,), int64.
        """
        inner, outer = _pads(self.derive(domain))

        def mac(value: str) -> bytes:
            first, second = inner.copy(), outer.copy()
            # A lone surrogate cannot come from Arrow; from Python it must not stop a run.
            first.update(value.encode("utf-8", "surrogatepass"))
            second.update(first.digest())
            return second.digest()[:8]

        return np.frombuffer(b"".join(map(mac, values)), dtype="<i8").astype(np.int64)


def _pads(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """The two half-done hashes of RFC 2104, ready to copy: half the cost of `hmac.digest`."""
    block = key.ljust(_BLOCK, b"\0")
    return (
        hashlib.sha256(bytes(byte ^ 0x36 for byte in block)),
        hashlib.sha256(bytes(byte ^ 0x5C for byte in block)),
    )


def _mac(key: bytes, message: bytes) -> bytes:
    inner, outer = _pads(key if len(key) <= _BLOCK else hashlib.sha256(key).digest())
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()
