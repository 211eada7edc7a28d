"""Who may ask the hub. This is the one place that decides it.

    request ──► token ──► TokenSource, TokenSource, …  the first that knows it names the principal
                  │
                  └ none, and the hub is anonymous: everybody on this machine, if they call us by a
                    loopback name (a web page whose own name resolves to 127.0.0.1 does not: DNS rebinding)
                    and are no web page from elsewhere (whose browser says so)

A token comes as `Authorization: Bearer`, as the password of HTTP Basic, as `X-Api-Key` or as `api-key`: what
Microsoft's clients, Grafana and curl can be made to send. Sign-in by Entra will be one more TokenSource.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from starlette.requests import Request

from gatelog.api.held_bodies import CALLER_KEY
from gatelog.api.principal import ANONYMOUS, LOCAL, Principal, Role
from gatelog.api.problems import RequestError
from gatelog.config import HubTokenConfig, TokenDigest

TOKEN_FILE = "hub.token"  # noqa: S105 - a file name
TOKEN_BYTES = 32

_KEY_HEADERS = ("x-api-key", "api-key")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_OWN_SITES = frozenset({"same-origin", "none"})
_HINT = (
    "send a hub token as Authorization: Bearer; on the hub's machine, its data directory has one in "
    f"{TOKEN_FILE}"
)


class TokenSource(Protocol):
    """Knows some tokens."""

    def principal(self, token: str) -> Principal | None:
        """Whose token this is, or None."""


class LocalToken:
    """Whoever can read the hub's token file."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def principal(self, token: str) -> Principal | None:
        """The local user; compared in constant time."""
        return LOCAL if hmac.compare_digest(token.encode(), self._token) else None


class DeclaredTokens:
    """The tokens of the configuration, by the names that it gives them."""

    def __init__(self, tokens: Mapping[str, HubTokenConfig]) -> None:
        self._known = [
            (token.digest, Principal(name, Role(token.role), token.may_write))
            for name, token in tokens.items()
            if token.digest is not None
        ]

    def principal(self, token: str) -> Principal | None:
        """All are compared, each in constant time: how long it takes says nothing about any of them."""
        shown = TokenDigest.of(token)
        found = [principal for digest, principal in self._known if digest == shown]
        return found[0] if found else None


class Authenticator:
    """Names the principal behind a request. Where `anonymous`, a request without a known token is ANONYMOUS's
    if its Host is one of `hosts`.
    """

    def __init__(
        self,
        sources: Sequence[TokenSource],
        *,
        anonymous: bool = False,
        hosts: frozenset[str] = _LOOPBACK_NAMES,
    ) -> None:
        self._sources = tuple(sources)
        self._anonymous = anonymous
        self._hosts = hosts

    def authenticate(self, request: Request) -> Principal:
        """RequestError 401: no valid token; 403: an anonymous hub was called by another name."""
        principal = self._principal(request)
        request.scope[CALLER_KEY] = principal.name
        return principal

    def _principal(self, request: Request) -> Principal:
        tokens = set(_tokens(request))
        if len(tokens) > 1:
            raise RequestError(401, "unauthorized", "the request carries two different tokens", "send one")
        for token in tokens:
            principal = self.of_token(token)
            if principal is not None:
                return principal
        if not self._anonymous:
            what = "the token is not one of this hub's" if tokens else "a token is needed"
            raise RequestError(401, "unauthorized", what, _HINT)
        self._check_host(request)
        _check_site(request)
        return ANONYMOUS

    def of_token(self, token: str) -> Principal | None:
        """Whose token this is, or None."""
        found = (source.principal(token) for source in self._sources)
        return next((principal for principal in found if principal is not None), None)

    def _check_host(self, request: Request) -> None:
        host = request.headers.get("host", "")
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if name.lower() not in self._hosts:
            raise RequestError(
                403,
                "wrong_host",
                f"this hub is not {name or 'nameless'}",
                "call it by 127.0.0.1 or localhost",
            )


def _check_site(request: Request) -> None:
    """Browsers send a GET for any page; what it costs here is no page's to decide (Fetch Metadata, W3C)."""
    if request.headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise RequestError(403, "wrong_site", "web pages from elsewhere cannot ask this hub without a token")


def _tokens(request: Request) -> Iterator[str]:
    """Every token that a request carries, wherever it is."""
    for value in request.headers.getlist("authorization"):
        scheme, _, credentials = value.partition(" ")
        if scheme.lower() == "bearer":
            yield credentials.strip()
        elif scheme.lower() == "basic":
            yield _basic_password(credentials.strip())
    for name in _KEY_HEADERS:
        yield from map(str.strip, request.headers.getlist(name))


def _basic_password(credentials: str) -> str:
    """RFC 7617; the user name may be anything. What is not Basic is a password that nobody has."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


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
