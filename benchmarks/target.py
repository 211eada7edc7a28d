"""Whom the load is sent to, and the call that is measured: 1 KB of chat, answered at once or as a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

KEY = "benchmark-key-0001"

AZURE_PATH = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
AZURE_HEADERS: Mapping[str, str] = MappingProxyType({"api-key": KEY})

CHAT = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Say something about the sea. " * 30}],
    "temperature": 0.2,
    "user": "bench",
}


class Target(NamedTuple):
    """A server on this machine's loopback that answers chat calls."""

    port: int
    path: str = AZURE_PATH
    headers: Mapping[str, str] = AZURE_HEADERS
    tls: bool = False

    @property
    def url(self) -> str:
        """What is called."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{self.path}"

    @property
    def request_headers(self) -> dict[str, str]:
        """Of each call, apart from host and length."""
        return {**self.headers, "content-type": "application/json", "user-agent": "bench"}


def chat_body(*, stream: bool = False) -> str:
    """The request's JSON."""
    return json.dumps({**CHAT, "stream": True} if stream else CHAT)
