"""Who may ask the hub."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gatelog.api.auth import TOKEN_FILE, LocalToken, local_token

QUESTION = {"query": "Calls | count"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8081", "localhost:1", "LOCALHOST", "[::1]:8081"])
def test_anonymous_callers_use_a_loopback_name(client, host: str) -> None:
    """Whatever the port."""
    assert client().post("/query", json=QUESTION, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8081", "[::2]", ""]
)
def test_another_name_is_refused(client, host: str) -> None:
    """A web page whose name was made to resolve to this machine (DNS rebinding)."""
    response = client().post("/query", json=QUESTION, headers={"host": host})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "wrong_host"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer right", 200),
        ("bearer right", 200),
        ("Bearer wrong", 401),
        ("Bearer ", 401),
        ("Basic right", 401),
        ("right", 401),
        (None, 401),
    ],
)
@pytest.mark.parametrize("path", ["/query", "/completeness", "/metrics"])
def test_every_question_needs_the_token(client, authorization: str | None, status: int, path: str) -> None:
    """All paths but /healthz."""
    headers = {"authorization": authorization} if authorization else {}
    session = client(LocalToken("right"))
    response = (
        session.post(path, json=QUESTION, headers=headers)
        if path == "/query"
        else session.get(path, headers=headers)
    )
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
        assert "right" not in response.text


def test_a_token_that_is_not_ascii_is_just_wrong(client) -> None:
    """Header bytes may be anything."""
    response = client(LocalToken("right")).post(
        "/query", json=QUESTION, headers={"authorization": b"Bearer r\xfcght"}
    )
    assert response.status_code == 401


def test_health_needs_no_token(client) -> None:
    """And says nothing but whether the store is there."""
    response = client(LocalToken("right")).get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_the_token_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    """256 random bits, mode 0600."""
    token = local_token(tmp_path)
    assert len(token) >= 43
    assert local_token(tmp_path) == token
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_FILE]


def test_an_empty_token_file_lets_nobody_in(tmp_path: Path) -> None:
    """It is replaced: an empty token would match an empty one."""
    (tmp_path / TOKEN_FILE).write_text("\n")
    assert local_token(tmp_path)
