"""Request properties: what a client may set beside the text of its query.

https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/request-properties

Honoured are those below; all others are taken and change nothing here, as the service does with names that
it does not know.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from gatelog.api.kusto.faults import bad_request
from gatelog.api.set_statements import SetByQuery
from gatelog.errors import KqlSyntaxError
from gatelog.kql import KqlType, LiteralParser, ast, cell_from_text, to_python

RECORDS_MAX = 500_000
"""Records of an answer when the request sets nothing: the service's own limit."""

BYTES_MAX = 64 * 2**20
"""Bytes of an answer when the request sets nothing: the service's own limit."""


_LANGUAGE_SETTINGS = ("query_bin_auto_size", "query_bin_auto_at")
"""Properties that functions of the language read."""


class Placement(enum.Enum):
    """Where an answer of version 2 says that it broke off; the value is the header's spelling."""

    IN_DATA = "InData"
    END_OF_TABLE = "EndOfTable"
    END_OF_DATASET = "EndOfDataset"


class Options(NamedTuple):
    """The properties of one request. Times are UTC."""

    timeout: timedelta | None = None
    truncates: bool = True
    records: int = RECORDS_MAX
    bytes: int = BYTES_MAX
    take: int | None = None
    now: datetime | None = None
    scope: tuple[datetime | None, datetime | None] | None = None
    progressive: bool = False
    fragmented: bool = False
    newlines: bool = False
    placement: Placement = Placement.IN_DATA
    defer_failures: bool = False
    read_only: bool = False
    only_permissions: bool = False
    only_schema: bool = False
    application: str = ""
    settings: Mapping[str, ast.Literal] = MappingProxyType({})

    def changed_by(self, given: SetByQuery) -> Options:
        """The same where the query sets nothing else: it wins."""
        changes: dict[str, Any] = {
            "truncates": None if given.complete is None else not given.complete,
            "records": given.records,
            "bytes": given.bytes,
            "take": given.take,
            "defer_failures": given.defer_failures,
        }
        return self._replace(**{name: value for name, value in changes.items() if value is not None})


class _Bag:
    """The properties as they came; names in any case, with or without the underscores of a second
    spelling.
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._values = {name.lower(): value for name, value in properties.items() if value is not None}

    def flag(self, *names: str) -> bool:
        """Whether one of the spellings of a property is set to true."""
        return any(self._read(name, _flag) for name in names)

    def get(self, *names: str, read: Callable[[Any], Any]) -> Any:
        """The value of the first spelling that is set, or None. KustoError 400 if it cannot be read."""
        found = (self._read(name, read) for name in names)
        return next((value for value in found if value is not None), None)

    def _read(self, name: str, read: Callable[[Any], Any]) -> Any:
        if name not in self._values:
            return None
        value = read(self._values[name])
        if value is None:
            raise bad_request(f"the request property {name} cannot be {self._values[name]!r:.100}")
        return value


def read_options(properties: Mapping[str, Any]) -> Options:
    """The options in the `Options` of a request. KustoError 400 names the first that cannot be read."""
    bag = _Bag(properties)
    language = bag.get("query_language", read=_text) or "kql"
    if language.lower() not in {"csl", "kql"}:
        raise bad_request(f"the query language {language!r:.100} is not spoken here: csl and kql are")
    records = bag.get("truncationmaxrecords", "truncation_max_records", read=_count)
    size = bag.get("truncationmaxsize", "truncation_max_size", read=_count)
    progressive = bag.flag("results_progressive_enabled")
    return Options(
        timeout=None if bag.flag("norequesttimeout") else bag.get("servertimeout", read=_timespan),
        truncates=not bag.flag("notruncation"),
        records=RECORDS_MAX if records is None else records,
        bytes=BYTES_MAX if size is None else size,
        take=bag.get("query_take_max_records", read=_count),
        now=bag.get("query_now", read=_datetime),
        scope=_scope(bag),
        progressive=progressive,
        fragmented=progressive or bag.flag("results_v2_fragment_primary_tables"),
        newlines=bag.flag("results_v2_newlines_between_frames"),
        placement=bag.get("results_error_reporting_placement", read=_placement) or Placement.IN_DATA,
        defer_failures=bag.flag("deferpartialqueryfailures"),
        read_only=bag.flag("request_readonly", "request_readonly_hardline"),
        only_permissions=bag.flag("validatepermissions"),
        only_schema=bag.flag("query_results_apply_getschema"),
        application=bag.get("request_app_name", read=_text) or "",
        settings=_settings(bag),
    )


def _settings(bag: _Bag) -> Mapping[str, ast.Literal]:
    given = {name: bag.get(name, read=_literal) for name in _LANGUAGE_SETTINGS}
    return {name: value for name, value in given.items() if value is not None}


def _scope(bag: _Bag) -> tuple[datetime | None, datetime | None] | None:
    start = bag.get("query_datetimescope_from", read=_datetime)
    end = bag.get("query_datetimescope_to", read=_datetime)
    column = bag.get("query_datetimescope_column", read=_text)
    if start is None and end is None:
        return None
    if column not in {None, "TimeGenerated"}:
        raise bad_request(f"query_datetimescope_column can be TimeGenerated here, not {column!r:.100}")
    return start, end


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, bool | int) else None


def _count(value: Any) -> int | None:
    number = cell_from_text(KqlType.LONG, str(value)) if isinstance(value, str | int) else None
    return number if isinstance(number, int) and number >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _timespan(value: Any) -> timedelta | None:
    """Text, also as the literal `time(…)` or `timespan(…)`."""
    if not isinstance(value, str):
        return None
    ticks = cell_from_text(KqlType.TIMESPAN, _inside(value, "time", "timespan"))
    return to_python(KqlType.TIMESPAN, ticks) if ticks is not None and ticks > 0 else None


def _datetime(value: Any) -> datetime | None:
    """Text, also as the literal `datetime(…)`."""
    if not isinstance(value, str):
        return None
    ticks = cell_from_text(KqlType.DATETIME, _inside(value, "datetime"))
    return None if ticks is None else to_python(KqlType.DATETIME, ticks)


def _literal(value: Any) -> ast.Literal | None:
    """A number, or the text of a literal: `1h`, `datetime(2026-01-31)`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        parser = LiteralParser(str(value))
        found = parser.signed_literal()
    except KqlSyntaxError:
        return None
    if not isinstance(found, ast.Literal) or parser.token.kind != "end":
        return None
    return ast.Literal(ast.Span(0, 0), found.type, found.value)


def _inside(text: str, *names: str) -> str:
    """What a literal of one of these names has in its parentheses, or the text as it is."""
    name, _, rest = text.partition("(")
    return rest[:-1].strip() if name in names and rest.endswith(")") else text.strip()


def _placement(value: Any) -> Placement | None:
    if not isinstance(value, str):
        return None
    names = {"in_data": Placement.IN_DATA, "end_of_table": Placement.END_OF_TABLE}
    names["end_of_dataset"] = Placement.END_OF_DATASET
    return names.get(value.lower())
