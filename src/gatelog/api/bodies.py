"""Bodies of requests: read up to a limit, unpacked, and decoded without holding up other requests.

bytes up to a limit ─► content coding undone, up to the same limit ─► JSON in UTF-8, a byte order mark aside
       413, 503                415, 400, 413, 503

What is in memory is counted as it comes: `held_bodies`.
https://www.rfc-editor.org/rfc/rfc9110#section-8.4
"""

from __future__ import annotations

import asyncio
import codecs
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from starlette.requests import ClientDisconnect, Request

from gatelog.api.held_bodies import HeldBody, held_body
from gatelog.api.problems import RequestError
from gatelog.provider import UnpackError, unpacked

P = ParamSpec("P")
T = TypeVar("T")

DECODED_ON_LOOP_BYTES = 64 * 1024
"""Larger bodies are decoded in a thread: 16 MiB take long enough for every other answer to be late."""

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="body")
"""Of their own: a crowd of bodies that grow a thousand times would keep what stops questions, and the look
whether the store is there, waiting behind it.
"""

_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_BITS = 16 + zlib.MAX_WBITS
_DEFLATE_METHOD = 8


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The bytes of a body as they came. RequestError 413 at the first beyond `bytes_max`; 503 if bodies take
    all the memory that they may; 400 if the client leaves before the end.
    """
    held, body = held_body(request), bytearray()
    try:
        async for chunk in request.stream():
            if len(body) + len(chunk) > bytes_max:
                raise _too_large(bytes_max)
            held.grow(len(chunk))
            body += chunk
    except ClientDisconnect:
        raise RequestError(400, "unfinished", "the request ended before its body") from None
    return bytes(body)


async def read_content(request: Request, bytes_max: int) -> bytes:
    """What a body says, at most `bytes_max` bytes: its content coding is undone. RequestError 413, 415, 503;
    400 if it is not what its coding says.
    """
    coding = coding_of(request)
    body = await read_body(request, bytes_max)
    if coding:
        held = held_body(request)
        body = await _aside(partial(_unpacked, body, coding, bytes_max, held))
        held.become(len(body))
    return body.removeprefix(codecs.BOM_UTF8)


def coding_of(request: Request) -> str:
    """`gzip`, `deflate`, or nothing for a body that is sent as it is. RequestError 415 for another one."""
    named = ",".join(request.headers.getlist("content-encoding")).lower()
    codings = [coding for name in named.split(",") if (coding := name.strip()) not in {"", "identity"}]
    if not codings:
        return ""
    coding = _CODINGS.get(codings[0], "")
    if len(codings) > 1 or not coding:
        said = ", ".join(codings)[:100]
        raise RequestError(
            415, "unknown_encoding", f"Content-Encoding {said} is not read here", "send gzip, deflate or none"
        )
    return coding


def _unpacked(data: bytes, coding: str, bytes_max: int, held: HeldBody) -> bytes:
    bits = _GZIP_BITS if coding == "gzip" else _deflate_bits(data)
    content = bytearray()
    try:
        for piece in unpacked(data, partial(zlib.decompressobj, bits), _GZIP_MAGIC):
            if len(content) + len(piece) > bytes_max:
                raise _too_large(bytes_max)
            held.grow(len(piece))
            content += piece
    except (zlib.error, UnpackError) as error:
        raise RequestError(400, "bad_encoding", f"the body is not valid {coding}: {error}") from error
    return bytes(content)


def _deflate_bits(data: bytes) -> int:
    """RFC 9110 says zlib format, which has a header; some senders mean raw deflate."""
    has_header = data[:1] and data[0] % 16 == _DEFLATE_METHOD and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS


def _too_large(bytes_max: int) -> RequestError:
    return RequestError(413, "too_large", f"the body of this request may have at most {bytes_max} bytes")


async def decoded_aside(
    decode: Callable[Concatenate[bytes, P], T], body: bytes, *args: P.args, **kwargs: P.kwargs
) -> T:
    """`decode(body, …)`, in a thread where that takes time."""
    if len(body) <= DECODED_ON_LOOP_BYTES:
        return decode(body, *args, **kwargs)
    return await _aside(partial(decode, body, *args, **kwargs))


async def _aside(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
