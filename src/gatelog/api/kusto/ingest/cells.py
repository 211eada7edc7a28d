"""Values of the data to cells of a column. What does not convert is null, as in the service."""

from __future__ import annotations

import json
from typing import Any

from gatelog.api.kusto.ingest.formats import WrittenNumber
from gatelog.kql import KqlType, cell_from_text


def cell_of(kql_type: KqlType, value: Any) -> Any:
    """The cell of a column for a text or a JSON value; a string is never null."""
    if kql_type is KqlType.DYNAMIC and not isinstance(value, str):
        return None if value is None else _whole(_json(value))
    return cell_from_text(kql_type, _whole(_text(kql_type, value)))


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
