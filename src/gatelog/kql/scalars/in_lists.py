"""The operators with a list behind them: in, in~, has_any, has_all.

    items       in (1, 2)               each is compared
    an array    in (dynamic([1, 2]))    a constant one gives its elements; any other is looked through
    a table     in (Calls | ...)        its first column; of arrays, their elements

`has_any` is true when some of them is found, `has_all` when all are.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from uuid import UUID

from msgspec.structs import replace
from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.scope import Bind, Scope
from gatelog.kql.names.tabular import is_table
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation
from gatelog.kql.search.text_search import check_text, search
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.comparisons import (
    both,
    either,
    is_in_array,
    is_in_table,
    is_one_of,
    lowered,
    meeting_type,
    opposite,
)
from gatelog.kql.values.conversions import convert, convertible
from gatelog.kql.values.json_numbers import subject_among
from gatelog.kql.values.literals import bool_term, literal_term, string_term, term_of

_PLURAL_SEARCHES = {"has_any": either, "has_all": both}


def is_in(node: ast.InList, scope: Scope, bind: Bind) -> Term:
    """`x in (...)`, `x !in~ (...)`, `x has_any (...)`: items, an array or a table."""
    operator = node.op.removeprefix("!")
    operand = bind(node.operand, scope)
    with scope.context.at(node):
        if operator != "in":
            check_text(operator, operand)
        found = (
            _plural(operator, operand, node, scope, bind)
            if operator in _PLURAL_SEARCHES
            else _in(operand, node, scope, bind)
        )
        return opposite(found) if node.op.startswith("!") else found


def _plural(operator: str, operand: Term, node: ast.InList, scope: Scope, bind: Bind) -> Term:
    """`x has_any (a, b)` and `has_all`: `has` for each."""
    if len(node.items) == 1 and is_table(node.items[0], scope):
        return _search_for_each(operator, operand, _texts_of_table(node.items[0], scope))
    items = _spread([bind(item, scope) for item in node.items], KqlType.STRING)
    tests = [_search_for_item(operator, operand, item) for item in items]
    return reduce(_PLURAL_SEARCHES[operator], tests) if tests else bool_term(operator == "has_all")


def _search_for_item(operator: str, operand: Term, item: Term) -> Term:
    if item.type is KqlType.DYNAMIC:
        return _search_for_each(operator, operand, json_values.present_strings(_flat(item.sql)))
    return search("has", operand, item)


_FLAT = """
arrayFold(
    (items, level) -> arrayFlatten(
        arrayMap(item -> if(startsWith(item, '['), JSONExtractArrayRaw(item), [item]), items)
    ),
    range(least(countSubstrings(json, '['), levels)),
    if(json = '', emptyArrayString(), [json])
)
"""

_LEVELS_MAX = 64
"""Arrays within arrays whose elements are looked at; an array of one level has one."""


def _flat(array: Sql) -> Sql:
    """Array(String): the JSON texts in an array and in the arrays in it; what is none is one item, null is
    none."""
    text = sql.if_null(array, "")
    return sql.with_value(text, "json", lambda json: formula(_FLAT, json=json, levels=_LEVELS_MAX))


def _is_fixed(item: Term) -> bool:
    """Whether it is the same in all rows, as toscalar() makes it: looked at once, not row by row."""
    return isinstance(item.sql, exp.Subquery)


def _texts_of_table(node: ast.Expression, scope: Scope) -> Sql:
    """Array(String): the texts in the first column of a table."""
    table, first = scope.table_of_values(node)
    if first.type is KqlType.DYNAMIC:
        texts = json_values.present_strings(_items_of(table, first, scope))
        return sql.subquery(exp.Select(expressions=[texts]))
    text = convert(reference(first), KqlType.STRING).sql
    known = sql.call("isNotNull", reference(first).sql)
    return _gathered(sql.call("groupUniqArrayIf", text, known), table, scope)


def _items_of(table: Relation, first: Field, scope: Scope) -> Sql:
    """Array(String): the JSON texts in the arrays of a column, which `make_set` makes."""
    return _gathered(sql.call("groupUniqArrayArray", _flat(reference(first).sql)), table, scope)


def _gathered(aggregate: Sql, table: Relation, scope: Scope) -> Sql:
    made = scope.context.field("gathered", KqlType.STRING, nullable=False)
    rows = Aggregate((made,), table, (), (Computed(made, aggregate),))
    return sql.subquery(select_of(rows, [made.sql_name]))


def _search_for_each(operator: str, operand: Term, texts: Sql) -> Term:
    """`has_any` and `has_all` with texts that only the data knows, an Array(String)."""
    text = convert(operand, KqlType.STRING)
    needle = Term(KqlType.STRING, sql.variable("needle"), nullable=False)
    test = sql.lambda_("needle", search("has", text, needle).sql)
    function = "arrayExists" if operator == "has_any" else "arrayAll"
    return Term(KqlType.BOOL, sql.call(function, test, texts), nullable=False)


def _in(operand: Term, node: ast.InList, scope: Scope, bind: Bind) -> Term:
    ignore_case = node.op.endswith("~")
    if len(node.items) == 1 and is_table(node.items[0], scope):
        return _in_table(operand, node.items[0], scope, ignore_case=ignore_case)
    is_json = operand.type is KqlType.DYNAMIC and operand.native is None
    compared_as = KqlType.STRING if ignore_case or is_json else operand.type
    items = _spread([bind(item, scope) for item in node.items], compared_as)
    listed = [item for item in items if item.type is not KqlType.DYNAMIC]
    tests = [
        is_in_array(operand, _flat(item.sql), ignore_case=ignore_case, fixed=_is_fixed(item))
        for item in items
        if item.type is KqlType.DYNAMIC
    ]
    if listed or not tests:
        tests.insert(0, is_one_of(operand, listed, ignore_case=ignore_case))
    return reduce(either, tests)


def _spread(items: list[Term], compared_as: KqlType) -> list[Term]:
    """The items with constant dynamics replaced by what is in them. What stays dynamic is looked through."""
    spread: list[Term] = []
    for item in items:
        value = item.constant.value if item.constant is not None else None
        if item.type is not KqlType.DYNAMIC or item.constant is None:
            spread.append(item)
        elif not isinstance(value, Decimal | UUID):  # of which there are none in JSON
            spread += _elements(value, compared_as)
    return spread


def _elements(value: ast.DynamicValue, compared_as: KqlType) -> list[Term]:
    """The elements of a constant array and of those in it, beside a text as texts. A null, and what is of no
    type that goes with the other side, equals nothing."""
    if value is None:
        return []
    if isinstance(value, list):
        return [term for element in value for term in _elements(element, compared_as)]
    if compared_as is KqlType.STRING:
        return [string_term(json_values.scalar_text(value))]
    term = _element_term(value)
    fits = term.type is KqlType.DYNAMIC or meeting_type(compared_as, term.type) is not None
    return [term] if fits else []


def _element_term(value: ast.DynamicValue) -> Term:
    match value:
        case ast.Literal():
            return term_of(value)
        case bool():
            return literal_term(KqlType.BOOL, value)
        case int():
            return literal_term(KqlType.LONG, value)
        case float():
            return literal_term(KqlType.REAL, value)
        case str():
            return literal_term(KqlType.STRING, value)
        case _:
            return literal_term(KqlType.DYNAMIC, value)


def _in_table(operand: Term, node: ast.Expression, scope: Scope, *, ignore_case: bool) -> Term:
    table, first = scope.table_of_values(node)
    if first.type is KqlType.DYNAMIC:
        return is_in_array(operand, _items_of(table, first, scope), ignore_case=ignore_case, fixed=True)
    target = KqlType.STRING if ignore_case else meeting_type(operand.type, first.type) or first.type
    if not (convertible(operand.type, target) and convertible(first.type, target)):
        raise Misfit(f"a {operand.type} cannot be in a table of {first.type}")
    subject, item = subject_among(operand, target), convert(reference(first), target)
    if ignore_case:
        subject, item = (replace(term, sql=lowered(term)) for term in (subject, item))
    if not isinstance(item.sql, exp.Column):
        made = scope.context.field(first.name, target)
        table, item = Compute((made,), table, (Computed(made, item.sql),)), reference(made)
    return is_in_table(subject, select_of(table, [item.sql.name]))
