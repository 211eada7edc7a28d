"""The proxies that are measured side by side: each is started with one worker in front of one upstream.

A proxy that this machine lacks is left out and named in the report.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

KEY = "benchmark-key-0001"
UPSTREAM_KEY = "benchmark-upstream-key"
START_TIMEOUT_S = 30.0

# An environment of their own for peers that come as Python packages: `make bench` makes it.
PEERS = Path(__file__).resolve().parent.parent / ".bench"


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until something accepts on the port; raises if the process ends first."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path, env: dict[str, str] | None = None) -> Iterator[int]:
    """Run a server; yields its process id."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(env or {})})
    try:
        wait_for_port(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


NGINX = """
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; keepalive_requests 1000000; client_body_buffer_size 64k;
  upstream backend {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://backend; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_buffering off; }} }}
}}
"""

ENVOY_MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": "{manager}"
          stat_prefix: bench
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: up, timeout: 0s}}}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: up
    type: STATIC
    connect_timeout: 1s
    load_assignment:
      cluster_name: up
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""

GATELOG = """
data: {dir}/data
gateway: {{listen: "127.0.0.1:{port}"}}
backends:
  up: {{kind: azure-openai, url: "http://127.0.0.1:{upstream}", api_key: "{upstream_key}"}}
products:
  bench: {{backends: [up], capture: {capture}}}
subscriptions:
  bench: {{product: bench, keys: ["{key}"]}}
"""


def _nginx(port: int, upstream: int, directory: Path) -> list[str] | None:
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        return None
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(dir=directory, port=port, upstream=upstream))
    return [binary, "-c", str(config), "-e", str(directory / "nginx-error.log")]


def _envoy(port: int, upstream: int, directory: Path) -> list[str] | None:
    binary = shutil.which("envoy", path=f"{PEERS / 'bin'}:{os.environ.get('PATH', '')}")
    if binary is None:
        return None
    config = directory / "envoy.yaml"
    config.write_text(ENVOY.format(port=port, upstream=upstream, manager=ENVOY_MANAGER))
    return [binary, "-c", str(config), "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"]


def _gatelog(capture: str) -> Callable[[int, int, Path], list[str] | None]:
    def command(port: int, upstream: int, directory: Path) -> list[str] | None:
        config = directory / f"gatelog-{capture}.yaml"
        data = directory / f"gatelog-{capture}"
        data.mkdir(exist_ok=True)
        config.write_text(
            GATELOG.format(
                dir=data, port=port, upstream=upstream, upstream_key=UPSTREAM_KEY, capture=capture, key=KEY
            )
        )
        return [sys.executable, "-m", "gatelog", "gateway", "--config", str(config)]

    return command


PROXIES: dict[str, Callable[[int, int, Path], list[str] | None]] = {
    "nginx": _nginx,
    "Envoy": _envoy,
    "gatelog best_effort": _gatelog("best_effort"),
    "gatelog required": _gatelog("required"),
}
