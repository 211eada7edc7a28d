"""Each call is settled once, as what its records are: whole, or lost; and what was lost is announced."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec
import pytest

from gatelog.errors import SpoolError, SpoolFailedError, SpoolFullError
from gatelog.gateway.context import PART_BYTES
from gatelog.gateway.journal import ACCOUNT_INTERVAL_NS, Journal
from gatelog.gateway.tap import Tap
from gatelog.model import Account, Boot, Direction, Part, RecordKind
from gatelog.spool import Level
from gatelog.testing.records import end_record, start_record

FULL = SpoolFullError("full")


class Desk:
    """A spool whose answers the test gives, in order, and a clock of its own."""

    level = Level.OK

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []
        self.ns = 0
        self._waiting: deque[Callable[[SpoolError | None], None] | None] = deque()
        self.journal = Journal(self, Boot("here", "b1", 1, "0.1"), self)  # type: ignore[arg-type]

    def append(self, kind: int, payload: bytes, on_durable=None, *, urgent: bool = True) -> None:
        self.written.append((kind, payload))
        self._waiting.append(on_durable)

    def now_ns(self) -> int:
        return self.ns

    monotonic_ns = now_ns

    def settle(self, *errors: SpoolError | None) -> None:
        """Answer the oldest appends; None is durable."""
        for error in errors:
            if (told := self._waiting.popleft()) is not None:
                told(error)

    def call(self, sequence: int, *errors: SpoolError | None) -> list[SpoolError | None]:
        """A call of Start, Part and End, answered with `errors`; what its End was answered."""
        told: list[SpoolError | None] = []
        assert self.journal.account.open_call() == sequence
        self.journal.start(start_record(sequence))
        self.journal.part(Part(sequence, Direction.RESPONSE, b"x"))
        self.journal.end(end_record(sequence), told.append)
        self.settle(*errors)
        return told

    def account(self) -> Account:
        """The next Account, written now; its answer is still to come."""
        self.ns += ACCOUNT_INTERVAL_NS
        self.journal.tick()
        kind, payload = self.written[-1]
        assert kind == RecordKind.ACCOUNT
        return msgspec.msgpack.decode(payload, type=Account)

    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.written]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.settle(None)  # the Boot
    return desk


@pytest.mark.parametrize("lost", range(3), ids=["start", "part", "end"])
def test_a_call_of_which_a_record_is_lost_is_unlogged_and_its_end_not_shown(desk: Desk, lost: int) -> None:
    answers: list[SpoolError | None] = [None, None, None]
    answers[lost] = SpoolFailedError("EIO") if lost == 2 else FULL
    (told,) = desk.call(1, *answers)
    assert told is not None
    account = desk.account()
    assert (account.recorded, account.unlogged_total, account.open) == (0, 1, [])
    assert account.unlogged == {"spool_failed" if lost == 2 else "spool_full": [1]}
    desk.settle(None)
    assert desk.call(2, None, None, None) == [None]
    assert desk.journal.account.recorded == 1


def test_what_is_lost_while_an_account_is_written_is_in_the_next(desk: Desk) -> None:
    desk.call(1, FULL, None, None)
    assert desk.account().unlogged == {"spool_full": [1]}
    desk.journal.account.settle(desk.journal.account.open_call(), "spool_failed")
    desk.settle(None)  # the Account of the first
    assert desk.account().unlogged == {"spool_failed": [2]}


def test_what_one_account_cannot_announce_is_in_the_next_though_nothing_else_happens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelog.gateway.account.ANNOUNCED_MAX", 2)
    for sequence in range(1, 6):
        desk.call(sequence, FULL, None, None)
    for announced in ([1, 2], [3, 4], [5]):
        account = desk.account()
        assert (account.unlogged_total, account.unlogged) == (5, {"spool_full": announced})
        desk.settle(None)
    written = len(desk.written)
    desk.ns += ACCOUNT_INTERVAL_NS
    desk.journal.tick()
    assert len(desk.written) == written


def test_the_last_account_announces_all_that_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much it is: none follows."""
    monkeypatch.setattr("gatelog.gateway.account.ANNOUNCED_MAX", 2)
    for sequence in range(1, 6):
        desk.call(sequence, FULL, None, None)
    desk.account()
    desk.settle(None)
    asyncio.run(desk.journal.close(1))
    last = msgspec.msgpack.decode(desk.written[-1][1], type=Account)
    assert (last.final, last.unlogged) == (True, {"spool_full": [3, 4, 5]})


def test_an_account_that_is_lost_is_written_again(desk: Desk) -> None:
    desk.call(1, FULL, None, None)
    desk.account()
    desk.settle(FULL)
    assert desk.account().unlogged == {"spool_full": [1]}
    desk.settle(None)
    before = len(desk.written)
    desk.ns += ACCOUNT_INTERVAL_NS
    desk.journal.tick()
    assert len(desk.written) == before, "nothing has changed since"


def test_a_boot_that_is_lost_is_named_again_before_the_next_call(desk: Desk) -> None:
    desk = Desk()
    desk.settle(FULL)
    desk.call(1, FULL, FULL, FULL, FULL)
    desk.call(2, None, None, None, None)
    desk.call(3, None, None, None)
    boot, call = [RecordKind.BOOT], [RecordKind.START, RecordKind.PART, RecordKind.END]
    assert desk.kinds() == boot + boot + call + boot + call + call


def test_the_last_account_waits_for_the_calls_that_are_being_settled(desk: Desk) -> None:
    """Without one it would say of a call whose record is on the disk that it is open."""
    desk.call(1)

    async def stop() -> None:
        closing = asyncio.ensure_future(desk.journal.close(30))
        await asyncio.sleep(0)
        desk.settle(None, None, None)
        desk.settle(None)  # the Account that was written to see the others settled
        await closing

    asyncio.run(stop())
    last = msgspec.msgpack.decode(desk.written[-1][1], type=Account)
    assert (last.final, last.recorded, last.open) == (True, 1, [])


def test_of_an_answer_no_more_than_a_part_waits_to_be_written_down(desk: Desk) -> None:
    """Of one that comes faster than the tick, or of which the tick is not told, too."""
    tap = Tap(desk.journal, 1, keep=True, watches_tokens=False)
    piece = bytes(PART_BYTES // 4)
    for _ in range(10):
        tap.add(piece)
    parts = [payload for kind, payload in desk.written if kind == RecordKind.PART]
    bodies = [msgspec.msgpack.decode(payload, type=Part).body for payload in parts]
    assert bodies == [piece * 4, piece * 4]
    assert tap.rest() == piece * 2
