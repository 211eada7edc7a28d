"""Functions on numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, Naming, accept, aliases, finished, simple
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import DECIMAL_SCALE, INTEGERS, KqlType, common_type
from gatelog.kql.values.conversions import convert

LONG, REAL, BOOL, STRING = KqlType.LONG, KqlType.REAL, KqlType.BOOL, KqlType.STRING
DECIMAL, TIMESPAN, DYNAMIC = KqlType.DECIMAL, KqlType.TIMESPAN, KqlType.DYNAMIC
NUMBER = Anything.NUMBER


def _real(name: str, function: str, naming: Naming = Naming.FIRST) -> Function:
    return simple(name, [REAL], REAL, lambda value: sql.call(function, value), naming=naming)


def _logarithm(name: str, function: str) -> Function:
    """A logarithm; null below zero, where ClickHouse says NaN."""
    return simple(
        name,
        [REAL],
        REAL,
        lambda value: sql.if_(sql.less(value, 0), sql.null(), sql.call(function, value)),
        may_fail=True,
        naming=Naming.FIRST,
    )


def _of_unit(name: str) -> Function:
    """asin or acos; null for what is no sine, where ClickHouse says NaN."""
    return simple(
        name,
        [REAL],
        REAL,
        lambda value: sql.if_(sql.greater(sql.call("abs", value), 1), sql.null(), sql.call(name, value)),
        may_fail=True,
        naming=Naming.FIRST,
    )


def _absolute(arguments: Sequence[Term]) -> Term:
    term = arguments[0] if arguments[0].type is TIMESPAN else accept(arguments[0], NUMBER)
    term = convert(term, LONG) if term.type in INTEGERS else term
    if term.type is LONG or term.type is TIMESPAN:
        return finished(term.type, sql.call("toInt64", sql.call("abs", term.sql)), [term])
    return finished(term.type, sql.call("abs", term.sql), [term])


def _ceiling(arguments: Sequence[Term]) -> Term:
    term = accept(arguments[0], NUMBER)
    if term.type in INTEGERS:
        return term
    return finished(term.type, sql.call("ceiling", term.sql), [term])


_INTEGER_PLACES = range(-19, 1)
_DECIMAL_PLACES = range(-43, DECIMAL_SCALE + 1)
_REAL_PLACES = range(-308, 309)
"""Places behind the point to which they can be rounded; the engine takes no others."""


def _round(arguments: Sequence[Term]) -> Term:
    """Halves go away from zero; the type stays: null where it has no such number."""
    number = accept(arguments[0], NUMBER)
    digits = accept(arguments[1], LONG) if len(arguments) == 2 else None
    if number.type is REAL:
        return _rounded(number, digits, arguments)
    if number.type is DECIMAL:
        rounded = sql.call("round", number.sql, _places(digits, _DECIMAL_PLACES))
        return finished(DECIMAL, rounded, arguments)
    places = _places(digits, _INTEGER_PLACES)
    if places == 0:
        return number
    wide = sql.call("toInt128", number.sql)  # the engine adds a half
    narrow = "Int32" if number.type is KqlType.INT else "Int64"
    rounded = sql.call("accurateCastOrNull", sql.call("round", wide, places), sql.literal(narrow))
    return finished(number.type, rounded, arguments, may_fail=True)


def _places(digits: Term | None, bounds: range) -> int | Sql:
    """The digits that are asked for, within the bounds."""
    if digits is None:
        return 0
    least, most = bounds[0], bounds[-1]
    value = digits.constant.value if digits.constant is not None else None
    if isinstance(value, int):
        return min(max(value, least), most)
    return sql.call(
        "multiIf", sql.less(digits.sql, least), least, sql.greater(digits.sql, most), most, digits.sql
    )


_BELOW_HALF = "0.49999999999999994"
"""The largest real below a half. Added to an odd number above 2^52, or to itself, a half would lead to the
next whole number."""


def _rounded(term: Term, digits: Term | None, arguments: Sequence[Term]) -> Term:
    size = sql.call("abs", term.sql)
    places = _places(digits, _REAL_PLACES)
    if isinstance(places, int):
        whole = _behind_point(size, places) if places > 0 else _before_point(size, -places)
    else:
        before = _before_point(size, sql.call("negate", places))
        whole = sql.if_(sql.less(places, 0), before, _behind_point(size, places))
        whole = sql.if_(sql.is_null(places), sql.null(), whole)
    return finished(REAL, sql.times(sql.call("sign", term.sql), whole), arguments)


def _behind_point(size: Sql, places: int | Sql) -> Sql:
    scale = sql.call("exp10", places)
    rounded = sql.over(_nearest(sql.times(size, scale)), scale)
    return sql.call("ifNotFinite", rounded, size)  # so many digits no real has


def _before_point(size: Sql, places: int | Sql) -> Sql:
    """Powers of ten below one are not exact: they would make 99999.99999999999 of 100000."""
    if places == 0:
        return _nearest(size)
    scale = sql.call("exp10", places)
    return sql.times(_nearest(sql.over(size, scale)), scale)


def _nearest(size: Sql) -> Sql:
    return sql.call("floor", sql.plus(size, sql.call("toFloat64", _BELOW_HALF)))


def _sign(arguments: Sequence[Term]) -> Term:
    """-1, 0 or 1; 0 also for null and NaN."""
    number = convert(accept(arguments[0], NUMBER), REAL).sql
    value = sql.call("multiIf", sql.greater(number, 0), 1, sql.less(number, 0), -1, 0)
    return Term(REAL, sql.call("toFloat64", value), nullable=False)


def _extreme(name: str, function: str) -> Function:
    """`max_of` and `min_of`: nulls do not count, nor what is no number."""

    def build(arguments: Sequence[Term]) -> Term:
        kinds = [argument.type for argument in arguments]
        target = common_type(kinds)
        if DYNAMIC in kinds:
            raise Misfit(f"{name}() cannot take a dynamic", "convert it, for example with tolong()")
        if target is None:
            raise Misfit(f"{name}() needs arguments of one type, these are {', '.join(kinds)}")
        terms = [convert(argument, target) for argument in arguments]
        return _ignoring_nulls(function, target, terms)

    return Function(name, 2, 64, build)


def _ignoring_nulls(function: str, target: KqlType, terms: Sequence[Term]) -> Term:
    if target is not REAL and not any(term.nullable for term in terms):
        return finished(target, sql.call(function, *(term.sql for term in terms)), terms)
    array_function = {"greatest": "arrayMax", "least": "arrayMin"}[function]
    known = sql.call(
        "arrayFilter",
        sql.lambda_("item", sql.call("isNotNull", sql.variable("item"))),
        sql.array([term.sql for term in terms]),
    )
    return finished(target, sql.call(array_function, known), terms, may_fail=True)


def _bits(name: str, build: Callable[[Sql, Sql], Sql]) -> Function:
    return simple(
        name, [LONG, LONG], LONG, lambda a, b: sql.call("toInt64", build(a, b)), naming=Naming.FIRST
    )


def _shift(name: str, function: str) -> Function:
    """A long moved by so many bits, taken modulo 64; null for a negative count."""

    def build(value: Sql, count: Sql) -> Sql:
        moved = sql.call(function, value, sql.call("bitAnd", count, 63))
        return sql.if_(sql.less(count, 0), sql.null(), sql.call("toInt64", moved))

    return simple(name, [LONG, LONG], LONG, build, naming=Naming.FIRST, may_fail=True)


_HEX_DIGITS_MAX = 16


def _hex(arguments: Sequence[Term]) -> Term:
    """`tohex(value [, digits])`: an int has 32 bits, which shows below 0."""
    number, *width = (accept(argument, LONG) for argument in arguments)
    bits = sql.call("toInt32", arguments[0].sql) if arguments[0].type is KqlType.INT else number.sql
    digits = sql.call("trimLeft", sql.call("lower", sql.call("hex", bits)), "0")
    node = sql.if_(sql.eq(number.sql, 0), "0", digits)
    if width:
        size = sql.call("toInt64", sql.call("length", node))
        wanted = sql.call("least", sql.if_null(width[0].sql, 0), _HEX_DIGITS_MAX)
        node = sql.call("leftPad", node, sql.call("greatest", wanted, size, 0), "0")
    return finished(STRING, node, [number, *width])


def _power(base: Sql, exponent: Sql) -> Sql:
    return sql.call("pow", base, exponent)


def _test(name: str, function: str) -> Function:
    """Whether a real is of a kind: true or false, false of null."""

    def build(arguments: Sequence[Term]) -> Term:
        value = accept(arguments[0], REAL)
        found = sql.call(function, value.sql)
        node = sql.if_null(found, sql.boolean(False)) if value.nullable else found
        return Term(BOOL, node, nullable=False, truth=found)

    return Function(name, 1, 1, build)


NUMBERS_TABLE: tuple[Function, ...] = (
    Function("abs", 1, 1, _absolute, Naming.FIRST),
    Function("ceiling", 1, 1, _ceiling, Naming.FIRST),
    Function("round", 1, 2, _round, Naming.FIRST),
    Function("sign", 1, 1, _sign),
    _real("exp", "exp"),
    _real("exp2", "exp2"),
    _real("exp10", "exp10"),
    _logarithm("log", "log"),
    _logarithm("log2", "log2"),
    _logarithm("log10", "log10"),
    _real("sqrt", "sqrt"),
    _real("sin", "sin"),
    _real("cos", "cos"),
    _real("tan", "tan"),
    _of_unit("asin"),
    _of_unit("acos"),
    _real("atan", "atan"),
    _real("degrees", "degrees", Naming.NONE),
    _real("radians", "radians", Naming.NONE),
    _real("gamma", "tgamma"),
    _real("loggamma", "lgamma"),
    simple("cot", [REAL], REAL, lambda value: sql.over(sql.call("toFloat64", 1), sql.call("tan", value))),
    simple("atan2", [REAL, REAL], REAL, lambda y, x: sql.call("atan2", y, x), naming=Naming.FIRST),
    *aliases(simple("pow", [REAL, REAL], REAL, _power, naming=Naming.FIRST), "power"),
    simple("pi", [], REAL, lambda: sql.call("toFloat64", repr(math.pi))),
    _test("isnan", "isNaN"),
    _test("isinf", "isInfinite"),
    _test("isfinite", "isFinite"),
    _extreme("max_of", "greatest"),
    _extreme("min_of", "least"),
    _bits("binary_and", lambda a, b: sql.call("bitAnd", a, b)),
    _bits("binary_or", lambda a, b: sql.call("bitOr", a, b)),
    _bits("binary_xor", lambda a, b: sql.call("bitXor", a, b)),
    _shift("binary_shift_left", "bitShiftLeft"),
    _shift("binary_shift_right", "bitShiftRight"),
    simple("binary_not", [LONG], LONG, lambda value: sql.call("bitNot", value), naming=Naming.FIRST),
    simple(
        "bitset_count_ones",
        [LONG],
        LONG,
        lambda value: sql.call("toInt64", sql.call("bitCount", value)),
        naming=Naming.FIRST,
    ),
    Function("tohex", 1, 2, _hex, Naming.FIRST),
)
"""The rows of this table."""
