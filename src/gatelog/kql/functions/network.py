"""Functions on IPv4 addresses, alone (`10.1.2.3`) or with a prefix (`10.0.0.0/8`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import reduce

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, finished, simple
from gatelog.kql.misfit import Misfit
from gatelog.kql.regex.regexes import quote_pattern
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.literals import bool_term

STRING, LONG, BOOL, DYNAMIC = KqlType.STRING, KqlType.LONG, KqlType.BOOL, KqlType.DYNAMIC

_PRIVATE = (("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16))
ADDRESS_BITS = 32
"""Of an IPv4 address."""


def address_of(text: Sql) -> Sql:
    """The number of an address, without its prefix; NULL when it is none."""
    first = sql.call("arrayElement", sql.call("splitByChar", "/", text), 1)
    return sql.call("toInt64", sql.call("IPv4StringToNumOrNull", first))


def prefix_of(text: Sql) -> Sql:
    """The length of the prefix, 32 when there is none; NULL when it is no number from 0 to 32."""
    pieces = sql.call("splitByChar", "/", text)
    given = length_within(sql.call("toInt64OrNull", sql.call("arrayElement", pieces, 2)), ADDRESS_BITS)
    return sql.if_(sql.eq(sql.call("length", pieces), 1), ADDRESS_BITS, given)


def _network(address: Sql, length: Sql) -> Sql:
    """The first `length` bits of an address; with no bits, 0."""
    return sql.call("bitShiftRight", address, sql.minus(ADDRESS_BITS, length))


def _parse(text: Sql) -> Sql:
    bare = sql.call("trimBoth", text)
    length = prefix_of(bare)
    return sql.call("bitShiftLeft", _network(address_of(bare), length), sql.minus(ADDRESS_BITS, length))


def shortest(*lengths: Sql) -> Sql:
    """The least of some lengths; NULL where one of them is, which ClickHouse's `least` would pass over."""
    return sql.if_(sql.is_null(reduce(sql.plus, lengths)), sql.null(), sql.call("least", *lengths))


def length_within(length: Sql, bits: int) -> Sql:
    """The length of a prefix; NULL when it is no number from 0 to `bits`."""
    return sql.if_(sql.all_of([sql.at_least(length, 0), sql.at_most(length, bits)]), length, sql.null())


def _compare(left: Sql, right: Sql, limit: Sql | None = None) -> Sql:
    limits = [] if limit is None else [length_within(limit, ADDRESS_BITS)]

    def order(length: Sql) -> Sql:
        one, other = (_network(address_of(text), length) for text in (left, right))
        return sql.call("toInt64", sql.call("sign", sql.minus(one, other)))

    return sql.with_value(shortest(prefix_of(left), prefix_of(right), *limits), "length", order)


def _matches(left: Sql, right: Sql, limit: Sql | None = None) -> Sql:
    return sql.eq(_compare(left, right, limit), 0)


def _suffix(text: Sql) -> Sql:
    return sql.if_(sql.is_null(address_of(text)), sql.null(), prefix_of(text))


def _in_range(ip: Sql, network: Sql) -> Sql:
    length = prefix_of(network)
    return sql.eq(_network(address_of(ip), length), _network(address_of(network), length))


def _is_private(text: Sql) -> Sql:
    address, length = address_of(text), prefix_of(text)
    tests = []
    for network, bits in _PRIVATE:
        inside = sql.eq(
            _network(address, sql.literal(bits)),
            _network(address_of(sql.literal(network)), sql.literal(bits)),
        )
        tests.append(sql.all_of([inside, sql.at_least(length, bits)]))
    return sql.any_of(tests)


def in_any_range(name: str, number: Callable[[Sql], Sql], in_range: Callable[[Sql, Sql], Sql]) -> Function:
    """Whether an address is in one of some networks, strings or dynamic arrays of strings; null for what is
    no address by `number`."""

    def in_one_of(address: Sql, networks: Term) -> Sql:
        if networks.type is not DYNAMIC:
            return sql.if_null(in_range(address, accept(networks, STRING).sql), sql.boolean(False))
        test = sql.if_null(in_range(address, sql.variable("network")), sql.boolean(False))
        found = sql.call("arrayExists", sql.lambda_("network", test), json_values.strings(networks.sql))
        return sql.call("toBool", found)

    def build(arguments: Sequence[Term]) -> Term:
        address = accept(arguments[0], STRING)
        inside = sql.any_of([in_one_of(address.sql, networks) for networks in arguments[1:]])
        known = sql.call("isNotNull", number(address.sql))
        return finished(BOOL, sql.if_(known, inside, sql.null()), [address], may_fail=True)

    return Function(name, 2, None, build)


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_BEGINS = """
has(found, address) OR (endsWith(address, '.') AND arrayExists(one -> startsWith(one, address), found))
"""
_BEFORE, _AFTER = r"(?:^|[^\pL\pN.])\.*", r"\.*(?:$|[^\pL\pN.])"
_RUN = r"[\pL\pN](?:[\pL\pN.]*[\pL\pN])?"
"""What may be an address: the dots around it end a sentence."""


def _has_address(name: str, *, prefix: bool, most: int | None) -> Function:
    """Whether a text contains an address, or one of some, set apart from letters and digits; a prefix ends
    with a dot."""

    def build(arguments: Sequence[Term]) -> Term:
        text = accept(arguments[0], STRING)
        constants = [term for term in arguments[1:] if term.constant is not None]
        wanted = [address for term in constants for address in _constants(term, name)]
        shapes = [shape for address in wanted if (shape := _shape(address, prefix=prefix)) is not None]
        tests = [sql.call("match", text.sql, f"{_BEFORE}(?:{'|'.join(shapes)}){_AFTER}")] if shapes else []
        tests += [
            _has_of_row(text.sql, term, prefix=prefix) for term in arguments[1:] if term.constant is None
        ]
        return finished(BOOL, sql.any_of(tests), [text]) if tests else bool_term(False)

    return Function(name, 2, most, build)


def _constants(term: Term, name: str) -> list[str]:
    value = term.constant.value if term.constant is not None else None
    if term.type is not DYNAMIC and not isinstance(value, str):
        raise Misfit(f"the addresses of {name}() must be strings")
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _has_of_row(text: Sql, wanted: Term, *, prefix: bool) -> Sql:
    """The same for addresses that only the row knows, against the whole addresses of the text."""
    alone = sql.array([accept(wanted, STRING).sql])
    addresses = alone
    if wanted.type is DYNAMIC:
        addresses = sql.if_(json_values.is_array(wanted.sql), json_values.strings(wanted.sql), alone)
    runs = sql.call("extractAll", text, _RUN)
    whole = sql.lambda_("run", sql.call("match", sql.variable("run"), rf"^{_OCTET}(?:\.{_OCTET}){{3}}$"))
    test = _BEGINS if prefix else "has(found, address)"
    return sql.with_value(
        sql.call("arrayFilter", whole, runs),
        "found",
        lambda found: formula(
            f"toBool(arrayExists(address -> {test}, addresses))", found=found, addresses=addresses
        ),
    )


def _shape(address: str, *, prefix: bool) -> str | None:
    """The pattern of the addresses meant; None for what can match none."""
    octets = address.removesuffix(".").split(".")
    if not all(re.fullmatch(_OCTET, octet) for octet in octets):
        return None
    whole = len(octets) == 4
    if whole != (not address.endswith(".")) or len(octets) > 4 or not (whole or prefix):
        return None
    if whole:
        return quote_pattern(address)
    missing = [_OCTET] * (4 - len(octets))
    return quote_pattern(address) + r"\.".join(missing)


NETWORK: tuple[Function, ...] = (
    simple("parse_ipv4", [STRING], LONG, _parse, may_fail=True),
    simple("ipv4_compare", [STRING, STRING, LONG], LONG, _compare, optional=1, may_fail=True),
    simple("ipv4_is_match", [STRING, STRING, LONG], BOOL, _matches, optional=1, may_fail=True),
    simple("ipv4_is_in_range", [STRING, STRING], BOOL, _in_range, may_fail=True),
    in_any_range("ipv4_is_in_any_range", address_of, _in_range),
    simple("ipv4_is_private", [STRING], BOOL, _is_private, may_fail=True),
    _has_address("has_ipv4", prefix=False, most=2),
    _has_address("has_any_ipv4", prefix=False, most=None),
    _has_address("has_ipv4_prefix", prefix=True, most=2),
    _has_address("has_any_ipv4_prefix", prefix=True, most=None),
    simple("ipv4_netmask_suffix", [STRING], LONG, _suffix, may_fail=True),
)
"""The rows of this table."""
