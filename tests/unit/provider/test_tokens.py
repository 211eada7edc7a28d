"""Token counts against figures that OpenAI publishes, and against hostile texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.model import OperationKind
from gatelog.provider import encodings, tokens
from gatelog.provider.encodings import count_text, encoding_name, is_reasoning
from gatelog.provider.tokens import Tokenizers, count_chat_prompt

CHAT = OperationKind.CHAT


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o", ("o200k_base", True)),
        ("gpt-4o-mini-2024-07-18", ("o200k_base", True)),
        ("gpt-4.1-nano", ("o200k_base", True)),
        ("gpt-5.1-chat", ("o200k_base", True)),
        ("o4-mini", ("o200k_base", True)),
        ("GPT-4", ("cl100k_base", True)),
        ("gpt-4-turbo-2024-04-09", ("cl100k_base", True)),
        ("gpt-35-turbo-16k", ("cl100k_base", True)),
        ("ft:gpt-3.5-turbo:org", ("cl100k_base", True)),
        ("text-embedding-3-large", ("cl100k_base", True)),
        ("text-davinci-003", ("o200k_base", False)),
        ("prod-chat", ("o200k_base", False)),
        ("o100", ("o200k_base", False)),
        ("", ("o200k_base", False)),
    ],
)
def test_a_model_has_the_vocabulary_that_openai_names(model, expected):
    assert encoding_name(model) == expected


def test_counts_are_those_of_the_openai_cookbook():
    """Figures of "How to count tokens with tiktoken", section on comparing encodings."""
    assert count_text("gpt-4", "antidisestablishmentarianism") == (6, True)
    assert count_text("gpt-4", "2 + 2 = 4") == (7, True)
    assert count_text("gpt-4", "お誕生日おめでとう") == (9, True)
    assert count_text("gpt-4o", "お誕生日おめでとう") == (8, True)


def test_a_chat_prompt_counts_as_the_cookbook_says():
    """The cookbook's example: the API itself reported 129 tokens for gpt-4 and 124 for gpt-4o."""
    user, assistant = "example_user", "example_assistant"
    messages = [
        {
            "role": "system",
            "content": "You are a helpful, pattern-following assistant that translates corporate jargon "
            "into plain English.",
        },
        {"role": "system", "name": user, "content": "New synergies will help drive top-line growth."},
        {
            "role": "system",
            "name": assistant,
            "content": "Things working well together will increase revenue.",
        },
        {
            "role": "system",
            "name": user,
            "content": "Let's circle back when we have more bandwidth to touch base on opportunities for "
            "increased leverage.",
        },
        {
            "role": "system",
            "name": assistant,
            "content": "Let's talk later when we're less busy about how to do better.",
        },
        {
            "role": "user",
            "content": "This late pivot means we don't have time to boil the ocean for the client "
            "deliverable.",
        },
    ]
    assert count_chat_prompt("gpt-4", {"messages": messages}) == (129, True)
    assert count_chat_prompt("gpt-4o", {"messages": messages}) == (124, True)


def test_special_tokens_in_a_text_are_text():
    count, known = count_text("gpt-4o", "<|endoftext|><|im_start|>")
    assert count > 2
    assert known


@pytest.mark.parametrize("text", ["a", " ", "\n", "🎉", "\ud83d"])
def test_one_unbroken_run_is_counted_without_an_overflow(text):
    count, exact = count_text("gpt-4o", text * 300_000)
    assert count > 0
    assert not exact


def test_slices_at_word_borders_change_nothing():
    text = "hello wörld, it is 東京 (3.14) or so. " * 6_000
    assert len(text) > 3 * encodings.SLICE_CHARS
    whole = len(encodings.encoding("o200k_base").encode_ordinary(text))
    assert count_text("gpt-4o", text) == (whole, True)


def test_a_text_over_the_limit_is_extrapolated(monkeypatch):
    monkeypatch.setattr(encodings, "COUNTED_CHARS_MAX", 100_000)
    count, exact = count_text("gpt-4o", "hello world " * 50_000)
    assert not exact
    assert count == pytest.approx(100_000, rel=0.01)


def test_what_the_provider_does_not_publish_is_not_exact():
    plain = {"messages": [{"role": "user", "content": "hi"}]}
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    image = {"type": "image_url", "image_url": {"url": "data:...", "detail": "low"}}
    base, exact = count_chat_prompt("gpt-4o", plain)
    assert exact
    assert count_chat_prompt("gpt-4o", {**plain, "tools": [tool]})[1] is False
    pictured = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, image]}]}
    assert count_chat_prompt("gpt-4o", pictured) == (base + tokens.LOW_DETAIL_IMAGE_TOKENS, False)


def test_a_completion_counts_all_choices_and_their_calls():
    counter = Tokenizers()
    said = {"message": {"content": "2 + 2 = 4", "refusal": None}}
    response = {"choices": [said, said]}
    assert counter.count_completion(CHAT, "gpt-4", response) == (14, True)
    assert counter.count_completion(CHAT, "o3-mini", response)[1] is False
    call = {"type": "function", "function": {"name": "add", "arguments": '{"a":2}'}}
    count, exact = counter.count_completion(CHAT, "gpt-4", {"choices": [{"message": {"tool_calls": [call]}}]})
    assert (count, exact) == (count_text("gpt-4", "add")[0] + count_text("gpt-4", '{"a":2}')[0], False)


def test_prompts_of_completions_and_embeddings_may_be_tokens():
    counter = Tokenizers()
    assert counter.count_prompt(OperationKind.COMPLETIONS, "gpt-35-turbo", {"prompt": [1, 2, 3]}) == (3, True)
    assert counter.count_prompt(
        OperationKind.EMBEDDINGS, "text-embedding-3-small", {"input": [[1], [2]]}
    ) == (
        2,
        True,
    )
    assert counter.count_prompt(OperationKind.EMBEDDINGS, "text-embedding-3-small", {"input": "hi"}) == (
        1,
        True,
    )


def test_reasoning_models_are_told_apart():
    assert is_reasoning("o1")
    assert is_reasoning("gpt-5-mini")
    assert is_reasoning("gpt-5.1")
    assert not is_reasoning("gpt-5-chat")
    assert not is_reasoning("gpt-5.1-chat")
    assert not is_reasoning("gpt-4o")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = st.sampled_from(["messages", "tools", "prompt", "input", "choices", "output", "content", "message"])


@given(st.sampled_from(OperationKind), st.dictionaries(MEMBERS, JSON, max_size=4))
def test_no_body_makes_the_counter_raise(kind, body):
    counter = Tokenizers()
    assert counter.count_prompt(kind, "gpt-4o", body)[0] >= 0
    assert counter.count_completion(kind, "gpt-4o", body)[0] >= 0
