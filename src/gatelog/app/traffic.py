"""Calls as applications make them: the real `openai` SDK, sync and async, through the gateway.

Several subscriptions, three path families, streams read whole and streams abandoned, tools, embeddings, and
the errors that happen: a wrong key, a filtered prompt, a rate limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam, ChatCompletionToolParam

API_VERSION = "2024-10-21"
WORKERS = 8
PAUSE_S_MAX = 0.4
"""Eight callers that pause 0.2 s on average: some fifteen calls a second, next to nothing for the gateway."""

CHAT_MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-35-turbo-16k", "gpt-4.1")
PROMPTS = (
    "Summarise the attached incident report in three sentences.",
    "Übersetze bitte ins Deutsche: the shipment will arrive on Thursday.",
    "Write a SQL query that lists the ten largest customers by revenue.",
    "この文章を丁寧な日本語に直してください。",
    "Draft a polite answer to a customer whose parcel was lost. 📦",
    "Which clauses of this contract limit our liability?",
)
WEATHER_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
RATE_LIMITED = {"x-simulate": json.dumps({"faults": [{"kind": "status", "status": 429, "retry_after_s": 1}]})}


@dataclass
class Tally:
    """What the callers saw."""

    calls: int = 0
    reached: int = 0  # calls that the gateway answered, whatever it said
    streams: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def note_usage(self, usage: object) -> None:
        """Add the tokens of an answer that reports them."""
        self.prompt_tokens += getattr(usage, "prompt_tokens", 0) or 0
        self.completion_tokens += getattr(usage, "completion_tokens", 0) or 0


class Caller:
    """One application: its clients, all with the same key."""

    def __init__(self, gateway_url: str, key: str) -> None:
        self.azure = openai.AsyncAzureOpenAI(
            azure_endpoint=gateway_url, api_key=key, api_version=API_VERSION, max_retries=0
        )
        self.azure_sync = openai.AzureOpenAI(
            azure_endpoint=gateway_url, api_key=key, api_version=API_VERSION, max_retries=0
        )
        self.v1 = openai.AsyncOpenAI(base_url=f"{gateway_url}/openai/v1/", api_key=key, max_retries=0)
        self.plain = openai.AsyncOpenAI(base_url=f"{gateway_url}/v1/", api_key=key, max_retries=0)

    async def close(self) -> None:
        """Close the connections."""
        self.azure_sync.close()
        for client in (self.azure, self.v1, self.plain):
            await client.close()


class Traffic:
    """Workers that call until told to stop; `keys`: subscription → key. `tally` shows what happened."""

    def __init__(self, gateway_url: str, keys: Mapping[str, str], *, seed: int) -> None:
        self.tally = Tally()
        self._random = random.Random(seed)  # noqa: S311 - variety, not secrecy
        self._callers = [Caller(gateway_url, key) for key in keys.values()]
        self._stranger = Caller(gateway_url, "nobody-knows-this-key")
        self._scenarios: dict[str, tuple[Callable[[Caller], Awaitable[None]], int]] = {
            "chat": (self._chat, 6),
            "chat, sync client": (self._chat_sync, 3),
            "stream": (self._stream, 6),
            "stream with usage": (self._stream_with_usage, 3),
            "stream abandoned": (self._abandoned_stream, 1),
            "tools": (self._tools, 2),
            "embeddings": (self._embeddings, 3),
            "completions": (self._completions, 2),
            "operation made by hand": (self._made_by_hand, 1),
            "filtered prompt": (self._filtered, 1),
            "rate limit": (self._rate_limited, 1),
            "wrong key": (self._wrong_key, 1),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Call until `stop` is set; running calls are finished."""
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(WORKERS):
                    workers.create_task(self._work(stop))
        finally:
            for caller in (*self._callers, self._stranger):
                await caller.close()

    async def _work(self, stop: asyncio.Event) -> None:
        scenarios = list(self._scenarios.values())
        weights = [weight for _, weight in scenarios]
        while not stop.is_set():
            (scenario, _), caller = (
                self._random.choices(scenarios, weights)[0],
                self._random.choice(self._callers),
            )
            await self._count(scenario(caller))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._random.uniform(0, PAUSE_S_MAX))

    async def _count(self, call: Awaitable[None]) -> None:
        self.tally.calls += 1
        try:
            await call
            self.tally.reached += 1
            self.tally.outcomes["answered"] += 1
        except openai.APIStatusError as error:
            self.tally.reached += 1
            self.tally.outcomes[f"{type(error).__name__} ({error.status_code})"] += 1
        except openai.APIError as error:
            self.tally.outcomes[type(error).__name__] += 1

    def _model(self) -> str:
        return self._random.choice(CHAT_MODELS)

    def _messages(self, prompt: str = "") -> list[ChatCompletionMessageParam]:
        return [
            {"role": "system", "content": "You are a careful assistant."},
            {"role": "user", "content": prompt or self._random.choice(PROMPTS)},
        ]

    async def _chat(self, caller: Caller) -> None:
        client = self._random.choice([caller.azure, caller.v1, caller.plain])
        answer = await client.chat.completions.create(model=self._model(), messages=self._messages())
        self.tally.note_usage(answer.usage)

    async def _chat_sync(self, caller: Caller) -> None:
        model, messages = self._model(), self._messages()
        answer = await asyncio.to_thread(
            lambda: caller.azure_sync.chat.completions.create(model=model, messages=messages, max_tokens=60)
        )
        self.tally.note_usage(answer.usage)

    async def _stream(self, caller: Caller) -> None:
        self.tally.streams += 1
        stream = await caller.azure.chat.completions.create(
            model=self._model(), messages=self._messages(), stream=True
        )
        async for _ in stream:
            pass

    async def _stream_with_usage(self, caller: Caller) -> None:
        self.tally.streams += 1
        stream = await caller.v1.chat.completions.create(
            model=self._model(),
            messages=self._messages(),
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            self.tally.note_usage(chunk.usage)

    async def _abandoned_stream(self, caller: Caller) -> None:
        self.tally.streams += 1
        stream = await caller.azure.chat.completions.create(
            model=self._model(), messages=self._messages(), stream=True
        )
        async with stream:
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    return

    async def _tools(self, caller: Caller) -> None:
        answer = await caller.v1.chat.completions.create(
            model=self._model(),
            messages=self._messages("What is the weather in Uppsala?"),
            tools=[WEATHER_TOOL],
            tool_choice="required",
        )
        self.tally.note_usage(answer.usage)

    async def _embeddings(self, caller: Caller) -> None:
        answer = await caller.azure.embeddings.create(
            model="text-embedding-3-small", input=[self._random.choice(PROMPTS)]
        )
        self.tally.note_usage(answer.usage)

    async def _completions(self, caller: Caller) -> None:
        answer = await caller.azure.completions.create(
            model="gpt-35-turbo-instruct", prompt=self._random.choice(PROMPTS), max_tokens=40
        )
        self.tally.note_usage(answer.usage)

    async def _made_by_hand(self, caller: Caller) -> None:
        body = {"model": self._model(), "messages": self._messages()}
        answer = await caller.v1.post("/query", body=body, cast_to=ChatCompletion)
        self.tally.note_usage(answer.usage)

    async def _filtered(self, caller: Caller) -> None:
        messages = self._messages("[[filter]] something that the provider's filter refuses")
        await caller.azure.chat.completions.create(model=self._model(), messages=messages)

    async def _rate_limited(self, caller: Caller) -> None:
        await caller.azure.chat.completions.create(
            model=self._model(), messages=self._messages(), extra_headers=RATE_LIMITED
        )

    async def _wrong_key(self, _: Caller) -> None:
        await self._stranger.azure.chat.completions.create(model=self._model(), messages=self._messages())
