"""Clients that pipeline, stop within a message, reset, half-close, never read: all at once and in any order.

one connection:   request … request   in random pieces, cut anywhere or whole
                  read nothing, some or all of the answers
                  close, reset, or say that no more comes and read on
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field

import httptools
import pytest

from gatelog.testing.client import chat_request
from gatelog.testing.hostile import HOSTILE_HEADS
from gatelog.testing.stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CONNECTIONS = 400
AT_ONCE = 24
READ_TIMEOUT_S = 3.0
"""A client that has sent half of a request waits for an answer that never comes."""

OF_CALLS = {200, 401}
"""Other answers are to heads that nobody can read: those are counted, not recorded."""

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: what close sends is a reset."""


GOOD = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}


@dataclass
class Seen:
    """What one connection was shown: request id and status of each answer that came whole."""

    nonces: list[str]
    answers: list[tuple[str, int]] = field(default_factory=list)


class Answers:
    """Reads answers one after the other."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._request_id = ""
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._request_id = ""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-gatelog-request-id":
            self._request_id = value.decode()

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._seen.answers.append((self._request_id, self._parser.get_status_code()))


def request_of(key: str, nonce: str, chance: random.Random) -> bytes:
    """A good request of one kind or another, or a hostile one."""
    kind = chance.choice(
        ["json", "json", "stream", "stream", "chunked", "get", "continue", "wrong", "hostile"]
    )
    if kind == "hostile":
        return chance.choice(list(HOSTILE_HEADS.values()))[0]
    if kind == "get":
        head = (
            f"GET /v1/models HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {key}\r\nx-nonce: {nonce}\r\n\r\n"
        )
        return head.encode()
    body = {
        "model": "gpt-4o",
        "stream": kind == "stream",
        "messages": [{"role": "user", "content": nonce * 9}],
    }
    pace = {"pace_ms": chance.choice([0, 2])} if kind == "stream" else {"write_bytes": 64}
    headers = {"x-nonce": nonce}
    if kind == "continue":
        headers["expect"] = "100-continue"
    used = "no-key-of-anybody" if kind == "wrong" else key
    whole = chat_request(used, body, simulate=pace, headers=headers)
    return chunked(whole, chance) if kind == "chunked" else whole


def chunked(request: bytes, chance: random.Random) -> bytes:
    """The same request with its body in chunks."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    size = chance.randrange(1, len(body))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:size], body[size:]) if part)
    return b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", chunks]) + b"0\r\n\r\n"


async def visit(port: int, key: str, name: str, limit: asyncio.Semaphore) -> Seen:
    """One connection from its beginning to its end."""
    chance = random.Random(name)
    seen = Seen([f"{name}-{place}" for place in range(chance.randrange(1, 5))])
    data = b"".join(request_of(key, nonce, chance) for nonce in seen.nonces)
    if chance.random() < 0.4:
        data = data[: chance.randrange(1, len(data))]
    async with limit:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError, TimeoutError, httptools.HttpParserError):
            await send(writer, data, chance)
            await leave(reader, writer, Answers(seen), chance)
        writer.transport.abort()
    return seen


async def send(writer: asyncio.StreamWriter, data: bytes, chance: random.Random) -> None:
    """In up to four pieces."""
    cuts = sorted(chance.randrange(len(data)) for _ in range(chance.randrange(4)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        writer.write(data[start:end])
        await asyncio.sleep(chance.choice([0, 0, 0.002]))


async def leave(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Answers, chance: random.Random
) -> None:
    """Read as much as is wanted, and go in one way or another."""
    wanted = chance.choice([0, 1, 300, 5_000, 10**9])
    ending = chance.choice(["close", "reset", "half-close"])
    if ending == "half-close":
        writer.write_eof()
    async with asyncio.timeout(READ_TIMEOUT_S):
        while wanted > 0 and (data := await reader.read(min(wanted, 65_536))):
            wanted -= len(data)
            answers.feed(data)
    if ending == "reset":
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def visit_all(port: int, key: str, team: str) -> list[Seen]:
    limit = asyncio.Semaphore(AT_ONCE)
    return await asyncio.gather(
        *(visit(port, key, f"{team}-{number}", limit) for number in range(CONNECTIONS))
    )


@pytest.mark.parametrize("team", ["team-a", "team-b"])
def test_every_call_leaves_one_record_whatever_its_connection_does(stack: Stack, team: str) -> None:
    visits = asyncio.run(visit_all(stack.gateway_port, stack.keys[team], team))
    answers = [answer for seen in visits for answer in seen.answers]
    shown = {name: status for name, status in answers if status in OF_CALLS}
    assert len(shown) > CONNECTIONS / 4
    assert {status for _, status in answers} - OF_CALLS <= {status for _, status in HOSTILE_HEADS.values()}
    wait_until(lambda: stack.get("/completeness")["complete"] is True, "the account is true", 30)
    names = ", ".join(json.dumps(name) for name in shown)
    _, rows = stack.kql(f"Calls | where RequestId in ({names}) | project RequestId, ResponseCode")
    assert Counter(name for name, _ in rows) == Counter(shown.keys())
    assert dict(rows) == shown
    _, twice = stack.kql("Calls | summarize n = count() by tostring(RequestHeaders['x-nonce']) | where n > 1")
    assert [row for row in twice if row[0]] == []
    _, ends = stack.kql("Calls | summarize count() by EndReason")
    assert not {"gateway_error", "gateway_crash"} & {reason for reason, _ in ends}
    assert "Traceback" not in (stack.directory / "run.log").read_text()
    assert b"200" in answered(stack)


def answered(stack: Stack) -> bytes:
    """The first line of a good call's answer: the gateway serves on."""
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 10) as connection:
        connection.sendall(chat_request(stack.keys["team-a"], GOOD))
        return connection.recv(64)
