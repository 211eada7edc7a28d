"""A gateway on an event loop of its own, a simulator behind it, and the records it wrote."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from gatelog.config import parse
from gatelog.gateway import Gateway, spool_directory
from gatelog.gateway.journal import Journal
from gatelog.model import Account, Boot, Direction, EndRecord, Part, Record, RecordKind, Start
from gatelog.simulator import Script, Simulator, SimulatorThread
from gatelog.spool import SpoolReader
from gatelog.testing.filesystem import MemoryFileSystem

from .raw_backend import SMALL_SEGMENTS, RawBackend, always, good_answer

CONFIGURATION = """
data: {data}
gateway:
  listen: "127.0.0.1:0"
  grace_s: 5
  limits: {{json_body_bytes_max: 1MiB, body_bytes_max: 8MiB, buffered_bytes_max: 2MiB}}
  timeouts: {timeouts}
backends:
{backends}
products:
  strict: {{backends: [{names}], capture: required}}
  loose: {{backends: [{names}], capture: best_effort}}
  plain: {{backends: [{names}], capture: required, inject_usage: false}}
  drained: {{backends: [{names}], capture: required, on_abort: drain}}
subscriptions:
  strict: {{product: strict, keys: ["strict-key-1"]}}
  loose: {{product: loose, keys: ["loose-key-1"]}}
  plain: {{product: plain, keys: ["plain-key-1"]}}
  drained: {{product: drained, keys: ["drained-key-1"]}}
"""

RECORDS: dict[int, type[Record]] = {
    RecordKind.BOOT: Boot,
    RecordKind.START: Start,
    RecordKind.PART: Part,
    RecordKind.END: EndRecord,
    RecordKind.ACCOUNT: Account,
}


@dataclasses.dataclass
class Recorded:
    """One call as the spool has it."""

    start: Start
    end: EndRecord | None = None
    request: bytes = b""
    response: bytes = b""


class RunningGateway:
    """Runs a gateway while the `with` block lasts."""

    def __init__(self, configuration: str, base: Path, filesystem: MemoryFileSystem) -> None:
        self.filesystem = filesystem
        self._config = parse(configuration, environ={}, base=base)
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        async def main() -> None:
            self._gateway = Gateway(self._config, instance="test", filesystem=self.filesystem)
            self._loop = asyncio.get_running_loop()
            await self._gateway.serve(lambda: self._ready.set_result(None))

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    def __enter__(self) -> RunningGateway:
        self._thread.start()
        self._ready.result(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def begin_stop(self) -> None:
        """Drain: no further connection is accepted."""
        self.run_soon(self._gateway.stop)

    def stop(self) -> None:
        """Drain and close; may be called twice."""
        if self._thread.is_alive():
            self.begin_stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def run_soon(self, action: Callable[[], None]) -> None:
        """Run something on the gateway's event loop."""
        self._loop.call_soon_threadsafe(action)

    def turn(self) -> None:
        """The event loop looks at its sockets once: what lies in them now is read by itself."""
        turned = threading.Event()
        self.run_soon(turned.set)
        assert turned.wait(10)

    @property
    def port(self) -> int:
        return self._gateway.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def records(self) -> list[Record]:
        """Every record in the spool, in order."""
        directory = spool_directory(self._config.data, 0)
        reader = SpoolReader(directory, filesystem=self.filesystem)
        records: list[Record] = []
        while batch := reader.read():
            records += [msgspec.msgpack.decode(entry.payload, type=RECORDS[entry.kind]) for entry in batch]
        reader.close()
        return records

    def calls(self) -> list[Recorded]:
        """The recorded calls, in the order of their sequences."""
        calls: dict[int, Recorded] = {}
        for record in self.records():
            if isinstance(record, Start):
                calls[record.sequence] = Recorded(record, request=record.body)
            elif isinstance(record, Part) and record.direction is Direction.REQUEST:
                calls[record.sequence].request += record.body
            elif isinstance(record, Part):
                calls[record.sequence].response += record.body
            elif isinstance(record, EndRecord):
                calls[record.sequence].end = record
                calls[record.sequence].response += record.body
        return [calls[sequence] for sequence in sorted(calls)]

    def durable_calls(self) -> list[Recorded]:
        """The calls that a power loss now would leave."""
        self.filesystem, live = self.filesystem.durable_copy(), self.filesystem
        try:
            return self.calls()
        finally:
            self.filesystem = live

    def stall_sync(self, number: int) -> tuple[threading.Event, threading.Event]:
        """The `number`-th sync from now waits; (it waits, let it go)."""
        waits, go = threading.Event(), threading.Event()
        left = number

        def before(operation: str, path: object) -> None:
            nonlocal left
            del path
            if operation == "sync":
                left -= 1
                if left == 0:
                    waits.set()
                    go.wait(10)

        self.filesystem.before = before
        return waits, go

    def account(self) -> Account:
        """The last account."""
        return [record for record in self.records() if isinstance(record, Account)][-1]


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    with SimulatorThread(Simulator("east", script=Script(), api_key="backend-key-1")) as thread:
        yield thread


@pytest.fixture(scope="module")
def backend() -> Iterator[RawBackend]:
    """A backend that answers everything, for the tests of a module."""
    with RawBackend(always(good_answer())) as running:
        yield running


@contextmanager
def gateway_before(
    backend: RawBackend, base: Path, *, timeouts: str = "{}", plain: str = ""
) -> Iterator[RunningGateway]:
    """A gateway for the tests of a module; `plain` are more settings of the product of that name."""
    line = f'  b0: {{kind: azure-openai, url: "{backend.url}", api_key: "backend-key-1"}}'
    text = CONFIGURATION.format(data=base / "data", backends=line, names="b0", timeouts=timeouts)
    text = text.replace("inject_usage: false", f"inject_usage: false{plain}")
    with RunningGateway(text + SMALL_SEGMENTS, base, MemoryFileSystem()) as running:
        yield running


@pytest.fixture
def next_tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Waits until the gateway has looked at all calls that there are now."""
    ticked = threading.Event()
    tick = Journal.tick

    def tick_and_tell(journal: Journal) -> None:
        tick(journal)
        ticked.set()

    def wait() -> None:
        for _ in range(2):  # the first may have begun before
            ticked.clear()
            assert ticked.wait(10)

    monkeypatch.setattr("gatelog.gateway.gateway.TICK_S", 0.01)
    monkeypatch.setattr(Journal, "tick", tick_and_tell)
    return wait


MakeGateway = Callable[..., RunningGateway]


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[MakeGateway]:
    """Starts gateways: `make_gateway(url, kind=…, timeouts=…, …)`; they end after it."""
    running: list[RunningGateway] = []

    def make(
        *urls: str,
        kind: str = "azure-openai",
        timeouts: str = "{}",
        grace_s: float = 5,
        tls: str = "",
        answer_bytes_max: str = "1GiB",
        connections_max: int = 512,
        filesystem: MemoryFileSystem | None = None,
    ) -> RunningGateway:
        backends = "\n".join(
            f'  b{number}: {{kind: {kind}, url: "{url}", api_key: "backend-key-1", region: "at-{number}",'
            f" connections_max: {connections_max}}}"
            for number, url in enumerate(urls)
        )
        names = ", ".join(f"b{number}" for number in range(len(urls)))
        text = CONFIGURATION.format(data=tmp_path / "data", backends=backends, names=names, timeouts=timeouts)
        text = text.replace("grace_s: 5", f"grace_s: {grace_s}")
        text = text.replace("limits: {", f"limits: {{answer_bytes_max: {answer_bytes_max}, ")
        text = text.replace("gateway:\n", f"gateway:\n  {tls}\n", 1)
        gateway = RunningGateway(text + SMALL_SEGMENTS, tmp_path, filesystem or MemoryFileSystem())
        running.append(gateway.__enter__())
        return gateway

    yield make
    for gateway in running:
        gateway.stop()


@pytest.fixture
def gateway(make_gateway: MakeGateway, simulator: SimulatorThread) -> RunningGateway:
    return make_gateway(simulator.url)


@pytest.fixture
def chat() -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "What is the sea?"}]}
