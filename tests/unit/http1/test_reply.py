"""The reply's contract with its handler."""

from __future__ import annotations

import pytest

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def refused_by_the_reply(wire, make_app, misuse) -> None:
    """`misuse` raises inside the handler: the client gets no complete answer."""
    errors = []

    def attempt(exchange):
        try:
            misuse(exchange.reply)
        except (ValueError, RuntimeError) as error:
            errors.append(error)
            exchange.reply.abort()

    async with wire.server(make_app(on_end=attempt)) as server:
        client = await wire.client(server)
        client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await client.rest()
        assert len(errors) == 1


def more_than_said(reply):
    reply.start(200, [], content_length=1)
    reply.write(b"ab")


def less_than_said(reply):
    reply.start(200, [], content_length=2)
    reply.write(b"a")
    reply.end()


def started_twice(reply):
    reply.start(200, [], content_length=2)
    reply.start(200, [], content_length=2)


def ended_twice(reply):
    reply.start(200, [], content_length=0)
    reply.end()
    reply.end()


def written_before_start(reply):
    reply.write(b"a")


def interim_status(reply):
    reply.send(100, [], b"")


def split_header(reply):
    reply.send(200, [(b"a", b"b\r\nset-cookie: c")], b"")


def split_header_by_lf(reply):
    reply.send(200, [(b"a", b"b\nc: d")], b"")


def split_header_by_cr(reply):
    reply.send(200, [(b"a", b"b\rc: d")], b"")


def split_trailer(reply):
    reply.start(200, [], content_length=None)
    reply.end([(b"a", b"b\r\n\r\nHTTP/1.1 200")])


@pytest.mark.parametrize(
    "misuse",
    [
        more_than_said,
        less_than_said,
        started_twice,
        ended_twice,
        written_before_start,
        interim_status,
        split_header,
        split_header_by_lf,
        split_header_by_cr,
        split_trailer,
    ],
)
async def test_misuse_is_an_error_and_never_a_wrong_answer(wire, make_app, misuse):
    await refused_by_the_reply(wire, make_app, misuse)


async def test_a_head_without_a_body_yet_leaves_at_once(wire, make_app):
    def start(exchange):
        exchange.reply.start(200, [(b"A", b"b")], content_length=3)

    app = make_app(on_end=start)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        assert await client.head() == b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 3\r\n\r\n"
        app.exchanges[0].reply.write(b"abc")
        app.exchanges[0].reply.end()
        assert await client.reader.readexactly(3) == b"abc"
        assert app.exchanges[0].reply.sent_bytes == 3


async def test_a_status_without_a_name_is_sent_as_a_number(wire, make_app):
    app = make_app(on_end=lambda exchange: exchange.reply.send(299, [], b""))
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        assert await client.head() == b"HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n"
