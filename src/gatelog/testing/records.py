"""Ready-made captured records and Exchanges: a plain successful chat call, of which a test changes what it is
about.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from gatelog.model import (
    Attempt,
    Body,
    Call,
    Caller,
    CallId,
    Content,
    End,
    EndReason,
    EndRecord,
    Exchange,
    Operation,
    OperationKind,
    PathFamily,
    Route,
    Start,
    Timing,
    Usage,
    UsageSource,
)

RECEIVED_AT_NS = 1_790_000_000_123_456_700
"""2026-09-21T14:13:20.1234567Z."""

REQUEST = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is a spool?"}]}
RESPONSE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-11-20",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "A durable journal."},
        }
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
}
TARGET = "/openai/deployments/chat/chat/completions?api-version=2024-10-21"
OPERATION = Operation(
    "chatcompletions_create",
    OperationKind.CHAT,
    PathFamily.DEPLOYMENT,
    "chat/completions",
    "chat",
    "2024-10-21",
)


def chat_exchange(sequence: int = 1, *, instance: str = "here", boot: str = "b1", **changes: Any) -> Exchange:
    """A chat call that succeeded; `changes` replace members of the Exchange."""
    request, response = json.dumps(REQUEST), json.dumps(RESPONSE)
    exchange = Exchange(
        id=CallId(instance, boot, sequence),
        request_id=f"request-{sequence}",
        timing=Timing(
            received_at_ns=RECEIVED_AT_NS + sequence * 1_000_000_000,
            request_complete_ns=1_000_000,
            sent_ns=2_000_000,
            first_byte_ns=302_000_000,
            first_token_ns=352_000_000,
            last_byte_ns=1_002_000_000,
            done_ns=1_003_000_000,
        ),
        caller=Caller(
            "203.0.113.7", "10.0.0.1", "team-a", "default", "api-key", "ada", "sdk/1", "c1", "header"
        ),
        call=Call("POST", TARGET, OPERATION, "1.1", "1.3", "gpt-4o", "gpt-4o-2024-11-20", False, {"n": 1}),
        route=Route(
            "east",
            "http://east/openai",
            "East US",
            (Attempt("east", "answered", 200, 2_000_000, 302_000_000),),
            {"apim-request-id": "upstream-1", "x-ratelimit-limit-requests": "60"},
        ),
        content=Content(
            {"content-type": "application/json"},
            {"x-ms-region": "East US"},
            Body(request, len(request), "a" * 64),
            Body(response, len(response), "b" * 64),
            ("stop",),
            {},
            "gpt-4o-2024-11-20",
            12,
            5,
            17,
        ),
        usage=Usage(UsageSource.REPORTED, 12, 5, 17, 4, 0),
        end=End(EndReason.COMPLETE, 200, 200, "", "", len(request), len(response), "required"),
    )
    return msgspec.structs.replace(exchange, **changes)


def refused_exchange(sequence: int = 1, **changes: Any) -> Exchange:
    """A call that the gateway answered itself: no backend, no usage, an error."""
    reply = '{"error":{"code":"401","message":"Access denied"}}'
    exchange = chat_exchange(sequence)
    return msgspec.structs.replace(
        exchange,
        timing=Timing(exchange.timing.received_at_ns, request_complete_ns=1_000_000, done_ns=2_000_000),
        route=Route(),
        content=Content({}, {}, exchange.content.request, Body(reply, len(reply), "c" * 64)),
        usage=Usage(),
        end=End(EndReason.REFUSED, 401, None, "invalid_key", "Access denied", 10, len(reply), "required"),
        **changes,
    )


def start_record(sequence: int, *, body: bytes | None = None, **changes: Any) -> Start:
    """The Start of a chat call."""
    start = Start(
        sequence=sequence,
        request_id=f"request-{sequence}",
        received_at_ns=RECEIVED_AT_NS + sequence * 1_000_000_000,
        client_ip="203.0.113.7",
        peer_ip="10.0.0.1",
        method="POST",
        target=TARGET,
        headers=[(b"content-type", b"application/json")],
        http_version="1.1",
        tls_version="",
        subscription="team-a",
        product="default",
        credential="api-key",
        operation_id="chatcompletions_create",
        operation_kind="chat",
        family="deployment",
        deployment="chat",
        api_version="2024-10-21",
        capture="required",
        body=json.dumps(REQUEST).encode() if body is None else body,
    )
    return msgspec.structs.replace(start, **changes)


def end_record(sequence: int, *, body: bytes | None = None, **changes: Any) -> EndRecord:
    """The End of a chat call that succeeded."""
    end = EndRecord(
        sequence=sequence,
        reason=EndReason.COMPLETE,
        status=200,
        error="",
        backend="east",
        backend_url="http://east/openai",
        backend_status=200,
        response_headers=[(b"content-type", b"application/json")],
        body=json.dumps(RESPONSE).encode() if body is None else body,
        attempts=[Attempt("east", "answered", 200)],
        request_complete_ns=1_000_000,
        sent_ns=2_000_000,
        first_byte_ns=302_000_000,
        first_token_ns=352_000_000,
        last_byte_ns=1_002_000_000,
        done_ns=1_003_000_000,
        received_bytes=64,
        sent_bytes=256,
    )
    return msgspec.structs.replace(end, **changes)
