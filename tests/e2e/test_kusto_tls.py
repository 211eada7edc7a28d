"""Azure's clients over TLS with an authority of our own, signed in with hub tokens."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoApiError, KustoServiceError

from gatelog.testing.stack import Stack

pytestmark = pytest.mark.e2e

WRITER = "glh_00000001_" + "1" * 64
CLERK = "glh_00000002_" + "2" * 64
HUB = """\
hub:
  listen: "127.0.0.1:{hub}"
  database: record
  tls: {{cert_file: "{directory}/server.pem", key_file: "{directory}/server.key"}}
  tokens:
    writer: {{role: log-with-bodies, token: "WRITER", may_write: true}}
    clerk: {{role: log, token: "CLERK"}}
""".replace("WRITER", WRITER).replace("CLERK", CLERK)


@pytest.fixture(scope="module")
def endpoint(trusted: Callable[[str], AbstractContextManager[Stack]]) -> Iterator[str]:
    with trusted(HUB) as stack:
        yield f"https://localhost:{stack.hub_port}"


def test_a_token_is_a_bearer(endpoint: str) -> None:
    builder = KustoConnectionStringBuilder.with_aad_application_token_authentication(endpoint, WRITER)
    with KustoClient(builder) as client:
        assert client.execute(None, "Calls | count").primary_results[0][0][0] == 0
        client.execute("record", ".create table T (a: string)")
        client.execute("record", ".drop table T")


@pytest.mark.parametrize("token", ["", "guess"])
def test_without_a_valid_token_there_is_no_access(endpoint: str, token: str) -> None:
    builder = KustoConnectionStringBuilder(endpoint)
    if token:
        builder = KustoConnectionStringBuilder.with_aad_application_token_authentication(endpoint, token)
    with KustoClient(builder) as client, pytest.raises(KustoServiceError, match="401"):
        client.execute("record", "print 1")


def test_a_role_without_the_right_to_write_is_denied(endpoint: str) -> None:
    builder = KustoConnectionStringBuilder.with_aad_application_token_authentication(endpoint, CLERK)
    with KustoClient(builder) as client:
        with pytest.raises(KustoApiError) as caught:
            client.execute("record", ".create table T (a: string)")
        assert caught.value.get_api_error().code == "Forbidden"
        with pytest.raises(KustoApiError, match="log-with-bodies"):
            client.execute("record", "Calls | project ResponseBody")


def test_an_azure_credential_signs_in_at_the_hub(endpoint: str) -> None:
    """As Grafana does with a custom cloud: authority, client id, and a hub token as the client secret."""
    credential = ClientSecretCredential(
        "tenant", "grafana", CLERK, authority=endpoint, disable_instance_discovery=True
    )
    builder = KustoConnectionStringBuilder.with_azure_token_credential(endpoint, credential)
    with KustoClient(builder) as client:
        assert client.execute("record", "print 1").primary_results[0][0][0] == 1
    credential.close()


def test_an_application_key_signs_in_at_the_authority_of_the_metadata(endpoint: str) -> None:
    """The authority `adfs` is one that the client library does not look up at Microsoft first."""
    builder = KustoConnectionStringBuilder.with_aad_application_key_authentication(
        endpoint, "application", WRITER, "adfs"
    )
    with KustoClient(builder) as client:
        assert client.execute("record", "print 1").primary_results[0][0][0] == 1


APPLICATION = {"AZURE_TENANT_ID": "adfs", "AZURE_CLIENT_ID": "any", "AZURE_CLIENT_SECRET": CLERK}


@pytest.mark.parametrize(
    ("authority", "settings"),
    [("AZURE_AUTHORITY_HOST", APPLICATION), ("IDENTITY_ENDPOINT", {"IDENTITY_HEADER": CLERK})],
    ids=["an application", "a managed identity"],
)
def test_the_default_credential_signs_in_by_its_environment(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, authority: str, settings: dict[str, str]
) -> None:
    """What runs in Azure keeps its code: DefaultAzureCredential() without arguments."""
    path = "/msi/token" if authority == "IDENTITY_ENDPOINT" else ""
    for name, value in {authority: f"{endpoint}{path}", **settings}.items():
        monkeypatch.setenv(name, value)
    credential = DefaultAzureCredential()
    assert credential.get_token(f"{endpoint}/.default").token == CLERK
    builder = KustoConnectionStringBuilder.with_azure_token_credential(endpoint, credential)
    with KustoClient(builder) as client:
        assert client.execute("record", "print 1").primary_results[0][0][0] == 1
    credential.close()


def test_a_managed_identity_of_kustos_client_signs_in_at_the_hub(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", WRITER)
    builder = KustoConnectionStringBuilder.with_aad_managed_service_identity_authentication(endpoint)
    with KustoClient(builder) as client:
        assert client.execute("record", "print 1").primary_results[0][0][0] == 1


def test_metadata_names_the_address_that_was_called(endpoint: str) -> None:
    with urllib.request.urlopen(
        f"{endpoint}/v1/rest/auth/metadata", context=ssl.create_default_context(), timeout=10
    ) as answer:
        assert json.load(answer)["AzureAD"]["LoginEndpoint"] == endpoint
