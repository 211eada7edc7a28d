"""The routes of Azure Data Explorer's REST API.

POST, GET  /v1/rest/query    a query, or a command that shows something (Grafana's way)  answer of version 1
POST, GET  /v2/rest/query    the same                                                   answer of version 2
POST       /v1/rest/mgmt     a management command                                       answer of version 1
POST       /v1/rest/ingest/{database}/{table}   rows for a table of the users' own
GET        /v1/rest/ping     is anybody there
any        /v1/rest/… · /v2 · /v2/rest/…    404

https://learn.microsoft.com/azure/data-explorer/kusto/api/rest
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gatelog.api.azure_routes import AzureRoute
from gatelog.api.kusto import v1, v2
from gatelog.api.kusto.answers import KustoAnswer, complete, failed
from gatelog.api.kusto.commands import Commands, Session, Source, is_command, pipe_of
from gatelog.api.kusto.context import RequestContext, request_context
from gatelog.api.kusto.faults import bad_request, method_not_allowed, no_endpoint
from gatelog.api.kusto.ingestion import Ingestion
from gatelog.api.kusto.query import QueryAnswer, open_answer
from gatelog.api.kusto.requests import (
    COMMAND_BODY_BYTES_MAX,
    QUERY_BODY_BYTES_MAX,
    KustoRequest,
    read_request,
)
from gatelog.api.kusto.sign_in import SignIn
from gatelog.api.principal import Principal
from gatelog.api.services import Services

Work = Callable[[Request, RequestContext, Principal], Awaitable[Response]]
Pieces = Generator[bytes, None, None]
Encode = Callable[[RequestContext, KustoRequest, QueryAnswer], Pieces]


class KustoApi:
    """The record as a Kusto database called `database`."""

    def __init__(self, services: Services, database: str) -> None:
        self._services = services
        self._database = database
        self._commands = Commands(services, database)
        self._ingestion = Ingestion(services, database, self._commands)

    def routes(self) -> list[BaseRoute]:
        """For the hub's application."""
        return [
            self._route("/v1/rest/query", self.query_v1, "GET", "POST"),
            self._route("/v2/rest/query", self.query_v2, "GET", "POST"),
            self._route("/v1/rest/mgmt", self.command, "POST"),
            self._route("/v1/rest/ingest/{database}/{table}", self._ingestion.stream, "POST"),
            AzureRoute("/v1/rest/ping", ping),
            *SignIn(self._services.authenticator).routes(),
            *(self._route(f"/{path}", nothing) for path in ("v1/rest", "v2", "v2/rest")),
            *(self._route(f"/{version}/rest/{{rest:path}}", nothing) for version in ("v1", "v2")),
        ]

    async def query_v1(self, request: Request, context: RequestContext, principal: Principal) -> Response:
        """A query, answered as one object."""
        asked = await read_request(request, self._database, QUERY_BODY_BYTES_MAX)
        return self._live(request, context, principal, asked, _v1)

    async def query_v2(self, request: Request, context: RequestContext, principal: Principal) -> Response:
        """A query, answered as frames."""
        asked = await read_request(request, self._database, QUERY_BODY_BYTES_MAX)
        return self._live(request, context, principal, asked, _v2)

    async def command(self, request: Request, context: RequestContext, principal: Principal) -> Response:
        """A management command; what follows a pipe is a query over its result."""
        asked = await read_request(request, self._database, COMMAND_BODY_BYTES_MAX)
        workers = self._services.workers
        session = Session(principal, asked, context.origin(asked.options.application))
        if await workers.run_for(principal, _is_piped, asked.text):
            return self._live(request, context, principal, asked, _v1)
        table = await workers.run_for(principal, self._commands.run, session)
        return complete(request, context, v1.command_answer(table))

    def _live(
        self,
        request: Request,
        context: RequestContext,
        principal: Principal,
        asked: KustoRequest,
        encode: Encode,
    ) -> Response:
        @contextmanager
        def opened() -> Iterator[Iterator[bytes]]:
            origin = context.origin(asked.options.application)
            with ExitStack() as stack:
                source = Source(asked.text)
                if is_command(asked.text):
                    source = stack.enter_context(self._commands.shown(Session(principal, asked)))
                answer = stack.enter_context(open_answer(self._services, principal, asked, source, origin))
                yield stack.enter_context(closing(encode(context, asked, answer)))

        return KustoAnswer(request, context, self._services.workers, principal, opened)

    def _route(self, path: str, work: Work, *methods: str) -> Route:
        """All methods come here, so that all refusals have this surface's own shape; none named: any."""

        async def endpoint(request: Request) -> Response:
            context = request_context(request.headers, self._services.questions.now())
            try:
                if methods and request.method not in methods:
                    raise method_not_allowed(request.method, methods)
                principal = self._services.authenticator.authenticate(request)
                return await work(request, context, principal)
            except Exception as error:  # noqa: BLE001 - every error has this surface's own shape
                return failed(request, context, error)

        return AzureRoute(path, endpoint)


def _is_piped(command: str) -> bool:
    """Whether a query follows a command; to find out takes time with a long one."""
    if not is_command(command):
        raise bad_request("a management command begins with a dot; queries go to /v2/rest/query")
    return bool(pipe_of(command))


def _v1(context: RequestContext, _: KustoRequest, answer: QueryAnswer) -> Pieces:
    return v1.query_answer(context, answer.tables, answer.consumption)


def _v2(context: RequestContext, asked: KustoRequest, answer: QueryAnswer) -> Pieces:
    return v2.query_frames(context, asked.options, answer.tables, answer.consumption)


async def nothing(request: Request, _: RequestContext, __: Principal) -> Response:
    """Another path of the API."""
    raise no_endpoint(request.url.path)


async def ping(_: Request) -> Response:
    """The service's own answer, without a database behind it; needs no token."""
    return PlainTextResponse("Pong!")
