"""A simulator on an event loop of its own, for tests that are not asynchronous themselves."""

from __future__ import annotations

import asyncio
import ssl as tls
import threading
from collections import deque
from concurrent.futures import Future
from types import TracebackType

from gatelog.simulator.received import Received
from gatelog.simulator.simulator import Simulator

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30


class SimulatorThread:
    """Runs a simulator while the `with` block lasts; its ledger is complete after the block."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self.simulator = simulator
        self._address = (host, port)
        self._ssl = ssl
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, name=f"simulator-{simulator.name}", daemon=True)

    def __enter__(self) -> SimulatorThread:
        self._thread.start()
        self._loop = self._started.result(START_SECONDS_MAX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_SECONDS_MAX)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self.simulator.port

    @property
    def url(self) -> str:
        """Scheme, host and port, without a path."""
        return f"{'https' if self._ssl else 'http'}://{self._address[0]}:{self.port}"

    @property
    def requests(self) -> deque[Received]:
        """What the simulator received, the newest last."""
        return self.simulator.requests

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        try:
            await self.simulator.start(*self._address, ssl=self._ssl)
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(asyncio.get_running_loop())
        await self._stop.wait()
        await self.simulator.stop()
