"""The conversion functions: tostring, tolong and the rest."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.functions.row import Function, Naming, cast
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values.literals import literal_term

_LEAST = {KqlType.INT: -(2**31), KqlType.LONG: -(2**63)}

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
        known = _folded(arguments[0], target)
        return known if known is not None else cast(name, arguments[0], target)

    return Function(name, 1, 1, build, Naming.FIRST)


def _folded(term: Term, target: KqlType) -> Term | None:
    """A constant integer as another, which wraps."""
    value = term.constant.value if term.constant is not None else None
    if target not in _LEAST or term.type not in INTEGERS or not isinstance(value, int):
        return None
    least = _LEAST[target]
    return literal_term(target, (value - least) % (-2 * least) + least)


CASTS: tuple[Function, ...] = tuple(_cast(name, target) for name, target in _NAMES.items())
"""The rows of this table."""
