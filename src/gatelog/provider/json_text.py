"""Reading and writing JSON (RFC 8259) that others wrote: fast where possible, never by guessing.

msgspec refuses some legal JSON: half a surrogate pair as an escape, which dirty data sets do contain, and
numbers beyond a double. The standard library reads those; it is asked only when msgspec has refused.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from gatelog.errors import GatelogError

# Levels of nesting that the record reads; real requests have about ten. What walks such values recursively
# (merging, counting, writing) then stays far from Python's recursion limit.
NESTING_MAX = 128

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class NotJson(GatelogError):  # noqa: N818 -- says what the bytes are; the agreed name between rooms
    """The bytes are not JSON, or not of the expected shape; the message says where. The sender's fault."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_json(data: bytes | str) -> Any:
    """The value of a JSON text; raises NotJson."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_leniently(data)


def _read_leniently(data: bytes | str) -> Any:
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise NotJson("JSON is nested too deeply") from None
    except ValueError as error:
        raise NotJson(f"not JSON: {error}") from None


def is_too_deep(text: str, value: Any) -> bool:
    """Whether the value of a JSON text is nested over NESTING_MAX levels."""
    if text.count("[") + text.count("{") <= NESTING_MAX:
        return False
    level = [value]
    for _ in range(NESTING_MAX):
        inner = [node.values() if isinstance(node, dict) else node for node in level]
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object in `text`; None if it holds anything else, or is nested over NESTING_MAX levels."""
    try:
        value = read_json(text)
    except NotJson:
        return None
    return value if isinstance(value, dict) and not is_too_deep(text, value) else None


def well_formed(value: Any) -> Any:
    """A JSON value with U+FFFD for each half of a surrogate pair: no UTF-8 has those."""
    match value:
        case str() if not value.isascii():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {well_formed(name): well_formed(member) for name, member in value.items()}
        case list():
            return [well_formed(item) for item in value]
    return value


def compact_json(value: Any) -> str:
    """JSON text without spaces.

    Text that is not valid Unicode (halves of surrogate pairs, joined or not) is written as escapes, which
    every reader understands.
    """
    try:
        return _encode(value).decode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
