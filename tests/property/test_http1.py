"""However bytes are cut into reads, the same messages come out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatelog.http1 import ClientSettings, ServerSettings
from gatelog.http1.response_parser import ResponseParser
from gatelog.http1.server_connection import ServerConnection
from gatelog.http1.server_state import ServerState
from gatelog.http1.tick import Tick

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0189-_.!#$%&'*+^`|~", min_size=1, max_size=12)
VALUE = st.binary(max_size=20).map(lambda data: bytes(byte for byte in data if byte > 32 and byte != 127))
HEADERS = st.lists(st.tuples(TOKEN.map(lambda name: b"x-" + name.encode()), VALUE), max_size=5)
LINE_ENDS = st.lists(st.sampled_from([b"\r", b"\n", b"0", b"0\r\n\r\n", b"a"]), max_size=40).map(b"".join)
BODY = st.binary(max_size=300) | LINE_ENDS


class Memory(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Turns:
    """The part of an event loop that a server needs: what is to be called at the end of a turn."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def end_turn(self) -> None:
        while self.callbacks:
            self.callbacks.pop(0)()


class Echo:
    """Notes what it is told and answers with the body."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen
        self.body = b""

    def on_request(self, head: Any, reply: Any) -> None:
        self.reply = reply
        self.seen.append((head.method, head.target, head.headers))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_end(self, trailers: Any) -> None:
        self.seen.append((self.body, trailers))
        self.reply.send(200, [], self.body)

    def on_abort(self, reason: Any) -> None:
        self.seen.append(reason)

    def on_pause(self) -> None:
        raise AssertionError

    on_resume = on_pause


def connect(seen: list[Any]) -> tuple[ServerConnection, Memory, Turns]:
    """A connection whose handlers note what they see."""
    state: Any = ServerState(lambda: Echo(seen), ServerSettings(), None, None, Tick(lambda now: None))
    state.loop = turns = Turns()
    connection, transport = ServerConnection(state), Memory()
    connection.connection_made(transport)
    return connection, transport, turns


def serve(pieces: list[bytes]) -> tuple[list[Any], bytes]:
    """What a handler sees and a client gets, for bytes that arrive in these pieces."""
    seen: list[Any] = []
    connection, transport, turns = connect(seen)
    for piece in pieces:
        if not transport.closed:
            connection.data_received(piece)
            turns.end_turn()
    return seen, transport.written


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % len(data) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(marks)]


def chunks(body: bytes, sizes: list[int]) -> bytes:
    framed = b""
    for size in sizes:
        if part := body[:size]:
            framed += b"%x\r\n%b\r\n" % (len(part), part)
            body = body[size:]
    return framed + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"")


def lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One to three requests, with lengths or chunked."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):
        body = draw(BODY)
        head = b"POST /a HTTP/1.1\r\nHost: x\r\n" + lines(draw(HEADERS))
        if draw(st.booleans()):
            framed = chunks(body, draw(st.lists(st.integers(1, 100), max_size=4)))
            trailers = lines(draw(HEADERS))
            data += head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n" + trailers + b"\r\n"
        else:
            data += head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return data


@given(requests(), st.lists(st.integers(0, 5000), max_size=12))
def test_requests_are_the_same_however_they_are_cut(data, places):
    whole = serve([data])
    assert whole[1].startswith(b"HTTP/1.1 200 OK")
    assert serve(cut(data, places)) == whole


def test_a_request_cut_at_every_place_is_the_same():
    data = (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\n\r\n\r\n\r\n0\r\n\r\n"
        b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n"
        b"GET /d HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    whole = serve([data])
    assert [event[0] for event in whole[0][1::2]] == [b"abc", b"\n\r\n\r\n", b"abc", b""]
    for place in range(1, len(data)):
        assert serve([data[:place], data[place:]]) == whole
    assert serve([data[place : place + 1] for place in range(len(data))]) == whole


def test_an_answer_of_the_turn_in_which_the_input_ends_is_sent():
    """The transport closes behind the end of input: what waits for the end of the turn would be too late."""
    connection, transport, _ = connect([])
    connection.data_received(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.eof_received()
    assert transport.written.startswith(b"HTTP/1.1 200 OK")


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_no_bytes_whatever_raise(data, places):
    serve(cut(data, places) if data else [])


@given(
    requests(),
    st.integers(0, 5000),
    st.binary(min_size=1, max_size=3),
    st.lists(st.integers(0, 5000), max_size=6),
)
def test_damaged_requests_never_raise_and_cuts_hide_nothing(data, place, damage, places):
    place %= len(data)
    damaged = data[:place] + damage + data[place + len(damage) :]
    whole, pieces = serve([damaged]), serve(cut(damaged, places))
    complete = [event for event in whole[0] if isinstance(event, tuple)]
    assert [event for event in pieces[0] if isinstance(event, tuple)][: len(complete)] == complete


def receive(pieces: list[bytes], *, head_request: bool = False) -> tuple[Any, ...]:
    heads: list[Any] = []
    body: list[bytes] = []
    parser = ResponseParser(ClientSettings(), heads.append, body.append)
    parser.begin(head_request=head_request)
    for piece in pieces:
        parser.feed(piece)
    parser.at_end_of_input()
    return heads, b"".join(body), parser.trailers, parser.complete, parser.surplus


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer in one of the three framings, maybe after interim ones."""
    body = draw(BODY)
    head = (
        b"HTTP/1.1 100 Continue\r\n\r\n" * draw(st.integers(0, 2))
        + b"HTTP/1.1 200 OK\r\n"
        + lines(draw(HEADERS))
    )
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    if framing == "close":
        return head + b"\r\n" + body
    framed = chunks(body, draw(st.lists(st.integers(1, 100), max_size=4)))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n" + lines(draw(HEADERS)) + b"\r\n"


@given(answers(), st.lists(st.integers(0, 5000), max_size=12))
def test_answers_are_the_same_however_they_are_cut(data, places):
    whole = receive([data])
    assert whole[3], "complete"
    assert not whole[4], "no surplus"
    assert receive(cut(data, places)) == whole


@given(st.binary(min_size=1, max_size=50), st.integers(0, 5000))
def test_an_answer_to_head_is_complete_at_its_head(surplus, length):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    assert receive([head], head_request=True)[3:] == (True, False)
    assert receive([head + surplus], head_request=True)[3:] == (True, True)
    assert receive([head, surplus], head_request=True)[3:] == (True, True)
