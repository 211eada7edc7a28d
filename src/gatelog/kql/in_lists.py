"""The operators with a list behind them: in, in~, has_any, has_all.

    items       in (1, 2)               each is compared
    an array    in (dynamic([1, 2]))    a constant one gives its elements; any other is looked through
    a table     in (Calls | ...)        its first column; of arrays, their elements

`has_any` is true when some of them is found, `has_all` when all are.
"""

from __future__ import annotations

from sqlglot import exp

from gatelog.kql import ast, json_values, sql
from gatelog.kql.comparisons import (
    both,
    either,
    is_in_array,
    is_in_table,
    is_one_of,
    lowered,
    meeting_type,
    opposite,
)
from gatelog.kql.conversions import convert, convertible
from gatelog.kql.formula import formula
from gatelog.kql.literals import literal_term, term_of
from gatelog.kql.lower import select_of
from gatelog.kql.misfit import Misfit
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation
from gatelog.kql.scope import Bind, Scope
from gatelog.kql.sql import Sql
from gatelog.kql.tabular import is_table
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.text_search import check_text, search
from gatelog.kql.types import KqlType

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
    items = [item for item in _spread([bind(item, scope) for item in node.items]) if not _is_nothing(item)]
    if len(items) == 1 and items[0].type is KqlType.DYNAMIC and items[0].constant is None:
        texts = json_values.present_strings(_flat(items[0].sql))
        return _search_for_each(operator, operand, texts)
    join = _PLURAL_SEARCHES[operator]
    found = literal_term(KqlType.BOOL, operator == "has_all")
    for place, item in enumerate(items):
        test = search("has", operand, item)
        found = test if place == 0 else join(found, test)
    return found


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


def _is_nothing(item: Term) -> bool:
    """Whether it is the null of an array, which no text has and every text has all of."""
    return item.type is KqlType.DYNAMIC and item.constant is not None and item.constant.value is None


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
    items = _spread([bind(item, scope) for item in node.items])
    if len(items) == 1 and items[0].type is KqlType.DYNAMIC and items[0].constant is None:
        elements = _flat(items[0].sql)
        return is_in_array(operand, elements, ignore_case=ignore_case, fixed=_is_fixed(items[0]))
    return is_one_of(operand, items, ignore_case=ignore_case)


def _spread(items: list[Term]) -> list[Term]:
    """The items with constant arrays, and those in them, replaced by their elements."""
    spread: list[Term] = []
    for item in items:
        value = item.constant.value if item.constant is not None else None
        if isinstance(value, list):
            spread += _spread([_element_term(element) for element in value])
        else:
            spread.append(item)
    return spread


def _element_term(value: object) -> Term:
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
            return literal_term(KqlType.DYNAMIC, value)  # type: ignore[arg-type]  # a list, a dict or None


def _in_table(operand: Term, node: ast.Expression, scope: Scope, *, ignore_case: bool) -> Term:
    table, first = scope.table_of_values(node)
    if first.type is KqlType.DYNAMIC:
        return is_in_array(operand, _items_of(table, first, scope), ignore_case=ignore_case, fixed=True)
    target = KqlType.STRING if ignore_case else meeting_type(operand.type, first.type) or first.type
    if not (convertible(operand.type, target) and convertible(first.type, target)):
        raise Misfit(f"a {operand.type} cannot be in a table of {first.type}")
    subject, item = convert(operand, target), convert(reference(first), target)
    if ignore_case:
        subject, item = (term._replace(sql=lowered(term)) for term in (subject, item))
    if not isinstance(item.sql, exp.Column):
        made = scope.context.field(first.name, target)
        table, item = Compute((made,), table, (Computed(made, item.sql),)), reference(made)
    return is_in_table(subject, select_of(table, [item.sql.name]))
