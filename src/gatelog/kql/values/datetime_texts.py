"""Texts that are dates, with a time or without: the shapes that Kusto reads."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.values.integers import BLANKS

_NO_TIME = r"^\s*0000|:[6-9]\d|[T ](?:2[4-9]|[3-9]\d):"
"""A year 0, where ClickHouse reads the current one; hours from 24, minutes and seconds from 60, which it adds
to what is before them."""

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?:\D.*)?"
_WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[A-Za-z]*,?"
_DATE_SHAPE = (
    r"^\s*("
    rf"\d{{4}}-\d{{1,2}}(-\d{{1,2}})?([T ]\s*{_CLOCK})?"  # 2024-01-31, 2024-01-31T10:00:00Z
    r"|\d{4}/\d{1,2}/\d{1,2}.*"  # 2024/01/31
    r"|\d{8}"  # 20240131
    rf"|{_WEEKDAY}\d{{1,2}}[\s-]*{_MONTH}[\s-]*\d{{4}}(?:\D.*)?"  # Wed, 31 Jan 2024 10:00:00 GMT
    rf"|{_WEEKDAY}{_MONTH}\s+\d{{1,2}},?\s+(?:{_CLOCK}\s+)?\d{{4}}(?:\D.*)?"  # Wed Jan 31 10:00:00 2024
    rf"|{_MONTH}\s+\d{{4}}"  # Jan 2024
    r")\s*$"
)
_SHORT_YEAR_SHAPE = (  # RFC 822 and RFC 850: Sat, 8 Nov 14 15:05:02 GMT, Saturday, 08-Nov-14 15:05
    r"^\s*(?:[A-Za-z]+,\s*)?(\d{1,2})[ -]([A-Za-z]{3})[ -](%s)\s+(\d{1,2}:\d{2}(?::\d{2})?(?:\s+GMT)?)\s*$"
)
_US_DATE_SHAPE = rf"^\s*(?:0?[1-9]|1[0-2])[-/]\d{{1,2}}[-/]\d{{4}}(?:\s+{_CLOCK})?\s*$"
"""The month first: ClickHouse turns to the day where it is none."""


def _parsed_datetime(text: Sql) -> Sql:
    count = ticks.since_1970(_read(text))
    return ticks.from_1970(ticks.in_range(count), nullable=True)  # its zone may lead out of it


def _read(text: Sql) -> Sql:
    bare = sql.call("trimBoth", text, BLANKS)
    return sql.call(
        "multiIf",
        sql.call("match", text, _NO_TIME), sql.null(),
        sql.call("match", text, _DATE_SHAPE), sql.call("parseDateTime64BestEffortOrNull", bare, 7, "UTC"),
        sql.call("match", text, _US_DATE_SHAPE),
        sql.call("parseDateTime64BestEffortUSOrNull", bare, 7, "UTC"),
        sql.call("match", text, _SHORT_YEAR_SHAPE % r"\d{2}"),
        sql.call("parseDateTime64BestEffortOrNull", _with_century(text), 7, "UTC"),
        sql.null(),
    )  # fmt: skip  # pairs of condition and value


def _with_century(text: Sql) -> Sql:
    """A date with two digits for its year, with four: 00 to 49 are of this century (RFC 2822, 4.3)."""
    for century, years in (("20", r"[0-4]\d"), ("19", r"[5-9]\d")):
        text = sql.call("replaceRegexpOne", text, _SHORT_YEAR_SHAPE % years, rf"\1 \2 {century}\3 \4")
    return text


datetime_from_text = once("text", _parsed_datetime)
"""The datetime of a text; NULL for one of no such shape, and outside of the years 1 to 9999."""
