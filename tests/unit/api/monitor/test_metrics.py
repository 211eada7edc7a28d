"""Azure Monitor metrics: exact numbers, and the service's answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gatelog.api.metrics import NAMESPACES
from gatelog.api.metrics.faults import MetricsError
from gatelog.api.metrics.query import _literal
from gatelog.api.metrics.times import GRAINS, times_of
from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.parser import parse
from gatelog.store.tables.metrics import METRICS

GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNTS = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts"
EAST, WEST = f"{ACCOUNTS}/east", f"{ACCOUNTS}/west"
GATEWAY = f"{GROUP}/providers/Microsoft.ApiManagement/service/any"
VERSION = {"api-version": "2024-02-01"}
METER = {"authorization": "Bearer meter"}
NOW = datetime(2026, 1, 1, 10, 0, 30, tzinfo=UTC)
ACCOUNT_NAMESPACE = "Microsoft.CognitiveServices/accounts"


def test_every_metric_can_be_asked_with_every_dimension(monitor) -> None:
    with_points = set()
    for namespace, resource in zip(NAMESPACES, (EAST, GATEWAY), strict=True):
        for metric in namespace.metrics:
            split = " and ".join(f"{name} eq '*'" for name in metric.dimensions)
            for labels, points in monitor.series(metric.name, resource=resource, _filter=split):
                assert set(labels) == {name.lower() for name in metric.dimensions}
                assert len(points) == 1
                with_points.add(metric.name)
    names = {metric.name for namespace in NAMESPACES for metric in namespace.metrics}
    assert {
        name for name in names - with_points if "Audio" not in name and "Provisioned" not in name
    } == set()


def test_a_call_that_was_tried_again_counts_where_it_was_tried(monitor) -> None:
    assert monitor.total("AzureOpenAIRequests") == 11
    assert monitor.total("AzureOpenAIRequests", resource=WEST) == 1
    assert monitor.total("BlockedCalls", resource=WEST) == 1
    assert monitor.total("BlockedCalls") == 0
    assert monitor.series("TotalTokens", resource=WEST) == []
    assert monitor.total("TotalTokens") == 11 * 17


def test_old_and_new_names_give_the_same(monitor) -> None:
    pairs = [
        ("AzureOpenAIRequests", "ModelRequests"),
        ("ProcessedPromptTokens", "InputTokens"),
        ("GeneratedTokens", "OutputTokens"),
        ("TokenTransaction", "TotalTokens"),
    ]
    for old, new in pairs:
        assert monitor.total(old) == monitor.total(new) > 0


def test_tokens_are_sums_and_latencies_are_milliseconds(monitor) -> None:
    assert monitor.total("ProcessedPromptTokens") == 11 * 12
    assert monitor.total("ActiveTokens") == 11 * 13
    [(_, [point])] = monitor.series("AzureOpenAITTLTInMS", aggregation="Average,Minimum,Maximum,Count,Total")
    assert point == {
        "timeStamp": point["timeStamp"],
        "average": 1000.0,
        "minimum": 1000.0,
        "maximum": 1000.0,
        "count": 11.0,
        "total": 11_000.0,
    }
    [(_, [streamed])] = monitor.series("AzureOpenAINormalizedTTFTInMS", aggregation="Average,Count")
    assert (streamed["average"], streamed["count"]) == (pytest.approx(350 / 12), 1)


def test_availability_counts_server_errors_only(monitor) -> None:
    [(_, [point])] = monitor.series("AzureOpenAIAvailabilityRate", resource=WEST)
    assert point["average"] == 100


def test_content_filters_count_by_category(monitor) -> None:
    assert monitor.total("RAITotalRequests") == 1
    assert monitor.total("RAIRejectedRequests") == 1
    harmful = monitor.series("RAIHarmfulRequests", _filter="Category eq '*' and TextType eq 'Prompt'")
    assert {labels["category"]: points[0]["total"] for labels, points in harmful} == {
        "hate": 1,
        "jailbreak": 1,
    }


def test_the_gateway_has_metrics_of_its_own(monitor) -> None:
    assert monitor.total("Requests", resource=GATEWAY) == 12
    assert monitor.total("UnauthorizedRequests", resource=GATEWAY) == 1
    split = monitor.series("Requests", resource=GATEWAY, _filter="GatewayResponseCodeCategory eq '*'")
    assert {labels["gatewayresponsecodecategory"]: points[0]["total"] for labels, points in split} == {
        "2xx": 11,
        "4xx": 1,
    }


def test_why_calls_failed_is_said_as_the_gateways_log_says_it(monitor) -> None:
    """API Management's reasons, as the values of a dimension."""
    split = monitor.series("Requests", resource=GATEWAY, _filter="LastErrorReason eq '*'")
    in_log = monitor.rows("ApiManagementGatewayLogs | summarize count() by LastErrorReason")
    counted = {labels["lasterrorreason"]: points[0]["total"] for labels, points in split}
    assert counted == dict(in_log)
    assert counted["SubscriptionKeyInvalid"] == 1


def test_the_sum_over_minutes_is_the_table_azuremetrics(monitor) -> None:
    """Where no call was tried again, the table and the API count the same."""
    in_table = dict(
        monitor.rows("AzureMetrics | where Resource == 'EAST' | summarize sum(Total) by MetricName")
    )
    namespace = NAMESPACES[0]
    known = {metric.name: metric.unit for metric in namespace.metrics}
    assert {metric.name: metric.unit for metric in METRICS}.items() <= known.items()
    for name in sorted(in_table):
        [(_, points)] = monitor.series(name, interval="PT1M", aggregation="Total")
        assert sum(point["total"] for point in points) == pytest.approx(in_table[name]), name


def test_an_empty_minute_has_its_time_only(monitor) -> None:
    answer = monitor.get(EAST, "metrics", metricnames="TotalCalls", timespan="2026-09-21T14:12:30Z/PT3M30S")
    body = answer.json()
    assert body["timespan"] == "2026-09-21T14:12:00Z/2026-09-21T14:16:00Z"
    assert (body["interval"], body["namespace"], body["resourceregion"]) == (
        "PT1M",
        ACCOUNT_NAMESPACE,
        "eastus",
    )
    [series] = body["value"][0]["timeseries"]
    assert series["data"] == [
        {"timeStamp": "2026-09-21T14:12:00Z"},
        {"timeStamp": "2026-09-21T14:13:00Z", "total": 11.0},
        {"timeStamp": "2026-09-21T14:14:00Z"},
        {"timeStamp": "2026-09-21T14:15:00Z"},
    ]


def test_without_data_there_is_no_series(monitor) -> None:
    answer = monitor.get(EAST, "metrics", metricnames="TotalCalls", timespan="2020-01-01T00:00:00Z/PT1H")
    assert answer.json()["value"][0]["timeseries"] == []


def test_series_are_sorted_cut_and_rolled_up(monitor) -> None:
    wanted = {"resource": GATEWAY, "_filter": "GatewayResponseCode eq '*' and Location eq '*'"}
    assert [labels["gatewayresponsecode"] for labels, _ in monitor.series("Requests", **wanted)] == [
        "200",
        "401",
    ]
    ascending = monitor.series("Requests", orderby="sum asc", top=1, **wanted)
    assert [labels["gatewayresponsecode"] for labels, _ in ascending] == ["401"]
    rolled = monitor.series("Requests", rollupby="Location,GatewayResponseCode", **wanted)
    assert [(labels, points[0]["total"]) for labels, points in rolled] == [({}, 12)]


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("GatewayResponseCode eq '200' or GatewayResponseCode eq '401'", {"200": 11, "401": 1}),
        ("gatewayresponsecode ne '200'", {"401": 1}),
        ("GatewayResponseCode sw '2' and ApiId eq 'AZURE-OPENAI'", {"200": 11}),
        ("startswith(GatewayResponseCode, '4')", {"401": 1}),
        ("GatewayResponseCode eq ''' or 1 == 1 //'", {}),
        ("GatewayResponseCode eq '\\'' | take 1 //'", {}),
    ],
)
def test_a_filter_chooses_values_and_is_never_code(monitor, text: str, total: dict[str, int]) -> None:
    found = monitor.series("Requests", resource=GATEWAY, _filter=text)
    code = "gatewayresponsecode"
    assert {labels[code]: points[0]["total"] for labels, points in found} == total


def test_a_value_of_a_filter_is_a_literal_of_the_same_characters() -> None:
    """Those that nobody sees too, beyond the first 65,536 as well."""
    value = "a\U000e0001b'\\\0\u2028é\n"
    [statement] = parse(f"print {_literal(value)}").statements
    assert isinstance(statement, ast.QueryStatement)
    [column] = statement.pipeline.source.columns  # type: ignore[attr-defined]
    assert column.value.value == value


def test_labels_alone_are_metadata(monitor) -> None:
    answer = monitor.get(
        EAST, "metrics", metricnames="TotalCalls", resultType="Metadata", _filter="Region eq '*'"
    )
    [series] = answer.json()["value"][0]["timeseries"]
    assert series == {
        "metadatavalues": [{"name": {"value": "region", "localizedValue": "region"}, "value": "East US"}]
    }


def test_definitions_and_namespaces_come_from_the_same_table(monitor) -> None:
    for namespace, resource in zip(NAMESPACES, (EAST, GATEWAY), strict=True):
        [entry] = monitor.get(resource, "metricNamespaces").json()["value"]
        assert entry["properties"]["metricNamespaceName"] == namespace.name
        definitions = monitor.get(resource, "metricDefinitions").json()["value"]
        assert [one["name"]["value"] for one in definitions] == [metric.name for metric in namespace.metrics]
        for one in definitions:
            assert one["primaryAggregationType"] in one["supportedAggregationTypes"]
    names = [metric.name.lower() for namespace in NAMESPACES for metric in namespace.metrics]
    assert len(set(names)) == len(names)


def test_a_subscription_splits_by_resource(monitor) -> None:
    asked = {"region": "eastus", "metricnamespace": ACCOUNT_NAMESPACE, "metricnames": "TotalCalls"}
    found = monitor.get(
        "/subscriptions/s", "metrics", interval="FULL", _filter="Microsoft.ResourceId eq '*'", **asked
    )
    totals = {
        series["metadatavalues"][0]["value"].rpartition("/")[2]: series["data"][0]["total"]
        for series in found.json()["value"][0]["timeseries"]
    }
    assert totals == {"east": 11, "west": 1}
    body = {"metricNames": "TotalCalls", "interval": "FULL", "metricNamespace": ACCOUNT_NAMESPACE}
    posted = monitor.client.post(
        "/subscriptions/s/providers/Microsoft.Insights/metrics",
        params=VERSION | {"region": "eastus"},
        json=body,
        headers=METER,
    )
    assert posted.json()["value"][0]["timeseries"][0]["data"][0]["total"] == 12
    bare = monitor.client.post(
        "/subscriptions/s/providers/Microsoft.Insights/metrics",
        params=VERSION | asked | {"interval": "FULL"},
        headers=METER | {"content-type": "application/json"},
    )
    assert bare.json()["value"] == posted.json()["value"]
    assert monitor.get("/subscriptions/s", "metricDefinitions").status_code == 400


def batch(monitor, resources: Any, **parameters: str) -> Any:
    asked = VERSION | {"metricnamespace": ACCOUNT_NAMESPACE, "metricnames": "TotalCalls"} | parameters
    return monitor.client.post(
        "/subscriptions/s/metrics:getBatch", params=asked, json={"resourceids": resources}, headers=METER
    )


def test_a_batch_answers_for_each_resource(monitor) -> None:
    answer = batch(
        monitor,
        [EAST, WEST],
        starttime="2026-09-21T14:00:00Z",
        endtime="2026-09-21T15:00:00Z",
        interval="PT1H",
    )
    values = answer.json()["values"]
    assert [one["resourceid"] for one in values] == [EAST, WEST]
    assert [one["value"][0]["timeseries"][0]["data"][0]["total"] for one in values] == [11, 1]
    assert (values[0]["starttime"], values[0]["endtime"]) == ("2026-09-21T14:00:00Z", "2026-09-21T15:00:00Z")


@pytest.mark.parametrize(
    ("resources", "status"),
    [(None, 400), ([], 400), ([1], 400), ([EAST] * 51, 400), ([EAST, GATEWAY], 400), (["/x"], 404)],
)
def test_a_batch_that_makes_no_sense_is_refused(monitor, resources: Any, status: int) -> None:
    answer = batch(monitor, resources)
    assert (answer.status_code, set(answer.json()["error"])) == (status, {"code", "message"})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"metricnames": "Nope"}, "Valid metrics"),
        ({"metricnames": ",".join(metric.name for metric in NAMESPACES[0].metrics[:21])}, "at most 20"),
        ({"aggregation": "Median"}, "Median"),
        ({"interval": "PT7M"}, "PT5M"),
        ({"interval": "soon"}, "soon"),
        ({"timespan": "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"}, "ends before"),
        ({"endtime": "0001-01-01T00:30:00Z"}, "time begins there"),
        ({"timespan": "P400D"}, "larger interval"),
        ({"metricnamespace": "Microsoft.Nope"}, "namespace"),
        ({"_filter": "Nope eq '*'"}, "supported ones"),
        ({"_filter": "Region eq"}, "filter"),
        ({"_filter": "Region eq '*'", "top": "0"}, "top"),
        ({"_filter": "Region eq '*'", "top": "१"}, "top"),
        ({"_filter": "Region eq '*'", "top": "1_0"}, "top"),
        ({"orderby": "sum sideways"}, "orderby"),
        ({"ValidateDimensions": "perhaps"}, "true or false"),
    ],
)
def test_a_request_that_makes_no_sense_says_why(monitor, parameters: dict[str, str], said: str) -> None:
    answer = monitor.get(EAST, "metrics", **{"metricnames": "TotalCalls", **parameters})
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_without_validation_a_metric_that_lacks_the_dimension_is_empty(monitor) -> None:
    answer = monitor.get(
        EAST,
        "metrics",
        metricnames="TotalCalls,AzureOpenAIRequests",
        ValidateDimensions="false",
        _filter="StatusCode eq '*'",
    )
    assert [len(one["timeseries"]) for one in answer.json()["value"]] == [0, 1]


def test_an_interval_is_adjusted_where_that_is_wanted(monitor) -> None:
    answer = monitor.get(
        EAST, "metrics", metricnames="TotalCalls", interval="PT7M", AutoAdjustTimegrain="true"
    )
    assert answer.json()["interval"] == "PT5M"


def test_unknown_places_and_people_are_refused_as_azure_does(monitor) -> None:
    def refusal(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["code"]

    assert refusal(monitor.get(f"{ACCOUNTS}/nowhere", "metrics")) == (404, "ResourceNotFound")
    assert refusal(monitor.get(f"{GROUP}/providers/Microsoft.Web/sites/x", "metrics")) == (
        404,
        "ResourceNotFound",
    )
    assert refusal(monitor.get(EAST, "alerts")) == (404, "InvalidResourceType")
    assert refusal(monitor.get(EAST, "metrics", token="guess")) == (401, "AuthenticationFailed")
    path = f"{EAST}/providers/microsoft.insights/METRICS"
    assert refusal(monitor.client.get(path, headers=METER)) == (400, "MissingApiVersionParameter")
    assert refusal(monitor.client.delete(path, headers=METER)) == (405, "MethodNotAllowed")
    assert refusal(monitor.client.post(path, params=VERSION, headers=METER)) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("body", [b" ", b"[]", b"\xff", b"[" * 50_000, b'{"filter": []}', b"x" * 300_000])
@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions/s/metrics:getBatch",
        "/subscriptions/s/providers/Microsoft.Insights/metrics",
        "/providers/Microsoft.ResourceGraph/resources",
    ],
)
def test_a_malformed_body_has_azures_error(monitor, path: str, body: bytes) -> None:
    headers = METER | {"content-type": "application/json"}
    asked = VERSION | {"region": "r", "metricnamespace": ACCOUNT_NAMESPACE}
    answer = monitor.client.post(path, params=asked, content=body, headers=headers)
    assert answer.status_code == (413 if len(body) > 262_144 else 400)
    assert set(answer.json()["error"]) == {"code", "message"}


def test_a_batch_without_a_body_names_no_resources(monitor) -> None:
    asked = VERSION | {"metricnamespace": ACCOUNT_NAMESPACE, "metricnames": "TotalCalls"}
    headers = METER | {"content-type": "application/json"}
    answer = monitor.client.post("/subscriptions/s/metrics:getBatch", params=asked, headers=headers)
    assert answer.status_code == 400
    assert "resourceids" in answer.json()["error"]["message"]


def test_grains_cover_the_range_from_its_minute() -> None:
    times = times_of(None, "", NOW, adjusts=False)
    assert (times.start, times.end) == (NOW - timedelta(hours=1, seconds=30), NOW)
    assert times.grains == 61
    for interval, grain in GRAINS.items():
        cut = times_of((NOW - timedelta(days=2), NOW), interval, NOW, adjusts=False)
        assert cut.start + (cut.grains - 1) * grain < cut.end <= cut.start + cut.grains * grain


def test_a_grain_may_be_spelled_otherwise() -> None:
    assert times_of(None, "PT60M", NOW, adjusts=False).interval == "PT1H"
    assert times_of(None, "PT300.0S", NOW, adjusts=False).interval == "PT5M"
    assert times_of(None, "full", NOW, adjusts=False).grains == 1
    with pytest.raises((MetricsError, KqlError)):
        times_of(None, "P1M", NOW, adjusts=True)
