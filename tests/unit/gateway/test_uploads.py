"""Uploads: sent on while they come, to a backend that may refuse them before their end."""

from __future__ import annotations

import socket
import threading

import httpx2
import pytest

from gatelog.model import EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway
from .raw_client import LOOSE, receive_until
from .scripted_backend import Peer, backend, chunk


def test_an_upload_that_reached_no_backend_goes_to_the_next(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gateway = make_gateway(f"http://127.0.0.1:{closed.getsockname()[1]}", simulator.url)
        response = httpx2.post(
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
