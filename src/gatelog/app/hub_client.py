"""Asking a running hub over HTTP."""

from __future__ import annotations

import http
import http.client
import os
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from gatelog.app.local_hubs import data_of
from gatelog.config import Address, load_hub_place
from gatelog.errors import GatelogError, KqlError, Place

DEFAULT_URL = "http://127.0.0.1:8081"
TOKEN_VARIABLE = "GATELOG_TOKEN"  # noqa: S105 - a name, not a token
TOKEN_FILE = "hub.token"  # noqa: S105 - likewise

ANSWER_TIMEOUT_S = 120.0
"""Twice the hub's own budget for a query: it, not we, should say that a query took too long."""

PIECE_BYTES = 64 * 1024
ERROR_BYTES_MAX = 4 * 1024
"""The end of an answer, kept to see why it broke off."""


class HubError(GatelogError):
    """The hub refused, or did not answer. `exit_code` 2: the question was wrong; 1: the hub is in trouble.

    `query_error` is what is wrong with the text of a query, where that is the reason.
    """

    def __init__(self, message: str, exit_code: int, query_error: KqlError | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.query_error = query_error


class HubClient:
    """A hub at a URL, and the token to sign in with ("" = none)."""

    def __init__(self, url: str, token: str = "") -> None:
        self._host, self._port, self._base_path, self._tls = _place(url)
        self.url = url
        self._token = token

    @classmethod
    def find(cls, url: str | None, config_path: Path | None, data: Path | None = None) -> HubClient:
        """The hub of `url`, of a configuration, or the default one; signed in with the local token."""
        place = load_hub_place(config_path) if config_path is not None else None
        found = url or (place.listen.url(tls=place.tls) if place is not None else DEFAULT_URL)
        directory = data or (place.data if place is not None else _data_behind(found))
        return cls(found, os.environ.get(TOKEN_VARIABLE) or _local_token(directory))

    def get(self, path: str, parameters: dict[str, str]) -> Any:
        """The JSON answer to GET."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return msgspec.json.decode(self._ask("GET", path + query, None))

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The raw answer to a JSON POST."""
        return self._ask("POST", path, msgspec.json.encode(body))

    @contextmanager
    def stream(self, path: str, body: dict[str, Any]) -> Iterator[Iterator[bytes]]:
        """The answer to a JSON POST as it comes; HubError where it breaks off."""
        with self._asked("POST", path, msgspec.json.encode(body)) as response:
            yield self._pieces(response)

    def _ask(self, method: str, target: str, body: bytes | None) -> bytes:
        with self._asked(method, target, body) as response:
            return b"".join(self._pieces(response))

    @contextmanager
    def _asked(self, method: str, target: str, body: bytes | None) -> Iterator[http.client.HTTPResponse]:
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        if body is not None:
            headers["content-type"] = "application/json"
        with closing(self._connection()) as connection:
            with self._reached():
                connection.request(method, self._base_path + target, body, headers)
                response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                with self._reached():
                    refusal = response.read()
                raise _refusal(response.status, refusal, bool(self._token))
            yield response

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise HubError(
                f"{self.url} shows a certificate that is not trusted here ({error.verify_message}): "
                "set SSL_CERT_FILE to a file with its authority, or have it renewed",
                1,
            ) from None
        except ssl.SSLError as error:
            raise HubError(
                f"what answers at {self.url} speaks no TLS ({error.reason}): "
                "the URL of a hub without `tls` begins with http://",
                1,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise HubError(
                f"no hub answers at {self.url} ({error}): start one with `gatelog run`, or name another with "
                "--hub; `gatelog query --data` reads a data directory that no hub has open",
                1,
            ) from None

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        end = b""
        try:
            while piece := response.read1(PIECE_BYTES):
                end = (end + piece)[-ERROR_BYTES_MAX:]
                yield piece
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException):
            reason = _reason(end)
            why = "" if reason else "; it may be over a budget: narrow it, or ask for json, which says why"
            raise HubError(f"the answer broke off{reason}: what came is not all there is{why}", 1) from None

    def _connection(self) -> http.client.HTTPConnection:
        connect = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        return connect(self._host, self._port, timeout=ANSWER_TIMEOUT_S)


def _place(url: str) -> tuple[str, int | None, str, bool]:
    """(host, port, path, whether by TLS) of a hub's URL; HubError if it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # brackets that do not close, a port that is no number
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise HubError(f"{url!r} is not an http(s) URL: write it as {DEFAULT_URL}", 2)
    return host, port, parts.path.rstrip("/"), parts.scheme == "https"


def _reason(end: bytes) -> str:
    """What the hub said at the end of a JSON answer that it could not finish."""
    _, mark, error = end.rpartition(b'],"error":')
    try:
        return f" ({msgspec.json.decode(error[:-1])['message']})" if mark else ""
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""


def _data_behind(url: str) -> Path | None:
    host, port, _, _ = _place(url)
    return data_of(port) if port and Address(host, port).is_loopback else None


def _local_token(data: Path | None) -> str:
    if data is None:
        return ""
    try:
        return (data / TOKEN_FILE).read_text().strip()
    except OSError:
        return ""  # no hub of this user keeps its data there; it may need no token


def _refusal(status: int, body: bytes, signed_in: bool) -> HubError:
    try:
        error = msgspec.json.decode(body)["error"]
        message, line, column, hint = (error.get(key) for key in ("message", "line", "column", "hint"))
        # A refusal of the Kusto API: its `message` is the same for all.
        message = error.get("@message", message)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        message, line, column, hint = f"the hub answered {status}", None, None, None
    if status in (401, 403) and not signed_in:
        hint = f"give --config (its data directory holds the local token), or set {TOKEN_VARIABLE}"
    if line and column:
        error_in_query = KqlError(message, place=Place(line, column), hint=hint or "")
        return HubError(str(error_in_query), 2 if status < 500 else 1, error_in_query)
    return HubError(f"{message}{f' ({hint})' if hint else ''}", 2 if status < 500 else 1)
