"""The head of an answer: Azure's headers (azure-openai reference, section 2) and the framing of the body."""

from __future__ import annotations

import email.utils
import functools
from http import HTTPStatus
from urllib.parse import quote

from gatelog.simulator.answer import Answer
from gatelog.simulator.limits import Verdict
from gatelog.simulator.received import Received
from gatelog.simulator.route import Kind
from gatelog.simulator.script import Script

_ALWAYS = (
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
)


def fixed_head(
    kind: Kind, answer: Answer, script: Script, framing: str, length: int, *, coded: bool
) -> bytes:
    """Status line and the headers that are the same for every call; `length` is that of the body as sent."""
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"content-type: {answer.content_type}",
    ]
    lines += {
        "length": [f"content-length: {length}"],
        "chunked": ["transfer-encoding: chunked"],
        "close": ["connection: close"],
    }[framing]
    if coded:
        lines.append("content-encoding: gzip")
    if answer.stream:
        lines += ["cache-control: no-cache, must-revalidate", "x-accel-buffering: no"]
    if kind == "azure-openai":
        lines += [f"x-ms-region: {script.region}", "x-ms-rai-invoked: true"]
    if answer.model and kind == "azure-openai":
        lines.append(f"azureml-model-session: simulated-{answer.model}")
    lines += [f"{name}: {value}" for name, value in (*_ALWAYS, *answer.headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n"


def call_head(
    request_id: str, received: Received, verdict: Verdict | None, now_s: float, deployment: str
) -> bytes:
    """The headers of one call, and the empty line. `now_s` is Unix time."""
    lines = [
        f"apim-request-id: {request_id}",
        f"x-request-id: {request_id}",
        f"date: {_http_date(int(now_s))}",
    ]
    if verdict is not None:
        lines += [
            f"x-ratelimit-limit-requests: {verdict.limit_requests}",
            f"x-ratelimit-limit-tokens: {verdict.limit_tokens}",
            f"x-ratelimit-remaining-requests: {verdict.remaining_requests}",
            f"x-ratelimit-remaining-tokens: {verdict.remaining_tokens}",
        ]
    if deployment:
        lines.append(f"x-ms-deployment-name: {quote(deployment)}")
    if (client_id := received.header("x-ms-client-request-id")) is not None:
        lines.append(f"x-ms-client-request-id: {client_id}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


@functools.lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
