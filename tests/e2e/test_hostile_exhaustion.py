"""A gateway process with few descriptors: beyond them it sheds with 503, serves on, heals."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gatelog.simulator import Script, Simulator, SimulatorThread
from gatelog.testing.stack import accepts, free_port, wait_until

pytestmark = pytest.mark.e2e

DESCRIPTORS = 160
CONNECTIONS = 140  # more than the 86 that are left for clients
CHAT = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
CONFIGURATION = """\
data: {data}
gateway: {{listen: "127.0.0.1:{port}"}}
backends: {{east: {{kind: azure-openai, url: "{url}", api_key: "backend-key-1", connections_max: 10}}}}
products: {{all: {{backends: [east], capture: required}}}}
subscriptions: {{team: {{product: all, keys: ["team-key-1"]}}}}
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A gateway process that may open few files."""
    port = free_port()
    config = tmp_path / "gatelog.yaml"
    with SimulatorThread(Simulator("east", script=Script(), api_key="backend-key-1")) as simulator:
        config.write_text(CONFIGURATION.format(data=tmp_path / "data", port=port, url=simulator.url))
        command = f'ulimit -n {DESCRIPTORS} && exec "$0" -m gatelog gateway --config "$1"'
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", command, sys.executable, str(config)], stdout=log, stderr=log, env=os.environ
            )
        try:
            wait_until(lambda: accepts(port), "the gateway serves", 30)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            assert process.wait(30) == 0, (tmp_path / "log").read_text()


def call(url: str) -> int:
    with contextlib.suppress(httpx2.TransportError):
        body = {"messages": [{"role": "user", "content": "a"}]}
        return httpx2.post(url + CHAT, json=body, headers={"api-key": "team-key-1"}, timeout=10).status_code
    return 0


def test_beyond_its_descriptors_the_gateway_says_503_and_recovers(url: str) -> None:
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    assert call(url) == 200
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(socket.create_connection(address, 10)) for _ in range(CONNECTIONS)]
        refused = clients[-1].recv(4096)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b'"error"' in refused
        assert call(url) == 503
        for client in clients[:10]:
            client.close()
        wait_until(lambda: call(url) == 200, "a place is free again", 10)
    wait_until(lambda: call(url) == 200, "all places are free again", 10)
