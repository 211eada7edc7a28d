"""What is to be sent waits for the end of the turn, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gatelog.http1.outbox import FLUSH_BYTES, Outbox, Sender


class Transport(asyncio.WriteTransport):
    """Keeps each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = self.broken = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: Any) -> None:
        if self.broken:
            raise RuntimeError("planted")
        self.writes.append(data)


@pytest.fixture
def turn() -> list[Callable[[], None]]:
    """What is to be called at the end of this turn."""
    return []


def sender_of(outbox: Outbox) -> tuple[Sender, Transport]:
    transport = Transport()
    return Sender(transport, outbox), transport


def test_the_pieces_of_a_turn_are_one_write_at_its_end(turn):
    sender, transport = sender_of(Outbox(turn.append))
    for piece in (b"head", b"bo", b"dy"):
        sender.write(piece)
    assert transport.writes == []
    (end_turn,) = turn
    end_turn()
    assert transport.writes == [b"headbody"]


def test_a_flush_leaves_nothing_for_the_end_of_the_turn(turn):
    sender, transport = sender_of(Outbox(turn.append))
    sender.write(b"a")
    sender.flush()
    turn.pop()()
    assert transport.writes == [b"a"]
    sender.write(b"b")
    turn.pop()()
    assert transport.writes == [b"a", b"b"]


def test_much_is_sent_at_once_so_that_back_pressure_is_felt(turn):
    sender, transport = sender_of(Outbox(turn.append))
    sender.write(b"x" * (FLUSH_BYTES - 1))
    assert transport.writes == []
    sender.write(b"y")
    assert [len(data) for data in transport.writes] == [FLUSH_BYTES]


def test_all_connections_send_in_one_turn_though_one_of_them_cannot(turn):
    outbox = Outbox(turn.append)
    pairs = [sender_of(outbox) for _ in range(3)]
    pairs[0][1].broken = True
    pairs[1][1].closing = True
    for sender, _ in pairs:
        sender.write(b"a")
    (end_turn,) = turn
    end_turn()
    assert [transport.writes for _, transport in pairs] == [[], [], [b"a"]]
