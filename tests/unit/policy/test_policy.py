"""Decisions are made from values alone: keys, credentials, client addresses, the order of backends."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.policy import (
    COOLDOWN_NS,
    BackendHealth,
    Credential,
    Disagreement,
    KeyRing,
    choose_credential,
    client_address,
    digest_key,
    try_order,
)


def test_a_key_ring_finds_the_subscription_and_shows_no_key() -> None:
    ring = KeyRing([(digest_key(b"secret key one"), "a"), (digest_key(b"secret key two"), "b")])
    assert ring.find(b"secret key one") == "a"
    assert ring.find(b"secret key two") == "b"
    assert ring.find(b"secret key on") is None
    assert "secret" not in repr(ring)


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ([], b"", None),
        ([(b"api-key", b"k1")], b"", Credential("api-key", b"k1")),
        ([(b"authorization", b"Bearer k1")], b"", Credential("authorization", b"k1")),
        ([(b"authorization", b"bearer  k1 ")], b"", Credential("authorization", b"k1")),
        ([(b"authorization", b"Basic abc")], b"", None),
        ([], b"subscription%2dkey=k1", Credential("subscription-key", b"k1")),
        ([], b"api-%6Bey=k1", Credential("api-key", b"k1")),
        (
            [(b"api-key", b"k1")],
            b"subscription%2Dkey=k2",
            Disagreement(("api-key", "subscription-key")),
        ),
        ([(b"ocp-apim-subscription-key", b"k1")], b"", Credential("ocp-apim-subscription-key", b"k1")),
        ([], b"a=1&subscription-key=k%201", Credential("subscription-key", b"k 1")),
        ([], b"Subscription-Key=k1", Credential("subscription-key", b"k1")),
        ([(b"api-key", b"")], b"", None),
        ([(b"api-key", b"k1"), (b"authorization", b"Bearer k1")], b"", Credential("api-key", b"k1")),
        (
            [(b"api-key", b"k1"), (b"authorization", b"Bearer k2")],
            b"",
            Disagreement(("api-key", "authorization")),
        ),
        ([(b"api-key", b"k1")], b"subscription-key=k2", Disagreement(("api-key", "subscription-key"))),
    ],
)
def test_one_credential_is_chosen_or_none(
    headers: list[tuple[bytes, bytes]], query: bytes, expected: Credential | Disagreement | None
) -> None:
    assert choose_credential(headers, query, key_in_query=True) == expected


def test_a_key_in_the_query_can_be_switched_off() -> None:
    assert choose_credential([], b"subscription-key=k1", key_in_query=False) is None


TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [b"1.2.3.4"], "203.0.113.9"),  # an untrusted peer's claim is not believed
        ("10.0.0.1", [b"1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"9.9.9.9, 1.2.3.4, 10.0.0.7"], "1.2.3.4"),  # believed from the right only
        ("10.0.0.1", [b"9.9.9.9", b"1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", [b"1.2.3.4:5678"], "1.2.3.4"),
        ("10.0.0.1", [b"[2001:db8::1]:443"], "2001:db8::1"),
        ("fd00::1", [b"2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", [b"1.2.3.4, garbage"], "10.0.0.1"),
        ("10.0.0.1", [b"10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", [b"fe80::1%eth0"], "fe80::1"),  # the zone is any text, and the proxy's own affair
        ("10.0.0.1", [b"[fd00::2%" + b"z" * 5_000 + b"]:443"], "fd00::2"),
        ("10.0.0.1", [b"1.2.3.4%eth0"], "10.0.0.1"),
        ("10.0.0.1", [b"\t1.2.3.4 "], "1.2.3.4"),
        ("10.0.0.1", [b"\xa01.2.3.4"], "10.0.0.1"),  # a space to Python, not to HTTP
    ],
)
def test_the_client_is_the_first_address_no_trusted_proxy_vouches_against(
    peer: str, forwarded: list[bytes], client: str
) -> None:
    assert client_address(peer, forwarded, TRUSTED) == client


@given(st.text(max_size=40), st.lists(st.binary(max_size=60), max_size=3))
def test_no_header_breaks_the_client_address(peer: str, forwarded: list[bytes]) -> None:
    assert isinstance(client_address(peer, forwarded, TRUSTED), str)


def test_unreachable_backends_go_to_the_end_of_the_line_and_come_back() -> None:
    health = [BackendHealth(), BackendHealth(), BackendHealth()]
    health[0].mark_unreachable(now_ns=5)
    assert try_order(health, 6) == [1, 2, 0]
    assert try_order(health, 5 + COOLDOWN_NS) == [0, 1, 2]
    health[0].mark_unreachable(now_ns=7)
    health[0].mark_reached()
    assert try_order(health, 8) == [0, 1, 2]


def test_nobody_is_left_out_when_no_backend_seems_reachable() -> None:
    health = [BackendHealth(), BackendHealth()]
    for backend in health:
        backend.mark_unreachable(now_ns=1)
    assert try_order(health, 2) == [0, 1]
