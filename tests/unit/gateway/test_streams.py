"""Streams: every piece at once, to the last, and no faster than the client reads."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable

import pytest

from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway, RunningGateway
from .raw_client import BODY, CHAT, HTTP, LOOSE, STRICT, raw_post, receive_all, receive_until, wait_for
from .scripted_backend import DONE, EVENT, STREAM_HEAD, Peer, backend, chunk


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_the_head_of_a_stream_does_not_wait_for_its_first_event(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD)
        seen.wait(5)
        peer.send(chunk(EVENT) + chunk(DONE) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers=headers) as client:
            client.settimeout(2)
            head = receive_until(client, b"\r\n\r\n")
            assert b"x-gatelog-request-id" in head
            seen.set()
            assert receive_until(client, b"0\r\n\r\n")


def test_what_follows_the_last_event_of_an_unfinished_stream_is_passed_on(make_gateway: MakeGateway) -> None:
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT) + chunk(DONE))
        seen.wait(5)
        peer.send(chunk(b": still here\n\n"))
        peer.is_closed_within(5)

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            client.settimeout(2)
            receive_until(client, b"[DONE]")
            seen.set()
            receive_until(client, b": still here")


def test_a_stream_is_asked_for_without_compression_so_that_its_end_is_seen(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    body = BODY | {"stream_options": {"include_usage": True}}
    HTTP.post(gateway.url + CHAT, json=body, headers=STRICT | {"accept-encoding": "gzip"}, timeout=10)
    assert simulator.requests[-1].header("accept-encoding") == "identity"


def test_a_compressed_stream_passes_byte_exact_and_at_once(make_gateway: MakeGateway) -> None:
    seen = threading.Event()
    packed = bytes(range(256)) * 4

    def script(peer: Peer) -> None:
        peer.read_request()
        head = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: br\r\n\r\n")
        peer.send(head + chunk(packed))
        seen.wait(5)
        peer.send(b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers=LOOSE) as client:
            client.settimeout(2)
            receive_until(client, chunk(packed))
            seen.set()


def test_a_stream_that_breaks_off_reaches_a_slow_reader_up_to_where_it_broke(
    make_gateway: MakeGateway,
) -> None:
    broke = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT * 3000))
        broke.set()

    with backend(script) as url:
        gateway = make_gateway(url)
        data = json.dumps(BODY).encode()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", gateway.port))
            client.settimeout(5)
            client.sendall(
                f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n"
                f"content-length: {len(data)}\r\n\r\n".encode()
                + data
            )
            assert broke.wait(5)
            wait_for(lambda: bool(gateway.calls()) and gateway.calls()[0].end is not None)
            received = receive_all(client)
    assert received.count(b'"sea"') == 3000
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_a_stream_that_breaks_off_says_so_whoever_asked_for_usage(
    make_gateway: MakeGateway, next_tick: Callable[[], None], headers: dict[str, str]
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        next_tick()

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, BODY | {"stream_options": {"include_usage": True}}, headers) as client:
            received = receive_all(client)
    assert EVENT in received
    assert b'data: {"error"' in received
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_a_stream_of_known_length_that_breaks_off_ends_the_connection(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 5000\r\n\r\n" + EVENT
        )

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, BODY | {"stream_options": {"include_usage": True}}, headers) as client:
            assert receive_all(client).endswith(EVENT)


def test_an_endless_answer_is_read_no_faster_than_the_client_reads(make_gateway: MakeGateway) -> None:
    sent = 0
    stalled = threading.Event()

    def script(peer: Peer) -> None:
        nonlocal sent
        peer.read_request()
        peer.send(STREAM_HEAD)
        piece = chunk(EVENT * 500)
        peer.connection.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while sent < 200_000_000:
                peer.send(piece)
                sent += len(piece)
        stalled.set()

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"sea")
            assert stalled.wait(20)
            assert sent < 30_000_000  # buffers of four sockets, and 256 KiB of ours


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_half_an_event_at_the_end_of_a_stream_is_passed_on(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    """Where the gateway takes a chunk out, it holds what may become one; at the end that is let go."""
    half = b"data: [DO"

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT + half) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers=headers) as client:
            received = receive_until(client, b"0\r\n\r\n")
        gateway.stop()
    (call,) = gateway.calls()
    assert half in received
    assert call.response == EVENT + half
