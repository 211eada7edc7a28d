"""Beside the stream: what passes through is kept by reference until it is written down.

add ─┬─ 64 KiB or a tick ──► Part
     └─ end ──► rest, into the End record
"""

from __future__ import annotations

from gatelog.gateway.context import PART_BYTES
from gatelog.gateway.journal import Journal
from gatelog.model import Direction, Part
from gatelog.provider import carries_token


class Tap:
    """Collects the body of one answer, and notes when the first token passed."""

    __slots__ = (
        "_journal",
        "_keep",
        "_pending",
        "_pending_bytes",
        "_sequence",
        "_watches_tokens",
        "last",
        "token_seen",
    )

    def __init__(self, journal: Journal, sequence: int, *, keep: bool, watches_tokens: bool) -> None:
        """`keep` False: metadata only. `watches_tokens`: the body is a stream of deltas."""
        self._journal = journal
        self._sequence = sequence
        self._keep = keep
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._watches_tokens = watches_tokens
        self.token_seen = False
        self.last = b""
        """The newest piece."""

    def add(self, data: bytes) -> None:
        """A piece of the body, as the backend sent it."""
        if self._watches_tokens and carries_token(data):
            self.token_seen = True
            self._watches_tokens = False
        self.last = data
        if self._keep:
            self._pending.append(data)
            self._pending_bytes += len(data)
            if self._pending_bytes >= PART_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write down what has come since the last flush."""
        if self._pending:
            self._journal.part(Part(self._sequence, Direction.RESPONSE, self.rest()))

    def rest(self) -> bytes:
        """What no Part holds yet; forgotten here."""
        pending = self._pending
        body = pending[0] if len(pending) == 1 else b"".join(pending)
        pending.clear()
        self._pending_bytes = 0
        return body
