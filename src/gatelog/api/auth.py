"""Who may ask the hub. This is the one place that decides it; further kinds of token come here.

anonymous (loopback listener only)   any caller that calls us by a loopback name: a web page that has its own
                                     name resolve to 127.0.0.1 (DNS rebinding) does not
otherwise                            Authorization: Bearer <local token>, whoever can read data/hub.token
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Protocol

from starlette.requests import Request

from gatelog.api.problems import RequestError

TOKEN_FILE = "hub.token"  # noqa: S105 - a file name
TOKEN_BYTES = 32

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Authenticator(Protocol):
    """Decides on a request."""

    def check(self, request: Request) -> None:
        """Return, or raise RequestError (401, 403)."""


class Anonymous:
    """Everybody on this machine."""

    def __init__(self, hosts: frozenset[str] = _LOOPBACK_NAMES) -> None:
        self._hosts = hosts

    def check(self, request: Request) -> None:
        """The Host header must name this machine."""
        host = request.headers.get("host", "")
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if name.lower() not in self._hosts:
            raise RequestError(
                403,
                "wrong_host",
                f"this hub is not {name or 'nameless'}",
                "call it by 127.0.0.1 or localhost",
            )


class LocalToken:
    """Whoever can read the hub's token file."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def check(self, request: Request) -> None:
        """The bearer token must be the file's, compared in constant time."""
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(presented.strip().encode(), self._token):
            raise RequestError(
                401,
                "unauthorized",
                "a valid token is needed",
                f"send Authorization: Bearer with the content of {TOKEN_FILE} in the hub's data directory",
            )


def local_token(data: Path) -> str:
    """The token in `data`/hub.token, made at the first start: 256 random bits, readable by the owner only."""
    file = data / TOKEN_FILE
    try:
        token = file.read_text().strip()
    except FileNotFoundError:
        token = ""
    if token:
        return token
    token = secrets.token_urlsafe(TOKEN_BYTES)
    draft = file.with_name(f".{TOKEN_FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(token + "\n")
    draft.replace(file)
    return token
