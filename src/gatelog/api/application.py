"""The hub's HTTP surface.

POST /query          {"query", "timespan"?, "format"?: "json" | "csv"} → the answer
GET  /completeness   ?from=&to= (ISO 8601) → the proof that every accepted call is accounted for
GET  /metrics        Prometheus text
GET  /healthz        is the store there (needs no token)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatelog.api.answer import QUERY_CHARACTERS_MAX, answer_query
from gatelog.api.auth import Authenticator
from gatelog.api.problems import (
    RequestError,
    defect,
    http_problem,
    kql_problem,
    request_problem,
    store_problem,
)
from gatelog.api.timespan import parse_time
from gatelog.api.workers import Workers
from gatelog.errors import KqlError, StoreError
from gatelog.model import Clock
from gatelog.store import Store

QUESTION_BYTES_MAX = 4 * QUERY_CHARACTERS_MAX
"""Body of POST /query: a character takes up to four bytes."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /query."""

    query: str
    timespan: str | None = None
    format: Literal["json", "csv"] = "json"


class HubApi:
    """The endpoints. `store` gives the store, or raises StoreUnavailableError while it is away."""

    def __init__(
        self,
        store: Callable[[], Store],
        workers: Workers,
        authenticator: Authenticator,
        registry: CollectorRegistry,
        clock: Clock,
    ) -> None:
        self._store = store
        self._workers = workers
        self._authenticator = authenticator
        self._registry = registry
        self._clock = clock

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/query", self._guarded(self.query), methods=["POST"]),
                Route("/completeness", self._guarded(self.completeness), methods=["GET"]),
                Route("/metrics", self._guarded(self.metrics), methods=["GET"]),
                Route("/healthz", self.healthz, methods=["GET"]),
            ],
            exception_handlers={
                KqlError: kql_problem,
                RequestError: request_problem,
                StoreError: store_problem,
                HTTPException: http_problem,
                Exception: defect,
            },
        )

    async def query(self, request: Request) -> Response:
        """Answer a KQL query."""
        question = _question(request.headers.get("content-type", ""), await _body(request))
        store, now = self._store(), self._now()

        def work() -> Response:
            answer = answer_query(store, question.query, now=now, timespan=question.timespan)
            if question.format == "csv":
                return Response(answer.to_csv(), media_type="text/csv")
            return Response(answer.to_json(), media_type="application/json")

        return await self._workers.run(work)

    async def completeness(self, request: Request) -> Response:
        """Account for every call of the gateways that ran in a period."""
        start, end = _time_ns(request, "from"), _time_ns(request, "to")
        report = await self._workers.run(self._store().prove, start, end)
        return _json(report.to_dict())

    async def metrics(self, _: Request) -> Response:
        """The hub's own metrics."""
        return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})

    async def healthz(self, _: Request) -> Response:
        """200 if queries can be answered, else 503."""
        await self._workers.run(self._store().ping)
        return _json({"status": "ok"})

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            self._authenticator.check(request)
            return await endpoint(request)

        return guarded

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)


def _json(document: Any) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > QUESTION_BYTES_MAX:
            raise RequestError(413, "too_large", f"a question has at most {QUESTION_BYTES_MAX} bytes")
    return bytes(body)


def _question(content_type: str, body: bytes) -> Question:
    """Only JSON by name is taken: a web page cannot send that to another origin without asking first."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RequestError(415, "not_json", "the body must be application/json")
    try:
        question = msgspec.json.decode(body, type=Question)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = 'send {"query": "Calls | count"}, with "timespan" and "format" if wanted'
        raise RequestError(400, "bad_question", str(error), hint) from error
    if len(question.query) > QUERY_CHARACTERS_MAX:
        raise RequestError(413, "too_large", f"a query has at most {QUERY_CHARACTERS_MAX} characters")
    return question


def _time_ns(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    # In a URL a plus sign means a space: "+02:00" usually arrives as " 02:00".
    return int(parse_time(text.replace(" ", "+") if "T" in text else text).timestamp() * 1e9)
