"""ipv4_lookup and ipv6_lookup: each row beside the rows of a table whose network its address belongs to.

The elements of the lookup table are (first address, last address, its columns); each row of the input keeps
those whose addresses are its own, or some of its own where it has a network itself.
"""

from __future__ import annotations

from typing import NamedTuple

from gatelog.kql import ast, sql
from gatelog.kql.conversions import convert
from gatelog.kql.expressions import bind
from gatelog.kql.formula import formula
from gatelog.kql.relations import Compute, Relation
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages.lookups import beside, collected, maybe
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType

STRING, BOOL = KqlType.STRING, KqlType.BOOL

_FIRST_COLUMN = 3
"""The place of the first column of the lookup table in an element."""


class _Family(NamedTuple):
    """ClickHouse's functions for one kind of address; `width` in bits, `before` those that stand in front of
    an address of version 4."""

    parse: str
    to_range: str
    width: int
    before: int


_IPV4 = _Family("toIPv4OrNull", "IPv4CIDRToRange", 32, 0)
_IPV6 = _Family("toIPv6OrNull", "IPv6CIDRToRange", 128, 96)


def ipv4_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`ipv4_lookup(table, address, network [, key ...] [, return_unmatched = true])`."""
    return _lookup(_IPV4, stage, call, relation, scope)


def ipv6_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`ipv6_lookup(...)`: as `ipv4_lookup`, but for the order of the columns: those of the lookup table come
    first. Addresses of version 4 are read as ::ffff:1.2.3.4."""
    return _lookup(_IPV6, stage, call, relation, scope)


def _lookup(
    family: _Family, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope
) -> Relation:
    positional, unmatched = _given(call, scope)
    if len(positional) < 3:
        raise scope.context.error(stage, f"{call.function} takes a table, an address and a network")
    table = scope.bind_table(positional[0], scope)
    address = named_column(positional[1], call, relation, scope)
    network = named_column(positional[2], call, table, scope)
    keys = [
        (named_column(node, call, relation, scope), named_column(node, call, table, scope))
        for node in positional[3:]
    ]
    for left, right in keys:
        if left.type is not right.type:
            message = f"the key '{left.name}' is {left.type} here and {right.type} in the lookup table"
            raise scope.context.error(stage, message)
    found = _matching(family, address, network, keys, table, scope)
    hidden = {right.name for _, right in keys}
    joined = beside(relation, table, found, _FIRST_COLUMN, hidden, scope, keep=unmatched)
    if family is _IPV4:
        return joined
    own = len(relation.fields)
    return Compute((*joined.fields[own:], *joined.fields[:own]), joined, ())


def _given(call: ast.Call, scope: Scope) -> tuple[list[ast.Expression], bool]:
    """The positional arguments, and whether rows without a match are kept."""
    positional, unmatched = [], False
    for argument in call.arguments:
        if isinstance(argument, ast.NamedArgument):
            if argument.name != "return_unmatched":
                raise scope.context.error(argument, f"{call.function} has no parameter '{argument.name}'")
            unmatched = _flag(argument.value, scope)
        elif isinstance(argument, ast.Literal) and argument.type == BOOL.value:
            unmatched = _flag(argument, scope)
        else:
            positional.append(argument)
    return positional, unmatched


def _flag(node: ast.Expression, scope: Scope) -> bool:
    constant = bind(node, scope).constant
    if constant is None or not isinstance(constant.value, bool):
        raise scope.context.error(node, "return_unmatched must be true or false, and a constant")
    return constant.value


def _matching(
    family: _Family,
    address: Field,
    network: Field,
    keys: list[tuple[Field, Field]],
    table: Relation,
    scope: Scope,
) -> Sql:
    """The elements of the lookup table that fit a row: Array(Tuple(first, last, columns ...))."""
    parsed, limits = _range(family, network)
    columns = [maybe(field) for field in table.fields]
    ends = [sql.call("tupleElement", limits, place) for place in (1, 2)]
    rows = collected(sql.tuple_([*ends, *columns]), sql.call("isNotNull", parsed), table, scope)
    is_address, own_limits = _range(family, address)
    row = sql.variable("row")
    same = [
        sql.eq(
            sql.call("tupleElement", row, _FIRST_COLUMN + table.fields.index(right)),
            sql.column(left.sql_name),
        )
        for left, right in keys
    ]

    def fitting(own: Sql) -> Sql:
        text = "tupleElement(own, 2) >= tupleElement(row, 1) AND tupleElement(own, 1) <= tupleElement(row, 2)"
        test = sql.if_null(sql.all_of([formula(text, own=own, row=row), *same]), sql.boolean(False))
        return sql.call("arrayFilter", sql.lambda_("row", test), rows)

    found = sql.with_value(own_limits, "own", fitting)
    return formula("arrayFilter(each -> known, found)", known=sql.call("isNotNull", is_address), found=found)


def _range(family: _Family, column: Field) -> tuple[Sql, Sql]:
    """The address of a text, null if there is none or its network has no valid length, and the first and last
    of its network; that of an address without one is itself."""
    text = convert(reference(column), STRING).sql
    pieces = "splitByChar('/', text)"
    before = f"if(position({pieces}[1], ':') > 0, 0, {family.before})"
    length = f"{before} + toUInt16OrNull({pieces}[2])"
    bits = formula(f"if(position(text, '/') > 0, {length}, {family.width})", text=text)
    is_valid = f"length({pieces}) <= 2 AND ifNull(bits <= {family.width}, 0)"
    parsed = formula(f"if({is_valid}, {family.parse}({pieces}[1]), NULL)", text=text, bits=bits)
    known = formula(f"toUInt8(least(ifNull(bits, 0), {family.width}))", bits=bits)
    return parsed, formula(f"{family.to_range}(assumeNotNull(parsed), known)", parsed=parsed, known=known)
