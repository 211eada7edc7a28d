"""Reading a request's shape, and asking for usage without touching the rest."""

from __future__ import annotations

import json

import pytest

from gatelog.provider import NotJson, scan_request, with_include_usage


def test_the_shape_is_read() -> None:
    shape = scan_request(
        b'{"model":"gpt-4o","messages":[],"stream":true,"stream_options":{"include_usage":true}}'
    )
    assert (shape.model, shape.stream, shape.include_usage) == ("gpt-4o", True, True)


@pytest.mark.parametrize(
    ("body", "include_usage"),
    [
        (b"{}", None),
        (b'{"stream_options":null}', None),
        (b'{"stream_options":{}}', None),
        (b'{"stream_options":{"include_usage":null}}', None),
        (b'{"stream_options":{"include_usage":false}}', False),
    ],
)
def test_a_client_that_does_not_say_is_told_from_one_that_declines(
    body: bytes, include_usage: bool | None
) -> None:
    shape = scan_request(body)
    assert shape.include_usage is include_usage
    assert not shape.stream


def test_half_a_surrogate_pair_in_a_prompt_is_no_reason_to_refuse() -> None:
    shape = scan_request(b'{"model":"m","messages":[{"role":"user","content":"\\ud83d"}],"stream":true}')
    assert (shape.model, shape.stream) == ("m", True)


def test_half_a_surrogate_pair_in_a_models_name_is_no_character() -> None:
    assert scan_request(b'{"model":"\\ud83d"}').model == "\ufffd"


def test_half_a_surrogate_pair_in_a_name_is_no_reason_to_refuse() -> None:
    body = b'{"\\ud83d":1,"model":"m","stream_options":{"\\ud83d":1,"include_usage":false},"stream":true}'
    shape = scan_request(body)
    assert (shape.model, shape.stream, shape.include_usage) == ("m", True, False)
    assert with_include_usage(body) == body.replace(b"false", b"true")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"model=gpt", "not JSON"),
        (b'{"model":"x"', "not JSON"),
        (b'{"temperature":NaN}', "not JSON"),
        (b"[1]", "array"),
        (b'{"stream":"true"}', "$.stream"),
        (b'{"model":5}', "$.model"),
        (b'{"stream_options":{"include_usage":1}}', "$.stream_options.include_usage"),
        (b'{"stream":"true","z":"\\ud800"}', "$.stream"),
        (b'{"stream":"\\ud800"}', "$.stream"),
        (b'{"stream_options":"\\ud800"}', "$.stream_options"),
        (b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "nested too deeply"),
        (b'{"a":"\xff"} x', "not JSON"),
    ],
)
def test_what_is_not_a_request_is_refused_with_the_place(body: bytes, says: str) -> None:
    with pytest.raises(NotJson) as refused:
        scan_request(body)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("body", "spliced"),
    [
        (b"{}", b'{"stream_options":{"include_usage":true}}'),
        (b" { } \n", b' { "stream_options":{"include_usage":true}} \n'),
        (b'{"a":{}}', b'{"a":{},"stream_options":{"include_usage":true}}'),
        (b'{"a":"{" }\n', b'{"a":"{" ,"stream_options":{"include_usage":true}}\n'),
        (b'{"stream_options" : null,"a":1}', b'{"stream_options" : {"include_usage":true},"a":1}'),
        (b'{"stream_options":{}}', b'{"stream_options":{"include_usage":true}}'),
        (b'{"stream_options":{"x":1 } }', b'{"stream_options":{"x":1 ,"include_usage":true} }'),
        (b'{"stream_options":{"include_usage": false}}', b'{"stream_options":{"include_usage": true}}'),
        (
            b'{"stream_options":{"include_usage":null,"x":[]}}',
            b'{"stream_options":{"include_usage":true,"x":[]}}',
        ),
        (b'{"stream_options":{"include_usage":true}}', b'{"stream_options":{"include_usage":true}}'),
        (
            b'{"stream_options":{"include_usage":true},"stream_options":null}',
            b'{"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}',
        ),
        (b'{"stream\\u005foptions":{"x":1}}', b'{"stream\\u005foptions":{"x":1,"include_usage":true}}'),
        (
            b'{"a":"\\u00e9 \\"stream_options\\": {","b":[{"stream_options":{}}]}',
            b'{"a":"\\u00e9 \\"stream_options\\": {","b":[{"stream_options":{}}],'
            b'"stream_options":{"include_usage":true}}',
        ),
    ],
)
def test_usage_is_asked_for_and_every_other_byte_stays(body: bytes, spliced: bytes) -> None:
    assert with_include_usage(body) == spliced
    assert json.loads(spliced)["stream_options"]["include_usage"] is True


@pytest.mark.parametrize(
    "body", [b'{"stream_options":[1', b'{"stream_options":5}', b'"stream_options"', b'{"stream_options" 1}']
)
def test_a_body_that_was_never_scanned_is_refused_not_mangled(body: bytes) -> None:
    with pytest.raises(NotJson):
        with_include_usage(body)
