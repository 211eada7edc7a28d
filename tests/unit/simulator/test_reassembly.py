"""A stream of the simulator, reassembled by the provider's parsers, is the simulator's own whole answer.

Two independent implementations of one protocol: a difference is a mistake in one of them.
"""

from __future__ import annotations

import json

import httpx2
import pytest

from gatelog.model import OperationKind
from gatelog.provider import assemble
from gatelog.simulator import FILTER_COMPLETION, REFUSE, Script

TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
    },
}
USAGE = {"stream_options": {"include_usage": True}}


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


CHATS = [
    {"messages": said("hi"), "n": 3},
    {"messages": said("hi"), "logprobs": True, "top_logprobs": 2, "n": 2},
    {"messages": said("hi"), "tools": [TOOL], "tool_choice": "required"},
    {"messages": said("hi"), "response_format": {"type": "json_object"}},
    {"messages": said("hi"), "max_tokens": 3},
    {"messages": said(REFUSE)},
    {"messages": said(FILTER_COMPLETION)},
]


def both(stage, path, request, **script):
    """The whole answer, and the body of the stream for the same request."""
    url = stage.simulate(api_key=None, script=Script(**script)).url + path
    stream = httpx2.post(url, json={**request, "stream": True})
    return httpx2.post(url, json=request).json(), stream.content


@pytest.mark.parametrize("request_body", CHATS, ids=str)
@pytest.mark.parametrize("kind", ["chat", "async"])
def test_chat(stage, request_body, kind):
    mode = "async" if kind == "async" else "default"
    whole, stream = both(
        stage, "/openai/v1/chat/completions", {"model": "gpt-4o", **request_body, **USAGE}, filter_mode=mode
    )
    found = assemble(OperationKind.CHAT, stream)
    assert found.complete
    body = found.body
    for member in (
        "id",
        "object",
        "model",
        "created",
        "usage",
        "system_fingerprint",
        "prompt_filter_results",
    ):
        assert body[member] == whole[member]
    for mine, theirs in zip(whole["choices"], body["choices"], strict=True):
        assert theirs["finish_reason"] == mine["finish_reason"]
        assert {k: v for k, v in (theirs.get("logprobs") or {}).items() if v} == {
            k: v for k, v in (mine["logprobs"] or {}).items() if v
        }
        for member in ("role", "content", "refusal", "tool_calls"):
            assert theirs["message"].get(member) == mine["message"].get(member)


@pytest.mark.parametrize(
    "options", [{}, {"echo": True, "logprobs": 2}, {"prompt": ["a", "b"], "n": 2}], ids=str
)
def test_completions(stage, options):
    request = {"model": "gpt-35-turbo-instruct", "prompt": "Say", **options, **USAGE}
    whole, stream = both(stage, "/openai/v1/completions", request)
    found = assemble(OperationKind.COMPLETIONS, stream)
    assert found.complete
    assert found.body["usage"] == whole["usage"]
    for mine, theirs in zip(whole["choices"], found.body["choices"], strict=True):
        assert theirs["text"] == mine["text"]
        assert theirs["finish_reason"] == mine["finish_reason"]
        assert bool(theirs.get("logprobs")) == bool(mine["logprobs"])
        if mine["logprobs"]:
            assert theirs["logprobs"]["tokens"] == mine["logprobs"]["tokens"]
            assert theirs["logprobs"]["text_offset"] == mine["logprobs"]["text_offset"]


@pytest.mark.parametrize("model", ["gpt-4.1", "o4-mini"])
def test_responses(stage, model):
    whole, stream = both(stage, "/openai/v1/responses", {"model": model, "input": "hi"})
    found = assemble(OperationKind.OTHER, stream)
    assert found.complete
    assert found.body["usage"] == whole["usage"]
    assert json.dumps(found.body["output"]) == json.dumps(whole["output"])
