"""Microsoft's own clients for Azure Data Explorer against a hub over plain http, and what Grafana's data
source asks when it connects.
"""

from __future__ import annotations

import asyncio
import io
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import openai
import pandas
import pytest
from azure.kusto.data import ClientRequestProperties, DataFormat, KustoClient
from azure.kusto.data.aio import KustoClient as AsyncKustoClient
from azure.kusto.data.exceptions import KustoApiError, KustoMultiApiError
from azure.kusto.data.helpers import dataframe_from_result_table
from azure.kusto.ingest import IngestionProperties, KustoStreamingIngestClient

from gatelog.testing.stack import Stack

pytestmark = pytest.mark.e2e

DATABASE = "gatelog"
EVERY_TYPE = (
    "print b = true, i = int(1), l = 9223372036854775807, r = 1.5, n = real(nan), d = decimal(1.25), s = 'ü',"
    " t = datetime(2014-01-01T01:01:01.0000001), p = time(1.00:00:01.0010001), j = dynamic({'a': [1, null]}),"
    " g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), none = long(null)"
)


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[KustoClient]:
    with KustoClient(stack.hub_url) as client:
        yield client


def rows(client: KustoClient, text: str, **options: Any) -> list[list[Any]]:
    properties = ClientRequestProperties()
    for name, value in options.items():
        properties.set_option(name, value)
    return [row.to_list() for row in client.execute(DATABASE, text, properties).primary_results[0]]


def test_a_recorded_call_is_read_with_a_parameter(stack: Stack, client: KustoClient) -> None:
    with openai.OpenAI(base_url=f"{stack.gateway_url}/openai/v1/", api_key=stack.keys["team-a"]) as sdk:
        sdk.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])
    stack.wait_recorded(1)
    properties = ClientRequestProperties()
    properties.set_parameter("wanted", "200")
    properties.set_option("servertimeout", timedelta(seconds=20))
    query = "declare query_parameters(wanted: int); Calls | where ResponseCode == wanted | project ModelName"
    answer = client.execute_query(DATABASE, query, properties)
    assert "gpt-4o" in answer.primary_results[0][0]["ModelName"]
    assert answer.errors_count == 0


def test_every_type_arrives_as_its_python_value(client: KustoClient) -> None:
    [row] = client.execute(DATABASE, EVERY_TYPE).primary_results[0]
    assert row.to_dict() == {
        "b": True,
        "i": 1,
        "l": 9223372036854775807,
        "r": 1.5,
        "n": "NaN",
        "d": Decimal("1.25"),
        "s": "ü",
        "t": datetime(2014, 1, 1, 1, 1, 1, tzinfo=UTC),
        "p": timedelta(days=1, seconds=1, microseconds=1000),
        "j": {"a": [1, None]},
        "g": "74be27de-1e4e-49d9-b579-fe0b331d3642",
        "none": None,
    }


@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")  # the client's own call of pandas
def test_an_answer_becomes_a_data_frame(client: KustoClient) -> None:
    frame = dataframe_from_result_table(client.execute(DATABASE, EVERY_TYPE).primary_results[0])
    assert frame["t"][0] == pandas.Timestamp("2014-01-01T01:01:01.0000001Z")
    assert frame["p"][0] == pandas.Timedelta("1 days 00:00:01.001000100")
    assert frame["l"][0] == 9223372036854775807
    assert frame["d"][0] == 1.25
    assert pandas.isna(frame["n"][0])


def test_the_asynchronous_client_gets_the_same(stack: Stack, client: KustoClient) -> None:
    async def ask() -> tuple[list[Any], list[Any]]:
        async with AsyncKustoClient(stack.hub_url) as asynchronous:
            answer = await asynchronous.execute(DATABASE, EVERY_TYPE)
            stream = await asynchronous.execute_streaming_query(DATABASE, "range x from 1 to 5000 step 1")
            async for table in stream.iter_primary_results():
                numbers = [row[0] async for row in table]
            return answer.primary_results[0][0].to_list(), numbers

    row, numbers = asyncio.run(ask())
    assert [row] == rows(client, EVERY_TYPE)
    assert numbers == list(range(1, 5001))


def test_a_streaming_query_gives_rows_and_then_the_error(client: KustoClient) -> None:
    stream = client.execute_streaming_query(DATABASE, "range x from 1 to 40000 step 1")
    assert sum(1 for table in stream.iter_primary_results() for _ in table) == 40_000
    properties = ClientRequestProperties()
    properties.set_option("truncationmaxrecords", 3)
    stream = client.execute_streaming_query(DATABASE, "range x from 1 to 9 step 1", properties=properties)
    table = next(stream.iter_primary_results())
    assert [next(table)[0] for _ in range(3)] == [1, 2, 3]
    with pytest.raises(KustoMultiApiError, match="80DA0003"):
        next(table)


@pytest.mark.parametrize(
    ("query", "code", "semantic"),
    [
        ("Calls | wher x", "BadRequest_SyntaxError", False),
        ("Calls | where nope == 1", "General_BadRequest", True),
        ("Nope", "General_BadRequest", True),
    ],
)
def test_errors_are_of_the_class_that_the_service_gives(
    client: KustoClient, query: str, code: str, semantic: bool
) -> None:
    with pytest.raises(KustoApiError) as caught:
        client.execute(DATABASE, query)
    assert caught.value.get_api_error().code == code
    assert caught.value.get_api_error().permanent is True
    assert caught.value.is_semantic_error() is semantic


def test_truncation_has_its_class(client: KustoClient) -> None:
    with pytest.raises(KustoMultiApiError) as caught:
        rows(client, "range x from 1 to 9 step 1", truncationmaxrecords=2)
    assert caught.value.get_api_errors()[0].code == "LimitsExceeded"


def test_databases_and_schema_are_listed(client: KustoClient) -> None:
    assert rows(client, ".show databases")[0][0] == DATABASE
    [[schema]] = rows(client, ".show databases (['gatelog']) schema as json")
    assert "Calls" in json.loads(schema)["Databases"][DATABASE]["Tables"]
    assert rows(client, ".show tables | where TableName == 'Calls' | count") == [[1]]


def test_data_streams_into_a_table_and_joins_the_record(stack: Stack, client: KustoClient) -> None:
    client.execute(
        DATABASE, ".create-merge table Teams (SubscriptionName: string, Costs: decimal, Tags: dynamic)"
    )
    mapping = '[{"Column":"SubscriptionName","Path":"$.team"},{"Column":"Costs","Path":"$.costs"}]'
    client.execute(DATABASE, f".create table Teams ingestion json mapping 'm' '{mapping}'")
    client.execute_streaming_ingest(
        DATABASE, "Teams", io.BytesIO(b'a,1.5,"{""x"":1}"\n'), None, DataFormat.CSV
    )
    with KustoStreamingIngestClient(stack.hub_url) as ingest:
        by_mapping = IngestionProperties(
            DATABASE, "Teams", data_format=DataFormat.JSON, ingestion_mapping_reference="m"
        )
        ingest.ingest_from_stream(io.BytesIO(b'{"team":"team-a","costs":2}\n{"team":"b"}\n'), by_mapping)
        frame = pandas.DataFrame({"SubscriptionName": ["frame"], "Costs": [3.25]})
        ingest.ingest_from_dataframe(frame, IngestionProperties(DATABASE, "Teams"))
    assert rows(client, "Teams | sort by SubscriptionName asc") == [
        ["a", Decimal("1.5"), {"x": 1}],
        ["b", None, None],
        ["frame", Decimal("3.25"), None],
        ["team-a", Decimal(2), None],
    ]
    joined = "Calls | join kind=inner Teams on SubscriptionName | summarize by SubscriptionName"
    assert rows(client, joined) == [["team-a"]]
    with pytest.raises(KustoApiError, match="NoRecordsOrWrongFormat"):
        client.execute_streaming_ingest(DATABASE, "Teams", io.BytesIO(b"{"), None, DataFormat.JSON)
    client.execute(DATABASE, ".drop table Teams")


def grafana(stack: Stack, path: str, payload: dict[str, Any]) -> Any:
    """As Grafana's data source sends it."""
    request = urllib.request.Request(
        stack.hub_url + path,
        data=json.dumps(payload).encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "x-ms-app": "Grafana-ADX",
            "x-ms-client-request-id": "KGC.execute;4b8c1bb0-0000-4000-8000-000000000000",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["x-ms-client-request-id"].startswith("KGC.")
        return json.load(answer)


def test_grafana_connects_lists_and_queries(stack: Stack) -> None:
    health = {"csl": ".show databases schema", "db": "", "properties": {"options": {}}}
    assert grafana(stack, "/v1/rest/query", health)["Tables"]
    schema = grafana(stack, "/v1/rest/mgmt", {"csl": ".show databases schema as json", "db": ""})
    assert DATABASE in json.loads(schema["Tables"][0]["Rows"][0][0])["Databases"]
    databases = grafana(stack, "/v1/rest/mgmt", {"csl": ".show databases", "db": ""})
    row = databases["Tables"][0]["Rows"][0]
    assert (row[0], row[5]) == (DATABASE, None)
    options = {"servertimeout": "00:00:30", "queryconsistency": "weakconsistency"}
    window = (
        "TimeGenerated >= datetime(2020-01-01T00:00:00Z) and TimeGenerated <= datetime(2099-01-01T00:00:00Z)"
    )
    query = (
        f"Calls | where {window} | summarize count() by bin(TimeGenerated, 1m) | order by TimeGenerated asc"
    )
    payload = {"db": DATABASE, "csl": query, "properties": {"options": options}, "querySource": "raw"}
    table = grafana(stack, "/v1/rest/query", payload)["Tables"][0]
    assert [column["ColumnType"] for column in table["Columns"]] == ["datetime", "long"]


def test_kusto_explorer_finds_what_it_asks_for_first(client: KustoClient) -> None:
    assert rows(client, ".show version")[0][2] == "Engine"
    assert rows(client, ".show cluster databases")[0][0] == DATABASE
    assert rows(client, ".show databases entities | where EntityType == 'Table' | count")[0][0] > 0
    assert rows(client, ".show database ['gatelog'] schema as json")
    assert rows(client, ".show functions") == []
