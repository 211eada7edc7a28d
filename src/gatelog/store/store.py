"""The store: ClickHouse, embedded (`chdb:///DIR`) or a server (`http(s)://user:password@host/database`).

Methods block and may be called from any thread; every thread gets a connection of its own, so a long query
never holds up an insert.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from gatelog.model import NO_SEQUENCES, Boot, Exchange, RangeSet
from gatelog.store.clients import Clients
from gatelog.store.completeness import BootEvidence, Report, judge
from gatelog.store.engine_version import check_engine_version
from gatelog.store.ingest import CallWriter
from gatelog.store.latest_calls import LatestCalls
from gatelog.store.ledger import Ledger, SpoolBoot
from gatelog.store.named import stop
from gatelog.store.query import Budget, Rows, run
from gatelog.store.retention import Expired, expire
from gatelog.store.schema import migrate
from gatelog.store.sequences import BootKey, Stored, stored_sequences
from gatelog.store.stream import stream_encoded, stream_rows
from gatelog.store.tables import TABLES
from gatelog.store.user_tables import UserTables

DEFAULT_DATABASE = "gatelog"
NOTHING = Stored(sequences=NO_SEQUENCES, surplus=0)


class Store:
    """One database: the calls, the ledger of the gateways, and the views that KQL names."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._writer = CallWriter(clients)
        self._latest = LatestCalls(clients)
        self.ledger = Ledger(clients)
        self.user_tables = UserTables(clients)

    @classmethod
    def open(cls, dsn: str, *, database: str = "") -> Store:
        """Connect, bring the schema up to date, and make the views.

        `database` wins over the one in the DSN. StoreVersionError if a newer gatelog wrote the schema, or the
        server is too old.
        """
        clients = Clients(dsn, database or _database_in(dsn) or DEFAULT_DATABASE)
        try:
            with clients.borrow() as client:
                check_engine_version(client)
                migrate(client)
                for table in TABLES:
                    client.command(table.create_view())
        except BaseException:
            clients.close()
            raise
        return cls(clients)

    def close(self) -> None:
        """Close the connections; the embedded engine stops with the last of them."""
        self._clients.close()

    def insert(self, exchanges: Sequence[Exchange]) -> None:
        """Store calls durably: atomic for each day they touch. StoreRefusedError: a value can never be
        stored.
        """
        self._writer.insert(exchanges)

    def present(self, instance: str, boot: str, low: int, high: int) -> set[int]:
        """Which of the sequences low..high (both included) of a boot have a row."""
        return self._writer.present(instance, boot, low, high)

    def end_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        """Nothing more will come of a boot: calls it never recorded are counted as unlogged (gateway_crash).

        These are calls that its last Account names as open and that left no record, and calls accepted after
        that Account of which only later ones left any. A call that the gateway claims to have recorded is not
        excused: if it has no row, it is missing.
        """
        key = BootKey(boot.instance, boot.boot)
        account = self.ledger.accounts().get(key)
        stored = stored_sequences(self._clients, boot=key).get(key, NOTHING).sequences
        known = stored
        for sequences in self.ledger.unlogged().get(key, {}).values():
            known |= sequences
        accepted = account.accepted if account else 0
        unsettled = account.open if account else NO_SEQUENCES
        if stored.highest > accepted:
            unsettled |= RangeSet([(accepted + 1, stored.highest)])
        self.ledger.write_unlogged(key, "gateway_crash", unsettled - known)
        self.ledger.write_boot(boot, origin, ended=True)

    def ping(self) -> None:
        """Return if the store answers, else raise StoreUnavailableError."""
        self._clients.ping()

    def run(self, sql: str, *, budget: Budget | None = None) -> Rows:
        """Answer a compiled query. KqlBudgetError beyond the budget, StoreError if the store fails."""
        return run(self._clients, *self._latest.shortened(sql, budget or Budget()))

    def stream_rows(
        self, sql: str, *, budget: Budget
    ) -> AbstractContextManager[Iterator[Sequence[Sequence[Any]]]]:
        """The answer in blocks of rows, while the context lasts. Errors as those of `run`, late ones too."""
        return stream_rows(self._clients, *self._latest.shortened(sql, budget))

    def stream_encoded(
        self, sql: str, encoding: str, *, budget: Budget
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The answer in the engine's format `encoding`, while the context lasts."""
        shorter, left = self._latest.shortened(sql, budget)
        return stream_encoded(self._clients, shorter, encoding, left)

    def stop(self, name: UUID) -> None:
        """End the queries that run under `name` (`name_statements`), soon."""
        stop(self._clients, name)

    def expire(self, today: date, *, retention_days: int, body_retention_days: int) -> Expired:
        """Remove rows and bodies whose time is over on `today` (UTC)."""
        try:
            return expire(
                self._clients,
                self.ledger,
                today,
                retention_days=retention_days,
                body_retention_days=body_retention_days,
            )
        finally:
            self._latest.forget()

    def prove(self, start_ns: int | None = None, end_ns: int | None = None) -> Report:
        """Account for every call of the boots that ran between two Unix times (None = open)."""
        # In this order: what an Account speaks of was written before it, and a row that retention removes
        # while we read is in `expired` before it is gone.
        accounts, boots, unlogged = self.ledger.accounts(), self.ledger.boots(), self.ledger.unlogged()
        stored = stored_sequences(self._clients)
        expired = self.ledger.expired()
        evidence = [
            BootEvidence(
                boot=boot,
                account=accounts.get(boot.key),
                stored=stored.get(boot.key, NOTHING).sequences,
                surplus=stored.get(boot.key, NOTHING).surplus,
                expired=expired.get(boot.key, NO_SEQUENCES),
                unlogged=unlogged.get(boot.key, {}),
            )
            for boot in boots
        ]
        return judge(evidence, start_ns, end_ns)


def _database_in(dsn: str) -> str:
    """The database that an http(s) DSN names; the path of a chdb DSN is its directory."""
    parts = urlsplit(dsn)
    return "" if parts.scheme == "chdb" else parts.path.strip("/")
