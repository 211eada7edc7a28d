"""`gatelog token new`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gatelog.config import TokenDigest, parse

Gatelog = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("role", ["metrics", "log", "log-with-bodies"])
@pytest.mark.parametrize("name", ["grafana", "a b: {c}", "yes", "Größe 😀"])
def test_the_lines_it_prints_let_the_hub_know_the_token(gatelog: Gatelog, name: str, role: str) -> None:
    code, out, err = gatelog("token", "new", name, "--role", role)
    token, lines = out.split("\n", 1)
    config = parse(lines, {}, Path("/nowhere"))
    assert (code, err) == (0, "")
    assert config.hub.tokens[name].digest == TokenDigest.of_token(token)
    assert (config.hub.tokens[name].role, config.hub.tokens[name].may_write) == (role, False)
    assert token not in lines


def test_the_right_to_write_is_given_by_name(gatelog: Gatelog) -> None:
    _, out, _ = gatelog("token", "new", "ada", "--role", "log", "--may-write")
    config = parse(out.split("\n", 1)[1], {}, Path("/nowhere"))
    assert config.hub.tokens["ada"].may_write


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "use 1 to 128 printable characters"),
        ("a\nb", "use 1 to 128 printable characters"),
        ("a\u2028b", "use 1 to 128 printable characters"),
        ("anonymous", "is a name that the hub gives itself"),
    ],
)
def test_a_name_that_a_configuration_may_not_have_is_refused(gatelog: Gatelog, name: str, says: str) -> None:
    code, out, err = gatelog("token", "new", name, "--role", "log")
    assert (code, out) == (2, "")
    assert says in err


def test_another_role_is_the_users_mistake(gatelog: Gatelog) -> None:
    code, out, err = gatelog("token", "new", "ada", "--role", "root")
    assert (code, out) == (2, "")
    assert "'log-with-bodies'" in err


def test_as_json_the_same_is_there_for_a_program(gatelog: Gatelog) -> None:
    _, out, _ = gatelog("token", "new", "ada", "--role", "log", "--may-write", "--json")
    made = json.loads(out)
    config = parse(json.dumps({"hub": made["hub"]}), {}, Path("/nowhere"))  # JSON is YAML
    token = config.hub.tokens["ada"]
    assert (token.digest, token.role) == (TokenDigest.of_token(made["token"]), "log")
    assert token.may_write
