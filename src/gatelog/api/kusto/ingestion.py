"""Streaming ingestion: the body of a request becomes rows of a table, all of them or none.

POST /v1/rest/ingest/{database}/{table}?streamFormat=csv[&mappingName=…][&ignoreFirstRecord=true]

The service's streaming knows no `ignoreFirstRecord`, nor do its clients send it: it is for who posts files.

https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/streaming-ingest
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelog.api.bodies import coding_of, read_body, read_content
from gatelog.api.held_bodies import HeldBody, held_body
from gatelog.api.kusto import v1
from gatelog.api.kusto.answers import complete
from gatelog.api.kusto.commands import Commands, Scene, Session
from gatelog.api.kusto.context import RequestContext
from gatelog.api.kusto.faults import bad_request, forbidden
from gatelog.api.kusto.ingest import INGEST_BYTES_MAX, columns_of_cells, find_format, picks_of, text_of
from gatelog.api.kusto.options import Options
from gatelog.api.kusto.requests import KustoRequest, check_database, says_read_only
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Principal
from gatelog.api.services import Services
from gatelog.store import UserTable

_COLUMNS = columns_of(
    "ConsumedRecordsCount:long,UpdatePolicyStatus:string,UpdatePolicyFailureCode:string,"
    "UpdatePolicyFailureReason:string"
)


class Ingestion:
    """The endpoint; `database` is what the record is called."""

    def __init__(self, services: Services, database: str, commands: Commands) -> None:
        self._services = services
        self._database = database
        self._commands = commands

    async def stream(self, request: Request, context: RequestContext, principal: Principal) -> Response:
        """Take the rows of one request."""
        if "origin" in request.headers:
            # Data has no content type that a page of another origin would have to ask for.
            raise forbidden("web pages cannot bring data")
        check_database(request.path_params["database"], self._database)
        parameters = {name.lower(): value for name, value in request.query_params.items()}
        if parameters.get("sourcekind", "").lower() == "uri":
            raise bad_request("data is not fetched from elsewhere: send it as the body")
        session = Session(principal, KustoRequest("", Options(read_only=says_read_only(request)), {}))
        scene = self._commands.scene(session)
        scene.check_may_write()
        # Clients name gzip also of data that they did not pack: there its first bytes decide.
        read = read_content if coding_of(request) == "deflate" else read_body
        body = await read(request, INGEST_BYTES_MAX)
        table = await self._services.workers.run_for(
            principal, _ingest, scene, request.path_params["table"], parameters, body, held_body(request)
        )
        return complete(request, context, v1.command_answer(table))


def _ingest(scene: Scene, name: str, parameters: dict[str, str], body: bytes, held: HeldBody) -> CommandTable:
    scene.user_table(name)
    form = find_format(parameters.get("streamformat", ""))
    mapping = parameters.get("mappingname", "")
    skip_first = parameters.get("ignorefirstrecord", "").lower() == "true"

    def cells(table: UserTable) -> list[list[Any]]:
        picks = picks_of(table, form, mapping, "")
        text = text_of(body, scene.database, name, held)
        return columns_of_cells(scene.database, table, form, picks, text, skip_first=skip_first)

    count = scene.insert(name, cells)
    return CommandTable(_COLUMNS, [[count, "Inactive", "Unknown", None]])
