"""What Grafana's data sources for Azure ask, and what their parsers take.

Requests as plugins 12 (Azure Monitor) and 7.2 (Azure Data Explorer) make them: pkg/tsdb/azuremonitor,
public/app/plugins/datasource/azuremonitor and pkg/azuredx of their public sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from gatelog.store import BACKEND_RESOURCES

from .conftest import Monitor

READER = {"authorization": "Bearer reader"}
SUBSCRIPTION = BACKEND_RESOURCES.partition("/resourceGroups/")[0]
GROUP = BACKEND_RESOURCES.partition("/providers/")[0]
EVERY_TYPE = (
    "print a = int(1), b = 2, c = 2.5, d = real(nan), e = real(+inf), f = decimal(1.5),"
    " g = dynamic({'x': 1}), h = 1d, i = now(), j = new_guid(), k = true, l = 'x',"
    " m = int(null), n = dynamic(null), o = bool(null)"
)

Check = Callable[[Any], bool]


def _text(cell: Any) -> bool:
    return isinstance(cell, str)


def _whole(cell: Any) -> bool:
    return isinstance(cell, int) and not isinstance(cell, bool)


def _number(cell: Any) -> bool:
    return isinstance(cell, float) or _whole(cell) or cell in {"NaN", "Infinity", "-Infinity"}


def _rfc_3339(cell: Any) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", cell))


CONVERTERS: dict[str, Check] = {
    "string": _text,
    "guid": _text,
    "timespan": _text,
    "datetime": _rfc_3339,
    "int": _whole,
    "long": _whole,
    "real": _number,
    "decimal": lambda cell: float(cell) is not None,
    "bool": lambda cell: isinstance(cell, bool),
}
"""The tables of converters in the plugins' parsers, which refuse any other kind of cell."""


def assert_taken(types: list[str], rows: list[list[Any]], dynamic: Check) -> None:
    checks = CONVERTERS | {"dynamic": dynamic}

    def is_taken(kind: str, cell: Any) -> bool:
        return cell is None or checks[kind](cell)

    for row in rows:
        assert all(map(is_taken, types, row)), row


def graph(monitor: Monitor, query: str) -> list[dict[str, Any]]:
    answer = monitor.client.post(
        "/providers/Microsoft.ResourceGraph/resources?api-version=2021-06-01-preview",
        json={"query": query, "options": {"resultFormat": "objectArray"}},
        headers=READER,
    )
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_the_health_check_of_azure_monitor_passes(monitor: Monitor) -> None:
    listed = monitor.client.get("/subscriptions?api-version=2020-01-01", headers=READER).json()
    subscription = listed["value"][0]["subscriptionId"]
    path = f"/subscriptions/{subscription}/providers/Microsoft.OperationalInsights/workspaces"
    workspaces = monitor.client.get(f"{path}?api-version=2017-04-26-preview", headers=READER).json()["value"]
    workspace = workspaces[0]["properties"]["customerId"]
    asked = monitor.query("AzureActivity | limit 1", path=f"/v1/workspaces/{workspace}")
    assert asked.status_code == 200
    assert graph(monitor, "Resources | project id | limit 1")


def test_cells_of_a_log_query_are_taken_by_its_parser(monitor: Monitor) -> None:
    resource = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/gatelog"
    for query in (EVERY_TYPE, "Calls | take 5", "AzureDiagnostics | take 5"):
        answer = monitor.client.get(f"/v1{resource}/query", params={"query": query}, headers=READER).json()
        table = answer["tables"][0]
        assert table["name"] == "PrimaryResult"
        assert_taken([column["type"] for column in table["columns"]], table["rows"], _text)


def test_cells_of_a_data_explorer_query_are_taken_by_its_parser(monitor: Monitor) -> None:
    for query in (EVERY_TYPE, "Calls | take 5", "ApiManagementGatewayLlmLog | take 5"):
        body = {
            "db": "gatelog",
            "csl": query,
            "properties": {"options": {"servertimeout": "00:00:30", "queryconsistency": "strongconsistency"}},
            "querySource": "raw",
        }
        answer = monitor.client.post("/v1/rest/query", json=body, headers=READER).json()
        table = next(one for one in answer["Tables"] if one["TableName"] == "Table_0")
        types = [column["ColumnType"] for column in table["Columns"]]
        assert_taken(types, table["Rows"], lambda _: True)


def test_a_series_of_data_explorer_is_arrays_of_times_and_numbers(monitor: Monitor) -> None:
    query = (
        "Calls | make-series Value = count() on Timestamp = TimeGenerated "
        "from datetime(2026-09-20) to datetime(2026-09-23) step 1d by Backend"
    )
    body = {"db": "gatelog", "csl": query}
    table = monitor.client.post("/v1/rest/query", json=body, headers=READER).json()["Tables"][0]
    names = [column["ColumnName"] for column in table["Columns"]]
    assert set(names) == {"Timestamp", "Value", "Backend"}
    assert len(table["Rows"]) == 2
    for row in table["Rows"]:
        cells = dict(zip(names, row, strict=True))
        assert all(map(_rfc_3339, cells["Timestamp"]))
        assert all(map(_number, cells["Value"]))
        assert len(cells["Timestamp"]) == len(cells["Value"])


def test_metrics_of_several_resources_are_a_series_each(monitor: Monitor) -> None:
    ids = " or ".join(f"Microsoft.ResourceId eq '{BACKEND_RESOURCES}{name}'" for name in ("east", "west"))
    asked = {
        "aggregation": "Total",
        "api-version": "2021-05-01",
        "interval": "PT1H",
        "metricnames": "AzureOpenAIRequests",
        "metricnamespace": "Microsoft.CognitiveServices/accounts",
        "region": "eastus",
        "timespan": "2026-09-21T12:00:00Z/2026-09-21T18:00:00Z",
        "top": "10",
    }
    answer = monitor.client.post(
        f"{SUBSCRIPTION}/providers/microsoft.insights/metrics",
        params=asked,
        json={"filter": f"({ids}) and (ModelDeploymentName eq '*')"},
        headers=READER,
    )
    [value] = answer.json()["value"]
    labels = [
        {one["name"]["localizedValue"]: one["value"] for one in series["metadatavalues"]}
        for series in value["timeseries"]
    ]
    assert {one["microsoft.resourceid"].rpartition("/")[2] for one in labels} == {"east", "west"}
    assert value["name"]["localizedValue"]
    assert answer.json()["namespace"] == "Microsoft.CognitiveServices/accounts"


@pytest.mark.parametrize("kind", ["microsoft.cognitiveservices/accounts", "microsoft.apimanagement/service"])
def test_the_resource_picker_goes_from_subscription_to_resource(monitor: Monitor, kind: str) -> None:
    types = f'| where type in ("microsoft.web/sites","{kind}")'
    [subscription] = graph(
        monitor,
        "resources | join kind=inner (ResourceContainers "
        "| where type == 'microsoft.resources/subscriptions' "
        "| project subscriptionName=name, subscriptionURI=id, subscriptionId) on subscriptionId "
        "| summarize count() by subscriptionName, subscriptionURI, subscriptionId "
        "| order by subscriptionName desc",
    )
    [group] = graph(
        monitor,
        f"resources {types} | where subscriptionId == '{subscription['subscriptionId']}' "
        "| extend resourceGroupURI = "
        "strcat('/subscriptions/', subscriptionId, '/resourcegroups/', resourceGroup) "
        "| join kind=leftouter (resourcecontainers "
        "| where type =~ 'microsoft.resources/subscriptions/resourcegroups' "
        "| project resourceGroupName=name, resourceGroupURI=tolower(id)) on resourceGroupURI "
        "| project resourceGroupName, resourceGroupURI | distinct resourceGroupName, resourceGroupURI",
    )
    found = graph(
        monitor,
        f'resources | where id hasprefix "{group["resourceGroupURI"]}" {types} | order by tolower(name) asc',
    )
    assert {one["type"] for one in found} == {kind}
    assert all({"id", "name", "location", "resourceGroup"} <= set(one) for one in found)


def test_a_workspace_is_found_by_its_customer_id(monitor: Monitor) -> None:
    [found] = graph(monitor, "resources | where properties['customerId'] == \"home\" | project id")
    assert found["id"].endswith("/Microsoft.OperationalInsights/workspaces/gatelog")


def test_resources_have_the_columns_of_the_service(monitor: Monitor) -> None:
    """A workbook shows `sku.name` and `pack_all()` of each account: what nothing here fills is null."""
    found = graph(
        monitor,
        "resources | where type =~ 'microsoft.cognitiveservices/accounts' | extend Details = pack_all() "
        "| project SKU = sku.name, managedBy, zones, identity, plan, extendedLocation, Details",
    )
    assert found
    assert {(one["SKU"], one["managedBy"]) for one in found} == {(None, "")}
    assert all("tags" in one["Details"] for one in found)
