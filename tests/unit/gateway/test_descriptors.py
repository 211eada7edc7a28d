"""Descriptors are shared out before connections need them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatelog.gateway.descriptors import RESERVED, Connections, within


def test_what_fits_is_granted_whole() -> None:
    wanted = Connections(10_000, {"east": 512, "west": 512})
    assert within(10_000 + 1024 + RESERVED, wanted) == wanted


def test_where_descriptors_are_few_clients_get_at_least_half() -> None:
    granted = within(1024, Connections(10_000, {"east": 512, "west": 512}))
    assert granted == Connections(480, {"east": 240, "west": 240})


def test_clients_get_what_backends_leave() -> None:
    assert within(1024, Connections(10_000, {"east": 60})) == Connections(900, {"east": 60})


@given(
    st.integers(100, 70_000),
    st.integers(1, 20_000),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 5000), max_size=8),
)
def test_the_limit_is_kept_and_nobody_gets_nothing(
    limit: int, clients: int, backends: dict[str, int]
) -> None:
    granted = within(limit, Connections(clients, backends))
    assert granted.clients + sum(granted.backends.values()) <= limit
    assert 1 <= granted.clients <= clients
    assert all(1 <= granted.backends[name] <= count for name, count in backends.items())
