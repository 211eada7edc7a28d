"""A backend that costs as little as possible: one chat answer of about 1 KB, or a stream of 200 chunks.

Usage: python upstream.py PORT [CHAIN.pem KEY.pem]. A request whose body holds `"stream": true` or
`"stream":true` gets the stream: one chunk each CHUNK_INTERVAL_S, each in a write of its own, as a model's
tokens come.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

import httptools
import uvloop

CHUNKS = 200
CHUNK_INTERVAL_S = 0.002

ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o-2024-11-20",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "lorem ipsum dolor sit amet " * 26},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 160, "total_tokens": 280},
    }
).encode()
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\napim-request-id: 0\r\n"
JSON_BODY = b"content-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
JSON_RESPONSE = JSON_HEAD + JSON_BODY
LAST_JSON_RESPONSE = JSON_HEAD + b"connection: close\r\n" + JSON_BODY


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def _event(index: int) -> bytes:
    choices = [{"index": 0, "delta": {"content": f" word{index}"}, "finish_reason": None}]
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-2024-11-20",
        "choices": choices,
        "usage": None,
    }
    return _chunk(b"data: " + json.dumps(body).encode() + b"\n\n")


USAGE = _chunk(
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,'
    b'"model":"gpt-4o-2024-11-20","choices":[],"usage":{"prompt_tokens":120,"completion_tokens":200,"total_tokens":320}}\n\n'
)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\napim-request-id: 0\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
EVENTS = [_event(index) for index in range(CHUNKS)]
STREAM_END = _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.stream = self.usage = False

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.stream = b'"stream": true' in body or b'"stream":true' in body
        self.usage = b"include_usage" in body

    def on_message_complete(self) -> None:
        if self.stream:
            self.transport.write(STREAM_HEAD)
            self._next(0)
        elif self.parser.should_keep_alive():
            self.transport.write(JSON_RESPONSE)
        else:
            self.transport.write(LAST_JSON_RESPONSE)
            self.transport.close()

    def _next(self, index: int) -> None:
        if self.transport.is_closing():
            return
        if index == CHUNKS:
            self.transport.write((USAGE if self.usage else b"") + STREAM_END)
            return
        self.transport.write(EVENTS[index])
        asyncio.get_running_loop().call_later(CHUNK_INTERVAL_S, self._next, index + 1)


async def main(port: int, *certificate: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
    if tls is not None:
        tls.load_cert_chain(*certificate)
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, ssl=tls)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
