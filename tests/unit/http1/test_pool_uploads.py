"""Uploads to an origin, which may answer before they end, or not read them."""

from __future__ import annotations

import asyncio

from .origin import OK, always


async def test_a_streamed_upload_is_framed_and_can_be_answered_early(wire, make_caller):
    received = []

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[:-1])
        received.append(await reader.readuntil(b"0\r\nX-Sum: 6\r\n\r\n"))
        writer.write(OK[-1:])

    async with wire.origin(script) as port, wire.pool(port) as pool:
        caller = make_caller()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        call = pool.send(head, b"abc", caller, end=False, chunked=True)
        call.write(b"def")
        await caller.until("head")
        assert "end" not in caller.events
        call.end([(b"X-Sum", b"6")])
        await caller.until("done")
        assert received == [b"3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n"]
        assert pool.statistics().idle == 1


async def test_an_answer_complete_before_the_upload_closes_the_connection(wire, make_caller):
    async with wire.origin(always(OK)) as port, wire.pool(port) as pool:
        caller = make_caller()
        call = pool.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"abc", caller, end=False
        )
        await caller.until("done")
        assert (caller.body, pool.statistics().open) == (b"ok", 0)
        call.write(b"late")
        call.end()


async def test_an_upload_that_the_origin_does_not_read_is_paused(wire, make_caller):
    go = asyncio.Event()

    async def script(reader, writer):
        await go.wait()
        while await reader.read(2**20):
            pass

    async with wire.origin(script) as port, wire.pool(port, buffer_bytes_max=65_536) as pool:
        caller = make_caller()
        call = pool.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", None, caller, end=False
        )
        while "pause" not in caller.events:
            call.write(b"x" * 30_000)
        assert caller.events == ["pause"], "held before there is a connection"
        await caller.until("resume")
        written = 0
        while caller.events.count("pause") < 2:
            call.write(b"x" * 65_536)
            written += 65_536
            assert written < 2**26
            await asyncio.sleep(0)
        go.set()
        await caller.until("resume", times=2)
        call.cancel()
