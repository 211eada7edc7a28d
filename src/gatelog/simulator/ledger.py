"""What the service did, in its own words: the truth that a gateway's record is compared with."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One request that was answered or begun to be answered.

    `request_id` is the answer's `apim-request-id`; `status` is 0 if no head was sent. `finished` says that
    the whole answer was handed to the socket. Tokens are those of the answer's usage, or those generated
    until it broke off; a refused request has none.
    """

    request_id: str
    operation: str
    deployment: str
    model: str
    status: int
    stream: bool
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    finished: bool


class Ledger:
    """JSON Lines, appended and handed to the operating system line by line."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, entry: Entry) -> None:
        """Append one line in one system call."""
        os.write(self._file, msgspec.json.encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file; nothing is buffered."""
        os.close(self._file)
