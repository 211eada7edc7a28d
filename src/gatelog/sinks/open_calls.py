"""Calls whose End has not come yet: their records are gathered here.

    Start ──► open ──► Part* ──► End ──► closed: CapturedCall
                └── boot over ─────────► closed with a synthetic End (gateway_crash)

Bodies are held in memory up to a limit; beyond it only their positions are, and they are read again from the
spool when the call closes (see gathered_body.py). The spool keeps everything from the oldest open Start on.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gatelog.model import Direction, EndReason, EndRecord, Part, Start
from gatelog.provider import LongBody
from gatelog.sinks.gathered_body import GatheredBody, ReadBodies
from gatelog.spool import Position

HELD_BYTES_MAX = 64 * 2**20
"""Bodies of open calls in memory, over all calls of a spool directory."""


class OpenCall:
    """What is known so far. `start` carries no body; the gathered bodies do."""

    __slots__ = ("position", "request", "response", "start")

    def __init__(self, position: Position, start: Start, read_bodies: ReadBodies) -> None:
        self.position = position
        self.start = start
        self.request = GatheredBody(read_bodies)
        self.response = GatheredBody(read_bodies)

    @property
    def held_bytes(self) -> int:
        """Of its bodies, in memory."""
        return self.request.held_bytes + self.response.held_bytes


class ClosedCall(NamedTuple):
    """A call whose records are complete; `position` is that of its Start."""

    position: Position
    start: Start
    end: EndRecord
    request_body: bytes | LongBody
    response_body: bytes | LongBody


Key = tuple[bytes, int]
"""Boot id of the segment, sequence."""


class OpenCalls:
    """The open calls of one spool directory, oldest first."""

    def __init__(self, read_bodies: ReadBodies, held_bytes_max: int = HELD_BYTES_MAX) -> None:
        self._read_bodies = read_bodies
        self._held_bytes_max = held_bytes_max
        self._calls: dict[Key, OpenCall] = {}
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def oldest(self) -> Position | None:
        """Where the oldest open Start is: nothing before it is needed again."""
        return next((call.position for call in self._calls.values()), None)

    def of_boot(self, boot: bytes) -> list[int]:
        """Sequences of a boot's open calls."""
        return [sequence for open_boot, sequence in self._calls if open_boot == boot]

    def start(self, boot: bytes, position: Position, start: Start) -> None:
        """A call began."""
        call = OpenCall(position, msgspec.structs.replace(start, body=b""), self._read_bodies)
        self._calls[boot, start.sequence] = call
        self._gather(call.request, position, start.body)

    def part(self, boot: bytes, position: Position, part: Part) -> bool:
        """A further piece; False if no such call is open."""
        call = self._calls.get((boot, part.sequence))
        if call is None:
            return False
        self._gather(
            call.request if part.direction == Direction.REQUEST else call.response, position, part.body
        )
        return True

    def end(self, boot: bytes, end: EndRecord) -> ClosedCall | None:
        """The call is over; None if no such call is open."""
        call = self._calls.get((boot, end.sequence))
        return None if call is None else self._close(boot, call, end)

    def crash(self, boot: bytes, sequence: int) -> ClosedCall:
        """The gateway of this open call is gone: close it with what it had so far."""
        call = self._calls[boot, sequence]
        return self._close(boot, call, synthetic_end(call))

    def forget(self, boot: bytes, sequence: int) -> bool:
        """The gateway says that the call's record is incomplete; False if it was not open."""
        call = self._calls.pop((boot, sequence), None)
        if call is None:
            return False
        self.held_bytes -= call.held_bytes
        return True

    def _close(self, boot: bytes, call: OpenCall, end: EndRecord) -> ClosedCall:
        """The call stays open if its pieces cannot be read: nothing is lost by an error of the disk."""
        request, response = call.request.whole(b""), call.response.whole(end.body)
        self.forget(boot, end.sequence)
        return ClosedCall(call.position, call.start, end, request, response)

    def _gather(self, gathered: GatheredBody, position: Position, body: bytes) -> None:
        if not body:
            return
        held_before = gathered.held_bytes
        gathered.add(position, body, hold=self.held_bytes + len(body) <= self._held_bytes_max)
        self.held_bytes += gathered.held_bytes - held_before


def synthetic_end(call: OpenCall) -> EndRecord:
    """The End that a crashed gateway could not write. Times and the backend are unknown: zero and empty."""
    return EndRecord(
        sequence=call.start.sequence,
        reason=EndReason.GATEWAY_CRASH,
        status=0,
        error=EndReason.GATEWAY_CRASH,
        backend="",
        backend_url="",
        backend_status=0,
        response_headers=[],
        body=b"",
        attempts=[],
        request_complete_ns=0,
        sent_ns=0,
        first_byte_ns=0,
        first_token_ns=0,
        last_byte_ns=0,
        done_ns=0,
        received_bytes=0,
        sent_bytes=0,
    )
