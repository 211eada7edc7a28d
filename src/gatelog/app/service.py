"""One wing as a process: it serves until a signal, or until the process that started it is gone.

start ── serve ── ready ──→ one line on stdout, or on the pipe `ready` that the supervisor reads
              └─ SIGTERM · SIGINT · SIGHUP ──→ stop() ── drains ── returns
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

from gatelog.app.instance import instance_id
from gatelog.app.local_hubs import register, unregister
from gatelog.app.parent import announce, follow
from gatelog.config import Address, Config, GatewayConfig, HubConfig, notices
from gatelog.errors import ConfigError, ConfigProblem

log = logging.getLogger("gatelog.app")

_STOPS = (signal.SIGTERM, signal.SIGINT)

GC_YOUNG_OBJECTS = 50_000
"""A question leaves few cycles behind, and nothing of it is garbage while it is compiled: the collector looks
at young objects every so many allocations instead of every 700."""

_ADDRESS_ERRORS = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


class Service(Protocol):
    """A wing. `serve` returns after `stop` was called and all is drained; `port` is known once ready."""

    port: int

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve; call `ready` once requests are accepted."""

    def stop(self) -> None:
        """Ask `serve` to drain and return; may be called more than once."""


def run_gateway(
    config: Config, *, ready: int | None = None, index: int = 0, parent: int | None = None
) -> None:
    """Run the gateway until it is told to stop. `ready` and `parent` are inherited pipe ends.

    Raises ConfigError if its address cannot be used, SpoolError if its spool cannot.
    """
    follow(parent)
    _warn(config, "gateway.")
    import uvloop  # the hub runs on asyncio's own loop and never loads it

    from gatelog.gateway import Gateway  # the hub never loads the data path

    async def serve() -> None:
        gateway = Gateway(config, instance=instance_id(config.data), index=index)
        await _serve(gateway, lambda port: announce(f"gateway {_url(config.gateway, port)}", ready))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        _named_address("gateway.listen", config.gateway.listen, lambda: runner.run(serve()))


def run_hub(config: Config, *, ready: int | None = None, parent: int | None = None) -> None:
    """Run the hub until it is told to stop. `ready` and `parent` are inherited pipe ends.

    Raises ConfigError if its address cannot be used, StoreError if its store cannot.
    """
    follow(parent)
    _warn(config, "hub.")
    from gatelog.api import Hub  # chDB with it: a second and 300 MB that no gateway process may pay

    def on_port(port: int) -> None:
        spare_collector()
        register(port, config.data)
        announce(f"hub {_url(config.hub, port)}", ready)

    async def serve() -> None:
        instance_id(config.data)  # creates the directory, with its mode
        hub = Hub(config)
        try:
            await _serve(hub, on_port)
        finally:
            unregister(hub.port)

    with asyncio.Runner() as runner:
        _named_address("hub.listen", config.hub.listen, lambda: runner.run(serve()))


def spare_collector() -> None:
    """Give the collector less to do in a hub from now on: it took a tenth of the time of compiling."""
    gc.freeze()  # what was imported lives for ever: a full collection need not walk through it
    gc.set_threshold(GC_YOUNG_OBJECTS)


def _warn(config: Config, wing: str) -> None:
    for notice in notices(config, time.time()):
        if notice.path.startswith(wing):
            log.warning(str(notice))


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop at each signal that asks a process to drain and end.

    SIGHUP says that the terminal is closed: not to a process that was started to outlive it (`nohup`).
    """
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop)


async def _serve(service: Service, on_port: Callable[[int], None]) -> None:
    stop_on_signals(service.stop)
    await service.serve(lambda: on_port(service.port))


def _url(wing: GatewayConfig | HubConfig, port: int) -> str:
    return Address(wing.listen.host, port).url(tls=wing.tls is not None)


def _named_address(path: str, address: Address, serve: Callable[[], None]) -> None:
    try:
        serve()
    except OSError as error:
        if error.errno not in _ADDRESS_ERRORS:
            raise
        hint = "stop what listens there, or choose another address"
        reason = os.strerror(error.errno)
        raise ConfigError([ConfigProblem(path, f"{address} cannot be used ({reason})", hint)]) from None
