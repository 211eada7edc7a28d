"""What a sink owes the forwarder.

M1  `insert` returns only when every call is durable in the sink.
M2  `insert` may have stored some or all of a batch although it raised; `present` tells which.
M3  Sending the same batch again stores nothing twice, as far as the sink can; `present` covers the rest.
M4  StoreRefusedError means that sending again is useless; any other StoreError means try later.
M5  Boots, accounts and unlogged calls may be written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gatelog.model import Account, Boot, Exchange, RangeSet
from gatelog.store import BootKey, BootRow, SpoolBoot


class Sink(Protocol):
    """Where sealed calls go. Methods block; a sink is used by several forwarders at once."""

    @property
    def name(self) -> str:
        """Names the sink's progress in the spool: lower-case letters, digits, - and _."""

    def insert(self, exchanges: Sequence[Exchange]) -> None:
        """Store calls durably (M1 to M4)."""

    def present(self, instance: str, boot: str, low: int, high: int) -> set[int]:
        """Which of the sequences low..high of a boot are stored."""

    def boots(self) -> list[BootRow]:
        """Every boot known: a restarted forwarder learns from it whose records it is reading."""

    def begin_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        """A gateway started; its records stand at `origin`."""

    def end_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        """Nothing more will come of a boot."""

    def write_account(self, key: BootKey, account: Account) -> None:
        """A boot's newest totals, with the calls it announces as unlogged."""

    def write_unlogged(self, key: BootKey, reason: str, sequences: RangeSet) -> None:
        """Calls that will never have a row, and why."""
