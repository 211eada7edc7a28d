"""What a hostile look at the data path found: a scripted backend says exactly the bytes that matter."""

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
from gatelog.gateway.headers import decodable_encodings
from gatelog.model import EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway, RunningGateway
from .raw_client import BODY, CHAT, LOOSE, STRICT, raw_post, receive_all, receive_until
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
            wait_for(lambda: httpx2.get(gateway_health).status_code == 503)
            gateway.filesystem.mend()
            wait_for(lambda: httpx2.get(gateway_health).status_code == 200)
            go_on.set()
            rest = receive_all(client)
    assert b"[DONE]" not in rest
    gateway.stop()
    account = gateway.account()
    assert (account.accepted, account.recorded, account.unlogged_total) == (1, 0, 1)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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


def test_a_body_that_never_comes_is_answered_with_the_call_s_id_and_recorded_as_answered(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    gateway = make_gateway(simulator.url, timeouts="{body_idle_s: 0.3}")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\ncontent-length: 10\r\n\r\n".encode()
        )
        answer = receive_all(client)
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
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n"
            "transfer-encoding: chunked\r\n\r\nnonsense\r\n".encode()
        )
        answer = receive_all(client)
    gateway.stop()
    (call,) = gateway.calls()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-gatelog-request-id: " + call.start.request_id.encode() in answer
    assert call.end is not None
    assert call.end.status == 400


def test_a_request_that_is_not_http_gets_an_id_too(gateway: RunningGateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\n\r\n")
        answer = receive_all(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-gatelog-request-id: " in answer


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


def test_a_stream_is_asked_for_without_compression_so_that_its_end_is_seen(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    body = BODY | {"stream_options": {"include_usage": True}}
    httpx2.post(gateway.url + CHAT, json=body, headers=STRICT | {"accept-encoding": "gzip"}, timeout=10)
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


def test_all_headers_that_connection_names_stay_here(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    gateway = make_gateway(simulator.url)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(
            b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\nconnection: x-one\r\n"
            b"x-one: 1\r\nx-two: 2\r\nconnection: x-two, close\r\n\r\n"
        )
        receive_all(client)
    received = simulator.requests[-1]
    assert (received.header("x-one"), received.header("x-two")) == (None, None)


def test_a_complaint_about_stream_options_leaves_nothing_in_the_record_of_the_second_answer(
    make_gateway: MakeGateway,
) -> None:
    complaint = b'{"error":{"message":"Unrecognized request argument supplied: stream_options"}}'

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(complaint))
        time.sleep(0.6)  # longer than a tick of the gateway
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


def test_the_last_account_has_no_open_calls(gateway: RunningGateway, chat: dict[str, Any]) -> None:
    assert httpx2.post(gateway.url + CHAT, json=chat, headers=LOOSE).status_code == 200
    gateway.stop()
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open, account.final) == (1, 1, [], True)


def test_a_connection_serves_on_after_an_upgrade_that_was_not_made(gateway: RunningGateway) -> None:
    request = b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(request + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(request + b"connection: close\r\n\r\n")
        assert receive_all(client).startswith(b"HTTP/1.1 200 ")


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
        time.sleep(0.1)  # so that it is read by itself
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            assert receive_until(client, b"{}").startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_a_stream_that_breaks_off_says_so_whoever_asked_for_usage(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        time.sleep(0.6)  # longer than a tick of the gateway

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


def receive_upload(gateway: RunningGateway) -> None:
    httpx2.post(gateway.url + "/openai/v1/files", files={"file": ("a", b"line\n")}, headers=STRICT)


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
        lambda gateway: httpx2.post(gateway.url + CHAT, json=BODY, headers=STRICT),
        lambda gateway: httpx2.post(gateway.url + CHAT, json=BODY, headers=LOOSE),
        lambda gateway: httpx2.post(gateway.url + CHAT, json=BODY),
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
    """`|`: a pause, so that the pieces around it are read one by one."""

    def script(peer: Peer) -> None:
        peer.read_request()
        for piece in answer.split(b"|"):
            peer.send(piece)
            time.sleep(0.05)

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
    time.sleep(0.1)  # the gateway sees the end of the connection
    go.set()
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is reason
    assert len(simulator.requests) == forwarded
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open) == (1, 1, [])


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


def test_an_endless_answer_is_read_no_faster_than_the_client_reads(make_gateway: MakeGateway) -> None:
    sent = 0

    def script(peer: Peer) -> None:
        nonlocal sent
        peer.read_request()
        peer.send(STREAM_HEAD)
        piece = chunk(EVENT * 500)
        while sent < 200_000_000:
            peer.send(piece)
            sent += len(piece)

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"sea")
            before = -1
            while before != sent:
                before = sent
                time.sleep(0.3)
            assert sent < 30_000_000  # buffers of four sockets, and 256 KiB of ours


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
        response = httpx2.post(gateway.url + CHAT, json=chat, headers=STRICT, timeout=10)
        assert response.status_code == 500
    else:
        with pytest.raises(httpx2.TransportError):
            httpx2.post(gateway.url + CHAT, json=chat, headers=STRICT, timeout=10)
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open) == (1, 1, [])
