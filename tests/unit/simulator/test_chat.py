"""Chat completions as the real SDK reads them."""

from __future__ import annotations

import json

import openai
import pytest

from gatelog.model import OperationKind
from gatelog.provider import Tokenizers
from gatelog.simulator import BLOCK_PROMPT, FILTER_COMPLETION, REFUSE, Script

HELLO = [{"role": "user", "content": "Say something: naïve 東京 🎉"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def streamed(client, **request):
    """All chunks, and content, tool arguments and finish reason by choice."""
    chunks = list(client.chat.completions.create(stream=True, **request))
    content: dict[int, str] = {}
    arguments: dict[int, str] = {}
    reasons: dict[int, str] = {}
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        if choice.finish_reason:
            reasons[choice.index] = choice.finish_reason
        delta = choice.delta
        content[choice.index] = content.get(choice.index, "") + ((delta and delta.content) or "")
        for call in (delta and delta.tool_calls) or ():
            arguments[choice.index] = arguments.get(choice.index, "") + (call.function.arguments or "")
    return chunks, content, arguments, reasons


def test_usage_is_what_the_tokenizer_counts(client):
    request = {"model": "gpt-4o", "messages": HELLO, "n": 3}
    answer = client().chat.completions.create(**request)
    counter = Tokenizers()
    assert answer.model == "gpt-4o-2024-11-20"
    prompt = counter.count_prompt(OperationKind.CHAT, answer.model, request)
    completion = counter.count_completion(OperationKind.CHAT, answer.model, answer.model_dump())
    assert prompt == (answer.usage.prompt_tokens, True)
    assert completion == (answer.usage.completion_tokens, True)
    assert answer.usage.total_tokens == prompt[0] + completion[0]


def test_a_stream_says_what_the_whole_answer_says(client):
    azure = client()
    request = {"model": "gpt-4o", "messages": HELLO, "n": 2}
    whole = azure.chat.completions.create(**request)
    chunks, content, _, reasons = streamed(azure, **request, stream_options={"include_usage": True})
    assert content == {choice.index: choice.message.content for choice in whole.choices}
    assert reasons == {choice.index: choice.finish_reason for choice in whole.choices}
    assert chunks[-1].usage == whole.usage
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert all("usage" in chunk.model_fields_set for chunk in chunks)


def test_a_stream_has_no_usage_unless_asked(client):
    chunks, *_ = streamed(client(), model="gpt-4o", messages=HELLO)
    assert not any("usage" in chunk.model_fields_set for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_azure_begins_with_a_chunk_that_has_nothing_but_the_prompt_filter(client):
    chunks, *_ = streamed(client(), model="gpt-4o", messages=HELLO)
    assert (chunks[0].id, chunks[0].model, chunks[0].choices) == ("", "", [])
    assert chunks[0].prompt_filter_results[0]["content_filter_results"]["hate"]["severity"] == "safe"


def test_the_asynchronous_filter_speaks_in_chunks_of_its_own(client):
    chunks, *_ = streamed(client(filter_mode="async"), model="gpt-4o", messages=HELLO)
    judged = [c for c in chunks if c.choices and hasattr(c.choices[0], "content_filter_offsets")]
    assert len(judged) == 2
    assert all(chunk.id == "" and chunk.choices[0].delta is None for chunk in judged)


@pytest.mark.parametrize("limit", [1, 7, 50])
@pytest.mark.parametrize("model", ["gpt-4o", "gpt-35-turbo"])
def test_max_tokens_are_honoured_exactly(client, limit, model):
    answer = client(tokens_min=60).chat.completions.create(model=model, messages=HELLO, max_tokens=limit)
    assert answer.usage.completion_tokens == limit
    assert answer.choices[0].finish_reason == "length"


def test_a_stop_sequence_ends_the_text_before_it(client):
    azure = client()
    text = azure.chat.completions.create(model="gpt-4o", messages=HELLO).choices[0].message.content
    word = text.split(" ")[5]
    stopped = azure.chat.completions.create(model="gpt-4o", messages=HELLO, stop=[f" {word}"])
    assert f" {word}" not in stopped.choices[0].message.content
    assert stopped.choices[0].finish_reason == "stop"


def test_a_required_tool_is_called_with_arguments_in_pieces(client):
    azure = client()
    request = {"model": "gpt-4o", "messages": HELLO, "tools": [WEATHER], "tool_choice": "required"}
    whole = azure.chat.completions.create(**request)
    call = whole.choices[0].message.tool_calls[0]
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.content is None
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    chunks, _, arguments, _ = streamed(azure, **request, stream_options={"include_usage": True})
    assert arguments == {0: call.function.arguments}
    assert sum(bool(c.choices and c.choices[0].delta.tool_calls) for c in chunks) > 3
    assert chunks[-1].usage == whole.usage


def test_a_named_tool_ends_with_stop_and_an_answered_one_is_not_called_again(client):
    azure = client(tool_call_share=1)
    named = {"type": "function", "function": {"name": "get_weather"}}
    first = azure.chat.completions.create(model="gpt-4o", messages=HELLO, tools=[WEATHER], tool_choice=named)
    assert first.choices[0].finish_reason == "stop"
    call = first.choices[0].message.tool_calls[0]
    turns = [
        *HELLO,
        first.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    second = azure.chat.completions.create(model="gpt-4o", messages=turns, tools=[WEATHER])
    assert second.choices[0].message.content


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "json_object"},
        {
            "type": "json_schema",
            "json_schema": {
                "name": "t",
                "schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
            },
        },
    ],
)
def test_a_response_format_yields_json(client, shape):
    answer = client().chat.completions.create(model="gpt-4o", messages=HELLO, response_format=shape)
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_json_that_does_not_fit_is_cut_within_the_limit(client):
    answer = client().chat.completions.create(
        model="gpt-4o", messages=HELLO, response_format={"type": "json_object"}, max_tokens=4
    )
    assert answer.choices[0].finish_reason == "length"
    assert 0 < answer.usage.completion_tokens <= 4


def test_long_prompts_are_cached_in_steps_of_128(client):
    azure = client(tokens_max=1, tokens_min=1)
    cached = set()
    for turn in range(8):
        messages = [{"role": "user", "content": f"{turn} " + "hello " * 1_200}]
        usage = azure.chat.completions.create(model="gpt-4o", messages=messages).usage
        cached.add(usage.prompt_tokens_details.cached_tokens)
    assert cached == {0, 1_152}


def test_log_probabilities_are_one_per_token_and_the_same_in_a_stream(client):
    azure = client()
    request = {"model": "gpt-4o", "messages": HELLO, "logprobs": True, "top_logprobs": 3, "n": 2}
    whole = azure.chat.completions.create(**request)
    content = whole.choices[0].logprobs.content
    assert b"".join(bytes(t.bytes) for t in content).decode() == whole.choices[0].message.content
    assert all(len(token.top_logprobs) == 3 for token in content)
    chunks, *_ = streamed(azure, **request)
    spoken = [c for chunk in chunks for c in chunk.choices if c.index == 0 and c.logprobs]
    assert [token for choice in spoken for token in choice.logprobs.content] == content


def test_a_reasoning_model_bills_what_it_does_not_show(client):
    azure = client()
    answer = azure.chat.completions.create(model="o3-mini", messages=HELLO)
    hidden = answer.usage.completion_tokens_details.reasoning_tokens
    shown = Tokenizers.count_text(answer.model, answer.choices[0].message.content)[0]
    assert hidden > 0
    assert answer.usage.completion_tokens == hidden + shown
    short = azure.chat.completions.create(model="o3-mini", messages=HELLO, max_completion_tokens=20)
    assert short.usage.completion_tokens == 20
    assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("", "length")


def test_a_blocked_prompt_is_a_400_with_the_filter_s_verdict(client):
    asked = [{"role": "user", "content": [{"type": "text", "text": f"say {BLOCK_PROMPT}"}]}]
    with pytest.raises(openai.BadRequestError) as caught:
        client().chat.completions.create(model="gpt-4o", messages=asked)
    assert caught.value.code == "content_filter"
    inner = caught.value.body["innererror"]
    assert inner["code"] == "ResponsibleAIPolicyViolation"
    assert inner["content_filter_result"]["violence"]["filtered"]


def test_a_filtered_completion_and_a_refusal_say_so(client):
    azure = client()
    asked = [{"role": "user", "content": FILTER_COMPLETION}]
    filtered = azure.chat.completions.create(model="gpt-4o", messages=asked).choices[0]
    assert filtered.finish_reason == "content_filter"
    assert filtered.content_filter_results["violence"]["filtered"]
    asked = [{"role": "user", "content": REFUSE}]
    refused = azure.chat.completions.create(model="gpt-4o", messages=asked).choices[0].message
    assert (refused.content, refused.refusal.startswith("I'm sorry")) == (None, True)


def test_equal_requests_have_equal_answers_and_other_seeds_others(stage):
    asked = {"model": "gpt-4o", "messages": HELLO}
    texts = [
        stage.azure(stage.simulate(seed=seed, script=Script())).chat.completions.create(**asked).to_json()
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_kind_openai_has_none_of_azure_s_members(stage):
    thread = stage.simulate(kind="openai")
    client = stage.openai(thread, "/v1")
    answer = client.chat.completions.create(model="llama-3", messages=HELLO)
    assert answer.model == "llama-3"
    assert not hasattr(answer, "prompt_filter_results")
    chunks, *_ = streamed(client, model="llama-3", messages=HELLO)
    assert chunks[0].choices[0].delta.role == "assistant"
    bare = stage.openai(thread, "/")
    assert bare.chat.completions.create(model="llama-3", messages=HELLO).id == answer.id
