"""Statements by the name of the work that they are part of, so that they can be stopped.

    work begins:  name_statements(name)    all statements of this context carry log_comment = name
    nobody waits: stop(clients, name)      KILL QUERY … WHERE that is their comment

Both engines look for it between blocks of rows, and end the statement with QUERY_WAS_CANCELLED.
https://clickhouse.com/docs/sql-reference/statements/kill
"""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

from gatelog.store.clients import Clients

_NAME: ContextVar[UUID | None] = ContextVar("statement_name", default=None)


def name_statements(name: UUID) -> None:
    """Name the statements of this context (PEP 567), from here on."""
    _NAME.set(name)


def statement_name() -> UUID | None:
    """What the statements of this context are called."""
    return _NAME.get()


def naming() -> dict[str, str]:
    """The setting that gives a statement its name."""
    name = _NAME.get()
    return {} if name is None else {"log_comment": str(name)}


def stop(clients: Clients, name: UUID) -> None:
    """Ask the engine to end what it runs under `name`; returns before it has. StoreError if it cannot."""
    with clients.borrow() as client:
        client.command(f"KILL QUERY WHERE Settings['log_comment'] = '{name}' ASYNC")
