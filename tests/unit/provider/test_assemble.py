"""Streams become what the same call would have answered without `stream`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from openai import omit
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from gatelog.model import OperationKind
from gatelog.provider import Assembled, SseParser, assemble, read_usage, read_verdicts

CORPUS = Path(__file__).parent / "corpus"
CHAT, COMPLETIONS, OTHER = OperationKind.CHAT, OperationKind.COMPLETIONS, OperationKind.OTHER


def assembled(name: str, kind: OperationKind = CHAT) -> Assembled:
    return assemble(kind, (CORPUS / name).read_bytes())


def chunks(name: str) -> list[dict[str, Any]]:
    events = SseParser().feed((CORPUS / name).read_bytes())
    return [json.loads(event.data) for event in events if event.data != "[DONE]"]


def stream(*events: dict[str, Any], done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def one_choice(*deltas: dict[str, Any]) -> dict[str, Any]:
    events = [{"id": "c", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    message: dict[str, Any] = assemble(CHAT, stream(*events)).body["choices"][0]["message"]
    return message


def test_an_azure_chat_stream_becomes_the_chat_completion() -> None:
    result = assembled("chat_azure.sse")
    assert (result.complete, result.error, result.unreadable) == (True, None, 0)
    body = result.body
    assert {name: body[name] for name in ("id", "object", "created", "model", "system_fingerprint")} == {
        "id": "chatcmpl-AbC123",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_b705f0c291",
    }
    choice = body["choices"][0]
    assert choice["message"] == {
        "role": "assistant",
        "content": 'Grüße aus 東京 🗼: "ok"\nfin',
        "refusal": None,
    }
    assert choice["finish_reason"] == "stop"
    assert choice["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    assert body["usage"]["total_tokens"] == 30
    assert body["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"] is False
    assert "obfuscation" not in body


@pytest.mark.parametrize("name", ["chat_azure.sse", "chat_tools.sse"])
def test_chat_is_assembled_as_the_sdk_accumulates_it(name: str) -> None:
    state = ChatCompletionStreamState()
    for chunk in chunks(name):
        if chunk["id"]:  # the SDK takes id and model from the first chunk, which Azure leaves empty
            state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    theirs = state.current_completion_snapshot.to_dict(mode="json")
    ours = assembled(name).body
    assert ours["model"] == theirs["model"]
    assert ours["usage"] == theirs["usage"] if "usage" in ours else theirs.get("usage") is None
    for mine, other in zip(ours["choices"], theirs["choices"], strict=True):  # type: ignore[call-overload]
        assert mine["finish_reason"] == other["finish_reason"]
        assert mine["logprobs"] == other["logprobs"]
        for call in other["message"].get("tool_calls") or []:
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        common = {"content", "role", "refusal", "tool_calls"} & other["message"].keys()
        assert {key: mine["message"].get(key) for key in common} == {
            key: other["message"][key] for key in common
        }


def test_choices_and_tool_calls_interleave_by_their_index() -> None:
    first, second = assembled("chat_tools.sse").body["choices"]
    assert first["message"]["tool_calls"] == [
        {
            "id": "call_A",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Zürich"}'},
        },
        {"id": "call_B", "type": "function", "function": {"name": "get_time", "arguments": "{}"}},
    ]
    assert first["message"]["content"] is None
    assert first["finish_reason"] == "tool_calls"
    assert [token["token"] for token in second["logprobs"]["content"]] == ["Let", " me"]
    assert (second["message"]["content"], second["finish_reason"]) == ("Let me", "length")


def test_asynchronous_filter_chunks_keep_the_gravest_verdict_and_the_whole_range() -> None:
    result = assembled("chat_async_filter.sse")
    choice = result.body["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": "One two three"}
    assert choice["content_filter_results"]["violence"] == {"filtered": True, "severity": "medium"}
    assert choice["content_filter_offsets"] == {"check_offset": 210, "start_offset": 44, "end_offset": 210}
    assert choice["finish_reason"] == "content_filter"
    assert result.body["model"] == "gpt-4o-2024-08-06"
    assert read_verdicts(result.body)["blocked"] == ["completion:violence"]


def test_an_error_inside_a_stream_is_kept_beside_the_text_so_far() -> None:
    result = assembled("chat_error.sse")
    assert not result.complete
    assert result.error is not None
    assert result.error["code"] == "server_error"
    assert result.body["error"] == result.error
    assert result.body["choices"][0]["message"]["content"] == "partial"


def test_other_members_of_a_delta_are_joined_too() -> None:
    message = one_choice(
        {"role": "assistant", "reasoning_content": "I ", "function_call": {"name": "f", "arguments": "{"}},
        {"role": "assistant", "reasoning_content": "think", "function_call": {"arguments": "}"}},
        {"audio": {"id": "a", "data": "AA", "transcript": "He"}},
        {"audio": {"data": "BB", "transcript": "llo", "expires_at": 5}, "annotations": [{"type": "url"}]},
        {"annotations": [{"type": "file"}], "unknown": {"deep": [1]}},
    )
    assert message == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "I think",
        "function_call": {"name": "f", "arguments": "{}"},
        "audio": {"id": "a", "data": "AABB", "transcript": "Hello", "expires_at": 5},
        "annotations": [{"type": "url"}, {"type": "file"}],
        "unknown": {"deep": [1]},
    }


def test_a_backend_that_repeats_a_tool_calls_id_in_every_chunk_does_not_double_it() -> None:
    piece = {"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": "1"}}
    message = one_choice({"tool_calls": [piece]}, {"tool_calls": [piece]})
    assert message["tool_calls"] == [
        {"id": "x", "type": "function", "function": {"name": "f", "arguments": "11"}}
    ]


def test_unknown_members_survive_and_null_erases_nothing() -> None:
    body = assemble(
        CHAT,
        stream(
            {
                "id": "c",
                "service_tier": "flex",
                "model_selection_details": {"a": 1},
                "choices": [{"index": 0, "x": 1}],
            },
            {
                "id": "d",
                "service_tier": None,
                "model_selection_details": None,
                "choices": [{"index": 0, "x": None}],
            },
        ),
    ).body
    assert (body["id"], body["service_tier"], body["model_selection_details"]) == ("c", "flex", {"a": 1})
    assert body["choices"][0]["x"] == 1


def test_halves_of_a_surrogate_pair_in_two_chunks_become_one_character() -> None:
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n'
    raw += b'data: {"choices":[{"index":0,"delta":{"content":"\\uddfc"}}]}\n\n'
    text = json.dumps(assemble(CHAT, raw).body)
    assert json.loads(text)["choices"][0]["message"]["content"] == "🗼"


def test_completions_join_text_and_the_lists_of_logprobs() -> None:
    result = assembled("completions.sse", COMPLETIONS)
    assert result.complete
    assert result.body["object"] == "text_completion"
    first, second = result.body["choices"]
    assert (first["text"], first["finish_reason"]) == ("Once upon a time", "length")
    assert first["logprobs"]["tokens"] == ["Once", " upon", " a", " time"]
    assert first["logprobs"]["text_offset"] == [0, 4, 9, 11]
    assert (second["text"], second["logprobs"], second["index"]) == ("ONCE UPON A TIME", None, 1)
    assert result.body["usage"]["total_tokens"] == 11
    assert result.body["model"] == "gpt-35-turbo-instruct"


def test_the_terminal_event_of_the_responses_api_is_the_response() -> None:
    result = assembled("responses.sse", OTHER)
    assert result.complete
    assert result.body == chunks("responses.sse")[-1]["response"]
    usage = read_usage(result.body)
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (12, 9, 21)


def test_a_responses_stream_cut_anywhere_is_what_the_sdk_accumulated_so_far() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    state = ResponseStreamState(text_format=omit, input_tools=omit)
    events = (CORPUS / "responses.sse").read_bytes().split(b"\n\n")[:-1]
    for count, chunk in enumerate(chunks("responses.sse")[:-1], start=1):
        state.handle_event(adapter.validate_python(chunk))
        theirs = state._ResponseStreamState__current_snapshot.to_dict(mode="json", warnings=False)  # type: ignore[attr-defined]
        ours = assemble(OTHER, b"".join(event + b"\n\n" for event in events[:count]))
        assert not ours.complete
        assert said(ours.body["output"]) == said(theirs["output"])


def said(output: list[dict[str, Any]]) -> list[Any]:
    """Texts and arguments: what grows; the SDK does not update the status of its items."""
    return [[part["text"] for part in item.get("content", [])] or item.get("arguments") for item in output]


def test_a_terminal_event_without_output_is_completed_from_the_items_before() -> None:
    raw = (CORPUS / "responses.sse").read_bytes()
    final = chunks("responses.sse")[-1]["response"]
    bare = {"type": "response.completed", "response": {**final, "output": None}}
    cut = raw[: raw.index(b"event: response.completed")]
    result = assemble(OTHER, cut + stream(bare, done=False))
    assert result.complete
    assert result.body == final


def test_a_stream_of_no_known_shape_is_kept_event_by_event() -> None:
    result = assembled("transcription.sse", OTHER)
    assert result.complete
    assert [event["event"] for event in result.body["events"]] == [
        "transcript.text.delta",
        "transcript.text.delta",
        "transcript.text.done",
    ]
    usage = read_usage(result.body)
    assert usage is not None
    assert (usage.prompt_tokens, usage.audio_prompt_tokens) == (14, 14)
    plain = assemble(OTHER, b"data: plain text\n\ndata: more\n\n")
    assert plain.body == {"events": [{"data": "plain text"}, {"data": "more"}]}
    assert (plain.unreadable, plain.complete) == (2, False)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (
            b'event: error\ndata: {"type":"error","code":"c","message":"m"}\n\n',
            {"type": "error", "code": "c", "message": "m"},
        ),
        (b'data: {"error":"overloaded"}\n\n', {"message": "overloaded"}),
    ],
)
def test_errors_are_known_in_their_other_shapes(raw: bytes, error: dict[str, Any]) -> None:
    result = assemble(OTHER, raw)
    assert result.error == error
    assert result.body == {"error": error}


@pytest.mark.parametrize(
    "raw",
    [
        stream({"choices": 5}),
        stream({"choices": [5, {"index": "x", "delta": []}, {"delta": {"tool_calls": [7, {"index": []}]}}]}),
        stream(
            {"choices": [{"index": 0, "delta": {"a": "x"}}]}, {"choices": [{"index": 0, "delta": {"a": [1]}}]}
        ),
        stream(
            {"choices": [{"index": 0, "delta": {"a": [1]}}]},
            {"choices": [{"index": 0, "delta": {"a": {"b": 1}}}]},
        ),
        stream(
            {"type": "response.output_text.delta", "output_index": 10**9, "content_index": 0, "delta": "x"}
        ),
        stream(
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 10**9, "delta": "x"}
        ),
        stream({"type": "response.content_part.added", "output_index": 0, "content_index": 0, "part": 5}),
        stream({"type": {"a": 1}, "response": {}}, {"type": [], "output_index": 0}),
        stream(
            {
                "choices": [{"content_filter_results": 5, "content_filter_offsets": "x"}],
                "prompt_annotations": 5,
            },
            {
                "choices": [{"content_filter_results": {}, "content_filter_offsets": {}}],
                "prompt_annotations": [],
            },
        ),
        b"data: [1]\n\ndata: \xff\n\n",
        b"",
    ],
)
@pytest.mark.parametrize("kind", list(OperationKind))
def test_malformed_chunks_are_survived(raw: bytes, kind: OperationKind) -> None:
    json.dumps(assemble(kind, raw).body)


LONG = 16_000_000
EVENTS = 3_000
TEXT = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0}
ARGUMENTS = {"type": "response.function_call_arguments.delta", "output_index": 0}


def with_verdicts(*categories: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "content_filter_results": {name: {} for name in categories}}]}


@pytest.mark.parametrize(
    ("kind", "first", "further", "last"),
    [
        (CHAT, {"prompt_filter_results": [0] * 10**6}, {"prompt_filter_results": [1]}, ", 1" * EVENTS),
        (CHAT, with_verdicts(*map(str, range(120_000))), with_verdicts("hate"), '"hate": {}'),
        (OTHER, TEXT | {"delta": "a" * LONG}, TEXT | {"delta": "b"}, "b" * EVENTS),
        (OTHER, ARGUMENTS | {"delta": "a" * LONG}, ARGUMENTS | {"delta": "b"}, "b" * EVENTS),
    ],
    ids=["filter results of prompts", "filter results", "text", "arguments"],
)
def test_what_grows_is_not_copied_with_each_event(
    kind: OperationKind, first: dict[str, Any], further: dict[str, Any], last: str
) -> None:
    """A body of 64 MiB in small events would take half an hour, and no other call is recorded meanwhile."""
    events = stream(first, done=False) + stream(further, done=False) * EVENTS
    began = time.process_time()
    body = assemble(kind, events).body
    assert time.process_time() - began < 1
    assert last in json.dumps(body)


def test_entries_are_not_searched_for_each_further_one() -> None:
    many = range(12_000)
    events = stream(*({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": n}]}}]} for n in many))
    began = time.process_time()
    (choice,) = assemble(CHAT, events).body["choices"]
    assert time.process_time() - began < 1
    assert len(choice["message"]["tool_calls"]) == len(many)
