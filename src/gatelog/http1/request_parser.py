"""Bytes of one client in, requests out; no I/O. llhttp parses, `strict` judges."""

from __future__ import annotations

from collections.abc import Callable

import httptools

from gatelog.errors import ProtocolError
from gatelog.http1.head import RequestHead
from gatelog.http1.message_parser import MessageParser
from gatelog.http1.settings import ServerSettings
from gatelog.http1.strict import check_request, read_request_line

Peer = tuple[str, int, str]
"""Address, port and TLS version of the client, as `RequestHead` has them."""


class RequestParser(MessageParser):
    """Parses the requests of one connection, one after the other."""

    __slots__ = ("_settings",)

    def __init__(self, settings: ServerSettings, on_body: Callable[[bytes], None]) -> None:
        super().__init__(
            on_body,
            body_bytes_max=settings.body_bytes_max,
            overhead_bytes_max=settings.chunk_overhead_bytes_max,
        )
        self._settings = settings
        self._parser = httptools.HttpRequestParser(self)

    def read_head(self, raw: bytes, peer: Peer) -> RequestHead:
        """Parse exactly one head, up to and with its empty line. ProtocolError if it is not strict."""
        settings = self._settings
        if len(raw) > settings.header_bytes_max:
            raise ProtocolError("headers_too_large", f"over {settings.header_bytes_max} bytes", status=431)
        method, target, version = read_request_line(raw, settings)
        path, _, query = target.partition(b"?")
        head = RequestHead(method, target, path, query, version, self._feed_head(raw), *peer)
        head.upgrade = self.upgrade
        check_request(head, settings)
        self._expect_body(head, head.content_length or 0)
        return head
