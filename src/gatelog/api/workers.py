"""Threads for what blocks (compiling, the store), so that the event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from gatelog.api.problems import RequestError

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE_MAX = 4
"""Questions answered at once: each may use the memory of a whole query budget, and several cores."""

WAITING_MAX = 64
"""Questions waiting for their turn; further ones are told to come back."""


class Workers:
    """A bounded pool with a bounded queue."""

    def __init__(self, at_once: int = AT_ONCE_MAX, waiting_max: int = WAITING_MAX) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="question")
        self._limit = at_once + waiting_max
        self._pending = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread; RequestError 503 if too many are waiting already."""
        if self._pending >= self._limit:
            raise RequestError(503, "busy", "too many queries are waiting", "try again in a few seconds")
        self._pending += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: work(*args, **kwargs))
        finally:
            self._pending -= 1

    def close(self) -> None:
        """Forget what waits; what runs ends within its budget."""
        self._pool.shutdown(wait=False, cancel_futures=True)
