"""A backend as the hot path needs it: a connection pool and the parts of a request head that never change."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from gatelog.config import BackendConfig
from gatelog.http1 import ClientSettings, Pool
from gatelog.model import Operation
from gatelog.policy import BackendHealth
from gatelog.provider import upstream_path

DEFAULT_PORTS = {"http": 80, "https": 443}


def _tls_context(config: BackendConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(config.ca_file) if config.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Backend:
    """One configured backend."""

    __slots__ = ("_base_path", "_fixed_head", "_kind", "health", "name", "origin", "pool", "region")

    def __init__(self, name: str, config: BackendConfig, settings: ClientSettings) -> None:
        url = urlsplit(config.url)
        host = url.hostname or ""
        port = url.port or DEFAULT_PORTS[url.scheme]
        self.name = name
        self.region = config.region
        self.origin = f"{url.scheme}://{url.netloc}"
        self.health = BackendHealth()
        self.pool = Pool(
            host,
            port,
            settings,
            ssl=_tls_context(config) if url.scheme == "https" else None,
            server_hostname=host if url.scheme == "https" else None,
        )
        self._kind = config.kind
        self._base_path = url.path.rstrip("/")
        key = config.api_key.reveal()
        credential = f"api-key: {key}" if config.kind == "azure-openai" else f"authorization: Bearer {key}"
        self._fixed_head = f"host: {url.netloc}\r\n{credential}\r\n".encode("latin-1")

    def path(self, operation: Operation, target: str) -> str:
        """The request target at this backend."""
        return upstream_path(operation, target, backend_kind=self._kind, base_path=self._base_path)

    def opening(self, method: str, path: str) -> bytes:
        """How a request head begins: its request line, Host and credential."""
        return f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + self._fixed_head
