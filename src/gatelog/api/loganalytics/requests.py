"""A question as it came.

POST  {"query": "…", "timespan": "PT12H" | null, "workspaces": ["…"] | null}   further members change nothing
GET   ?query=…&timespan=…&workspaces=a,b
      Prefer: wait=30, include-statistics=true, include-render=true

https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request

from gatelog.api.bodies import decoded_aside, read_content
from gatelog.api.json_faults import json_fault
from gatelog.api.loganalytics.faults import bad_argument
from gatelog.api.timespan import Span, parse_timespan

BODY_BYTES_MAX = 4 * 2**20
"""Body of a request: a query has at most 256 Ki characters, and a batch has several."""

WAIT_S_MAX = 600
"""The longest wait that a client can ask for, in seconds: the service's own limit."""


class Preferences(NamedTuple):
    """What the header Prefer asks for; `wait` in seconds."""

    wait: int | None = None
    statistics: bool = False
    render: bool = False


class LogRequest(NamedTuple):
    """One question, its time limits already one; `workspaces` are asked beside the one of the path."""

    query: str
    timespan: Span | None
    workspaces: tuple[str, ...]
    preferences: Preferences


class Body(msgspec.Struct):
    """The body of a question."""

    query: str
    timespan: str | None = None
    workspaces: list[str] | None = None


async def read_request(request: Request, now: datetime) -> LogRequest:
    """The question in a request. LogAnalyticsError, RequestError 4xx; KqlSemanticError for a bad timespan."""
    parameters = request.query_params
    if request.method == "GET":
        body = body_of_url(parameters)
    else:
        body = await decoded_aside(decoded, await read_json(request), Body)
    return log_request(body, request.headers.get("prefer", ""), now, parameters.get("timespan"))


def body_of_url(parameters: Mapping[str, str]) -> Body:
    """The question in a URL's parameters, its timespan aside."""
    names = [name for name in parameters.get("workspaces", "").split(",") if name]
    return Body(parameters.get("query", ""), None, names)


def log_request(body: Body, prefer: str, now: datetime, timespan: str | None = None) -> LogRequest:
    """The question of `body`; a second `timespan` restricts it further."""
    if not body.query.strip():
        raise bad_argument("the request has no query")
    spans = [parse_timespan(text, now) for text in (body.timespan, timespan) if text]
    return LogRequest(body.query, _intersection(spans), tuple(body.workspaces or ()), preferences_of(prefer))


def preferences_of(header: str) -> Preferences:
    """RFC 7240, as far as the service knows it; unknown preferences are none."""
    pairs = (item.partition("=") for item in header.lower().split(","))
    values: Mapping[str, str] = {name.strip(): value.strip() for name, _, value in pairs}
    wait = values.get("wait", "")
    seconds = min(int(wait), WAIT_S_MAX) if wait.isascii() and wait.isdecimal() and len(wait) < 10 else 0
    return Preferences(
        seconds or None,
        values.get("include-statistics") == "true",
        values.get("include-render") == "true",
    )


async def read_json(request: Request) -> bytes:
    """The body. Only JSON by name is taken: a web page cannot send that to another origin without asking
    first.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_argument("the body must be JSON: send Content-Type: application/json")
    return await read_content(request, BODY_BYTES_MAX)


def decoded(body: bytes | msgspec.Raw, kind: type[Any]) -> Any:
    """The body as an instance of `kind`. LogAnalyticsError 400 if it is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_argument(f"the body is not what it should be: {json_fault(error, kind)}") from error


def _intersection(spans: Iterable[Span]) -> Span | None:
    limits = list(spans)
    if not limits:
        return None
    starts = [start for start, _ in limits if start is not None]
    ends = [end for _, end in limits if end is not None]
    return max(starts, default=None), min(ends, default=None)
