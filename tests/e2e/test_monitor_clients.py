"""Azure Monitor's own clients against a hub over plain http and over TLS with an authority of our own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import openai
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.kusto.data import KustoClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.monitor.query import LogsBatchQuery, LogsQueryClient, LogsQueryError, LogsQueryStatus
from azure.monitor.query.aio import LogsQueryClient as AsyncLogsQueryClient
from azure.monitor.querymetrics import MetricAggregationType, MetricsClient
from azure.monitor.querymetrics.aio import MetricsClient as AsyncMetricsClient

from gatelog.testing.stack import Stack

pytestmark = pytest.mark.e2e

METER = "glh_00000001_" + "1" * 64
READER = "glh_00000002_" + "2" * 64
HUB = """\
hub:
  listen: "127.0.0.1:{hub}"
  workspace: 9f0d4f2c-0000-4000-8000-000000000001
  tls: {{cert_file: "{directory}/server.pem", key_file: "{directory}/server.key"}}
  query: {{rows_max: 1000}}
  tokens:
    meter: {{role: metrics, token: "METER"}}
    reader: {{role: log-with-bodies, token: "READER"}}
""".replace("METER", METER).replace("READER", READER)

WORKSPACE = "9f0d4f2c-0000-4000-8000-000000000001"
NOWHERE = "00000000-0000-0000-0000-000000000000"
SUBSCRIPTION = "11111111-0000-4000-8000-000000000000"
ACCOUNTS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts"
NAMESPACE = "Microsoft.CognitiveServices/accounts"
DAY = timedelta(days=1)
CALLS = 5


class Token:
    """A credential whose token is one of the hub's."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


class AsyncToken(Token):
    async def get_token(self, *_: str, **__: Any) -> AccessToken:  # type: ignore[override]
        return super().get_token()

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A hub that asks for no token."""
    with Stack(tmp_path_factory.mktemp("plain"), names=("east",)) as stack:
        yield stack


@pytest.fixture(scope="module")
def stack(trusted: Callable[[str], AbstractContextManager[Stack]]) -> Iterator[Stack]:
    """A hub with a few calls in its record."""
    with trusted(HUB) as running:
        with openai.OpenAI(
            base_url=f"{running.gateway_url}/openai/v1/", api_key=running.keys["team-a"]
        ) as sdk:
            for _ in range(CALLS):
                sdk.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])
        wait_recorded(running)
        yield running


def endpoint(stack: Stack) -> str:
    return f"https://localhost:{stack.hub_port}"


def wait_recorded(stack: Stack) -> None:
    """Until the hub has all calls."""
    deadline = time.monotonic() + 30
    with LogsQueryClient(Token(READER), endpoint=endpoint(stack)) as client:
        while client.query_workspace(WORKSPACE, "Calls | count", timespan=None).tables[0].rows[0][0] < CALLS:
            assert time.monotonic() < deadline, "the calls do not arrive"


@pytest.fixture
def client(stack: Stack) -> Iterator[LogsQueryClient]:
    with LogsQueryClient(Token(READER), endpoint=endpoint(stack)) as client:
        yield client


def test_a_workspace_is_asked_with_statistics_and_visualization(client: LogsQueryClient) -> None:
    query = "Calls | summarize n = count(), latest = max(TimeGenerated) by ModelName | render barchart"
    answer = client.query_workspace(
        WORKSPACE,
        query,
        timespan=DAY,
        server_timeout=30,
        include_statistics=True,
        include_visualization=True,
        additional_workspaces=["gatelog"],
    )
    assert answer.status == LogsQueryStatus.SUCCESS
    [table] = answer.tables
    assert (table.name, table.columns) == ("PrimaryResult", ["ModelName", "n", "latest"])
    assert table.rows[0]["n"] == CALLS
    assert abs(table.rows[0]["latest"] - datetime.now(UTC)) < timedelta(minutes=5)
    assert answer.visualization["visualization"] == "barchart"
    assert answer.statistics["query"]["executionTime"] > 0


def test_timespans_of_every_kind_restrict_the_record(client: LogsQueryClient) -> None:
    now = datetime.now(UTC)
    for timespan, found in [
        (None, CALLS),
        (DAY, CALLS),
        ((now - DAY, now + DAY), CALLS),
        ((now - DAY, timedelta(days=2)), CALLS),
        ((now - 2 * DAY, now - DAY), 0),
    ]:
        table = client.query_workspace(WORKSPACE, "Calls | count", timespan=timespan).tables[0]
        assert table.rows[0][0] == found


def test_a_query_may_name_its_own_workspace(client: LogsQueryClient) -> None:
    query = f"union workspace('{WORKSPACE}').Calls, workspace('gatelog').Calls | count"
    assert client.query_workspace(WORKSPACE, query, timespan=DAY).tables[0].rows[0][0] == 2 * CALLS
    with pytest.raises(HttpResponseError, match=f"workspace\\('{NOWHERE}'\\) is not supported"):
        client.query_workspace(WORKSPACE, f"workspace('{NOWHERE}').Calls", timespan=DAY)


def test_a_resource_is_asked_for_its_own_rows(client: LogsQueryClient) -> None:
    query = "AzureDiagnostics | summarize n = count() by Resource, _ResourceId"
    [row] = client.query_resource(f"{ACCOUNTS}/east", query, timespan=DAY).tables[0].rows
    assert (row["Resource"], row["n"]) == ("EAST", CALLS)
    assert client.query_resource(f"{ACCOUNTS}/other", query, timespan=DAY).tables[0].rows == []


def test_a_batch_has_answers_partial_answers_and_errors(client: LogsQueryClient) -> None:
    answers = client.query_batch(
        [
            LogsBatchQuery(WORKSPACE, "Calls | count", timespan=DAY),
            LogsBatchQuery(WORKSPACE, "Calls | where", timespan=DAY),
            LogsBatchQuery(
                WORKSPACE, "range x from 1 to 5000 step 1", timespan=None, include_statistics=True
            ),
            LogsBatchQuery(NOWHERE, "print 1", timespan=None),
        ]
    )
    assert answers[0].tables[0].rows[0][0] == CALLS
    assert [answer.status for answer in answers] == [
        LogsQueryStatus.SUCCESS,
        LogsQueryStatus.FAILURE,
        LogsQueryStatus.PARTIAL,
        LogsQueryStatus.FAILURE,
    ]
    assert isinstance(answers[1], LogsQueryError)
    assert "line:position=1:" in answers[1].message
    assert answers[3].code == "FailedToResolveResource"


def test_an_answer_over_the_limit_is_partial(client: LogsQueryClient) -> None:
    answer = client.query_workspace(WORKSPACE, "range x from 1 to 5000 step 1", timespan=None)
    assert answer.status == LogsQueryStatus.PARTIAL
    assert len(answer.partial_data[0].rows) == 1000
    assert "1000 records" in answer.partial_error.message


def test_an_error_names_the_place(client: LogsQueryClient) -> None:
    with pytest.raises(HttpResponseError, match="nope") as caught:
        client.query_workspace(WORKSPACE, "Calls | where nope == 1", timespan=DAY)
    assert caught.value.status_code == 400
    error = caught.value.error
    assert (error.code, error.innererror["code"]) == ("BadArgumentError", "SemanticError")


def test_the_asynchronous_client_gets_the_same(stack: Stack) -> None:
    async def count() -> int:
        async with AsyncLogsQueryClient(
            AsyncToken(READER), endpoint=endpoint(stack), connection_verify=str(stack.directory / "ca.pem")
        ) as client:
            answer = await client.query_workspace(WORKSPACE, "Calls | count", timespan=DAY)
            return int(answer.tables[0].rows[0][0])

    assert asyncio.run(count()) == CALLS


def test_logs_and_kusto_give_equal_values(stack: Stack, client: LogsQueryClient) -> None:
    query = (
        "Calls | summarize n = count(), tokens = sum(TotalTokens), latest = max(TimeGenerated),"
        " spent = max(DurationMs) * 1ms, models = make_set(ModelName), d = decimal(0.1)"
    )
    [row] = client.query_workspace(WORKSPACE, query, timespan=None).tables[0].rows
    with KustoClient(f"Data Source={endpoint(stack)};AppToken={READER};Fed=True") as kusto:
        [same] = kusto.execute(None, query).primary_results[0]
    assert (row["n"], row["tokens"], json.loads(row["models"])) == (same["n"], same["tokens"], same["models"])
    assert row["latest"] == same["latest"]
    assert str(same["d"]) == row["d"]
    hours, minutes, seconds = row["spent"].split(":")
    spent = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    assert abs(spent - same["spent"]) <= timedelta(microseconds=1)


# azure-core sends no bearer token over http unless told so: three ways to talk to a hub


def test_plain_http_needs_a_word_with_a_bearer_token(plain: Stack) -> None:
    with LogsQueryClient(Token("any"), endpoint=plain.hub_url) as client:
        with pytest.raises(ServiceRequestError, match="non-TLS"):
            client.query_workspace("gatelog", "print 1", timespan=None)
        answer = client.query_workspace("gatelog", "print 1", timespan=None, enforce_https=False)
        assert answer.tables[0].rows[0][0] == 1


def test_plain_http_takes_a_key(plain: Stack) -> None:
    policy = AzureKeyCredentialPolicy(AzureKeyCredential("any"), "X-Api-Key")
    with LogsQueryClient(Token(""), endpoint=plain.hub_url, authentication_policy=policy) as client:
        assert client.query_workspace("gatelog", "print 1", timespan=None).tables[0].rows[0][0] == 1


def test_metrics_over_plain_http(plain: Stack) -> None:
    with MetricsClient(plain.hub_url, Token("any")) as client:
        [answer] = client.query_resources(
            resource_ids=[f"{ACCOUNTS}/east"],
            metric_namespace=NAMESPACE,
            metric_names=["TotalCalls"],
            enforce_https=False,
        )
        assert answer.metrics["TotalCalls"].timeseries == []


# metrics


def test_the_batch_client_gets_what_the_backend_counted(stack: Stack) -> None:
    with MetricsClient(endpoint(stack), Token(METER)) as client:
        [answer] = client.query_resources(
            resource_ids=[f"{ACCOUNTS}/east"],
            metric_namespace=NAMESPACE,
            metric_names=["AzureOpenAIRequests", "TokenTransaction"],
            timespan=timedelta(hours=2),
            granularity=timedelta(minutes=1),
            aggregations=[MetricAggregationType.TOTAL, MetricAggregationType.COUNT],
            filter="ModelDeploymentName eq '*'",
            max_results=5,
            order_by="total desc",
        )
    assert answer.namespace == NAMESPACE
    assert answer.granularity == timedelta(minutes=1)
    requests, tokens = answer.metrics["AzureOpenAIRequests"], answer.metrics["TokenTransaction"]
    assert requests.timeseries[0].metadata_values == {"modeldeploymentname": "gpt-4o"}
    answered = stack.ledger()
    assert sum(point.total or 0 for point in requests.timeseries[0].data) == len(answered) == CALLS
    assert sum(point.total or 0 for point in tokens.timeseries[0].data) == sum(
        one["total_tokens"] for one in answered
    )
    assert any(point.total is None for point in tokens.timeseries[0].data)


def test_the_asynchronous_batch_client_gets_the_same(stack: Stack) -> None:
    async def total() -> float:
        async with AsyncMetricsClient(
            endpoint(stack), AsyncToken(METER), connection_verify=str(stack.directory / "ca.pem")
        ) as client:
            [answer] = await client.query_resources(
                resource_ids=[f"{ACCOUNTS}/east"], metric_namespace=NAMESPACE, metric_names=["TotalCalls"]
            )
            return sum(point.total or 0 for point in answer.metrics["TotalCalls"].timeseries[0].data)

    assert asyncio.run(total()) == CALLS


def test_the_management_client_lists_and_reads(stack: Stack) -> None:
    resource = f"{ACCOUNTS}/east".strip("/")
    with MonitorManagementClient(
        Token(METER), SUBSCRIPTION, base_url=endpoint(stack), credential_scopes=["https://hub/.default"]
    ) as client:
        names = {one.name.value for one in client.metric_definitions.list(resource)}
        assert {"AzureOpenAIRequests", "ModelRequests", "TotalCalls"} <= names
        [namespace] = client.metric_namespaces.list(resource)
        assert namespace.properties.metric_namespace_name == NAMESPACE
        answer = client.metrics.list(
            resource,
            metricnames="TotalCalls,TotalTokens",
            timespan="PT3600.0S",
            interval="FULL",
            aggregation="Total,Average",
            filter="Region eq '*'",
        )
        calls, tokens = answer.value
        assert calls.timeseries[0].data[0].total == CALLS
        assert tokens.timeseries[0].data[0].average == tokens.timeseries[0].data[0].total / CALLS
        split = client.metrics.list_at_subscription_scope(
            region="eastus",
            metricnamespace=NAMESPACE,
            metricnames="TotalCalls",
            interval="FULL",
            filter="Microsoft.ResourceId eq '*'",
        )
        assert split.value[0].timeseries[0].metadatavalues[0].value.endswith("/accounts/east")
        with pytest.raises(HttpResponseError) as caught:
            client.metrics.list(resource, metricnames="Nope")
        assert caught.value.status_code == 400
        assert "Valid metrics" in caught.value.message


def test_a_token_for_metrics_reads_no_calls(stack: Stack) -> None:
    with LogsQueryClient(Token(METER), endpoint=endpoint(stack)) as client:
        with pytest.raises(HttpResponseError, match="Calls"):
            client.query_workspace(WORKSPACE, "Calls | count", timespan=None)
        assert (
            client.query_workspace(WORKSPACE, "AzureMetrics | count", timespan=None).tables[0].rows[0][0] > 0
        )
    with LogsQueryClient(Token("guess"), endpoint=endpoint(stack)) as client:
        with pytest.raises(HttpResponseError) as caught:
            client.query_workspace(WORKSPACE, "print 1", timespan=None)
        assert caught.value.status_code == 401


def test_requests_of_the_older_metrics_client_are_answered(stack: Stack) -> None:
    """As azure-monitor-query 1.4.1 writes them: it has a MetricsQueryClient, and cannot be installed here."""
    resource = f"{ACCOUNTS}/east"
    query = (
        f"metricnamespace={quote(NAMESPACE, safe='')}&timespan=PT3600.0S&interval=PT5M"
        "&metricnames=AzureOpenAIRequests%2CTokenTransaction&aggregation=Total%2CAverage"
        "&$filter=ModelDeploymentName%20eq%20%27%2A%27&api-version=2024-02-01"
    )
    pages = {
        f"metrics?{query}": "timeseries",
        f"metricDefinitions?api-version=2024-02-01&metricnamespace={quote(NAMESPACE, safe='')}": "dimensions",
        "metricNamespaces?api-version=2024-02-01": "classification",
    }
    for page, member in pages.items():
        address = f"{endpoint(stack)}{resource}/providers/microsoft.insights/{page}"
        request = Request(address, headers={"authorization": f"Bearer {METER}"})
        with urlopen(request, timeout=10) as answer:
            assert member in json.load(answer)["value"][0]
