"""Hostile requests to a running gateway: refused, the connection closed, nothing of them at the backend."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelog.model import EndReason
from gatelog.testing.filesystem import MemoryFileSystem
from gatelog.testing.hostile import (
    CHUNKED,
    HOSTILE_CHUNKS,
    HOSTILE_HEADS,
    SMUGGLED,
    UNFINISHED,
    aimed,
    get,
)

from .conftest import CONFIGURATION, MakeGateway, RunningGateway
from .raw_backend import SMALL_SEGMENTS, RawBackend, always, good_answer

CHAT = b"/openai/deployments/gpt-4o/chat/completions"
HOSTILE = b"/openai/deployments/hostile/chat/completions"  # asked for by hostile messages only
UPLOAD = b"/openai/v1/files"
KEY = b"api-key: loose-key-1\r\n"
JSON = KEY + b"content-type: application/json\r\n"
BINARY = KEY + b"content-type: application/octet-stream\r\n"
WAIT_S = 10


@pytest.fixture(scope="module")
def backend() -> Iterator[RawBackend]:
    with RawBackend(always(good_answer())) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(backend: RawBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    base: Path = tmp_path_factory.mktemp("gateway")
    line = f'  b0: {{kind: azure-openai, url: "{backend.url}", api_key: "backend-key-1"}}'
    text = CONFIGURATION.format(data=base / "data", backends=line, names="b0", timeouts="{}")
    with RunningGateway(text + SMALL_SEGMENTS, base, MemoryFileSystem()) as running:
        yield running


def converse(gateway: RunningGateway, message: bytes) -> bytes:
    """Send a message; all that comes back until the gateway closes."""
    with socket.create_connection(("127.0.0.1", gateway.port), WAIT_S) as client:
        client.sendall(message)
        received = b""
        while data := client.recv(65536):
            received += data
    return received


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
    answer = converse(gateway, aimed(message + SMUGGLED, HOSTILE, JSON))
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
    assert status_of(converse(gateway, message)) == 400
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
        assert status_of(converse(gateway, good)) == 200
        assert backend.all_received[before:].count(CHAT + b" HTTP/1.1\r\n") == 1


def test_pipelined_requests_are_answered_one_by_one(gateway: RunningGateway, backend: RawBackend) -> None:
    last = aimed(get(), CHAT, JSON + b"connection: close\r\n")
    answer = converse(gateway, aimed(SMUGGLED * 2, CHAT, JSON) + last)
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
    answer = converse(gateway, get(CHAT + query, b"Host: x\r\nconnection: close\r\n"))
    assert status_of(answer) in (200, 400, 401)
    assert error_of(answer)["message"] if status_of(answer) != 200 else True


def test_headers_named_by_any_connection_header_stay_here(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    before = len(backend.all_received)
    hop_by_hop = b"connection: x-one\r\nx-one: 1\r\nx-two: 2\r\nconnection: close, X-Two\r\n"
    assert status_of(converse(gateway, aimed(get(), CHAT, JSON + hop_by_hop))) == 200
    reached = backend.all_received[before:]
    assert b"x-one" not in reached
    assert b"x-two" not in reached


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
    assert status_of(converse(gateway, aimed(get(), CHAT, KEY))) == 500
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.GATEWAY_ERROR
    assert "a defect of our own" in caplog.text
