r"""A multipart form (RFC 7578) as the object that it stands for: fields are texts, files are described.

    --boundary
    Content-Disposition: form-data; name="model"                          {"model": "gpt-image-1",
    (empty line)
    gpt-image-1
    --boundary
    Content-Disposition: form-data; name="image[]"; filename="a.png"       "image": [{"filename": "a.png",
    Content-Type: image/png                                                           "type": "image/png",
    (empty line)                                                                      "bytes": 68,
    \x89PNG …                                                                         "sha256": "…"}]}
    --boundary--

Lines end with CR LF. A name that comes twice, or ends in `[]`, has a list. What stands before the first
boundary, and behind the last one, is no part of the form (RFC 2046 section 5.1.1).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from gatelog.provider.content import charset_of

# The largest real form has 16 images and a dozen settings.
PARTS_MAX = 256
# Bytes of the header lines of one part: a name, a file name, a type.
HEAD_BYTES_MAX = 4096
# Characters of one field that JSON writes with six; what has more is no text, silence in PCM for one.
CONTROLS_MAX = 4096

_TYPE = re.compile(r"\s*multipart/form-data\s*;", re.IGNORECASE)
# What opens a quotation and does not close it goes to the end: nothing is looked at twice.
_PARAMETER = re.compile(r';\s*+([\w*-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.?)*+)(?:"|$)|([^\s;"]*+))')
_ESCAPED = re.compile(r"\\(.)")
_CONTENT_TYPE = re.compile(r"^content-type:[ \t]*([^\r\n;]*)([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_DISPOSITION = re.compile(r"^content-disposition:[ \t]*form-data([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CONTROLS = bytes({*range(0x20)} - {*b"\b\t\n\f\r"})


def is_form(content_type: str) -> bool:
    """Whether a Content-Type is that of a form with a boundary."""
    return _TYPE.match(content_type) is not None


def read_form(content_type: str, data: bytes) -> dict[str, Any]:
    """Fields and files by name, as far as `data` holds them whole; {} if it is no form. Never raises."""
    boundary = _parameters(content_type).get("boundary", "")
    fields: dict[str, Any] = {}
    for head, content in _parts(data, b"--" + boundary.encode("latin-1", "replace")) if boundary else ():
        disposition = _DISPOSITION.search(head)
        parameters = _parameters(disposition[1]) if disposition else {}
        if name := parameters.get("name", ""):
            _add(fields, name, _value(head, parameters, content))
    return fields


def _parameters(header: str) -> dict[str, str]:
    """By lower-case name; `filename*` (RFC 8187) stands for `filename`."""
    found = {}
    for name, quoted, token in _PARAMETER.findall(header):
        value = _ESCAPED.sub(r"\1", quoted) or token
        if name.endswith("*"):
            value = unquote(value.rpartition("'")[2])
        found[name.removesuffix("*").lower()] = value
    return found


def _parts(data: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes]]:
    """Header lines and content of each part that is there to its end; what is no part is passed over."""
    border = b"\r\n" + delimiter
    place = 0 if data.startswith(delimiter) else data.find(border)
    for _ in range(PARTS_MAX if place >= 0 else 0):
        place = data.index(delimiter, place) + len(delimiter)
        end = data.find(border, place)
        if end < 0 or data.startswith(b"--", place):
            return
        head_end = data.find(b"\r\n\r\n", place, place + HEAD_BYTES_MAX)
        if place <= head_end < end:
            yield data[place:head_end].decode("utf-8", "replace"), data[head_end + 4 : end]
        place = end


def _value(head: str, parameters: dict[str, str], content: bytes) -> Any:
    """The text of a field; the description of a file, or of what is no text."""
    kind = _CONTENT_TYPE.search(head)
    text = None if "filename" in parameters else _text(content, kind[2] if kind else "")
    if text is not None:
        return text
    return {
        "filename": parameters.get("filename", ""),
        "type": kind[1].strip().lower() if kind else "",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _text(content: bytes, attributes: str) -> str | None:
    """As most backends read it: UTF-8 whatever the field's type says, unless it cannot be that."""
    if len(content) - len(content.translate(None, _CONTROLS)) > CONTROLS_MAX:
        return None
    for charset in ("utf-8", charset_of(attributes)):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(charset)
    return None


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    key = name.removesuffix("[]")
    if key not in fields:
        fields[key] = [value] if key != name else value
    elif isinstance(fields[key], list):
        fields[key].append(value)
    else:
        fields[key] = [fields[key], value]
