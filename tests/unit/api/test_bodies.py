"""Bodies read up to a limit, and decoded where they hold up nobody."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.requests import Request

from gatelog.api.bodies import DECODED_ON_LOOP_BYTES, decoded_aside, read_body


class TooLargeError(Exception):
    """More than was allowed."""


def request(*chunks: bytes) -> Request:
    """A request whose body comes in these pieces."""
    left = list(chunks)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_body_may_be_as_large_as_the_limit() -> None:
    assert asyncio.run(read_body(request(b"ab", b"c"), 3, TooLargeError())) == b"abc"


def test_a_body_over_the_limit_is_read_no_further() -> None:
    """The third piece would be an IndexError."""
    with pytest.raises(TooLargeError):
        asyncio.run(read_body(request(b"ab", b"cd"), 3, TooLargeError()))


@pytest.mark.parametrize(
    ("size", "aside"), [(DECODED_ON_LOOP_BYTES, False), (DECODED_ON_LOOP_BYTES + 1, True)]
)
def test_a_large_body_is_decoded_in_a_thread(size: int, aside: bool) -> None:
    async def run() -> tuple[int, int]:
        return await decoded_aside(lambda body: (len(body), threading.get_ident()), bytes(size))

    length, thread = asyncio.run(run())
    assert (length, thread != threading.get_ident()) == (size, aside)
