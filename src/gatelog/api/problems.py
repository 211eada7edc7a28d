"""The one shape of an error: {"error": {"code", "message", "line", "column", "hint"}}.

400 the query          401 who are you          403 which name did you call us by
404 405 413 415        the request              408 413 over the query's budget     409 stopped
500 our defect         503 the store is away, or too much at once; Retry-After says when to come again
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatelog.errors import (
    GatelogError,
    KqlBudgetError,
    KqlCancelledError,
    KqlError,
    KqlSemanticError,
    KqlSyntaxError,
    KqlTimeoutError,
    KqlUnsupportedError,
    Place,
    StoreUnavailableError,
)

log = logging.getLogger("gatelog.api")

CHALLENGE = 'Bearer realm="gatelog"'
"""WWW-Authenticate of a 401 (RFC 6750)."""

RETRY_AFTER_S = 5
"""When a client that was turned away for the load, or found the store away, may come again."""

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'?")


class RequestError(GatelogError):
    """A request that is wrong before any query is looked at. `code` is a stable word."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint = status, code, message, hint

    @property
    def advice(self) -> str:
        """What is wrong and what may help."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


_KQL: tuple[tuple[type[KqlError], int, str], ...] = (
    (KqlTimeoutError, 408, "query_timeout"),
    (KqlBudgetError, 413, "query_budget"),
    (KqlCancelledError, 409, "query_cancelled"),
    (KqlSyntaxError, 400, "query_syntax"),
    (KqlUnsupportedError, 400, "query_unsupported"),
    (KqlSemanticError, 400, "query_semantic"),
    (KqlError, 400, "query"),
)


def problem(
    status: int,
    code: str,
    message: str,
    place: Place | None = None,
    *,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error answer."""
    line, column = place or (None, None)
    error = {"code": code, "message": message, "line": line, "column": column, "hint": hint or None}
    if status == 401:
        headers = {"www-authenticate": CHALLENGE}
    if status == 503:
        headers = {"retry-after": str(RETRY_AFTER_S)}
    return Response(
        msgspec.json.encode({"error": error}), status, headers=headers, media_type="application/json"
    )


def kql_problem(_: Request, error: Exception) -> Response:
    """The author of the query can do something about it."""
    assert isinstance(error, KqlError)
    status, code = next((status, code) for kind, status, code in _KQL if isinstance(error, kind))
    return problem(status, code, error.message, error.place, hint=error.hint)


def request_problem(_: Request, error: Exception) -> Response:
    """The client can do something about it."""
    assert isinstance(error, RequestError)
    return problem(error.status, error.code, error.message, hint=error.hint)


def http_problem(_: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: no such path, no such method."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, f"http_{error.status_code}", str(error.detail), headers=error.headers)


def store_problem(_: Request, error: Exception) -> Response:
    """The store is away (come back later), or it failed on a statement of ours (a defect)."""
    if isinstance(error, StoreUnavailableError):
        message = without_values(str(error))
        return problem(503, "store_unavailable", message, hint="try again later; nothing is lost meanwhile")
    log_failure(log, "the store", error)
    return problem(500, "store_failed", "the store failed on this query; the hub's log says more")


def without_values(text: str) -> str:
    """An engine's message without what it quotes: that may be a cell of the record."""
    return _QUOTED.sub("'…'", text)


def log_failure(log: logging.Logger, what: str, error: Exception) -> None:
    """Says that `what` failed: a known error by its text, without values; a defect with its traceback."""
    if isinstance(error, GatelogError):
        log.error("%s failed: %s", what, without_values(str(error)))
    else:
        log.error("%s failed", what, exc_info=error)


def defect(request: Request, error: Exception) -> Response:
    """A defect of ours; the details are in the log."""
    log_failure(log, f"{request.method} {request.url.path}", error)
    return problem(500, "internal", "this is a defect of gatelog; its log has the details")
