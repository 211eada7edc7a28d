"""One durable record of each call before its end is seen, whatever happens, and nothing else left of it."""

from __future__ import annotations

import gc
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme

from gatelog.gateway.call import Call
from gatelog.model import EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway, RunningGateway
from .raw_client import BODY, CHAT, HTTP, LOOSE, STRICT, raw_post, receive_all, receive_until, wait_for
from .scripted_backend import DONE, EVENT, STREAM_HEAD, Peer, backend, chunk


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("POST", b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab|cd"),
        ("POST", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n|2\r\ncd\r\n|0\r\n\r\n"),
        ("POST", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ("POST", b"HTTP/1.1 200 OK\r\n\r\nab|cd"),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
        ("POST", b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"),
        ("POST", b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n|{}"),
        ("POST", STREAM_HEAD + b"|" + chunk(EVENT) + b"|" + chunk(DONE) + b"|0\r\n\r\n"),
        ("POST", STREAM_HEAD + chunk(EVENT + DONE) + b"0\r\n\r\n"),
        (
            "POST",
            STREAM_HEAD
            + chunk(b"event: response.completed\n")
            + b"|"
            + chunk(b"data: {}\n\n")
            + b"0\r\n\r\n",
        ),
    ],
)
def test_whoever_sees_an_end_has_a_durable_record(
    make_gateway: MakeGateway, method: str, answer: bytes
) -> None:
    """`|`: the pieces around it are read one by one."""

    def script(peer: Peer) -> None:
        peer.read_request()
        for piece in answer.split(b"|"):
            peer.send(piece)
            gateway.turn()

    with backend(script) as url:
        gateway = make_gateway(url)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
            client.sendall(
                f"{method} {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n"
                "connection: close\r\ncontent-length: 2\r\n\r\n{}".encode()
            )
            received = receive_all(client)
        (call,) = gateway.durable_calls()
    assert call.end is not None
    assert call.end.reason is EndReason.COMPLETE
    assert received[:12] == answer[:12]
    assert received.count(call.response[-2:]) >= 1


def test_a_required_call_with_a_lost_part_is_unlogged_and_its_end_is_not_shown(
    make_gateway: MakeGateway,
) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        go_on.wait(20)
        peer.send(chunk(EVENT) + chunk(DONE) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            gateway_health = gateway.url + "/healthz"
            receive_until(client, b"sea")
            gateway.filesystem.fail("write", times=10**9)
            gateway.filesystem.fail("create", times=10**9)
            wait_for(lambda: HTTP.get(gateway_health).status_code == 503)
            gateway.filesystem.mend()
            wait_for(lambda: HTTP.get(gateway_health).status_code == 200)
            go_on.set()
            rest = receive_all(client)
    assert b"[DONE]" not in rest
    gateway.stop()
    account = gateway.account()
    assert (account.accepted, account.recorded, account.unlogged_total) == (1, 0, 1)


@pytest.mark.parametrize(
    ("sync", "forwarded", "reason"), [(1, 0, EndReason.CLIENT_ABORT), (2, 1, EndReason.COMPLETE)]
)
def test_a_client_that_leaves_while_the_disk_is_slow_leaves_one_record(
    gateway: RunningGateway, simulator: SimulatorThread, sync: int, forwarded: int, reason: EndReason
) -> None:
    """While its Start is being written, and while its End is."""
    waits, go = gateway.stall_sync(sync)
    with raw_post(gateway):
        assert waits.wait(5)
    gateway.turn()  # it sees the end of the connection
    go.set()
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is reason
    assert len(simulator.requests) == forwarded
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open) == (1, 1, [])


@pytest.mark.parametrize("status", [400, 422])
def test_a_complaint_about_stream_options_leaves_nothing_in_the_record_of_the_second_answer(
    make_gateway: MakeGateway, next_tick: Callable[[], None], status: int
) -> None:
    complaint = b'{"error":{"message":"Unrecognized request argument supplied: stream_options"}}'

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 %d No\r\ntransfer-encoding: chunked\r\n\r\n" % status + chunk(complaint))
        next_tick()
        peer.send(b"0\r\n\r\n")
        peer.read_request()
        assert b"stream_options" not in peer.body
        peer.send(STREAM_HEAD + chunk(EVENT) + chunk(DONE) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"0\r\n\r\n")
        gateway.stop()
    (call,) = gateway.calls()
    assert call.response == EVENT + DONE
    assert call.end is not None
    assert [(attempt.outcome, attempt.status) for attempt in call.end.attempts] == [
        ("rejected_stream_options", status),
        ("answered", 200),
    ]


@pytest.mark.parametrize(
    "step", ["gatelog.gateway.call.Call._dispatch", "gatelog.gateway.recorded_call.show_end"]
)
def test_a_defect_of_our_own_ends_the_call_and_is_recorded(
    gateway: RunningGateway, chat: dict[str, Any], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def defect(*_: Any) -> None:
        raise ValueError("planted")

    monkeypatch.setattr(step, defect)
    if step.endswith("_dispatch"):
        response = HTTP.post(gateway.url + CHAT, json=chat, headers=STRICT, timeout=10)
        assert response.status_code == 500
    else:
        with pytest.raises(httpx2.TransportError):
            HTTP.post(gateway.url + CHAT, json=chat, headers=STRICT, timeout=10)
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open) == (1, 1, [])


def receive_upload(gateway: RunningGateway) -> None:
    HTTP.post(gateway.url + "/openai/v1/files", files={"file": ("a", b"line\n")}, headers=STRICT)


def leave_early(gateway: RunningGateway) -> None:
    with raw_post(gateway, headers=STRICT | {"x-simulate": '{"pace_ms": 20, "tokens_min": 60}'}) as client:
        receive_until(client, b"data: ")


def break_off(gateway: RunningGateway) -> None:
    faults = json.dumps({"faults": [{"kind": "reset", "after_bytes": 900}]})
    with raw_post(gateway, headers=STRICT | {"x-simulate": faults}) as client:
        receive_all(client)


@pytest.mark.parametrize(
    "call",
    [
        lambda gateway: HTTP.post(gateway.url + CHAT, json=BODY, headers=STRICT),
        lambda gateway: HTTP.post(gateway.url + CHAT, json=BODY, headers=LOOSE),
        lambda gateway: HTTP.post(gateway.url + CHAT, json=BODY),
        receive_upload,
        leave_early,
        break_off,
    ],
    ids=["required", "best effort", "refused", "upload", "client gone", "broken off"],
)
def test_a_call_that_is_over_is_gone_with_its_bodies(
    gateway: RunningGateway, call: Callable[[RunningGateway], object]
) -> None:
    """The gateway lets the garbage collector look rarely: a call that needed it would keep its bodies."""
    gc.disable()
    try:
        call(gateway)
        gateway.stop()
        assert gateway.calls()
        assert not [thing for thing in gc.get_objects() if isinstance(thing, Call)]
    finally:
        gc.enable()


def test_the_last_account_has_no_open_calls(gateway: RunningGateway, chat: dict[str, Any]) -> None:
    assert HTTP.post(gateway.url + CHAT, json=chat, headers=LOOSE).status_code == 200
    gateway.stop()
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open, account.final) == (1, 1, [], True)


def test_a_stopping_gateway_does_not_wait_for_idle_tls_connections(
    make_gateway: MakeGateway, simulator: SimulatorThread, tmp_path: Path
) -> None:
    authority = trustme.CA()
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(str(files[0]))
    certificate.private_key_pem.write_to_path(str(files[1]))
    gateway = make_gateway(simulator.url, tls=f"tls: {{cert_file: {files[0]}, key_file: {files[1]}}}")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        started = time.monotonic()
        gateway.stop()  # nobody reads the client's socket: no close_notify comes back
        assert time.monotonic() - started < 4.5  # the grace is 5
