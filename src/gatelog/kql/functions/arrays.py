"""Functions on dynamic arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from sqlglot import exp

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, aliases, finished, simple
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.conversions import CONVERSIONS, convert
from gatelog.kql.values.literals import literal_term

DYNAMIC, LONG, REAL, BOOL = KqlType.DYNAMIC, KqlType.LONG, KqlType.REAL, KqlType.BOOL
DATETIME, TIMESPAN, STRING = KqlType.DATETIME, KqlType.TIMESPAN, KqlType.STRING

LONGEST_RANGE = 1_048_576
"""Values that `range()` and `repeat()` make at most: Kusto's own bound."""


def of_array(build: Callable[..., Sql]) -> Callable[..., Sql]:
    """A function of a JSON array; null for what is none. `build` gets the elements, Array(String) of JSON."""

    def apply(array: Sql, *others: Sql) -> Sql:
        def when_array(json: Sql) -> Sql:
            return sql.if_(json_values.is_array(json), build(json_values.elements(json), *others), sql.null())

        return sql.with_value(array, "json", when_array)

    return apply


def _array_function(
    name: str, others: Sequence[KqlType], build: Callable[..., Sql], optional: int = 0
) -> Function:
    """An array in, an array out."""

    def texts(elements: Sql, *counts: Sql) -> Sql:
        return if_known(counts, json_values.array_text(build(elements, *counts)))

    return simple(name, [DYNAMIC, *others], DYNAMIC, of_array(texts), optional=optional, may_fail=True)


def if_known(counts: Sequence[Sql], value: Sql) -> Sql:
    """The value; null where one of the counts is, which ClickHouse's `least` and `greatest` pass over."""
    unsure = [count for count in counts if not isinstance(count, exp.Literal)]
    return sql.if_(sql.is_null(reduce(sql.plus, unsure)), sql.null(), value) if unsure else value


def _slice(elements: Sql, start: Sql, end: Sql) -> Sql:
    """From `start` to `end`, both included; below 0 they count from the end."""

    def cut(items: Sql) -> Sql:
        size = sql.call("toInt64", sql.call("length", items))
        low = sql.call("greatest", sql.if_(sql.less(start, 0), sql.plus(size, start), start), 0)
        high = sql.if_(sql.less(end, 0), sql.plus(size, end), end)
        count = sql.call("greatest", sql.plus(sql.minus(high, low), 1), 0)
        return sql.call("arraySlice", items, sql.plus(low, 1), count)

    return sql.with_value(elements, "items", cut)


def _rotate(elements: Sql, count: Sql) -> Sql:
    def turn(items: Sql) -> Sql:
        size = sql.call("greatest", sql.call("toInt64", sql.call("length", items)), 1)
        first = sql.call("toInt64", sql.call("positiveModulo", count, size))
        tail, head = (
            sql.call("arraySlice", items, sql.plus(first, 1)),
            sql.call("arraySlice", items, 1, first),
        )
        return sql.call("arrayConcat", tail, head)

    return sql.with_value(elements, "items", turn)


def _rotate_right(elements: Sql, count: Sql) -> Sql:
    return _rotate(elements, sql.call("negate", count))


def _shift(sign: int) -> Function:
    """Elements move by a count; what is left open is filled with the default, else with null or, among
    strings, with an empty one."""
    name = "array_shift_left" if sign > 0 else "array_shift_right"

    def build(arguments: Sequence[Term]) -> Term:
        array, count = accept(arguments[0], DYNAMIC), accept(arguments[1], LONG)
        given = convert(arguments[2], DYNAMIC).sql if len(arguments) == 3 else None
        shift = count.sql if sign > 0 else sql.call("negate", count.sql)

        def moved(items: Sql) -> Sql:
            filler = sql.if_null(given, json_values.NULL_TEXT) if given is not None else _blank(items)
            place = sql.plus(sql.variable("index"), shift)
            known = sql.all_of([sql.greater(place, 0), sql.at_most(place, sql.call("length", items))])
            value = sql.if_(known, sql.call("arrayElement", items, sql.call("greatest", place, 1)), filler)
            return sql.call("arrayMap", sql.lambda_("index", value), sql.call("arrayEnumerate", items))

        def texts(elements: Sql) -> Sql:
            return if_known([count.sql], json_values.array_text(sql.with_value(elements, "items", moved)))

        return finished(DYNAMIC, of_array(texts)(array.sql), arguments, may_fail=True)

    return Function(name, 2, 3, build)


def _blank(items: Sql) -> Sql:
    """What an open place of an array holds: an empty string among strings, else null."""
    strings = json_values.is_string(sql.call("arrayElement", items, 1))
    return sql.if_(strings, json_values.quoted(sql.literal("")), json_values.NULL_TEXT)


def _length(elements: Sql) -> Sql:
    return sql.call("toInt64", sql.call("length", elements))


def _sum(elements: Sql) -> Sql:
    """Nulls count for nothing; an element of another type, or none at all, makes it null."""
    number = CONVERSIONS[DYNAMIC, REAL](sql.variable("item"))
    known = sql.if_null(number, sql.call("toFloat64", 0))
    total = sql.call("arraySum", sql.call("arrayMap", sql.lambda_("item", known), elements))
    summed = sql.call("match", sql.variable("item"), "^(null|-?[0-9])")
    usable = [sql.call("notEmpty", elements), sql.call("arrayAll", sql.lambda_("item", summed), elements)]
    return sql.if_(sql.all_of(usable), total, sql.null())


def _pack(arguments: Sequence[Term]) -> Term:
    """Of constant texts a constant, as `dynamic([...])` is: `in` then has a list, not an array to read."""
    known = [term.constant.value for term in arguments if term.type is STRING and term.constant is not None]
    if len(known) == len(arguments):
        return literal_term(DYNAMIC, [text for text in known if isinstance(text, str)])
    texts = [convert(argument, DYNAMIC).sql for argument in arguments]
    return Term(DYNAMIC, json_values.written_array(texts), nullable=False)


def _iff(arguments: Sequence[Term]) -> Term:
    """Element by element: where the condition is true the second argument, where it is false the third, null
    where it is neither a bool nor a number."""
    conditions = accept(arguments[0], DYNAMIC)
    tests = json_values.elements(conditions.sql)
    then, otherwise = (_at_index(argument) for argument in arguments[1:])
    test = sql.call("arrayElement", tests, sql.variable("index"))
    number = sql.call("transform", test, _words("true", "false"), _words("1", "0"), test)
    known = sql.call("toFloat64OrNull", number)
    chosen = sql.call(
        "multiIf", sql.call("isNull", known), json_values.NULL_TEXT, sql.ne(known, 0), then, otherwise
    )
    picked = sql.call("arrayMap", sql.lambda_("index", chosen), sql.call("arrayEnumerate", tests))
    is_array = json_values.is_array(conditions.sql)
    return Term(DYNAMIC, sql.if_(is_array, json_values.array_text(picked), sql.null()))


def _words(*texts: str) -> Sql:
    return sql.array([sql.literal(text) for text in texts])


def _at_index(term: Term) -> Sql:
    """The element at `index` of an array, null behind its end; any other value as it is."""
    if term.type is not DYNAMIC:
        return sql.if_null(convert(term, DYNAMIC).sql, json_values.NULL_TEXT)
    element = sql.call("arrayElement", json_values.elements(term.sql), sql.variable("index"))
    element = sql.if_null(sql.null_if(element, ""), json_values.NULL_TEXT)
    return sql.if_(
        json_values.is_array(sql.if_null(term.sql, "")), element, sql.if_null(term.sql, json_values.NULL_TEXT)
    )


def _range(arguments: Sequence[Term]) -> Term:
    """An array from start to stop in equal steps, both ends included."""
    kind, step_kind = _range_types(arguments)
    low, high = convert(arguments[0], kind), convert(arguments[1], kind)
    default = literal_term(step_kind, 1 if step_kind is not TIMESPAN else ticks.HOUR)
    step = convert(arguments[2], step_kind) if len(arguments) == 3 else default
    first, last = (ticks.since_1970(end.sql) if kind is DATETIME else end.sql for end in (low, high))
    count = sql.plus(sql.call("floor", sql.over(sql.minus(last, first), sql.null_if(step.sql, 0))), 1)
    bounded = sql.call("least", sql.call("greatest", sql.if_null(count, 0), 0), LONGEST_RANGE)
    index = Term(LONG, sql.call("toInt64", sql.variable("index")), nullable=False)
    value = convert(arithmetic("+", low, arithmetic("*", step, index)), DYNAMIC)
    texts = sql.call(
        "arrayMap", sql.lambda_("index", value.sql), sql.call("range", sql.call("toUInt64", bounded))
    )
    return finished(DYNAMIC, json_values.array_text(texts), arguments)


def _range_types(arguments: Sequence[Term]) -> tuple[KqlType, KqlType]:
    """The types of the values and of the step."""
    kinds = {argument.type for argument in arguments[:2]}
    if kinds == {DATETIME}:
        return DATETIME, TIMESPAN
    if kinds == {TIMESPAN}:
        return TIMESPAN, TIMESPAN
    if not {argument.type for argument in arguments} <= set(NUMBERS):
        raise Misfit("range() needs numbers, datetimes or timespans")
    kind = LONG if all(argument.type in INTEGERS for argument in arguments) else REAL
    return kind, kind


def _repeat(arguments: Sequence[Term]) -> Term:
    if arguments[0].type is DYNAMIC:
        raise Misfit("repeat() takes a value that is no dynamic", "convert it, for example with tostring()")
    value, count = convert(arguments[0], DYNAMIC), accept(arguments[1], LONG)
    bounded = sql.call(
        "toUInt64", sql.call("least", sql.call("greatest", sql.if_null(count.sql, 0), 0), LONGEST_RANGE)
    )
    texts = sql.call("arrayWithConstant", bounded, sql.if_null(value.sql, json_values.NULL_TEXT))
    made = sql.if_(sql.at_least(count.sql, 0), json_values.array_text(texts), sql.null())
    return finished(DYNAMIC, made, [count], may_fail=True)


ARRAYS: tuple[Function, ...] = (
    *aliases(simple("array_length", [DYNAMIC], LONG, of_array(_length), may_fail=True), "arraylength"),
    simple("array_sum", [DYNAMIC], REAL, of_array(_sum), may_fail=True),
    _array_function("array_slice", [LONG, LONG], _slice),
    _array_function("array_reverse", [], lambda elements: sql.call("arrayReverse", elements)),
    _array_function("array_rotate_left", [LONG], _rotate),
    _array_function("array_rotate_right", [LONG], _rotate_right),
    _shift(1),
    _shift(-1),
    Function("pack_array", 1, None, _pack),
    *aliases(Function("array_iff", 3, 3, _iff), "array_iif"),
    Function("range", 2, 3, _range),
    Function("repeat", 2, 2, _repeat, Naming.PREFIXED, "repeat"),
)
"""The rows of this table."""
