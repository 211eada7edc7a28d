"""Hub tokens: `glh_<id>_<secret>`, and what is kept of one after reading.

glh_   what it is: people and secret scanners can tell
id     8 hexadecimal digits: which one it is; not secret
secret 64 hexadecimal digits: 256 random bits, so that one round of SHA-256 hides it
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

ID_BYTES = 4
SECRET_BYTES = 32

_TOKEN = re.compile(r"glh_([0-9a-f]{8})_[0-9a-f]{64}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE | re.ASCII)


def new_token() -> str:
    """A token that nobody had before."""
    return f"glh_{secrets.token_hex(ID_BYTES)}_{secrets.token_hex(SECRET_BYTES)}"


class TokenDigest:
    """The SHA-256 of a token. `id` is the token's, or "" where only its hash was written down."""

    __slots__ = ("_digest", "id")

    def __init__(self, digest: bytes, id: str = "") -> None:
        self._digest = digest
        self.id = id

    @classmethod
    def of(cls, token: str) -> TokenDigest:
        """Of any text that a client presents."""
        return cls(hashlib.sha256(token.encode()).digest())

    @classmethod
    def of_token(cls, text: str) -> TokenDigest:
        """Of a token as `new_token` makes them; ValueError if it is none."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise ValueError("not a hub token")
        return cls(hashlib.sha256(text.encode()).digest(), match[1])

    @classmethod
    def parse(cls, text: str) -> TokenDigest:
        """Of its hash, `sha256:` and 64 hexadecimal digits; ValueError if it is none."""
        match = _HASH.fullmatch(text)
        if match is None:
            raise ValueError("not a hash")
        return cls(bytes.fromhex(match[1]))

    @property
    def text(self) -> str:
        """The hash as `parse` reads it."""
        return f"sha256:{self._digest.hex()}"

    def __repr__(self) -> str:
        return "TokenDigest(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenDigest):
            return NotImplemented
        return hmac.compare_digest(self._digest, other._digest)

    def __hash__(self) -> int:
        return hash(self._digest)
