"""What the gateways say about themselves (boots, Accounts, unlogged calls), kept to prove the record
complete.

Everything here may be written twice without harm: the tables keep one row for each key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gatelog.model import Account, Boot, RangeSet
from gatelog.store.clients import Clients
from gatelog.store.sequences import BootKey, ranges_by_boot


class SpoolBoot(NamedTuple):
    """Where a boot's records stand: its spool directory's name, and its id in the segments there,
    hexadecimal.
    """

    directory: str
    id: str


class BootRow(NamedTuple):
    """A boot as the store knows it."""

    key: BootKey
    origin: SpoolBoot
    started_at_ns: int
    version: str
    pid: int
    ended: bool


class AccountRow(NamedTuple):
    """The newest Account of a boot."""

    at_ns: int
    accepted: int
    recorded: int
    unlogged_total: int
    open: RangeSet
    final: bool


class Ledger:
    """Reads and writes boots, accounts, unlogged and expired."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def write_boot(self, boot: Boot, origin: SpoolBoot, *, ended: bool = False) -> None:
        """Note that a gateway started, or (`ended`) that nothing more will come of that boot."""
        started = boot.started_at_ns // 100
        row = (boot.instance, boot.boot, *origin, started, boot.version, boot.pid, ended)
        names = ("instance", "boot", "directory", "spool_boot", "started", "version", "pid", "ended")
        self._insert("boots", names, [row])

    def write_account(self, key: BootKey, account: Account) -> None:
        """Keep a boot's newest Account, with the unlogged calls that it announces."""
        for reason, sequences in account.unlogged.items():
            self.write_unlogged(key, reason, RangeSet.of(sequences))
        totals = (account.accepted, account.recorded, account.unlogged_total)
        row = (*key, account.at_ns // 100, *totals, account.open, account.final, sum(totals) + account.final)
        names = (
            "instance",
            "boot",
            "at",
            "accepted",
            "recorded",
            "unlogged_total",
            "open",
            "final",
            "progress",
        )
        self._insert("accounts", names, [row])

    def write_unlogged(self, key: BootKey, reason: str, sequences: RangeSet) -> None:
        """Count calls that have no row, and why."""
        self._write_ranges("unlogged", key, reason, sequences)

    def write_expired(self, key: BootKey, sequences: RangeSet) -> None:
        """Note calls whose rows retention is about to remove."""
        self._write_ranges("expired", key, "retention", sequences)

    def boots(self) -> list[BootRow]:
        """Every boot known, by instance and start."""
        rows = self._query(
            "SELECT instance, boot, any(directory), any(spool_boot), min(reinterpretAsInt64(started)) * 100,"
            " any(version), any(pid), max(ended)"
            " FROM boots GROUP BY instance, boot ORDER BY instance, min(started), boot"
        )
        return [
            BootRow(BootKey(*row[:2]), SpoolBoot(*row[2:4]), row[4], row[5], row[6], bool(row[7]))
            for row in rows
        ]

    def accounts(self) -> dict[BootKey, AccountRow]:
        """The newest Account of each boot."""
        rows = self._query(
            "SELECT instance, boot, argMax("
            "(reinterpretAsInt64(at) * 100, accepted, recorded, unlogged_total, open, final), progress)"
            " FROM accounts GROUP BY instance, boot"
        )
        return {BootKey(instance, boot): _account_row(*values) for instance, boot, values in rows}

    def unlogged(self) -> dict[BootKey, dict[str, RangeSet]]:
        """Sequences without a row, by boot and reason."""
        grouped: dict[BootKey, dict[str, list[tuple[int, int]]]] = {}
        for instance, boot, first, last, reason in self._query(
            "SELECT DISTINCT instance, boot, first, last, reason FROM unlogged"
        ):
            grouped.setdefault(BootKey(instance, boot), {}).setdefault(reason, []).append((first, last))
        return {
            key: {reason: RangeSet(ranges) for reason, ranges in reasons.items()}
            for key, reasons in grouped.items()
        }

    def expired(self) -> dict[BootKey, RangeSet]:
        """Sequences whose rows retention has removed."""
        return ranges_by_boot(self._query("SELECT instance, boot, first, last FROM expired"))

    def _write_ranges(self, table: str, key: BootKey, reason: str, sequences: RangeSet) -> None:
        rows = [(*key, first, last, reason) for first, last in sequences.ranges]
        if rows:
            self._insert(table, ("instance", "boot", "first", "last", "reason"), rows)

    def _query(self, sql: str) -> Sequence[Sequence[Any]]:
        with self._clients.borrow() as client:
            return client.query(sql).result_rows

    def _insert(self, table: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        with self._clients.borrow() as client:
            client.insert(table, rows, column_names=names)


def _account_row(
    at_ns: int, accepted: int, recorded: int, unlogged_total: int, still_open: Sequence[int], final: int
) -> AccountRow:
    return AccountRow(at_ns, accepted, recorded, unlogged_total, RangeSet.of(still_open), bool(final))
