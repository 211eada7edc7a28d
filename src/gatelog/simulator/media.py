"""Audio and images: real enough for a client to read, small enough to keep."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from typing import Any

from gatelog.simulator.answer import Answer, Piece, json_answer
from gatelog.simulator.ask import CREATED
from gatelog.simulator.words import compose, generator

SPEECH_BYTES = 4_096


def transcription(body: bytes, fields: dict[str, Any], seed: int) -> Answer:
    """A transcript of a multipart upload, as JSON or as plain text."""
    model = str(fields.get("model", "whisper-1"))
    text = compose(generator(seed, hashlib.sha256(body).digest()), "gpt-4o", 24)
    form = fields.get("response_format", "json")
    if form in ("text", "srt", "vtt"):
        return Answer(200, (Piece(text.encode() + b"\n", 0),), "text/plain; charset=utf-8", model=model)
    seconds = max(1, len(body) // 32_000)
    usage = {"type": "duration", "seconds": seconds}
    return json_answer({"text": text, "duration": float(seconds), "usage": usage}, model=model)


def speech(body: bytes, model: str) -> Answer:
    """Bytes that stand for audio, the same for the same request."""
    sound = hashlib.shake_256(body).digest(SPEECH_BYTES)
    return Answer(200, (Piece(sound, 0),), "audio/mpeg", model=model)


def image(body: bytes, request: dict[str, Any], model: str) -> Answer:
    """`n` images of one pixel whose colour depends on the request: JSON, or a form, where `n` is text."""
    asked = str(request.get("n"))[:4]
    count = max(1, min(int(asked), 10)) if asked.isdecimal() else 1
    picture = base64.b64encode(_png(hashlib.sha256(body).digest()[:3])).decode()
    usage = {"input_tokens": 16, "output_tokens": 272 * count, "total_tokens": 16 + 272 * count}
    value = {"created": CREATED, "data": [{"b64_json": picture}] * count, "usage": usage}
    return json_answer(value, model=model, prompt_tokens=16, completion_tokens=272 * count)


def _png(colour: bytes) -> bytes:
    """One pixel (PNG, RFC 2083): header, one filtered row, end."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + colour)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
