"""AzureDiagnostics: what the service itself would log of a call, as in its published records."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from gatelog.api import answer_query
from gatelog.kql import compile
from gatelog.store import CATALOG, Store
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)


def ask(store: Store, query: str) -> list[list]:
    return json.loads(answer_query(store, query, now=NOW).to_json())["rows"]


MEMBERS = (
    *("apiName", "requestTime", "requestLength", "responseTime", "responseLength"),
    *("objectId", "streamType", "modelDeploymentName", "modelName", "modelVersion"),
)


@pytest.mark.parametrize(
    "expression",
    [
        *("tostring({})", "tolong({})", "isempty({})", "gettype({})", "tobool({})", "todouble({})"),
        *("todecimal({})", "totimespan({})", "todatetime({})", "toguid({})"),
        *("datetime(2026-01-01) + {}", "datetime(2026-01-01) - {}", "{} - 1h", "{} == toguid('')"),
    ],
)
def test_the_members_of_diagnostic_properties_are_what_the_json_says(store: Store, expression: str) -> None:
    """Read from typed columns, and from the text."""
    store.insert([chat_exchange(1)])

    def said(text: str) -> list[list]:
        members = ", ".join(expression.format(f"parse_json({text}).{member}") for member in MEMBERS)
        return ask(store, f"AzureDiagnostics | project {members}")

    assert said("properties_s") == said("strcat(properties_s, '')")


def test_no_json_is_made_to_read_a_member_of_it() -> None:
    query = "AzureDiagnostics | extend p = parse_json(properties_s) | summarize count() by tostring(p.{})"
    for member in MEMBERS:
        assert "JSON" not in compile(query.format(member), CATALOG, now=NOW).sql


def test_a_call_in_azure_diagnostics(store: Store) -> None:
    """With the members of Microsoft's published records; times are .NET ticks."""
    store.insert([chat_exchange(0)])
    operation, signature, resource, properties = ask(
        store,
        "AzureDiagnostics | project OperationName, ResultSignature, ResourceId, parse_json(properties_s)",
    )[0]
    assert (operation, signature) == ("ChatCompletions_Create", "200")
    assert resource.endswith("/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/EAST")
    ticks = 621_355_968_000_000_000 + RECEIVED_AT_NS // 100 + 20_000
    assert properties["requestTime"] == ticks
    assert properties["responseTime"] == ticks + 10_000_000
    assert properties["streamType"] == "Non-Streaming"
    assert properties["apiName"] == "Azure OpenAI API version 2024-10-21"


@pytest.mark.parametrize(
    ("served", "name", "version"),
    [
        ("gpt-4o-2024-11-20", "gpt-4o", "2024-11-20"),
        ("gpt-35-turbo-instruct-0914", "gpt-35-turbo-instruct", "0914"),
        ("gpt-4-32k", "gpt-4-32k", ""),
        ("o1", "o1", ""),
        ("", "gpt-4o", ""),
    ],
)
def test_a_model_in_azure_diagnostics_has_a_name_and_a_version(
    store: Store, served: str, name: str, version: str
) -> None:
    """Two members, as in the published records; of a model that no answer names, what was asked for."""
    call = chat_exchange(1)
    store.insert(
        [msgspec.structs.replace(call, call=msgspec.structs.replace(call.call, model_served=served))]
    )
    query = "AzureDiagnostics | extend p = parse_json(properties_s) | project p.modelName, p.modelVersion"
    assert ask(store, query) == [[name, version]]


@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("chatcompletions_create", "ChatCompletions_Create"),
        ("completions_create", "Completions_Create"),
        ("imagegenerations_create", "ImageGenerations_Create"),
        ("createresponse", "Create_Response"),
        ("submit_tool_outputs_to_run", "Submit_Tool_Outputs_To_Run"),
    ],
)
def test_operations_in_azure_diagnostics_are_named_as_the_service_names_them(
    store: Store, operation_id: str, name: str
) -> None:
    """By the document of the dated versions."""
    call = chat_exchange(1)
    operation = msgspec.structs.replace(call.call.operation, id=operation_id)
    store.insert(
        [msgspec.structs.replace(call, call=msgspec.structs.replace(call.call, operation=operation))]
    )
    assert ask(store, "AzureDiagnostics | distinct OperationName") == [[name]]
