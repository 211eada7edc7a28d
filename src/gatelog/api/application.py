"""The hub's HTTP surface.

POST /query          {"query", "timespan"?, "parameters"?, "format"?: "json" | "csv" | "arrow" | "parquet",
                      "tables"?: "last" | "all"} → the answer
GET  /completeness   ?from=&to= (ISO 8601) → the proof that every accepted call is accounted for
GET  /metrics        Prometheus text
GET  /healthz        is the store there (needs no token)
POST /complete · GET /schema   for editors: `completion`
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gatelog.api.azure_routes import AzureRoute
from gatelog.api.completion import CompletionApi
from gatelog.api.encodings import JSON_BROKEN, MEDIA_TYPES, TABLES_BROKEN, Format
from gatelog.api.held_bodies import HeldBodies, HoldsBodies
from gatelog.api.json_bodies import read_json
from gatelog.api.live_answer import LiveAnswer, Opened
from gatelog.api.principal import Principal, Role
from gatelog.api.problems import (
    RequestError,
    defect,
    http_problem,
    kql_problem,
    request_problem,
    store_problem,
)
from gatelog.api.questions import Question, parameter_text
from gatelog.api.services import Services
from gatelog.api.timespan import parse_time
from gatelog.errors import KqlError, StoreError

_EXAMPLE = '{"query": "Calls | count"}, with "timespan" and "format" if wanted'

_FORMATS: Mapping[str, Format] = {
    **{media_type.partition(";")[0]: form for form, media_type in MEDIA_TYPES.items()},
    "application/*": "json",
    "*/*": "json",
}

Endpoint = Callable[[Request, Principal], Awaitable[Response]]


class QueryBody(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /query."""

    query: str
    timespan: str | None = None
    parameters: dict[str, Any] = {}
    format: Format | None = None
    tables: Literal["last", "all"] = "last"


class HubApi:
    """The endpoints of our own, and beside them those of each surface; `origins`: whose web pages may ask;
    `bodies`: what bodies of requests may take of the memory.
    """

    def __init__(
        self,
        services: Services,
        registry: CollectorRegistry,
        surfaces: Sequence[BaseRoute] = (),
        origins: Sequence[str] = (),
        bodies: HeldBodies | None = None,
    ) -> None:
        self._services = services
        self._registry = registry
        self._surfaces = tuple(surfaces)
        self._origins = tuple(origins)
        self._bodies = bodies or HeldBodies()
        self._looking: asyncio.Task[None] | None = None

    def application(self) -> Starlette:
        """The ASGI application."""
        application = Starlette(
            routes=[
                AzureRoute("/query", self._guarded(self.query), ["POST"]),
                AzureRoute("/completeness", self._guarded(self.completeness), ["GET"]),
                AzureRoute("/metrics", self._guarded(self.metrics), ["GET"]),
                AzureRoute("/healthz", self.healthz, ["GET"]),
                *CompletionApi(self._services).routes(),
                *self._surfaces,
            ],
            middleware=[*_for_pages_from(self._origins), Middleware(HoldsBodies, self._bodies)],
            exception_handlers={
                KqlError: kql_problem,
                RequestError: request_problem,
                StoreError: store_problem,
                HTTPException: http_problem,
                Exception: defect,
            },
        )
        # Kusto's clients follow no redirect, and one by our own name for us leads around a proxy.
        application.router.redirect_slashes = False
        return application

    async def query(self, request: Request, principal: Principal) -> Response:
        """Answer a KQL query."""
        wanted = await read_json(request, QueryBody, _EXAMPLE)
        form = wanted.format or _accepted(request.headers.get("accept", "*/*"))
        parameters = {name: parameter_text(value) for name, value in wanted.parameters.items()}
        question = Question(wanted.query, wanted.timespan, parameters)
        workers, questions = self._services.workers, self._services.questions
        if wanted.tables == "all":
            if form != "json":
                raise RequestError(
                    400, "bad_question", f"{form} has one table", "ask for all of them as json"
                )
            opened: Opened = partial(questions.json_of_all, principal, question)
            return LiveAnswer(workers, principal, opened, MEDIA_TYPES[form], broken=TABLES_BROKEN)
        opened = partial(questions.document, principal, question, form)
        broken = JSON_BROKEN if form == "json" else b""
        return LiveAnswer(workers, principal, opened, MEDIA_TYPES[form], broken=broken)

    async def completeness(self, request: Request, principal: Principal) -> Response:
        """Account for every call of the gateways that ran in a period."""
        if not principal.role.includes(Role.LOG):
            raise RequestError(
                403, "forbidden", f"{principal.name} may see metrics only", "role log is needed"
            )
        start, end = _time_ns(request, "from"), _time_ns(request, "to")
        if start is not None and end is not None and end < start:
            raise RequestError(400, "bad_period", "the period ends before it starts", "let from be before to")
        report = await self._services.workers.run(self._services.store().prove, start, end)
        return _json(report.to_dict())

    async def metrics(self, _: Request, __: Principal) -> Response:
        """The hub's own metrics."""
        return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})

    async def healthz(self, _: Request) -> Response:
        """200 if queries can be answered, else 503. Beside the questions, for a hub with much to do is not
        ill; one look at a time, however many ask.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._services.store().ping))
        await asyncio.shield(self._looking)
        return _json({"status": "ok"})

    def _guarded(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            return await endpoint(request, self._services.authenticator.authenticate(request))

        return guarded


def _for_pages_from(origins: Sequence[str]) -> list[Middleware]:
    """Lets pages of these origins ask (Fetch Standard, 3.2). Cookies are not used, so none are allowed."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            allow_private_network=True,
            expose_headers=("x-ms-client-request-id", "x-ms-activity-id", "retry-after"),
        )
    ]


def _json(document: Any) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


def _accepted(header: str) -> Format:
    """The format that an Accept header names first (RFC 9110 12.5.1, without weights)."""
    for item in header.split(","):
        kind = item.partition(";")[0].strip().lower()
        if kind in _FORMATS:
            return _FORMATS[kind]
    raise RequestError(
        406, "not_acceptable", "no accepted type is served here", f"accept one of {', '.join(_FORMATS)}"
    )


def _time_ns(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    return int(parse_time(text).timestamp() * 1e9)
