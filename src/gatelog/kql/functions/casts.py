"""The conversion functions: tostring, tolong and the rest."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.functions.row import Function, Naming, cast
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

_NAMES = {
    "tostring": KqlType.STRING,
    "toint": KqlType.INT,
    "tolong": KqlType.LONG,
    "toreal": KqlType.REAL,
    "todouble": KqlType.REAL,
    "todecimal": KqlType.DECIMAL,
    "tobool": KqlType.BOOL,
    "toboolean": KqlType.BOOL,
    "todatetime": KqlType.DATETIME,
    "totimespan": KqlType.TIMESPAN,
    "totime": KqlType.TIMESPAN,
    "toguid": KqlType.GUID,
}


def _cast(name: str, target: KqlType) -> Function:
    def build(arguments: Sequence[Term]) -> Term:
        return cast(name, arguments[0], target)

    return Function(name, 1, 1, build, Naming.FIRST)


CASTS: tuple[Function, ...] = tuple(_cast(name, target) for name, target in _NAMES.items())
"""The rows of this table."""
