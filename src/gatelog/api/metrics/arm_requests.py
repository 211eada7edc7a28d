"""What every request to Azure Resource Manager has: an api-version, and perhaps a JSON body."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from gatelog.api.bodies import read_content
from gatelog.api.json_faults import json_fault
from gatelog.api.metrics.faults import bad_request

BODY_BYTES_MAX = 256 * 1024
"""Body of a request: 50 resource ids, the parameters of one question, or a query over resources."""


def read_parameters(request: Request) -> dict[str, str]:
    """The query parameters, their names in lower case. MetricsError 400 without an api-version."""
    parameters = {name.lower(): value for name, value in request.query_params.items()}
    if not parameters.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise bad_request(message, "MissingApiVersionParameter")
    return parameters


async def read_object(request: Request) -> dict[str, Any]:
    """A JSON object, its names in lower case; nothing is an empty one. Only JSON by name is taken: a web page
    cannot send that to another origin without asking first. MetricsError 400; RequestError 400, 413, 415.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_request("the body must be JSON: send Content-Type: application/json")
    body = await read_content(request, BODY_BYTES_MAX)
    try:
        document = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body is not a JSON object: {json_fault(error)}") from error
    return {name.lower(): value for name, value in document.items()}
