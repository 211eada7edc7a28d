"""Functions on IPv6 addresses, alone or with a prefix (`fe80::/10`). An IPv4 address is taken for the IPv6
address that stands for it, `::ffff:a.b.c.d`, its prefix 96 longer."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.network import ADDRESS_BITS, in_any_range, length_within, shortest
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

STRING, LONG, BOOL = KqlType.STRING, KqlType.LONG, KqlType.BOOL

_BITS = 128
_BEFORE_IPV4 = 96
_IPV4 = r"^(?:::)?(\d+\.\d+\.\d+\.\d+)$"
_DOTTED_END = r"(?:^|:)\d+\.\d+\.\d+\.\d+$"


def _bare(text: Sql) -> Sql:
    """The address without its prefix and its zone (`%eth0`)."""
    address = sql.call("arrayElement", sql.call("splitByChar", "/", text), 1)
    return sql.call("replaceRegexpOne", sql.call("trimBoth", address), "%.*$", "")


def _number(text: Sql) -> Sql:
    """The number of an address, without its prefix; NULL when it is none."""
    full = sql.call("replaceRegexpOne", _bare(text), _IPV4, r"::ffff:\1")
    octets = sql.call("toIPv6OrNull", full)
    known = sql.call("toString", sql.if_null(octets, sql.call("toIPv6", "::")))
    low_first = sql.call("reverse", sql.call("IPv6StringToNum", known))
    return sql.if_(sql.is_null(octets), sql.null(), sql.call("reinterpretAsUInt128", low_first))


def _prefix(text: Sql) -> Sql:
    """The length of the prefix in bits of IPv6, all when there is none; NULL when it is no such number."""
    pieces = sql.call("splitByChar", "/", text)
    given = sql.call("toInt64OrNull", sql.call("arrayElement", pieces, 2))
    before = sql.if_(sql.call("match", _bare(text), _DOTTED_END), _BEFORE_IPV4, 0)
    bits = sql.plus(given, before)
    valid = sql.if_(sql.all_of([sql.at_least(given, 0), sql.at_most(bits, _BITS)]), bits, sql.null())
    return sql.if_(sql.eq(sql.call("length", pieces), 1), _BITS, valid)


def _network(number: Sql, length: Sql) -> Sql:
    """The first `length` bits of an address, the others 0."""
    hidden = sql.call("toUInt8", sql.minus(_BITS, length))
    kept = sql.call("bitShiftLeft", sql.call("bitShiftRight", number, hidden), hidden)
    return sql.if_(sql.eq(length, 0), sql.call("toUInt128", 0), kept)


def _canonical(number: Sql) -> Sql:
    """Eight groups of four hexadecimal digits."""
    digits = sql.call("lower", sql.call("leftPad", sql.call("hex", number), 32, "0"))
    return sql.call("arrayStringConcat", sql.call("extractAll", digits, "...."), ":")


def _parse(text: Sql, mask: Sql | None = None) -> Sql:
    length = _prefix(text) if mask is None else shortest(_prefix(text), mask)
    valid = (
        sql.boolean(True) if mask is None else sql.all_of([sql.at_least(mask, 0), sql.at_most(mask, _BITS)])
    )
    return sql.if_(valid, _canonical(_network(_number(text), length)), sql.null())


def _compare(left: Sql, right: Sql, limit: Sql | None = None) -> Sql:
    limits = [] if limit is None else [_limit(left, right, limit)]

    def order(length: Sql) -> Sql:
        one, other = (_network(_number(text), length) for text in (left, right))
        sign = sql.call("multiIf", sql.less(one, other), -1, sql.greater(one, other), 1, 0)
        known = sql.call("isNotNull", sql.plus(one, other))
        return sql.if_(known, sql.call("toInt64", sign), sql.null())

    return sql.with_value(shortest(_prefix(left), _prefix(right), *limits), "length", order)


def _limit(left: Sql, right: Sql, limit: Sql) -> Sql:
    """The length that the author gives, in bits of IPv6; between two IPv4 addresses it counts IPv4's."""
    both_ipv4 = sql.all_of([sql.call("match", _bare(text), _IPV4) for text in (left, right)])
    of_ipv4 = sql.all_of([both_ipv4, sql.at_most(limit, ADDRESS_BITS)])
    return sql.if_(of_ipv4, sql.plus(_BEFORE_IPV4, length_within(limit, _BITS)), length_within(limit, _BITS))


def _matches(left: Sql, right: Sql, limit: Sql | None = None) -> Sql:
    return sql.eq(_compare(left, right, limit), 0)


def _in_range(address: Sql, network: Sql) -> Sql:
    length = _prefix(network)
    return sql.eq(_network(_number(address), length), _network(_number(network), length))


IPV6: tuple[Function, ...] = (
    simple("parse_ipv6", [STRING], STRING, _parse, may_fail=True),
    simple("parse_ipv6_mask", [STRING, LONG], STRING, _parse, may_fail=True),
    simple("ipv6_compare", [STRING, STRING, LONG], LONG, _compare, optional=1, may_fail=True),
    simple("ipv6_is_match", [STRING, STRING, LONG], BOOL, _matches, optional=1, may_fail=True),
    simple("ipv6_is_in_range", [STRING, STRING], BOOL, _in_range, may_fail=True),
    in_any_range("ipv6_is_in_any_range", _number, _in_range),
)
"""The rows of this table."""
