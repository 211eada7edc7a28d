"""Functions on texts and addresses, against Python's own."""

from __future__ import annotations

import base64
import ipaddress
import json
import math

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from gatelog.testing.kql import run

TEXTS = ["académie-française", "艺术", "ü", "bücher-münchen-ß", "日本語テスト", "a😀b", "plain"]


def _print(expression: str) -> object:
    _, rows = run(f"print {expression}")
    return rows[0][0]


@pytest.mark.parametrize("text", TEXTS)
def test_punycode_is_that_of_the_rfc_both_ways(text: str) -> None:
    encoded = text.encode("punycode").decode()
    assert _print(f"punycode_from_string('{text}')") == encoded
    assert _print(f"punycode_to_string('{encoded}')") == text


@pytest.mark.parametrize("text", TEXTS)
def test_code_points_are_those_of_unicode_both_ways(text: str) -> None:
    points = [ord(char) for char in text]
    assert _print(f"unicode_codepoints_from_string('{text}')") == points
    assert _print(f"unicode_codepoints_to_string(dynamic({json.dumps(points)}))") == text


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255])
def test_base64_of_numbers_is_that_of_their_bytes(size: int) -> None:
    numbers = list(range(size))
    encoded = base64.b64encode(bytes(numbers)).decode()
    assert _print(f"base64_encode_fromarray(dynamic({json.dumps(numbers)}))") == encoded
    assert _print(f"base64_decode_toarray('{encoded}')") == numbers


@pytest.mark.parametrize("address", ["::1", "fe80::85d:e82c:9446:7994", "2001:db8::", "ffff::ffff"])
@pytest.mark.parametrize("bits", [0, 1, 64, 127, 128])
def test_an_ipv6_network_is_the_one_of_its_prefix(address: str, bits: int) -> None:
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    assert _print(f"parse_ipv6('{address}/{bits}')") == network.network_address.exploded


def test_the_beta_distribution_adds_up_binomials() -> None:
    for x, alpha, beta in ((0.1, 2, 3), (0.5, 10, 20), (0.9, 5, 1), (0.3, 40, 60)):
        size = alpha + beta - 1
        exact = sum(math.comb(size, n) * x**n * (1 - x) ** (size - n) for n in range(alpha, size + 1))
        assert _print(f"beta_cdf({x}, {alpha}.0, {beta}.0)") == pytest.approx(exact, rel=1e-9)


def test_a_pattern_of_the_row_that_is_none_is_named_by_a_message_that_is_a_text() -> None:
    with pytest.raises(DatabaseError, match=r"missing \): \(\?i-s\)\(\?-i\)\("):
        run("datatable(p: string)['('] | project countof('a', p, 'regex')")
