"""Bodies of requests: read up to a limit, and decoded without holding up other requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from starlette.requests import Request

P = ParamSpec("P")
T = TypeVar("T")

DECODED_ON_LOOP_BYTES = 64 * 1024
"""Larger bodies are decoded in a thread: 16 MiB take long enough for every other answer to be late."""


async def read_body(request: Request, bytes_max: int, too_large: Exception) -> bytes:
    """The bytes of a body; raises `too_large` at the first beyond `bytes_max`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise too_large
    return bytes(body)


async def decoded_aside(
    decode: Callable[Concatenate[bytes, P], T], body: bytes, *args: P.args, **kwargs: P.kwargs
) -> T:
    """`decode(body, …)`, in a thread where that takes time."""
    if len(body) <= DECODED_ON_LOOP_BYTES:
        return decode(body, *args, **kwargs)
    return await asyncio.to_thread(decode, body, *args, **kwargs)
