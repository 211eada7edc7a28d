"""Several questions in one request.

{"requests":  [{"id", "headers": {"Prefer": …}, "body": {…}, "method": "POST", "path": "/query", "workspace"},
               {"id", "method": "GET", "path": "/query?query=…&timespan=…", "workspace"}, …]}
{"responses": [{"id", "status", "headers": {}, "body": {"tables": …} | {"error": …}}, …]}

They are answered one after the other, each within the budget of a question; one that fails does not stop the
others.
https://learn.microsoft.com/azure/azure-monitor/logs/api/batch-queries
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from gatelog.api.loganalytics.faults import Fault, bad_argument, fault_of, path_not_found
from gatelog.api.loganalytics.requests import Body, LogRequest, body_of_url, decoded, log_request
from gatelog.api.loganalytics.tables import open_answer
from gatelog.api.loganalytics.workspaces import Workspaces
from gatelog.api.principal import Principal
from gatelog.api.problems import log_failure
from gatelog.api.services import Services
from gatelog.errors import GatelogError

log = logging.getLogger("gatelog.api.loganalytics")

MEMBERS_MAX = 100
"""Questions of a batch: the service's own limit."""


class Member(msgspec.Struct):
    """One question of a batch."""

    id: str
    workspace: str
    body: msgspec.Raw = msgspec.Raw(b"null")
    headers: dict[str, str] | None = None
    path: str | None = None
    method: str | None = None


class Batch(msgspec.Struct):
    """The body of a batch."""

    requests: list[Member]


def read_batch(body: bytes) -> list[Member]:
    """The members of a batch. LogAnalyticsError 400 if it is none."""
    members: list[Member] = decoded(body, Batch).requests
    if not members or len(members) > MEMBERS_MAX:
        raise bad_argument(f"a batch has 1 to {MEMBERS_MAX} requests")
    if len({member.id for member in members}) < len(members):
        raise bad_argument("two requests of the batch have the same id")
    return members


@contextmanager
def open_batch(
    services: Services, principal: Principal, members: list[Member], workspaces: Workspaces, now: datetime
) -> Iterator[Iterator[bytes]]:
    """The answer piece by piece while the context lasts; blocks."""

    def pieces() -> Iterator[bytes]:
        separator = b'{"responses":['
        for member in members:
            yield separator
            yield from _response(services, principal, member, workspaces, now)
            separator = b","
        yield b"]}"

    yield pieces()


def _response(
    services: Services, principal: Principal, member: Member, workspaces: Workspaces, now: datetime
) -> Iterator[bytes]:
    try:
        asked = _asked(member, workspaces, now)
        with open_answer(services, principal, asked) as pieces:
            yield _head(member, 200)
            yield from pieces
    except GatelogError as error:
        fault = fault_of(error)
        if fault.status >= 500:
            log_failure(log, "a member of a batch", error)
        yield _failure(member, fault)
    yield b"}"


def _asked(member: Member, workspaces: Workspaces, now: datetime) -> LogRequest:
    path, _, parameters = (member.path or "/query").partition("?")
    method = (member.method or "").upper() or ("POST" if bytes(member.body) != b"null" else "GET")
    if path != "/query" or method not in {"GET", "POST"}:
        raise path_not_found(f"{method} {path}; a request of a batch is a POST or GET of /query")
    workspaces.check_all([member.workspace])
    headers = {name.lower(): value for name, value in (member.headers or {}).items()}
    values = dict(parse_qsl(parameters))
    body = body_of_url(values) if method == "GET" else decoded(member.body, Body)
    asked = log_request(body, headers.get("prefer", ""), now, values.get("timespan"))
    workspaces.check_all(asked.workspaces)
    return asked


def _head(member: Member, status: int) -> bytes:
    return b'{"id":%b,"status":%d,"headers":{},"body":' % (msgspec.json.encode(member.id), status)


def _failure(member: Member, fault: Fault) -> bytes:
    return _head(member, fault.status) + msgspec.json.encode({"error": fault.error()})
