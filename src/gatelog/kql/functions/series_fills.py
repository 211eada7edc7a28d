"""Series functions that fill the gaps of a series. What is there stays as it was written."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, Naming, accept
from gatelog.kql.functions.series_values import when, whole
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import CONVERSIONS, convert
from gatelog.kql.values.literals import bool_term, literal_term

DYNAMIC, REAL, BOOL, STRING = KqlType.DYNAMIC, KqlType.REAL, KqlType.BOOL, KqlType.STRING


def _gaps(items: Sql, placeholder: Term) -> Sql:
    """The elements (JSON texts) with '' for those that are missing: null, or equal to the placeholder, which
    may be a text of a number."""
    number = convert(placeholder, REAL) if placeholder.type is STRING else accept(placeholder, REAL)
    if number.constant is not None and number.constant.value is None:
        return formula("arrayMap(t -> if(t = 'null', '', t), items)", items=items)
    text = (
        "arrayMap(t -> if(ifNull(toFloat64OrNull(t) = number, isNull(number) AND t = 'null'), '', t), items)"
    )
    return formula(text, items=items, number=sql.call("toNullable", number.sql))


def _shown(items: Sql) -> Sql:
    """The JSON array; gaps that are left are written as they came."""
    return json_values.array_text(items)


def _copied(name: str, function: str) -> Function:
    """`series_fill_forward`, `series_fill_backward`: each gap takes its neighbour's value."""

    def build(arguments: Sequence[Term]) -> Term:
        placeholder = arguments[1] if len(arguments) > 1 else null_of(REAL)

        def filled(json: Sql) -> Sql:
            items = json_values.elements(json)
            text = "arrayMap((t, old) -> if(t = '', old, t), fill(t -> t != '', gaps), items)"
            text = text.replace("fill(", f"{function}(")
            return when(
                json_values.is_array(json),
                _shown(formula(text, gaps=_gaps(items, placeholder), items=items)),
            )

        return Term(DYNAMIC, sql.with_value(accept(arguments[0], DYNAMIC).sql, "series", filled))

    return Function(name, 1, 2, build, Naming.FIRST)


def _constant(arguments: Sequence[Term]) -> Term:
    """`series_fill_const(series [, constant [, placeholder]])`."""
    placeholder = arguments[2] if len(arguments) > 2 else null_of(REAL)
    constant = accept(arguments[1], Anything.NUMBER) if len(arguments) > 1 else literal_term(REAL, 0.0)
    value = sql.if_null(convert(constant, DYNAMIC).sql, json_values.NULL_TEXT)

    def filled(json: Sql) -> Sql:
        gaps = _gaps(json_values.elements(json), placeholder)
        node = formula("arrayMap(t -> if(t = '', constant, t), gaps)", gaps=gaps, constant=value)
        return when(json_values.is_array(json), _shown(node))

    return Term(DYNAMIC, sql.with_value(accept(arguments[0], DYNAMIC).sql, "series", filled))


_LINEAR = """
arrayMap(
    (t, old, i, p, q, left, right) -> multiIf(
        t != '', t,
        p = 0 AND q = 0, constant,
        (p = 0 OR q = 0) AND NOT edges, old,
        p = 0, right,
        q = 0, left,
        between_them
    ),
    gaps, items, arrayEnumerate(gaps), arrayFill(i -> i != 0, places), arrayReverseFill(i -> i != 0, places),
    arrayFill(t -> t != '', gaps), arrayReverseFill(t -> t != '', gaps)
)
"""

_BETWEEN = """
toFloat64OrZero(left)
    + (toFloat64OrZero(right) - toFloat64OrZero(left)) * (toInt64(i) - toInt64(p)) / (toInt64(q) - toInt64(p))
"""


def _linear(arguments: Sequence[Term]) -> Term:
    """`series_fill_linear(series [, placeholder [, fill_edges [, constant]]])`: on the line between the
    neighbours; a series of integers stays one."""
    defaults = [null_of(REAL), bool_term(True), literal_term(REAL, 0.0)]
    given: list[Term] = [*arguments[1:], *defaults[len(arguments) - 1 :]]
    placeholder, edges, constant = given
    value = sql.if_null(convert(accept(constant, Anything.NUMBER), DYNAMIC).sql, json_values.NULL_TEXT)

    def filled(json: Sql) -> Sql:
        items = json_values.elements(json)
        gaps = _gaps(items, placeholder)
        return when(
            json_values.is_array(json),
            sql.with_value(
                gaps, "gaps", lambda known: _shown(_on_lines(known, items, json, accept(edges, BOOL), value))
            ),
        )

    return Term(DYNAMIC, sql.with_value(accept(arguments[0], DYNAMIC).sql, "series", filled))


def _on_lines(gaps: Sql, items: Sql, json: Sql, edges: Term, constant: Sql) -> Sql:
    places = formula("arrayMap((t, i) -> if(t = '', 0, i), gaps, arrayEnumerate(gaps))", gaps=gaps)
    exact = formula(_BETWEEN, **{name: sql.variable(name) for name in ("i", "p", "q", "left", "right")})
    rounded = sql.call("toString", sql.call("toInt64", sql.call("trunc", exact)))
    between = sql.if_(whole(json), rounded, CONVERSIONS[REAL, DYNAMIC](exact))
    return formula(
        _LINEAR, gaps=gaps, items=items, places=places,
        edges=edges.sql, constant=constant, between_them=between,
    )  # fmt: skip  # the formula's names


SERIES_FILLS: tuple[Function, ...] = (
    _copied("series_fill_forward", "arrayFill"),
    _copied("series_fill_backward", "arrayReverseFill"),
    Function("series_fill_const", 1, 3, _constant, Naming.FIRST),
    Function("series_fill_linear", 1, 4, _linear, Naming.FIRST),
)
"""The rows of this table."""
