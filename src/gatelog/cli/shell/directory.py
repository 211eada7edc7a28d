"""Questions straight into a data directory that no hub has open. Loads the engine, which takes a second."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gatelog.api import answer_query, open_store
from gatelog.cli.shell.connection import AnswerTable, CommandError
from gatelog.kql import Catalog
from gatelog.store import CATALOG


class DirectoryConnection:
    """Questions to the store in a data directory, in a thread: the engine does not look at signals."""

    def __init__(self, data: Path, dsn: str = "") -> None:
        """`dsn` names a store that is not in the directory, as for `open_store`."""
        self.name = str(data)
        self._opened: AbstractContextManager[Any] = open_store(data, dsn)
        self._store = self._opened.__enter__()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="query")

    def ask(self, query: str, timespan: str | None) -> AnswerTable:
        """As in Connection; what was given up ends within its budget, and the next question waits for it."""
        asked = self._thread.submit(
            answer_query, self._store, query, now=datetime.now(UTC), timespan=timespan
        )
        answer: AnswerTable = msgspec.json.decode(asked.result().to_json())
        return answer

    def command(self, text: str) -> AnswerTable:
        """As in Connection: only a hub has them."""
        word = text.split()[0]
        raise CommandError(f"{word} is a command of a hub: connect to one with --hub, or see .help")

    def catalog(self) -> Catalog:
        """As in Connection."""
        return CATALOG

    def close(self) -> None:
        """Wait for what runs, and close the store."""
        self._thread.shutdown(cancel_futures=True)
        self._opened.__exit__(None, None, None)
