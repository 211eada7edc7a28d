"""Splices are byte-exact, and no bytes that a peer sends can break the record."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatelog.model import Attempt, Boot, EndReason, EndRecord, OperationKind, Start
from gatelog.provider import (
    CapturedCall,
    NotJson,
    Tokenizers,
    resolve,
    scan_request,
    seal,
    with_include_usage,
)
from gatelog.provider.addressing import without_credentials

KEYS = st.sampled_from(["model", "messages", "a", "é", 'q"uote', "include_usage", "\\", "x{y", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OPTIONS = st.one_of(
    st.none(),
    st.dictionaries(KEYS, VALUES, max_size=2).map(
        lambda d: {k: v for k, v in d.items() if k != "include_usage"}
    ),
    st.fixed_dictionaries({"include_usage": st.sampled_from([None, True, False])}),
)
REQUESTS = st.builds(
    lambda before, options, after: before | options | after,
    st.dictionaries(KEYS.filter(lambda key: key != "model"), VALUES, max_size=3),
    st.one_of(st.just({}), OPTIONS.map(lambda options: {"stream_options": options})),
    st.dictionaries(st.sampled_from(["z", "tools"]), VALUES, max_size=2),
)
STYLES = st.builds(
    lambda ascii_only, indent: {"ensure_ascii": ascii_only, "indent": indent},
    st.booleans(),
    st.sampled_from([None, 0, 2]),
)


def common_prefix_length(one: bytes, other: bytes) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@given(REQUESTS, STYLES)
def test_a_splice_changes_the_usage_wish_and_not_one_other_byte(
    request: dict[str, Any], style: dict[str, Any]
) -> None:
    body = json.dumps(request, **style).encode("utf-8", "surrogatepass")
    spliced = with_include_usage(body)
    options = request.get("stream_options") or {}
    expected = request | {"stream_options": {**options, "include_usage": True}}
    assert json.loads(spliced.decode("utf-8", "surrogatepass")) == expected
    head = common_prefix_length(body, spliced)
    tail = min(common_prefix_length(body[::-1], spliced[::-1]), len(body) - head)
    touched = body[head : len(body) - tail]
    assert touched in b"null" or touched in b"false"


@given(REQUESTS, STYLES)
def test_the_scan_agrees_with_the_whole_document(request: dict[str, Any], style: dict[str, Any]) -> None:
    options = request.get("stream_options") or {}
    shape = scan_request(
        json.dumps(request | {"model": "m", "stream": True}, **style).encode("utf-8", "surrogatepass")
    )
    assert (shape.model, shape.stream, shape.include_usage) == ("m", True, options.get("include_usage"))


@given(
    st.binary(max_size=200)
    | st.text(alphabet='{}[]":,\\ nulltruefalse019stream_options', max_size=80).map(str.encode)
)
def test_any_bytes_are_a_request_or_refused_by_name(body: bytes) -> None:
    """Nothing but NotJson comes out of either, and what the scan accepts can be spliced."""
    try:
        scan_request(body)
    except NotJson:
        with contextlib.suppress(NotJson):
            with_include_usage(body)
    else:
        assert scan_request(with_include_usage(body)).include_usage is True


@given(
    st.text(alphabet="/.%2eEfF5cadv1openai?&=chatcompletions ", max_size=60),
    st.text(alphabet="apiv-ersonky=&%41", max_size=40),
)
def test_any_request_line_resolves_to_a_clean_operation_or_none(path: str, query: str) -> None:
    operation = resolve("POST", "/" + path, query)
    if operation is not None:
        assert operation.id.isascii()
        assert ".." not in operation.deployment.split("/")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "api-key", "Subscription-Key", "api%2dkey", "x"]),
            st.text(alphabet="abc%20", max_size=5),
        )
    )
)
def test_no_key_survives_in_a_target_and_every_other_pair_does(pairs: list[tuple[str, str]]) -> None:
    target = "/v1/models?" + "&".join(f"{name}={value}" for name, value in pairs)
    clean = without_credentials(target)
    kept = [f"{name}={value}" for name, value in pairs if name in ("a", "x")]
    assert clean.partition("?")[2] == "&".join(kept)


TYPES = st.sampled_from(
    [
        b"application/json",
        b"text/event-stream",
        b"text/plain; charset=utf-16",
        b"audio/mpeg",
        b"",
        b"application/json; charset=latin-1",
    ]
)
CODINGS = st.sampled_from([b"", b"gzip", b"deflate", b"zstd", b"br", b"gzip, zstd"])
WIRE = st.one_of(
    st.binary(max_size=120),
    VALUES.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.dictionaries(
        st.sampled_from(
            [
                "choices",
                "usage",
                "model",
                "error",
                "data",
                "messages",
                "input",
                "prompt",
                "content_filters",
                "metadata",
                "tools",
                "output",
            ]
        ),
        st.recursive(
            SCALARS,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "index",
                            "delta",
                            "message",
                            "content",
                            "tool_calls",
                            "function",
                            "arguments",
                            "logprobs",
                            "text",
                        ]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=10,
        ),
        max_size=4,
    ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
)
STREAM_WIRE = st.lists(
    WIRE.map(lambda data: b"data: " + data.replace(b"\n", b" ") + b"\n\n"), max_size=4
).map(b"".join)


def captured(
    kind: str,
    reason: EndReason,
    status: int,
    headers: list[tuple[bytes, bytes]],
    request: bytes,
    response: bytes,
) -> CapturedCall:
    start = Start(
        1,
        "r",
        0,
        "",
        "",
        "POST",
        "/v1/chat/completions",
        headers,
        "1.1",
        "",
        "",
        "",
        "",
        "x",
        kind,
        "v1",
        "",
        "",
        "required",
        b"",
    )
    attempts = [Attempt("east", "answered")]
    end = EndRecord(1, reason, status, "", "", "", status, headers, b"", attempts, 0, 0, 0, 0, 0, 0, 0, 0)
    return CapturedCall(Boot("i", "b", 0, "v"), start, end, request, response)


TOKENIZERS = Tokenizers()


@given(
    kind=st.sampled_from([*OperationKind, "?"]),
    reason=st.sampled_from(EndReason),
    status=st.sampled_from([0, 200, 400, 503]),
    content_type=TYPES,
    coding=CODINGS,
    request=WIRE,
    response=st.one_of(WIRE, STREAM_WIRE),
)
def test_no_bytes_can_stop_a_call_from_being_recorded(
    kind: str,
    reason: EndReason,
    status: int,
    content_type: bytes,
    coding: bytes,
    request: bytes,
    response: bytes,
) -> None:
    headers = [(b"Content-Type", content_type), (b"Content-Encoding", coding)]
    call = captured(kind, reason, status, headers, request, response)
    exchange = seal(call, TOKENIZERS)
    assert exchange.content.response.size == len(response)
    assert exchange.content.request.size == len(request)
    msgspec.json.encode(exchange.usage)
