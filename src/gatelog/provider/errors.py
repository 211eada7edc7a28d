"""What the gateway answers instead of a backend, in the shape that Azure OpenAI clients understand.

    dated paths    {"error": {"code": …, "message": …}}
    v1 paths       {"error": {"code": …, "message": …, "param": null, "type": …}}

The SDK picks its exception by status, shows the body, and retries 408, 409, 429 and 5xx after `retry-after`
unless `x-should-retry` says no. Sources: Azure OpenAI "troubleshoot errors"; openai-python `_base_client`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from gatelog.model import Headers

_JSON: Headers = [(b"content-type", b"application/json")]


def _type_of(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def service_error(status: int, code: str, message: str, *, v1: bool = False, **extra: Any) -> bytes:
    """The JSON body of an error as Azure OpenAI writes it; `extra` members go into the error object."""
    error: dict[str, Any] = {"code": code, "message": message}
    if v1:
        error |= {"param": None, "type": _type_of(status)}
    return msgspec.json.encode({"error": error | extra})


class Refusal(NamedTuple):
    """One way in which the gateway itself answers a call.

    `name` is stable: it is the `error` of the record and a label of counters. `message` may hold `{detail}`.
    `retry_after_s`: when to come back; 0 = do not say. `retry`: whether the SDK should try again by itself
    (None = its own rule for the status).
    """

    name: str
    status: int
    code: str
    message: str
    retry_after_s: int = 0
    retry: bool | None = None

    def body(self, detail: str = "", *, v1: bool = False, **extra: Any) -> bytes:
        """The answer's JSON. `detail` fills the message's place for it."""
        message = self.message.replace("{detail}", detail).strip()
        return service_error(self.status, self.code, message, v1=v1, **extra)

    def headers(self) -> Headers:
        """The answer's headers, without content-length."""
        headers = list(_JSON)
        if self.retry_after_s:
            headers.append((b"retry-after", b"%d" % self.retry_after_s))
            headers.append((b"retry-after-ms", b"%d" % (self.retry_after_s * 1000)))
        if self.retry is not None:
            headers.append((b"x-should-retry", b"true" if self.retry else b"false"))
        return headers


_ACCESS_DENIED = (
    "Access denied due to {detail}. Make sure to provide a valid key for an active subscription "
    "and use a correct regional API endpoint for your resource."
)

_TABLE = (
    Refusal("missing_key", 401, "401", _ACCESS_DENIED.replace("{detail}", "missing subscription key")),
    Refusal(
        "invalid_key",
        401,
        "401",
        _ACCESS_DENIED.replace("{detail}", "invalid subscription key or wrong API endpoint"),
    ),
    Refusal(
        "conflicting_keys",
        401,
        "401",
        "Access denied due to different keys in one request ({detail}). Send the key in one place only.",
    ),
    Refusal("unknown_route", 404, "404", "Resource not found"),
    Refusal(
        "not_json",
        400,
        "BadRequest",
        "The request body is not JSON that every reader understands alike. {detail}",
    ),
    Refusal(
        "too_large", 413, "RequestEntityTooLarge", "The request body is over the limit of {detail} bytes."
    ),
    Refusal(
        "no_websocket",
        501,
        "NotImplemented",
        "WebSockets are not passed on here. Use WebRTC, or connect to the resource itself.",
        retry=False,
    ),
    Refusal(
        "internal_error", 500, "InternalServerError", "The gateway failed to handle this request. {detail}"
    ),
    Refusal(
        "bad_gateway",
        502,
        "BadGateway",
        "The backend's answer could not be used: {detail}",
        retry_after_s=1,
    ),
    Refusal(
        "no_backend",
        503,
        "ServiceUnavailable",
        "No backend could be reached. {detail}",
        retry_after_s=1,
    ),
    Refusal(
        "capture_unavailable",
        503,
        "capture_unavailable",
        "This call has to be recorded and the record cannot be written now; no backend was asked. Try again "
        "later.",
        retry_after_s=5,
    ),
    Refusal(
        "answer_not_recorded",
        503,
        "capture_unavailable",
        "The answer of this call has to be recorded and the record could not be written. Try again later.",
        retry_after_s=5,
    ),
    Refusal(
        "buffers_full",
        503,
        "ServiceUnavailable",
        "The gateway holds as many request bodies as it may. Try again shortly.",
        retry_after_s=1,
    ),
    Refusal("backend_timeout", 504, "GatewayTimeout", "The backend did not answer in time. {detail}"),
)

REFUSALS: dict[str, Refusal] = {refusal.name: refusal for refusal in _TABLE}
"""Every refusal of the gateway, by its stable name."""
