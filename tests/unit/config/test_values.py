"""The single values of a configuration: addresses, secrets, units."""

import copy
import pickle
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.config import Address, Dsn, KeyDigest, Secret, parse_duration
from gatelog.config.units import format_duration, format_size, parse_size


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0), ("gate.example:443", "gate.example", 443)],
)
def test_an_address_reads_and_prints_the_same(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == (host, port)
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["8080", ":8080", "::1:8080", "host", "host:", "host:65536", "[x]:1", "a b:1", "a:-1", "a:८०", "a:1_0"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the reader words its own message
        Address.parse(text)


def test_a_url_of_a_wildcard_address_can_be_typed() -> None:
    assert Address("0.0.0.0", 80).url() == "http://127.0.0.1:80"
    assert Address("::", 443).url(tls=True) == "https://[::1]:443"


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda secret: f"{secret!r}"])
def test_a_secret_is_shown_by_nothing_but_reveal(show: Callable[[object], str]) -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in show(secret)
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, msgspec.json.encode, msgspec.to_builtins])
def test_a_secret_cannot_be_serialised(leak: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        leak(Secret("hunter2"))


def test_a_key_digest_is_found_by_the_key_as_presented() -> None:
    subscriptions = {KeyDigest.of("a key with spaces"): "team-a"}
    assert subscriptions[KeyDigest.of(b"a key with spaces")] == "team-a"
    assert KeyDigest.of("another key") not in subscriptions
    assert repr(KeyDigest.of("x")) == "KeyDigest(…)"
    assert len(KeyDigest.of("x").digest) == 32


def test_the_repr_of_a_store_address_hides_its_password() -> None:
    dsn = Dsn("https://user:hunter2@store.example/gatelog")
    assert "hunter2" not in repr(dsn)
    assert "hunter2" in dsn


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("2d", 172_800),
        (7, 7),
        (0.5, 0.5),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5", "5 s", "-5s", "5x", "5m!", "१s", "1_0s", True, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "KiB", "-1", "1 KB x", "1kb", "१ KB", "1_0", True, 1.5])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@given(st.integers(0, 2**50))
def test_a_formatted_size_reads_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(0, 10**6))
def test_a_formatted_duration_reads_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-5)
