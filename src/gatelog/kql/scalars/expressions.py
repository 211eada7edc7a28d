"""Scalar expressions: from syntax tree to term."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.aggregates import AGGREGATES, INSIDE_EXPRESSIONS, AggregateFunction
from gatelog.kql.functions import FUNCTIONS, SEVERAL_COLUMNS
from gatelog.kql.names.bindings import FunctionBinding
from gatelog.kql.names.scope import Scope
from gatelog.kql.names.tabular import TABLE_FUNCTIONS
from gatelog.kql.scalars.chains import shortened
from gatelog.kql.scalars.in_lists import is_in
from gatelog.kql.scalars.kusto_names import is_known_function, reason_against
from gatelog.kql.scalars.shared_arguments import built
from gatelog.kql.search.text_search import check_text, is_search, search
from gatelog.kql.special.several_columns import columns_of, makes_several
from gatelog.kql.special.special_functions import SPECIAL_FUNCTIONS
from gatelog.kql.terms import Term, reference
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.text.foreign_words import function_hint
from gatelog.kql.text.tokens import TEXT_OPERATORS
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values.arithmetic import arithmetic, negated, positive
from gatelog.kql.values.comparisons import (
    between,
    both,
    compare,
    either,
    equal_ignoring_case,
    opposite,
)
from gatelog.kql.values.json_access import element_of, member_of
from gatelog.kql.values.literals import literal_term, term_of

_LOGIC: dict[str, Callable[[Term, Term], Term]] = {"and": both, "or": either}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def bind(node: ast.Node, scope: Scope) -> Term:
    """The typed SQL of an expression."""
    rule = _RULES.get(node.__class__)
    if rule is None:
        raise scope.context.unsupported(node, f"{type(node).__name__} as a value")
    return rule(node, scope)


def _name(node: ast.Name, scope: Scope) -> Term:
    binding = scope.names.get(node.value)
    if isinstance(binding, FunctionBinding) and scope.column(node.value) is None:
        return scope.call_function(binding, ast.Call(node.span, node.value, ()), scope)
    return scope.resolve(node)


def _literal(node: ast.Literal, _: Scope) -> Term:
    return term_of(node)


def _named_argument(node: ast.NamedArgument, scope: Scope) -> Term:
    """Arguments of built-in functions count by their place, whatever name they are given."""
    return bind(node.value, scope)


def _star(node: ast.Star, scope: Scope) -> Term:
    raise scope.context.error(node, "'*' is no value here", "name a column; count() takes nothing")


def _pipeline(node: ast.Pipeline, scope: Scope) -> Term:
    if node.operators or not isinstance(node.source, ast.Expression):
        raise scope.context.error(node, "a table is no value", "wrap it in toscalar()")
    return bind(node.source, scope)


def _unary(node: ast.Unary, scope: Scope) -> Term:
    operand = bind(node.operand, scope)
    with scope.context.at(node):
        return negated(operand) if node.op == "-" else positive(operand)


def _binary(node: ast.Binary, scope: Scope) -> Term:
    """A chain such as `a or b or c` leans to the left: it is walked, not called, because it may be long."""
    chain: list[ast.Binary] = []
    first: ast.Expression = shortened(node, scope) if node.op in _LOGIC else node
    while isinstance(first, ast.Binary) and not isinstance(first.left, ast.Star):
        chain.append(first)
        first = first.left
    term = _any_column(first, scope) if isinstance(first, ast.Binary) else bind(first, scope)
    for link in reversed(chain):
        right = bind(link.right, scope)
        with scope.context.at(link.right if _is_no_condition(link, right) else link):
            term = apply(link, term, right, scope)
    return term


def _is_no_condition(link: ast.Binary, right: Term) -> bool:
    """Whether the right side is at fault: `x == 1 or 2`. The left one begins where the link does."""
    return link.op in _LOGIC and right.type not in {KqlType.BOOL, KqlType.DYNAMIC}


def apply(node: ast.Binary, left: Term, right: Term, scope: Scope) -> Term:
    """`left op right`."""
    operator = node.op
    if operator in _LOGIC:
        return _LOGIC[operator](left, right)
    if operator in _ARITHMETIC:
        return arithmetic(operator, left, right)
    if operator in _COMPARISONS:
        return compare(operator, left, right)
    check_text(operator, left)
    check_text(operator, right)
    if operator == "=~":
        return equal_ignoring_case(left, right)
    if operator == "!~":
        return opposite(equal_ignoring_case(left, right))
    if is_search(operator):
        return search(operator, left, right)
    hint = "use has, contains, startswith, endswith or matches regex"
    raise scope.context.unsupported(node, f"the operator '{operator}'", hint)


def _any_column(node: ast.Binary, scope: Scope) -> Term:
    """`* has "x"`: any string column; `* == 1`: any column that compares with the value as it is."""
    right = bind(node.right, scope)
    alike = _like(right.type) if node.op in _COMPARISONS else (KqlType.STRING, KqlType.DYNAMIC)
    with scope.context.at(node):
        shown = scope.shown
        scope.context.count_searches(len(shown))
        tests = [
            apply(node, member, right, scope)
            for member in (scope.resolve(ast.Name(node.span, field.name)) for field in shown)
            if member.type in alike
        ]
        found = literal_term(KqlType.BOOL, False)
        for test in tests:
            found = either(found, test)
    return found


def _like(kind: KqlType) -> tuple[KqlType, ...]:
    return NUMBERS if kind in NUMBERS else (kind,)


def _between(node: ast.Between, scope: Scope) -> Term:
    operand, low, high = bind(node.operand, scope), bind(node.low, scope), bind(node.high, scope)
    with scope.context.at(node):
        if low.type is KqlType.DATETIME and high.type is KqlType.TIMESPAN:
            high = arithmetic("+", low, high)
        inside = between(operand, low, high)
        return opposite(inside) if node.negated else inside


def _in_list(node: ast.InList, scope: Scope) -> Term:
    return is_in(node, scope, bind)


def _member(node: ast.Member, scope: Scope) -> Term:
    base = bind(node.base, scope)
    with scope.context.at(node):
        return member_of(base, literal_term(KqlType.STRING, node.name))


def _index(node: ast.Index, scope: Scope) -> Term:
    index = bind(node.index, scope)
    if isinstance(node.base, ast.Call) and makes_several(node.base, scope):
        parts = columns_of(node.base, scope, bind)
        place = index.constant.value if index.constant is not None else None
        if len(parts) > 1 and isinstance(place, int) and 0 <= place < len(parts):
            return parts[place][1]
    base = bind(node.base, scope)
    with scope.context.at(node):
        return member_of(base, index) if index.type is KqlType.STRING else element_of(base, index)


def _call(node: ast.Call, scope: Scope) -> Term:
    binding = scope.names.get(node.function)
    if isinstance(binding, FunctionBinding):
        return scope.call_function(binding, node, scope)
    if makes_several(node, scope):
        return columns_of(node, scope, bind)[0][1]
    special = SPECIAL_FUNCTIONS.get(node.function)
    if special is not None:
        with scope.context.at(node):
            return special(node, scope, bind)
    aggregate = AGGREGATES.get(node.function) or INSIDE_EXPRESSIONS.get(node.function)
    if scope.keys is not None and aggregate is not None:
        return _aggregate(node, aggregate, scope)
    return _scalar_call(node, scope)


def _aggregate(node: ast.Call, row: AggregateFunction, scope: Scope) -> Term:
    _check_count(node, row.least, row.most, scope)
    scope.pending.ordered |= row.ordered
    inner = scope.inside_aggregate()
    arguments = [bind(argument, inner) for argument in node.arguments]
    with scope.context.at(node):
        return row.apply(arguments)


_TAKES_ALL_COLUMNS = frozenset({"pack_array"})
"""Functions for which `*` stands for all columns of the row."""


def _scalar_call(node: ast.Call, scope: Scope) -> Term:
    function = FUNCTIONS.get(node.function)
    if function is None or node.qualifier is not None:
        raise _unknown_function(node, scope)
    _check_count(node, function.least, function.most, scope)
    arguments: list[Term] = []
    for argument in node.arguments:
        all_columns = isinstance(argument, ast.Star) and node.function in _TAKES_ALL_COLUMNS
        arguments += map(reference, scope.shown) if all_columns else [bind(argument, scope)]
    with scope.context.at(node):
        return built(function.build, node.arguments, arguments)


def _check_count(node: ast.Call, least: int, most: int | None, scope: Scope) -> None:
    count = len(node.arguments)
    if count < least or (most is not None and count > most):
        wanted = (
            str(least) if least == most else f"{least} to {most}" if most is not None else f"at least {least}"
        )
        raise scope.context.error(node, f"{node.function}() takes {wanted} arguments, here are {count}")


def _unknown_function(node: ast.Call, scope: Scope) -> KqlError:
    name = node.function
    if scope.named(name) is not None:
        hint = "it names a value, a table or a pattern"
        return scope.context.error(node, f"'{name}' is no function of values", hint)
    scope.check_read(node, name)
    if name in AGGREGATES or name in INSIDE_EXPRESSIONS:
        return scope.context.error(node, f"the aggregate {name}() has no meaning here", _IN_SUMMARIZE)
    if is_known_function(name):
        return scope.context.unsupported(node, f"the function {name}()", reason_against(name))
    known = [*FUNCTIONS, *SEVERAL_COLUMNS, *SPECIAL_FUNCTIONS, *AGGREGATES]
    known += [
        known_name for known_name, binding in scope.names.items() if isinstance(binding, FunctionBinding)
    ]
    hint = _other_form(node, scope) or function_hint(name) or did_you_mean(name, known)
    return scope.context.error(node, f"there is no function '{name}'", hint)


_IN_SUMMARIZE = "use it in summarize, and filter behind that: | summarize n = count() by ... | where n > 1"


def _other_form(node: ast.Call, scope: Scope) -> str:
    """The hint for a column, or an operator between two texts, that is written as a function, and for a
    function that is written as a method."""
    name = node.function
    if node.qualifier is not None and name in FUNCTIONS:
        return f"what a function takes stands in its parentheses: {name}(value, ...)"
    if scope.column(name) is not None:
        return "it names a column"
    return f"{name} stands between two texts: text {name} 'part'" if name in TEXT_OPERATORS else ""


def no_table(node: ast.Expression, scope: Scope) -> KqlError:
    """The error of an expression that no table comes of."""
    if not isinstance(node, ast.Call):
        written = scope.context.text[node.span.start : node.span.end]
        hint = "a comment begins with //" if "--" in written else "a query begins with its table"
        return scope.context.error(node, "a table is wanted here, this is a value", hint)
    if is_builtin(node.function):
        return scope.context.unsupported(node, f"{node.function}() as a table", reason_against(node.function))
    return _unknown_function(node, scope)


def is_builtin(name: str) -> bool:
    """Whether the language has a function of this name."""
    tables = (FUNCTIONS, AGGREGATES, SPECIAL_FUNCTIONS, SEVERAL_COLUMNS, TABLE_FUNCTIONS)
    return any(name in table for table in tables) or is_known_function(name)


_RULES: dict[type[ast.Node], Callable[[Any, Scope], Term]] = {
    ast.Name: _name,
    ast.Literal: _literal,
    ast.NamedArgument: _named_argument,
    ast.Star: _star,
    ast.Pipeline: _pipeline,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Between: _between,
    ast.InList: _in_list,
    ast.Member: _member,
    ast.Index: _index,
    ast.Call: _call,
}
"""How each kind of expression is bound; the node is of the key's type."""
