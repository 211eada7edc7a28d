"""ipv4_lookup and ipv6_lookup: each row beside the rows of a table whose network its address belongs to.

A network is known by its first address and the length of its prefix. The lookup table is read once, its rows
in a group for each network, and the groups in the order of these:

    keys       000…0a000000 08    000…0a010000 10    000…0a010000 18     10.0.0.0/8, 10.1.0.0/16, 10.1.0.0/24
    lengths    08, 10, 18                                                those that there are

An address belongs to a network for each of these lengths at most, and that one is looked up by its key. A
row that has a network itself is also beside the networks within its own: their keys follow each other.
"""

from __future__ import annotations

from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.lookups import beside, maybe
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

STRING, BOOL, DYNAMIC = KqlType.STRING, KqlType.BOOL, KqlType.DYNAMIC

_IPV4, _IPV6 = "if(isIPv4String(text), toIPv6OrNull(text), NULL)", "toIPv6OrNull(text)"
"""How the text of an address is read, as one of version 6 always: 1.2.3.4 is ::ffff:1.2.3.4."""

_BITS, _BITS_BEFORE_IPV4 = 128, 96

_FIRST = "tupleElement(IPv6CIDRToRange(address, length), 1)"
_LAST = "tupleElement(IPv6CIDRToRange(address, length), 2)"
_KEY = "concat(hex(address), char(length))"
_KEY_OF_NETWORK = f"concat(hex({_FIRST}), char(length))"

_AROUND = f"""
arrayFilter(place -> place > 0, arrayMap(
    length -> transform({_KEY_OF_NETWORK}, keys, arrayEnumerate(keys), toUInt32(0)),
    arrayFilter(length -> length <= own, lengths)
))
"""
"""The places of the networks that the first `own` bits of an address are in."""
_WITHIN = "arrayMap(place -> toUInt32(place), range(before + 1, up_to + 1))"
_COUNT_UP_TO = """
arrayFold(
    (count, step) -> if(
        count + step <= length(keys) AND arrayElement(keys, count + step) <= key,
        toUInt32(count + step),
        count
    ),
    if(own < bits, steps, emptyArrayUInt32()),
    toUInt32(0)
)
"""
"""How many keys there are up to one, found by halves; 0 for an address that is no network."""
_STEPS = """
arrayReverse(
    arrayFilter(step -> step <= length(keys), arrayMap(power -> bitShiftLeft(toUInt32(1), power), range(32)))
)
"""
_ROWS_AT = "arrayFlatten(arrayMap(place -> tupleElement(arrayElement(networks, place), 3), places))"


def ipv4_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`ipv4_lookup(table, address, network [, key ...] [, return_unmatched = true])`."""
    return _lookup(_IPV4, stage, call, relation, scope)


def ipv6_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`ipv6_lookup(...)`: as `ipv4_lookup`, but for the order of the columns: those of the lookup table come
    first. Addresses of version 4 are read as ::ffff:1.2.3.4."""
    return _lookup(_IPV6, stage, call, relation, scope)


def _lookup(parse: str, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
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
    index = _indexed(_networks(parse, network, table, scope), scope)
    found = _matching(parse, address, index, keys, table)
    hidden = {right.name for _, right in keys}
    joined = beside(relation, table, found, hidden, scope, keep=unmatched, reads=index)
    if parse is _IPV4:
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


def _networks(parse: str, network: Field, table: Relation, scope: Scope) -> Sql:
    """The lookup table by its networks, in the order of their keys: Array(Tuple(key, length, rows))."""
    address, bits = _read(parse, network)
    there = Filter(table.fields, table, sql.call("isNotNull", address))
    columns = sql.tuple_([maybe(field) for field in table.fields])
    key = formula(_KEY_OF_NETWORK, address=sql.call("assumeNotNull", address), length=bits)
    keys = (_made("key", key, scope), _made("bits", bits, scope))
    rows = _made("rows", sql.call("groupArray", columns), scope)
    groups = Aggregate((), there, keys, (rows,))
    group = sql.tuple_([sql.column(made.field.sql_name) for made in (*keys, rows)])
    in_order = formula("arraySort(group -> tupleElement(group, 1), groupArray(group))", group=group)
    networks = _made("networks", in_order, scope)
    return sql.subquery(select_of(Aggregate((), groups, (), (networks,)), [networks.field.sql_name]))


def _made(name: str, value: Sql, scope: Scope) -> Computed:
    return Computed(scope.context.field(name, DYNAMIC), value)


class _Index(NamedTuple):
    """The networks, their keys and lengths: the same for all rows."""

    networks: Computed
    keys: Computed
    lengths: Computed


def _indexed(networks: Sql, scope: Scope) -> _Index:
    whole = _made("networks", networks, scope)
    name = sql.column(whole.field.sql_name)
    keys = _made("keys", sql.call("tupleElement", name, 1), scope)
    lengths = formula("arraySort(arrayDistinct(tupleElement(networks, 2)))", networks=name)
    return _Index(whole, keys, _made("lengths", lengths, scope))


def _matching(
    parse: str, address: Field, index: _Index, keys: list[tuple[Field, Field]], table: Relation
) -> Sql:
    """The rows of the lookup table that fit a row: Array(Tuple(columns ...))."""
    parsed, bits = _read(parse, address)
    own = sql.tuple_([sql.call("assumeNotNull", parsed), bits])
    found = sql.with_value(own, "own", lambda one: _rows_of(one, index))
    same = [
        sql.eq(
            sql.call("tupleElement", sql.variable("row"), table.fields.index(right) + 1),
            sql.column(left.sql_name),
        )
        for left, right in keys
    ]
    if same:
        test = sql.if_null(sql.all_of(same), sql.boolean(False))
        found = sql.call("arrayFilter", sql.lambda_("row", test), found)
    return formula("arrayFilter(each -> known, found)", known=sql.call("isNotNull", parsed), found=found)


def _rows_of(own: Sql, index: _Index) -> Sql:
    """The rows of the networks around one, and of those within it."""
    networks, keys, lengths = (sql.column(made.field.sql_name) for made in index)
    address, bits = (sql.call("tupleElement", own, place) for place in (1, 2))
    around = formula(_AROUND, address=address, own=bits, keys=keys, lengths=lengths)
    steps = formula(_STEPS, keys=keys)
    ends = [
        formula(_KEY, address=formula(_FIRST, address=address, length=bits), length=bits),
        formula(_KEY, address=formula(_LAST, address=address, length=bits), length=_BITS),
    ]
    before, up_to = (
        formula(_COUNT_UP_TO, keys=keys, key=key, own=bits, bits=_BITS, steps=steps) for key in ends
    )
    within = formula(_WITHIN, before=before, up_to=up_to)
    return formula(_ROWS_AT, networks=networks, places=sql.call("arrayConcat", around, within))


def _read(parse: str, column: Field) -> tuple[Sql, Sql]:
    """The address of a text, null if there is none or its network has no valid length, and how many of its
    bits are those of its network: all of an address without one."""
    text = convert(reference(column), STRING).sql
    pieces = "splitByChar('/', text)"
    before = f"if(position({pieces}[1], ':') > 0, 0, {_BITS_BEFORE_IPV4})"
    length = f"{before} + toUInt16OrNull({pieces}[2])"
    bits = formula(f"if(position(text, '/') > 0, {length}, {_BITS})", text=text)
    is_valid = f"length({pieces}) <= 2 AND ifNull(bits <= {_BITS}, 0)"
    address = formula(parse, text=formula(f"{pieces}[1]", text=text))
    parsed = formula(f"if({is_valid}, address, NULL)", text=text, bits=bits, address=address)
    return parsed, formula(f"toUInt8(least(ifNull(bits, 0), {_BITS}))", bits=bits)
