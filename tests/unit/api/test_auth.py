"""Who may ask the hub."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from gatelog.api.auth import TOKEN_FILE, Authenticator, DeclaredTokens, LocalToken, local_token
from gatelog.api.principal import Principal, Role
from gatelog.config import HubTokenConfig, TokenDigest, new_token
from gatelog.config.schema import TokenHash
from gatelog.kql import SavedFunction
from gatelog.store import CATALOG

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
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_web_page_from_elsewhere_is_nobody_here(client, site: str, status: int) -> None:
    """It calls the hub by a loopback name, and its browser says where it comes from."""
    headers = {"sec-fetch-site": site}
    assert client().get("/schema", headers=headers).status_code == status
    token = DeclaredTokens({"page": HubTokenConfig(role="log", hash=TokenHash(TokenDigest.of("t")))})
    known = client(Authenticator([token], anonymous=True))
    assert known.get("/schema", headers={**headers, "x-api-key": "t"}).status_code == 200


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
    session = client(Authenticator([LocalToken("right")]))
    response = (
        session.post(path, json=QUESTION, headers=headers)
        if path == "/query"
        else session.get(path, headers=headers)
    )
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"] == 'Bearer realm="gatelog"'
        assert "right" not in response.text


SHOWN = new_token()


def declared(**tokens: HubTokenConfig) -> Authenticator:
    return Authenticator([DeclaredTokens(tokens), LocalToken("right")])


def with_role(role: str, token: str = SHOWN) -> HubTokenConfig:
    return HubTokenConfig(role=role, hash=TokenHash(TokenDigest.of(token)))


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {SHOWN}"},
        {"x-api-key": SHOWN},
        {"api-key": SHOWN},
        {"authorization": f"Basic {base64.b64encode(f'anybody:{SHOWN}'.encode()).decode()}"},
        {"authorization": f"Bearer {SHOWN}", "x-api-key": SHOWN},
    ],
)
def test_a_declared_token_comes_in_any_of_the_headers(client, headers: dict[str, str]) -> None:
    """What Microsoft's clients, Grafana and curl can be made to send."""
    assert (
        client(declared(grafana=with_role("log"))).post("/query", json=QUESTION, headers=headers).is_success
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": new_token()},
        {"authorization": "Basic not-base64"},
        {"authorization": "Basic é".encode("latin-1")},
        {"authorization": f"Basic {base64.b64encode(SHOWN.encode()).decode()}"},
        {"authorization": f"Bearer {SHOWN}", "x-api-key": new_token()},
        {"authorization": f"Digest {SHOWN}"},
        {"ocp-apim-subscription-key": SHOWN},
        {"api-key": SHOWN.upper()},
        {"api-key": ""},
    ],
)
def test_anything_else_is_no_token(client, headers: dict[str, str | bytes]) -> None:
    """Two that disagree are none; nothing of what was shown is repeated."""
    response = client(declared(grafana=with_role("log"))).post("/query", json=QUESTION, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="gatelog"'
    assert not any(value and value in response.text for value in response.request.headers.values())


def test_a_token_names_its_principal() -> None:
    """Role and right to write are the configuration's."""
    writer = HubTokenConfig(role="log", hash=TokenHash(TokenDigest.of("other")), may_write=True)
    source = DeclaredTokens({"grafana": with_role("metrics"), "ada": writer})
    assert source.principal(SHOWN) == Principal("grafana", Role.METRICS, may_write=False)
    assert source.principal("other") == Principal("ada", Role.LOG, may_write=True)
    assert source.principal("nobody's") is None


def test_a_known_token_counts_at_an_anonymous_hub_too(client) -> None:
    """It may narrow what its bearer sees; an unknown one does not lock out."""
    session = client(Authenticator([DeclaredTokens({"m": with_role("metrics")})], anonymous=True))
    narrow = session.post("/query", json=QUESTION, headers={"api-key": SHOWN})
    assert "no table 'Calls'" in narrow.json()["error"]["message"]
    assert session.post("/query", json=QUESTION, headers={"api-key": "k"}).is_success


def test_metrics_are_all_that_the_role_metrics_sees(client, functions) -> None:
    """Whatever functions users have saved."""
    functions.save(SavedFunction("Sneaky", "()", "{ Calls }"), CATALOG, by="ada")
    session = client(declared(m=with_role("metrics")))
    session.headers["api-key"] = SHOWN
    for query in ("Calls", "Sneaky", "ApiManagementGatewayLogs | count", "union Cal*", "table('Calls')"):
        assert session.post("/query", json={"query": query}).status_code == 400
    assert session.post("/query", json={"query": "AzureMetrics | count"}).is_success
    everything = session.post("/query", json={"query": "union * | count"}).json()["rows"]
    assert everything == session.post("/query", json={"query": "AzureMetrics | count"}).json()["rows"]
    assert session.get("/metrics").is_success
    assert session.get("/completeness").status_code == 403


def test_a_log_reader_sees_calls_but_not_what_was_said(client, functions) -> None:
    """Nor the words of an error of the engine."""
    functions.save(SavedFunction("Bodies", "()", "{ Calls | project RequestBody }"), CATALOG, by="ada")
    session = client(declared(log=with_role("log")))
    session.headers["api-key"] = SHOWN
    names = {c["name"] for c in session.post("/query", json={"query": "Calls | take 1"}).json()["columns"]}
    assert "RequestId" in names
    assert not names & {"RequestBody", "ResponseBody", "ErrorMessage"}
    for query in ("Bodies", "Calls | where RequestBody has 'a'", "Calls | project strlen(ResponseBody)"):
        error = session.post("/query", json={"query": query}).json()["error"]
        assert error["hint"] == "role log-with-bodies is needed"
    sums = "Calls | summarize sum(tolong(parse_json(ResponseBody).usage.total_tokens))"
    with_bodies = client(Authenticator([], anonymous=True)).post("/query", json={"query": sums}).json()
    assert session.post("/query", json={"query": sums}).json() == with_bodies
    assert with_bodies["rows"][0][0] > 0


def test_the_log_names_who_asked_and_never_what(client, caplog) -> None:
    """A query can quote what was said; a token is nobody's to read."""
    caplog.set_level("INFO", "gatelog.hub")
    session = client(declared(grafana=with_role("log")))
    for query in ("Calls | where Method == 'secret words'", "Calls | where nope == 'secret words'"):
        session.post("/query", json={"query": query}, headers={"api-key": SHOWN})
    assert [record.message for record in caplog.records] == ["answered", "not answered"]
    assert {record.principal for record in caplog.records} == {"grafana"}
    everything = "".join(str(vars(record)) for record in caplog.records)
    assert "secret words" not in everything
    assert SHOWN not in everything


def test_a_token_that_is_not_ascii_is_just_wrong(client) -> None:
    """Header bytes may be anything."""
    response = client(Authenticator([LocalToken("right")])).post(
        "/query", json=QUESTION, headers={"authorization": b"Bearer r\xfcght"}
    )
    assert response.status_code == 401


def test_health_needs_no_token(client) -> None:
    """And says nothing but whether the store is there."""
    response = client(Authenticator([LocalToken("right")])).get("/healthz")
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
