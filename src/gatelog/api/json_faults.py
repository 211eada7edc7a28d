"""What is wrong with a JSON text, in the words of whoever wrote it.

The decoders speak of their own types, and of places as they count them:

    Expected `str | null`, got `int` - at `$.timespan`    timespan must be a text or null, not a whole number
    Invalid enum value 'yaml' - at `$.format`             format cannot be 'yaml'; known are arrow, csv, …
    JSON is malformed: invalid character (byte 0)         the JSON is malformed: invalid character (byte 0)
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect

_KINDS = {
    "object": "an object",
    "array": "an array",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}
_EXPECTED = re.compile(r"Expected `(?P<wanted>.+)`, got `(?P<got>.+)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.+)`")
_NO_CHOICE = re.compile(r"Invalid enum value (?P<value>.+)")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[[^\]]*\]")
_TEXT_CHARACTERS_MAX = 100
"""Of what is quoted of the JSON."""


def json_fault(error: Exception, shape: Any = dict[str, Any]) -> str:
    """A sentence about an error that a decoder raised; `shape` is the type that the JSON should have."""
    match error:
        case RecursionError():
            return "the JSON is nested too deeply"
        case UnicodeDecodeError():
            return "the JSON has bytes that are not UTF-8"
        case json.JSONDecodeError():
            return f"the JSON is malformed: {error.msg.lower()} (character {error.pos})"
        case msgspec.ValidationError():
            return _misfit(str(error), shape)
    if str(error) == "Input data was truncated":
        return "the JSON ends too early"
    return str(error).replace("JSON is malformed", "the JSON is malformed")


def _misfit(text: str, shape: Any) -> str:
    what, _, place = text.partition(" - at `$")
    place = place.removesuffix("`")
    subject = place.lstrip(".") or "the JSON"
    if found := _EXPECTED.fullmatch(what):
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in found["wanted"].split(" | "))
        return f"{subject} must be {wanted}, not {_KINDS.get(found['got'], found['got'])}"
    if found := _MISSING.fullmatch(what):
        return f"{subject} has no member {found['name']}, which is needed"
    if found := _UNKNOWN.fullmatch(what):
        known = ", ".join(_members(_type_at(shape, place)))
        return f"{subject} cannot have a member {found['name']:.{_TEXT_CHARACTERS_MAX}}; known are {known}"
    if found := _NO_CHOICE.fullmatch(what):
        known = ", ".join(map(str, _choices(_type_at(shape, place))))
        return f"{subject} cannot be {found['value']:.{_TEXT_CHARACTERS_MAX}}; known are {known}"
    return f"{subject}: {what.lower()}"


def _type_at(shape: Any, place: str) -> inspect.Type:
    """The type of the value at `.a.b[0]`."""
    found = inspect.type_info(shape)
    for step in _STEP.finditer(place):
        found = _inside(found, step["name"])
    return found


def _inside(outer: inspect.Type, name: str | None) -> inspect.Type:
    """The type of a member, or of the items if there is no name."""
    for kind in outer.types if isinstance(outer, inspect.UnionType) else (outer,):
        match kind:
            case inspect.StructType():
                return next(field.type for field in kind.fields if field.encode_name == name)
            case inspect.ListType():
                return kind.item_type
            case inspect.DictType():
                return kind.value_type
    return inspect.AnyType()


def _members(kind: inspect.Type) -> Sequence[str]:
    return [field.encode_name for field in kind.fields] if isinstance(kind, inspect.StructType) else []


def _choices(kind: inspect.Type) -> Sequence[Any]:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [value for one in kinds if isinstance(one, inspect.LiteralType) for value in one.values]
