"""A captured call becomes one Exchange: everything that was said, and notes of what is not whole."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import msgspec
import pytest

from gatelog.model import (
    CallId,
    EndReason,
    Exchange,
    OperationKind,
    PathFamily,
    Usage,
    UsageSource,
)
from gatelog.provider import REFUSALS, CapturedCall, Tokenizers, seal
from gatelog.provider.bulk import BULK_LENGTH_MIN
from gatelog.provider.long_body import LongBody

from .captured import ANSWER, BOOT, END, JSON, SSE, START, sealed, stream


def test_a_plain_call_is_sealed_whole() -> None:
    wire = json.dumps(ANSWER, indent=1).encode()
    exchange = sealed(wire)
    assert exchange.id == CallId("gw-1", "boot-1", 7)
    assert exchange.request_id == "req-7"
    operation = exchange.call.operation
    assert (operation.id, operation.kind, operation.family) == (
        "chatcompletions_create",
        OperationKind.CHAT,
        PathFamily.DEPLOYMENT,
    )
    assert (operation.tail, operation.deployment, operation.api_version) == (
        "chat/completions",
        "prod",
        "2024-10-21",
    )
    assert (exchange.call.model_asked, exchange.call.model_served) == ("gpt-4o", "gpt-4o-2024-08-06")
    assert exchange.call.parameters == {"messages_count": 1}
    assert exchange.content.response.text == wire.decode()
    assert exchange.content.response.sha256 == hashlib.sha256(wire).hexdigest()
    assert exchange.content.response.note == ""
    assert exchange.content.finish_reasons == ("stop",)
    assert exchange.usage == Usage(UsageSource.REPORTED, 9, 1, 10)
    assert exchange.caller.user_agent == "sdk/1"
    assert (exchange.caller.claimed_user, exchange.caller.conversation_id) == ("jane", "c-1")
    assert (exchange.route.region, exchange.route.evidence["apim-request-id"]) == ("East US", "a-1")
    assert exchange.route.attempts == tuple(END.attempts)
    assert exchange.timing.first_token_ns is None
    assert exchange.timing.sent_ns == 10
    assert (exchange.end.status, exchange.end.capture, exchange.end.error_code) == (200, "required", "")


def test_no_credential_is_in_the_exchange() -> None:
    assert "leaked" not in repr(sealed(b"{}"))


def test_the_reported_members_mirror_the_stored_body_and_nothing_else() -> None:
    content = sealed(json.dumps(ANSWER).encode()).content
    stored = json.loads(content.response.text)
    assert content.reported_model == stored["model"]
    assert content.reported_prompt_tokens == stored["usage"]["prompt_tokens"]
    assert content.reported_completion_tokens == stored["usage"]["completion_tokens"]
    assert content.reported_total_tokens == stored["usage"]["total_tokens"]
    other = sealed(
        b'{"model":5,"usage":{"prompt_tokens":"9","input_tokens":3,"completion_tokens":1.0}}'
    ).content
    assert (other.reported_model, other.reported_prompt_tokens, other.reported_completion_tokens) == (
        None,
    ) * 3


def test_a_stream_is_stored_assembled_and_its_usage_known_as_injected() -> None:
    wire = stream("chat_azure.sse")
    exchange = sealed(wire, end={"response_headers": SSE, "usage_injected": True})
    stored = json.loads(exchange.content.response.text)
    assert stored["choices"][0]["message"]["content"].startswith("Grüße aus 東京")
    assert exchange.content.response.text == json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
    assert exchange.call.stream
    assert exchange.usage.source is UsageSource.INJECTED
    assert (exchange.usage.total_tokens, exchange.usage.cached_tokens) == (30, 4)
    assert exchange.content.reported_prompt_tokens == stored["usage"]["prompt_tokens"] == 19
    assert exchange.content.filter_verdicts["prompt"]["jailbreak"] == {"filtered": False, "detected": False}
    assert (exchange.content.response.size, exchange.content.response.note) == (len(wire), "")


@pytest.mark.parametrize(
    ("headers", "region"), [([(b"x-ms-region", b"East US")], "East US"), ([], "Sweden Central")]
)
def test_the_region_is_the_backends_word_else_the_configured_one(
    headers: list[tuple[bytes, bytes]], region: str
) -> None:
    end = {"response_headers": [*JSON, *headers], "region": "Sweden Central"}
    assert sealed(b"{}", end=end).route.region == region


HALF = "\\ud83d"


@pytest.mark.parametrize("headers", [JSON, SSE])
def test_half_a_surrogate_pair_keeps_no_call_out_of_the_store(headers: list[tuple[bytes, bytes]]) -> None:
    """JSON can spell what no UTF-8 can: a caller could have kept its calls out of sight so."""
    settings = f'"service_tier":"{HALF}\\ude00","reasoning_effort":"{HALF}"'
    request = f'{{"model":"{HALF}","user":"{HALF}",{settings}}}'.encode()
    answer = f'{{"model":"{HALF}","error":{{"code":"{HALF}","message":"{HALF}"}},"choices":[]}}'.encode()
    response = b"data: " + answer + b"\n\n" if headers is SSE else answer
    exchange = sealed(response, request=request, end={"response_headers": headers})
    msgspec.json.encode(exchange)
    assert (exchange.call.model_asked, exchange.caller.claimed_user) == ("\ufffd", "\ufffd")
    assert exchange.call.parameters == {"service_tier": "\U0001f600", "reasoning_effort": "\ufffd"}
    assert exchange.end.error_message == "\ufffd"
    assert exchange.content.request.text == request.decode()


def test_a_refusal_keeps_the_gateways_own_words() -> None:
    refusal = REFUSALS["invalid_key"]
    exchange = sealed(
        b"",
        start={
            "operation_id": "",
            "operation_kind": "",
            "family": "",
            "deployment": "",
            "target": "/nowhere",
        },
        end={
            "reason": EndReason.REFUSED,
            "status": 401,
            "backend_status": 0,
            "error": "invalid_key",
            "reply_body": refusal.body(),
            "response_headers": [],
            "attempts": [],
        },
    )
    assert exchange.content.response.text == refusal.body().decode()
    assert exchange.end.error_code == "invalid_key"
    assert exchange.end.error_message.startswith("Access denied")
    assert exchange.end.backend_status is None
    assert exchange.call.operation.family is PathFamily.NONE
    assert exchange.call.operation.deployment == ""


def test_the_deployment_of_a_v1_call_is_the_bodys_model() -> None:
    exchange = sealed(
        json.dumps(ANSWER).encode(),
        start={"target": "/openai/v1/chat/completions", "family": "openai_v1", "deployment": ""},
    )
    assert exchange.call.operation.deployment == "gpt-4o"
    assert exchange.call.operation.family is PathFamily.OPENAI_V1


def test_a_deployment_is_a_label_however_long_it_was_asked_for() -> None:
    """Groups of calls are by it, and whoever calls chooses it; the target has all of it."""
    target = f"/openai/deployments/{'d' * 5_000}/chat/completions"
    exchange = sealed(b"{}", request=b"{}", start={"target": target, "deployment": "d" * 5_000})
    assert exchange.call.operation.deployment == exchange.call.model_asked == "d" * 256
    assert exchange.call.target == target


def test_what_a_backend_calls_itself_is_a_label_too() -> None:
    """A custom backend may repeat the model that it was asked for, and say of a region what it likes."""
    answer = {"model": "m" * 5_000, "choices": [{"finish_reason": "f" * 5_000, "message": {"content": ""}}]}
    headers = [*JSON, (b"x-ms-region", b"r" * 5_000)]
    exchange = sealed(json.dumps(answer).encode(), end={"response_headers": headers})
    assert exchange.content.reported_model == exchange.call.model_served == "m" * 256
    assert exchange.route.region == "r" * 256
    assert exchange.content.finish_reasons == ("f" * 256,)
    assert exchange.content.response_headers["x-ms-region"] == "r" * 5_000
    assert json.loads(exchange.content.response.text) == answer


def test_a_user_agent_has_room_for_several_products_and_no_more() -> None:
    agent = b"product/1.2 (system; of some kind) " * 100
    exchange = sealed(b"{}", start={"headers": [(b"user-agent", agent)]})
    assert exchange.caller.user_agent == agent.decode()[:1024]
    assert exchange.content.request_headers == {"user-agent": agent.decode()}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "content_filter", "type": None}, "content_filter"),
        ({"code": None, "type": "invalid_request_error"}, "invalid_request_error"),
        ({"code": 429}, "429"),
        ({"code": int("9" * 4_000)}, "9" * 256),
        ({"code": "c" * 5_000}, "c" * 256),
        ({"code": {"said": "what was asked"}}, ""),
        ({"code": {"said": "what was asked"}, "type": "invalid_request_error"}, "invalid_request_error"),
        ({"code": 0, "type": "server_error"}, "server_error"),
        ({"code": ["what was asked"]}, ""),
        ({"code": True}, ""),
    ],
)
def test_the_code_of_an_error_is_a_word_or_a_number(error: dict[str, Any], code: str) -> None:
    assert sealed(json.dumps({"error": error}).encode()).end.error_code == code


def test_the_responses_api_says_why_it_ended_and_what_it_used() -> None:
    start = {"target": "/v1/responses", "operation_kind": "other", "operation_id": "createresponse"}
    exchange = sealed(stream("responses.sse"), start=start, end={"response_headers": SSE})
    assert exchange.content.finish_reasons == ("completed",)
    assert exchange.usage == Usage(UsageSource.REPORTED, 12, 9, 21, 0, 0)
    assert exchange.content.reported_prompt_tokens is None  # the body says input_tokens
    incomplete = {
        "object": "response",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }
    exchange = sealed(json.dumps(incomplete).encode(), start=start)
    assert exchange.content.finish_reasons == ("max_output_tokens",)


def test_compressed_bodies_are_read() -> None:
    headers = [*JSON, (b"content-encoding", b"gzip")]
    exchange = sealed(gzip.compress(json.dumps(ANSWER).encode()), end={"response_headers": headers})
    assert exchange.usage.total_tokens == 10
    assert json.loads(exchange.content.response.text) == ANSWER


def test_large_embeddings_keep_their_shape_and_the_hash_of_every_vector() -> None:
    vector = [0.125] * 20_000
    body = {
        "object": "list",
        "model": "e",
        "data": [{"index": 0, "embedding": vector}],
        "usage": {"prompt_tokens": 3},
    }
    wire = json.dumps(body).encode()
    assert len(wire) > BULK_LENGTH_MIN
    content = sealed(wire, start={"operation_kind": "embeddings"}).content
    digest = hashlib.sha256(json.dumps(vector, separators=(",", ":")).encode()).hexdigest()
    stored = json.loads(content.response.text)
    assert stored["data"][0]["embedding"] == f"<20000 floats, sha256 {digest}>"
    assert (content.response.note, content.response.size) == ("vectors replaced", len(wire))
    assert (stored["model"], content.reported_prompt_tokens) == ("e", 3)
    image = {"data": [{"b64_json": "A" * 70_000, "revised_prompt": "p"}, 5]}
    stored = json.loads(sealed(json.dumps(image).encode()).content.response.text)
    assert stored["data"][0]["b64_json"].startswith("<70000 characters, sha256 ")
    assert stored["data"][0]["revised_prompt"] == "p"


def sealed_events(*events: dict[str, Any]) -> Exchange:
    wire = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return sealed(wire.encode(), start={"operation_kind": "other"}, end={"response_headers": SSE})


def test_images_and_sounds_of_a_stream_are_replaced_event_by_event() -> None:
    """As `stream=True` of images sends them: what is not bulk stays, the usage too."""
    image = {"type": "image_edit.partial_image", "b64_json": "A" * 70_000, "partial_image_index": 0}
    usage = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
    last = {"type": "image_edit.completed", "b64_json": "B" * 70_000, "usage": usage}
    exchange = sealed_events(image, last)
    events = [event["data"] for event in json.loads(exchange.content.response.text)["events"]]
    assert [event["b64_json"][:24] for event in events] == ["<70000 characters, sha25"] * 2
    assert events[0]["partial_image_index"] == 0
    assert exchange.content.response.note == "vectors replaced"
    assert exchange.usage.total_tokens == 12


def test_a_spoken_stream_ends_with_its_last_event() -> None:
    sound = {"type": "speech.audio.delta", "audio": "A" * 70_000}
    last = {"type": "speech.audio.done", "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}
    exchange = sealed_events(sound, last)
    assert exchange.content.response.note == "vectors replaced"
    assert "AAAA" not in exchange.content.response.text


def test_small_embeddings_are_kept_as_received() -> None:
    wire = b'{"data":[{"embedding":[0.1,0.2]}] }'
    assert sealed(wire).content.response.text == wire.decode()


@pytest.mark.parametrize(
    ("response", "end", "note"),
    [
        (b'{"choices":[', {"reason": EndReason.UPSTREAM_RESET}, "truncated; not readable as JSON"),
        (b'{"choices":[', {}, "not readable as JSON"),
        (b"[1]", {}, ""),
        (b"\r\n\t [1]", {}, ""),
        ("\u00a0[1]".encode(), {}, "not readable as JSON"),  # no space to JSON
        (b"{}", {"response_headers": [*JSON, (b"content-length", b"10")]}, "truncated"),
        (b"{}", {"response_headers": [*JSON, (b"content-length", b"2")]}, ""),
        (b"", {"response_headers": [(b"content-length", b"many")]}, ""),
        (b"data: {", {"response_headers": SSE}, "truncated stream; 1 events not readable as JSON"),
        (b"data: [DONE]\n\n", {"response_headers": [], "status": 0, "backend_status": 0}, ""),
    ],
)
def test_what_is_not_whole_is_noted(response: bytes, end: dict[str, Any], note: str) -> None:
    assert sealed(response, end=end).content.response.note == note


def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    end = {"response_headers": [*JSON, (b"content-length", b"10")]}
    assert sealed(b"", start={"method": "HEAD"}, end=end).content.response.note == ""
    assert sealed(b"", end=end).content.response.note == "truncated"


@pytest.mark.parametrize("depth", [100, 126, 127, 300, 900, 5000])
def test_no_nesting_is_too_deep_for_the_record(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    request = b'{"messages":[{"content":' + nested + b'}],"tools":' + nested + b"}"
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"x","deep":' + nested + b"}}]}\n\n"
    captured = CapturedCall(
        BOOT, START, msgspec.structs.replace(END, response_headers=SSE), request, chunk * 2
    )
    exchange = seal(captured, Tokenizers())
    assert exchange.content.request.text == request.decode()
    readable = depth < 120
    assert (exchange.content.request.note == "") is readable
    assert ("not readable as JSON" in exchange.content.response.note) is not readable


@pytest.mark.parametrize("reason", [EndReason.CLIENT_ABORT, EndReason.CLIENT_TIMEOUT])
def test_a_request_that_had_come_whole_before_its_client_left_is_not_cut(reason: EndReason) -> None:
    exchange = sealed(b"", end={"reason": reason, "request_complete_ns": 5})
    assert exchange.content.request.note == ""


def test_an_upload_that_broke_off_is_noted() -> None:
    end = {"reason": EndReason.CLIENT_ABORT, "request_complete_ns": 0, "status": 0, "backend_status": 0}
    exchange = sealed(b"", request=b'{"mess', end=end)
    assert exchange.content.request.note == "truncated; not readable as JSON"
    assert exchange.content.request.text == '{"mess'
    assert exchange.usage == Usage()


def test_an_error_inside_a_stream_names_the_exchange() -> None:
    exchange = sealed(stream("chat_error.sse"), end={"response_headers": SSE})
    assert exchange.end.error_code == "server_error"
    assert exchange.end.error_message.startswith("The server had an error")


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-image-1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="quality"\r\n\r\nlow\r\n'
    b'--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nzoe\r\n'
    b'--x\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\n\r\n\x89PNG\r\n--x--\r\n'
)


def multipart(wire: bytes | LongBody, *further: tuple[bytes, bytes]) -> Exchange:
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), *further]
    start = {
        "headers": headers,
        "operation_kind": "other",
        "target": "/openai/v1/images/edits",
        "deployment": "",
    }
    return sealed(b"{}", request=wire, start=start)


def test_the_fields_of_a_form_say_what_was_asked() -> None:
    exchange = multipart(FORM)
    assert exchange.call.operation.deployment == "gpt-image-1"
    assert exchange.call.model_asked == "gpt-image-1"
    assert exchange.call.parameters == {"quality": "low"}
    assert exchange.caller.claimed_user == "zoe"
    assert exchange.content.request.note == "binary multipart/form-data"
    assert exchange.content.request.size == len(FORM)
    image = {
        "filename": "a.png",
        "type": "",
        "bytes": 4,
        "sha256": hashlib.sha256(b"\x89PNG").hexdigest(),
    }
    assert json.loads(exchange.content.request.text) == {
        "model": "gpt-image-1",
        "quality": "low",
        "user": "zoe",
        "image": [image],
    }


def test_a_packed_form_is_read_too() -> None:
    exchange = multipart(gzip.compress(FORM), (b"content-encoding", b"gzip"))
    assert exchange.call.model_asked == "gpt-image-1"


def test_of_a_form_too_long_to_be_read_the_beginning_is() -> None:
    exchange = multipart(LongBody(FORM[:-20], 10**9, "00"))
    assert exchange.call.model_asked == "gpt-image-1"
    assert json.loads(exchange.content.request.text) == {
        "model": "gpt-image-1",
        "quality": "low",
        "user": "zoe",
    }
    assert (exchange.content.request.size, exchange.content.request.sha256) == (10**9, "00")


def test_multipart_uploads_leave_a_note_and_their_hash() -> None:
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    wire = b"--x\r\n" + bytes(range(256))
    exchange = sealed(b"text", request=wire, start={"headers": headers, "operation_kind": "other"})
    assert exchange.content.request.text == ""
    assert exchange.content.request.note == "binary multipart/form-data"
    assert exchange.content.request.sha256 == hashlib.sha256(wire).hexdigest()
