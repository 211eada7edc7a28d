"""The gateway's way into the spool: records are encoded here, and each call is settled here.

    Start ──durable──► (required: now the backend may be called)
    Part*
    End ──durable──► recorded   (required: now the client may see the end)
        └─failed──► unlogged, by reason, announced in the next Account

A call whose Start or Part was lost is unlogged even if its End would still fit: half a record proves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

import msgspec

from gatelog.errors import SpoolError, SpoolFullError
from gatelog.gateway.account import CallAccount
from gatelog.model import Boot, Clock, EndRecord, Part, Record, Start
from gatelog.spool import Level, SpoolWriter

log = logging.getLogger("gatelog.gateway")

Durable = Callable[[SpoolError | None], None]

# Time between two Accounts while calls come in: the stated bound on how far the announced account lags.
ACCOUNT_INTERVAL_NS = 2_000_000_000


def unlogged_reason(error: SpoolError) -> str:
    """The word under which a lost record is counted."""
    return "spool_full" if isinstance(error, SpoolFullError) else "spool_failed"


class Journal:
    """Writes the records of one boot."""

    def __init__(self, writer: SpoolWriter, boot: Boot, clock: Clock) -> None:
        self.account = CallAccount()
        self._writer = writer
        self._clock = clock
        self._encode = msgspec.msgpack.Encoder().encode
        self._incomplete: set[int] = set()
        self._accounted = (0, 0, 0)
        self._accounted_at_ns = clock.monotonic_ns()
        self._account_pending = False
        self._boot = boot
        self._boot_written = False
        self._write_boot()

    @property
    def level(self) -> Level:
        """How much room the spool has."""
        return self._writer.level

    def _append(self, record: Record, on_durable: Durable | None = None, *, urgent: bool = False) -> None:
        self._writer.append(record.kind, self._encode(record), on_durable, urgent=urgent)

    def _write_boot(self) -> None:
        """Say whose calls these are, before the first of them; said again if the disk refused it."""
        self._boot_written = True

        def settled(error: SpoolError | None) -> None:
            self._boot_written = error is None

        self._append(self._boot, settled, urgent=True)

    def start(self, record: Start, then: Durable | None = None) -> None:
        """The call exists. `then`, where somebody waits, is told once that is durable, or cannot be."""
        if not self._boot_written:
            self._write_boot()
        self._append(record, self._noting_loss(record.sequence, then), urgent=then is not None)

    def part(self, record: Part, then: Durable | None = None) -> None:
        """A further piece of one of the call's bodies."""
        self._append(record, self._noting_loss(record.sequence, then), urgent=then is not None)

    def _noting_loss(self, sequence: int, then: Durable | None) -> Durable:
        """`then`, and before it a note if the record of an open call has a hole now."""
        return partial(self._piece_settled, sequence, then)

    def _piece_settled(self, sequence: int, then: Durable | None, error: SpoolError | None) -> None:
        if error is not None and sequence in self.account.open:
            self._incomplete.add(sequence)
        if then is not None:
            then(error)

    def end(self, record: EndRecord, then: Durable | None = None) -> None:
        """The call is over; settles it."""
        self._append(record, partial(self._end_settled, record.sequence, then), urgent=then is not None)

    def _end_settled(self, sequence: int, then: Durable | None, error: SpoolError | None) -> None:
        if sequence in self._incomplete:
            self._incomplete.discard(sequence)
            error = error or SpoolFullError("a part of the call's record could not be written")
        self._settle(sequence, error)
        if then is not None:
            then(error)

    def _settle(self, sequence: int, error: SpoolError | None) -> None:
        if error is None:
            self.account.settle(sequence, None)
            return
        if not self.account.unlogged_by_reason:
            log.error("a call could not be recorded: %s; every such call is counted", error)
        self.account.settle(sequence, unlogged_reason(error))

    def tick(self) -> None:
        """Write an Account if one is due and anything changed since the last."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._accounted_at_ns >= ACCOUNT_INTERVAL_NS and not self._account_pending:
            self._accounted_at_ns = now_ns
            self._write_account(final=False)

    async def close(self, timeout_s: float) -> None:
        """Write the last Account, once every call is settled; the writer is closed by its owner."""
        if self.account.open:
            settled = asyncio.Event()
            self._write_account(final=False, then=settled.set)
            with contextlib.suppress(TimeoutError):  # the last Account then says what is still open
                await asyncio.wait_for(settled.wait(), timeout_s)
        self._write_account(final=True)

    def _write_account(self, *, final: bool, then: Callable[[], None] | None = None) -> None:
        account = self.account
        state = (account.accepted, account.recorded, account.unlogged)
        if state == self._accounted and not account.has_unannounced and not final and then is None:
            return
        record = account.snapshot(self._clock.now_ns(), final=final)
        self._account_pending = True

        def settled(error: SpoolError | None) -> None:
            self._account_pending = False
            if error is None:
                account.announced(record)
                self._accounted = state
            if then is not None:
                then()

        self._append(record, settled, urgent=then is not None)
