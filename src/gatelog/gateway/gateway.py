"""The gateway process: a listener, the calls it makes of requests, and the journal they are written to.

serve ─► spool opened ─► listening ─► ready … stop() ─► drain ─► last Account ─► spool closed
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import ssl
import uuid
from collections.abc import Callable
from pathlib import Path

from gatelog import __version__
from gatelog.config import Config, TlsConfig
from gatelog.errors import ProtocolError
from gatelog.gateway.backend import Backend
from gatelog.gateway.call import Call
from gatelog.gateway.context import BufferMeter, Context, Product, Subscription
from gatelog.gateway.descriptors import Connections, descriptor_limit, within
from gatelog.gateway.journal import Journal
from gatelog.gateway.pages import Pages
from gatelog.gateway.request_id import new_request_id
from gatelog.gateway.route import Routes
from gatelog.http1 import ClientSettings, Header, Server, ServerSettings
from gatelog.model import Boot, Clock, SystemClock
from gatelog.policy import KeyRing
from gatelog.provider import service_error
from gatelog.spool import FileSystem, OsFileSystem, SpoolSettings, SpoolWriter

log = logging.getLogger("gatelog.gateway")

TICK_S = 0.25

# Calls leave few cycles, and none that grow: the collector looks at young objects every so many allocations
# instead of every 700, and what exists once the gateway serves is never looked at again.
GC_YOUNG_OBJECTS = 50_000

# How long a stopping gateway waits for its last records to reach the disk.
SPOOL_CLOSE_S = 10.0


def spool_directory(data: Path, index: int) -> Path:
    """Where the gateway process number `index` keeps its spool."""
    return data / "spool" / f"gateway-{index}"


def _server_settings(config: Config, connections_max: int) -> ServerSettings:
    limits, timeouts = config.gateway.limits, config.gateway.timeouts
    return ServerSettings(
        header_bytes_max=limits.header_bytes_max,
        header_count_max=limits.header_count_max,
        target_bytes_max=limits.target_bytes_max,
        body_bytes_max=limits.body_bytes_max,
        buffer_bytes_max=limits.stream_buffer_bytes_max,
        connections_max=connections_max,
        header_timeout_s=timeouts.header_s,
        body_bytes_per_s_min=limits.body_bytes_per_s_min,
        body_idle_timeout_s=timeouts.body_idle_s,
        keepalive_timeout_s=timeouts.keepalive_s,
        write_idle_timeout_s=timeouts.write_idle_s,
    )


def _client_settings(config: Config, connections_max: int) -> ClientSettings:
    timeouts = config.gateway.timeouts
    return ClientSettings(
        connections_max=connections_max,
        connect_timeout_s=timeouts.connect_s,
        first_byte_timeout_s=timeouts.first_byte_s,
        idle_timeout_s=timeouts.upstream_idle_s,
        total_timeout_s=timeouts.total_s,
        body_bytes_max=config.gateway.limits.answer_bytes_max,
        buffer_bytes_max=config.gateway.limits.stream_buffer_bytes_max,
    )


def _tls_context(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _error_body(status: int, message: str) -> tuple[list[Header], bytes]:
    """How the listener words what it refuses before there is a call."""
    return [(b"content-type", b"application/json")], service_error(status, str(status), message)


class Gateway:
    """One gateway process."""

    def __init__(
        self,
        config: Config,
        *,
        instance: str,
        index: int = 0,
        clock: Clock | None = None,
        filesystem: FileSystem | None = None,
    ) -> None:
        """`instance`: the stable id of this installation. `index`: which of its processes this is."""
        self._config = config
        self._clock = clock or SystemClock()
        self._filesystem = filesystem or OsFileSystem()
        self._instance = instance
        self._index = index
        self._stopping = asyncio.Event()
        self.port = 0

    def stop(self) -> None:
        """Begin the drain; `serve` returns when it is done."""
        self._stopping.set()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Run until `stop`. `ready` is called once clients are accepted."""
        loop = asyncio.get_running_loop()
        config = self._config
        boot = uuid.uuid4()
        writer = self._open_spool(boot, loop)
        journal = Journal(writer, self._boot_record(boot.hex), self._clock)
        connections = self._connections()
        backends = self._backends(connections)
        pages = Pages(writer, journal, backends)
        context = self._context(journal, backends, pages)
        server = Server(
            lambda: Call(context),
            _server_settings(config, connections.clients),
            on_refused=self._refused(pages),
            error_body=self._error_body,
        )
        pages.server = server
        admin = await self._listen_admin(pages)
        await self._listen(server)
        ticking = loop.create_task(self._tick(context, journal))
        gc.freeze()
        gc.set_threshold(GC_YOUNG_OBJECTS)
        try:
            ready()
            await self._stopping.wait()
            deadline_s = loop.time() + config.gateway.grace_s
            await server.drain(config.gateway.grace_s)
            await context.orphans.wait(deadline_s - loop.time())
        finally:
            ticking.cancel()
            if admin is not None:
                await admin.drain(0)
            for backend in backends.values():
                backend.pool.close()
            await journal.close(SPOOL_CLOSE_S)
            await loop.run_in_executor(None, writer.close, SPOOL_CLOSE_S)

    def _open_spool(self, boot: uuid.UUID, loop: asyncio.AbstractEventLoop) -> SpoolWriter:
        config = self._config
        return SpoolWriter.open(
            spool_directory(config.data, self._index),
            boot=boot.bytes,
            settings=SpoolSettings(
                segment_bytes=config.spool.segment_bytes,
                capacity_bytes=config.spool.capacity_bytes,
                # The largest JSON body is one record: it must fit beside what usually waits for the disk.
                queue_bytes_max=SpoolSettings.queue_bytes_max + config.gateway.limits.json_body_bytes_max,
            ),
            clock=self._clock,
            filesystem=self._filesystem,
            notify=loop.call_soon_threadsafe,
        )

    async def _listen(self, server: Server) -> None:
        config = self._config.gateway
        await server.start(
            config.listen.host,
            config.listen.port,
            ssl=_tls_context(config.tls) if config.tls is not None else None,
            reuse_port=config.processes > 1,
        )
        self.port = server.port

    def _error_body(self, status: int, message: str) -> tuple[list[Header], bytes]:
        """As `_error_body`, with an id of its own: there is no call that could give one."""
        headers, body = _error_body(status, message)
        request_id = new_request_id(self._clock.now_ns()).encode("ascii")
        return [*headers, (b"x-gatelog-request-id", request_id)], body

    def _boot_record(self, boot: str) -> Boot:
        return Boot(self._instance, boot, self._clock.now_ns(), __version__, os.getpid())

    def _connections(self) -> Connections:
        """What the configuration wants, as far as the descriptors of this process go."""
        config = self._config
        backends = {name: backend.connections_max for name, backend in config.backends.items()}
        return within(descriptor_limit(), Connections(config.gateway.limits.connections_max, backends))

    def _backends(self, connections: Connections) -> dict[str, Backend]:
        return {
            name: Backend(name, backend, _client_settings(self._config, connections.backends[name]))
            for name, backend in self._config.backends.items()
        }

    def _context(self, journal: Journal, backends: dict[str, Backend], pages: Pages) -> Context:
        config = self._config
        products = {
            name: Product(
                name=name,
                backends=tuple(backends[backend] for backend in product.backends),
                capture=product.capture,
                required=product.capture == "required",
                drain=product.on_abort == "drain",
                inject_usage=product.inject_usage,
                refuse_bad_json=product.bad_json == "refuse",
            )
            for name, product in config.products.items()
        }
        subscriptions = {
            name: Subscription(name, products[subscription.product])
            for name, subscription in config.subscriptions.items()
        }
        limits = config.gateway.limits
        return Context(
            clock=self._clock,
            journal=journal,
            keys=KeyRing(
                (key.digest, name)
                for name, subscription in config.subscriptions.items()
                for key in subscription.keys
            ),
            subscriptions=subscriptions,
            trusted_proxies=config.gateway.trusted_proxies,
            key_in_query=config.gateway.subscription_key_in_query,
            json_body_bytes_max=limits.json_body_bytes_max,
            upload_bytes_max=limits.body_bytes_max,
            buffers=BufferMeter(limits.buffered_bytes_max),
            routes=Routes(),
            pages=pages.public,
            call_later=asyncio.get_running_loop().call_later,
        )

    async def _listen_admin(self, pages: Pages) -> Server | None:
        address = self._config.gateway.admin
        if address is None:
            return None
        admin = Server(pages.handler, ServerSettings(), error_body=_error_body)
        await admin.start(address.host, address.port)
        return admin

    def _refused(self, pages: Pages) -> Callable[[ProtocolError], None]:
        def count(error: ProtocolError) -> None:
            pages.refused.add(error.reason)

        return count

    async def _tick(self, context: Context, journal: Journal) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for call in tuple(context.live):
                call.tick()
            try:
                journal.tick()
            except Exception:  # calls go on, and the next tick tries again
                log.exception("the account could not be written")
