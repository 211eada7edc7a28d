"""Connections to ClickHouse, embedded (`chdb:///DIR`) or over HTTP, and the mapping of its errors to ours.

A client serves one thread at a time, so clients are borrowed from a pool. Only this room talks to
clickhouse_connect, and only this file lets one of its exceptions be seen.
"""

from __future__ import annotations

import logging
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, Error, OperationalError

from gatelog.errors import GatelogError, StoreError, StoreRefusedError, StoreUnavailableError

# The driver logs failures before it raises them; we say them once, where they are handled.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

CLIENTS_IDLE_MAX = 8
"""Idle connections kept; more would only hold memory, since the hub runs fewer threads than that."""

CONNECT_TIMEOUT_S = 10
SEND_RECEIVE_TIMEOUT_S = 120
"""Longer than any query's own budget, so that the server's answer (even a refusal) is what ends a call."""

TOP_K_CACHE = "use_query_condition_cache_for_top_k"
"""A setting, kept off: where `ORDER BY … LIMIT n` is under a filter that lets nothing through, the engine
(since 26.8, which has it on) remembers that there is nothing to read, also for the next filter, and for none.
"""

# ClickHouse error codes, src/Common/ErrorCodes.cpp.
ROW_CODES = frozenset({6, 27, 53, 69, 70, 117, 128, 131, 321, 349, 407})
"""A value of the rows sent does not parse, does not convert, or is too large."""
OVERLOAD_CODES = frozenset({3, 159, 160, 202, 203, 209, 210, 241, 242, 243, 252, 279, 394, 425, 999})
"""Network, memory, disk, too many parts or queries: nothing is wrong with the statement itself."""

_CODE = re.compile(r"\bCode:\s*(\d+)")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def engine_text(error: BaseException) -> str:
    """What the engine said. The embedded one may cut its text inside a character: then it is in the error of
    decoding it, from which the driver makes its own."""
    raised: BaseException | None = error
    while raised is not None:
        if isinstance(raised, UnicodeDecodeError) and raised.object.startswith(b"Code:"):
            return raised.object.decode(errors="replace")
        raised = raised.__cause__
    return str(error)


def error_code(error: BaseException) -> int | None:
    """ClickHouse's number of an error, if it came from the engine at all."""
    if isinstance(error, Error) and error.code is not None:
        return error.code
    match = _CODE.search(engine_text(error))
    return int(match[1]) if match else None


def store_error(error: BaseException) -> StoreError:
    """The error of ours that says whether trying again can help."""
    code = error_code(error)
    text = " ".join(engine_text(error).split())[:1000] or type(error).__name__
    if code in ROW_CODES or _is_of_a_value(error, code):
        return StoreRefusedError(f"the store refused a value: {text}")
    if code in OVERLOAD_CODES or (code is None and isinstance(error, OperationalError | OSError)):
        return StoreUnavailableError(f"the store cannot be reached or is overloaded: {text}")
    return StoreError(f"the store failed: {text}")


def _is_of_a_value(error: BaseException, code: int | None) -> bool:
    """Whether a value could not be sent or read. A badly read text of the engine's is no value."""
    if isinstance(error, UnicodeDecodeError) and code is not None:
        return False
    return isinstance(error, DataError | ValueError | TypeError | OverflowError | struct.error)


class Clients:
    """A pool of connections to one database of one store; makes the database if it is not there."""

    def __init__(self, dsn: str, database: str) -> None:
        if not _DATABASE.fullmatch(database):
            raise StoreError(f"{database!r} is no database name: use letters, digits and underscores")
        self.database = database
        self._dsn = dsn
        # The embedded engine runs as long as somebody is connected: this one stays, and makes the database.
        self._anchor = _connect(dsn, "default")
        try:
            self._anchor.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        except (ClickHouseError, OSError, RuntimeError) as error:
            _close(self._anchor)
            raise store_error(error) from error
        self._idle: list[Client] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return self._dsn.startswith("chdb:")

    @contextmanager
    def borrow(self) -> Iterator[Client]:
        """A client of this thread's own until the block ends; errors inside become StoreErrors."""
        client = self._take()
        try:
            yield client
        except GatelogError:
            self._give_back(client)
            raise
        except (ClickHouseError, OSError, RuntimeError, ValueError, TypeError, struct.error) as error:
            # A connection that failed in an unknown state is not used again.
            _close(client)
            raise store_error(error) from error
        else:
            self._give_back(client)

    def ping(self) -> None:
        """Return if the store answers a query at all."""
        with self.borrow() as client:
            client.query("SELECT 1")

    def close(self) -> None:
        """Close what is idle; a borrowed client is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for client in (*idle, self._anchor):
            _close(client)

    def _take(self) -> Client:
        with self._lock:
            if self._closed:
                raise StoreUnavailableError("the store is closed")
            if self._idle:
                return self._idle.pop()
        return _connect(self._dsn, self.database)

    def _give_back(self, client: Client) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < CLIENTS_IDLE_MAX:
                self._idle.append(client)
                return
        _close(client)


def _connect(dsn: str, database: str) -> Client:
    options: dict[str, Any] = {}
    if not dsn.startswith("chdb:"):
        options = {
            "autogenerate_session_id": False,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "send_receive_timeout": SEND_RECEIVE_TIMEOUT_S,
        }
    try:
        client = clickhouse_connect.get_client(dsn=dsn, database=database, **options)
        if TOP_K_CACHE in client.server_settings:
            client.set_client_setting(TOP_K_CACHE, 0)
    except (ClickHouseError, OSError, RuntimeError) as error:
        raise store_error(error) from error
    return client


def _close(client: Client) -> None:
    with suppress(ClickHouseError, OSError, RuntimeError):  # it is thrown away either way
        client.close()
