"""What editors ask: which names there are, and what may follow at the cursor.

POST /complete   {"query", "position"?}  → {"start", "suggestions": [{"kind", "name", "text", …}]}
GET  /schema     the tables and saved functions that the caller's questions may name
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gatelog.api.azure_routes import AzureRoute
from gatelog.api.json_bodies import read_json
from gatelog.api.principal import Principal
from gatelog.api.problems import RequestError
from gatelog.api.services import Services
from gatelog.kql import Catalog, Table, complete

_EXAMPLE = '{"query": "Calls | ", "position": 8}'


class CompletionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /complete; without a position the cursor is at the end. Both count characters."""

    query: str
    position: int | None = None


class CompletionApi:
    """The endpoints for editors."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[BaseRoute]:
        """For the hub's application."""
        return [
            AzureRoute("/complete", self._guarded(self.complete), ["POST"]),
            AzureRoute("/schema", self._guarded(self.schema), ["GET"]),
        ]

    async def complete(self, request: Request, principal: Principal) -> Response:
        """What may follow at the cursor."""
        wanted = await read_json(request, CompletionBody, _EXAMPLE)
        catalog = self._services.questions.catalog(principal)
        position = len(wanted.query) if wanted.position is None else wanted.position
        if not 0 <= position <= len(wanted.query):
            raise RequestError(400, "bad_position", f"the position is not within 0 and {len(wanted.query)}")
        work = self._services.workers.run_for(principal, complete, wanted.query, position, catalog)
        return _json(await work)

    async def schema(self, _: Request, principal: Principal) -> Response:
        """The tables and saved functions of the caller's catalogue."""
        return _json(schema_of(self._services.questions.catalog(principal)))

    def _guarded(
        self, endpoint: Callable[[Request, Principal], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            return await endpoint(request, self._services.authenticator.authenticate(request))

        return guarded


def schema_of(catalog: Catalog) -> dict[str, Any]:
    """`{"tables": [{"name", "columns", "members"}], "functions": [{"name", "parameters", "body", …}]}`.

    `members` are the parts of JSON columns whose type is known.
    """
    tables = filter(None, map(catalog.find, catalog.names))
    return {"tables": [*map(_table, tables)], "functions": [one._asdict() for one in catalog.saved.values()]}


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "columns": [{"name": column.name, "type": column.type.value} for column in table.columns],
        "members": [
            {"column": column, "path": path, "type": target.type.value}
            for (column, path), target in table.paths.items()
        ],
    }


def _json(document: Any) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
