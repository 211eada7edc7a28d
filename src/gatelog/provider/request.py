"""What the gateway must know of a request body before it forwards it, and the one change it may make.

The body itself is never re-serialised: what passes through stays byte-exact.
"""

from __future__ import annotations

import re

import msgspec

from gatelog.provider.json_members import Member, read_members
from gatelog.provider.json_text import NotJson, read_json, well_formed

_INCLUDE_USAGE = b'"include_usage":true'
_STREAM_OPTIONS = b'"stream_options":{' + _INCLUDE_USAGE + b"}"
_JSON_SPACE = b" \t\r\n"
# A member name spelled with escapes ("stream\u005foptions"): legal, so it must be looked at more closely.
_ESCAPED_NAME = re.compile(rb'\\u00[0-9A-Fa-f]{2}[\w\\]{0,84}"\s*:')


class StreamOptions(msgspec.Struct):
    """The request member `stream_options`, as far as the gateway reads it."""

    include_usage: bool | None = None


class RequestShape(msgspec.Struct):
    """The members of a model request that decide how it is handled; everything else is not looked at."""

    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def include_usage(self) -> bool | None:
        """Whether the client asked for the usage chunk; None = it said nothing."""
        return self.stream_options.include_usage if self.stream_options else None


_decode_shape = msgspec.json.Decoder(RequestShape).decode


def scan_request(body: bytes) -> RequestShape:
    """The shape of a JSON request; raises NotJson with the place (`$.stream`) if it is none."""
    try:
        return _decode_shape(body)
    except msgspec.ValidationError as error:
        raise NotJson(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _scan_leniently(body)


def _scan_leniently(body: bytes) -> RequestShape:
    value = read_json(body)
    if isinstance(value, dict):
        value = {name: value[name] for name in RequestShape.__struct_fields__ if name in value}
    try:
        return msgspec.convert(well_formed(value), RequestShape)
    except msgspec.ValidationError as error:
        raise NotJson(str(error)) from None
    except RecursionError:
        raise NotJson("JSON is nested too deeply") from None


def _spliced(body: bytes, start: int, end: int, new: bytes) -> bytes:
    return body[:start] + new + body[end:]


def _with_member(body: bytes, end: int, *, empty: bool, member: bytes) -> bytes:
    """A further last member for the object that ends before `end`; the last of a name wins."""
    return _spliced(body, end - 1, end - 1, member if empty else b"," + member)


def _last(members: list[Member], key: str) -> Member | None:
    return next((member for member in reversed(members) if member.key == key), None)


def _may_hold_stream_options(body: bytes) -> bool:
    return b"stream_options" in body or _ESCAPED_NAME.search(body) is not None


def _is_utf8(body: bytes) -> bool:
    try:
        return body.isascii() or bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def with_include_usage(body: bytes) -> bytes:
    """The body with `stream_options.include_usage` true, everything else byte-exact.

    `body` is a JSON object that `scan_request` accepted. A body that asks already is returned as it is, and
    so is one that is not UTF-8: what is no JSON is the backend's to judge.
    """
    if not _is_utf8(body):
        return body
    if not _may_hold_stream_options(body):
        text = body.rstrip(_JSON_SPACE)
        empty = text[:-1].rstrip(_JSON_SPACE).endswith(b"{")
        return _with_member(body, len(text), empty=empty, member=_STREAM_OPTIONS)
    whole = read_members(body)
    options = _last(whole.members, "stream_options")
    if options is None:
        return _with_member(body, whole.end, empty=not whole.members, member=_STREAM_OPTIONS)
    if body[options.start : options.end] == b"null":
        return _spliced(body, options.start, options.end, b"{" + _INCLUDE_USAGE + b"}")
    return _with_usage_option(body, options)


def _with_usage_option(body: bytes, options: Member) -> bytes:
    inner = read_members(body, options.start)
    wish = _last(inner.members, "include_usage")
    if wish is None:
        return _with_member(body, inner.end, empty=not inner.members, member=_INCLUDE_USAGE)
    return _spliced(body, wish.start, wish.end, b"true")
