"""Hostile requests: refused before any handler sees them. One row, one message."""

from __future__ import annotations

import time

import pytest

from gatelog.errors import ProtocolError
from gatelog.http1 import ClientSettings, ServerSettings
from gatelog.http1.request_parser import RequestParser
from gatelog.http1.response_parser import ResponseParser
from gatelog.http1.strict import check_unfinished
from gatelog.testing.hostile import CHUNKED, HOSTILE_CHUNKS, HOSTILE_HEADS, LINE, UNFINISHED, H, get

PEER = ("192.0.2.1", "")

ACCEPTED = {
    "plain": get(),
    "empty line first": b"\r\n" + get(),
    "query with odd characters": get(b'/a?b={"c"}|[1]^`<>\''),
    "percent": get(b"/%ff%20%25x/a%2fb"),
    "dots in a segment": get(b"/v1/models/a..b/.well-known/..."),
    "dot segments in the query": get(b"/a?b=/../c\\"),
    "absolute form": get(b"http://X/a?b"),
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n",
    "IPv6 Host": get(headers=b"Host: [::1]:8080\r\n"),
    "obs-text in a value": get(headers=H + b"A: \xe9\r\n"),
    "empty value": get(headers=H + b"A:\r\n"),
    "white space around a value": get(headers=H + b"A: \t b \t\r\n"),
    "coding in capitals": LINE + H + b"TRANSFER-ENCODING: Chunked\r\n\r\n",
    "HTTP/1.0 without Host": b"GET / HTTP/1.0\r\n\r\n",
    "zeros before a length": LINE + H + b"Content-Length: 0001\r\n\r\n",
}


BOUNDED = {
    "header name": (get(headers=H + b"x" * 256 + b": y\r\n"), get(headers=H + b"x" * 257 + b": y\r\n")),
    "host": (
        get(headers=b"Host: " + b"x" * 255 + b":65535\r\n"),
        get(headers=b"Host: " + b"x" * 262 + b"\r\n"),
    ),
}


def new_parser() -> RequestParser:
    return RequestParser(ServerSettings(), lambda data: None)


@pytest.mark.parametrize("name", HOSTILE_HEADS)
def test_a_hostile_head_is_refused(name):
    raw, status = HOSTILE_HEADS[name]
    with pytest.raises(ProtocolError) as refused:
        new_parser().read_head(raw, PEER)
    assert refused.value.status == status


@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_remembered_of_heads_is_bounded(name):
    longest, too_long = BOUNDED[name]
    assert new_parser().read_head(longest, PEER)
    with pytest.raises(ProtocolError):
        new_parser().read_head(too_long, PEER)


@pytest.mark.parametrize("value", [b"close", b"Close \t", b"x, close", b" close ,x"])
def test_a_wish_to_close_is_understood_however_it_is_spelled(value):
    assert not new_parser().read_head(get(headers=H + b"Connection: " + value + b"\r\n"), PEER).keep_alive


@pytest.mark.parametrize("name", HOSTILE_CHUNKS)
def test_a_hostile_chunked_body_is_refused(name):
    parser = new_parser()
    parser.read_head(CHUNKED, PEER)
    with pytest.raises(ProtocolError) as refused:
        parser.read_body(HOSTILE_CHUNKS[name])
    assert refused.value.status == 400


@pytest.mark.parametrize("behind", [b"", get()])
def test_trailers_are_bounded_whatever_follows_them(behind):
    parser = new_parser()
    parser.read_head(CHUNKED, PEER)
    with pytest.raises(ProtocolError):
        parser.read_body(b"0\r\n" + b"a: b\r\n" * 4_000 + b"\r\n" + behind)


@pytest.mark.parametrize("name", UNFINISHED)
def test_an_unfinished_head_that_cannot_become_good_is_refused_at_once(name):
    with pytest.raises(ProtocolError):
        check_unfinished(UNFINISHED[name], 0, ServerSettings())


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_strict_head_is_accepted_and_never_refused_while_it_arrives(name):
    raw = ACCEPTED[name]
    head = new_parser().read_head(raw, PEER)
    assert head.target in raw
    for end in range(1, len(raw)):
        check_unfinished(raw[:end], end - 1, ServerSettings())


@pytest.mark.parametrize("first_line", [b"GET / HTTP/1.1", b"HTTP/1.1 200 OK"], ids=["request", "answer"])
def test_a_head_that_comes_byte_by_byte_costs_no_more_than_its_length(first_line):
    """60 KiB of either: 0.1 s of the processor; 40 s if what came before is looked at again for each byte."""
    answers = ResponseParser(ClientSettings(), lambda head: None, lambda body: None)
    requests = new_parser()
    feed = answers.feed if first_line.startswith(b"HTTP") else lambda data: requests.next_head(data, 0)
    begun = time.process_time()
    for byte in first_line + b"\r\nA: " + b"b" * 60 * 1024:
        feed(bytes([byte]))
    assert time.process_time() - begun < 5


def test_the_absolute_form_gives_path_and_query():
    head = new_parser().read_head(get(b"http://x/a?b=c"), PEER)
    assert (head.path, head.query) == (b"/a", b"b=c")
    assert new_parser().read_head(get(b"http://x"), PEER).path == b"/"


@pytest.mark.parametrize("name", [*HOSTILE_HEADS, *HOSTILE_CHUNKS, *UNFINISHED])
async def test_no_handler_sees_a_hostile_request(wire, make_app, name):
    """Over a socket: an error answer, a closed connection, and never a complete request."""
    hostile = HOSTILE_HEADS.get(name, (CHUNKED + HOSTILE_CHUNKS.get(name, b""),))[0]
    hostile = UNFINISHED.get(name, hostile)

    app = make_app()
    async with wire.server(app, error_body=lambda status, message: ([], b"")) as server:
        client = await wire.client(server)
        client.send(hostile)
        answer = await client.rest()
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
        assert answer.count(b"HTTP/1.1 ") == 1
        assert all("end" not in exchange.events for exchange in app.exchanges)
