"""One child process of the supervisor: started, watched, restarted, stopped.

                  ┌─ died: at once if it was steady, else after 0.5 s, 1 s … 30 s ─┐
                  ▼                                               ┌────────────────┘
start ─→ STARTING ── its line on the ready pipe ─→ SERVING ───────┤
             │                                        │           │
             └─ died before it ever served            └─ stop ─→ STOPPING ─→ exited
                  → StartError: nothing to restart; start_sometime tries again
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Sequence
from typing import IO

from gatelog.errors import GatelogError

READY_TIMEOUT_S = 120.0
"""A hub opens its store in 1 to 3 s; recovery of a full spool may take a minute."""

EXIT_S = 5.0
"""From the end of a child's ready pipe to its exit: its last words on stderr."""

RESTART_DELAY_MIN_S = 0.5
RESTART_DELAY_MAX_S = 30.0
"""A child that cannot run must not eat the machine, and must be back soon after its trouble is over."""

STEADY_AFTER_S = 3.0
"""A child that served this long can run: whatever killed it, it is started at once; delays begin anew."""

log = logging.getLogger("gatelog.app")


class StartError(GatelogError):
    """A child ended before it served for the first time; its own message is on stderr already."""

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(f"{name} ended with exit code {exit_code} before it served")
        self.exit_code = exit_code


class Backoff:
    """How long to wait before the next restart."""

    def __init__(self) -> None:
        self._delay_s = RESTART_DELAY_MIN_S

    def after(self, served_s: float) -> float:
        """Seconds to wait now that the child has died, `served_s` after its last start."""
        if served_s >= STEADY_AFTER_S:
            self._delay_s = RESTART_DELAY_MIN_S
            return 0.0
        delay_s = self._delay_s
        self._delay_s = min(2 * delay_s, RESTART_DELAY_MAX_S)
        return delay_s


class Child:
    """A command run as a child. It is handed two pipe ends: one to announce itself, one to live as long as.

    `lifeline` is the latter: the read end of a pipe whose write end only the supervisor has.
    """

    def __init__(
        self, name: str, command: Sequence[str], lifeline: int, *, output: IO[bytes] | None = None
    ) -> None:
        """`output` takes what it prints; by default that goes where our own output goes."""
        self.name = name
        self.announced = ""
        self._command = command
        self._lifeline = lifeline
        self._output = output
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it serves. Raises StartError."""
        reader, writer = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *("--ready-fd", str(writer), "--parent-fd", str(self._lifeline)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=(writer, self._lifeline),
                process_group=0,  # Ctrl-C is for us: we stop children in order
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self.announced = await _first_line(reader)
        if not self.announced:
            raise StartError(self.name, await self._ended(self._process, EXIT_S))

    async def start_sometime(self, *, unless: int) -> None:
        """Start it again and again until it serves. Raises StartError if it ends with the code `unless`."""
        backoff = Backoff()
        while True:
            try:
                return await self.start()
            except StartError as error:
                if error.exit_code == unless:
                    raise
                delay_s = backoff.after(0.0)
                log.error("%s; trying again", error, extra={"delay_s": delay_s})
                await asyncio.sleep(delay_s)

    async def keep_alive(self) -> None:
        """Restart it whenever it dies. Never returns: cancel it before stopping the child."""
        loop = asyncio.get_running_loop()
        backoff = Backoff()
        while True:
            since = loop.time()
            assert self._process is not None, "keep_alive comes after start"
            code = await self._process.wait()
            delay_s = backoff.after(loop.time() - since)
            log.error("%s died: restarting", self.name, extra={"exit_code": code, "delay_s": delay_s})
            await asyncio.sleep(delay_s)
            with contextlib.suppress(StartError):
                await self.start()
                log.warning("%s serves again", self.name, extra={"at": self.announced})

    async def stop(self, timeout_s: float) -> None:
        """Let it drain, where it runs; after `timeout_s` it is killed."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._ended(self._process, timeout_s)

    def kill(self) -> None:
        """End it at once, where it runs."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _ended(self, process: asyncio.subprocess.Process, timeout_s: float) -> int:
        """The exit code of a process that is about to end; after `timeout_s` it is killed."""
        try:
            return await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            log.error("%s did not end in time: killed", self.name, extra={"timeout_s": timeout_s})
            self.kill()
            return await process.wait()


async def _first_line(reader: int) -> str:
    """What the child announces; empty if it ends, or says nothing in time."""
    loop = asyncio.get_running_loop()
    stream = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb", buffering=0)
    )
    try:
        return (await asyncio.wait_for(stream.readline(), READY_TIMEOUT_S)).decode().strip()
    except TimeoutError:
        return ""
    finally:
        transport.close()
