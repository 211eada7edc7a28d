"""Headers, claims and parameters of a call."""

from __future__ import annotations

from typing import Any

import pytest

from gatelog.provider import (
    HOP_BY_HOP_HEADERS,
    SECRET_HEADERS,
    Conversation,
    find_claimed_user,
    find_conversation,
    is_secret_header,
    read_evidence,
    read_parameters,
    read_region,
    readable_headers,
)
from gatelog.provider.conversation import CLAIM_LENGTH_MAX

SAYING_WHAT_THEY_ARE = [
    b"x-team-secret",
    b"my-auth-token",
    b"x-user-password",
    b"x-service-key",
    b"x-original-authorization",
    b"x-database-credential",
]


@pytest.mark.parametrize("name", [*sorted(SECRET_HEADERS), *SAYING_WHAT_THEY_ARE])
def test_no_secret_reaches_the_log(name: bytes) -> None:
    assert is_secret_header(name)
    assert readable_headers([(name.title(), b"s3cret"), (b"Accept", b"*/*")]) == {"accept": "*/*"}


@pytest.mark.parametrize(
    "name", [b"x-ratelimit-remaining-tokens", b"idempotency-key", b"user-agent", b"x-ms-client-request-id"]
)
def test_useful_headers_are_no_secrets(name: bytes) -> None:
    assert not is_secret_header(name)


def test_repeated_headers_are_joined_and_bytes_survive() -> None:
    assert readable_headers([(b"Via", b"a"), (b"via", b"\xe9")]) == {"via": "a, é"}


def test_header_sets_are_lower_case_as_the_gateway_compares_them() -> None:
    assert all(name == name.lower() for name in SECRET_HEADERS | HOP_BY_HOP_HEADERS)
    assert {b"api-key", b"authorization", b"ocp-apim-subscription-key", b"cookie"} <= SECRET_HEADERS
    assert {b"connection", b"transfer-encoding", b"te", b"upgrade", b"keep-alive"} <= HOP_BY_HOP_HEADERS


def test_evidence_is_what_the_backend_says_of_itself() -> None:
    headers = {
        "apim-request-id": "1",
        "x-ms-region": "North Central US",
        "x-ms-spillover-from-gpt-4o": "true",
        "content-type": "application/json",
    }
    assert read_evidence(headers) == {key: headers[key] for key in headers if key != "content-type"}
    assert read_region(headers) == "North Central US"
    assert read_region({}) == ""


@pytest.mark.parametrize(
    ("headers", "request_body", "tail", "found"),
    [
        (
            {"x-session-id": "s", "x-conversation-id": "c"},
            {"conversation": "b"},
            "",
            ("c", "x-conversation-id"),
        ),
        ({"x-session-id": "s"}, {}, "", ("s", "x-session-id")),
        ({}, {"conversation": "conv_1", "metadata": {"session_id": "m"}}, "", ("conv_1", "conversation")),
        ({}, {"conversation": {"id": "conv_2"}}, "", ("conv_2", "conversation")),
        (
            {},
            {"metadata": {"session_id": "m"}, "previous_response_id": "r"},
            "",
            ("m", "metadata.session_id"),
        ),
        ({}, {}, "threads/thread_1/messages", ("thread_1", "thread")),
        ({}, {}, "threads/runs", ("", "")),
        ({}, {"previous_response_id": "r", "prompt_cache_key": "k"}, "", ("r", "previous_response_id")),
        ({}, {"prompt_cache_key": "k", "user": "u"}, "", ("k", "prompt_cache_key")),
        ({"x-conversation-id": ""}, {"conversation": 5, "metadata": "x", "user": "u"}, "", ("", "")),
        ({"x-thread-id": "x" * 999}, {}, "", ("x" * CLAIM_LENGTH_MAX, "x-thread-id")),
    ],
)
def test_the_most_explicit_claim_names_the_conversation(
    headers: dict[str, str], request_body: dict[str, Any], tail: str, found: tuple[str, str]
) -> None:
    assert find_conversation(headers, request_body, tail) == Conversation(*found)


@pytest.mark.parametrize(
    ("request_body", "user"),
    [
        ({"user": "u", "user_security_context": {"end_user_id": "e"}}, "e"),
        ({"user": "u", "safety_identifier": "s"}, "u"),
        ({"safety_identifier": "s"}, "s"),
        ({"user": 5, "user_security_context": "x"}, ""),
    ],
)
def test_the_end_user_is_claimed_in_three_places(request_body: dict[str, Any], user: str) -> None:
    assert find_claimed_user(request_body) == user


def test_parameters_hold_settings_and_no_text() -> None:
    request_body = {
        "model": "m",
        "messages": [{"role": "user", "content": "secret"}],
        "temperature": 0.5,
        "n": 2,
        "stop": ["secret"],
        "tools": [{}, {}],
        "tool_choice": {"type": "function", "function": {"name": "secret"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "secret"}},
        "seed": None,
        "service_tier": "auto" * 50,
        "logprobs": True,
        "store": {"odd": 1},
    }
    assert read_parameters(request_body) == {
        "temperature": 0.5,
        "n": 2,
        "tool_choice": "function",
        "response_format": "json_schema",
        "service_tier": ("auto" * 50)[:64],
        "logprobs": True,
        "messages_count": 1,
        "tools_count": 2,
    }


def test_the_responses_api_keeps_two_settings_deeper() -> None:
    request_body = {"reasoning": {"effort": "low"}, "text": {"format": {"type": "json_object"}}}
    assert read_parameters(request_body) == {"reasoning_effort": "low", "response_format": "json_object"}
    assert read_parameters({"reasoning": 1, "text": {"format": 2}}) == {}
