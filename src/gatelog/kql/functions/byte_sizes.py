"""format_bytes: a number of bytes as people read it, in units of 1,024."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, constant_string, finished
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import string_term

LONG, REAL, STRING = KqlType.LONG, KqlType.REAL, KqlType.STRING

_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")
_LARGEST_FITTING = "toInt64(least(if(abs(size) < 1024, 0, floor(log2(abs(size)) / 10)), last))"
_TEXT = """
concat(
    toString(floor(size / exp2(10 * power) * exp10(digits) + toFloat64('0.5')) / exp10(digits)),
    ' ', arrayElement(units, power + 1)
)
"""


_POWER_OF_ROW = "if(unit = '', largest, nullIf(toInt64(indexOf(units, unit)), 0) - 1)"


def _format_bytes(arguments: Sequence[Term]) -> Term:
    """`format_bytes(size [, digits [, unit]])`: digits behind the point, by default 0; without a unit, or
    with an empty one, the largest that the size fills. Empty for a unit of a row that there is not."""
    size = accept(arguments[0], REAL)
    digits = accept(arguments[1], LONG).sql if len(arguments) > 1 else sql.literal(0)
    unit = accept(arguments[2], STRING) if len(arguments) > 2 else string_term("")
    units = sql.array([sql.literal(name) for name in _UNITS])

    def text(value: Sql) -> Sql:
        largest = formula(_LARGEST_FITTING, size=value, last=len(_UNITS) - 1)
        power = _power(unit, units, largest)
        return formula(_TEXT, size=value, digits=digits, power=power, units=units)

    return finished(STRING, sql.with_value(size.sql, "size", text), arguments, may_fail=unit.constant is None)


def _power(unit: Term, units: Sql, largest: Sql) -> Sql:
    """The place of the unit, from 0."""
    if unit.constant is None:
        return formula(_POWER_OF_ROW, unit=unit.sql, units=units, largest=largest)
    name = constant_string(unit, "the unit of format_bytes()")
    if name and name not in _UNITS:
        raise Misfit(f"format_bytes() knows no unit '{name}'", f"use {', '.join(_UNITS)}")
    return sql.call("toInt64", _UNITS.index(name)) if name else largest


BYTE_SIZES: tuple[Function, ...] = (Function("format_bytes", 1, 3, _format_bytes, Naming.FIRST),)
"""The rows of this table."""
