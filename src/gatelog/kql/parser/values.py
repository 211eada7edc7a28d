"""The text of a literal to its value.

Datetimes and timespans are integers: ticks of 100 ns, since 0001-01-01 UTC and of length. Digits are 0 to 9:
Python's `\\d` and int() take those of all scripts, KQL does not.
https://learn.microsoft.com/azure/data-explorer/kusto/query/scalar-data-types/
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from gatelog.kql.text.diagnostics import syntax_error
from gatelog.kql.text.tokenizer import TIMESPAN_UNITS
from gatelog.kql.text.tokens import Token
from gatelog.kql.types import DECIMAL_DIGITS, DECIMAL_SCALE

TICKS_PER_SECOND: Final = 10_000_000
TICKS_PER_DAY: Final = 86_400 * TICKS_PER_SECOND
LAST_TICK: Final = date.max.toordinal() * TICKS_PER_DAY - 1

_INTEGER_BITS: Final = {"int": 32, "long": 64}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INTEGER: Final = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL_REAL: Final = re.compile(r"nan|[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_GUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}(-?)(?:[0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}\}?")
_CLOCK: Final = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?"
)
_TIME_OF_DAY: Final = re.compile(_CLOCK)
_DATETIME: Final = re.compile(
    r"(?:(?P<y1>[0-9]{4})(?:\s*[-/.,]\s*(?P<m1>[0-9]{1,2})(?:\s*[-/.,]\s*(?P<d1>[0-9]{1,2}))?)?"
    r"|(?P<m2>[0-9]{1,2})(?P<by>[-/])(?P<d2>[0-9]{1,2})(?P=by)(?P<y2>[0-9]{4})"
    r"|(?:[A-Za-z]{3,9},?\s+)?(?P<d3>[0-9]{1,2})[-\s](?P<m3>[A-Za-z]{3,9})[-\s](?P<y3>[0-9]{4}|[0-9]{2}))"
    rf"(?:(?:\s+|T){_CLOCK}\s*(?P<zone>Z|GMT|UTC|[+-][0-9]{{2}}:?[0-9]{{2}})?|Z)?",
)
_TIMESPAN: Final = re.compile(
    r"(?P<sign>-?)(?:(?P<days>[0-9]+)(?:\.|:(?=[0-9]+:[0-9]+:)))?"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,7}))?)?"
)
_UNIT_TIMESPAN: Final = re.compile(r"(-?)\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)")
_ESCAPE: Final = re.compile(
    r"\\(?:([\\\"'abfnrtv])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{1,3})|)", re.DOTALL
)
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def string_value(query: str, token: Token) -> str:
    """The characters that a string token stands for; KqlSyntaxError for an escape that KQL does not have."""
    body = token.text.lstrip("hH")
    if body[0] == "@":
        quote = body[1]
        value = body[2:-1].replace(quote + quote, quote)
    elif body[0] in "`~":
        value = body[3:-3]
    else:
        value = body[1:-1]
        if "\\" in value:
            value = _ESCAPE.sub(lambda match: _unescape(query, token, match), value)
    return value if value.isascii() else _joined_surrogates(query, token, value)


def _unescape(query: str, token: Token, match: re.Match[str]) -> str:
    simple, short, long, byte, octal = match.groups()
    if simple:
        return _ESCAPES.get(simple, simple)
    code = int(octal, 8) if octal else int(short or long or byte or "-1", 16)
    if not 0 <= code <= 0x10FFFF:
        hint = 'a backslash is written \\\\, or the string is written verbatim: @"..."'
        raise syntax_error(query, token.start, "the string has an escape that KQL does not know", hint)
    return chr(code)


def _joined_surrogates(query: str, token: Token, value: str) -> str:
    """`\\ud83d\\ude00` is one character; half of one is none."""
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise syntax_error(query, token.start, "the string has half of a surrogate pair") from None


_BARE_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|\s*,\s*([0-9]{1,2})(?:\s*,\s*([0-9]{1,2}))?)")
"""`20250614`, `2025, 6` and `2025, 6, 14`."""


def long_value(text: str) -> int | None:
    """An unsigned number, or 0x and the bits of a long; None when it needs more than those."""
    return _bounded_integer(text, 64)


def timespan_value(text: str) -> int | None:
    """Ticks of `1d`, `-2.5h`, `[-][d.]hh:mm[:ss[.fffffff]]`, or a whole number of days; else None."""
    if match := _TIMESPAN.fullmatch(text):
        seconds = _seconds_of_day(match)
        if seconds is None:
            return None
        ticks = (
            int(match["days"] or 0) * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + _ticks(match["fraction"])
        )
        return _bounded_ticks(-ticks if match["sign"] else ticks)
    if match := _UNIT_TIMESPAN.fullmatch(text):
        sign, number, unit = match.groups()
        if unit not in TIMESPAN_UNITS and (unit or "." in number):
            return None
        ticks = int(Decimal(number) * TIMESPAN_UNITS[unit or "d"] / 100)
        return _bounded_ticks(-ticks if sign else ticks)
    return None


def datetime_value(text: str) -> int | None:
    """Ticks of a date with or without a time; None when the text is none.

    Understands ISO 8601 with its parts missing from the right (year, month, day, time), month/day/year, and
    day month-name year (RFC 822, RFC 850); also a date of eight digits, and one of numbers between commas.
    Without a zone it is UTC.
    """
    if match := _BARE_DATE.fullmatch(text):
        text = "-".join(number.zfill(2) for number in match.groups() if number)
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    try:
        days = _calendar_day(match).toordinal() - 1
    except ValueError:
        return None
    seconds = _seconds_of_day(match) if match["hour"] else 0
    if seconds is None:
        return None
    ticks = days * TICKS_PER_DAY + (seconds - _zone_seconds(match["zone"])) * TICKS_PER_SECOND
    ticks += _ticks(match["fraction"])
    return ticks if 0 <= ticks <= LAST_TICK else None


def time_of_day_value(text: str) -> int | None:
    """Ticks since midnight of `8:30`, `8:30:15.5` or `8:30 PM`; None when the text is none."""
    match = _TIME_OF_DAY.fullmatch(text)
    seconds = _seconds_of_day(match) if match else None
    return (
        None if match is None or seconds is None else seconds * TICKS_PER_SECOND + _ticks(match["fraction"])
    )


def typed_value(kind: str, text: str) -> bool | int | float | Decimal | UUID | None:
    """The value of `kind(text)` for a canonical type name; None when the text is none of that type."""
    match kind:
        case "bool":
            return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
        case "int" | "long":
            return _bounded_integer(text, _INTEGER_BITS[kind])
        case "real":
            return float(text) if _NUMBER.fullmatch(text) or _SPECIAL_REAL.fullmatch(text) else None
        case "decimal":
            return _bounded_decimal(text) if _NUMBER.fullmatch(text) else None
        case "guid":
            return UUID(text) if _GUID.fullmatch(text) else None
        case "timespan":
            return timespan_value(text)
    return datetime_value(text)


def _bounded_integer(text: str, bits: int) -> int | None:
    """Hexadecimal digits without a sign are the bits: `0xffffffff` as an int is -1."""
    if not _INTEGER.fullmatch(text) or len(text) > bits:
        return None
    is_hexadecimal = "x" in text.lower()
    value = int(text, 16 if is_hexadecimal else 10)
    if is_hexadecimal and 1 << (bits - 1) <= value < 1 << bits:
        return value - (1 << bits)
    return value if -(1 << (bits - 1)) <= value < 1 << (bits - 1) else None


def _bounded_decimal(text: str) -> Decimal | None:
    """A few characters can have an exponent that takes gigabytes to write out."""
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent of 19 digits or more
        return None
    if not value or value.adjusted() < -DECIMAL_SCALE:
        return Decimal(0)
    return value if value.adjusted() < DECIMAL_DIGITS else None


def _bounded_ticks(ticks: int) -> int | None:
    return ticks if -(1 << 63) <= ticks < 1 << 63 else None


def _ticks(fraction: str | None) -> int:
    return int((fraction or "")[:7].ljust(7, "0"))


def _seconds_of_day(match: re.Match[str]) -> int | None:
    groups = match.groupdict()
    hour, minute, second = int(groups["hour"]), int(groups["minute"]), int(groups["second"] or 0)
    if half := groups.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None


def _calendar_day(match: re.Match[str]) -> date:
    if match["y1"]:
        return date(int(match["y1"]), int(match["m1"] or 1), int(match["d1"] or 1))
    if match["y2"]:
        return date(int(match["y2"]), int(match["m2"]), int(match["d2"]))
    return date(_full_year(match["y3"]), _MONTHS.index(match["m3"][:3].lower()) + 1, int(match["d3"]))


def _full_year(digits: str) -> int:
    """A year; of two digits, 00 to 49 are of this century (RFC 2822, 4.3)."""
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < 50 else 1900)


def _zone_seconds(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
