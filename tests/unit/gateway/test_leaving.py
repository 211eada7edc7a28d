"""What becomes of a backend's answer whose client leaves, whose record fails, or whose end is unclear."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from functools import partial

import pytest

from gatelog.gateway import answer as answer_module
from gatelog.gateway.call import Call
from gatelog.gateway.recorded_call import RecordedCall
from gatelog.model import EndReason

from .conftest import MakeGateway
from .raw_client import BODY, HTTP, LOOSE, STRICT, WAIT_S, raw_post, receive_all, receive_until, wait_for
from .scripted_backend import DONE, EVENT, STREAM_HEAD, Peer, backend, chunk

ENDED = b"0\r\n\r\n"


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_a_backend_works_no_longer_for_a_client_that_left(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    """Each token is paid for."""
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        if peer.is_closed_within(WAIT_S):
            closed.set()

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers=headers) as client:
            receive_until(client, b"sea")
        assert closed.wait(WAIT_S)
        gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.response) == (EndReason.CLIENT_ABORT, EVENT)
    assert [attempt.outcome for attempt in call.end.attempts] == ["cancelled"]


def test_a_stop_drains_nothing_for_a_client_that_is_still_there(make_gateway: MakeGateway) -> None:
    """Also where the product says so: the gateway goes, and says that it was the gateway."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        peer.is_closed_within(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url, grace_s=0)
        with raw_post(gateway, headers={"api-key": "drained-key-1"}) as client:
            receive_until(client, b"sea")
            gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.end.error) == (EndReason.SHUTDOWN, "shutdown")


def test_of_an_answer_of_which_the_client_saw_nothing_no_status_is_recorded(
    make_gateway: MakeGateway,
) -> None:
    """Its head had come, and waited for the body that would have followed."""
    answered = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
        answered.set()
        peer.is_closed_within(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, BODY | {"stream": False}):
            assert answered.wait(WAIT_S)
            assert HTTP.get(gateway.url + "/healthz").status_code == 200  # by then the head is read
        wait_for(lambda: bool(gateway.calls()) and gateway.calls()[0].end is not None)
    (call,) = gateway.calls()
    assert call.end is not None
    assert (call.end.reason, call.end.status, call.end.sent_bytes) == (EndReason.CLIENT_ABORT, 0, 0)
    assert call.end.backend_status == 200


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
def test_a_stream_that_breaks_within_an_event_gets_nothing_put_behind_it(
    make_gateway: MakeGateway, headers: dict[str, str]
) -> None:
    """What the gateway has to say would become a part of that event."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT + EVENT[:12]))

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, BODY | {"stream_options": {"include_usage": True}}, headers) as client:
            received = receive_all(client)
    assert received.endswith(EVENT + EVENT[:12] + b"\r\n")


def test_an_answer_that_waited_for_a_slow_client_is_drained_once_it_left(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product says so: the gateway had stopped reading, and reads on."""
    stopped, left = threading.Event(), threading.Event()
    pause = Call.on_pause

    def paused(call: Call) -> None:
        pause(call)
        stopped.set()

    monkeypatch.setattr(Call, "on_pause", paused)
    sent = 0

    def script(peer: Peer) -> None:
        nonlocal sent
        peer.read_request()
        peer.send(STREAM_HEAD)
        while not stopped.is_set():
            peer.send(chunk(EVENT * 1000))
            sent += 1000
        assert left.wait(WAIT_S)
        peer.send(chunk(EVENT * 100_000) + chunk(DONE) + ENDED)  # more than any socket holds
        sent += 100_000

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway, headers={"api-key": "drained-key-1"}) as client:
            assert stopped.wait(WAIT_S)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        left.set()
        wait_for(lambda: bool(gateway.calls()) and gateway.calls()[0].end is not None)
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.CLIENT_ABORT
    assert call.response.count(b'"sea"') == sent
    assert call.response.endswith(DONE)


def test_the_last_event_of_a_stream_is_not_seen_where_it_cannot_be_recorded(
    make_gateway: MakeGateway,
) -> None:
    """Its message has not ended yet, so that it would be released by itself."""
    begun, failing = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT))
        begun.set()
        assert failing.wait(WAIT_S)
        peer.send(chunk(DONE))
        peer.is_closed_within(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"sea")
            assert begun.wait(WAIT_S)
            gateway.filesystem.fail("write", times=10**9)
            gateway.filesystem.fail("create", times=10**9)
            failing.set()
            rest = receive_all(client)
        gateway.filesystem.mend()
    assert b"[DONE]" not in rest
    assert not rest.endswith(ENDED)


def test_a_stream_that_speaks_on_behind_its_last_event_is_not_over(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at a second after its last event; what came since then counts."""
    looks: list[Callable[[], None]] = []
    later = RecordedCall.later

    def held(call: RecordedCall, delay_s: float, action: Callable[[], None]) -> None:
        if delay_s == answer_module.SILENCE_AFTER_LAST_EVENT_S:
            looks.append(partial(call.guarded, action))
        else:
            later(call, delay_s, action)

    monkeypatch.setattr(RecordedCall, "later", held)
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(EVENT + DONE))
        for words in (b": still\n\n", b": here\n\n"):
            assert seen.wait(WAIT_S)
            seen.clear()
            peer.send(chunk(words))
        peer.is_closed_within(WAIT_S)

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            receive_until(client, b"[DONE]")
            wait_for(lambda: len(looks) == 1)
            seen.set()
            receive_until(client, b": still")
            wait_for(lambda: len(looks) == 2)
            gateway.run_soon(looks[0])
            seen.set()
            receive_until(client, b": here")
            wait_for(lambda: len(looks) == 3)
            gateway.run_soon(looks[2])
            receive_until(client, ENDED)


def test_a_long_complaint_is_the_answer_and_is_passed_on(make_gateway: MakeGateway) -> None:
    """Only a short one can be about what the gateway had added to the request."""
    complaint = b'{"error": "' + b"x" * answer_module.COMPLAINT_BYTES_MAX + b' stream_options"}'
    asked = []

    def script(peer: Peer) -> None:
        peer.read_request()
        asked.append(peer.body)
        peer.send(
            b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(complaint) + ENDED
        )

    with backend(script) as url:
        gateway = make_gateway(url)
        with raw_post(gateway) as client:
            answer = receive_until(client, ENDED)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"stream_options" in answer
    assert len(asked) == 1
    assert b"stream_options" in asked[0]
