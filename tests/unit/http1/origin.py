"""What origins say in the tests of the pool, and a call to one."""

from __future__ import annotations

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def always(*answers: bytes, then_close: bool = False):
    """An origin that gives these answers in turn, one per request head."""

    async def script(reader, writer):
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if then_close:
            writer.close()

    return script


async def silent(reader, writer):
    await reader.readuntil(b"\r\n\r\n")


async def called(pool, make_caller, head=GET, body=None, **options):
    """Send a call and wait until it is over."""
    caller = make_caller()
    pool.send(head, body, caller, **options)
    await caller.until("done")
    return caller
