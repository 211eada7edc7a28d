"""Heads: what of a request's stays here, which answer is the answer, and an id for every call."""

from __future__ import annotations

import socket

from gatelog.gateway.headers import decodable_encodings
from gatelog.model import EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway, RunningGateway
from .raw_client import BODY, CHAT, converse, raw_post, receive_all, receive_until
from .scripted_backend import Peer, backend


def test_a_body_that_never_comes_is_answered_with_the_call_s_id_and_recorded_as_answered(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    gateway = make_gateway(simulator.url, timeouts="{body_idle_s: 0.3}")
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\ncontent-length: 10\r\n\r\n"
    answer = converse(gateway.port, head.encode())
    gateway.stop()
    (call,) = gateway.calls()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"x-gatelog-request-id: " + call.start.request_id.encode() in answer
    assert call.end is not None
    assert (call.end.reason, call.end.status) == (EndReason.CLIENT_TIMEOUT, 408)


def test_a_malformed_body_is_answered_with_the_call_s_id(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    gateway = make_gateway(simulator.url)
    message = (
        f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n"
        "transfer-encoding: chunked\r\n\r\nnonsense\r\n"
    )
    answer = converse(gateway.port, message.encode())
    gateway.stop()
    (call,) = gateway.calls()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-gatelog-request-id: " + call.start.request_id.encode() in answer
    assert call.end is not None
    assert call.end.status == 400


def test_a_request_that_is_not_http_gets_an_id_too(gateway: RunningGateway) -> None:
    answer = converse(gateway.port, b"POST / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-gatelog-request-id: " in answer


def test_all_headers_that_connection_names_stay_here(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    gateway = make_gateway(simulator.url)
    converse(
        gateway.port,
        b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\nconnection: x-one\r\n"
        b"x-one: 1\r\nx-two: 2\r\nconnection: x-two, close\r\n\r\n",
    )
    received = simulator.requests[-1]
    assert (received.header("x-one"), received.header("x-two")) == (None, None)


def test_a_list_of_encodings_that_nobody_means_is_neither_passed_on_nor_remembered() -> None:
    longest = b"gzip".ljust(256)
    assert decodable_encodings(longest) == b"gzip"
    assert decodable_encodings(longest + b" ") == b"identity"


def test_an_absolute_target_reaches_the_backend_as_a_path(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    with raw_post(gateway, BODY | {"stream": False}, path="http://x" + CHAT) as client:
        assert receive_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert simulator.requests[-1].target == CHAT


def test_an_interim_answer_by_itself_is_not_the_answer(make_gateway: MakeGateway) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
        gateway.turn()  # it is read by itself
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            assert receive_until(client, b"{}").startswith(b"HTTP/1.1 200 OK")


def test_a_connection_serves_on_after_an_upgrade_that_was_not_made(gateway: RunningGateway) -> None:
    request = b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(request + b"connection: upgrade\r\nupgrade: TLS/1.3\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(request + b"connection: close\r\n\r\n")
        assert receive_all(client).startswith(b"HTTP/1.1 200 ")


def test_a_websocket_is_refused_with_the_reason_and_its_key_kept_from_the_record(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    """The Realtime API's clients open one; in a browser their key is a name of a protocol."""
    key = "openai-insecure-api-key.canary-1"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(
            b"GET /openai/v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
            b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-protocol: realtime, %b\r\n\r\n" % key.encode()
        )
        answer = receive_until(client, b"}}")
    gateway.stop()
    (call,) = gateway.calls()
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert b"WebSocket" in answer
    assert len(simulator.requests) == 0
    assert call.end is not None
    assert (call.end.reason, call.end.error, call.end.status) == (EndReason.REFUSED, "no_websocket", 501)
    assert not [header for header in call.start.headers if b"canary" in header[1]]


def test_of_an_offer_of_a_websocket_that_is_none_nothing_is_passed_on(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    """Connection does not name the upgrade: an ordinary request."""
    answer = converse(
        gateway.port,
        b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\nconnection: close\r\n"
        b"upgrade: websocket\r\nsec-websocket-key: x\r\nsec-websocket-protocol: canary-1\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    received = simulator.requests[-1]
    assert [received.header(name) for name in ("upgrade", "sec-websocket-key", "sec-websocket-protocol")] == [
        None,
        None,
        None,
    ]
