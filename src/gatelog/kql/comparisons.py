"""The comparison operators, `between`, `in` and the logic of and, or, not.

Kusto's `==` and `!=` know null: `5 == null` is false, `5 != null` is true, `null == null` is null. The
ordering operators give null. A filter takes null as false, there the shorter SQL (`Term.truth`) will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlglot import exp

from gatelog.kql import json_values, sql
from gatelog.kql.conversions import convert, convertible
from gatelog.kql.literals import bare, bool_term, literal_term
from gatelog.kql.misfit import Misfit
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Constant, Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType, wider

BOOL, STRING, DYNAMIC = KqlType.BOOL, KqlType.STRING, KqlType.DYNAMIC

_ORDERINGS: dict[str, Callable[[Sql, Sql], Sql]] = {
    "<": sql.less,
    "<=": sql.at_most,
    ">": sql.greater,
    ">=": sql.at_least,
}


def compare(operator: str, left: Term, right: Term) -> Term:
    """`left operator right` for == != < <= > >=; raises Misfit when the types cannot be compared."""
    if operator in _ORDERINGS:
        _check_ordered(operator, left.type, right.type)
    left, right = _comparable(left, right)
    if operator in _ORDERINGS:
        node = _ORDERINGS[operator](bare(left), bare(right))
        return Term(BOOL, node, left.nullable or right.nullable)
    equal = operator == "=="
    plain = (sql.eq if equal else sql.ne)(bare(left), bare(right))
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
        return literal_term(KqlType.LONG, int(value))
    return convert(term, target)


def equal_ignoring_case(left: Term, right: Term) -> Term:
    """`left =~ right`."""
    return Term(BOOL, sql.eq(lowered(left), lowered(right)), nullable=False)


def lowered(term: Term) -> Sql:
    """The lower case of a string or dynamic."""
    text = convert(term, STRING)
    if text.constant is not None and isinstance(text.constant.value, str):
        return sql.literal(text.constant.value.lower())
    return sql.call("lowerUTF8", text.sql)


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
        raise Misfit(
            f"a condition must be bool, this is {term.type}", "convert it with tobool(), or compare it"
        )
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
        return _any_equal(operand, items, items, ignore_case=False)
    subject = convert(operand, target)
    members = [convert(item, target) for item in items]
    if any(member.constant is None for member in members):
        return _any_equal(subject, members, items, ignore_case=ignore_case)
    left = lowered(subject) if ignore_case else subject.sql
    found = sql.in_(left, [lowered(member) if ignore_case else bare(member) for member in members])
    if subject.nullable and any(member.constant == Constant(None) for member in members):
        return Term(BOOL, sql.if_(sql.is_null(subject.sql), sql.null(), found), truth=found)
    return _membership(found, subject)


def _membership(found: Sql, subject: Term) -> Term:
    node = sql.if_null(found, sql.boolean(False)) if subject.nullable else found
    return Term(BOOL, node, nullable=False, truth=found)


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


def _any_equal(subject: Term, members: Sequence[Term], items: Sequence[Term], *, ignore_case: bool) -> Term:
    """Whether it equals one of the members, which are the items in its type: there a text can become null."""
    equal = equal_ignoring_case if ignore_case else partial(compare, "==")
    tests = [
        test if item.constant in (None, Constant(None)) else _known(test)
        for test, item in zip((equal(subject, member) for member in members), items, strict=True)
    ]
    return Term(
        BOOL,
        sql.any_of([test.sql for test in tests]),
        any(test.nullable for test in tests),
        truth=sql.any_of([test.condition for test in tests]),
    )


def _known(test: Term) -> Term:
    """A test against what is no null: true or false."""
    return _membership(test.condition, test) if test.nullable else test


def is_in_table(operand: Term, table: exp.Query) -> Term:
    """`operand in (table)`: the only column of the table is of the operand's type."""
    return _membership(exp.In(this=operand.sql, query=sql.subquery(table)), operand)


def is_in_array(operand: Term, items: Sql, *, ignore_case: bool = False, fixed: bool = False) -> Term:
    """`operand in (dynamic)`: `items` are JSON texts, an Array(String), which `fixed` says to be the same for
    all rows. They are compared in the type of the operand, with an integer as texts, for 1 is not in [1.5].
    A null is in none."""
    target = STRING if ignore_case or operand.type in (DYNAMIC, *INTEGERS) else operand.type
    item = Term(DYNAMIC, json_values.present(sql.variable("item")))
    made = lowered(item) if ignore_case else convert(item, target).sql
    values = sql.call("arrayMap", sql.lambda_("item", made), items)
    subject = lowered(operand) if ignore_case else convert(operand, target).sql
    found = _in_fixed(subject, values) if fixed else sql.call("has", values, subject)
    if operand.nullable:
        found = sql.all_of([sql.call("isNotNull", operand.sql), found])
    return Term(BOOL, found, nullable=False)


def _in_fixed(subject: Sql, values: Sql) -> Sql:
    """The engine makes a set of an array that it computes before there are rows; around a subquery it wants a
    function to take that for an array."""
    array = sql.call("arrayDistinct", sql.subquery(exp.Select(expressions=[values])))
    return sql.call("in", subject, array)
