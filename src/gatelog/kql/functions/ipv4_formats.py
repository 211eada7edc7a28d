"""Functions that write IPv4 addresses, and read them with the length of a prefix."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.network import ADDRESS_BITS, address_of, length_within, prefix_of, shortest
from gatelog.kql.functions.row import Function, accept, finished, simple
from gatelog.kql.functions.strings import string_array
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

STRING, LONG, DYNAMIC = KqlType.STRING, KqlType.LONG, KqlType.DYNAMIC


def _network(address: Sql, length: Sql) -> Sql:
    """The address with all but its first bits 0; NULL when the length is none."""
    masked = "bitShiftLeft(bitShiftRight(address, bitAnd(32 - length, 63)), bitAnd(32 - length, 63))"
    known = formula(
        "length BETWEEN 0 AND 32 AND address BETWEEN 0 AND 4294967295", length=length, address=address
    )
    return sql.if_(known, formula(masked, address=address, length=length), sql.null())


def _text(number: Sql) -> Sql:
    return sql.call("IPv4NumToString", sql.call("toUInt32", number))


def _written(*, with_prefix: bool) -> Function:
    """`format_ipv4(address [, prefix])`, and with the prefix at its end `format_ipv4_mask`."""

    def build(arguments: Sequence[Term]) -> Term:
        address, *given = arguments
        if address.type is DYNAMIC:
            address = accept(address, STRING)
        if address.type is STRING:
            number, own = address_of(address.sql), prefix_of(address.sql)
        else:
            number, own = accept(address, LONG).sql, sql.literal(ADDRESS_BITS)
        wanted = accept(given[0], LONG).sql if given else sql.literal(ADDRESS_BITS)
        valid = shortest(own, length_within(wanted, ADDRESS_BITS))

        def shown(length: Sql) -> Sql:
            text = _text(_network(number, length))
            return sql.call("concat", text, "/", sql.call("toString", length)) if with_prefix else text

        return finished(STRING, sql.with_value(valid, "prefix", shown), arguments, may_fail=True)

    return Function("format_ipv4_mask" if with_prefix else "format_ipv4", 1, 2, build)


def _masked(text: Sql, length: Sql) -> Sql:
    return sql.with_value(
        shortest(prefix_of(text), length_within(length, ADDRESS_BITS)),
        "prefix",
        lambda prefix: _network(address_of(text), prefix),
    )


_BLOCKS = """
arrayFold(
    (state, turn) -> if(
        state.2 > last,
        state,
        (
            arrayPushBack(state.1, (state.2, size(state.2))),
            state.2 + toInt64(exp2(size(state.2)))
        )
    ),
    range(64),
    CAST(([], first) AS Tuple(Array(Tuple(Int64, Int64)), Int64))
)
"""
"""Each block begins where the one before ended, and is the largest that may begin there and fits."""
_BITS = """
toInt64(least(
    if(start = 0, 32, bitCount(bitXor(start, start - 1)) - 1),
    floor(log2(last - start + 1) + 1e-12)
))
"""


def _blocks(first: Sql, last: Sql) -> Sql:
    """The networks, in order, that make up a range of addresses."""
    start = sql.call("tupleElement", sql.variable("state"), 2)
    bits = formula(_BITS, start=start, last=last)
    text = _BLOCKS.replace("size(state.2)", "bits")
    folded = formula(text, bits=bits, first=first, last=last)
    pairs = sql.call("tupleElement", folded, 1)
    shown = (
        "arrayMap(block -> concat(IPv4NumToString(toUInt32(block.1)), '/', toString(32 - block.2)), pairs)"
    )
    return string_array(formula(shown, pairs=pairs))


def _cidr_list(arguments: Sequence[Term]) -> Term:
    ends = [convert(accept(argument, STRING), STRING) for argument in arguments]
    first, last = (address_of(end.sql) for end in ends)
    known = formula("isNotNull(first) AND isNotNull(last)", first=first, last=last)
    blocks = _blocks(sql.if_null(first, 1), sql.if_null(last, 0))
    return finished(DYNAMIC, sql.if_(known, blocks, sql.null()), ends, may_fail=True)


IPV4_FORMATS: tuple[Function, ...] = (
    _written(with_prefix=False),
    _written(with_prefix=True),
    simple("parse_ipv4_mask", [STRING, LONG], LONG, _masked, may_fail=True),
    Function("ipv4_range_to_cidr_list", 2, 2, _cidr_list),
)
"""The rows of this table."""
