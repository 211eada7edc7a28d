"""The simulator: a listening socket, a service behind it, a script between them, a ledger beside."""

from __future__ import annotations

import asyncio
import ssl as tls
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from gatelog.model import Clock, SystemClock
from gatelog.simulator.answer import Answer
from gatelog.simulator.body import end_of, frame, framing_of
from gatelog.simulator.connection import Connection
from gatelog.simulator.delivery import Delivery
from gatelog.simulator.errors import faulty, invalid
from gatelog.simulator.faults import Faults
from gatelog.simulator.head import call_head, fixed_head
from gatelog.simulator.ledger import Entry, Ledger
from gatelog.simulator.limits import Verdict
from gatelog.simulator.received import Received
from gatelog.simulator.route import Kind
from gatelog.simulator.script import OVERRIDE_HEADER, Fault, Script
from gatelog.simulator.service import Reply, Service

REQUESTS_KEPT = 1_000  # of what was received, the newest
AT_ONCE_BYTES_MAX = 262_144  # what is longer waits for its client, so that the ledger knows if it left


class Simulator:
    """One resource of Azure OpenAI (or an OpenAI-compatible service) on one port.

    `name` tells instances apart: their ids differ. `deployments` maps names to models, or lists names that
    are models; None accepts any. `api_key` None accepts any key. What is said depends on `seed` and the
    request alone.
    """

    def __init__(
        self,
        name: str,
        *,
        script: Script | None = None,
        ledger: Path | None = None,
        api_key: str | None = None,
        seed: int = 0,
        deployments: Mapping[str, str] | Iterable[str] | None = None,
        kind: Kind = "azure-openai",
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.script = script or Script()
        self.requests: deque[Received] = deque(maxlen=REQUESTS_KEPT)
        self._kind: Kind = kind
        self._service = Service(name, kind=kind, api_key=api_key, seed=seed, deployments=deployments)
        self._faults = Faults(name, seed)
        self._ledger = None if ledger is None else Ledger(ledger)
        self._clock = clock or SystemClock()
        self._connections: set[Connection] = set()
        self._under_way: dict[Delivery, tuple[str, Reply]] = {}
        self._idle = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = 0, ssl: tls.SSLContext | None = None) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._idle.set()
        self._server = await loop.create_server(lambda: Connection(self), host, port, ssl=ssl)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Break off what is under way, close all connections, close the ledger."""
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._idle.wait()
        await self._server.wait_closed()
        if self._ledger is not None:
            self._ledger.close()

    # what a Connection needs

    def opened(self, connection: Connection) -> None:
        """A client connected."""
        self._connections.add(connection)
        self._idle.clear()

    def closed(self, connection: Connection) -> None:
        """A client is gone; its delivery, if any, is cancelled and reported after this."""
        self._connections.discard(connection)
        self._rest()

    def serve(self, received: Received, connection: Connection) -> Delivery | None:
        """Answer at once (None), or by the delivery that is returned."""
        self.requests.append(received)
        script = self._script_for(received)
        if isinstance(script, Answer):
            return self._send(received, connection, self.script, None, Reply(script, OVERRIDE_HEADER), None)
        route = self._service.route(received)
        reply = self._service.reply(received, route, script)
        fault = self._faults.draw(script, reply.operation, reply.deployment) if script.faults else None
        verdict = None
        if route is not None and reply.answer.status < 400:
            if fault is not None and fault.kind == "status":
                reply = Reply(faulty(fault, route), reply.operation, reply.deployment)
            else:
                now_s = self._clock.monotonic_ns() / 1e9
                reply, verdict = self._service.spend(script, now_s, route, reply)
        return self._send(received, connection, script, fault, reply, verdict)

    def delivered(self, delivery: Delivery) -> None:
        """A delivery is over, finished or broken off."""
        request_id, reply = self._under_way.pop(delivery)
        self._record(request_id, reply, delivery.status, delivery.tokens, delivery.finished)
        self._rest()

    # the inside

    def _rest(self) -> None:
        if not self._connections and not self._under_way:
            self._idle.set()

    def _script_for(self, received: Received) -> Script | Answer:
        """The script, changed by the request's own header where that is allowed; a 400 if it is malformed."""
        override = received.header(OVERRIDE_HEADER) if self.script.accept_override else None
        if override is None:
            return self.script
        try:
            return self.script.overridden(override)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return invalid(f"{OVERRIDE_HEADER}: {error}", param=OVERRIDE_HEADER)

    def _send(
        self,
        received: Received,
        connection: Connection,
        script: Script,
        fault: Fault | None,
        reply: Reply,
        verdict: Verdict | None,
    ) -> Delivery | None:
        request_id = str(uuid.uuid4())
        now_s = self._clock.now_ns() / 1e9
        shown = reply.deployment if self._kind == "azure-openai" else ""
        head = call_head(request_id, received, verdict, now_s, shown)
        head_only = received.method == "HEAD"
        if script.immediate and connection.writable and not head_only:
            fixed, body = self._ready(reply, script)
            if len(body) <= AT_ONCE_BYTES_MAX:
                connection.write(b"".join((fixed, head, body)))
                answer, finished = reply.answer, connection.open
                self._record(request_id, reply, answer.status, answer.completion_tokens, finished)
                return None
        delivery = Delivery(
            connection,
            script,
            fault,
            kind=self._kind,
            answer=reply.answer,
            call_head=head,
            head_only=head_only,
        )
        self._under_way[delivery] = (request_id, reply)
        return delivery

    def _ready(self, reply: Reply, script: Script) -> tuple[bytes, bytes]:
        """Fixed head and framed body of a reply that is written at once."""
        if reply.ready is None:
            answer = reply.answer
            framing = framing_of(answer, script)
            fixed = fixed_head(self._kind, answer, script, framing, len(answer.body), coded=False)
            framed = b"".join(frame(framing, piece.data) for piece in answer.pieces)
            reply.ready = fixed, framed + end_of(framing)
        return reply.ready

    def _record(self, request_id: str, reply: Reply, status: int, tokens: int, finished: bool) -> None:
        if self._ledger is None:
            return
        prompt = reply.answer.prompt_tokens if status else 0
        self._ledger.write(
            Entry(
                request_id=request_id,
                operation=reply.operation,
                deployment=reply.deployment,
                model=reply.answer.model,
                status=status,
                stream=reply.answer.stream,
                prompt_tokens=prompt,
                completion_tokens=tokens,
                total_tokens=prompt + tokens,
                finished=finished,
            )
        )
