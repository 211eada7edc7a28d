"""A captured call, and the Exchange that it is sealed to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from gatelog.model import Attempt, Boot, Exchange, OperationKind
from gatelog.provider import CapturedCall, seal
from gatelog.provider.long_body import LongBody
from gatelog.testing.records import end_record, start_record

CORPUS = Path(__file__).parent / "corpus"
BOOT = Boot("gw-1", "boot-1", 1_000, "0.1.0", 42)
JSON = [(b"Content-Type", b"application/json")]
SSE = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi there"}], "user": "jane"}
ASKED_WIRE = json.dumps(ASKED).encode()
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}


class FakeCounter:
    """Counts characters: any figure that is not the backend's can be recognised."""

    def __init__(self, *, exact: bool = True) -> None:
        self.exact = exact
        self.models: list[str] = []

    def count_prompt(self, kind: OperationKind, model: str, request: dict[str, Any]) -> tuple[int, bool]:
        self.models.append(model)
        return 1000, self.exact

    def count_completion(self, kind: OperationKind, model: str, response: dict[str, Any]) -> tuple[int, bool]:
        return sum(len(choice["message"]["content"] or "") for choice in response.get("choices", [])), True


START = start_record(
    7,
    request_id="req-7",
    received_at_ns=5_000,
    client_ip="10.0.0.9",
    headers=[
        (b"Content-Type", b"application/json"),
        (b"User-Agent", b"sdk/1"),
        (b"x-conversation-id", b"c-1"),
        (b"api-key", b"leaked"),
    ],
    tls_version="TLSv1.3",
    deployment="prod",
    target="/openai/deployments/prod/chat/completions?api-version=2024-10-21",
    body=b"",
)
END = end_record(
    7,
    response_headers=[*JSON, (b"x-ms-region", b"East US"), (b"apim-request-id", b"a-1")],
    body=b"",
    attempts=[Attempt("east", "answered", 200, 10, 20)],
    request_complete_ns=5,
    sent_ns=10,
    first_byte_ns=20,
    first_token_ns=0,
    last_byte_ns=30,
    done_ns=35,
)


def sealed(
    response: bytes,
    *,
    request: bytes | LongBody = ASKED_WIRE,
    start: dict[str, Any] | None = None,
    end: dict[str, Any] | None = None,
    counter: FakeCounter | None = None,
) -> Exchange:
    captured = CapturedCall(
        BOOT,
        msgspec.structs.replace(START, **(start or {})),
        msgspec.structs.replace(END, **(end or {})),
        request,
        response,
    )
    return seal(captured, counter or FakeCounter())


def stream(name: str) -> bytes:
    return (CORPUS / name).read_bytes()
