"""Functions on IPv4 addresses, alone (`10.1.2.3`) or with a prefix (`10.0.0.0/8`)."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import sql
from gatelog.kql.functions.row import Function, accept, finished, simple
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

STRING, LONG, BOOL = KqlType.STRING, KqlType.LONG, KqlType.BOOL

_PRIVATE = (("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16))
_BITS = 32


def _address(text: Sql) -> Sql:
    """The number of an address, without its prefix; NULL when it is none."""
    first = sql.call("arrayElement", sql.call("splitByChar", "/", text), 1)
    return sql.call("toInt64", sql.call("IPv4StringToNumOrNull", first))


def _prefix(text: Sql) -> Sql:
    """The length of the prefix, 32 when there is none; NULL when it is no number from 0 to 32."""
    pieces = sql.call("splitByChar", "/", text)
    length = sql.call("toInt64OrNull", sql.call("arrayElement", pieces, 2))
    given = sql.if_(sql.all_of([sql.at_least(length, 0), sql.at_most(length, _BITS)]), length, sql.null())
    return sql.if_(sql.eq(sql.call("length", pieces), 1), _BITS, given)


def _network(address: Sql, length: Sql) -> Sql:
    """The first `length` bits of an address; with no bits, 0."""
    return sql.call("bitShiftRight", address, sql.minus(_BITS, length))


def _parse(text: Sql) -> Sql:
    length = _prefix(text)
    return sql.call("bitShiftLeft", _network(_address(text), length), sql.minus(_BITS, length))


def _shared_prefix(arguments: Sequence[Sql]) -> Sql:
    left, right, *limit = arguments
    return sql.call("least", _prefix(left), _prefix(right), *limit)


def _compare(*arguments: Sql) -> Sql:
    length = _shared_prefix(arguments)
    left, right = (_network(_address(text), length) for text in arguments[:2])
    return sql.call("toInt64", sql.call("sign", sql.minus(left, right)))


def _matches(*arguments: Sql) -> Sql:
    return sql.eq(_compare(*arguments), 0)


def _in_range(ip: Sql, network: Sql) -> Sql:
    length = _prefix(network)
    return sql.eq(_network(_address(ip), length), _network(_address(network), length))


def _is_private(text: Sql) -> Sql:
    address, length = _address(text), _prefix(text)
    tests = []
    for network, bits in _PRIVATE:
        inside = sql.eq(
            _network(address, sql.literal(bits)), _network(_address(sql.literal(network)), sql.literal(bits))
        )
        tests.append(sql.all_of([inside, sql.at_least(length, bits)]))
    return sql.any_of(tests)


def _in_any_range(arguments: Sequence[Term]) -> Term:
    ip, *networks = (accept(argument, STRING) for argument in arguments)
    inside = sql.any_of([_in_range(ip.sql, network.sql) for network in networks])
    return finished(BOOL, inside, [ip], may_fail=True)


NETWORK: tuple[Function, ...] = (
    simple("parse_ipv4", [STRING], LONG, _parse, may_fail=True),
    simple("ipv4_compare", [STRING, STRING, LONG], LONG, _compare, optional=1, may_fail=True),
    simple("ipv4_is_match", [STRING, STRING, LONG], BOOL, _matches, optional=1, may_fail=True),
    simple("ipv4_is_in_range", [STRING, STRING], BOOL, _in_range, may_fail=True),
    Function("ipv4_is_in_any_range", 2, None, _in_any_range),
    simple("ipv4_is_private", [STRING], BOOL, _is_private, may_fail=True),
    simple("ipv4_netmask_suffix", [STRING], LONG, _prefix, may_fail=True),
)
"""The rows of this table."""
