"""Requests as clients wrote them that are no dependency of ours: azure-monitor-query 1.4.1 and az 2.91."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from .conftest import EAST, Monitor

NAMESPACE = "Microsoft.CognitiveServices/accounts"
INSIGHTS = f"{EAST}/providers/Microsoft.Insights"


def get(monitor: Monitor, address: str, *, token: str = "meter") -> Any:
    """The JSON at an address that is written as the client writes it."""
    answer = monitor.client.get(address, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_old_metrics_client_gets_values(monitor: Monitor) -> None:
    filtered = quote("ModelDeploymentName eq '*'")
    answer = get(
        monitor,
        f"{INSIGHTS}/metrics?timespan=PT3600.0S&interval=PT5M&metricnames=AzureOpenAIRequests%2CTokenTransaction"
        f"&aggregation=Total%2CAverage%2CCount&top=3&orderby=total%20desc&$filter={filtered}"
        f"&metricnamespace={quote(NAMESPACE, safe='')}&api-version=2024-02-01",
    )
    requests, tokens = answer["value"]
    assert answer["interval"] == "PT5M"
    assert requests["timeseries"][0]["metadatavalues"][0]["name"]["value"] == "modeldeploymentname"
    assert sum(point.get("count", 0) for point in tokens["timeseries"][0]["data"]) > 0


def test_the_old_metrics_client_lists_definitions_and_namespaces(monitor: Monitor) -> None:
    names = {
        one["name"]["value"]
        for one in get(monitor, f"{INSIGHTS}/metricDefinitions?api-version=2024-02-01")["value"]
    }
    assert {"AzureOpenAIRequests", "TotalCalls"} <= names
    since = quote("2026-01-01T00:00:00.000Z", safe="")
    [namespace] = get(monitor, f"{INSIGHTS}/metricNamespaces?api-version=2024-02-01&startTime={since}")[
        "value"
    ]
    assert namespace["properties"]["metricNamespaceName"] == NAMESPACE


def test_the_old_logs_client_asks_below_the_version(monitor: Monitor) -> None:
    """Its endpoint ends in /v1, as that of the service does by default."""
    headers = {"authorization": "Bearer reader", "prefer": "wait=20,include-statistics=true"}
    body = {"query": "Calls | count", "timespan": "P1D", "workspaces": ["gatelog"]}
    answer = monitor.client.post("/v1/workspaces/home/query", json=body, headers=headers).json()
    assert answer["tables"][0]["rows"][0][0] > 0
    assert answer["statistics"]["query"]["executionTime"] > 0
    batch = {
        "requests": [
            {
                "id": "e4c0ae40-0000-4000-8000-000000000001",
                "headers": {"Prefer": "wait=10,include-statistics=true"},
                "body": {"workspaces": None, "query": "Calls | count", "timespan": "P1D"},
                "method": "POST",
                "path": "/query",
                "workspace": "home",
            }
        ]
    }
    [response] = monitor.client.post("/v1/$batch", json=batch, headers=headers).json()["responses"]
    assert (response["id"], response["status"]) == (batch["requests"][0]["id"], 200)


def test_az_learns_the_addresses_of_the_cloud(monitor: Monitor) -> None:
    """Before it has a token."""
    answer = monitor.client.get("/metadata/endpoints?api-version=2022-09-01").json()
    assert answer["resourceManager"] == answer["authentication"]["loginEndpoint"] == "http://testserver"
    assert answer["authentication"]["audiences"] == ["http://testserver"]


def test_az_finds_the_hub_as_a_cloud_of_its_own(monitor: Monitor) -> None:
    """With ARM_CLOUD_METADATA_URL; the extension log-analytics has a spelling of its own."""
    [cloud] = monitor.client.get("/metadata/endpoints?api-version=2019-05-01").json()
    assert cloud == monitor.client.get("/metadata/endpoints?api-version=2022-09-01").json()
    assert (cloud["name"], cloud["logAnalyticslogAnalyticsResourceId"]) == ("gatelog", "http://testserver")


def test_az_signs_in_and_finds_one_subscription(monitor: Monitor) -> None:
    form = "client_id=any&grant_type=client_credentials&client_info=1&client_secret=meter&scope=x%2F.default"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    token = monitor.client.post("/gatelog/oauth2/v2.0/token", content=form, headers=kind).json()[
        "access_token"
    ]
    [one] = get(monitor, "/subscriptions?api-version=2022-12-01", token=token)["value"]
    assert one["id"] == f"/subscriptions/{one['subscriptionId']}"
    assert (one["displayName"], one["state"]) == ("gatelog", "Enabled")
    assert get(monitor, f"{one['id']}?api-version=2022-12-01")["subscriptionId"] == one["subscriptionId"]
    [tenant] = get(monitor, "/tenants?api-version=2022-12-01")["value"]
    assert tenant["tenantId"] == one["tenantId"]


@pytest.mark.parametrize("page", ["/subscriptions", "/subscriptions/s", "/tenants"])
def test_who_has_no_token_finds_none(monitor: Monitor, page: str) -> None:
    answer = monitor.client.get(f"{page}?api-version=2022-12-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")


def test_az_quotes_a_timespan_twice(monitor: Monitor) -> None:
    twice = quote(quote("2026-01-02T00:00:00.042844/2026-01-02T01:00:00.042844", safe=""), safe="")
    answer = get(
        monitor,
        f"{INSIGHTS}/metrics?api-version=2018-01-01&interval=PT1H&metricnames=TotalCalls&timespan={twice}",
    )
    assert answer["timespan"] == "2026-01-02T00:00:00Z/2026-01-02T01:00:00.042844Z"
