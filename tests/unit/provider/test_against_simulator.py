"""Streams of an independent implementation, read over a real socket, say what its plain answers say."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gatelog.model import OperationKind
from gatelog.provider import (
    Tokenizers,
    UsageChunkFilter,
    assemble,
    read_object,
    read_usage,
    with_include_usage,
)
from gatelog.simulator import Simulator, SimulatorThread

CHAT, COMPLETIONS, OTHER = OperationKind.CHAT, OperationKind.COMPLETIONS, OperationKind.OTHER
USER = [{"role": "user", "content": "Tell me about Zürich"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CALLS = [
    pytest.param(CHAT, "chat/completions", {"messages": USER}, id="chat"),
    pytest.param(CHAT, "chat/completions", {"messages": USER, "n": 3}, id="choices"),
    pytest.param(CHAT, "chat/completions", {"messages": USER, "logprobs": True}, id="logprobs"),
    pytest.param(
        CHAT, "chat/completions", {"messages": USER, "tools": [TOOL], "tool_choice": "required"}, id="tools"
    ),
    pytest.param(COMPLETIONS, "completions", {"prompt": "Once", "n": 2}, id="completions"),
    pytest.param(OTHER, "responses", {"input": "Hello"}, id="responses"),
]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with SimulatorThread(Simulator("east")) as running:
        yield running.port


def post(port: int, path: str, body: bytes) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def both(port: int, tail: str, members: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The plain answer's object, and the bytes of the same call streamed, with usage."""
    request = {"model": "gpt-4o", **members}
    streamed = json.dumps({**request, "stream": True}).encode()
    streamed = streamed if tail == "responses" else with_include_usage(streamed)
    plain = read_object(post(port, f"/openai/v1/{tail}", json.dumps(request).encode()).decode())
    assert plain is not None
    return plain, post(port, f"/openai/v1/{tail}", streamed)


def said(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the answer says, without the filter's verdicts, whose times differ between the two forms."""
    said_members = ("text", "finish_reason", "index")
    message_members = ("role", "content", "refusal", "tool_calls")
    return [
        {name: choice.get(name) for name in said_members}
        | {name: choice.get("message", {}).get(name) for name in message_members}
        for choice in body["choices"]
    ]


@pytest.mark.parametrize(("kind", "tail", "members"), CALLS)
def test_a_stream_amounts_to_the_plain_answer(
    port: int, kind: OperationKind, tail: str, members: dict[str, Any]
) -> None:
    plain, stream = both(port, tail, members)
    assembled = assemble(kind, stream)
    assert (assembled.complete, assembled.unreadable) == (True, 0)
    assert read_usage(assembled.body) == read_usage(plain)
    assert assembled.body["object"] == plain["object"]
    if kind is OTHER:
        assert assembled.body["output"][0]["content"] == plain["output"][0]["content"]
    else:
        assert said(assembled.body) == said(plain)


@pytest.mark.parametrize(("kind", "tail", "members"), CALLS[:3] + CALLS[4:5])
def test_our_count_of_a_stream_without_usage_is_the_backends(
    port: int, kind: OperationKind, tail: str, members: dict[str, Any]
) -> None:
    plain, stream = both(port, tail, members)
    chunk_filter = UsageChunkFilter()
    bare = assemble(kind, chunk_filter.feed(stream) + chunk_filter.flush()).body
    assert chunk_filter.removed
    assert "usage" not in bare
    reported, counter = read_usage(plain), Tokenizers()
    assert reported is not None
    assert counter.count_prompt(kind, "gpt-4o", members) == (reported.prompt_tokens, True)
    assert counter.count_completion(kind, "gpt-4o", bare) == (reported.completion_tokens, True)
