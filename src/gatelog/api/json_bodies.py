"""The JSON bodies of our own endpoints for questions: a query in text, and what goes with it.

content type ─► bytes up to a limit ─► members as declared ─► a query that is not too long
     415        413, of codings 415, 400       400                     413
"""

from __future__ import annotations

from functools import partial
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import Request

from gatelog.api.bodies import decoded_aside, read_content
from gatelog.api.json_faults import json_fault
from gatelog.api.problems import RequestError
from gatelog.api.questions import QUERY_CHARACTERS_MAX

BODY_BYTES_MAX = 4 * QUERY_CHARACTERS_MAX + 1024
"""A character takes up to four bytes; what goes with a query is short."""


class Asking(Protocol):
    """A body with a query in it."""

    query: str


Body = TypeVar("Body", bound=Asking)


async def read_json(request: Request, shape: type[Body], example: str) -> Body:
    """The body as a `shape`; RequestError says what is wrong with it, and gives the example.

    Only JSON by name is taken: a web page cannot send that to another origin without asking first.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestError(415, "not_json", "the body must be application/json")
    body = await read_content(request, BODY_BYTES_MAX)
    return await decoded_aside(partial(_decoded, shape=shape, example=example), body)


def _decoded(body: bytes, *, shape: type[Body], example: str) -> Body:
    try:
        asked = msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, "bad_question", json_fault(error, shape), f"send {example}") from error
    if len(asked.query) > QUERY_CHARACTERS_MAX:
        raise RequestError(413, "too_large", f"a query has at most {QUERY_CHARACTERS_MAX} characters")
    return asked
