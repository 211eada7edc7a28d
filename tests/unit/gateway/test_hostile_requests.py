"""Hostile requests to a running gateway: refused, the connection closed, nothing of them at the backend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from gatelog.model import EndReason
from gatelog.testing.hostile import (
    CHUNKED,
    HOSTILE_CHUNKS,
    HOSTILE_HEADS,
    SMUGGLED,
    UNFINISHED,
    aimed,
    get,
)

from .conftest import MakeGateway, RunningGateway, gateway_before
from .raw_backend import RawBackend
from .raw_client import converse

CHAT = b"/openai/deployments/gpt-4o/chat/completions"
HOSTILE = b"/openai/deployments/hostile/chat/completions"  # asked for by hostile messages only
UPLOAD = b"/openai/v1/files"
KEY = b"api-key: loose-key-1\r\n"
JSON = KEY + b"content-type: application/json\r\n"
BINARY = KEY + b"content-type: application/octet-stream\r\n"
WAIT_S = 10


@pytest.fixture(scope="module")
def gateway(backend: RawBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with gateway_before(backend, tmp_path_factory.mktemp("gateway")) as running:
        yield running


def status_of(answer: bytes) -> int:
    (status,) = re.findall(rb"HTTP/1\.1 ([0-9]{3}) [A-Z]", answer)
    assert answer.startswith(b"HTTP/1.1 " + status)
    return int(status)


def error_of(answer: bytes) -> dict[str, str]:
    error: dict[str, str] = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    return error


@pytest.mark.parametrize("name", [*HOSTILE_HEADS, *HOSTILE_CHUNKS, *UNFINISHED])
def test_a_hostile_request_is_refused_and_nothing_reaches_the_backend(
    gateway: RunningGateway, backend: RawBackend, name: str
) -> None:
    """A whole good request follows in the same write: it must not be served either."""
    if name in HOSTILE_HEADS:
        message, status = HOSTILE_HEADS[name]
    else:
        message = UNFINISHED.get(name) or CHUNKED + HOSTILE_CHUNKS[name]
        status = 505 if message.startswith(b"GET / HTTP/3") else 400
    before = backend.all_received
    answer = converse(gateway.port, aimed(message + SMUGGLED, HOSTILE, JSON))
    assert status_of(answer) == status
    assert b"connection: close\r\n" in answer
    assert error_of(answer)["message"]
    assert backend.all_received == before


@pytest.mark.parametrize("name", HOSTILE_CHUNKS)
def test_of_an_upload_that_turns_hostile_the_backend_never_gets_a_whole_request(
    gateway: RunningGateway, backend: RawBackend, name: str
) -> None:
    """An upload is passed on as it comes; what breaks must not look complete, nor carry a second request."""
    message = aimed(CHUNKED + HOSTILE_CHUNKS[name] + SMUGGLED, UPLOAD, BINARY)
    assert status_of(converse(gateway.port, message)) == 400
    for reached in map(bytes, backend.received):
        assert b"GET " + UPLOAD not in reached
        if UPLOAD in reached:
            assert reached.count(b" HTTP/1.1\r\n") == 1
            assert not reached.endswith(b"0\r\n\r\n")


def test_the_same_messages_without_the_trick_do_reach_the_backend(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    """The control: were the messages above let through, the backend would have seen them."""
    for good in (
        aimed(get(), CHAT, JSON + b"connection: close\r\n"),
        aimed(CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", CHAT, JSON + b"connection: close\r\n"),
    ):
        before = len(backend.all_received)
        assert status_of(converse(gateway.port, good)) == 200
        assert backend.all_received[before:].count(CHAT + b" HTTP/1.1\r\n") == 1


def test_pipelined_requests_are_answered_one_by_one(gateway: RunningGateway, backend: RawBackend) -> None:
    last = aimed(get(), CHAT, JSON + b"connection: close\r\n")
    answer = converse(gateway.port, aimed(SMUGGLED * 2, CHAT, JSON) + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "query",
    [
        b"?subscription-key=loose-key-1" + b"&a=b" * 150,
        b"?" + b"&" * 150 + b"api-key=loose-key-1",
        b"?subscription-key=%ff%fe%00",
        b"?subscription-key=" + b"k" * 8000,
        b"?subscription-key=loose-key-1;api-key=other",
    ],
)
def test_an_odd_query_with_a_key_is_answered_and_settled(gateway: RunningGateway, query: bytes) -> None:
    answer = converse(gateway.port, get(CHAT + query, b"Host: x\r\nconnection: close\r\n"))
    assert status_of(answer) in (200, 400, 401)
    assert error_of(answer)["message"] if status_of(answer) != 200 else True


def test_headers_named_by_any_connection_header_stay_here(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    before = len(backend.all_received)
    hop_by_hop = b"connection: x-one\r\nx-one: 1\r\nx-two: 2\r\nconnection: close, X-Two\r\n"
    assert status_of(converse(gateway.port, aimed(get(), CHAT, JSON + hop_by_hop))) == 200
    reached = backend.all_received[before:]
    assert b"x-one" not in reached
    assert b"x-two" not in reached


def test_what_concerns_this_hop_or_the_clients_address_stays_here(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    """A backend is told who asks by the gateway alone, and no expectation that nobody there will answer."""
    ours = (
        b"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n"
        b"TE: trailers, chunked\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
        b"Expect: 100-continue\r\nX-Gatelog-Request-Id: spoofed\r\nconnection: close\r\nX-Theirs: 1\r\n"
    )
    before = len(backend.all_received)
    assert status_of(converse(gateway.port, aimed(get(), CHAT, JSON + ours))) == 200
    reached = [line.partition(b":")[0] for line in backend.all_received[before:].lower().split(b"\r\n")]
    assert b"x-theirs" in reached
    assert [line for line in ours.lower().split(b"\r\n")[:-2] if line.partition(b":")[0] in reached] == []


@pytest.mark.parametrize("options", [b"Upgrade, HTTP2-Settings", b"Upgrade", b"HTTP2-Settings"])
def test_an_offer_of_http_2_with_a_body_is_served_as_http_1(
    gateway: RunningGateway, backend: RawBackend, options: bytes
) -> None:
    """RFC 9110 section 7.8: an offer may be ignored. The backend must not hear of it and take it."""
    before = len(backend.all_received)
    offer = b"connection: %b\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n" % options
    body = b"content-length: 2\r\n\r\n{}"
    request = get().replace(b"GET", b"POST").removesuffix(b"\r\n")
    answer = converse(gateway.port, aimed(request, CHAT, JSON + offer + b"connection: close\r\n") + body)
    assert status_of(answer) == 200
    reached = backend.all_received[before:].lower()
    assert reached.endswith(b"\r\n\r\n{}")
    assert b"upgrade" not in reached
    assert b"http2" not in reached


def test_every_call_of_all_this_was_settled(gateway: RunningGateway, backend: RawBackend) -> None:
    """Runs last: nothing hostile arrived late either, and each accepted call has its end."""
    gateway.stop()
    assert HOSTILE not in backend.all_received
    calls = gateway.calls()
    assert len(calls) == gateway.account().accepted
    assert [call.start.sequence for call in calls if call.end is None] == []


def test_a_call_that_cannot_even_be_identified_is_answered_recorded_and_settled(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("a defect of our own")

    monkeypatch.setattr("gatelog.gateway.call.identify", fail)
    gateway = make_gateway("http://127.0.0.1:9")
    assert status_of(converse(gateway.port, aimed(get(), CHAT, KEY))) == 500
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.GATEWAY_ERROR
    assert "a defect of our own" in caplog.text
