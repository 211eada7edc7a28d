"""The two messages of a captured call, read: body text for the log, and the JSON object that it holds."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gatelog.model import Body, EndReason, OperationKind
from gatelog.provider.assemble import assemble
from gatelog.provider.bulk import without_bulk
from gatelog.provider.content import decode_content, joined_notes, read_body
from gatelog.provider.form import is_form, read_form
from gatelog.provider.json_flaws import DUPLICATE_KEYS, find_json_flaw
from gatelog.provider.json_text import compact_json, read_object, well_formed
from gatelog.provider.long_body import LongBody

_EVENT_STREAM = "text/event-stream"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STREAM_STARTS = ("data:", "event:", ":", "\ufeffdata:")


class Message(msgspec.Struct, frozen=True):
    """`json` is the body's JSON object ({} if it holds none), `is_stream` whether it came as events."""

    body: Body
    json: dict[str, Any] = {}
    is_stream: bool = False


def _readable(found: dict[str, Any] | None, text: str) -> dict[str, Any]:
    """The object that was read of `text`, with whole characters only."""
    whole: dict[str, Any] = well_formed(found) if found and _SURROGATE.search(text) else found or {}
    return whole


def _noted(body: Body, *notes: str) -> Body:
    return msgspec.structs.replace(body, note=joined_notes(body.note, *notes))


def _is_short(headers: dict[str, str], wire: bytes | LongBody) -> bool:
    """Whether fewer bytes came than Content-Length announced."""
    announced = headers.get("content-length", "")
    return announced.isascii() and announced.isdigit() and len(announced) < 16 and len(wire) < int(announced)


def _text_of(headers: dict[str, str], wire: bytes | LongBody) -> Body:
    return read_body(
        wire,
        content_type=headers.get("content-type", ""),
        content_encoding=headers.get("content-encoding", ""),
    )


def _json_note(headers: dict[str, str], body: Body, found: dict[str, Any] | None) -> str:
    """Says so where a body claims to be JSON and is none; arrays and scalars are JSON too."""
    claims_json = "json" in headers.get("content-type", "").lower()
    if found is not None or not claims_json or not body.text or body.text.lstrip(" \t\r\n")[:1] == "[":
        return ""
    return "not readable as JSON"


def _ambiguity_note(body: Body, found: dict[str, Any] | None) -> str:
    """Says so where readers may differ on which of two members counts: the backend's may not be ours."""
    flaw = find_json_flaw(body.text) if found is not None else None
    return DUPLICATE_KEYS if flaw is not None and flaw.name == DUPLICATE_KEYS else ""


def _form_of(headers: dict[str, str], wire: bytes | LongBody) -> dict[str, Any]:
    """Fields and files of a multipart form, of a long one those at its beginning; {} if it is none."""
    content_type, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
    if not is_form(content_type):
        return {}
    data = wire.beginning if isinstance(wire, LongBody) else wire
    return read_form(content_type, decode_content(data, encoding).data)


def read_request(headers: dict[str, str], wire: bytes | LongBody, *, cut: bool) -> Message:
    """The client's message; of a form the object that it stands for. `cut`: the body did not arrive whole."""
    body = _text_of(headers, wire)
    found = read_object(body.text) if body.text else _form_of(headers, wire) or None
    if found and not body.text:
        body = msgspec.structs.replace(body, text=compact_json(found))
    is_cut = "truncated" if cut or _is_short(headers, wire) else ""
    notes = (is_cut, _json_note(headers, body, found), _ambiguity_note(body, found))
    return Message(_noted(body, *notes), _readable(found, body.text))


def read_response(
    kind: OperationKind,
    headers: dict[str, str],
    wire: bytes | LongBody,
    *,
    reason: EndReason,
    method: str = "POST",
) -> Message:
    """The answer's message: a stream as the object that it amounts to, anything else as received.

    `reason` is why the call ended; with any other than COMPLETE, a body without an end is one that was cut.
    """
    body = _text_of(headers, wire)
    content_type = headers.get("content-type", "").lower()
    if content_type.startswith(_EVENT_STREAM) or (not content_type and body.text.startswith(_STREAM_STARTS)):
        return _read_stream(kind, body)
    text = body.text
    found = read_object(text) if text else None
    broken_off = reason is not EndReason.COMPLETE and found is None and bool(body.size)
    is_cut = broken_off or (_is_short(headers, wire) and method != "HEAD")
    notes = ("truncated" if is_cut else "", _json_note(headers, body, found))
    return Message(_noted(_lightened(body, found), *notes), _readable(found, text))


def _lightened(body: Body, found: dict[str, Any] | None) -> Body:
    """The body whose text holds that object, without its vectors, images and sounds."""
    smaller = without_bulk(body.text, found) if found else None
    if smaller is None:
        return body
    return _noted(msgspec.structs.replace(body, text=smaller), "vectors replaced")


def _read_stream(kind: OperationKind, body: Body) -> Message:
    whole = assemble(kind, body.text.encode("utf-8", "surrogatepass"))
    notes = (
        "" if whole.complete else "truncated stream",
        f"{whole.unreadable} events not readable as JSON" if whole.unreadable else "",
    )
    text = compact_json(whole.body) if whole.body else ""
    assembled = _lightened(msgspec.structs.replace(body, text=text), whole.body)
    return Message(_noted(assembled, *notes), _readable(whole.body, body.text), is_stream=True)
