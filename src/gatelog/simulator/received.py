"""A request as it arrived, kept for whoever asks the simulator what it saw."""

from __future__ import annotations

import zlib
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]

BODY_BYTES_MAX = 256 * 1024 * 1024
"""Of a request, as it comes and without its coding: more than any real operation but a large upload."""

_GZIP = 16 + zlib.MAX_WBITS


class Received(NamedTuple):
    """`target` is the request target byte for byte; header names are as sent."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        wanted = name.lower().encode()
        for found, value in self.headers:
            if found.lower() == wanted:
                return value.decode("latin-1")
        return None

    def decoded(self) -> Received:
        """The request without gzip (RFC 9110, 8.4.1.3). ValueError: the body is not gzip, or too large."""
        if self.header("content-encoding") != "gzip":
            return self
        unpacker = zlib.decompressobj(_GZIP)
        try:
            body = unpacker.decompress(self.body, BODY_BYTES_MAX)
        except zlib.error as error:
            raise ValueError(f"it is not gzip: {error}") from None
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError(f"it is not one gzip member of up to {BODY_BYTES_MAX} bytes")
        return self._replace(body=body)
