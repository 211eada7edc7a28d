"""Kinds of single values: how each is read, and what it is called in messages and in the reference."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gatelog.config.address import Address
from gatelog.config.hub_token import TokenDigest
from gatelog.config.references import InvalidValueError
from gatelog.config.schema import File, HttpUrl, Network, TokenHash, TokenText
from gatelog.config.secret import KEY_CHARACTERS_MAX, KEY_CHARACTERS_MIN, Dsn, KeyDigest, Secret
from gatelog.config.units import Unit, format_duration, format_size, parse_duration, parse_size


class Kind(NamedTuple):
    """`read`: the YAML value, references put in → ours; or InvalidValueError, ValueError."""

    name: str
    example: str
    read: Callable[[Any], Any]
    format: Callable[[Any], str] = str
    must_exist: bool = False

    @property
    def reads_text(self) -> bool:
        """YAML must give it text: a bare number or word needs quotes."""
        return self.format is str and self.name not in ("boolean", "number")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")
    return value


def _address(value: Any) -> Address:
    return Address.parse(_text(value))


def _network(value: Any) -> Network:
    return ipaddress.ip_network(_text(value))


def _path(value: Any) -> Path:
    if not _text(value):
        raise ValueError("empty")
    return Path(value).expanduser()


def _secret(value: Any) -> Secret:
    text = _text(value)
    if not text or not text.isprintable() or not text.isascii() or text != text.strip():
        raise InvalidValueError(
            "is not usable as a key",
            "it must be printable ASCII, not empty, without spaces or line ends around it",
        )
    return Secret(text)


def _key(value: Any) -> KeyDigest:
    text = _text(value)
    if not KEY_CHARACTERS_MIN <= len(text) <= KEY_CHARACTERS_MAX:
        raise InvalidValueError(
            f"has {len(text)} characters",
            f"a key has {KEY_CHARACTERS_MIN} to {KEY_CHARACTERS_MAX}",
        )
    if not text.isprintable() or text != text.strip():
        raise InvalidValueError(
            "has characters that do not print, or spaces around it",
            "a key is printable text; spaces are allowed inside, not at its ends",
        )
    return KeyDigest.of(text)


def _hub_token(value: Any) -> TokenText:
    return TokenText(TokenDigest.of_token(_text(value)))


def _hub_token_hash(value: Any) -> TokenHash:
    return TokenHash(TokenDigest.parse(_text(value)))


def _http_url(value: Any) -> HttpUrl:
    text = _text(value)
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or any(c.isspace() for c in text):
        raise ValueError("not an http(s) URL")
    if url.username is not None or url.password is not None:
        raise InvalidValueError("carries credentials", "give the key as api_key, not in the URL")
    if url.query or url.fragment:
        raise InvalidValueError(
            "has a query or a fragment", "give scheme, host and path only; api-version comes from the client"
        )
    if url.port == 0:  # reading it raises ValueError when it is no port at all
        raise ValueError("port 0")
    return HttpUrl(text.rstrip("/"))


def _dsn(value: Any) -> Dsn:
    text = _text(value)
    if text and urlsplit(text).scheme not in ("http", "https", "chdb", "clickhouse", "clickhouses"):
        raise ValueError("unknown scheme")
    return Dsn(text)


KINDS: dict[Any, Kind] = {
    str: Kind("text", '"..."', _text),
    bool: Kind("boolean", "true or false", _boolean),
    int: Kind("number", "a whole number", _integer),
    Unit.SECONDS: Kind(
        "duration", '"500ms", "30s", "5m", "1h30m", or seconds as a number', parse_duration, format_duration
    ),
    Unit.BYTES: Kind("size", '"256KiB", "10MB", or bytes as a number', parse_size, format_size),
    Path: Kind("path", "a directory", _path),
    File: Kind("file", "the path of an existing file", _path, must_exist=True),
    Address: Kind("address", '"127.0.0.1:8080" or "[::1]:8080"', _address),
    Network: Kind("network", '"10.0.0.0/8" or "2001:db8::/32"', _network),
    HttpUrl: Kind("URL", '"https://my-resource.openai.azure.com"', _http_url),
    Secret: Kind("secret", '"${env:NAME}" or "${file:PATH}"', _secret),
    KeyDigest: Kind("key", '"${env:NAME}"', _key),
    TokenText: Kind("hub token", '"${env:NAME}" with a token of `gatelog token new`', _hub_token),
    TokenHash: Kind("hash", '"sha256:" and 64 hexadecimal digits', _hub_token_hash),
    Dsn: Kind("store address", '"http://user:${env:PASSWORD}@host:8123/gatelog" or nothing', _dsn),
}
