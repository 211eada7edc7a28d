"""The simulator as a program of its own: until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import uvloop

from gatelog.config import Address
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
    address = _address(listen)
    spoken = Script() if script is None else read_script(script)
    try:
        simulator = Simulator(name, script=spoken, ledger=ledger, kind=kind, api_key=api_key, seed=seed)
    except OSError as error:
        raise _unusable("ledger", ledger, error, "name a file that can be written") from None
    uvloop.run(serve_forever(simulator, address.host, address.port, ready=ready))


async def serve_forever(
    simulator: Simulator, host: str, port: int, *, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Run a simulator until SIGTERM or SIGINT, then stop it in order. ConfigError where it cannot listen."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    try:
        await simulator.start(host, port)
    except OSError as error:
        hint = "stop what listens there, or choose another address"
        raise _unusable("listen", Address(host, port), error, hint) from None
    ready(f"http://{host}:{simulator.port}")
    await stop.wait()
    await simulator.stop()


def _address(listen: str) -> Address:
    try:
        return Address.parse(listen)
    except ValueError:
        problem = ConfigProblem("listen", f"{listen!r} is no address", "write it as 127.0.0.1:9001")
        raise ConfigError([problem]) from None


def _unusable(option: str, value: object, error: OSError, hint: str) -> ConfigError:
    return ConfigError([ConfigProblem(option, f"{value} cannot be used ({error.strerror})", hint)])
