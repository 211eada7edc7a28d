"""Values of the data to cells of a column. What does not convert is null, as in the service."""

from __future__ import annotations

import json
from typing import Any

from gatelog.api.kusto.ingest.formats import WrittenNumber
from gatelog.kql import KqlType, cell_from_text

VALUE_BYTES_MAX = 2**20
"""Of one value, as in the service: a longer text is cut there, a longer dynamic value is null."""

_CHARACTER_BYTES_MAX = 4


def cell_of(kql_type: KqlType, value: Any) -> Any:
    """The cell of a column for a text or a JSON value; a string is never null."""
    if kql_type is KqlType.DYNAMIC:
        return _dynamic(value)
    text = _whole(_text(kql_type, value))
    if kql_type is KqlType.STRING and _is_too_long(text):
        text = text.encode()[:VALUE_BYTES_MAX].decode(errors="ignore")
    return cell_from_text(kql_type, text)


def _dynamic(value: Any) -> Any:
    if value is None:
        return None
    text = _whole(value if isinstance(value, str) else _json(value))
    if _is_too_long(text):
        return None
    return cell_from_text(KqlType.DYNAMIC, text) if isinstance(value, str) else text


def _is_too_long(text: str) -> bool:
    return len(text) * _CHARACTER_BYTES_MAX > VALUE_BYTES_MAX and len(text.encode()) > VALUE_BYTES_MAX


def _text(kql_type: KqlType, value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() if kql_type not in {KqlType.BOOL, KqlType.STRING}:
            return str(int(value))
        case bool():
            return "true" if value else "false"
        case WrittenNumber() if kql_type is KqlType.DECIMAL:
            return value.text
        case float() if value.is_integer() and kql_type in {KqlType.INT, KqlType.LONG}:
            return str(int(value))
        case int() | float():
            return repr(value)
    return _json(value)


def _whole(text: str) -> str:
    """Half of a surrogate pair, which JSON can spell, is no character: it becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
