"""Tokens of the hub in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.config import Config, TokenDigest, new_token, parse
from gatelog.errors import ConfigError

TOKEN = "glh_0123abcd_" + "5f" * 32
HASH = TokenDigest.of(TOKEN).text


def read(tokens: str, **environ: str) -> Config:
    return parse(f"hub: {{tokens: {{{tokens}}}}}", environ, Path("/nowhere"))


def problems(tokens: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(tokens, **environ)
    return [str(problem) for problem in refused.value.problems]


def test_a_token_is_known_by_its_hash_however_it_was_written() -> None:
    by_hash = read(f'g: {{role: log, hash: "{HASH}"}}').hub.tokens["g"]
    by_text = read('g: {role: log, token: "${env:T}"}', T=TOKEN).hub.tokens["g"]
    assert by_hash.digest == by_text.digest == TokenDigest.of(TOKEN)
    assert (by_text.role, by_text.may_write) == ("log", False)


def test_nothing_shows_a_token() -> None:
    config = read('g: {role: log, token: "${env:T}"}', T=TOKEN)
    assert TOKEN[-64:] not in repr(config)
    assert HASH[7:] not in repr(config)


def test_tokens_are_new_and_of_256_bits() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token.rpartition("_")[2]) * 4 == 256 for token in tokens)
    assert {TokenDigest.of_token(token).id for token in tokens} == {token[4:12] for token in tokens}


def test_a_printed_hash_reads_back() -> None:
    token = new_token()
    assert TokenDigest.parse(TokenDigest.of(token).text) == TokenDigest.of_token(token)
    assert TokenDigest.of(token) != TokenDigest.of(new_token())


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("g: {role: log}", "hub.tokens.g: has neither hash nor token"),
        (f'g: {{role: log, hash: "{HASH}", token: "{TOKEN}"}}', "hub.tokens.g: has both hash and token"),
        (f'g: {{role: admin, hash: "{HASH}"}}', "hub.tokens.g.role: is not one of its choices"),
        (f'g: {{hash: "{HASH}"}}', "hub.tokens.g.role: is missing"),
        ('g: {role: log, hash: "sha256:12"}', "hub.tokens.g.hash: is not a hash"),
        ('g: {role: log, hash: "md5:' + "0" * 64 + '"}', "hub.tokens.g.hash: is not a hash"),
        ('g: {role: log, hash: "\u017fha256:' + "0" * 64 + '"}', "hub.tokens.g.hash: is not a hash"),
        ('g: {role: log, token: "my own secret"}', "hub.tokens.g.token: is not a hub token"),
        ('g: {role: log, token: "${env:GONE}"}', "environment variable GONE is not set"),
        (f'local: {{role: log, hash: "{HASH}"}}', "hub.tokens.local: is a name that the hub gives itself"),
        (
            f'a: {{role: log, hash: "{HASH}"}}, b: {{role: metrics, token: "{TOKEN}"}}',
            "hub.tokens.b: is the same token as hub.tokens.a",
        ),
        (
            f'a: {{role: log, token: "{TOKEN}"}}, b: {{role: log, token: "{TOKEN[:-1]}0"}}',
            "hub.tokens.b: is the same token as hub.tokens.a",
        ),
    ],
)
def test_what_cannot_be_a_token_is_named_and_never_shown(tokens: str, expected: str) -> None:
    found = problems(tokens)
    assert any(expected in problem for problem in found)
    assert not any(secret in problem for problem in found for secret in (TOKEN, HASH, "my own secret"))


def test_limits_of_questions_are_settings() -> None:
    config = parse(
        "hub: {query: {time_s: 5s, rows_max: 10, answer_bytes_max: 1MiB, memory_bytes_max: 1GiB,"
        " at_once_max: 2, at_once_per_caller_max: 1, waiting_max: 3}}",
        {},
        Path("/nowhere"),
    )
    query = config.hub.query
    assert (query.time_s, query.rows_max, query.answer_bytes_max) == (5, 10, 2**20)
    assert (query.memory_bytes_max, query.at_once_max, query.waiting_max) == (2**30, 2, 3)
