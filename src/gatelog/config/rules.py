"""What must hold between settings: references by name, equal keys, who may listen without a token."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from gatelog.config import certificates
from gatelog.config.hub_token import TokenDigest
from gatelog.config.schema import Config, HubTokenConfig
from gatelog.config.secret import KeyDigest
from gatelog.errors import ConfigProblem

RESERVED_PRINCIPALS = frozenset({"anonymous", "local"})
"""Callers without a declared token, as the hub's log names them."""

_PORT_LEFT_OUT = {"http": ":80", "https": ":443"}
"""What browsers leave out of an origin."""


def check(config: Config) -> Iterator[ConfigProblem]:
    """Every rule that a configuration of valid values still breaks."""
    yield from _products(config)
    yield from _subscriptions(config)
    yield from _equal_keys(config)
    yield from _hub_tokens(config.hub.tokens)
    yield from _origins(config)
    yield from _listeners(config)
    yield from certificates.problems(config)
    if config.store.body_retention_days > config.store.retention_days:
        yield ConfigProblem(
            "store.body_retention_days",
            "is longer than store.retention_days",
            "bodies go with their call at the latest; lower it",
        )
    if config.spool.segment_bytes * 4 > config.spool.capacity_bytes:
        yield ConfigProblem(
            "spool.capacity_bytes", "holds fewer than four segments", "raise it or lower spool.segment_bytes"
        )


def _products(config: Config) -> Iterator[ConfigProblem]:
    for name, product in config.products.items():
        path = f"products.{name}.backends"
        for index, backend in enumerate(product.backends):
            if backend not in config.backends:
                yield _unknown(f"{path}[{index}]", "backend", backend, config.backends)
            elif backend in product.backends[:index]:
                yield ConfigProblem(f"{path}[{index}]", f"{backend} is named twice", "name each backend once")


def _subscriptions(config: Config) -> Iterator[ConfigProblem]:
    for name, subscription in config.subscriptions.items():
        if subscription.product and subscription.product not in config.products:
            yield _unknown(f"subscriptions.{name}.product", "product", subscription.product, config.products)


def _origins(config: Config) -> Iterator[ConfigProblem]:
    """Origins are compared as texts, so they must be what browsers send (RFC 6454, section 6.2)."""
    for index, origin in enumerate(config.hub.origins):
        url, place = urlsplit(origin), f"hub.origins[{index}]"
        host = url.netloc.lower().removesuffix(_PORT_LEFT_OUT[url.scheme]).removesuffix(":")
        sent = f"{url.scheme}://{host}"
        if url.path:
            what = f"{origin} is more than an origin"
            yield ConfigProblem(place, what, "scheme, host and port only: no path")
        elif "*" in host or not host.isascii():
            what = f"{origin} is no origin of a browser's"
            yield ConfigProblem(place, what, "name each origin, its host in ASCII: there are no wildcards")
        elif origin != sent:
            yield ConfigProblem(place, f"{origin} is not how a browser writes it", f"write {sent}")


def _unknown(path: str, noun: str, name: str, known: Mapping[str, object]) -> ConfigProblem:
    nearest = difflib.get_close_matches(name, known, n=1) or list(known)
    hint = f"known: {', '.join(nearest)}" if nearest else f"none is configured; add {noun}s.{name}"
    return ConfigProblem(path, f"no {noun} is named {name}", hint)


def _equal_keys(config: Config) -> Iterator[ConfigProblem]:
    seen: dict[KeyDigest, str] = {}
    for name, subscription in config.subscriptions.items():
        for index, key in enumerate(subscription.keys):
            path = f"subscriptions.{name}.keys[{index}]"
            if key in seen:
                yield ConfigProblem(path, f"is the same key as {seen[key]}", "a key names one subscription")
            seen.setdefault(key, path)


def _hub_tokens(tokens: Mapping[str, HubTokenConfig]) -> Iterator[ConfigProblem]:
    names: dict[TokenDigest | str, str] = {}
    for name, token in tokens.items():
        path = f"hub.tokens.{name}"
        if name in RESERVED_PRINCIPALS:
            yield ConfigProblem(path, "is a name that the hub gives itself", "choose another")
        if token.digest is None:
            yield ConfigProblem(path, "has neither hash nor token", "`gatelog token new` prints the lines")
            continue
        if token.token is not None and token.hash is not None:
            yield ConfigProblem(path, "has both hash and token", "keep the hash")
        marks: list[TokenDigest | str] = [token.digest, *filter(None, [token.digest.id])]
        earlier = next((names[mark] for mark in marks if mark in names), None)
        if earlier is not None:
            yield ConfigProblem(path, f"is the same token as {earlier}", "make one of its own")
        names.update(dict.fromkeys(marks, path))


def _listeners(config: Config) -> Iterator[ConfigProblem]:
    if config.hub.anonymous and not config.hub.listen.is_loopback:
        yield ConfigProblem(
            "hub.anonymous",
            f"is refused while hub.listen is {config.hub.listen}",
            "listen on 127.0.0.1, or drop anonymous and use a token",
        )
    if config.gateway.processes > 1 and config.gateway.listen.port == 0:
        yield ConfigProblem(
            "gateway.listen",
            "port 0 cannot be shared by several processes",
            "name a port or set processes: 1",
        )
    if config.gateway.processes > 1 and config.gateway.admin is not None:
        yield ConfigProblem(
            "gateway.admin", "shows one process, and there are several", "drop it or set processes: 1"
        )
    fixed = [
        (path, address)
        for path, address in (
            ("gateway.listen", config.gateway.listen),
            ("hub.listen", config.hub.listen),
            ("gateway.admin", config.gateway.admin),
        )
        if address is not None and address.port != 0
    ]
    for index, (path, address) in enumerate(fixed):
        for earlier, other in fixed[:index]:
            if address == other:
                yield ConfigProblem(path, f"is the address of {earlier} too", "give each its own port")
