"""The answer of a compiled query with types that file formats know, instead of ticks and texts.

datetime   DateTime64(7, 'UTC')     Arrow and Parquet: timestamp in ns, UTC
timespan   IntervalNanosecond       Arrow: duration in ns; Parquet has none: Int64 in ns
decimal    Decimal(38, 18)          as Spark has it; readers seldom know more than 128 bits. Rounded to it
others     as they are              UUID; dynamic: JSON text

A value that has no place in these types ends the statement with an error of the engine.
"""

from __future__ import annotations

from gatelog.kql.compile import Compiled
from gatelog.kql.types import KqlType

_NANOSECONDS = "accurateCast(toInt128({0}) * 100, 'Nullable(Int64)')"
_CONVERSIONS = {
    KqlType.DATETIME: "reinterpret({0}, 'DateTime64(7, ''UTC'')')",
    KqlType.TIMESPAN: f"toIntervalNanosecond({_NANOSECONDS})",
    # By way of the text: between decimals the engine looks at the 128 bits only, not at the 38 digits.
    KqlType.DECIMAL: "if(isNull({0}), NULL, toDecimal128(toString(round(assumeNotNull({0}), 18)), 18))",
}


def exported(compiled: Compiled, *, durations: bool) -> str:
    """The SQL of the same answer under the names of its columns; without `durations` timespans are numbers.

    In between the columns have numbers, because a new name may be the old name of another column.
    """
    mark = "#"
    while any(column.name.startswith(mark) for column in compiled.columns):
        mark += "#"
    inner = ", ".join(f"`{mark}{place}`" for place in range(len(compiled.columns)))
    outer = ", ".join(
        f"{_converted(f'`{mark}{place}`', column.type, durations)} AS {_quoted(column.name)}"
        for place, column in enumerate(compiled.columns)
    )
    return f"SELECT {outer} FROM ({compiled.sql}) AS answer ({inner})"  # noqa: S608 - the compiler's own


def _converted(column: str, kind: KqlType, durations: bool) -> str:
    if kind is KqlType.TIMESPAN and not durations:
        return _NANOSECONDS.format(column)
    return _CONVERSIONS.get(kind, "{0}").format(column)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
