"""`gatelog demo`: an installation on this machine, with traffic, and the questions that people ask of it.

    demo ─┬─ gatelog simulate east      traffic (the openai SDK, in this process)
          ├─ gatelog simulate west         │
          └─ gatelog run ─┬─ gateway ◄─────┘
                          └─ hub     ◄───── published queries, at the end
Everything lies in one directory and is kept: another demo goes on with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from gatelog.app.child import StartError
from gatelog.app.completeness import print_completeness
from gatelog.app.hub_client import HubClient, HubError
from gatelog.app.installation import KEYS, Installation, Ports
from gatelog.app.invocation import typed
from gatelog.app.table import print_table, standard_output
from gatelog.errors import GatelogError

if TYPE_CHECKING:
    from gatelog.app.traffic import Tally

PROGRESS_S = 0.5
PLAIN_PROGRESS_S = 5.0
COMPLETE_WITHIN_S = 30.0
"""A call is in the record about a second after its end; a machine that is busy gets more."""

ROWS_SHOWN_MAX = 8

INVITATION = """\
While it runs, point your own client at it:

  export AZURE_OPENAI_ENDPOINT={gateway} AZURE_OPENAI_API_KEY={key} OPENAI_API_VERSION=2024-10-21
  export OPENAI_BASE_URL={gateway}/v1 OPENAI_API_KEY={key}

  curl {gateway}/v1/chat/completions -H 'content-type: application/json' -H 'api-key: {key}' \\
    -d '{{"model": "gpt-4o", "messages": [{{"role": "user", "content": "Hello"}}]}}'

  {python} -c 'import openai; print(openai.OpenAI().chat.completions.create(
      model="gpt-4o", messages=[{{"role": "user", "content": "Hello"}}]).choices[0].message.content)'

and ask for the record of it:

  {gatelog} query --hub {hub} \\
    'Calls | top 5 by TimeGenerated | project TimeGenerated, SubscriptionName, ModelName, TotalTokens'

  {gatelog} query --hub {hub}        a shell with completion and charts

Clients of Azure Data Explorer, and of Log Analytics, take {hub} as their cluster or endpoint
(docs/coming-from-azure-monitor.md).
"""
FAREWELL = """
The record stays. Without anything running, ask it again:

  {gatelog} query --data {data} 'Calls | summarize count(), sum(TotalTokens) by SubscriptionName, ModelName'
"""


class DemoError(GatelogError):
    """The demo cannot run here, or found something wrong."""


def run_demo(directory: Path, *, seconds: float | None = None, as_json: bool = False) -> None:
    """Run for `seconds`, or until SIGINT or SIGTERM. Raises DemoError where something is missing.

    `as_json`: standard output gets one document at the end, standard error what people read.
    """
    console = Console(stderr=True) if as_json else standard_output()
    outcome = asyncio.run(_Demo(Installation(directory, Ports.choose()), console).run(seconds))
    if as_json:
        print(msgspec.json.encode(outcome).decode())
    outcome.judge()


def published_queries() -> list[tuple[str, str]]:
    """(title, query) of each query in seeds.kql."""
    text = resources.files("gatelog.app").joinpath("seeds.kql").read_text()
    sections = text.split("//// ")[2:]  # the first is the file's own heading
    return [(title, query.strip()) for title, _, query in (section.partition("\n") for section in sections)]


@dataclass(frozen=True, slots=True)
class Answered:
    """A published query, and what the hub answered: a table, or why there is none."""

    title: str
    query: str
    answer: dict[str, Any] | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo saw: where it ran, what its callers counted, and what the record says."""

    gateway: str
    hub: str
    data: str
    traffic: Tally
    completeness: dict[str, Any]
    answers: list[Answered]

    def judge(self) -> None:
        """DemoError if a call is missing from the record, or a query got no answer."""
        if not self.completeness["complete"]:
            raise DemoError("calls are missing from the record; see `gatelog completeness`")
        unanswered = [one.title for one in self.answers if one.answer is None]
        if unanswered:
            raise DemoError(f"queries without an answer: {', '.join(unanswered)}")


class _Demo:
    def __init__(self, installation: Installation, console: Console) -> None:
        self._installation = installation
        self._console = console
        self._hub = HubClient(installation.hub_url)
        self._stop = asyncio.Event()

    async def run(self, seconds: float | None) -> Outcome:
        self._console.print("Starting two simulators, a gateway and a hub …", style="dim")
        traffic_class = _traffic_class()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            async with self._installation.running():
                self._invite()
                before = (await self._completeness())["accepted"]
                traffic = traffic_class(self._installation.gateway_url, KEYS, seed=time.time_ns())
                if seconds is not None:
                    loop.call_later(seconds, self._stop.set)
                async with asyncio.TaskGroup() as group:
                    group.create_task(traffic.run(self._stop))
                    group.create_task(self._show_progress(traffic.tally))
                self._console.print(_progress(traffic.tally))
                report = await self._settled(before + traffic.tally.reached)
                answers = await self._ask()
                self._show_completeness(report)
        except StartError as error:
            reason = self._installation.complaint() or f"see {self._installation.log_file}"
            raise DemoError(f"{error}: {reason}") from error
        place = self._installation
        self._say(FAREWELL.format(data=place.data, gatelog=typed("gatelog")))
        return Outcome(place.gateway_url, place.hub_url, str(place.data), traffic.tally, report, answers)

    def _invite(self) -> None:
        place = self._installation
        urls = {"gateway": place.gateway_url, "hub": place.hub_url}
        programs = {name: typed(name) for name in ("gatelog", "python")}
        self._say(INVITATION.format(**urls, **programs, key=KEYS["research"]))

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    async def _show_progress(self, tally: Tally) -> None:
        start = time.monotonic()
        if self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                while not await self._stopped_within(PROGRESS_S):
                    live.update(_progress(tally, time.monotonic() - start), refresh=True)
        else:
            while not await self._stopped_within(PLAIN_PROGRESS_S):
                self._say(_summary(tally, time.monotonic() - start))

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    async def _settled(self, calls: int) -> dict[str, Any]:
        """The completeness report, once it covers all `calls`, or time is up."""
        deadline = time.monotonic() + COMPLETE_WITHIN_S
        while True:
            report = await self._completeness()
            covered = report["complete"] and report["accepted"] >= calls and not report["open"]
            if covered or time.monotonic() > deadline:
                return report
            await asyncio.sleep(PROGRESS_S)

    async def _completeness(self) -> dict[str, Any]:
        report: dict[str, Any] = await asyncio.to_thread(self._hub.get, "/completeness", {})
        return report

    async def _ask(self) -> list[Answered]:
        answers = []
        for title, query in published_queries():
            self._console.print()
            self._console.print(Rule(Text(title, "bold"), align="left"))
            self._console.print(Syntax(query, "text", background_color="default", word_wrap=True))
            answers.append(await asyncio.to_thread(self._answer, title, query))
            self._show_answer(answers[-1])
        return answers

    def _answer(self, title: str, query: str) -> Answered:
        try:
            answer = msgspec.json.decode(self._hub.post("/query", {"query": query, "format": "json"}))
        except HubError as error:
            return Answered(title, query, None, str(error))
        return Answered(title, query, answer, None)

    def _show_answer(self, answered: Answered) -> None:
        if answered.answer is None:
            self._console.print(f"error: {answered.error}", style="red", markup=False)
        else:
            print_table(answered.answer, self._console, rows_max=ROWS_SHOWN_MAX)

    def _show_completeness(self, report: dict[str, Any]) -> None:
        self._console.print()
        self._console.print(Rule(Text("Completeness", "bold"), align="left"))
        print_completeness(report, self._console)


def _traffic_class() -> Any:
    try:
        from gatelog.app.traffic import Traffic  # openai is an extra, and takes a second to import
    except ModuleNotFoundError as error:
        raise DemoError(f"the demo calls through {error.name}: pip install 'gatelog[demo]'") from error
    return Traffic


def _summary(tally: Tally, seconds: float) -> str:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.most_common())
    return f"{seconds:4.0f} s  {tally.calls} calls, {tally.streams} streams: {outcomes}"


def _progress(tally: Tally, seconds: float | None = None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    if seconds is not None:
        table.add_row(f"{seconds:.0f} s", "Ctrl-C ends it and asks the questions")
    for value, label in (
        (f"{tally.calls:,}", "calls"),
        (f"{tally.streams:,}", "of them streams"),
        (
            f"{tally.prompt_tokens:,} + {tally.completion_tokens:,}",
            "prompt and completion tokens that callers saw",
        ),
        *((f"{count:,}", outcome) for outcome, count in tally.outcomes.most_common()),
    ):
        table.add_row(value, label)
    return table
