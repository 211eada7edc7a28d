"""The gateway's own pages: is it well, and in figures how well. They are not calls and leave no record.

public listener   /healthz, and /status-0123456789abcdef where API Management has its probe
admin listener    /healthz, /metrics
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from gatelog.gateway.backend import Backend
from gatelog.gateway.journal import Journal
from gatelog.http1 import AbortReason, Header, Reply, RequestHead, Server
from gatelog.provider import service_error
from gatelog.spool import Level, SpoolWriter
from gatelog.telemetry import CONTENT_TYPE, Counters, LabelledCounter

JSON: list[Header] = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Pages:
    """Builds the pages from the state of the process when they are asked for."""

    def __init__(self, writer: SpoolWriter, journal: Journal, backends: Mapping[str, Backend]) -> None:
        self.server: Server | None = None
        self.refused: LabelledCounter
        self._writer = writer
        self._journal = journal
        self._backends = backends
        self._counters = Counters()
        self._define()
        self.public: dict[bytes, Callable[[Reply], None]] = {
            b"/healthz": self.health,
            b"/status-0123456789abcdef": self.health,
        }
        self.admin: dict[bytes, Callable[[Reply], None]] = {
            b"/healthz": self.health,
            b"/metrics": self.metrics,
        }

    def handler(self) -> PageRequest:
        """The request handler of the admin listener."""
        return PageRequest(self.admin)

    def health(self, reply: Reply) -> None:
        """200 while calls can be recorded, else 503; the body says which."""
        level = self._writer.level
        recording = level < Level.REJECT
        body = {"status": "ok" if recording else "cannot record", "spool": level.name.lower()}
        reply.send(200 if recording else 503, JSON, json.dumps(body).encode())

    def metrics(self, reply: Reply) -> None:
        """Prometheus text."""
        reply.send(200, [(b"content-type", CONTENT_TYPE.encode())], self._counters.render())

    def _define(self) -> None:
        counters, account = self._counters, self._journal.account
        statistics = self._writer.statistics
        self.refused = counters.labelled_counter(
            "gatelog_http1_refused_total", "messages that are not strict HTTP/1.1", ["reason"]
        )
        counters.counter_of(
            "gatelog_gateway_calls_accepted_total", "calls accepted since start", lambda: account.accepted
        )
        counters.counter_of(
            "gatelog_gateway_calls_recorded_total", "calls durably recorded", lambda: account.recorded
        )
        counters.counter_of(
            "gatelog_gateway_calls_unlogged_total", "calls without a record", lambda: account.unlogged
        )
        counters.counter_of("gatelog_spool_syncs_total", "groups synced", lambda: statistics().sync_count)
        counters.gauge("gatelog_gateway_calls_open", "calls under way", lambda: len(account.open))
        counters.gauge(
            "gatelog_spool_level", "0 ok, 1 warn, 2 degrade, 3 reject, 4 failed", lambda: self._writer.level
        )
        counters.gauge("gatelog_spool_disk_bytes", "bytes of the spool on disk", lambda: statistics().bytes)
        counters.gauge(
            "gatelog_spool_queued_bytes", "bytes waiting for the disk", lambda: statistics().queued_bytes
        )
        counters.gauge("gatelog_backends_open_connections", "connections to all backends", self._connections)

    def _connections(self) -> int:
        return sum(backend.pool.statistics().open for backend in self._backends.values())


class PageRequest:
    """Implements `http1.RequestHandler` for one request to the admin listener."""

    __slots__ = ("_pages",)

    def __init__(self, pages: Mapping[bytes, Callable[[Reply], None]]) -> None:
        self._pages = pages

    def on_request(self, head: RequestHead, reply: Reply) -> None:
        """Answer at once: no page needs a body."""
        page = self._pages.get(head.path)
        if page is None:
            reply.send(404, JSON, service_error(404, "404", "Resource not found"))
        else:
            page(reply)

    def on_body(self, data: bytes) -> None:
        """Ignored."""

    def on_end(self, trailers: list[Header]) -> None:
        """Nothing left to do."""

    def on_abort(self, reason: AbortReason) -> None:
        """Nothing to undo."""

    def on_pause(self) -> None:
        """Pages are smaller than any buffer."""

    def on_resume(self) -> None:
        """Pages are smaller than any buffer."""
