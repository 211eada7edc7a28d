"""Sending one answer over time, as the script and at most one fault want it.

┌─────────┐ latency ┌──────┐ slice, pace … ┌─────┐
│ waiting ├────────►│ head ├──────────────►│ end │  finished
└────┬────┘         └──┬───┘               └─────┘
     └─────────────────┴──► reset | close | stall      not finished
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from gatelog.simulator.answer import Answer
from gatelog.simulator.body import Body, cut_short, end_of, frame, framing_of, gzipped, sliced
from gatelog.simulator.head import fixed_head
from gatelog.simulator.route import Kind
from gatelog.simulator.script import STALL_SECONDS_MAX, Fault, Script

CUTTING = ("truncate", "error_event")
BREAKING = ("reset", "close", "stall")


class Wire(Protocol):
    """What a delivery needs of a connection."""

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket."""

    async def drained(self) -> None:
        """Wait until the socket takes more; raises ConnectionResetError if the client is gone."""

    def reset(self) -> None:
        """Break the connection off with RST."""

    def close(self) -> None:
        """Close the connection in order."""


class Delivery:
    """One answer on its way. `status`, `tokens` and `finished` say how far it came, at any time."""

    def __init__(
        self,
        wire: Wire,
        script: Script,
        fault: Fault | None,
        *,
        kind: Kind,
        answer: Answer,
        call_head: bytes,
        head_only: bool = False,
    ) -> None:
        self._wire = wire
        self._script = script
        self._breaking = fault if fault and fault.kind in BREAKING else None
        pieces = cut_short(answer, fault) if fault and fault.kind in CUTTING else answer.pieces
        self._whole = pieces == answer.pieces
        self._body = Body(gzipped(pieces) if script.gzip else pieces)
        self._framing = framing_of(answer, script)
        length = len(self._body)
        fixed = fixed_head(kind, answer, script, self._framing, length, coded=script.gzip)
        self._head = fixed + call_head
        self._head_only = head_only
        self._answer = answer
        self._sent = 0
        self.status = 0
        self.finished = False

    @property
    def tokens(self) -> int:
        """Completion tokens told so far."""
        if self._answer.stream:
            return self._body.tokens_in(self._sent)
        return self._answer.completion_tokens if self.status else 0

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection can carry another answer."""
        return self.status != 0 and self._framing != "close"

    async def run(self) -> None:
        """Send everything, or break off where the fault says so."""
        await asyncio.sleep(self._script.latency_ms / 1000)
        fault = self._breaking
        if fault and fault.after_bytes is None:
            await self._break_off(fault)
            return
        await self._send(self._head)
        self.status = self._answer.status
        if self._head_only:
            self.finished = True
        elif not await self._breaks_in_body():
            await self._send(end_of(self._framing))
            self.finished = self._whole

    async def _breaks_in_body(self) -> bool:
        """Send the body, and whether the fault struck within it."""
        fault = self._breaking
        room = None if fault is None else fault.after_bytes
        for data in self._body.slices(self._script):
            if fault and room is not None and self._sent + len(data) >= room:
                await self._send_body(data[: room - self._sent])
                await self._break_off(fault)
                return True
            await self._send_body(data)
            if self._script.pace_ms:
                await asyncio.sleep(self._script.pace_ms / 1000)
        return False

    async def _send_body(self, data: bytes) -> None:
        await self._send(frame(self._framing, data))
        self._sent += len(data)

    async def _send(self, data: bytes) -> None:
        for part in sliced(data, self._script.write_bytes):
            self._wire.write(part)
            await self._wire.drained()
            if self._script.write_bytes or self._script.chunk_bytes:
                await asyncio.sleep(0)  # the socket takes each write by itself

    async def _break_off(self, fault: Fault) -> None:
        if fault.kind == "reset":
            self._wire.reset()
        elif fault.kind == "close":
            self._wire.close()
        else:
            await asyncio.sleep(STALL_SECONDS_MAX)
            self._wire.close()
