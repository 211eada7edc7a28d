"""The lookups by address against Python's ipaddress, and at the size that a list of networks has."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_address

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog.testing.kql import engine, run

FEW = settings(max_examples=12, deadline=None)
"""Each example is a query over two tables."""

BITS, BITS_BEFORE_IPV4, IPV4_MAPPED = 128, 96, 0xFFFF << 32

OCTET = st.sampled_from(["0", "1", "10", "128", "255"])
IPV4 = st.lists(OCTET, min_size=4, max_size=4).map(".".join)
IPV6 = st.sampled_from(["::", "::1", "fe80::", "2001:db8::", "2001:db8::a0", "ffff::ffff", "::ffff:1.10.0.1"])
WRONG = st.sampled_from(
    ["", "bad", "1.2.3/8", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/8/9", "::1/129", "/8", "::/x"]
)
LENGTH = st.sampled_from([0, 1, 8, 9, 16, 24, 31, 32, 64, 127, 128])
KEY = st.sampled_from(["", "a", "b"])


def among(addresses: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Addresses, networks, and what is neither."""
    return addresses | st.builds("{}/{}".format, addresses, LENGTH) | WRONG


ROWS = st.lists(st.tuples(among(IPV4 | IPV6), KEY), min_size=1, max_size=15)


def network(text: str, function: str) -> IPv6Network | None:
    """What a text stands for, as of version 6."""
    written, *lengths = text.split("/")
    try:
        address = ip_address(written)
    except ValueError:
        return None
    if len(lengths) > 1 or (address.version == 6 and function == "ipv4_lookup"):
        return None
    if not all(length.isdigit() for length in lengths):
        return None
    before = BITS_BEFORE_IPV4 if address.version == 4 else 0
    bits = before + int(lengths[0]) if lengths else BITS
    value = int(address) + (IPV4_MAPPED if address.version == 4 else 0)
    return IPv6Network((value, bits), strict=False) if bits <= BITS else None


def table(rows: list[tuple[str, str]], column: str) -> str:
    cells = ", ".join(f"{number}, '{text}', '{key}'" for number, (text, key) in enumerate(rows))
    return f"datatable(n_{column}: long, {column}: string, k: string)[{cells}]"


@pytest.mark.parametrize("function", ["ipv4_lookup", "ipv6_lookup"])
@FEW
@example(
    [("1.0.0.0/8", ""), ("1.10.0.1", "")], [("1.10.0.0/16", ""), ("1.0.0.0/7", ""), ("1.0.0.0/8", "")], False
)
@example([("::/0", "")], [], False)
@given(ROWS, st.lists(st.tuples(among(IPV4 | IPV6), KEY), max_size=15), st.booleans())
def test_a_row_is_beside_all_that_overlap(
    function: str, rows: list[tuple[str, str]], networks: list[tuple[str, str]], by_key: bool
) -> None:
    call = (
        f"{function}(({table(networks, 'net')}), ip, net{', k' if by_key else ''}, return_unmatched = true)"
    )
    _, found = run(f"{table(rows, 'ip')} | evaluate {call} | project n_ip, n_net")
    wanted: list[list[int | None]] = []
    for number, (text, key) in enumerate(rows):
        own = network(text, function)
        beside: list[int | None] = [
            place
            for place, (other, other_key) in enumerate(networks)
            if own and (there := network(other, function)) and own.overlaps(there)
            if key == other_key or not by_key
        ]
        wanted += [[number, place] for place in beside or [None]]
    assert sorted(found, key=str) == sorted(wanted, key=str)


@pytest.mark.slow
@pytest.mark.parametrize("function", ["ipv4_lookup", "ipv6_lookup"])
def test_a_hundred_thousand_networks_are_not_tried_one_by_one(function: str) -> None:
    """Of each, the addresses and some networks: to try a thousand million pairs takes many minutes."""
    octets = ", '.', ".join(f"tostring(hash(strcat('{place}', n), 256))" for place in "abcd")
    own = "n == n1"
    query = f"""
        let Networks = range n from 1 to 100000 step 1 | extend net = strcat({octets}, '/', 8 + n % 25);
        range n from 1 to 10000 step 1 | extend ip = strcat({octets}, iff(n % 10 == 0, '/12', ''))
        | evaluate {function}(Networks, ip, net)
        | summarize own = countif({own}), wider = countif(not({own}))
    """
    engine().command("SET max_execution_time = 120")
    try:
        _, [[found, wider]] = run(query)
    finally:
        engine().command("SET max_execution_time = 0")
    assert found == 10_000
    assert wider > found
