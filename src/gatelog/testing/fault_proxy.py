"""A TCP proxy that stands between two programs and fails on demand.

client ──► FaultProxy ──► target
              │ refuse        connections are reset at once
              │ silent        connections are taken, nothing is answered
              │ lose_answers  this share of answers is cut off, after the target has given them
"""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import Future
from typing import Self

_READ_BYTES = 64 * 1024
_START_TIMEOUT_S = 10.0
_STALL_POLL_S = 0.02


class FaultProxy:
    """Runs in a thread while the `with` block lasts. The faults are plain members, set from any thread."""

    def __init__(self, target_port: int, *, seed: int = 1) -> None:
        self.port = 0
        self.refuse = self.stalled = False
        self.lose_answers = 0.0
        self.lost_answers = 0
        self._target_port = target_port
        self._random = random.Random(seed)  # noqa: S311 - repeatable faults, no secret
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="fault-proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(_START_TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set_result(None)
        await self._stop.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if not self.refuse:
                await self._join(reader, writer)
        except OSError:
            pass  # either side is gone: so is the other
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        there = asyncio.create_task(self._pass_on(reader, target_writer))
        back = asyncio.create_task(self._pass_back(target_reader, writer))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            target_writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_READ_BYTES):
            if self.refuse:
                return
            await self._while_stalled()
            writer.write(data)
            await writer.drain()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_READ_BYTES):
            if self._random.random() < self.lose_answers:
                self.lost_answers += 1
                return
            await self._while_stalled()
            writer.write(data)
            await writer.drain()

    async def _while_stalled(self) -> None:
        while self.stalled:  # noqa: ASYNC110 - set from other threads, which an asyncio.Event is not made for
            await asyncio.sleep(_STALL_POLL_S)
