"""Answers that are mostly numbers: embedding vectors and inline images, replaced by their size and hash.

    {"data": [{"embedding": [0.1, …]}]}      → {"embedding": "<1536 floats, sha256 …>"}
    {"data": [{"embedding": "base64…"}]}     → {"embedding": "<8192 characters, sha256 …>"}
    {"data": [{"b64_json": "base64…"}]}      → {"b64_json": "<1398104 characters, sha256 …>"}
    {"events": [{"data": {"b64_json": …}}]}  → the same in each event of a stream; also "audio"

Done only for bodies over a size; smaller ones are kept as received. Nobody reads a vector in a log, and the
hash still proves which one was delivered. The hash is of the vector's compact JSON, or of the string's bytes.
"""

from __future__ import annotations

import hashlib
from typing import Any

from gatelog.provider.json_text import compact_json

# A body below this is kept whole: about two vectors of 1,536 floats. Characters of decoded text.
BULK_LENGTH_MIN = 64 * 1024
_BULKY = ("embedding", "b64_json", "audio")


def _label(value: list[Any] | str) -> str:
    if isinstance(value, str):
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"<{len(value)} characters, sha256 {digest}>"
    digest = hashlib.sha256(compact_json(value).encode("utf-8")).hexdigest()
    return f"<{len(value)} floats, sha256 {digest}>"


def _labelled(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {
        name: _label(value) if name in _BULKY and isinstance(value, list | str) else value
        for name, value in item.items()
    }


def without_bulk(text: str, body: dict[str, Any]) -> str | None:
    """The body's text with vectors and images replaced; None if `text` is to be kept as received.

    `body` is the object that `text` holds.
    """
    if len(text) < BULK_LENGTH_MIN:
        return None
    smaller = _without_bulk(body)
    return compact_json(smaller) if smaller != body else None


def _without_bulk(body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(items := body.get("data"), list):
        return body | {"data": [_labelled(item) for item in items]}
    if isinstance(events := body.get("events"), list):
        return body | {"events": [_labelled_event(event) for event in events]}
    return body


def _labelled_event(event: Any) -> Any:
    if isinstance(event, dict) and "data" in event:
        return event | {"data": _labelled(event["data"])}
    return event
