"""Where one exchange ends and the next begins: nothing of the first reaches the second."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading

import pytest
import trustme

from gatelog.errors import ProtocolError
from gatelog.http1 import ServerSettings
from gatelog.http1.chunked_body import ChunkedBody, may_end_at
from gatelog.http1.phase import Phase
from gatelog.http1.request_parser import RequestParser

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
WITH_LENGTH = b"POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


def at_once(exchange):
    exchange.reply.send(401, [], b"no")


async def test_a_request_behind_the_rest_of_a_chunked_body_is_not_cut_in_two(wire, make_app):
    """The body of the second request is what a request would look like: it must not be read as one."""
    app = make_app(on_request=at_once, on_end=lambda exchange: None)
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(CHUNKED)
        await client.answer()
        client.send(b"3\r\nabc\r\n0\r\n\r\n" + WITH_LENGTH % len(smuggled))
        await (await app.exchange(1)).until("request")
        client.send(smuggled + GET)
        await client.answer()
        await client.answer()
        assert [exchange.head.path for exchange in app.exchanges] == [b"/", b"/second", b"/"]


async def test_the_content_of_what_follows_a_whole_chunked_body_does_not_count_as_its_own(wire, make_app):
    app = make_app()
    async with wire.server(app, body_bytes_max=100) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        (connection,) = server._state.connections
        connection.data_received(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + WITH_LENGTH % 200 + bytes(200))
        assert (await client.answer()).endswith(b"POST / abc")
        assert app.exchanges[1].aborted is None


@pytest.mark.parametrize("left", [0, 20_000])
async def test_what_came_before_an_early_reply_is_not_counted_as_drained(wire, make_app, left):
    """The reply promised to keep the connection."""
    app = make_app(on_body=lambda exchange: exchange.reply.ended or at_once(exchange), on_end=at_once)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        (connection,) = server._state.connections
        body = bytes(100_000)
        head = WITH_LENGTH % len(body)
        connection.data_received(head + body[left:])
        assert b"connection: close" not in await client.answer()
        connection.data_received(body[:left] + GET)
        assert (await client.answer()).startswith(b"HTTP/1.1 401")


async def test_what_came_in_reads_before_an_early_reply_is_not_counted_as_drained(wire, make_app):
    """Together it is more than is drained; what is left of it is not."""
    app = make_app(on_end=at_once)
    async with wire.server(app, drain_bytes_max=50_000) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        (connection,) = server._state.connections
        connection.data_received(WITH_LENGTH % 100_000 + bytes(60_000))
        at_once(app.exchanges[1])
        assert b"connection: close" not in await client.answer()
        connection.data_received(bytes(30_000))
        connection.data_received(bytes(10_000) + GET)
        assert (await client.answer()).startswith(b"HTTP/1.1 401")


async def test_a_body_that_comes_slowly_has_its_time_anew_after_an_early_reply(wire, make_app):
    """A connection that was promised further requests is not dropped for what came before."""
    app = make_app(on_end=at_once)
    async with wire.server(app, body_idle_timeout_s=30, body_bytes_per_s_min=500) as server:
        client = await wire.client(server)
        client.send(WITH_LENGTH % 1_003 + bytes(1_000))
        exchange = await app.exchange()
        await exchange.until("body")
        now = server._tick.now
        for reads, seconds in ((2, 15), (3, 29)):
            server.sweep(now + seconds)
            client.send(b"y")
            await exchange.until("body", reads)
        at_once(exchange)
        await client.answer()
        server.sweep(now + 40)
        client.send(b"z" + GET)
        assert (await client.answer()).startswith(b"HTTP/1.1 401")


async def test_a_last_answer_is_not_lost_to_what_was_sent_behind_its_request(wire, make_app):
    """The client has further requests on their way: closing at once would be a reset."""
    app = make_app(on_end=lambda exchange: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET[:-2] + b"Connection: close\r\n\r\n" + GET)
        exchange = await app.exchange()
        await exchange.until("end")
        (connection,) = server._state.connections
        at_once(exchange)
        assert (await client.rest()).count(b"HTTP/1.1 401") == 1
        assert connection.phase is Phase.LINGERING
        server.sweep(server._tick.now + 3)
        assert connection.phase is Phase.CLOSED


async def test_a_body_without_an_end_is_not_drained_for_ever(wire, make_app):
    """The reply came early; of a chunked body nobody knows how much is left."""
    app = make_app(on_body=lambda exchange: exchange.reply.ended or at_once(exchange), on_end=at_once)
    async with wire.server(app, drain_bytes_max=10_000) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        (connection,) = server._state.connections
        part = b"3e8\r\n" + bytes(1_000) + b"\r\n"
        connection.data_received(CHUNKED + part)
        assert b"connection: close" not in await client.answer()
        connection.data_received(part * 9)
        assert connection.phase is Phase.DRAINING
        connection.data_received(part * 2)
        assert await client.rest() == b""
        assert len(app.exchanges) == 2


async def test_of_what_is_sent_before_its_turn_little_is_read(wire, make_app):
    """More waits in the kernel, and then at the client, until the answer before it has left."""
    app = make_app(on_end=lambda exchange: None)
    async with wire.server(app, buffer_bytes_max=10_000) as server:
        client = await wire.client(server)
        client.send(GET)
        await app.exchange()
        (connection,) = server._state.connections
        ahead = GET * (10_000 // len(GET))
        connection.data_received(ahead)
        assert connection.reading
        connection.data_received(GET)
        assert not connection.reading
        for index in range(ahead.count(b"GET") + 2):
            (await app.exchange(index)).reply.send(200, [], b"")
        assert connection.reading


def small(server) -> socket.socket:
    """A client that reads nothing, and whose kernel takes little."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.setblocking(False)
    return client


def pages(exchange):
    """Small answers, until one is asked for that the application gives as it likes."""
    if exchange.head.path == b"/":
        exchange.reply.send(200, [], bytes(2_000))


@pytest.mark.parametrize("pipelined", [True, False])
async def test_answers_that_nobody_reads_keep_further_requests_waiting(wire, make_app, until, pipelined):
    app = make_app(on_end=pages)
    loop = asyncio.get_running_loop()
    async with wire.server(app, buffer_bytes_max=20_000) as server:
        client = small(server)
        try:
            if pipelined:
                await loop.sock_sendall(client, GET * 5_000)
            else:
                (connection,) = await connections(server, until)
                while not connection.writing_paused:
                    await loop.sock_sendall(client, GET)
                    await asyncio.sleep(0)
            (connection,) = await connections(server, until)
            await until(lambda: connection.writing_paused)
            for _ in range(100):  # a server that went on would show it in these turns of the loop
                await asyncio.sleep(0)
            assert connection.writing_paused
            assert connection.transport.get_write_buffer_size() <= 20_000 + 16 * 1024 + 2_200
            assert all(exchange.reply.ended for exchange in app.exchanges)
            begun_too_soon = [exchange for exchange in app.exchanges if exchange.events[1] == "pause"]
            assert len(begun_too_soon) <= (not pipelined)
        finally:
            client.close()


async def connections(server, until):
    await until(lambda: len(server._state.connections) == 1)
    return tuple(server._state.connections)


async def test_a_handler_that_begins_while_the_client_does_not_read_is_paused(wire, make_app, until):
    """Else its answer would be buffered whole: a transport tells only once that it is full."""
    app = make_app(on_end=pages)
    loop = asyncio.get_running_loop()
    async with wire.server(app, buffer_bytes_max=20_000) as server:
        client = small(server)
        try:
            await loop.sock_sendall(client, GET)
            await (await app.exchange()).until("end")
            (connection,) = await connections(server, until)
            connection.pause_writing()
            await loop.sock_sendall(client, GET.replace(b"/", b"/large", 1))
            exchange = await app.exchange(1)
            await exchange.until("end")
            assert exchange.events[:2] == ["request", "pause"]
            connection.resume_writing()
            assert exchange.events[-1] == "resume"
        finally:
            client.close()


async def test_what_was_pipelined_by_a_client_that_left_is_not_begun(wire, make_app):
    """The second request waits for its turn of the loop while the FIN comes."""
    app = make_app(on_end=lambda exchange: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET + GET)
        exchange = await app.exchange()
        await exchange.until("end")
        (connection,) = server._state.connections
        await asyncio.sleep(0)
        exchange.reply.send(200, [], b"first")
        connection.eof_received()
        connection.transport.close()
        assert (await client.rest()).endswith(b"first")
        assert len(app.exchanges) == 1


async def test_trailers_of_one_answer_are_not_those_of_the_next(wire, make_caller):
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read()

    async with wire.origin(script) as port, wire.pool(port) as pool:
        for trailers in ([(b"X-Sum", b"1")], []):
            caller = make_caller()
            pool.send(GET, None, caller)
            await caller.until("done")
            assert caller.trailers == trailers
        assert pool.statistics().opened == 1


async def test_the_tickets_of_a_new_tls_connection_are_no_answer_to_nobody(wire, make_caller, until):
    """TLS 1.3 servers send session tickets unasked (RFC 8446 section 4.6.1), at once after the handshake."""
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    listener = socket.create_server(("127.0.0.1", 0))
    tickets_sent = threading.Event()

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
                with server_tls.wrap_socket(raw, server_side=True) as connection:
                    tickets_sent.set()
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                    connection.recv(4096)
            except OSError:
                if listener.fileno() < 0:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    try:
        port = listener.getsockname()[1]
        async with wire.pool(port, ssl=client_tls, server_hostname="localhost") as pool:
            released = pool.released

            def released_late(connection):
                tickets_sent.wait(0.1)  # the loop had other things to do
                released(connection)

            pool.released = released_late
            caller = make_caller()
            pool.send(GET, None, caller)
            await caller.until("done")
            assert caller.failure is None
            assert pool.statistics().opened == 1
            for connection in list(pool._open):
                connection._transport.abort()  # the loop ends before a TLS connection would
            await until(lambda: pool.statistics().open == 0)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    "content", [b"\n" * 9_000, b"\r\n" * 4_500, b"x\r\n\r\n" * 1_800], ids=["LF", "CRLF", "empty lines"]
)
@pytest.mark.parametrize("chunk_bytes", [1, 9_000])
def test_the_content_of_a_chunked_body_comes_in_one_piece_a_read(content, chunk_bytes):
    """Each piece is a record: neither small chunks nor what looks like a border makes many of a few bytes."""
    pieces = []
    parser = RequestParser(ServerSettings(), pieces.append)
    head, _ = parser.next_head(CHUNKED, 0)
    parser.read_head(head, ("", ""))
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    cut = len(body) // 2
    assert parser.read_body(body[:cut]) == cut
    assert parser.read_body(body[cut:] + GET) == len(body) - cut
    assert parser.complete
    assert len(pieces) == 2
    assert b"".join(pieces) == content


def test_the_content_before_a_malformed_chunk_is_handed_over():
    """The record says what the client sent, also of a body that is refused."""
    handed_over = []
    parser = RequestParser(ServerSettings(), handed_over.append)
    parser.read_head(CHUNKED, ("127.0.0.1", ""))
    with pytest.raises(ProtocolError):
        parser.read_body(b"3\r\nabc\r\n2\r\nde\r\nno size\r\n")
    assert handed_over == [b"abcde"]


def test_headers_of_what_follows_a_chunked_body_are_not_its_trailers():
    content = []
    body = ChunkedBody(content.append, content_bytes_max=100, overhead_bytes_max=1_000)
    body.feed(b"3\r\nabc\r\n0\r\na: b\r\n\r\n" + b"GET / HTTP/1.1\r\nhost: x\r\nc: d\r\n\r\n")
    assert body.surplus
    assert body.trailers == [(b"a", b"b")]
    assert content == [b"abc"]


def test_lines_without_content_are_not_read_one_by_one():
    """Any of them may be the end of a body; but not a line feed inside of a read."""
    data = b"\n" * 1_000
    ends = [0]
    while ends[-1] < len(data):
        ends.append(may_end_at(data, ends[-1], 0))
    assert ends == [0, 1, 2, 3, 4, 1_000]


@pytest.mark.parametrize(
    ("come", "follows"),
    [(b"GET / HTTP/1.1\r\na: b\r", b"c"), (b"BREW / HTTP/1.1\r", b"\n")],
    ids=["bare CR", "method"],
)
def test_a_hopeless_head_is_refused_at_once_though_a_line_end_is_cut_in_two(come, follows):
    parser = RequestParser(ServerSettings(), lambda content: None)
    assert parser.next_head(come, 0) == (b"", len(come))
    with pytest.raises(ProtocolError):
        parser.next_head(follows, 0)
