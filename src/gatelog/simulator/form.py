"""What a multipart form says (RFC 7578), read without its files' content."""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(
    rb"(?:\r\n(?!content-disposition)[^\r\n]+)*"
    rb'\r\ncontent-disposition: form-data; name="(?P<name>[^"]+)"(?:; filename="(?P<file>[^"]*)")?'
    rb"[^\r\n]*\r\n"
    rb"(?:[^\r\n]+\r\n)*\r\n",
    re.IGNORECASE,
)


def form_fields(body: bytes) -> dict[str, Any]:
    """Text fields by name; an uploaded file adds `filename` and its size in `bytes`. {} if it is no form."""
    boundary = body.partition(b"\r\n")[0]
    if not boundary.startswith(b"--"):
        return {}
    fields: dict[str, Any] = {}
    for part in body.split(boundary):
        head = _PART.match(part)
        if head is None:
            continue
        content = part[head.end() :].removesuffix(b"\r\n")
        if head["file"] is None:
            fields[head["name"].decode()] = content.decode("utf-8", "replace")
        else:
            fields |= {"filename": head["file"].decode("utf-8", "replace"), "bytes": len(content)}
    return fields
