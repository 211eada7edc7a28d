"""Error answers in the words and shapes of Azure OpenAI and of OpenAI."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from gatelog.simulator.answer import Answer, Piece, json_answer
from gatelog.simulator.route import Kind, Route
from gatelog.simulator.script import Fault

_DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)
_MESSAGES = {
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The service is temporarily unable to process your request. Please try again later.",
}
_OPERATION_NAMES = {
    "chatcompletions_create": "ChatCompletions_Create",
    "completions_create": "Completions_Create",
    "embeddings_create": "Embeddings_Create",
}


def not_found() -> Answer:
    """No such path."""
    return json_answer({"error": {"code": "404", "message": "Resource not found"}}, status=404)


def denied(kind: Kind) -> Answer:
    """The key is missing or wrong."""
    if kind == "azure-openai":
        return json_answer({"error": {"code": "401", "message": _DENIED}}, status=401)
    return invalid("Incorrect API key provided.", code="invalid_api_key", status=401)


def unknown_deployment(kind: Kind, deployment: str) -> Answer:
    """The deployment (or model) does not exist on this resource."""
    if kind == "openai":
        message = f"The model `{deployment}` does not exist or you do not have access to it."
        return invalid(message, code="model_not_found", status=404)
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again."
    )
    return json_answer({"error": {"code": "DeploymentNotFound", "message": message}}, status=404)


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> Answer:
    """A request that the model's front end refuses: OpenAI's shape, which Azure passes on."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return json_answer({"error": error}, status=status)


def throttled(route: Route, retry_after_s: float, what: str = "token") -> Answer:
    """429 in the words of the reference, section 3.1; `what` is "token" or "call"."""
    operation = _OPERATION_NAMES.get(route.operation, route.operation)
    seconds = math.ceil(retry_after_s)
    message = (
        f"Requests to the {operation} Operation under Azure OpenAI API version {route.api_version or 'v1'}"
        f" have exceeded {what} rate limit of your current OpenAI S0 pricing tier. Please retry after "
        f"{seconds} seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further "
        "increase the default rate limit."
    )
    return _with_retry({"error": {"code": "429", "message": message}}, 429, retry_after_s)


def faulty(fault: Fault, route: Route) -> Answer:
    """The answer of a "status" fault."""
    if fault.status == 429 and not fault.message:
        return throttled(route, 1 if fault.retry_after_s is None else fault.retry_after_s)
    message = fault.message or _MESSAGES.get(fault.status, "The request failed.")
    return _with_retry(error_value(fault, message), fault.status, fault.retry_after_s)


def error_value(fault: Fault, message: str = "") -> dict[str, Any]:
    """The JSON of a fault: a body, or the data of an event inside a stream."""
    said = message or fault.message or _MESSAGES[500]
    return {"error": {"code": fault.code or str(fault.status), "message": said, "type": "server_error"}}


def _with_retry(value: dict[str, Any], status: int, retry_after_s: float | None) -> Answer:
    headers: tuple[tuple[str, str], ...] = ()
    if retry_after_s is not None:
        whole, precise = math.ceil(retry_after_s), round(retry_after_s * 1000)
        headers = (("retry-after", str(whole)), ("retry-after-ms", str(precise)))
    return Answer(status, (Piece(msgspec.json.encode(value), 0),), headers=headers)
