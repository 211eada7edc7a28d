"""The admin listener: health and figures of one gateway process."""

from __future__ import annotations

import socket
from typing import Any

from gatelog.simulator import SimulatorThread
from gatelog.testing.filesystem import MemoryFileSystem

from .conftest import CONFIGURATION, RunningGateway
from .raw_client import HTTP


def test_the_admin_listener_shows_the_account_in_prometheus_text(
    tmp_path: Any, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = CONFIGURATION.format(
        data=tmp_path / "data",
        backends=f'  b0: {{kind: azure-openai, url: "{simulator.url}", api_key: "backend-key-1"}}',
        names="b0",
        timeouts="{}",
    ).replace("grace_s: 5", f'grace_s: 5\n  admin: "127.0.0.1:{port}"')
    with RunningGateway(text, tmp_path, MemoryFileSystem()) as gateway:
        path = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
        HTTP.post(gateway.url + path, json=chat, headers={"api-key": "strict-key-1"})
        admin = f"http://127.0.0.1:{port}"
        metrics = HTTP.get(f"{admin}/metrics").text.splitlines()
        assert "gatelog_gateway_calls_accepted_total 1" in metrics
        assert "gatelog_gateway_calls_recorded_total 1" in metrics
        assert "# TYPE gatelog_gateway_calls_accepted_total counter" in metrics
        assert "gatelog_spool_level 0" in metrics
        assert HTTP.get(f"{admin}/healthz").json()["status"] == "ok"
        assert HTTP.get(f"{admin}/elsewhere").status_code == 404
        assert HTTP.get(f"{gateway.url}/metrics").status_code == 404
