"""The tokens of a sealed call: reported, injected, counted or estimated, and never made up."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gatelog.model import (
    EndReason,
    Exchange,
    Usage,
    UsageSource,
)
from gatelog.provider import CapturedCall, Tokenizers, seal

from .captured import ANSWER, ASKED, BOOT, END, SSE, START, FakeCounter, sealed, stream

RESPONSES = {
    "target": "/openai/v1/responses",
    "operation_id": "createresponse",
    "operation_kind": "other",
    "deployment": "",
}
LEFT = {"reason": EndReason.CLIENT_ABORT}
CRASHED = {"reason": EndReason.GATEWAY_CRASH, "status": 0, "backend_status": 0, "response_headers": []}


@pytest.mark.parametrize(("exact", "source"), [(True, UsageSource.COUNTED), (False, UsageSource.ESTIMATED)])
def test_a_stream_that_the_client_left_is_counted_with_the_text_so_far(
    exact: bool, source: UsageSource
) -> None:
    wire = stream("chat_azure.sse")
    cut = wire[: wire.index(" 東京".encode()) + 2]
    counter = FakeCounter(exact=exact)
    end = {"response_headers": SSE, "reason": EndReason.CLIENT_ABORT}
    exchange = sealed(cut, end=end, counter=counter)
    assert exchange.usage == Usage(source, 1000, len("Grüße aus"), 1000 + len("Grüße aus"))
    assert (
        exchange.content.response.note == "not valid utf-8; truncated stream; 1 events not readable as JSON"
    )
    assert exchange.content.reported_prompt_tokens is None
    assert counter.models == ["gpt-4o-2024-08-06"]


def cut_response(request: dict[str, Any], *, end: dict[str, Any], background: bool = False) -> Exchange:
    """A stream of the Responses API that broke off before its usage came."""
    created = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-4o",
        "output": [],
        "background": background,
    }
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": created},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}},
        {
            "type": "response.content_part.added",
            "output_index": 0,
            "content_index": 0,
            "part": {"type": "output_text", "text": ""},
        },
        *(
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": delta}
            for delta in ("One", " two", " three")
        ),
    ]
    wire = b"".join(
        b"event: " + event["type"].encode() + b"\ndata: " + json.dumps(event).encode() + b"\n\n"
        for event in events
    )
    start = msgspec.structs.replace(START, **RESPONSES)
    ended = msgspec.structs.replace(END, **{"response_headers": SSE, **end})
    captured = CapturedCall(BOOT, start, ended, json.dumps({"model": "gpt-4o", **request}).encode(), wire)
    return seal(captured, Tokenizers())


@pytest.mark.parametrize("end", [LEFT, CRASHED])
def test_a_response_that_broke_off_is_estimated(end: dict[str, Any]) -> None:
    """Its frame is not published: the text is counted, and the count is never said to be exact."""
    usage = cut_response({"input": "One two", "instructions": "Count on"}, end=end).usage
    assert usage == Usage(UsageSource.ESTIMATED, 4, 3, 7)


def test_of_a_response_that_remembers_the_prompt_is_not_known() -> None:
    usage = cut_response({"input": "Go on", "previous_response_id": "resp_0"}, end=LEFT).usage
    assert usage == Usage(UsageSource.ESTIMATED, None, 3, None)


def test_a_background_response_goes_on_without_its_listener_and_is_not_estimated() -> None:
    assert cut_response({"input": "Go"}, end=LEFT, background=True).usage == Usage()


def test_a_counted_call_agrees_with_the_real_tokenizer() -> None:
    wire = stream("chat_async_filter.sse")
    captured = CapturedCall(
        BOOT, START, msgspec.structs.replace(END, response_headers=SSE), json.dumps(ASKED).encode(), wire
    )
    usage = seal(captured, Tokenizers()).usage
    # 3 for the message, 1 for the role, 2 for the text, 3 to prime the answer; "One two three" is 3 tokens.
    assert usage == Usage(UsageSource.COUNTED, 9, 3, 12)


def test_half_a_count_has_no_total() -> None:
    cut = stream("chat_azure.sse").partition(b'"usage":{')[0]
    exchange = sealed(cut, request=b"\x00\xff", end={"response_headers": SSE})
    assert exchange.usage.prompt_tokens is None
    assert exchange.usage.completion_tokens == len('Grüße aus 東京 🗼: "ok"\nfin')
    assert exchange.usage.total_tokens is None


def test_an_embedding_without_usage_counts_its_prompt_alone() -> None:
    exchange = sealed(
        b'{"data":[{"embedding":[0.1]}]}', start={"operation_kind": "embeddings"}, request=b'{"input":"x"}'
    )
    assert exchange.usage == Usage(UsageSource.COUNTED, 1000, None, 1000)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ({"operation_kind": "other"}, {}),
        ({"method": "GET"}, {}),
        ({}, {"backend_status": 429, "status": 429}),
        ({}, {"backend_status": 0, "status": 503, "reason": EndReason.BACKEND_UNAVAILABLE}),
    ],
)
def test_calls_that_no_model_worked_for_use_no_tokens(start: dict[str, Any], end: dict[str, Any]) -> None:
    assert sealed(b'{"object":"x"}', start=start, end=end).usage == Usage()


def test_reading_a_stored_response_again_does_not_bill_it_again() -> None:
    exchange = sealed(
        json.dumps(ANSWER).encode(),
        request=b"",
        start={"method": "GET", "target": "/v1/chat/completions/chatcmpl-1", "operation_kind": "other"},
    )
    assert exchange.usage == Usage()
    assert exchange.content.reported_total_tokens == 10


def test_a_prompt_blocked_by_the_filter_is_told_with_its_verdict_and_without_a_made_up_count() -> None:
    error = {
        "error": {
            "code": "content_filter",
            "message": "The response was filtered",
            "innererror": {"content_filter_result": {"hate": {"filtered": True, "severity": "high"}}},
        }
    }
    exchange = sealed(json.dumps(error).encode(), end={"status": 400, "backend_status": 400})
    assert (exchange.end.error_code, exchange.end.error_message) == (
        "content_filter",
        "The response was filtered",
    )
    assert exchange.content.filter_verdicts["blocked"] == ["prompt:hate"]
    assert exchange.usage == Usage()


def test_after_a_crash_the_text_so_far_is_counted() -> None:
    wire = stream("chat_tools.sse")[:-20]
    end = {
        "reason": EndReason.GATEWAY_CRASH,
        "status": 0,
        "backend_status": 0,
        "response_headers": [],
        "request_complete_ns": 0,
    }
    exchange = sealed(wire, end=end)
    assert exchange.call.stream
    assert (exchange.end.status, exchange.usage.source) == (None, UsageSource.COUNTED)
