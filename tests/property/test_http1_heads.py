"""A head that is accepted here is accepted by llhttp too, and read as the same."""

from __future__ import annotations

import contextlib

import httptools
from hypothesis import example, given
from hypothesis import strategies as st

from gatelog.errors import ProtocolError
from gatelog.http1 import ClientSettings, ServerSettings
from gatelog.http1.request_parser import RequestParser
from gatelog.http1.response_parser import ResponseParser

PEER = ("192.0.2.1", "")

LINES = st.sampled_from(
    [
        b"Host: x",
        b"host:x",
        b"Content-Length: 3",
        b"content-length:\t0 ",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b"Connection: keep-alive, Upgrade",
        b"Upgrade: h2c",
        b"Expect: 100-continue",
        b"X-A: \xe9\xff \t",
        b"X!#$%&'*+-.^_`|~9:",
        b"X: a:b  c",
        b" folded",
        b"X : y",
        b"X",
        b"",
    ]
)
DAMAGE = st.tuples(st.integers(0, 300), st.binary(max_size=2), st.integers(0, 2))


@st.composite
def heads(draw: st.DrawFn, first: bytes) -> bytes:
    """A head of usual and unusual lines, sometimes damaged; its first empty line is its end."""
    raw = b"\r\n".join([first, *draw(st.lists(LINES, max_size=6)), b"", b""])
    for place, junk, size in draw(st.lists(DAMAGE, max_size=2)):
        place %= len(raw)
        raw = raw[:place] + junk + raw[place + size :]
    return raw[: raw.find(b"\r\n\r\n") + 4]


class Seen:
    """What llhttp finds in a head."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def by_llhttp(parser: type[httptools.HttpRequestParser | httptools.HttpResponseParser], raw: bytes) -> Seen:
    seen = Seen()
    with contextlib.suppress(httptools.HttpParserUpgrade):  # the head was read; what follows is not HTTP
        parser(seen).feed_data(raw)
    return seen


@given(heads(b"POST /a?b HTTP/1.1"))
@example(b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n")
@example(b"\r\nGET / HTTP/1.0\r\n\r\n")
def test_a_request_head_is_read_as_llhttp_reads_it(raw):
    try:
        head = RequestParser(ServerSettings(), lambda data: None).read_head(raw, PEER)
    except ProtocolError:
        return
    assert by_llhttp(httptools.HttpRequestParser, raw).headers == head.headers


@given(heads(b"HTTP/1.1 200 OK"))
@example(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
@example(b"HTTP/1.1 200\r\n\r\n")
def test_the_head_of_an_answer_is_read_as_llhttp_reads_it(raw):
    found = []
    try:
        ResponseParser(ClientSettings(), found.append, lambda data: None).feed(raw)
    except ProtocolError:
        return
    for head in found:
        assert by_llhttp(httptools.HttpResponseParser, raw).headers == head.headers
