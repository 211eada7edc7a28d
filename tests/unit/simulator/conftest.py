"""A simulator on a real socket, and the real SDK against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from openai import AzureOpenAI, OpenAI

from gatelog.simulator import Script, Simulator, SimulatorThread

KEY = "a key"
HELLO = [{"role": "user", "content": "Say something: naïve 東京 🎉"}]


class Stage:
    """Starts simulators and clients; `entries` is the ledger, complete once the simulators stopped."""

    def __init__(self, directory: Path) -> None:
        self._stack = ExitStack()
        self._ledger = directory / "ledger.jsonl"

    def simulate(self, **options: Any) -> SimulatorThread:
        options = {"api_key": KEY, "ledger": self._ledger, **options}
        return self._stack.enter_context(SimulatorThread(Simulator("east", **options)))

    def azure(self, thread: SimulatorThread, **options: Any) -> AzureOpenAI:
        options = {"api_version": "2024-10-21", "max_retries": 0, "api_key": KEY, **options}
        return self._stack.enter_context(AzureOpenAI(azure_endpoint=thread.url, **options))

    def openai(self, thread: SimulatorThread, path: str = "/openai/v1/") -> OpenAI:
        return self._stack.enter_context(OpenAI(base_url=thread.url + path, api_key=KEY, max_retries=0))

    def entries(self) -> list[dict[str, Any]]:
        self.close()
        return [json.loads(line) for line in self._ledger.read_text().splitlines()]

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Callable[..., AzureOpenAI]:
    """A client of a fresh simulator with the given script members."""
    return lambda **script: stage.azure(stage.simulate(script=Script(**script)))
