"""From the fields of a record to the columns of a table.

    csv   {"Column": "a", "Properties": {"Ordinal": "0"}}
    json  {"Column": "a", "Properties": {"Path": "$.x.y", "Transform": "DateTimeFromUnixSeconds"}}
    both  {"Column": "a", "Properties": {"ConstValue": "…"}}

Members are spelled in any case, and may stand outside of Properties, as older mappings have them. Without a
mapping, fields become columns by their place (csv) or by their name (json).
https://learn.microsoft.com/azure/data-explorer/kusto/management/mappings
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from gatelog.api.json_faults import json_fault
from gatelog.api.kusto.faults import KustoError, bad_ingestion
from gatelog.api.kusto.ingest.json_path import follow, parse_path
from gatelog.kql import Column, KqlType, cell_from_text, to_text

MAPPING_CHARACTERS_MAX = 64 * 1024
"""Length of one mapping."""

KINDS = ("csv", "json")

Pick: TypeAlias = Callable[[Any, int], Any]
"""The value of a column in a record; the number counts records from 1."""

_ORDINAL = re.compile(r"[0-9]{1,9}")

_TRANSFORMED_UNITS = {
    "datetimefromunixseconds": 10_000_000,
    "datetimefromunixmilliseconds": 10_000,
    "datetimefromunixmicroseconds": 10,
    "datetimefromunixnanoseconds": 0.01,
}
"""Ticks in one unit of a Unix time."""


def by_default(kind: str, columns: Sequence[Column]) -> list[Pick]:
    """How each column is read without a mapping."""
    if kind == "csv":
        return [_field(place) for place in range(len(columns))]
    return [_path(f"$['{_quoted(column.name)}']") for column in columns]


def by_mapping(kind: str, text: str, columns: Sequence[Column]) -> list[Pick]:
    """How each column is read by the mapping `text`; a column that it leaves out is null. KustoError 400 if
    it cannot be used.
    """
    picks: dict[str, Pick] = {}
    known = {column.name for column in columns}
    for element in _elements(text):
        name = element.get("column") or element.get("name")
        if not isinstance(name, str) or name not in known:
            raise _invalid(f"it names the column {name!r:.100}, which the table does not have")
        try:
            picks[name] = _pick(kind, element)
        except ValueError as error:
            raise _invalid(f"column '{name}': {error}") from error
    return [picks.get(column.name, _nothing) for column in columns]


def _elements(text: str) -> list[dict[str, Any]]:
    if len(text) > MAPPING_CHARACTERS_MAX:
        raise _invalid(f"it has more than {MAPPING_CHARACTERS_MAX} characters")
    shape = list[dict[str, Any]]
    try:
        elements = msgspec.json.decode(text, type=shape)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise _invalid(f"it is not a JSON array of objects: {json_fault(error, shape)}") from error
    return [_flat(element) for element in elements]


def _flat(element: Mapping[str, Any]) -> dict[str, Any]:
    members = {name.lower(): value for name, value in element.items()}
    properties = members.pop("properties", None)
    if isinstance(properties, dict):
        members |= {name.lower(): value for name, value in properties.items()}
    return {name: value for name, value in members.items() if value is not None}


def _pick(kind: str, element: Mapping[str, Any]) -> Pick:
    constant = element.get("constvalue", element.get("constantvalue"))
    if constant is not None:
        return lambda _, __: constant
    pick = _source(kind, element)
    return _transformed(pick, str(element.get("transform", "")).lower())


def _source(kind: str, element: Mapping[str, Any]) -> Pick:
    if kind == "csv" and "ordinal" in element:
        return _field(_ordinal(element["ordinal"]))
    if kind == "json" and "path" in element:
        path = str(element["path"])
        return _path(path) if path.startswith("$") else lambda _, __: path
    if str(element.get("transform", "")).lower() in {"sourcelinenumber", "sourcelocation"}:
        return _nothing
    raise ValueError("it needs an Ordinal" if kind == "csv" else "it needs a Path")


def _transformed(pick: Pick, transform: str) -> Pick:
    if transform == "sourcelinenumber":
        return lambda _, number: number
    if transform in {"", "none", "sourcelocation"}:
        return pick
    if transform == "propertybagarraytodictionary":
        return lambda record, number: _dictionary(pick(record, number))
    if transform in _TRANSFORMED_UNITS:
        unit = _TRANSFORMED_UNITS[transform]
        return lambda record, number: _unix_time(pick(record, number), unit)
    raise ValueError(f"the transformation {transform!r:.50} is not known here")


def _ordinal(value: Any) -> int:
    """A number, or the text of one, as the service writes it."""
    text = str(value).strip()
    if isinstance(value, bool) or not _ORDINAL.fullmatch(text):
        raise ValueError(f"the Ordinal {text!r:.50} is no number that counts from 0")
    return int(text)


def _field(place: int) -> Pick:
    return lambda record, _: record[place] if place < len(record) else None


def _path(text: str) -> Pick:
    path = parse_path(text)
    return lambda record, _: follow(path, record)


def _nothing(_: Any, __: int) -> None:
    return None


def _dictionary(value: Any) -> Any:
    """`[{"key": "a", "value": 1}, …]` as `{"a": 1, …}`."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and "key" in item for item in value):
        return value
    return {str(item["key"]): item.get("value") for item in value}


def _unix_time(value: Any, ticks: float) -> str | None:
    """A number of units since 1970, or the text of one, as the text of a datetime."""
    try:
        number = cell_from_text(KqlType.REAL, value) if isinstance(value, str) else value
        return to_text(KqlType.DATETIME, int(number * ticks)) if isinstance(number, int | float) else None
    except (ValueError, OverflowError):
        return None


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def _invalid(why: str) -> KustoError:
    return bad_ingestion(
        "InvalidMapping", "MappingNotValidException", f"The ingestion mapping is invalid: {why}"
    )
