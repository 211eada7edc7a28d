"""`gatelog run`: gateways and hub of one machine as children, none of which this process shares work with.

supervisor ─┬─ gateway-0 … gateway-N     SO_REUSEPORT shares the port
            └─ hub
stop: gateways drain first, then the hub takes over what they left in the spool; then exit 0.
A second signal kills them. If the supervisor itself is killed, its children see the lifeline close and drain.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

from gatelog.app.child import Child
from gatelog.app.parent import announce, follow
from gatelog.app.service import stop_on_signals
from gatelog.config import Config, load

HUB_DRAIN_S = 60.0
"""What the hub gets to store the end of the spool; what it leaves is stored at the next start."""

USERS_FAULT = 2
"""Exit code of a child whose configuration is wrong: trying again would not help."""

STOP_MARGIN_S = 10.0
"""On top of the gateway's own grace: its last fsync and its exit."""

log = logging.getLogger("gatelog.app")


def run_supervisor(
    config_path: Path, data: Path | None = None, *, ready: int | None = None, parent: int | None = None
) -> None:
    """Run gateway and hub until SIGTERM or SIGINT; `ready` and `parent` as for `run_gateway`.

    Raises ConfigError; StartError if a child cannot start.
    """
    follow(parent)
    asyncio.run(Supervisor(load(config_path, data=data), config_path, ready).run())


class Supervisor:
    """Starts, watches and stops the children of one configuration."""

    def __init__(
        self,
        config: Config,
        config_path: Path,
        ready: int | None = None,
        *,
        program: Sequence[str] = (sys.executable, "-m", "gatelog"),
    ) -> None:
        """`ready` is the pipe to announce itself on. `program` takes the commands `gateway` and `hub`."""
        # The write end stays open as long as this process lives, and is inherited by nobody.
        lifeline, self._lifeline_end = os.pipe()
        common = ("--config", str(config_path), "--data", str(config.data))
        self._grace_s = config.gateway.grace_s + STOP_MARGIN_S
        self._gateways = [
            Child(f"gateway-{index}", (*program, "gateway", *common, "--index", str(index)), lifeline)
            for index in range(config.gateway.processes)
        ]
        self._hub = Child("hub", (*program, "hub", *common), lifeline)
        self._ready = ready
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop."""
        stop_on_signals(self._on_signal)
        try:
            serving = asyncio.create_task(self._serve())
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()  # raises: it does not end by itself
            serving.cancel()
            await asyncio.wait({serving})
            await self._drain()
        finally:
            for child in self._children():
                child.kill()
                await child.stop(STOP_MARGIN_S)

    def _children(self) -> list[Child]:
        return [*self._gateways, self._hub]

    def _on_signal(self) -> None:
        if self._stop.is_set():
            log.warning("second signal: killing")
            for child in self._children():
                child.kill()
        self._stop.set()

    async def _serve(self) -> None:
        started = asyncio.gather(*(gateway.start() for gateway in self._gateways))
        await asyncio.gather(self._serve_hub(started), *map(_serve_gateway, self._gateways, repeat(started)))

    async def _serve_hub(self, gateways: asyncio.Future[list[None]]) -> None:
        """The gateways serve and record while the hub cannot start: what they record waits in the spool."""
        await self._hub.start_sometime(unless=USERS_FAULT)
        await gateways
        announce(f"{self._gateways[0].announced}, {self._hub.announced}", self._ready)
        await self._hub.keep_alive()

    async def _drain(self) -> None:
        log.info("draining")
        await asyncio.gather(*(gateway.stop(self._grace_s) for gateway in self._gateways))
        await self._hub.stop(HUB_DRAIN_S)


async def _serve_gateway(gateway: Child, started: asyncio.Future[list[None]]) -> None:
    await started
    await gateway.keep_alive()
