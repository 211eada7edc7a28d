"""Hostile and broken backends: no client takes their bytes for an answer, no connection stays poisoned."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gatelog.model import EndReason
from gatelog.testing.filesystem import MemoryFileSystem

from .conftest import CONFIGURATION, RunningGateway
from .raw_backend import CLOSE, PAUSE, SMALL_SEGMENTS, Answer, RawBackend, always, good_answer
from .raw_client import HTTP, read_to_end

CHAT = "/openai/deployments/gpt-4o/chat/completions"
STRICT = {"api-key": "strict-key-1"}
LOOSE = {"api-key": "loose-key-1"}
OK = b"HTTP/1.1 200 OK\r\n"
POISON = b'{"poison":true}'
POISONED_ANSWER = good_answer(POISON)
CHUNKED = OK + b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


def with_header(line: bytes) -> bytes:
    return OK + line + b"\r\n\r\n" + POISON


GARBAGE: dict[str, bytes] = {
    # status line
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n" + CLOSE,
    "HTML without a head": b"<html>poison</html>\r\n\r\n" + CLOSE,
    "random bytes": bytes(range(256)) + CLOSE,
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x28" + CLOSE,
    "nothing": CLOSE,
    "half a status line": b"HTTP/1.1 20" + CLOSE,
    "half a head": OK + b"content-le" + CLOSE,
    "ICY": b"ICY 200 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "HTTP/0.9": POISON + CLOSE,
    "HTTP/2": b"HTTP/2 200\r\ncontent-length: 15\r\n\r\n" + POISON,
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "status of two digits": b"HTTP/1.1 20 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "status 000": b"HTTP/1.1 000 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "status 600": b"HTTP/1.1 600 OK\r\ncontent-length: 15\r\n\r\n" + POISON,
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n" + POISON,
    "bare LF in the status line": b"HTTP/1.1 200 OK\ncontent-length: 15\r\n\r\n" + POISON,
    "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    "an endless head": OK + b"a: b\r\n" * 20_000,
    # headers
    "bare LF lines": b"HTTP/1.1 200 OK\ncontent-length: 15\n\n" + POISON,
    "bare CR": with_header(b"content-length: 15\rx: y"),
    "NUL in a value": with_header(b"content-length: 15\r\nx: a\x00b"),
    "folded line": with_header(b"content-length: 15\r\nx: a\r\n b"),
    "space before the colon": with_header(b"content-length : 15"),
    "no colon": with_header(b"content-length 15"),
    "empty name": with_header(b"content-length: 15\r\n: x"),
    "too many headers": with_header(b"content-length: 15" + b"\r\na: b" * 200),
    "headers too large": with_header(b"content-length: 15\r\na: " + b"b" * 70_000),
    # framing
    "two lengths": with_header(b"content-length: 15\r\ncontent-length: 16"),
    "the same length twice": with_header(b"content-length: 15\r\ncontent-length: 15"),
    "list of lengths": with_header(b"content-length: 15, 15"),
    "signed length": with_header(b"content-length: +15"),
    "negative length": with_header(b"content-length: -15"),
    "hexadecimal length": with_header(b"content-length: 0xf"),
    "length beyond 64 bits": with_header(b"content-length: 99999999999999999999"),
    "empty length": with_header(b"content-length:"),
    "length and chunked": with_header(b"content-length: 15\r\ntransfer-encoding: chunked"),
    "gzip and chunked": with_header(b"transfer-encoding: gzip, chunked"),
    "chunked twice": with_header(b"transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
    "unknown coding": with_header(b"transfer-encoding: x"),
    "chunked in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"f\r\n" + POISON + b"\r\n0\r\n\r\n",
    "chunk size is no number": CHUNKED + b"x\r\n",
    "signed chunk size": CHUNKED + b"+f\r\n" + POISON + b"\r\n0\r\n\r\n",
    "0x chunk size": CHUNKED + b"0xf\r\n" + POISON + b"\r\n0\r\n\r\n",
    "bare LF behind the chunk size": CHUNKED + b"f\n" + POISON + b"\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": CHUNKED + b"f" * 17 + b"\r\n" + POISON,
}  # fmt: skip

CUT: dict[str, bytes] = {
    "fewer bytes than announced": OK + b"content-length: 100\r\n\r\n" + POISON + CLOSE,
    "chunks without an end": CHUNKED + b"f\r\n" + POISON + b"\r\n" + CLOSE,
    "a chunk cut in the middle": CHUNKED + b"ff\r\n" + POISON + CLOSE,
    "a bad chunk behind a good one": CHUNKED + b"f\r\n" + POISON + b"\r\n-1\r\n",
    "a chunk longer than said": CHUNKED + b"e\r\n" + POISON + b"\r\n0\r\n\r\n",
    "bare LF ends a chunk": CHUNKED + b"f\r\n" + POISON + b"\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def backend() -> Iterator[RawBackend]:
    with RawBackend(always(good_answer())) as running:
        yield running


@pytest.fixture(scope="module")
def shared_gateway(backend: RawBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    base: Path = tmp_path_factory.mktemp("gateway")
    line = f'  b0: {{kind: azure-openai, url: "{backend.url}", api_key: "backend-key-1"}}'
    text = CONFIGURATION.format(data=base / "data", backends=line, names="b0", timeouts="{}")
    with RunningGateway(text + SMALL_SEGMENTS, base, MemoryFileSystem()) as running:
        yield running


@pytest.fixture
def gateway(shared_gateway: RunningGateway, backend: RawBackend) -> RunningGateway:
    """The gateway without an idle connection: on a used one, a reset would be tried again."""
    backend.answer = always(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    assert post(shared_gateway).status_code == 204
    return shared_gateway


def post(gateway: RunningGateway, headers: dict[str, str] = STRICT, **body: Any) -> httpx2.Response:
    return HTTP.post(gateway.url + CHAT, json={"messages": []} | body, headers=headers)


def once(first: bytes) -> Answer:
    """The first request gets `first`; every later one a good answer that says its connection."""
    seen: list[int] = []

    def answer(number: int, request: bytes) -> bytes:
        seen.append(number)
        return first if len(seen) == 1 else good_answer(b'{"first":%d,"now":%d}' % (seen[0], number))

    return answer


def is_fresh(response: httpx2.Response) -> bool:
    """Whether a good answer came, on another connection than that of the first."""
    connections = response.json()
    return connections["now"] > connections["first"]


@pytest.mark.parametrize("headers", [STRICT, LOOSE], ids=["required", "best_effort"])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_becomes_a_bad_gateway_and_its_connection_is_not_used_again(
    gateway: RunningGateway, backend: RawBackend, name: str, headers: dict[str, str]
) -> None:
    backend.answer = once(GARBAGE[name])
    response = post(gateway, headers)
    assert response.status_code == 502
    assert set(response.json()["error"]) == {"code", "message"}
    assert b"poison" not in response.content
    assert is_fresh(post(gateway, headers))


@pytest.mark.parametrize("headers", [STRICT, LOOSE], ids=["required", "best_effort"])
@pytest.mark.parametrize("name", CUT)
def test_an_answer_that_breaks_in_the_middle_is_never_passed_off_as_whole(
    gateway: RunningGateway, backend: RawBackend, name: str, headers: dict[str, str]
) -> None:
    backend.answer = once(CUT[name])
    with contextlib.suppress(httpx2.RemoteProtocolError):  # once its head has left: closed in the middle
        assert post(gateway, headers).status_code == 502
    assert is_fresh(post(gateway, headers))


@pytest.mark.parametrize(
    "first",
    [
        good_answer(b'{"mine":1}') + POISONED_ANSWER,
        CHUNKED + b'a\r\n{"mine":1}\r\n0\r\n\r\n' + POISONED_ANSWER,
        OK + b"content-length: 0\r\n\r\n" + POISONED_ANSWER,
        b"HTTP/1.1 204 No Content\r\n\r\n" + POISONED_ANSWER,
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 15\r\n\r\n" + POISONED_ANSWER,
        good_answer(b'{"mine":1}') + b"HTTP/1.1 200",
        good_answer(b'{"mine":1}') + b"\r\n",
    ],
    ids=["length", "chunked", "empty", "204", "304", "half a head", "an empty line"],
)
def test_a_second_answer_smuggled_behind_the_first_reaches_no_other_client(
    gateway: RunningGateway, backend: RawBackend, first: bytes
) -> None:
    backend.answer = once(first)
    assert b"poison" not in post(gateway, STRICT).content
    assert all(is_fresh(post(gateway, LOOSE)) for _ in range(3))


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_an_interim_answer_that_comes_alone_is_waited_out(
    gateway: RunningGateway, backend: RawBackend, status: bytes
) -> None:
    backend.pause = gateway.turn
    backend.answer = once(b"HTTP/1.1 " + status + b"\r\nlink: x\r\n\r\n" + PAUSE + good_answer(b'{"mine":1}'))
    assert post(gateway).json() == {"mine": 1}


def test_an_answer_to_nothing_on_an_idle_connection_closes_it(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    backend.answer = once(good_answer())
    assert post(gateway).json() == {}
    idle = backend.connections[-1]
    idle.sendall(POISONED_ANSWER)
    backend.wait_closed(idle)
    assert is_fresh(post(gateway, LOOSE))


def test_a_header_of_a_backend_cannot_split_the_clients_answer(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    backend.answer = always(
        OK
        + b"x-a: b%0d%0aset-cookie: c\r\nconnection: x-secret\r\nx-secret: 1\r\ncontent-length: 2\r\n\r\n{}"
    )
    response = post(gateway)
    assert response.headers["x-a"] == "b%0d%0aset-cookie: c"
    assert "set-cookie" not in response.headers
    assert "x-secret" not in response.headers


def test_a_backend_cannot_give_a_call_another_id(gateway: RunningGateway, backend: RawBackend) -> None:
    backend.answer = always(OK + b"X-Gatelog-Request-Id: spoofed\r\ncontent-length: 2\r\n\r\n{}")
    (request_id,) = post(gateway).headers.get_list("x-gatelog-request-id")
    assert request_id != "spoofed"


@pytest.mark.parametrize("headers", [STRICT, LOOSE], ids=["required", "best_effort"])
def test_a_stream_that_ends_without_done_gets_no_made_up_end(
    gateway: RunningGateway, backend: RawBackend, headers: dict[str, str]
) -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    head = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    backend.answer = always(head + b"%x\r\n%b\r\n" % (len(event), event) + CLOSE)
    body = json.dumps({"messages": [], "stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
        client.sendall(
            b"POST %b HTTP/1.1\r\nhost: x\r\napi-key: %b\r\ncontent-length: %d\r\n\r\n%b"
            % (CHAT.encode(), headers["api-key"].encode(), len(body), body)
        )
        received = read_to_end(client)
    assert event in received
    assert b"[DONE]" not in received
    assert not received.endswith(b"0\r\n\r\n")


def test_a_deployment_that_the_backend_does_not_know_is_the_backends_own_answer(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    body = b'{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}'
    head = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    backend.answer = always(head % len(body) + body)
    response = post(gateway)
    assert response.status_code == 404
    assert response.content == body


def test_every_call_of_all_this_has_a_record_that_says_how_it_ended(gateway: RunningGateway) -> None:
    """Runs last."""
    gateway.stop()
    calls = gateway.calls()
    ends = [call.end for call in calls if call.end is not None]
    assert len(ends) == len(calls) == gateway.account().accepted
    for end in ends:
        expected = {200, 204, 304, 404} if end.reason is EndReason.COMPLETE else {200, 502}
        assert end.status in expected, end
        assert end.reason in {EndReason.COMPLETE, EndReason.UPSTREAM_PROTOCOL, EndReason.UPSTREAM_RESET}
    assert [end.error for end in ends if end.reason is not EndReason.COMPLETE] == ["bad_gateway"] * sum(
        end.reason is not EndReason.COMPLETE for end in ends
    )
