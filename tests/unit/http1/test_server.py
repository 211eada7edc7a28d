"""Requests in, replies out, over real sockets."""

from __future__ import annotations

import logging

import pytest

from gatelog.http1 import AbortReason

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, path: bytes = b"/p", extra: bytes = b"") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (path, extra, len(body), body)


async def test_a_request_reaches_the_handler_and_its_reply_the_client(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        assert await client.answer() == b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nGET /a?b=c "
        head = app.exchanges[0].head
        assert (head.method, head.path, head.query, head.version) == (b"GET", b"/a", b"b=c", b"1.1")
        assert head.get(b"host") == b"x"
        assert (head.peer_ip, head.tls_version) == ("127.0.0.1", "")


async def test_a_connection_serves_many_requests_in_order_even_when_pipelined(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(b"".join(post(b"%d" % i) for i in range(20)))
        for i in range(20):
            assert (await client.answer()).endswith(b"POST /p %d" % i)
        assert server.statistics().connections_accepted == 1


async def test_pipelined_requests_wait_until_the_reply_before_them_has_ended(wire, make_app):
    app = make_app(on_end=lambda exchange: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(post(b"one") + post(b"two") + post(b"three"))
        first = await app.exchange(0)
        await first.until("end")
        assert len(app.exchanges) == 1
        first.reply.send(200, [], b"1")
        second = await app.exchange(1)
        await second.until("end")
        assert (second.body, len(app.exchanges)) == (b"two", 2)
        second.reply.send(200, [], b"2")
        third = await app.exchange(2)
        third.reply.send(200, [], b"3")
        assert [(await client.answer())[-1:] for _ in range(3)] == [b"1", b"2", b"3"]


async def test_more_pipelined_bytes_than_the_mark_are_not_read(wire, make_app):
    app = make_app(on_end=lambda exchange: None)
    async with wire.server(app, buffer_bytes_max=1000) as server:
        client = await wire.client(server)
        many = 4000
        client.send(GET * many)
        exchange = await app.exchange()
        await exchange.until("end")
        app.on_end = lambda exchange: exchange.reply.send(204, [], b"")
        exchange.reply.send(204, [], b"")
        for _ in range(many):
            assert (await client.head()).startswith(b"HTTP/1.1 204")


async def test_chunked_bodies_go_both_ways_with_trailers(wire, make_app):
    def answer(exchange):
        exchange.reply.start(200, [], content_length=None)
        exchange.reply.write(exchange.body)
        exchange.reply.write(b"!")
        exchange.reply.end([(b"X-After", b"yes")])

    app = make_app(on_end=answer)
    async with wire.server(app) as server:
        client = await wire.client(server)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head + b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        body = await client.reader.readuntil(b"yes\r\n\r\n")
        assert body == b"5\r\nabcde\r\n1\r\n!\r\n0\r\nX-After: yes\r\n\r\n"
        assert app.exchanges[0].trailers == [(b"X-Sum", b"5")]
        assert app.exchanges[0].reply.sent_bytes == 6
        client.send(GET)
        await client.head()


@pytest.mark.parametrize("size", [0, 20_000, 300_000])
async def test_requests_behind_a_chunked_body_are_answered_in_turn(wire, make_app, size):
    """Much that follows is neither framing of the body nor lost; it waits, at last in the kernel."""
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        with_length = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
        client.send((head + b"1\r\na\r\n0\r\n\r\n") * 2 + with_length % (size, b"x" * size) + GET)
        bodies = [(await client.answer()).partition(b"\r\n\r\n")[2] for _ in range(4)]
        assert bodies == [b"POST / a", b"POST / a", b"POST /b " + b"x" * size, b"GET /a?b=c "]


async def test_replies_to_head_and_of_status_204_and_304_have_no_body(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET.replace(b"GET", b"HEAD"))
        assert await client.head() == b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n"
        for status in (204, 304):
            app.on_end = lambda exchange, status=status: exchange.reply.send(status, [], b"")
            client.send(GET)
            assert b"content-length" not in await client.head()

        def announce(exchange, status):
            exchange.reply.start(status, [], content_length=5)
            exchange.reply.end()

        for status in (204, 304):  # the length of a body that is elsewhere; a 204 has none anywhere
            app.on_end = lambda exchange, status=status: announce(exchange, status)
            client.send(GET)
            assert (b"content-length: 5" in await client.head()) is (status == 304)


async def test_an_old_client_gets_a_close_delimited_body_and_keeps_alive_only_if_asked(wire, make_app):
    def stream(exchange):
        exchange.reply.start(200, [], content_length=None)
        exchange.reply.write(b"text")
        exchange.reply.end()

    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"connection: keep-alive" in await client.answer()
        app.on_end = stream
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert await client.rest() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ntext"


async def test_connection_close_is_honoured(wire, make_app):
    async with wire.server(make_app()) as server:
        client = await wire.client(server)
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n")
        assert (await client.rest()).count(b"connection: close\r\n") == 1


async def test_continue_is_sent_as_soon_as_the_handler_wants_the_body(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        request = post(b"abc", extra=b"Expect: 100-continue\r\n")
        client.send(request[:-3])
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(request[-3:])
        assert (await client.answer()).endswith(b"POST /p abc")

        app.on_request = lambda exchange: exchange.reply.pause_reading()
        client.send(request[:-3])
        exchange = await app.exchange(1)
        exchange.reply.resume_reading()
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(request[-3:])
        assert (await client.answer()).endswith(b"POST /p abc")


async def test_continue_is_not_sent_when_the_handler_refuses_at_once(wire, make_app):
    app = make_app(on_request=lambda exchange: exchange.reply.send(401, [], b"no"))
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(post(b"abc", extra=b"Expect: 100-continue\r\n")[:-3])
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer


async def test_continue_is_not_sent_when_the_handler_has_an_answer_that_must_wait(wire, make_app):
    def withhold(exchange):
        exchange.reply.withheld = True

    app = make_app(on_request=withhold)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(post(b"abc", extra=b"Expect: 100-continue\r\n")[:-3])
        exchange = await app.exchange(0)
        exchange.reply.resume_reading()
        exchange.reply.send(413, [], b"no")
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in answer


async def test_an_early_reply_keeps_the_connection_if_little_of_the_body_is_left(wire, make_app):
    app = make_app(on_request=lambda exchange: exchange.reply.send(403, [], b""), on_end=lambda _: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        request = post(b"x" * 60_000)
        client.send(request[:1000])
        assert (await client.answer()).startswith(b"HTTP/1.1 403")
        client.send(request[1000:] + GET)
        assert (await client.answer()).startswith(b"HTTP/1.1 403")
        assert app.exchanges[0].body == b""


async def test_an_early_reply_closes_the_connection_if_much_of_the_body_is_left(wire, make_app, far_future):
    app = make_app(on_request=lambda exchange: exchange.reply.send(403, [], b""), on_end=lambda _: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(post(b"x" * 70_000)[:1000])
        answer = await client.answer()
        assert b"connection: close" in answer
        server.sweep(far_future())
        assert await client.rest() == b""


async def test_a_handler_that_raises_gives_500_or_a_truncated_reply_and_is_logged(wire, make_app, caplog):
    def start_and_raise(exchange):
        exchange.reply.start(200, [], content_length=5)
        exchange.reply.write(b"ab")
        raise ZeroDivisionError("in the middle")

    def raise_at_once(exchange):
        raise ZeroDivisionError("at once")

    with caplog.at_level(logging.ERROR, logger="gatelog.http1"):
        app = make_app(on_end=raise_at_once)
        async with wire.server(app) as server:
            client = await wire.client(server)
            client.send(GET)
            assert (await client.rest()).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
            assert app.exchanges[0].aborted is AbortReason.HANDLER_ERROR
            app.on_end = start_and_raise
            client = await wire.client(server)
            client.send(GET)
            assert not (await client.rest()).endswith(b"abcde")
            assert app.exchanges[1].aborted is AbortReason.HANDLER_ERROR
    assert [record.exc_info[1].args for record in caplog.records] == [("at once",), ("in the middle",)]


async def test_an_application_that_cannot_make_a_handler_gives_500(wire, make_app, caplog):
    def broken():
        raise ZeroDivisionError

    async with wire.server(broken) as server:
        client = await wire.client(server)
        client.send(GET)
        assert (await client.rest()).startswith(b"HTTP/1.1 500")
    assert "no request handler could be made" in caplog.text


async def test_refusals_have_the_shape_the_application_gives_them(wire, make_app):
    refused = []

    def shape(status, message):
        return [(b"x-shape", b"own")], b"<%d>" % status

    async with wire.server(make_app(), on_refused=refused.append, error_body=shape) as server:
        client = await wire.client(server)
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        framing = b"content-length: 5\r\nconnection: close\r\n\r\n"
        assert await client.rest() == b"HTTP/1.1 400 Bad Request\r\nx-shape: own\r\n" + framing + b"<400>"
        assert [error.reason for error in refused] == ["host"]
        assert server.statistics().refused == 1


async def test_a_reply_aborted_by_the_handler_is_visibly_truncated(wire, make_app):
    def truncate(exchange):
        exchange.reply.start(200, [], content_length=None)
        exchange.reply.write(b"partial")
        exchange.reply.abort()
        exchange.reply.write(b"ignored")
        exchange.reply.end()

    app = make_app(on_end=truncate)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        assert b"0\r\n\r\n" not in await client.rest()
        assert app.exchanges[0].aborted is None


@pytest.mark.parametrize("wanted", [b"h2c", b"websocket"])
async def test_an_offer_to_upgrade_is_declined_by_an_ordinary_reply(wire, make_app, wanted):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        for _ in range(2):
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % wanted)
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
        assert [exchange.head.upgrade for exchange in app.exchanges] == [True, True]
