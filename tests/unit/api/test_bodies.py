"""Bodies read up to a limit, unpacked, and decoded where they hold up nobody."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from collections.abc import Callable

import pytest
from starlette.requests import Request

from gatelog.api.bodies import DECODED_ON_LOOP_BYTES, decoded_aside, read_body, read_content
from gatelog.api.held_bodies import KEY, HeldBodies, HeldBody
from gatelog.api.problems import RequestError

TEXT = b'{"query": "print 1"}' * 10


def raw_deflate(data: bytes) -> bytes:
    """What some senders mean by deflate."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def request(*chunks: bytes, coding: str = "") -> Request:
    """A request whose body comes in these pieces, and whose client leaves where one of them is empty."""
    left = list(chunks)

    async def receive() -> dict[str, object]:
        piece = left.pop(0)
        if not piece:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    headers = [(b"content-encoding", coding.encode())] if coding else []
    scope = {"type": "http", "method": "POST", "headers": headers, KEY: HeldBody(HeldBodies())}
    return Request(scope, receive)


def content(body: bytes, coding: str, bytes_max: int = 1_000) -> bytes:
    """What such a body says."""
    return asyncio.run(read_content(request(body, coding=coding), bytes_max))


def refusal(body: bytes, coding: str, bytes_max: int = 1_000) -> tuple[int, str]:
    """Status and message of the answer to such a body."""
    with pytest.raises(RequestError) as caught:
        content(body, coding, bytes_max)
    return caught.value.status, caught.value.advice


def test_a_body_may_be_as_large_as_the_limit() -> None:
    assert asyncio.run(read_body(request(b"ab", b"c"), 3)) == b"abc"


def test_a_body_over_the_limit_is_read_no_further() -> None:
    """The third piece would be an IndexError."""
    with pytest.raises(RequestError, match="at most 3 bytes") as caught:
        asyncio.run(read_body(request(b"ab", b"cd"), 3))
    assert caught.value.status == 413


def test_a_client_that_leaves_is_no_defect() -> None:
    with pytest.raises(RequestError, match="ended before its body") as caught:
        asyncio.run(read_body(request(b"ab", b""), 3))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("X-GZip", gzip.compress),
        ("identity, gzip", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
    ],
)
def test_a_body_is_unpacked(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert content(pack(TEXT), coding) == TEXT


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """RFC 8259, section 8.1, lets a reader ignore it."""
    assert content(b"\xef\xbb\xbf{}", "") == b"{}"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, deflate", "gzip, gzip", "x-deflate"])
def test_another_coding_is_refused_by_name(coding: str) -> None:
    status, message = refusal(b"x", coding)
    assert status == 415
    assert message == f"Content-Encoding {coding} is not read here: send gzip, deflate or none"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", TEXT),
        ("gzip", gzip.compress(TEXT)[:-1]),
        ("gzip", gzip.compress(TEXT) + b"more"),
        ("deflate", TEXT),
        ("deflate", zlib.compress(TEXT) + zlib.compress(TEXT)),
    ],
)
def test_what_is_not_packed_as_it_says_is_refused(coding: str, body: bytes) -> None:
    status, message = refusal(body, coding)
    assert status == 400
    assert message.startswith(f"the body is not valid {coding}: ")


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_body_that_grows_over_the_limit_is_refused(coding: str, pack: Callable[[bytes], bytes]) -> None:
    """A hundred megabytes in a hundred kilobytes, of which hardly more than the limit is unpacked."""
    assert refusal(pack(bytes(100 * 2**20)), coding, 2**20)[0] == 413


@pytest.mark.parametrize(
    ("size", "aside"), [(DECODED_ON_LOOP_BYTES, False), (DECODED_ON_LOOP_BYTES + 1, True)]
)
def test_a_large_body_is_decoded_in_a_thread(size: int, aside: bool) -> None:
    async def run() -> tuple[int, int]:
        return await decoded_aside(lambda body: (len(body), threading.get_ident()), bytes(size))

    length, thread = asyncio.run(run())
    assert (length, thread != threading.get_ident()) == (size, aside)


def test_a_crowd_of_large_bodies_leaves_other_work_its_threads() -> None:
    """As that which stops a question, or looks whether the store is there."""
    go = threading.Event()

    async def run() -> str:
        crowd = [decoded_aside(lambda _: go.wait(60), bytes(DECODED_ON_LOOP_BYTES + 1)) for _ in range(40)]
        reading = asyncio.gather(*crowd)
        try:
            await asyncio.sleep(0)
            return await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 20)
        finally:
            go.set()
            await reading

    assert asyncio.run(run()) == "done"
