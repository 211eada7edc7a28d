"""The simulator as a program of its own: until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import uvloop

from gatelog.errors import ConfigError, ConfigProblem
from gatelog.simulator.route import Kind
from gatelog.simulator.script import Script, read_script
from gatelog.simulator.simulator import Simulator


def serve(
    listen: str,
    *,
    name: str,
    ledger: Path | None = None,
    script: Path | None = None,
    kind: Kind = "azure-openai",
    api_key: str | None = None,
    seed: int = 0,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve on `listen` (host:port) until a signal; `ready` is called with the URL. Raises ConfigError."""
    host, port = _address(listen)
    simulator = Simulator(
        name,
        script=Script() if script is None else read_script(script),
        ledger=ledger,
        kind=kind,
        api_key=api_key,
        seed=seed,
    )
    uvloop.run(serve_forever(simulator, host, port, ready=ready))


async def serve_forever(
    simulator: Simulator, host: str, port: int, *, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Run a simulator until SIGTERM or SIGINT, then stop it in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    await simulator.start(host, port)
    ready(f"http://{host}:{simulator.port}")
    await stop.wait()
    await simulator.stop()


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(
            [ConfigProblem("listen", f"{listen!r} is no address", "write it as 127.0.0.1:9001")]
        )
    return host.strip("[]"), int(port)
