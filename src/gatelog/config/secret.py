"""Values that must not be seen: nothing here prints or pickles its content."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NoReturn

KEY_CHARACTERS_MIN = 8
KEY_CHARACTERS_MAX = 128
"""Length of a subscription key in characters: what API Management hands out, and what people chose there."""


class Secret:
    """Text that only `reveal()` gives back."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it where it is used, and keep no copy."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


class KeyDigest:
    """The SHA-256 of a subscription key: what is kept of it after reading. `digest` is 32 bytes."""

    __slots__ = ("digest",)

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    @classmethod
    def of(cls, key: str | bytes) -> KeyDigest:
        """Hash a key as a client presents it (text is taken as UTF-8)."""
        raw = key.encode() if isinstance(key, str) else key
        return cls(hashlib.sha256(raw).digest())

    def __repr__(self) -> str:
        return "KeyDigest(…)"  # a weak key can be guessed from its digest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyDigest):
            return NotImplemented
        return hmac.compare_digest(self.digest, other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)


class Dsn(str):
    """Where the store is. A plain string to its user, but its repr hides the password."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(re.sub(r"//[^/@]*@", "//…@", self))
