"""Threads for what blocks (compiling, the store), so that the event loop never waits.

turn:  one question's work, piece by piece, under one name
       └ nobody waits for it any more ─► what the store does under that name is stopped, so that the place is
         free as soon as the engine has noticed; until then it is taken, and counts
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

from gatelog.api.principal import Principal
from gatelog.api.problems import RequestError
from gatelog.errors import StoreError
from gatelog.store import name_statements

log = logging.getLogger("gatelog.api")

P = ParamSpec("P")
T = TypeVar("T")

Stop = Callable[[UUID], None]


AT_ONCE_MAX = 4
"""Questions answered at once: each may use the memory of a whole query budget, and several cores."""

AT_ONCE_PER_CALLER_MAX = 3
"""Questions of one caller answered at once: the last place stays free for others."""

WAITING_MAX = 128
"""Questions waiting for their turn; further ones are told to come back. Half of them may be one caller's: a
dashboard asks for fifty panels at once.
"""


STOP_AGAIN_S = 0.25
"""Work that goes on after its statement was stopped (its next one may not have begun) is stopped again."""


class Turn:
    """The place of one question: its work runs in threads of `pool`, one piece after the other."""

    def __init__(self, pool: ThreadPoolExecutor, stop: Stop) -> None:
        self._pool = pool
        self._stop = stop
        self._name = uuid4()
        self._stop_refused = False
        self._context = copy_context()
        self._context.run(name_statements, self._name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of one piece of work."""
        loop = asyncio.get_running_loop()
        context = self._context.copy()
        return await loop.run_in_executor(self._pool, lambda: context.run(work, *args, **kwargs))

    async def run_unless(
        self, gone: asyncio.Future[Any], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same; as soon as `gone` is done, what the store does for it is stopped."""
        working = asyncio.ensure_future(self.run(work, *args, **kwargs))
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        while not working.done():
            await self.stop()
            await asyncio.wait({working}, timeout=STOP_AGAIN_S)
        return await working

    async def stop(self) -> None:
        """End what the store does for this turn. Not in the pool, which may be full of what is to end."""
        try:
            await asyncio.to_thread(self._stop, self._name)
        except StoreError as error:
            if not self._stop_refused:
                log.warning("a query could not be stopped: %s; trying on", type(error).__name__)
            self._stop_refused = True


class Workers:
    """A bounded pool with a bounded queue, shared fairly by its callers: none of them fills more than half of
    the queue. `stop` ends what the store runs under the name of a turn.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE_MAX,
        waiting_max: int = WAITING_MAX,
        at_once_per_caller: int = AT_ONCE_PER_CALLER_MAX,
        *,
        stop: Stop = lambda _: None,
    ) -> None:
        self._stop = stop
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="question")
        self._limit = at_once + waiting_max
        self._pending = 0
        self._at_once_per_caller = at_once_per_caller
        self._limit_per_caller = at_once_per_caller + waiting_max // 2
        self._callers: dict[str, _Caller] = {}

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread; RequestError 503 if too many are waiting already."""
        with self._place():
            return await self._turn().run(work, *args, **kwargs)

    async def run_for(
        self, principal: Principal, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same in the principal's turn."""
        async with self.turn(principal) as turn:
            return await turn.run(work, *args, **kwargs)

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
                    yield self._turn()
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

    def _turn(self) -> Turn:
        return Turn(self._pool, self._stop)

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
