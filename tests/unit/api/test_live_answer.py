"""An answer in pieces, and what a client sees of one that breaks off."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gatelog.api import live_answer
from gatelog.api.encodings import JSON_BROKEN
from gatelog.api.live_answer import LiveAnswer, Pieces
from gatelog.api.principal import LOCAL
from gatelog.api.problems import RequestError
from gatelog.api.workers import Workers
from gatelog.errors import KqlBudgetError, StoreError


class Client:
    """The other end of an ASGI response."""

    def __init__(self, *, leaves_after: int | None = None, stalls_after: int | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._leaves_after, self._stalls_after = leaves_after, stalls_after
        self._left = asyncio.Event()
        self.stalled = asyncio.Event()
        if leaves_after == 0:
            self._left.set()

    async def receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self._stalls_after is not None and len(self.sent) >= self._stalls_after:
            self.stalled.set()
            await asyncio.Event().wait()
        self.sent.append(message)
        if len(self.sent) == self._leaves_after:
            self._left.set()
            await asyncio.sleep(0)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def ended(self) -> bool:
        return not self.sent[-1].get("more_body", False)


class Document:
    """Pieces of one MiB, the last of them perhaps an error; knows whether it was closed."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self._count, self._error = count, error
        self.read = 0
        self.closed = False

    @contextmanager
    def __call__(self) -> Iterator[Iterator[bytes]]:
        try:
            yield self._pieces()
        finally:
            self.closed = True

    def _pieces(self) -> Iterator[bytes]:
        for _ in range(self._count):
            self.read += 1
            yield b"x" * live_answer.WHOLE_BYTES
        if self._error is not None:
            raise self._error


def answered(document: Document, client_of: Callable[[], Client], media_type: str = "text/csv") -> Client:
    async def run() -> Client:
        workers, client = Workers(), client_of()
        broken = JSON_BROKEN if media_type == "application/json" else b""
        answer = LiveAnswer(workers, LOCAL, document, media_type, broken=broken)
        await answer({"type": "http", "method": "POST"}, client.receive, client.send)
        workers.close()
        return client

    return asyncio.run(run())


@pytest.mark.parametrize("error", [KqlBudgetError("too many rows"), StoreError("the cell said 'hello'")])
def test_an_answer_that_breaks_off_has_no_end(error: Exception) -> None:
    """Whoever reads it sees a connection that ended too soon."""
    document = Document(2, error)
    client = answered(document, Client, "application/json")
    assert not client.ended
    assert document.closed
    tail = json.loads(
        b"[0" + client.body[2 * live_answer.WHOLE_BYTES :].replace(b'],"error":', b",", 1)[:-1] + b"]"
    )
    assert tail[1]["code"] == "broken_off"
    assert "hello" not in tail[1]["message"]


def test_an_answer_in_text_just_stops() -> None:
    client = answered(Document(2, KqlBudgetError("too many rows")), Client)
    assert len(client.body) == 2 * live_answer.WHOLE_BYTES
    assert not client.ended


def test_an_error_before_the_first_piece_is_the_endpoints_to_tell() -> None:
    document = Document(0, KqlBudgetError("too many rows"))
    with pytest.raises(KqlBudgetError):
        answered(document, Client)
    assert document.closed


def test_a_client_that_leaves_stops_the_query() -> None:
    document = Document(1000)
    client = answered(document, lambda: Client(leaves_after=3))
    assert document.closed
    assert document.read < 10
    assert not client.ended


def test_a_client_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_answer, "READER_IDLE_S", 0.02)
    document = Document(1000)
    client = answered(document, lambda: Client(stalls_after=3))
    assert document.closed
    assert not client.ended


def test_pieces_are_collected_up_to_what_is_wanted() -> None:
    document = Document(3)
    pieces = Pieces(document)
    assert pieces.read(live_answer.WHOLE_BYTES * 2) == (b"x" * live_answer.WHOLE_BYTES * 2, True)
    assert pieces.read(live_answer.WHOLE_BYTES * 2) == (b"x" * live_answer.WHOLE_BYTES, False)
    assert document.closed


def test_a_caller_with_many_questions_leaves_room_for_others() -> None:
    """One that waits for its turn takes no thread."""

    async def run() -> None:
        workers = Workers(at_once=2, waiting_max=8, at_once_per_caller=1)
        release = threading.Event()
        greedy = [asyncio.create_task(workers.run_for(LOCAL, release.wait)) for _ in range(5)]
        await asyncio.sleep(0)
        other = await workers.run_for(LOCAL._replace(name="other"), lambda: "at once")
        assert other == "at once"
        assert not any(task.done() for task in greedy)
        release.set()
        assert await asyncio.gather(*greedy) == [True] * 5
        workers.close()

    asyncio.run(run())


def test_a_caller_fills_half_of_the_queue_and_no_more() -> None:
    async def run() -> None:
        workers = Workers(at_once=2, waiting_max=8, at_once_per_caller=1)
        release = threading.Event()
        greedy = [asyncio.create_task(workers.run_for(LOCAL, release.wait)) for _ in range(40)]
        await asyncio.sleep(0)
        with pytest.raises(RequestError, match="of this caller"):
            await workers.run_for(LOCAL, release.wait)
        assert await workers.run_for(LOCAL._replace(name="other"), lambda: "at once") == "at once"
        release.set()
        answers = await asyncio.gather(*greedy, return_exceptions=True)
        assert answers.count(True) == 1 + 8 // 2
        workers.close()

    asyncio.run(run())


def test_a_reader_that_takes_nothing_keeps_no_place() -> None:
    """The whole answer is there: the next question does not wait for it to be taken."""

    async def run() -> None:
        workers, stuck = Workers(at_once=1, waiting_max=1, at_once_per_caller=1), Client(stalls_after=0)
        answer = LiveAnswer(workers, LOCAL, Document(0), "text/csv")
        sending = asyncio.create_task(answer({"type": "http", "method": "POST"}, stuck.receive, stuck.send))
        await asyncio.wait_for(stuck.stalled.wait(), 10)
        assert await asyncio.wait_for(workers.run_for(LOCAL, lambda: "next"), 10) == "next"
        sending.cancel()
        workers.close()

    asyncio.run(run())


def test_a_client_that_leaves_before_its_turn_asks_nothing() -> None:
    async def run() -> None:
        workers, release = Workers(at_once=1, waiting_max=4, at_once_per_caller=1), threading.Event()
        before = asyncio.create_task(workers.run_for(LOCAL, release.wait))
        await asyncio.sleep(0)
        document, client = Document(3), Client(leaves_after=0)
        answer = LiveAnswer(workers, LOCAL, document, "text/csv")
        await asyncio.wait_for(answer({"type": "http", "method": "POST"}, client.receive, client.send), 10)
        release.set()
        assert await before
        assert (document.read, client.body) == (0, b"")
        workers.close()

    asyncio.run(run())
