"""What clients find who look for resources before they ask for data."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from gatelog.store import BACKEND_RESOURCES, GATEWAY_RESOURCE_ID, Budget

from .conftest import TOKENS, Monitor

SPELLINGS = [f"{'resources'[:i]}{'resources'[i].upper()}{'resources'[i + 1 :]}" for i in range(9)]
METER = {"authorization": "Bearer meter"}
SUBSCRIPTION = BACKEND_RESOURCES.partition("/resourceGroups/")[0]
GROUP = BACKEND_RESOURCES.partition("/providers/")[0]


def get(monitor: Monitor, path: str, **parameters: str) -> Any:
    asked = {"api-version": "2021-04-01", **{name.replace("_f", "$f"): v for name, v in parameters.items()}}
    return monitor.client.get(path, params=asked, headers=METER)


def ids(monitor: Monitor, path: str, **parameters: str) -> list[str]:
    answer = get(monitor, path, **parameters)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["value"]]


def graph(monitor: Monitor, query: str, **options: Any) -> Any:
    return monitor.client.post(
        "/providers/Microsoft.ResourceGraph/resources?api-version=2021-06-01-preview",
        json={"subscriptions": ["s"], "query": query, "options": options},
        headers=METER,
    )


def test_resources_have_the_ids_of_the_records_rows(monitor: Monitor) -> None:
    found = ids(monitor, f"{SUBSCRIPTION}/resources")
    assert {f"{BACKEND_RESOURCES}east", f"{BACKEND_RESOURCES}west"} <= set(found)
    assert GATEWAY_RESOURCE_ID in [one.lower() for one in found]
    assert ids(monitor, f"{GROUP}/resources") == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("resourceType eq 'microsoft.cognitiveservices/accounts'", ["east", "west"]),
        ("resourceType eq 'Microsoft.CognitiveServices/accounts' and location eq 'EastUS'", ["east"]),
        ("resourceType sw 'microsoft.kusto'", ["gatelog"]),
        ("name ne 'gatelog'", ["east", "west"]),
        ("tagName eq 'team'", []),
    ],
)
def test_a_filter_chooses_resources(monitor: Monitor, text: str, names: list[str]) -> None:
    found = get(monitor, f"{SUBSCRIPTION}/resources", _filter=text).json()["value"]
    assert [one["name"] for one in found] == names


def test_a_type_is_listed_by_subscription_and_group_in_any_case(monitor: Monitor) -> None:
    accounts = [f"{BACKEND_RESOURCES}east", f"{BACKEND_RESOURCES}west"]
    assert ids(monitor, f"{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/accounts") == accounts
    assert ids(monitor, f"{GROUP.upper()}/PROVIDERS/microsoft.cognitiveservices/ACCOUNTS") == accounts
    long_s = "re\u017fources"  # without regard to case it is an s, to Unicode
    assert get(monitor, f"{SUBSCRIPTION}/{long_s}").status_code == 404
    assert ids(monitor, f"{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines") == []


def test_a_resource_is_shown_by_its_id_or_not_found(monitor: Monitor) -> None:
    account = get(monitor, f"{BACKEND_RESOURCES}EAST").json()
    assert (account["id"], account["location"]) == (f"{BACKEND_RESOURCES}east", "eastus")
    missing = get(monitor, f"{BACKEND_RESOURCES}nowhere")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    "path",
    [f"{SUBSCRIPTION}/locks", f"{GROUP}/a/b", f"{BACKEND_RESOURCES}east/deployments/a", "/providers/a/b"],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_what_is_not_there_is_refused_as_resource_manager_does(
    monitor: Monitor, path: str, method: str
) -> None:
    answer = monitor.client.request(method, f"{path}?api-version=2021-04-01", headers=METER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert path in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/subscriptions", f"{SUBSCRIPTION}/resources", "/providers/Microsoft.Insights"]
)
def test_a_path_may_end_in_a_slash(monitor: Monitor, path: str) -> None:
    assert get(monitor, f"{path}/").json() == get(monitor, path).json()


def test_groups_regions_and_providers_are_listed(monitor: Monitor) -> None:
    assert ids(monitor, f"{SUBSCRIPTION}/resourcegroups") == [GROUP]
    assert get(monitor, GROUP).json()["id"] == GROUP
    regions = get(monitor, f"{SUBSCRIPTION}/locations").json()["value"]
    assert [one["name"] for one in regions] == ["eastus", "global"]
    provider = get(monitor, "/providers/microsoft.insights").json()
    assert get(monitor, f"{SUBSCRIPTION}/providers/Microsoft.Insights").json() == provider
    assert "metrics" in [one["resourceType"] for one in provider["resourceTypes"]]
    missing = get(monitor, "/providers/Microsoft.Compute")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "InvalidResourceNamespace")


def test_a_subscription_has_the_metric_namespaces_of_all(monitor: Monitor) -> None:
    names = ["Microsoft.CognitiveServices/accounts", "Microsoft.ApiManagement/service"]
    answer = monitor.get(SUBSCRIPTION, "metricNamespaces", region="eastus").json()["value"]
    assert [one["properties"]["metricNamespaceName"] for one in answer] == names


def test_the_graph_answers_objects_or_a_table(monitor: Monitor) -> None:
    query = "Resources | where type == 'microsoft.kusto/clusters' | project name, uri = properties.uri"
    objects = graph(monitor, query).json()
    assert objects["data"] == [{"name": "gatelog", "uri": "http://testserver"}]
    assert (objects["totalRecords"], objects["count"], objects["resultTruncated"]) == (1, 1, "false")
    table = graph(monitor, query, resultFormat="table").json()["data"]
    assert table["columns"] == [{"name": "name", "type": "string"}, {"name": "uri", "type": "object"}]
    assert table["rows"] == [["gatelog", "http://testserver"]]


def test_names_of_the_graphs_tables_are_taken_in_any_case(monitor: Monitor) -> None:
    query = "RESOURCES | union ResourceContainers | summarize n = count() by type | order by type asc"
    data = graph(monitor, query).json()["data"]
    assert {"type": "microsoft.resources/subscriptions", "n": 1} in data
    assert {"type": "microsoft.cognitiveservices/accounts", "n": 2} in data


def test_a_query_spells_a_table_of_the_graph_in_eight_ways_at_most(monitor: Monitor) -> None:
    most = graph(monitor, f"union {', '.join(SPELLINGS[:8])} | count").json()
    assert most["data"] == [{"Count": 8 * graph(monitor, "resources").json()["totalRecords"]}]
    refused = graph(monitor, f"union {', '.join(SPELLINGS)} | count")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidQuery")
    assert "more than 8 ways" in refused.json()["error"]["message"]


def test_the_graph_is_read_page_by_page(monitor: Monitor) -> None:
    query = "resources | project name | order by name asc"
    whole = [one["name"] for one in graph(monitor, query).json()["data"]]
    first = graph(monitor, query, **{"$top": 2}).json()
    rest = graph(monitor, query, **{"$top": None, "$skipToken": first["$skipToken"]}).json()
    assert [one["name"] for one in first["data"] + rest["data"]] == whole
    assert "$skipToken" not in rest


def test_of_a_long_answer_the_page_alone_is_kept(surfaces: Callable[..., Any]) -> None:
    monitor = Monitor(surfaces([], TOKENS, Budget()).client)
    query = "range n from 1 to 200000 step 1 | extend text = strcat('number ', n)"
    graph(monitor, "print 1")
    tracemalloc.start()
    answer = graph(monitor, query, **{"$skip": 150_000, "$top": 2}).json()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row["n"] for row in answer["data"]] == [150_001, 150_002]
    assert (answer["totalRecords"], answer["$skipToken"]) == (200_000, "150002")
    assert peak < 10 * 2**20


@pytest.mark.parametrize(
    ("query", "options", "code"),
    [
        ("resources | wher 1", {}, "InvalidQuery"),
        ("// nothing", {}, "InvalidQuery"),
        ("AzureMetrics | take 1", {}, "InvalidQuery"),
        ("Calls | take 1", {}, "InvalidQuery"),
        ("database('gatelog').Calls", {}, "InvalidQuery"),
        ("", {}, "BadRequest"),
        ("resources", {"$top": 0}, "BadRequest"),
        ("resources", {"$skipToken": "x"}, "BadRequest"),
        ("resources", {"resultFormat": "xml"}, "BadRequest"),
    ],
)
def test_the_graph_has_no_table_of_the_record(
    monitor: Monitor, query: str, options: dict[str, Any], code: str
) -> None:
    answer = graph(monitor, query, **options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    "path",
    [
        f"{SUBSCRIPTION}/resources",
        f"{SUBSCRIPTION}/resourceGroups",
        f"{SUBSCRIPTION}/unknown",
        "/providers/Microsoft.Insights",
    ],
)
def test_who_has_no_token_finds_nothing(monitor: Monitor, path: str) -> None:
    answer = monitor.client.get(f"{path}?api-version=2021-04-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")


def test_nothing_can_be_made_or_changed(monitor: Monitor) -> None:
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        answer = monitor.client.request(method, f"{BACKEND_RESOURCES}east?api-version=1", headers=METER)
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "MethodNotAllowed")


def test_a_request_names_its_api_version(monitor: Monitor) -> None:
    answer = monitor.client.get(f"{SUBSCRIPTION}/resources", headers=METER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MissingApiVersionParameter")
