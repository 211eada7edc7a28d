"""Secrets, each through another door: none of them is found in anything that is kept or shown."""

from __future__ import annotations

import base64
import logging
import socket
from pathlib import Path

import pytest

from gatelog.model import Boot
from gatelog.provider import CapturedCall, Tokenizers, seal
from gatelog.testing.filesystem import MemoryFileSystem

from .conftest import RunningGateway
from .raw_backend import RawBackend, always
from .raw_client import converse

CHAT = b"/openai/deployments/gpt-4o/chat/completions"
CONFIGURATION = """
data: {data}
gateway: {{listen: "127.0.0.1:0", admin: "127.0.0.1:{admin}"}}
backends: {{b0: {{kind: azure-openai, url: "{url}", api_key: "canary-backend-01"}}}}
products: {{strict: {{backends: [b0], capture: required, bad_json: refuse}}}}
subscriptions: {{team: {{product: strict, keys: ["canary-client-02", "canary-client-03"]}}}}
"""


def header(line: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n%b\r\n\r\n" % (CHAT, line)


def target(query: bytes) -> bytes:
    return b"GET %b?%b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" % (CHAT, query)


BASIC = base64.b64encode(b"user:canary-06")
DOORS: dict[str, bytes] = {
    "the right key": header(b"api-key: canary-client-02"),
    "the other right key": header(b"Authorization: Bearer canary-client-03"),
    "a wrong key": header(b"api-key: canary-04"),
    "a wrong bearer token": header(b"authorization: bearer canary-05"),
    "basic credentials": header(b"authorization: Basic " + BASIC),
    "an unknown scheme": header(b"authorization: canary-07"),
    "API Management's header": header(b"Ocp-Apim-Subscription-Key: canary-08"),
    "a right and a wrong key": header(b"api-key: canary-client-02\r\nauthorization: Bearer canary-09"),
    "other people's headers": header(
        b"api-key: canary-client-02\r\nx-api-key: canary-10\r\ncookie: s=canary-11\r\n"
        b"proxy-authorization: Bearer canary-12\r\nx-goog-api-key: canary-13"
    ),
    "the query": target(b"subscription-key=canary-client-02"),
    "a wrong key in the query": target(b"a=b&subscription-key=canary-14&c"),
    "an encoded name in the query": target(b"api%2Dkey=canary-15"),
    "a name in capitals": target(b"API-KEY=canary-16&Subscription-Key=canary-16"),
    "other services' parameters": target(
        b"api-key=canary-client-02&access_token=canary-24&sig=canary-25&subscription_key=canary-26"
    ),
    "semicolons between parameters": target(b"a=b;subscription-key=canary-27"),
    "an unknown route": b"GET /x?api-key=canary-17 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "a refused path": b"GET /a/../b?api-key=canary-18 HTTP/1.1\r\nhost: x\r\n\r\n",
    "a refused header": header(b"api-key : canary-19"),
    "a refused request line": b"GET /?api-key=canary-20 HTTP/1.1 \r\nhost: x\r\n\r\n",
    "a body that is refused": b"POST %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" % CHAT
    + b"api-key: canary-client-02\r\ncontent-length: 1\r\n\r\n{",
}
BACKEND_ANSWER = (
    b"HTTP/1.1 200 OK\r\nset-cookie: s=canary-21\r\nauthorization: canary-22\r\napi-key: canary-23\r\n"
    b"content-length: 2\r\n\r\n{}"
)


def kept(gateway: RunningGateway) -> str:
    """Everything in the spool, and everything that the store would be given."""
    records = gateway.records()
    boot = next(record for record in records if isinstance(record, Boot))
    tokenizers = Tokenizers()
    exchanges = [
        seal(CapturedCall(boot, call.start, call.end, call.request, call.response), tokenizers)
        for call in gateway.calls()
        if call.end is not None
    ]
    assert len(exchanges) >= 15
    return repr(records) + repr(exchanges)


def test_no_secret_is_kept_logged_counted_or_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        admin = probe.getsockname()[1]
    with RawBackend(always(BACKEND_ANSWER)) as backend:
        text = CONFIGURATION.format(data=tmp_path / "data", admin=admin, url=backend.url)
        with RunningGateway(text, tmp_path, MemoryFileSystem()) as gateway:
            answers = {name: converse(gateway.port, message) for name, message in DOORS.items()}
            metrics = converse(admin, b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    told = {
        "record": kept(gateway),
        "logs": caplog.text,
        "metrics": metrics.decode(),
        "configuration": repr(gateway._config),
        "refusals": repr([answer for answer in answers.values() if b" 200 OK" not in answer]),
    }
    assert [name for name, shown in told.items() if "canary" in shown or BASIC.decode() in shown] == []
    received = backend.all_received.replace(b"api-key: canary-backend-01", b"")
    assert b"canary-client" not in received
    assert b"canary-backend" not in received
    assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers.values()) == 5
    assert b"gatelog_http1_refused_total" in metrics
