"""Which subscription a presented key belongs to.

Keys are held as SHA-256 digests only. A lookup hashes what was presented and looks the digest up in a
dictionary: what an attacker could time is the digest, which tells nothing about the key, so the comparison
leaks no more than a constant-time one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest_key(key: bytes) -> bytes:
    """The 32-byte digest under which a key is held."""
    return hashlib.sha256(key).digest()


class KeyRing:
    """All keys of all subscriptions."""

    __slots__ = ("_subscription_by_digest",)

    def __init__(self, entries: Iterable[tuple[bytes, str]]) -> None:
        """`entries`: (digest of the key, subscription name)."""
        self._subscription_by_digest = dict(entries)

    def find(self, key: bytes) -> str | None:
        """The subscription the key belongs to, or None."""
        return self._subscription_by_digest.get(hashlib.sha256(key).digest())

    def __len__(self) -> int:
        return len(self._subscription_by_digest)

    def __repr__(self) -> str:
        return f"KeyRing({len(self)} keys)"
