"""Threads for what blocks (compiling, the store), so that the event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import ParamSpec, Protocol, TypeVar

from gatelog.api.principal import Principal
from gatelog.api.problems import RequestError

P = ParamSpec("P")
T = TypeVar("T")


class Turn(Protocol):
    """Runs one piece of work in a thread."""

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Its result."""


AT_ONCE_MAX = 4
"""Questions answered at once: each may use the memory of a whole query budget, and several cores."""

AT_ONCE_PER_CALLER_MAX = 3
"""Questions of one caller answered at once: the last place stays free for others."""

WAITING_MAX = 64
"""Questions waiting for their turn; further ones are told to come back."""


class Workers:
    """A bounded pool with a bounded queue, shared fairly by its callers: none of them fills more than half of
    the queue.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE_MAX,
        waiting_max: int = WAITING_MAX,
        at_once_per_caller: int = AT_ONCE_PER_CALLER_MAX,
    ) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="question")
        self._limit = at_once + waiting_max
        self._pending = 0
        self._at_once_per_caller = at_once_per_caller
        self._limit_per_caller = at_once_per_caller + waiting_max // 2
        self._callers: dict[str, _Caller] = {}

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread; RequestError 503 if too many are waiting already."""
        with self._place():
            return await self._in_thread(work, *args, **kwargs)

    async def run_for(
        self, principal: Principal, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same in the principal's turn."""
        async with self.turn(principal):
            return await self._in_thread(work, *args, **kwargs)

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[Turn]:
        """A turn of the principal's for several pieces of work, one after the other."""
        with self._place():
            caller = self._callers.setdefault(principal.name, _Caller(self._at_once_per_caller))
            if caller.users >= self._limit_per_caller:
                raise _busy("too many queries of this caller are waiting")
            caller.users += 1
            try:
                async with caller.places:
                    yield self._in_thread
            finally:
                caller.users -= 1
                if not caller.users:
                    del self._callers[principal.name]

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._pending >= self._limit:
            raise _busy("too many queries are waiting")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Forget what waits; what runs ends within its budget."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Caller:
    """The places of one caller, kept while it uses any."""

    def __init__(self, at_once: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        self.users = 0


def _busy(message: str) -> RequestError:
    return RequestError(503, "busy", message, "try again in a few seconds")
