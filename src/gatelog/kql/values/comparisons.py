"""The comparison operators, `between`, `in` and the logic of and, or, not.

Kusto's `==` and `!=` know null: `5 == null` is false, `5 != null` is true, `null == null` is null. The
ordering operators give null. A filter takes null as false, there the shorter SQL (`Term.truth`) will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit, NoCondition
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType, wider
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert, convertible
from gatelog.kql.values.json_numbers import compared_as_numbers, subject_among, whole_number
from gatelog.kql.values.literals import bare, bool_term, literal_term

BOOL, STRING, DYNAMIC, LONG = KqlType.BOOL, KqlType.STRING, KqlType.DYNAMIC, KqlType.LONG

_ORDERINGS: dict[str, Callable[[Sql, Sql], Sql]] = {
    "<": sql.less,
    "<=": sql.at_most,
    ">": sql.greater,
    ">=": sql.at_least,
}
_OPERATIONS = {**_ORDERINGS, "==": sql.eq, "!=": sql.ne}


def compare(operator: str, left: Term, right: Term) -> Term:
    """`left operator right` for == != < <= > >=; raises Misfit when the types cannot be compared."""
    if operator in _ORDERINGS:
        _check_ordered(operator, left.type, right.type)
    plain = compared_as_numbers(_OPERATIONS[operator], left, right)
    left, right = _comparable(left, right)
    plain = _OPERATIONS[operator](bare(left), bare(right)) if plain is None else plain
    if operator in _ORDERINGS:
        return Term(BOOL, plain, left.nullable or right.nullable)
    equal = operator == "=="
    if not left.nullable and not right.nullable:
        return Term(BOOL, plain, nullable=False)
    decided = sql.if_null(plain, sql.boolean(not equal))
    if not (left.nullable and right.nullable):
        return Term(BOOL, decided, nullable=False, truth=plain if equal else decided)
    both_null = sql.all_of([sql.is_null(left.sql), sql.is_null(right.sql)])
    node = sql.if_(both_null, sql.null(), decided)
    return Term(BOOL, node, truth=plain if equal else node)


def _check_ordered(operator: str, left: KqlType, right: KqlType) -> None:
    """Only numbers, datetimes and timespans have an order; a dynamic has that of the number beside it."""
    kinds = {left, right}
    if STRING in kinds or KqlType.GUID in kinds or (DYNAMIC in kinds and not kinds & set(NUMBERS)):
        hint = "compare strings with strcmp()" if kinds == {STRING} else conversion_hint(left, right)
        raise Misfit(f"'{operator}' has no meaning between {left} and {right}", hint)


def conversion_hint(left: KqlType, right: KqlType) -> str:
    """How two values of types that do not go together may be made to."""
    if KqlType.DATETIME in (left, right):
        return "a time is written datetime(2026-01-31), and made of other values by todatetime()"
    if KqlType.TIMESPAN in (left, right):
        return "a length of time is written 2d, 3h or 10s, and made of other values by totimespan()"
    return "convert one side, for example with tolong() or tostring()"


def _comparable(left: Term, right: Term) -> tuple[Term, Term]:
    """Both operands in a type in which they can be compared."""
    target = meeting_type(left.type, right.type)
    if target is None or not (convertible(left.type, target) and convertible(right.type, target)):
        raise Misfit(
            f"{left.type} cannot be compared with {right.type}", conversion_hint(left.type, right.type)
        )
    if left.type in INTEGERS and right.type in INTEGERS:
        return left, right
    return _converted(left, target), _converted(right, target)


def meeting_type(left: KqlType, right: KqlType) -> KqlType | None:
    """The type in which values of two types can be compared; None when they cannot."""
    if left is right:
        return None if left is DYNAMIC else left
    if left in NUMBERS and right in NUMBERS:
        return wider(left, right)
    for one, other in ((left, right), (right, left)):
        if one in (DYNAMIC, STRING) and other is not DYNAMIC:
            return other
        if one is BOOL and other in NUMBERS:
            return other
    return None


def _converted(term: Term, target: KqlType) -> Term:
    """`convert`, and a constant text of an integer becomes the constant: `ResponseCode == '200'`."""
    value = term.constant.value if term.constant is not None else None
    if (
        target in INTEGERS
        and isinstance(value, str)
        and value.removeprefix("-").isascii()
        and value.removeprefix("-").isdigit()
    ):
        return literal_term(LONG, int(value))
    return convert(term, target)


def equal_ignoring_case(left: Term, right: Term) -> Term:
    """`left =~ right`."""
    return Term(BOOL, sql.eq(lowered(left), lowered(right)), nullable=False)


def lowered(term: Term) -> Sql:
    """The lower case of a string or dynamic."""
    text = convert(term, STRING)
    if text.constant is not None and isinstance(text.constant.value, str):
        return sql.literal(text.constant.value.lower())
    return lower_case(text.sql)


def lower_case(text: Sql) -> Sql:
    """The lower case of a text."""
    return sql.call("lowerUTF8", text)


def between(operand: Term, low: Term, high: Term) -> Term:
    """`operand between (low .. high)`, of numbers, datetimes or timespans."""
    if BOOL in (operand.type, low.type, high.type):
        raise Misfit("a bool lies between no others", "compare it with ==")
    return both(compare(">=", operand, low), compare("<=", operand, high))


def both(left: Term, right: Term) -> Term:
    """`left and right`."""
    left, right = _operand(left), _operand(right)
    return _joined(sql.all_of, left, right)


def either(left: Term, right: Term) -> Term:
    """`left or right`."""
    left, right = _operand(left), _operand(right)
    return _joined(sql.any_of, left, right)


def _joined(join: Callable[[Sequence[Sql]], Sql], left: Term, right: Term) -> Term:
    has_truth = left.truth is not None or right.truth is not None
    asks_index = left.filter is not None or right.filter is not None
    return Term(
        BOOL,
        join([left.sql, right.sql]),
        left.nullable or right.nullable,
        truth=join([left.condition, right.condition]) if has_truth else None,
        filter=join([left.predicate, right.predicate]) if asks_index else None,
    )


def opposite(term: Term) -> Term:
    """`not(term)`."""
    term = condition(term)
    negated = sql.not_(term.filter) if term.filter is not None and term.truth is None else None
    return Term(BOOL, sql.not_(term.sql), term.nullable, filter=negated)


def condition(term: Term) -> Term:
    """A term as a condition, which must be bool."""
    if term.type is not BOOL:
        hint = "convert it with tobool(), or compare it"
        if term.constant is not None:
            hint = "compare each value: x == 1 or x == 2; or list them: x in (1, 2)"
        raise NoCondition(f"a condition must be bool, this is {term.type}", hint)
    return term


def _operand(term: Term) -> Term:
    """An operand of `and` and `or`: there a dynamic counts as bool."""
    return convert(term, BOOL) if term.type is DYNAMIC else condition(term)


def is_one_of(operand: Term, items: Sequence[Term], *, ignore_case: bool = False) -> Term:
    """`operand in (items)`, `in~` with `ignore_case`: whether it equals one of them. A null operand is in no
    list, unless that has a null: then nobody knows."""
    if not items:
        return bool_term(False)
    target = _list_type(operand, items)
    if ignore_case:
        target = STRING
    elif _is_mixed(items):
        return _membership(_any_equal(operand, items), operand, items)
    subject = subject_among(operand, target)
    members = [convert(item, target) for item in items]
    if any(member.constant is None for member in members):
        return _membership(_any_equal(subject, members, ignore_case=ignore_case), operand, items)
    left = lowered(subject) if ignore_case else subject.sql
    found = sql.boolean(False)
    if listed := [member for member in members if _equals_itself(member)]:
        found = sql.in_(left, [lowered(member) if ignore_case else bare(member) for member in listed])
    return _membership(found, operand, items, nullable=subject.nullable)


def _equals_itself(constant: Term) -> bool:
    """Not so a null, nor NaN, which the engine's sets would find."""
    value = constant.constant.value if constant.constant is not None else None
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _membership(found: Sql, operand: Term, items: Sequence[Term] = (), *, nullable: bool = True) -> Term:
    """What is found for a value, which is NULL (if `nullable`) where there is none to compare."""
    known = sql.if_null(found, sql.boolean(False)) if nullable else found
    nulls = [sql.is_null(item.sql) for item in items if item.nullable]
    if not (operand.nullable and nulls):
        return Term(BOOL, known, nullable=False, truth=found)
    nobody_knows = sql.all_of([sql.is_null(operand.sql), sql.any_of(nulls)])
    return Term(BOOL, sql.if_(nobody_knows, sql.null(), known), truth=found)


def _is_mixed(items: Sequence[Term]) -> bool:
    """Whether texts stand beside other values: no one type has all of them."""
    kinds = {item.type for item in items}
    return STRING in kinds and not kinds <= {STRING, DYNAMIC}


def _list_type(operand: Term, items: Sequence[Term]) -> KqlType:
    target = operand.type
    for item in items:
        meeting = meeting_type(target, item.type)
        if meeting is None or not convertible(operand.type, meeting):
            raise Misfit(f"a {operand.type} cannot be in a list with a {item.type}")
        target = meeting
    return target


def _any_equal(operand: Term, items: Sequence[Term], *, ignore_case: bool = False) -> Sql:
    """Whether it equals one of the items; NULL counts as false."""
    equal = equal_ignoring_case if ignore_case else partial(compare, "==")
    return sql.any_of([equal(operand, item).condition for item in items])


def is_in_table(operand: Term, table: exp.Query) -> Term:
    """`operand in (table)`: the only column of the table is of the operand's type."""
    found: Sql = exp.In(this=operand.sql, query=sql.subquery(table))
    return _membership(_unless_nan(operand, found), operand, nullable=operand.nullable)


def _unless_nan(operand: Term, found: Sql) -> Sql:
    """The engine's sets and arrays find NaN, which equals nothing."""
    if operand.type is not KqlType.REAL:
        return found
    return sql.all_of([sql.not_(sql.call("isNaN", operand.sql)), found])


def is_in_array(operand: Term, items: Sql, *, ignore_case: bool = False, fixed: bool = False) -> Term:
    """`operand in (dynamic)`: `items` are JSON texts, an Array(String), which `fixed` says to be the same for
    all rows. They are compared in the type of the operand. A null is in none."""
    target = _element_type(operand, ignore_case=ignore_case)
    if target is STRING:
        values = json_values.present_strings(items)
        if ignore_case:
            values = sql.call("arrayMap", sql.lambda_("text", lower_case(sql.variable("text"))), values)
    else:
        item = Term(DYNAMIC, json_values.present(sql.variable("item")))
        values = sql.call("arrayMap", sql.lambda_("item", _element(item, target)), items)
    subject = lowered(operand) if ignore_case else convert(operand, target).sql
    found = _in_fixed(subject, values) if fixed else sql.call("has", values, subject)
    found = _unless_nan(operand, found)
    if operand.nullable:
        found = sql.all_of([sql.call("isNotNull", operand.sql), found])
    return Term(BOOL, found, nullable=False)


def _element_type(operand: Term, *, ignore_case: bool) -> KqlType:
    if ignore_case or operand.type is DYNAMIC:
        return STRING
    return LONG if operand.type in INTEGERS else operand.type


def _element(item: Term, target: KqlType) -> Sql:
    """An element in a type; a number with a fraction is no integer, for 1 is not in [1.5]."""
    return whole_number(item.sql) if target is LONG else convert(item, target).sql


def _in_fixed(subject: Sql, values: Sql) -> Sql:
    """The engine makes a set of an array that it computes before there are rows; around a subquery it wants a
    function to take that for an array."""
    array = sql.call("arrayDistinct", sql.subquery(exp.Select(expressions=[values])))
    return sql.call("in", subject, array)
