"""Load at a steady rate, by clients that remember what they were shown.

    every 1/rate s ─► a free connection ─► call ─┬─ ended: an obligation (id, text) that the record must keep
                                                 ├─ broken off: it may have a record, one at most
                                                 └─ unreachable: nobody accepted it

The rate is kept whatever the answers do (open loop), so a gateway that stalls cannot hide it.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from gatelog.testing.client import Answer, BrokenCallError, Connection, chat_request

# Calls under way at once: beyond it calls are skipped, and counted, so that a dead gateway costs no memory.
UNDER_WAY_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Obligation:
    """A call whose end a client saw. Times in seconds of the monotonic clock."""

    nonce: str
    request_id: str
    status: int
    text_sha256: str
    stream: bool
    asked_at_s: float
    took_s: float


class Load:
    """Runs while the `with` block lasts. What it holds may be read at any time."""

    def __init__(
        self,
        port: int,
        keys: Sequence[str],
        *,
        rate: float,
        stream_share: float = 0.3,
        pace_ms: float = 2,
        seed: int = 1,
        name: str = "load",
    ) -> None:
        """`pace_ms`: between two events of a stream. `name` begins the nonces, so that two loads differ."""
        self.obligations: list[Obligation] = []
        self.asked: set[str] = set()
        self.broken = self.unreachable = self.skipped = 0
        self._port = port
        self._keys = keys
        self._rate = rate
        self._stream_share = stream_share
        self._pace_ms = pace_ms
        self._random = random.Random(seed)  # noqa: S311 - a repeatable load, no secret
        self.nonces = f"{name}-"
        self._free: list[Connection] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def answered(self, since_s: float, until_s: float = float("inf")) -> list[Obligation]:
        """Calls asked in a span of the monotonic clock and answered with 200."""
        return [
            seen
            for seen in list(self.obligations)
            if since_s <= seen.asked_at_s < until_s and seen.status == 200
        ]

    async def _run(self) -> None:
        started_s = time.monotonic()
        number = 0
        while not self._stopping.is_set():
            due = int((time.monotonic() - started_s) * self._rate)
            while number < due:
                self._begin(number)
                number += 1
            await asyncio.sleep(min(1 / self._rate, 0.02))
        await asyncio.gather(*self._under_way)
        for connection in self._free:
            connection.close()

    def _begin(self, number: int) -> None:
        if len(self._under_way) >= UNDER_WAY_MAX:
            self.skipped += 1
            return
        task = asyncio.get_running_loop().create_task(self._one(f"{self.nonces}{number}"))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _one(self, nonce: str) -> None:
        stream = self._random.random() < self._stream_share
        body: dict[str, Any] = {
            "model": "gpt-4o",
            "user": nonce,
            "messages": [{"role": "user", "content": f"What is {nonce}?"}],
            "stream": stream,
        }
        simulate = {"pace_ms": self._pace_ms} if stream else None
        request = chat_request(self._random.choice(self._keys), body, simulate=simulate)
        asked_at_s = time.monotonic()
        try:
            connection = await self._connection()
        except OSError:
            self.unreachable += 1
            return
        self.asked.add(nonce)
        try:
            answer = await connection.call(request)
        except (BrokenCallError, TimeoutError):
            connection.close()
            self.broken += 1
            return
        self._free.append(connection)
        self._remember(nonce, answer, stream=stream, asked_at_s=asked_at_s)

    def _remember(self, nonce: str, answer: Answer, *, stream: bool, asked_at_s: float) -> None:
        took_s = time.monotonic() - asked_at_s
        digest = sha256(answer.text.encode()).hexdigest()
        self.obligations.append(
            Obligation(nonce, answer.request_id, answer.status, digest, stream, asked_at_s, took_s)
        )

    async def _connection(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if connection.open:
                return connection
        return await Connection.connect(self._port)


def percentile(figures: Sequence[float], share: float) -> float:
    """The figure that `share` (0 to 1) of all do not exceed; 0 of none."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
