"""Both ends of the wire, recorded: an application behind a server, a caller of a pool, a scripted origin."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import uvloop

from gatelog.http1 import (
    AbortReason,
    ClientSettings,
    Failure,
    Header,
    Pool,
    Reply,
    RequestHead,
    ResponseHead,
    Server,
    ServerSettings,
)

WAIT_S = 10  # a test that hangs fails after this; no test waits for time to pass

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is a coroutine runs on each kind of event loop."""
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("loop")
        metafunc.parametrize("loop", sorted(LOOPS))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    with asyncio.Runner(loop_factory=LOOPS[pyfuncitem.callspec.params["loop"]]) as runner:
        runner.run(asyncio.wait_for(pyfuncitem.obj(**arguments), WAIT_S))
    return True


class Recording:
    """Events by name, and a way to wait for one."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._changed = asyncio.Event()

    def note(self, event: str) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, event: str, times: int = 1) -> None:
        while self.events.count(event) < times:
            self._changed.clear()
            await self._changed.wait()


class Exchange(Recording):
    """A request handler that remembers; what it does is asked of its application."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app
        self.head: RequestHead
        self.reply: Reply
        self.body = b""
        self.trailers: list[Header] = []
        self.aborted: AbortReason | None = None

    def on_request(self, head: RequestHead, reply: Reply) -> None:
        self.head, self.reply = head, reply
        self.note("request")
        self.app.on_request(self)

    def on_body(self, data: bytes) -> None:
        assert data
        self.body += data
        self.note("body")
        self.app.on_body(self)

    def on_end(self, trailers: list[Header]) -> None:
        self.trailers = trailers
        self.note("end")
        self.app.on_end(self)

    def on_abort(self, reason: AbortReason) -> None:
        assert self.aborted is None
        self.aborted = reason
        self.note("abort")

    def on_pause(self) -> None:
        self.note("pause")

    def on_resume(self) -> None:
        self.note("resume")
        self.app.on_resume(self)


def nothing(exchange: Exchange) -> None:
    """Do nothing."""


def echo(exchange: Exchange) -> None:
    """Answer with method, target and body."""
    head = exchange.head
    exchange.reply.send(200, [], b"%b %b %b" % (head.method, head.target, exchange.body))


@dataclass
class App:
    """An application: what to do at each step, and the exchanges so far."""

    on_request: Callable[[Exchange], None] = nothing
    on_body: Callable[[Exchange], None] = nothing
    on_end: Callable[[Exchange], None] = echo
    on_resume: Callable[[Exchange], None] = nothing
    exchanges: list[Exchange] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> Exchange:
        exchange = Exchange(self)
        self.exchanges.append(exchange)
        self.arrived.set()
        return exchange

    async def exchange(self, index: int = 0) -> Exchange:
        """The exchange of that number, as soon as it exists."""
        while len(self.exchanges) <= index:
            self.arrived.clear()
            await self.arrived.wait()
        return self.exchanges[index]


class Caller(Recording):
    """A response handler that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.head: ResponseHead | None = None
        self.body = b""
        self.trailers: list[Header] = []
        self.failure: Failure | None = None

    def on_sent(self) -> None:
        self.note("sent")

    def on_head(self, head: ResponseHead) -> None:
        self.head = head
        self.note("head")

    def on_body(self, data: bytes) -> None:
        assert data
        self.body += data
        self.note("body")

    def on_end(self, trailers: list[Header]) -> None:
        self.trailers = trailers
        self.note("end")
        self.note("done")

    def on_failure(self, failure: Failure) -> None:
        assert self.failure is None
        self.failure = failure
        self.note("failure")
        self.note("done")

    def on_pause_upload(self) -> None:
        self.note("pause")

    def on_resume_upload(self) -> None:
        self.note("resume")


class Client:
    """A client that sends what it is told, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> bytes:
        """One answer with a length: head and body."""
        head = await self.head()
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head + await self.reader.readexactly(int(length or b"0"))

    async def rest(self) -> bytes:
        """All that comes until the server closes; a reset counts as the end."""
        received = b""
        try:
            while data := await self.reader.read(65536):
                received += data
        except ConnectionResetError:
            received += b"<reset>"
        return received

    def close(self) -> None:
        self.writer.close()


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """Starts servers, clients, origins and pools, and stops all of them."""

    def __init__(self) -> None:
        self._clients: list[Client] = []

    @asynccontextmanager
    async def server(
        self, app: Any, *, on_refused: Any = None, error_body: Any = None, ssl: Any = None, **settings: Any
    ) -> AsyncIterator[Server]:
        server = Server(app, ServerSettings(**settings), on_refused=on_refused, error_body=error_body)
        await server.start("127.0.0.1", 0, ssl=ssl)
        try:
            yield server
        finally:
            for client in self._clients:
                client.close()
            await server.drain(0)

    async def client(self, server: Server, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", server.port, **options))
        self._clients.append(client)
        return client

    @asynccontextmanager
    async def origin(self, script: Script, **options: Any) -> AsyncIterator[int]:
        connections: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(writer)
            with suppress(
                asyncio.IncompleteReadError, ConnectionError
            ):  # the pool closed: the script is over
                await script(reader, writer)

        listener = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
            for writer in connections:
                writer.close()

    @asynccontextmanager
    async def pool(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        ssl: Any = None,
        server_hostname: Any = None,
        **settings: Any,
    ) -> AsyncIterator[Pool]:
        pool = Pool(
            host, port, replace(ClientSettings(), **settings), ssl=ssl, server_hostname=server_hostname
        )
        try:
            yield pool
        finally:
            pool.close()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def make_app() -> type[App]:
    return App


@pytest.fixture
def make_caller() -> type[Caller]:
    return Caller


async def turns_until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something that has no event of its own has happened."""
    while not condition():  # noqa: ASYNC110 - counts and sets have no event
        await asyncio.sleep(0)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    return turns_until


def later() -> float:
    """A time at which every timeout has passed."""
    return asyncio.get_running_loop().time() + 10_000


@pytest.fixture
def far_future() -> Callable[[], float]:
    return later
