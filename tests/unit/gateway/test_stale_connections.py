"""A reset on a connection that was idle before: asked again only where nothing can have been taken."""

from __future__ import annotations

import threading

import pytest

from gatelog.gateway import attempts
from gatelog.model import EndReason

from .conftest import MakeGateway
from .raw_backend import good_answer
from .raw_client import CHAT, HTTP, STRICT
from .scripted_backend import Peer, backend


class FirstConnectionBreaks:
    """The first connection answers once, takes the next request and breaks off, after `last_words`; others
    answer.
    """

    def __init__(self, last_words: bytes = b"") -> None:
        self._last_words = last_words
        self._first = threading.Lock()
        self.asked = 0

    def __call__(self, peer: Peer) -> None:
        first = self._first.acquire(blocking=False)
        while True:
            peer.read_request()
            self.asked += 1
            if first and self.asked == 2:
                peer.send(self._last_words)
                return
            peer.send(good_answer())


def post(url: str) -> int:
    return HTTP.post(url + CHAT, json={"messages": []}, headers=STRICT, timeout=30).status_code


@pytest.mark.parametrize(
    ("stale_s", "status", "asked", "outcomes"),
    [
        (60.0, 200, 3, ["reset", "answered"]),
        (0.0, 502, 2, ["reset"]),
    ],
    ids=["at once: nothing was taken", "later: the model may have run"],
)
def test_only_a_connection_that_was_stale_is_given_another_try(
    make_gateway: MakeGateway,
    monkeypatch: pytest.MonkeyPatch,
    stale_s: float,
    status: int,
    asked: int,
    outcomes: list[str],
) -> None:
    monkeypatch.setattr(attempts, "STALE_S", stale_s)
    script = FirstConnectionBreaks()
    with backend(script) as url:
        gateway = make_gateway(url)
        assert post(gateway.url) == 200
        assert post(gateway.url) == status
        gateway.stop()
    _, call = gateway.calls()
    assert script.asked == asked
    assert call.end is not None
    assert [attempt.outcome for attempt in call.end.attempts] == outcomes
    assert call.end.attempts[0].reused_connection
    assert call.end.reason is (EndReason.COMPLETE if status == 200 else EndReason.UPSTREAM_RESET)


@pytest.mark.parametrize("last_words", [b"HTTP/1.1 200 O", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_a_backend_that_began_to_answer_is_not_asked_again(
    make_gateway: MakeGateway, last_words: bytes
) -> None:
    script = FirstConnectionBreaks(last_words)
    with backend(script) as url:
        gateway = make_gateway(url)
        assert post(gateway.url) == 200
        assert post(gateway.url) == 502
        gateway.stop()
    assert script.asked == 2


def test_a_second_connection_that_was_stale_too_ends_the_call(make_gateway: MakeGateway) -> None:
    """Once more is once: a backend that resets whatever was idle is not asked through its whole pool."""
    both = threading.Barrier(2)
    asked = []

    def script(peer: Peer) -> None:
        peer.read_request()
        both.wait(10)
        peer.send(good_answer())
        peer.read_request()
        asked.append(peer.head)

    with backend(script) as url:
        gateway = make_gateway(url)
        statuses: list[int] = []
        callers = [threading.Thread(target=lambda: statuses.append(post(gateway.url))) for _ in range(2)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert post(gateway.url) == 502
        gateway.stop()
    assert statuses == [200, 200]
    assert len(asked) == 2
    call = gateway.calls()[-1]
    assert call.end is not None
    assert [attempt.outcome for attempt in call.end.attempts] == ["reset", "reset"]
