"""A disk whose fdatasync takes 5, 50, 500 ms: what callers and the event loop notice.

python benchmarks/slow_disk.py [--seconds 10]

A gateway in this process on the real file system, with a delay put before each sync; load from the same
process, so the figures are upper bounds. `required` calls wait for two syncs (Start and End), best effort
for none.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import uvloop

from gatelog.config import parse
from gatelog.gateway import Gateway
from gatelog.simulator import Script, Simulator, SimulatorThread
from gatelog.spool import OsFileSystem
from gatelog.spool.filesystem import OsFile
from gatelog.testing.load import Load, percentile

DELAYS_MS = (0, 5, 50, 500)
RATE = 50.0  # of each kind, calls a second
STALL_LOOK_S = 0.005
WARM_UP_S = 3.0

CONFIGURATION = """
data: {data}
gateway: {{listen: "127.0.0.1:0"}}
backends: {{east: {{kind: azure-openai, url: "{url}", api_key: "backend-key-1"}}}}
products:
  strict: {{backends: [east], capture: required}}
  loose: {{backends: [east], capture: best_effort}}
subscriptions:
  strict: {{product: strict, keys: ["strict-key-1"]}}
  loose: {{product: loose, keys: ["loose-key-1"]}}
"""


class SlowFile(OsFile):
    """Syncs late."""

    delay_s = 0.0

    def sync(self) -> None:
        time.sleep(SlowFile.delay_s)
        super().sync()


class SlowFileSystem(OsFileSystem):
    """Makes slow files."""

    def create(self, path: Path) -> SlowFile:
        return SlowFile(super().create(path)._descriptor)


class GatewayThread:
    """A gateway on a loop of its own, and how late that loop wakes up."""

    def __init__(self, configuration: str, base: Path) -> None:
        self.late_s: list[float] = []
        self.port = 0
        self._config = parse(configuration, environ={}, base=base)
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._main()))

    async def _main(self) -> None:
        self._gateway = Gateway(self._config, instance="bench", filesystem=SlowFileSystem())
        self._loop = asyncio.get_running_loop()
        watching = asyncio.create_task(self._watch())
        await self._gateway.serve(lambda: self._ready.set_result(None))
        watching.cancel()

    async def _watch(self) -> None:
        while True:
            due_s = time.monotonic() + STALL_LOOK_S
            await asyncio.sleep(STALL_LOOK_S)
            self.late_s.append(time.monotonic() - due_s)

    def __enter__(self) -> GatewayThread:
        self._thread.start()
        self._ready.result(30)
        self.port = self._gateway.port
        return self

    def __exit__(self, *_: object) -> None:
        SlowFile.delay_s = 0
        self._loop.call_soon_threadsafe(self._gateway.stop)
        self._thread.join()


def main() -> None:
    """Print a line a delay."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    print("sync delay   required p50 / p99      best effort p50 / p99   loop stall p99.9")
    simulator = Simulator("east", script=Script(), api_key="backend-key-1")
    with tempfile.TemporaryDirectory() as directory, SimulatorThread(simulator) as backend:
        text = CONFIGURATION.format(data=directory, url=backend.url)
        with GatewayThread(text, Path(directory)) as gateway:
            _load(gateway, WARM_UP_S)
            for delay_ms in DELAYS_MS:
                _measure(gateway, delay_ms, seconds)


def _load(gateway: GatewayThread, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds that required and best-effort calls took."""
    with (
        Load(gateway.port, ["strict-key-1"], rate=RATE, stream_share=0, name="strict") as strict,
        Load(gateway.port, ["loose-key-1"], rate=RATE, stream_share=0, name="loose") as loose,
    ):
        time.sleep(seconds)
    required, best_effort = ([seen.took_s * 1e3 for seen in load.answered(0)] for load in (strict, loose))
    return required, best_effort


def _measure(gateway: GatewayThread, delay_ms: float, seconds: float) -> None:
    SlowFile.delay_s = delay_ms / 1e3
    gateway.late_s.clear()
    cells = [
        f"{percentile(took_ms, 0.5):8.2f} / {percentile(took_ms, 0.99):8.2f} ms"
        for took_ms in _load(gateway, seconds)
    ]
    stall_ms = percentile(gateway.late_s, 0.999) * 1e3
    print(f"{delay_ms:>7} ms   {cells[0]}   {cells[1]}   {stall_ms:8.2f} ms", flush=True)


if __name__ == "__main__":
    main()
