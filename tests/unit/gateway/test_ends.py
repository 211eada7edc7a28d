"""Ends that come late, unseen, or from the listener itself: what the client saw is what the record says."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest

from gatelog.model import EndReason

from .conftest import MakeGateway, RunningGateway
from .raw_client import CHAT, raw_post, receive_all, receive_until, wait_for
from .scripted_backend import DONE, EVENT, STREAM_HEAD, Peer, backend, chunk

WAIT_S = 10


def is_stopping(gateway: RunningGateway) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", gateway.port)) != 0


def test_an_answer_that_is_drained_for_a_client_that_left_gets_the_grace_of_a_stop(
    make_gateway: MakeGateway,
) -> None:
    stopping = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        stopping.wait(WAIT_S)
        peer.send(chunk(EVENT + DONE) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers={"api-key": "drained-key-1"}) as client:
            receive_until(client, EVENT)
        wait_for(lambda: len(gateway.calls()) == 1)
        gateway.begin_stop()
        wait_for(lambda: is_stopping(gateway))
        stopping.set()
        gateway.stop()
        (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.response) == (EndReason.CLIENT_ABORT, EVENT * 2 + DONE)
    assert [attempt.outcome for attempt in call.end.attempts] == ["answered"]


def test_a_stop_waits_no_longer_than_its_grace_for_an_answer_that_nobody_waits_for(
    make_gateway: MakeGateway,
) -> None:
    over = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        over.wait(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url, grace_s=0.3)
        with raw_post(gateway, headers={"api-key": "drained-key-1"}) as client:
            receive_until(client, EVENT)
        gateway.stop()
        over.set()
        (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.response) == (EndReason.CLIENT_ABORT, EVENT)


def test_of_a_stream_that_is_compressed_unasked_nothing_is_seen_that_is_not_durable(
    make_gateway: MakeGateway,
) -> None:
    packed = gzip.compress(EVENT + DONE)
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + chunk(packed))
        seen.wait(WAIT_S)
        peer.send(b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, packed)
            (call,) = gateway.durable_calls()
            assert call.response == packed
            seen.set()
            receive_until(client, b"0\r\n\r\n")
            (call,) = gateway.durable_calls()
    assert call.end is not None
    assert (call.end.reason, call.response) == (EndReason.COMPLETE, packed)


def test_a_stream_that_falls_silent_behind_its_last_event_is_recorded_as_ended(
    make_gateway: MakeGateway,
) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT + DONE))
        if peer.is_closed_within(WAIT_S):
            closed.set()

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"0\r\n\r\n")
            (call,) = gateway.durable_calls()
        assert closed.wait(WAIT_S), "the backend's connection is of no use any more"
    assert call.end is not None
    assert (call.end.reason, call.response) == (EndReason.COMPLETE, EVENT + DONE)


LISTENERS_OWN = [
    (b"content-length: 10\r\n\r\n{", 408),
    (b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\nnonsense\r\n", 400),
    (b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n900000\r\n" + b"x" * 0x900000, 413),
]


@pytest.mark.parametrize(("framing", "status"), LISTENERS_OWN)
def test_what_the_listener_answers_by_itself_is_in_the_record(
    make_gateway: MakeGateway, framing: bytes, status: int
) -> None:
    gateway = make_gateway("http://127.0.0.1:1", timeouts="{body_idle_s: 0.3}")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=WAIT_S) as client:
        client.sendall(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n".encode() + framing)
        head, _, body = receive_all(client).partition(b"\r\n\r\n")
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (call.end.status, call.end.reply_body, call.end.sent_bytes) == (status, body, len(body))
    assert body.startswith(b'{"error"')
    assert call.request.startswith(b"{")


@pytest.mark.parametrize("framing", [framing for framing, _ in LISTENERS_OWN[:2]])
def test_what_the_listener_answers_by_itself_waits_for_the_record(
    make_gateway: MakeGateway, framing: bytes
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def stall(operation: str, path: object) -> None:
        del path
        if operation == "sync":
            entered.set()
            leave.wait(WAIT_S)

    gateway = make_gateway("http://127.0.0.1:1", timeouts="{body_idle_s: 0.3}")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=WAIT_S) as client:
        gateway.filesystem.before = stall
        client.sendall(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n".encode() + framing)
        assert entered.wait(WAIT_S)
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        assert gateway.durable_calls() == []
        client.settimeout(WAIT_S)
        leave.set()
        assert receive_all(client).startswith(b"HTTP/1.1 4")
        (call,) = gateway.durable_calls()
    assert call.end is not None
    assert call.request == b"{"


def test_a_dripped_body_is_answered_408_and_recorded(make_gateway: MakeGateway) -> None:
    """A byte comes well within each idle time."""
    gateway = make_gateway("http://127.0.0.1:1", timeouts="{body_idle_s: 1.2}")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=0.1) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n".encode()
            + b"content-length: 100000\r\n\r\n"
        )
        answer, deadline = b"", time.monotonic() + WAIT_S
        while not answer and time.monotonic() < deadline:
            client.sendall(b" ")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                continue
    gateway.stop()
    (call,) = gateway.calls()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert call.end is not None
    assert call.end.reason is EndReason.CLIENT_TIMEOUT


def test_a_refusal_whose_record_fails_by_a_defect_of_ours_is_not_withheld_for_ever(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise ValueError("planted")

    gateway = make_gateway("http://127.0.0.1:1")
    monkeypatch.setattr("gatelog.gateway.gateway.SPOOL_CLOSE_S", 0.1)  # the call stays open
    monkeypatch.setattr("gatelog.gateway.journal.Journal.end", defect)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=2) as client:
        too_large = (
            "content-type: application/json\r\ncontent-length: 2000000\r\napi-key: strict-key-1\r\n\r\n"
        )
        client.sendall(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\n{too_large}".encode())
        assert receive_all(client).startswith(b"HTTP/1.1 500 ")


def test_a_client_is_not_told_to_go_on_with_a_body_that_is_refused(gateway: RunningGateway) -> None:
    """Although the refusal waits for its record."""
    lines = (
        f"POST {CHAT} HTTP/1.1", "host: x", "api-key: strict-key-1", "content-type: application/json",
        "expect: 100-continue", "content-length: 2000000", "", "",
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=WAIT_S) as client:
        client.sendall("\r\n".join(lines).encode())
        assert receive_all(client).startswith(b"HTTP/1.1 413 ")


def test_an_answer_that_does_not_end_is_cut_at_the_limit_and_recorded_so(make_gateway: MakeGateway) -> None:
    """Else one backend could fill the spool, and keep every other call from being recorded."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while True:
            peer.send(b" " * 65_536)

    with backend(script) as url:
        gateway = make_gateway(url, answer_bytes_max="1MiB")
        with raw_post(gateway, {"messages": []}) as client:
            received = receive_all(client)
        gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.end.error) == (EndReason.UPSTREAM_PROTOCOL, "bad_gateway")
    assert [attempt.outcome for attempt in call.end.attempts] == ["too_large"]
    assert 2**20 - 65_536 <= len(call.response) <= 2**20 + 1
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert not received.endswith(b"0\r\n\r\n")
