"""Data in a format, record by record.

    csv tsv scsv sohsv psv   RFC 4180 with another delimiter: a record is its fields
    tsve                     tabs between fields, \\t \\n \\\\ inside them
    txt                      a line is a record with one field
    raw                      the whole is a record with one field
    json                     JSON Lines: a line is a record; one that is malformed is left out
    singlejson               the whole is a record
    multijson                objects one after the other, or one array of them

Other formats of the service are refused by name.
https://learn.microsoft.com/azure/data-explorer/ingestion-supported-formats
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

from gatelog.api.json_faults import json_fault
from gatelog.api.kusto.faults import bad_ingestion
from gatelog.api.kusto.ingest.loose_json import strict_json

FIELD_CHARACTERS_MAX = 16 * 2**20
"""Length of one field of delimited data."""

csv.field_size_limit(FIELD_CHARACTERS_MAX)  # the csv module has one limit for the process, 128 KiB by default

_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}

NUMBER_DIGITS_MAX = 4_000
"""Of a whole number in JSON: with twice as many it takes four times as long to read."""

Reader = Callable[[str], Iterator[Any]]


class MalformedDataError(Exception):
    """The data is not of its format; the text says where and why."""


class IgnoredRecord(NamedTuple):
    """What stands in place of a record that is left out as the service leaves it out, and why."""

    reason: str


class WrittenNumber(float):
    """A number of JSON with a fraction or an exponent, and how it was written: a decimal has more digits than
    a float.
    """

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        """The number that `text` writes."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


class Format(NamedTuple):
    """A format: which kind of mapping it takes, and how its records are read. A record is a list of texts
    where the kind is csv, a JSON value where it is json, or an IgnoredRecord.
    """

    name: str
    mapping_kind: str
    read: Reader


def find_format(name: str) -> Format:
    """The format called `name`, in any case. KustoError 400 if it is not read here."""
    found = FORMATS.get(name.lower())
    if found is None:
        known = ", ".join(FORMATS)
        message = f"The format '{name:.50}' is not supported; supported are {known}"
        raise bad_ingestion("FormatNotSupported", "FormatNotSupportedException", message)
    return found


def _delimited(delimiter: str) -> Reader:
    def read(text: str) -> Iterator[Any]:
        width = None
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            for record in reader:
                if record:
                    width = _same_width(record, width, reader.line_num)
                    yield record
        except csv.Error as error:
            raise MalformedDataError(f"line {reader.line_num}: {error}") from error

    return read


def _escaped_tabs(text: str) -> Iterator[Any]:
    width = None
    for number, line in enumerate(_split(text), start=1):
        if line:
            record = [_unescaped(field) for field in line.split("\t")]
            width = _same_width(record, width, number)
            yield record


def _same_width(record: list[str], width: int | None, line: int) -> int:
    """As in the service: records of different widths are no table."""
    if width is not None and len(record) != width:
        raise MalformedDataError(
            f"line {line}: the record has {len(record)} fields, the ones before it have {width} "
            "(Stream_WrongNumberOfFields)"
        )
    return len(record)


def _unescaped(field: str) -> str:
    parts = (
        part.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r") for part in field.split("\\\\")
    )
    return "\\".join(parts)


def _lines(text: str) -> Iterator[Any]:
    return ([line] for line in _split(text) if line)


def _split(text: str) -> list[str]:
    """Lines as files have them: the separators of paragraphs that Unicode has besides are characters."""
    return text.replace("\r\n", "\n").split("\n")


def _whole(text: str) -> Iterator[Any]:
    yield [text]


def _json_lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _object(_read_line(line), "")
            except (MalformedDataError, ValueError, RecursionError) as error:
                yield IgnoredRecord(f"line {number}: {_said(error)}")


def _loaded(text: str) -> Any:
    return json.loads(text, parse_float=WrittenNumber, parse_int=_whole_number)


def _whole_number(text: str) -> int:
    if len(text) > NUMBER_DIGITS_MAX:
        raise MalformedDataError(f"a number has {len(text)} digits, and at most {NUMBER_DIGITS_MAX} are read")
    return int(text)


def _read_line(line: str) -> Any:
    try:
        return _loaded(line)
    except ValueError:
        return _loaded(strict_json(line))


def _single_json(text: str) -> Iterator[Any]:
    if text.strip():
        try:
            value = _loaded(text)
        except (MalformedDataError, ValueError, RecursionError) as error:
            raise MalformedDataError(f"{_said(error)} (BadRequest_InvalidBlob)") from error
        yield _object(value, "")


def _multi_json(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(parse_float=WrittenNumber, parse_int=_whole_number)
    place = _next_value(text, 0)
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (MalformedDataError, ValueError, RecursionError) as error:
            raise MalformedDataError(f"character {place}: {_said(error)} (BadRequest_InvalidBlob)") from error
        for record in value if isinstance(value, list) else [value]:
            yield _object(record, f"before character {place}: ")
        place = _next_value(text, place)


def _said(error: Exception) -> str:
    return json_fault(error) if isinstance(error, json.JSONDecodeError | RecursionError) else str(error)


def _next_value(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def _object(value: Any, where: str) -> Any:
    """A record as it is; an array or a single value has no fields, and would be a row of nulls."""
    if not isinstance(value, dict):
        raise MalformedDataError(
            f"{where}a record is an object, and this is none; an array of objects has the format multijson"
        )
    return value


FORMATS = {
    known.name: known
    for known in (
        Format("csv", "csv", _delimited(",")),
        Format("tsv", "csv", _delimited("\t")),
        Format("scsv", "csv", _delimited(";")),
        Format("sohsv", "csv", _delimited("\x01")),
        Format("psv", "csv", _delimited("|")),
        Format("tsve", "csv", _escaped_tabs),
        Format("txt", "csv", _lines),
        Format("raw", "csv", _whole),
        Format("json", "json", _json_lines),
        Format("singlejson", "json", _single_json),
        Format("multijson", "json", _multi_json),
    )
}
"""By their names in lower case."""
