"""The token service: hub tokens as client secrets."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .conftest import Kusto


def sign_in(kusto: Kusto, path: str = "/any-tenant/oauth2/v2.0/token", **form: str) -> Any:
    return kusto.client.post(path, data=form)


def test_metadata_points_clients_to_this_hub(kusto: Kusto) -> None:
    directory = kusto.client.get("/v1/rest/auth/metadata").json()["AzureAD"]
    assert set(directory) == {
        *("LoginEndpoint", "LoginMfaRequired", "KustoClientAppId", "KustoClientRedirectUri"),
        *("KustoServiceResourceId", "FirstPartyAuthorityUrl"),
    }
    assert directory["LoginEndpoint"] == "http://testserver"


@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_discovery_leads_to_the_token_endpoint(kusto: Kusto, version: str) -> None:
    found = kusto.client.get(
        f"/t/{version.lstrip('/') + '/' if version else ''}.well-known/openid-configuration"
    )
    assert found.json()["token_endpoint"] == "http://testserver/t/oauth2/v2.0/token"
    trusted = kusto.client.get("/common/discovery/instance").json()
    assert trusted["tenant_discovery_endpoint"].startswith("http://testserver/")


def test_discovery_has_all_that_the_standard_requires(kusto: Kusto) -> None:
    """OpenID Connect Discovery 1.0, section 3; MSAL for JavaScript rejects a document without `jwks_uri`."""
    found = kusto.client.get("/adfs/.well-known/openid-configuration").json()
    assert {
        *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        *("subject_types_supported", "id_token_signing_alg_values_supported"),
    } <= set(found)
    assert found["issuer"].startswith("http://testserver/")
    assert kusto.client.get(found["jwks_uri"]).json() == {"keys": []}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/t/oauth2/v2.0/token", "POST"),
        ("PUT", "/t/oauth2/token", "POST"),
        ("DELETE", "/t/discovery/v2.0/keys", "GET"),
        ("POST", "/v1/rest/auth/metadata", "GET"),
    ],
)
def test_other_methods_are_refused_as_entra_does(kusto: Kusto, method: str, path: str, allowed: str) -> None:
    refused = kusto.client.request(method, path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    error = refused.json()
    assert (error["error"], error["error_codes"]) == ("invalid_request", [900561])
    assert f"only accepts {allowed} requests. Received a {method}" in error["error_description"]


def test_a_managed_identity_is_asked_with_get(kusto: Kusto) -> None:
    refused = kusto.client.post("/msi/token")
    assert refused.status_code == 405
    assert refused.json() == {"statusCode": 405, "message": "POST is not taken here: use GET"}


def test_a_form_of_many_fields_is_refused(kusto: Kusto) -> None:
    refused = sign_in(kusto, **{f"field{number}": "" for number in range(51)})
    assert refused.status_code == 400
    assert "a form has at most 50 fields" in refused.json()["error_description"]


def test_a_hub_token_is_the_secret_of_a_managed_identity(kusto: Kusto) -> None:
    """App Service's protocol, version 2019-08-01; other secrets get its shape of an error."""
    address = "/msi/token?api-version=2019-08-01&resource=https://kusto.kusto.windows.net"
    answer = kusto.client.get(address, headers={"x-identity-header": "reader", "metadata": "true"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    issued = answer.json()
    assert issued["resource"] == "https://kusto.kusto.windows.net"
    assert int(issued["expires_on"]) > time.time()
    assert kusto.rows("print 1", token=issued["access_token"]) == [[1]]
    for headers in ({}, {"x-identity-header": "guess"}):
        refused = kusto.client.get(address, headers=headers)
        assert refused.status_code == 401
        assert refused.json() == {
            "statusCode": 401,
            "message": "X-IDENTITY-HEADER must be a token of this hub",
        }


def test_a_hub_token_is_a_client_secret_and_its_own_bearer(kusto: Kusto) -> None:
    answer = sign_in(
        kusto,
        grant_type="client_credentials",
        client_id="grafana",
        client_secret="reader",
        scope="https://kusto.kusto.windows.net/.default",
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    bearer = answer.json()
    assert bearer["token_type"] == "Bearer"
    assert bearer["expires_in"] > 0
    assert kusto.rows("print 1", token=bearer["access_token"]) == [[1]]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials", "client_secret": "guess"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "password", "client_secret": "reader"}, 400, "unsupported_grant_type"),
        ({}, 400, "unsupported_grant_type"),
    ],
)
def test_anything_else_is_refused_as_entra_refuses_it(
    kusto: Kusto, form: dict[str, str], status: int, error: str
) -> None:
    answer = sign_in(kusto, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].startswith("AADSTS")
    assert "reader" not in answer.text


@pytest.mark.parametrize("body", [b"\xff" * 50, b"a=1&" * 100, b"x" * 70_000])
def test_a_malformed_form_is_a_bad_request(kusto: Kusto, body: bytes) -> None:
    answer = kusto.client.post("/t/oauth2/v2.0/token", content=body)
    assert answer.status_code == 400
    assert "error_description" in answer.json()


def multipart(**fields: str) -> bytes:
    """As `curl -F` writes it."""
    parts = (
        f'--b0undary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + "--b0undary--\r\n").encode()


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=b0undary", 'Multipart/Form-Data; Boundary="b0undary"']
)
def test_a_form_may_have_parts(kusto: Kusto, kind: str) -> None:
    body = multipart(grant_type="client_credentials", client_id="any", client_secret="reader")
    headers = {"content-type": kind}
    answer = kusto.client.post("/tenant/oauth2/token", content=body, headers=headers)
    assert (answer.status_code, answer.json()["access_token"]) == (200, "reader")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", multipart(grant_type="client_credentials")),
        ("multipart/form-data; boundary=b", b"\r\n--b" * 10_000),
        ("multipart/form-data; boundary=b", b"\xff" * 100),
    ],
)
def test_a_malformed_form_of_parts_is_a_bad_request(kusto: Kusto, kind: str, body: bytes) -> None:
    answer = kusto.client.post("/t/oauth2/token", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
