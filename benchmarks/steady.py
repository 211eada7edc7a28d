"""Open-loop load: calls leave at a steady rate whatever the answers do.

      intended ──► sent ──► answered        latency = answered - intended
      every 1/rate  └ late when all connections wait, or the machine is busy

A caller does not wait for others: a server that stalls for a second gets a second of calls, each of which
waited. Latency counted from the intended time says so; counted from the sending it would hide it
("coordinated omission", https://github.com/HdrHistogram/HdrHistogram). `late` is the generator's own part.

python steady.py JSON: runs in a process of its own, which shares no interpreter with what is measured.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import httptools

from target import Target, chat_body

CONNECTIONS_MAX = 256  # open at once; with all of them waiting, calls queue and their clocks run
OVERLOAD_S = 5.0  # further behind than this the server cannot keep the rate: nothing more is learnt
ANSWER_TIMEOUT_S = 30.0
LEAD_S = 0.2  # before the first call


class Steady(NamedTuple):
    """What came of it; times in microseconds. `kept`: the rate was held to the end."""

    kept: bool
    answered: int
    failed: int
    per_second: float
    p50_us: float
    p99_us: float
    p999_us: float
    late_p99_us: float


class Client:
    """One connection, one call at a time. Nothing here waits: not even for the connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connecting = self.socket.connect_ex(("127.0.0.1", port)) != 0
        self.intended_s = 0.0
        self._done = False

    @property
    def closed(self) -> bool:
        """Whether the server has closed it, or sent what nobody asked for, since the last answer."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def begin(self, request: bytes, intended_s: float) -> None:
        """Begin a call: the request leaves now, or once connected. OSError."""
        self.intended_s = intended_s
        self._done = False
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        if not self.connecting:
            self.socket.sendall(request)

    def connected(self) -> None:
        """The connection is there, or failed: OSError."""
        self.connecting = False
        self.socket.sendall(self._request)

    def receive(self) -> int | None:
        """Take what has come; the status once the answer is whole. ConnectionError."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("closed within an answer")
        self._parser.feed_data(data)
        return self._parser.get_status_code() if self._done else None

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._done = True


class Generator:
    """The calls of one run, sent and counted in one thread."""

    def __init__(self, target: Target, rate: float, seconds: float) -> None:
        body = chat_body().encode()
        headers = target.request_headers | {"host": "bench", "content-length": str(len(body))}
        lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._request = "\r\n".join([*lines, "", ""]).encode() + body
        self._port = target.port
        self._rate = rate
        self._calls = max(1, int(rate * seconds))
        self._sent = self._failed = 0
        self._free: list[Client] = []
        self._busy: dict[socket.socket, Client] = {}
        self._took_s: list[float] = []
        self._late_s: list[float] = []

    def run(self) -> Steady:
        """Send them all, wait for the answers."""
        self._began_s = time.perf_counter() + LEAD_S
        kept = True
        while self._busy or (kept and self._sent < self._calls):
            kept = kept and self._behind_s() < OVERLOAD_S
            if kept:
                self._send_due()
            self._take_answers(self._pause_s(kept))
        self._close()
        took_s = time.perf_counter() - self._began_s
        return Steady(
            kept,
            len(self._took_s),
            self._failed,
            len(self._took_s) / took_s,
            *(_percentile_us(self._took_s, share) for share in (0.5, 0.99, 0.999)),
            _percentile_us(self._late_s, 0.99),
        )

    def _due_s(self) -> float:
        return self._began_s + self._sent / self._rate

    def _behind_s(self) -> float:
        return time.perf_counter() - self._due_s() if self._sent < self._calls else 0.0

    def _send_due(self) -> None:
        while self._sent < self._calls and self._behind_s() >= 0 and len(self._busy) < CONNECTIONS_MAX:
            client = self._client()
            self._late_s.append(self._behind_s())
            self._busy[client.socket] = client
            self._step(client, partial(client.begin, self._request, self._due_s()))
            self._sent += 1

    def _client(self) -> Client:
        while self._free:
            client = self._free.pop()
            if not client.closed:
                return client
            client.socket.close()
        return Client(self._port)

    def _pause_s(self, kept: bool) -> float:
        """Until the next call is due, or for answers alone."""
        if not kept or self._sent >= self._calls or len(self._busy) >= CONNECTIONS_MAX:
            return ANSWER_TIMEOUT_S
        return max(0.0, -self._behind_s())

    def _take_answers(self, pause_s: float) -> None:
        # select counts microseconds; poll and epoll would round to milliseconds
        connecting = [client.socket for client in self._busy.values() if client.connecting]
        readable, connected, _ = select.select(list(self._busy), connecting, [], pause_s)
        if not (readable or connected) and pause_s >= ANSWER_TIMEOUT_S:
            self._failed += len(self._busy)
            self._close()
        for ready in {*readable, *connected}:
            client = self._busy[ready]
            self._step(client, client.connected if client.connecting else client.receive)

    def _step(self, client: Client, step: Callable[[], int | None]) -> None:
        """Go on with a call; settle it if it has ended, well or not."""
        try:
            status = step()
        except (OSError, httptools.HttpParserError):
            status = 0
        if status is None:
            return
        del self._busy[client.socket]
        if status == 200:
            self._took_s.append(time.perf_counter() - client.intended_s)
            self._free.append(client)
        else:
            self._failed += 1
            client.socket.close()

    def _close(self) -> None:
        for client in (*self._busy.values(), *self._free):
            client.socket.close()
        self._busy.clear()
        self._free.clear()


def _percentile_us(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e6 if ordered else 0.0


def run_steady(target: Target, *, rate: float, seconds: float) -> Steady:
    """So many calls a second for so long, from a process of its own. Without TLS."""
    plain = {**target._asdict(), "headers": dict(target.headers)}
    order = {"target": plain, "rate": rate, "seconds": seconds}
    command = [sys.executable, __file__, json.dumps(order)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Steady(**json.loads(done.stdout))


def main() -> None:
    """Do what the argument says; the figures on standard output."""
    order = json.loads(sys.argv[1])
    generator = Generator(Target(**order["target"]), order["rate"], order["seconds"])
    print(json.dumps(generator.run()._asdict()))


if __name__ == "__main__":
    main()
