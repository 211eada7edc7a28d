"""The sink that everybody has: the analytic store."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.model import Account, Boot, Exchange, RangeSet
from gatelog.store import BootKey, BootRow, SpoolBoot, Store


class StoreSink:
    """Hands calls to the store and bookkeeping to its ledger."""

    name = "store"

    def __init__(self, store: Store) -> None:
        self._store = store

    def insert(self, exchanges: Sequence[Exchange]) -> None:
        """One insert; see Store.insert."""
        self._store.insert(exchanges)

    def present(self, instance: str, boot: str, low: int, high: int) -> set[int]:
        """See Store.present."""
        return self._store.present(instance, boot, low, high)

    def boots(self) -> list[BootRow]:
        """See Ledger.boots."""
        return self._store.ledger.boots()

    def begin_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        """Note the boot in the ledger."""
        self._store.ledger.write_boot(boot, origin)

    def end_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        """Settle what the boot left behind."""
        self._store.end_boot(boot, origin)

    def write_account(self, key: BootKey, account: Account) -> None:
        """See Ledger.write_account."""
        self._store.ledger.write_account(key, account)

    def write_unlogged(self, key: BootKey, reason: str, sequences: RangeSet) -> None:
        """See Ledger.write_unlogged."""
        self._store.ledger.write_unlogged(key, reason, sequences)
