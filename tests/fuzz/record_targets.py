"""Fuzzed of the record:

seal       eight bytes that choose headers, kind and end; a request, two NULs, its answer  → a row that can be
           stored; nothing raises
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gatelog.model import Boot, EndReason, Exchange, OperationKind
from gatelog.provider import CapturedCall, Tokenizers, seal
from gatelog.store.calls import COLUMNS
from gatelog.testing.records import end_record, start_record

from .target import Target

TYPES = (
    b"application/json",
    b"text/event-stream",
    b"",
    b"text/plain; charset=utf-16",
    b"application/json; charset=latin-1",
    b"audio/mpeg",
    b"multipart/form-data; boundary=x",
)
CODINGS = (b"", b"gzip", b"deflate", b"zstd", b"gzip, zstd", b"br")
TARGETS_OF_CALLS = (
    "/v1/chat/completions",
    "/openai/deployments/a%20b/chat/completions?api-version=1&api-key=x",
    "/v1/responses",
    "/v1/embeddings",
    "/openai/threads/t/runs",
    "/v1/../x?%ff",
)
KINDS = (*(kind.value for kind in OperationKind), "?")
REASONS = tuple(EndReason)
STATUSES = (200, 0, 400, 503)
CHOICES = 8
SEPARATOR = b"\0\0"
ANSWERS = (
    b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"model":"m"}',
    b'{"id":"x","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}',
    b'{"error":{"code":"x","innererror":{"content_filter_result":{"hate":{"filtered":true}}}}}',
)
TOKENIZERS = Tokenizers()


def _picked(choices: tuple[Any, ...], byte: int) -> Any:
    return choices[byte % len(choices)]


def _captured(chosen: bytes, request: bytes, answer: bytes) -> CapturedCall:
    asked = [(b"Content-Type", _picked(TYPES, chosen[0])), (b"User-Agent", answer[:20])]
    came = [
        (b"Content-Type", _picked(TYPES, chosen[1])),
        (b"Content-Encoding", _picked(CODINGS, chosen[2])),
        (b"Content-Length", b"%d" % (len(answer) + chosen[7] % 2)),
        (b"x-ms-region", request[:8]),
    ]
    target, kind = _picked(TARGETS_OF_CALLS, chosen[3]), _picked(KINDS, chosen[4])
    status = _picked(STATUSES, chosen[5])
    start = start_record(1, body=b"", target=target, headers=asked, operation_kind=kind)
    end = end_record(
        1,
        body=b"",
        reason=_picked(REASONS, chosen[6]),
        status=status,
        backend_status=status,
        response_headers=came,
    )
    return CapturedCall(Boot("i", "b", 0, "v"), start, end, request, answer)


def run_seal(data: bytes) -> None:
    """No bytes can stop a call from being recorded, or its row from being stored."""
    if len(data) < CHOICES:
        return
    request, _, answer = data[CHOICES:].partition(SEPARATOR)
    exchange = seal(_captured(data[:CHOICES], request, answer), TOKENIZERS)
    assert exchange.content.request.size == len(request)
    assert exchange.content.response.size == len(answer)
    msgspec.convert(msgspec.to_builtins(exchange), Exchange)  # raises where a field is not of its type
    for column in COLUMNS:
        _check_cell(column.read(exchange))


def _check_cell(cell: Any) -> None:
    match cell:
        case str():
            cell.encode()
        case int():
            assert -(2**63) <= cell < 2**64
        case list() | tuple():
            for item in cell:
                _check_cell(item)


def all_of(streams: Iterable[bytes], bodies: Iterable[bytes]) -> tuple[Target, ...]:
    """The targets, begun from these streams of answers and these requests."""
    plain = [bytes([0, 0, 0, 0, 0, 0, 0, 0]) + body + SEPARATOR + ANSWERS[0] for body in bodies]
    answers = [bytes([0, 0, 0, n, n, n, n, n]) + b"{}" + SEPARATOR + body for n, body in enumerate(ANSWERS)]
    events = [bytes([0, 1, 0, n, n, 0, n, 0]) + b"{}" + SEPARATOR + body for n, body in enumerate(streams)]
    return (Target("seal", (*plain, *answers, *events), run_seal),)
