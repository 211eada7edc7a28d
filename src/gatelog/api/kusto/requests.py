"""A request as it came: which database, which text, which properties.

POST  {"db": "…", "csl": "…", "properties": {"Options": {…}, "Parameters": {…}}}
      `properties` is an object, or the JSON text of one; its members are spelled in any case
GET   ?db=…&csl=…&properties=…
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec
from starlette.requests import Request

from gatelog.api.bodies import decoded_aside, read_content
from gatelog.api.held_bodies import held_body
from gatelog.api.json_faults import json_fault
from gatelog.api.kusto.faults import bad_request, database_not_found
from gatelog.api.kusto.options import Options, read_options
from gatelog.api.questions import parameter_text

QUERY_BODY_BYTES_MAX = 2 * 2**20
"""Body of a query: its text has at most 256 Ki characters, which JSON may escape."""

COMMAND_BODY_BYTES_MAX = 16 * 2**20
"""Body of a command, which may bring data with it; more goes through streaming ingestion."""

DEFAULT_DATABASE_ALIAS = "netdefaultdb"
"""What clients say when their user names no database."""


VALUE_BYTES_MAX = 64 * 1024
"""JSON of a value that is no text: the name of a database, an option."""

Member: TypeAlias = str | msgspec.Raw
"""A member as it came: in a URL as text, in a body as JSON, which is not read before it is wanted."""


class KustoRequest(NamedTuple):
    """What was asked. `parameters` are the values of `declare query_parameters`, as KQL literals."""

    text: str
    options: Options
    parameters: Mapping[str, str]


async def read_request(request: Request, database: str, bytes_max: int) -> KustoRequest:
    """The request to `database` of this hub. KustoError 400, RequestError 400, 413, 415 if it is none, 503 if
    there is no room for it.
    """
    if request.method == "GET":
        asked = _asked(dict(request.query_params), database)
    else:
        asked = await decoded_aside(_posted, await _json_body(request, bytes_max), database)
        # The text is what stays: with one emoji in it a character takes four bytes.
        held_body(request).become(sys.getsizeof(asked.text))
    if says_read_only(request):
        asked = asked._replace(options=asked.options._replace(read_only=True))
    return asked


def says_read_only(request: Request) -> bool:
    """Whether a request forbids itself to change anything: the header `x-ms-readonly`, of any value."""
    return "x-ms-readonly" in request.headers


def _posted(body: bytes, database: str) -> KustoRequest:
    return _asked(_decoded(body, "the body"), database)


def _asked(document: Mapping[str, Member], database: str) -> KustoRequest:
    members = {name.lower(): value for name, value in document.items()}
    check_database(_value(members.get("db"), "db"), database)
    text = _value(members.get("csl"), "csl")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("the request has no query: csl is missing or empty")
    properties = _object(members.get("properties"), "properties")
    options = _object(properties.get("options"), "Options")
    parameters = _object(properties.get("parameters"), "Parameters")
    return KustoRequest(
        text,
        read_options({name: _value(value, name) for name, value in options.items()}),
        {name: _parameter(name, value) for name, value in parameters.items()},
    )


def check_database(name: object, database: str) -> None:
    """Whether a client means the one database that there is. KustoError 400 if not."""
    if name is not None and not isinstance(name, str):
        raise bad_request("db must be the name of a database")
    if (name or database).lower() not in {database.lower(), DEFAULT_DATABASE_ALIAS}:
        raise database_not_found(str(name))


async def _json_body(request: Request, bytes_max: int) -> bytes:
    """Only JSON by name is taken: a web page cannot send that to another origin without asking first."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_request("the body must be JSON: send Content-Type: application/json")
    return await read_content(request, bytes_max)


def _object(member: Member | None, what: str) -> dict[str, msgspec.Raw]:
    """An object, also as JSON text; its members in lower case, except those of Parameters, which are names
    of the query.
    """
    if isinstance(member, msgspec.Raw) and not _is_text(member):
        text = bytes(member)
    else:
        text = str(_value(member, what) or "").encode(errors="surrogatepass")
    if text in {b"", b"null"}:
        return {}
    value = _decoded(text, what)
    return value if what == "Parameters" else {name.lower(): one for name, one in value.items()}


def _value(member: Member | None, what: str) -> Any:
    """What a member says: a text of any length, another value if it is short, else None. Lists of lists take
    twenty times as much memory as their JSON, and nothing here is one.
    """
    if not isinstance(member, msgspec.Raw):
        return member
    if len(member) > VALUE_BYTES_MAX and not _is_text(member):
        return None
    return _read(member, Any, what)


def _is_text(member: msgspec.Raw) -> bool:
    return bytes(memoryview(member)[:1]) == b'"'


def _parameter(name: str, member: msgspec.Raw) -> str:
    """A text is a literal of the parameter's type; any other value stands as it is written."""
    if _is_text(member):
        return parameter_text(_value(member, name))
    return bytes(member).decode(errors="replace")


def _decoded(text: bytes, what: str) -> dict[str, msgspec.Raw]:
    value: dict[str, msgspec.Raw] = _read(text, dict[str, msgspec.Raw], f"{what} is not a JSON object")
    return value


def _read(text: bytes | msgspec.Raw, kind: Any, fault: str) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"{fault}: {json_fault(error)}") from error
