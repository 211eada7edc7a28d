"""Slow and greedy clients: let go in time, bounded in memory, and no harm to the others."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator

import pytest

from gatelog.config import Config
from gatelog.model import EndReason

from .conftest import RunningGateway, gateway_before
from .raw_backend import RawBackend, always, good_answer
from .raw_client import HTTP, read_to_end

CHAT = "/openai/deployments/gpt-4o/chat/completions"
HEAD = b"POST %b HTTP/1.1\r\nhost: x\r\napi-key: loose-key-1\r\n" % CHAT.encode()
TIMEOUT_S = 0.6
WAIT_S = 10
ANSWER_BYTES = 48 * 2**20
# What loopback sockets hold at most on both hops, besides the gateway's own 256 KiB.
SOCKET_BYTES_MAX = 24 * 2**20


@pytest.fixture(scope="module")
def gateway(backend: RawBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    timeouts = f"{{header_s: {TIMEOUT_S}, body_idle_s: {TIMEOUT_S}, write_idle_s: {TIMEOUT_S}}}"
    with gateway_before(backend, tmp_path_factory.mktemp("gateway"), timeouts=timeouts) as running:
        yield running


def connect(gateway: RunningGateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gateway.port), WAIT_S)


def call(gateway: RunningGateway) -> int:
    headers = {"api-key": "loose-key-1"}
    return HTTP.post(gateway.url + CHAT, json={"messages": []}, headers=headers).status_code


def test_the_limits_are_those_that_are_promised() -> None:
    timeouts = Config().gateway.timeouts
    assert timeouts.header_s <= 10
    assert timeouts.body_idle_s <= 30


@pytest.mark.parametrize("beginning", [b"P", b"POST / HTTP/1.1\r\n", HEAD, HEAD + b"content-length: 2\r\n\r"])
def test_half_a_header_is_answered_408_and_closed(gateway: RunningGateway, beginning: bytes) -> None:
    with connect(gateway) as client:
        client.sendall(beginning)
        assert read_to_end(client).startswith(b"HTTP/1.1 408 ")


def test_a_header_that_comes_byte_by_byte_gets_no_more_time(gateway: RunningGateway) -> None:
    began = time.monotonic()
    with connect(gateway) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: ")
        client.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - began < WAIT_S:
            with contextlib.suppress(TimeoutError):
                client.sendall(b"y")
                answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_sends_nothing_is_closed(gateway: RunningGateway) -> None:
    with connect(gateway) as client:
        assert read_to_end(client) == b""


@pytest.mark.parametrize(
    "framing", [b"content-length: 9\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n5\r\n"]
)
def test_a_stalled_body_is_answered_408_closed_and_recorded(gateway: RunningGateway, framing: bytes) -> None:
    with connect(gateway) as client:
        client.sendall(HEAD + framing + b'{"a')
        answer = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"error"' in answer


def test_a_client_that_reads_nothing_is_let_go_and_its_backend_is_not_drunk_dry(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    backend.answer = always(good_answer(b"x" * ANSWER_BYTES))
    try:
        with connect(gateway) as client:
            client.sendall(HEAD + b"content-length: 2\r\n\r\n{}")
            backend.wait_closed(backend.connection())
            with contextlib.suppress(ConnectionResetError):
                assert len(read_to_end(client)) < ANSWER_BYTES
    finally:
        backend.answer = always(good_answer())
    assert call(gateway) == 200


def test_bodies_beyond_the_memory_for_them_are_refused_503_until_there_is_room(
    gateway: RunningGateway,
) -> None:
    piece = b" " * 900_000  # two of them fit into the 2 MiB of this gateway
    unfinished = HEAD + b"content-length: 900001\r\n\r\n" + piece
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(connect(gateway)) for _ in range(2)]
        for client in clients:
            client.sendall(unfinished)
        refused = b""
        while not refused.startswith(b"HTTP/1.1 503 "):  # as soon as both of the others have arrived
            with connect(gateway) as third:
                third.sendall(unfinished + b" ")
                refused = third.recv(4096)
        assert b"retry-after: " in refused
        for client in clients:
            client.sendall(b" ")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    for _ in range(3):  # what was held is given back: by those that were served, refused, and left
        with connect(gateway) as leaving:
            leaving.sendall(unfinished)
            leaving.shutdown(socket.SHUT_WR)
            assert leaving.recv(1) == b""
        with connect(gateway) as client:
            client.sendall(unfinished + b" ")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_thousand_idle_and_half_open_sockets_leave_calls_alone(gateway: RunningGateway) -> None:
    """How much slower calls get is measured by benchmarks/slow_clients.py."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("needs 2,000 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with contextlib.ExitStack() as held:
        for number in range(1000):
            client = held.enter_context(connect(gateway))
            if number % 2:
                client.sendall(b"POST / HTTP/1.1\r\nhost:")
        assert [call(gateway) for _ in range(5)] == [200] * 5


def test_the_record_says_how_each_slow_call_ended(gateway: RunningGateway) -> None:
    """Runs last."""
    gateway.stop()
    reasons = [found.end.reason for found in gateway.calls() if found.end is not None]
    assert len(reasons) == gateway.account().accepted
    assert reasons.count(EndReason.CLIENT_TIMEOUT) == 2
    assert reasons.count(EndReason.SLOW_CLIENT) == 1
    (slow,) = [found for found in gateway.calls() if found.end and found.end.reason is EndReason.SLOW_CLIENT]
    assert len(slow.response) < SOCKET_BYTES_MAX
