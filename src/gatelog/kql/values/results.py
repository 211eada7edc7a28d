"""What the engine returns, as JSON, as text and as Python values.

The outermost SELECT of a compiled query hands values over in forms that lose nothing on the way:

    datetime   Int64, ticks of 100 ns since 1970        (a Python datetime has microseconds)
    timespan   Int64, ticks of 100 ns
    dynamic    String, JSON text
    others     as the driver gives them: bool, int, float, Decimal, str, UUID
"""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from gatelog.kql.types import KqlType

JsonValue: TypeAlias = "bool | int | float | str | list[Any] | dict[str, Any] | None"

_SECOND = 10_000_000
_DAY = 86_400 * _SECOND
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cell_to_json(kql_type: KqlType, value: Any) -> JsonValue:
    """A cell for a JSON document: datetimes and timespans as Kusto prints them, NaN as "NaN".

    A decimal becomes a number: exact when it is whole, to 17 digits otherwise (`to_text` gives all digits).
    """
    if value is None:
        return None
    match kql_type:
        case KqlType.BOOL:
            return bool(value)
        case KqlType.DATETIME:
            return datetime_to_text(value)
        case KqlType.TIMESPAN:
            return timespan_to_text(value)
        case KqlType.REAL:
            return float(value) if math.isfinite(value) else _not_finite(value)
        case KqlType.DECIMAL:
            return int(value) if value == value.to_integral_value() else float(value)
        case KqlType.GUID:
            return str(value)
        case KqlType.DYNAMIC:
            return _parse_dynamic(value)
        case _:
            return value  # type: ignore[no-any-return]  # int, long and string are themselves


def to_text(kql_type: KqlType, value: Any) -> str:
    """A cell for a table or a CSV file; null is empty."""
    if value is None:
        return ""
    if kql_type is KqlType.DYNAMIC:
        parsed = _parse_dynamic(value)
        return parsed if isinstance(parsed, str) else str(value)
    if kql_type is KqlType.DECIMAL:
        return decimal_to_text(value)
    cell = cell_to_json(kql_type, value)
    return str(cell).lower() if kql_type is KqlType.BOOL else str(cell)


def to_python(kql_type: KqlType, value: Any) -> Any:
    """A cell as a Python value: datetime (UTC) and timedelta to the microsecond, Decimal, UUID; JSON
    parsed."""
    if value is None:
        return None
    match kql_type:
        case KqlType.BOOL:
            return bool(value)
        case KqlType.DATETIME:
            return _EPOCH + timedelta(microseconds=value // 10)
        case KqlType.TIMESPAN:
            return timedelta(microseconds=value // 10)
        case KqlType.DECIMAL:
            return Decimal(decimal_to_text(value))
        case KqlType.DYNAMIC:
            return _parse_dynamic(value)
        case _:
            return value


def datetime_to_text(ticks: int) -> str:
    """`2024-01-31T10:00:00.0000000Z` for ticks since 1970."""
    days, rest = divmod(ticks, _DAY)
    seconds, fraction = divmod(rest, _SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    day = date.fromordinal(_EPOCH_DAY + days).isoformat()
    return f"{day}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z"


def timespan_to_text(ticks: int) -> str:
    """`[-][d.]hh:mm:ss[.fffffff]`."""
    days, rest = divmod(abs(ticks), _DAY)
    seconds, fraction = divmod(rest, _SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign, day = "-" if ticks < 0 else "", f"{days}." if days else ""
    return f"{sign}{day}{hour:02}:{minute:02}:{second:02}" + (f".{fraction:07}" if fraction else "")


def decimal_to_text(value: Decimal) -> str:
    """Plain digits without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _parse_dynamic(value: str) -> JsonValue:
    try:
        return json.loads(value)  # type: ignore[no-any-return]  # whatever the JSON holds
    except (ValueError, RecursionError):  # what is stored may be no JSON, or nested deeper than is read
        return value
