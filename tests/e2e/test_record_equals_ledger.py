"""2,000 calls of all shapes by the real SDK: what KQL sums equals what the simulators say they did."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from gatelog.testing.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CALLS = 2_000
AT_ONCE = 24
QUESTION = "Erzähle kurz vom Meer, 海について, و عن السفن 🚢 and the weather number"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

Client = openai.AsyncOpenAI | openai.AsyncAzureOpenAI


def _messages(number: int) -> list[Any]:
    return [
        {"role": "system", "content": "Answer shortly."},
        {"role": "user", "content": f"{QUESTION} {number}"},
    ]


async def _text_of_stream(client: Client, number: int, **extra: Any) -> str:
    text = ""
    stream: Any = await client.chat.completions.create(
        model="gpt-4o", messages=_messages(number), stream=True, **extra
    )
    async for chunk in stream:
        if not extra.get("stream_options"):
            assert getattr(chunk, "usage", None) is None, (
                "the chunk that only the gateway asked for is hidden"
            )
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
    return text


async def plain(client: Client, number: int) -> str:
    answer = await client.chat.completions.create(model="gpt-4o", messages=_messages(number))
    return answer.choices[0].message.content or ""


async def streamed(client: Client, number: int) -> str:
    return await _text_of_stream(client, number)


async def streamed_with_usage(client: Client, number: int) -> str:
    return await _text_of_stream(client, number, stream_options={"include_usage": True})


async def three_choices(client: Client, number: int) -> None:
    answer = await client.chat.completions.create(model="gpt-4o-mini", messages=_messages(number), n=3)
    assert len(answer.choices) == 3


async def tools(client: Client, number: int) -> None:
    await client.chat.completions.create(
        model="gpt-4o",
        messages=_messages(number),
        tools=[TOOL],  # type: ignore[list-item]  # a literal dict is what users write
        tool_choice="required",
    )


async def streamed_tools(client: Client, number: int) -> None:
    await _text_of_stream(client, number, tools=[TOOL], tool_choice="required")


async def json_mode(client: Client, number: int) -> None:
    await client.chat.completions.create(
        model="gpt-4o", messages=_messages(number), response_format={"type": "json_object"}
    )


async def log_probabilities(client: Client, number: int) -> None:
    await client.chat.completions.create(
        model="gpt-4o", messages=_messages(number), logprobs=True, top_logprobs=2, max_tokens=12
    )


async def embedding(client: Client, number: int) -> None:
    await client.embeddings.create(model="text-embedding-3-small", input=[f"text {number}", "another"])


async def embedding_floats(client: Client, number: int) -> None:
    await client.embeddings.create(
        model="text-embedding-3-small", input=f"text {number}", encoding_format="float"
    )


async def completion(client: Client, number: int) -> None:
    await client.completions.create(model="gpt-35-turbo-instruct", prompt=f"Once {number}", max_tokens=20)


async def streamed_completion(client: Client, number: int) -> None:
    stream = await client.completions.create(
        model="gpt-35-turbo-instruct", prompt=f"Once {number}", max_tokens=20, stream=True
    )
    async for _ in stream:
        pass


async def blocked_prompt(client: Client, number: int) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": f"[[filter]] {number}"}]
        )
    assert caught.value.code == "content_filter"


SHAPES: list[Callable[[Client, int], Awaitable[Any]]] = [
    plain,
    streamed,
    streamed,
    streamed_with_usage,
    three_choices,
    tools,
    streamed_tools,
    json_mode,
    log_probabilities,
    embedding,
    embedding_floats,
    completion,
    streamed_completion,
    blocked_prompt,
]


def _clients(stack: Stack) -> list[Client]:
    clients: list[Client] = []
    for key in stack.keys.values():
        clients.append(
            openai.AsyncAzureOpenAI(
                azure_endpoint=stack.gateway_url, api_key=key, api_version="2024-10-21", max_retries=0
            )
        )
        clients.append(
            openai.AsyncOpenAI(base_url=f"{stack.gateway_url}/openai/v1/", api_key=key, max_retries=0)
        )
    return clients


async def _traffic(stack: Stack) -> dict[str, str]:
    """Make the calls; the texts of the plain and streamed ones, by what was asked."""
    clients = _clients(stack)
    limit = asyncio.Semaphore(AT_ONCE)
    texts: dict[str, str] = {}

    async def one(number: int) -> None:
        shape = SHAPES[number % len(SHAPES)]
        async with limit:
            text = await shape(clients[number % len(clients)], number)
        if isinstance(text, str):
            texts[f"{QUESTION} {number}"] = text

    await asyncio.gather(*(one(number) for number in range(CALLS)))
    for client in clients:
        await client.close()
    return texts


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, dict[str, str]]]:
    directory: Path = tmp_path_factory.mktemp("ledger")
    with Stack(directory) as stack:
        texts = asyncio.run(_traffic(stack))
        stack.wait_recorded(CALLS)
        yield stack, texts


def test_every_call_is_recorded_exactly_once(traffic: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = traffic
    assert stack.scalar("Calls | count") == CALLS
    assert stack.scalar("Calls | summarize dcount(RequestId)") == pytest.approx(CALLS, rel=0.02)
    assert stack.scalar("Calls | distinct RequestId | count") == CALLS
    assert stack.get("/completeness")["complete"] is True


def test_tokens_per_key_model_and_operation_equal_the_ledgers(
    traffic: tuple[Stack, dict[str, str]],
) -> None:
    stack, _ = traffic
    expected: dict[tuple[str, str, str], list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    key_of = {"east": "team-a", "west": "team-b"}  # each product's first backend takes all of its calls
    for entry in stack.ledger():
        group = expected[key_of[entry["backend"]], entry["deployment"], entry["operation"]]
        group[0] += 1
        if entry["status"] == 200:
            group[1] += entry["prompt_tokens"]
            group[2] += entry["completion_tokens"]
            group[3] += entry["total_tokens"]
    _, rows = stack.kql(
        "Calls | summarize count(), sum(PromptTokens), sum(CompletionTokens), sum(TotalTokens) "
        "by SubscriptionName, DeploymentName, OperationId"
    )
    recorded = {(row[0], row[1], row[2]): [int(figure or 0) for figure in row[3:]] for row in rows}
    assert recorded == dict(expected)


def test_models_are_those_that_the_ledgers_name(traffic: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = traffic
    served = {entry["model"] for entry in stack.ledger() if entry["status"] == 200}
    _, rows = stack.kql("Calls | where ResponseCode == 200 | distinct ModelName")
    assert {row[0] for row in rows} == served


def test_usage_says_where_it_comes_from(traffic: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = traffic
    _, rows = stack.kql("Calls | where ResponseCode == 200 | summarize count() by UsageSource")
    sources = {row[0]: row[1] for row in rows}
    assert set(sources) == {"reported", "injected"}
    assert sources["injected"] > CALLS / 10


def test_streamed_text_is_recorded_as_the_sdk_assembled_it(traffic: tuple[Stack, dict[str, str]]) -> None:
    stack, texts = traffic
    _, rows = stack.kql(
        "Calls | where OperationId == 'chatcompletions_create' and ResponseCode == 200"
        " | project asked = tostring(parse_json(RequestBody).messages[1].content),"
        " said = tostring(parse_json(ResponseBody).choices[0].message.content)"
    )
    recorded = dict(rows)
    assert len(texts) > CALLS / 5
    assert {asked: recorded.get(asked) for asked in texts} == texts


def test_the_seed_s_usage_query_sums_the_same_tokens(traffic: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = traffic
    _, rows = stack.kql(
        """ApiManagementGatewayLogs
| where tolower(OperationId) in ('completions_create','chatcompletions_create')
| extend model = tostring(parse_json(BackendResponseBody)['model'])
| extend totaltokens = parse_json(parse_json(BackendResponseBody)['usage'])['total_tokens']
| summarize sum(todecimal(totaltokens)) by model
| where model != ''"""
    )
    expected: dict[str, int] = collections.Counter()
    for entry in stack.ledger():
        if entry["status"] == 200 and entry["operation"] in ("chatcompletions_create", "completions_create"):
            expected[entry["model"]] += entry["total_tokens"]
    assert {row[0]: int(float(row[1])) for row in rows} == expected
