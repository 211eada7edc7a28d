"""What the forwarder has sealed and not yet stored, in the order in which it must be written.

    boots begun ─► calls ─► unlogged ─► accounts ─► boots ended

An Account is written after every call that came before it in the spool, so that whoever reads the store sees
an Account only when the calls it speaks of are there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gatelog.model import Account, Boot, Exchange
from gatelog.spool import Position
from gatelog.store import BootKey, SpoolBoot

ROWS_MAX = 500
BYTES_MAX = 8 * 2**20
AGE_S_MAX = 0.1
"""A batch goes when it has so many calls or bytes of text, or when its first call has waited so long."""


@dataclass(slots=True)
class SealedCall:
    """A call ready to be stored, and where its Start is in the spool."""

    exchange: Exchange
    position: Position

    @property
    def bytes(self) -> int:
        """Roughly what it takes in memory: the texts of its bodies."""
        content = self.exchange.content
        return len(content.request.text) + len(content.response.text)


@dataclass(slots=True)
class Batch:
    """Work for one flush."""

    begun: list[tuple[Boot, SpoolBoot]] = field(default_factory=list)
    calls: list[SealedCall] = field(default_factory=list)
    unlogged: list[tuple[BootKey, str, int]] = field(default_factory=list)
    accounts: list[tuple[BootKey, Account]] = field(default_factory=list)
    ended: list[tuple[Boot, SpoolBoot]] = field(default_factory=list)
    bytes: int = 0
    since_ns: int = 0

    def __bool__(self) -> bool:
        return bool(self.begun or self.calls or self.unlogged or self.accounts or self.ended)

    def add(self, call: SealedCall) -> None:
        """One more call."""
        self.calls.append(call)
        self.bytes += call.bytes

    def is_full(self) -> bool:
        """Whether it must go now, whatever its age."""
        return len(self.calls) >= ROWS_MAX or self.bytes >= BYTES_MAX

    def is_due(self, now_ns: int) -> bool:
        """Whether it should go now. `now_ns`: monotonic."""
        return bool(self) and (self.is_full() or now_ns - self.since_ns >= AGE_S_MAX * 1e9)
