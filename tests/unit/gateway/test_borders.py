"""Answers that have not begun, that have no body, and that fail between two of their pieces."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from gatelog.gateway.call import Call
from gatelog.gateway.tap import Tap
from gatelog.http1 import Reply, RequestHead
from gatelog.model import EndReason

from .conftest import MakeGateway
from .raw_client import CHAT, raw_post, receive_all, receive_until
from .scripted_backend import DONE, EVENT, STREAM_HEAD, Peer, backend, chunk

WAIT_S = 5
NOTHING_S = 0.3  # so long a client waits for what must not come


def assert_nothing_comes(client: socket.socket) -> None:
    client.settimeout(NOTHING_S)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(WAIT_S)


@pytest.mark.parametrize("key", ["strict-key-1", "loose-key-1"])
def test_a_client_that_was_slow_before_there_was_an_answer_is_waited_for(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The reply before may have filled its buffer: else the whole answer would be held in memory."""
    calls: list[Call] = []
    on_request = Call.on_request

    def paused_at_once(call: Call, head: RequestHead, reply: Reply) -> None:
        on_request(call, head, reply)
        calls.append(call)
        call.on_pause()

    monkeypatch.setattr(Call, "on_request", paused_at_once)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT + DONE) + b"0\r\n\r\n")

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers={"api-key": key}) as client:
            assert_nothing_comes(client)
            gateway.run_soon(calls[0].on_resume)
            assert DONE in receive_until(client, b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("POST", STREAM_HEAD.replace(b"transfer-encoding: chunked", b"content-length: 0")),
        ("POST", STREAM_HEAD.replace(b"200 OK", b"204 No Content").replace(b"transfer-encoding", b"x-was")),
        ("HEAD", STREAM_HEAD),
    ],
)
def test_the_head_of_a_stream_without_a_body_is_its_end_and_waits_for_the_record(
    make_gateway: MakeGateway, method: str, answer: bytes
) -> None:
    over = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)
        over.wait(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url)
        waits, go = gateway.stall_sync(2)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=WAIT_S) as client:
            client.sendall(
                f"{method} {CHAT} HTTP/1.1\r\nhost: x\r\napi-key: strict-key-1\r\n"
                "content-length: 2\r\n\r\n{}".encode()
            )
            assert waits.wait(WAIT_S)
            assert_nothing_comes(client)
            go.set()
            receive_until(client, b"\r\n\r\n")
        over.set()


def test_a_defect_at_the_tick_ends_its_call_and_no_other(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = threading.Event()
    flush = Tap.flush

    def flush_once_broken(tap: Tap) -> None:
        if not broken.is_set():
            broken.set()
            raise ValueError("planted")
        flush(tap)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        assert broken.wait(WAIT_S)
        peer.send(chunk(EVENT + DONE) + b"0\r\n\r\n")

    monkeypatch.setattr(Tap, "flush", flush_once_broken)
    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            assert DONE not in receive_all(client)
        with raw_post(gateway) as client:
            receive_until(client, b"0\r\n\r\n")
        reasons = [call.end and call.end.reason for call in gateway.durable_calls()]
        gateway.stop()
    assert reasons == [EndReason.GATEWAY_ERROR, EndReason.COMPLETE]
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open) == (2, 2, [])


@pytest.mark.parametrize(
    "step", ["gatelog.gateway.answer.Answer._record_and_release", "gatelog.gateway.call.Call.deliver"]
)
def test_a_defect_at_the_release_of_the_last_event_ends_the_call(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Neither a timer nor the journal has anybody above it that would."""

    def defect(*_: Any) -> None:
        raise ValueError("planted")

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(DONE))
        peer.is_closed_within(WAIT_S)

    monkeypatch.setattr(step, defect)
    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            assert DONE not in receive_all(client)
        gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.GATEWAY_ERROR


def test_accounts_go_on_after_one_that_could_not_be_written(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[int] = []
    ticked_again = threading.Event()

    def tick(journal: Any) -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise ValueError("planted")
        ticked_again.set()

    monkeypatch.setattr("gatelog.gateway.journal.Journal.tick", tick)
    make_gateway("http://127.0.0.1:1")
    assert ticked_again.wait(WAIT_S)
