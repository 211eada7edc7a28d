"""The real SDK sees through the gateway what it would see without it; errors raise the right classes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from gatelog.testing.stack import Stack, wait_until

pytestmark = pytest.mark.e2e

QUESTION: list[Any] = [{"role": "user", "content": "What is the sea?"}]


def azure(stack: Stack, key: str = "", **options: Any) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        azure_endpoint=stack.gateway_url,
        api_key=key or stack.keys["team-a"],
        api_version="2024-10-21",
        max_retries=0,
        **options,
    )


def v1(stack: Stack, path: str = "/openai/v1/", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=stack.gateway_url + path, api_key=stack.keys["team-a"], max_retries=0, **options
    )


def simulate(**script: Any) -> dict[str, str]:
    return {"x-simulate": json.dumps(script)}


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.AzureOpenAI]:
    with azure(stack) as client:
        yield client


def recorded(stack: Stack, request_id: str) -> dict[str, Any]:
    """The call's row, once it is visible."""
    query = f"Calls | where RequestId == '{request_id}'"
    wait_until(lambda: bool(stack.kql(query)[1]), f"call {request_id} in the store", 30)
    columns, rows = stack.kql(query)
    assert len(rows) == 1
    return dict(zip(columns, rows[0], strict=True))


@pytest.mark.parametrize("path", ["/openai/v1/", "/v1/"])
def test_both_path_families_give_the_same_operation(stack: Stack, path: str) -> None:
    with azure(stack) as dated, v1(stack, path) as undated:
        calls: list[Any] = [dated.chat.completions, undated.chat.completions]
        rows = []
        for completions in calls:
            answer = completions.with_raw_response.create(model="gpt-4o", messages=QUESTION)
            rows.append(recorded(stack, answer.headers["x-gatelog-request-id"]))
    assert [row["OperationId"] for row in rows] == ["chatcompletions_create"] * 2
    assert [row["DeploymentName"] for row in rows] == ["gpt-4o"] * 2
    assert [row["SubscriptionName"] for row in rows] == ["team-a"] * 2


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_a_backend_s_error_reaches_the_sdk_unchanged(
    stack: Stack, client: openai.AzureOpenAI, status: int, raised: type[openai.APIStatusError]
) -> None:
    faults = [{"kind": "status", "status": status, "message": "as the backend said"}]
    with pytest.raises(raised) as caught:
        client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, extra_headers=simulate(faults=faults)
        )
    assert "as the backend said" in caught.value.message
    row = recorded(stack, caught.value.response.headers["x-gatelog-request-id"])
    assert row["ResponseCode"] == status
    assert row["PromptTokens"] is None


def test_a_wrong_key_raises_authentication_error_and_is_recorded(stack: Stack) -> None:
    with (
        azure(stack, key="nobody-has-this-key") as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.chat.completions.create(model="gpt-4o", messages=QUESTION)
    assert "invalid subscription key" in caught.value.message
    row = recorded(stack, caught.value.response.headers["x-gatelog-request-id"])
    assert (row["EndReason"], row["SubscriptionName"], row["Backend"]) == ("refused", "", "")


def test_keys_that_disagree_are_refused(stack: Stack) -> None:
    headers = {"Ocp-Apim-Subscription-Key": stack.keys["team-b"]}
    with azure(stack) as client, pytest.raises(openai.AuthenticationError, match="different keys"):
        client.chat.completions.create(model="gpt-4o", messages=QUESTION, extra_headers=headers)


def test_an_unknown_route_raises_not_found(stack: Stack) -> None:
    with v1(stack, "/elsewhere/") as client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4o", messages=QUESTION)


@pytest.mark.parametrize("write_bytes", [1, 7, 1000])
def test_streams_are_the_same_whatever_the_size_of_the_writes(
    stack: Stack, client: openai.AzureOpenAI, write_bytes: int
) -> None:
    texts = []
    for headers in ({}, simulate(write_bytes=write_bytes, chunk_bytes=write_bytes)):
        stream = client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, seed=7, stream=True, extra_headers=headers
        )
        texts.append("".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))
    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize("kind", ["close", "reset"])
def test_a_stream_cut_by_the_backend_is_an_error_and_leaves_the_text_so_far(
    stack: Stack, client: openai.AzureOpenAI, kind: str
) -> None:
    """A RST may overtake what was written before it, all of the body included; a FIN does not."""
    faults = [{"kind": kind, "after_bytes": 3000}]
    stream = client.chat.completions.create(
        model="gpt-4o", messages=QUESTION, stream=True, extra_headers=simulate(faults=faults, tokens_min=80)
    )
    texts: list[str] = []
    with pytest.raises((openai.APIError, httpx2.TransportError)):
        texts.extend(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    text = "".join(texts)
    row = recorded(stack, stream.response.headers["x-gatelog-request-id"])
    assert row["EndReason"] == "upstream_reset"
    assert row["UsageSource"] == "counted"
    came = row["ResponseSize"]
    assert came == 3000 if kind == "close" else came <= 3000
    kept = json.loads(row["ResponseBody"])["choices"][0]["message"]["content"] if came else ""
    assert kept.startswith(text), row
    assert text or kind == "reset"


def test_a_client_that_leaves_mid_stream_leaves_a_record(stack: Stack, client: openai.AzureOpenAI) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o", messages=QUESTION, stream=True, extra_headers=simulate(pace_ms=20, tokens_min=90)
    )
    for count, _ in enumerate(stream):
        if count == 5:
            break
    stream.close()
    row = recorded(stack, stream.response.headers["x-gatelog-request-id"])
    assert row["EndReason"] == "client_abort"
    assert row["UsageSource"] == "counted"
    assert 0 < row["CompletionTokens"] < 90


def test_a_product_that_drains_learns_the_true_usage_of_an_abandoned_stream(stack: Stack) -> None:
    with azure(stack, key=stack.keys["team-b"]) as client:
        stream = client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, stream=True, extra_headers=simulate(pace_ms=5, tokens_min=60)
        )
        next(iter(stream))
        stream.close()
    row = recorded(stack, stream.response.headers["x-gatelog-request-id"])
    assert row["EndReason"] == "client_abort"
    assert row["UsageSource"] == "injected"
    assert row["CompletionTokens"] >= 60


def test_an_old_api_version_that_rejects_stream_options_still_streams(
    stack: Stack, client: openai.AzureOpenAI
) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o",
        messages=QUESTION,
        stream=True,
        extra_headers=simulate(stream_options_since="2099-01-01"),
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    row = recorded(stack, stream.response.headers["x-gatelog-request-id"])
    assert text
    assert row["UsageSource"] == "counted"
    ledger = {entry["request_id"]: entry for entry in stack.ledger()}
    entry = ledger[stream.response.headers["apim-request-id"]]
    assert row["CompletionTokens"] == entry["completion_tokens"]
    assert row["PromptTokens"] == entry["prompt_tokens"]


def test_a_form_is_recorded_by_its_fields(stack: Stack) -> None:
    """What the path does not say, the form does: model, prompt, settings; files are described."""
    with v1(stack) as client:
        answer = client.images.with_raw_response.edit(
            model="gpt-image-1", prompt="make it blue", image=[("a.png", b"\x89PNG" * 20_000)], quality="low"
        )
    row = recorded(stack, answer.headers["x-gatelog-request-id"])
    assert (row["OperationId"], row["DeploymentName"]) == ("createimageedit", "gpt-image-1")
    assert row["TotalTokens"] == 288
    assert row["Parameters"] == {"quality": "low"}
    asked = json.loads(row["RequestBody"])
    assert asked["prompt"] == "make it blue"
    assert [(file["filename"], file["bytes"]) for file in asked["image"]] == [("a.png", 80_000)]


def test_files_go_through_as_they_come_and_are_recorded_as_a_note(stack: Stack) -> None:
    with v1(stack) as client:
        answer = client.files.with_raw_response.create(
            file=("train.jsonl", b'{"a": 1}\n' * 200_000), purpose="fine-tune"
        )
    row = recorded(stack, answer.headers["x-gatelog-request-id"])
    assert (row["OperationId"], row["ResponseCode"]) == ("createfile", 200)
    assert row["RequestNote"] == "binary multipart/form-data"
    asked = json.loads(row["RequestBody"])
    assert (asked["purpose"], asked["file"]["bytes"]) == ("fine-tune", 1_800_000)


def test_no_key_ever_reaches_a_backend_or_the_store(stack: Stack) -> None:
    with azure(stack) as client:
        answer = client.chat.completions.with_raw_response.create(
            model="gpt-4o", messages=QUESTION, extra_query={"subscription-key": stack.keys["team-a"]}
        )
    recorded(stack, answer.headers["x-gatelog-request-id"])
    segments = list(stack.data.glob("spool/*/*.seg"))
    assert segments
    for key in stack.keys.values():
        for table in ("Calls", "ApiManagementGatewayLogs", "AzureDiagnostics"):
            _, rows = stack.kql(f"{table} | take 500")
            assert key not in json.dumps(rows)
        for segment in segments:
            assert key.encode() not in segment.read_bytes()
