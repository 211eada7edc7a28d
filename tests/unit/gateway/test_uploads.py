"""Uploads: sent on while they come, to a backend that may refuse them before their end."""

from __future__ import annotations

import socket
import threading

import pytest

from gatelog.gateway.upload import WINDOW_BYTES, Upload
from gatelog.model import EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway
from .raw_backend import good_answer
from .raw_client import HTTP, LOOSE, receive_until, wait_for
from .scripted_backend import Peer, backend, chunk


def test_an_upload_that_reached_no_backend_goes_to_the_next(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gateway = make_gateway(f"http://127.0.0.1:{closed.getsockname()[1]}", simulator.url)
        response = HTTP.post(
            gateway.url + "/openai/v1/files",
            files={"file": ("train.jsonl", b"line\n" * 1000)},
            data={"purpose": "fine-tune"},
            headers=LOOSE,
        )
    assert response.status_code == 200
    assert b"line\n" * 1000 in simulator.requests[-1].body


def test_a_refused_upload_lets_go_of_its_backend_when_the_client_leaves(make_gateway: MakeGateway) -> None:
    closed = threading.Event()
    arrived = threading.Event()

    def script(peer: Peer) -> None:
        peer.connection.recv(65536)
        arrived.set()
        if peer.is_closed_within(10):
            closed.set()

    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(
                b"POST /openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
                b"content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                + chunk(b"x" * 1000)
            )
            assert arrived.wait(5)
            entered = threading.Event()
            leave = threading.Event()

            def stall(operation: str, path: object) -> None:
                del path
                if operation == "sync" and not entered.is_set():
                    entered.set()
                    leave.wait(10)

            gateway.filesystem.before = stall
            try:
                piece = chunk(b"y" * 65000)
                client.settimeout(0.5)
                for _ in range(160):
                    client.sendall(piece)
            except OSError:
                pass
        leave.set()
        assert closed.wait(5)


@pytest.mark.parametrize("key", ["strict-key-1", "loose-key-1"])
def test_an_answer_that_comes_before_the_upload_ended_is_the_answer(
    make_gateway: MakeGateway, key: str
) -> None:
    def script(peer: Peer) -> None:
        peer.connection.recv(65536)
        peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}")

    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(
                f"POST /openai/v1/files HTTP/1.1\r\nhost: x\r\napi-key: {key}\r\n"
                "content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n".encode()
                + chunk(b"x" * 1000)
            )
            assert receive_until(client, b"{}").startswith(b"HTTP/1.1 413 ")
        gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.end.status, call.request) == (EndReason.COMPLETE, 413, b"x" * 1000)


UPLOAD = (
    b"POST /openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
    b"content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def read_until(peer: Peer, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        piece = peer.connection.recv(65536)
        assert piece, data
        data += piece
    return data


def test_an_upload_of_which_something_left_is_not_sent_again(make_gateway: MakeGateway) -> None:
    """On a connection that was idle before and resets: what left is gone, the rest alone is another file."""
    asked = []

    def script(peer: Peer) -> None:
        asked.append(read_until(peer, b"\r\n\r\n"))
        peer.send(good_answer())
        asked.append(read_until(peer, b"first"))

    with backend(script) as url:
        gateway = make_gateway(url)
        assert HTTP.get(gateway.url + "/openai/v1/models", headers=LOOSE).status_code == 200
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(UPLOAD + chunk(b"first"))
            assert receive_until(client, b"}").startswith(b"HTTP/1.1 502 ")
        gateway.stop()
    assert len(asked) == 2
    _, call = gateway.calls()
    assert call.end is not None
    assert [(attempt.outcome, attempt.reused_connection) for attempt in call.end.attempts] == [
        ("reset", True)
    ]


def test_what_the_journal_refuses_of_an_upload_reaches_no_backend(make_gateway: MakeGateway) -> None:
    """The call is required: its backend never gets a whole request, its client is told why."""
    received = []

    def script(peer: Peer) -> None:
        received.append(read_until(peer, b"first"))
        begun.set()
        while data := peer.connection.recv(65536):
            received.append(data)
        closed.set()

    begun, closed = threading.Event(), threading.Event()
    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(UPLOAD + chunk(b"first"))
            assert begun.wait(5)
            gateway.filesystem.fail("write", times=10**9)
            gateway.filesystem.fail("create", times=10**9)
            client.sendall(chunk(b"second") + LAST_CHUNK)
            assert receive_until(client, b"}").startswith(b"HTTP/1.1 503 ")
            assert closed.wait(5)
        gateway.filesystem.mend()
        wait_for(lambda: HTTP.get(gateway.url + "/healthz").status_code == 200)
        gateway.stop()
    assert b"second" not in b"".join(received)
    assert LAST_CHUNK not in b"".join(received)
    assert gateway.account().unlogged_total == 1


def test_the_end_of_an_upload_does_not_overtake_what_waits_for_the_disk(make_gateway: MakeGateway) -> None:
    received = []

    def script(peer: Peer) -> None:
        received.append(read_until(peer, b"first"))
        begun.set()
        received.append(read_until(peer, LAST_CHUNK))
        peer.send(good_answer())

    begun = threading.Event()
    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(UPLOAD + chunk(b"first"))
            assert begun.wait(5)
            waits, go = gateway.stall_sync(1)
            client.sendall(chunk(b"second"))
            assert waits.wait(5)
            client.sendall(chunk(b"third") + LAST_CHUNK)
            assert HTTP.get(gateway.url + "/healthz").status_code == 200  # by then that is read, too
            go.set()
            assert receive_until(client, b"{}").startswith(b"HTTP/1.1 200 ")
    assert b"".join(received).endswith(chunk(b"second") + chunk(b"third") + LAST_CHUNK)


def test_of_an_upload_that_waits_for_the_disk_little_is_taken_in(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is made to wait, too; then all of it goes on."""
    taken = 0
    receive = Upload.receive

    def counted(upload: Upload, data: bytes) -> None:
        nonlocal taken
        taken += len(data)
        receive(upload, data)

    monkeypatch.setattr(Upload, "receive", counted)
    begun = threading.Event()

    def script(peer: Peer) -> None:
        read_until(peer, b"first")
        begun.set()
        read_until(peer, LAST_CHUNK)
        peer.send(good_answer())

    rest = bytes(8 * WINDOW_BYTES)
    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(UPLOAD + chunk(b"first"))
            assert begun.wait(5)
            waits, go = gateway.stall_sync(1)
            sender = threading.Thread(target=client.sendall, args=(chunk(rest) + LAST_CHUNK,))
            sender.start()
            assert waits.wait(5)
            wait_for(lambda: taken > WINDOW_BYTES)
            for _ in range(20):  # turns of the loop in which more would be read
                assert HTTP.get(gateway.url + "/healthz").status_code == 200
            assert taken < 3 * WINDOW_BYTES
            go.set()
            sender.join(5)
            assert receive_until(client, b"{}").startswith(b"HTTP/1.1 200 ")
    assert taken == len(b"first") + len(rest)
