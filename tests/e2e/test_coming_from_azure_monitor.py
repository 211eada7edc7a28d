"""The page "Coming from Azure Monitor" is followed as a reader would: the certificate is made, the hub is
configured, and each command, script and query, in order, gives an answer of the shape that the page shows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openai
import pytest

from gatelog.testing.stack import CONFIGURATION, Stack

pytestmark = pytest.mark.e2e

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from-azure-monitor.md").read_text()
HOST, ADDRESS = "hub.example", "hub.example:8081"
TOKENS = {"GATELOG_TOKEN": "1", "BOARD_TOKEN": "2", "METRICS_TOKEN": "3"}
SUBSCRIPTIONS = {"team-a": "research", "team-b": "finance"}
MODELS = ("gpt-4o", "gpt-4o-mini")
REFUSED = "error:"
STEP_TIMEOUT_S = 120

# Runs the page's Python blocks in one session: a JSON text in, what was printed out, a line each.
SESSION = """
import contextlib, io, json, sys, traceback
names = {"__name__": "__main__"}
for line in sys.stdin:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(json.loads(line), "page", "exec"), names)
            failed = False
        except BaseException:
            traceback.print_exc(file=printed)
            failed = True
    print(json.dumps([printed.getvalue(), failed]), flush=True)
"""


class Block(NamedTuple):
    """A fenced block at a line of the page, and the text below it that is its answer ("" = none is shown)."""

    line: int
    language: str
    code: str
    shown: str


class Answer(NamedTuple):
    printed: str
    failed: bool


def blocks_of(page: str) -> list[Block]:
    fences = list(re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    shown = [fence[2] if fence[1] == "text" else "" for fence in fences[1:]] + [""]
    return [
        Block(page.count("\n", 0, fence.start()) + 1, fence[1], fence[2], answer)
        for fence, answer in zip(fences, shown, strict=True)
        if fence[1] not in ("text", "ini")
    ]


BLOCKS = blocks_of(PAGE)
CERTIFICATE, HUB, *REST = BLOCKS
STEPS = [block for block in REST if block.language != "kusto"]
QUERIES = [block for block in REST if block.language == "kusto"]


class Reader:
    """Who follows the page in a directory of their own, with a hub of theirs in the place of the page's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.address = ADDRESS
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "160",
            **{name: f"glh_0000000{digit}_{digit * 64}" for name, digit in TOKENS.items()},
        }
        self._session: subprocess.Popen[str] | None = None

    def follow(self, block: Block) -> Answer:
        code = block.code.replace(ADDRESS, self.address).replace(HOST, "localhost")
        return self._in_session(code) if block.language == "python" else self._in_shell(code)

    def _in_shell(self, code: str) -> Answer:
        """What it exports stays."""
        kept = self.directory / ".environment"
        shell = subprocess.run(
            ["/bin/bash", "-ec", f"{code}\nenv -0 > {kept}"],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
        if not shell.returncode:
            entries = kept.read_text().removesuffix("\0").split("\0")
            self.environment = dict(entry.split("=", 1) for entry in entries)
        return Answer(shell.stdout, bool(shell.returncode))

    def _in_session(self, code: str) -> Answer:
        if self._session is None:
            self._session = subprocess.Popen(
                [sys.executable, "-c", SESSION],
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._session.stdin is not None
        assert self._session.stdout is not None
        self._session.stdin.write(json.dumps(code) + "\n")
        self._session.stdin.flush()
        return Answer(*json.loads(self._session.stdout.readline()))

    def close(self) -> None:
        if self._session is not None:
            self._session.communicate()


def configuration() -> str:
    """The stack's, with the page's `hub` and the demo's names."""
    plain = 'hub: {{listen: "127.0.0.1:{hub}", anonymous: true}}\n'
    assert plain in CONFIGURATION
    hub = HUB.code.replace("{", "{{").replace("}", "}}").replace("0.0.0.0:8081", "127.0.0.1:{hub}")
    text = CONFIGURATION.replace(plain, hub)
    for name, demo in SUBSCRIPTIONS.items():
        text = text.replace(f"{name}:", f"{demo}:")
    return text


def call_models(stack: Stack) -> int:
    """What applications do, good and bad; how many calls that made."""
    prompt: Any = [{"role": "user", "content": "Which clauses limit our liability?"}]
    throttle = {"x-simulate": json.dumps({"faults": [{"kind": "status", "status": 429}]})}
    calls = 0
    for key in stack.keys.values():
        with openai.AzureOpenAI(
            azure_endpoint=stack.gateway_url, api_key=key, api_version="2024-10-21", max_retries=0
        ) as client:
            for model in MODELS:
                client.chat.completions.create(model=model, messages=prompt)
                list(client.chat.completions.create(model=model, messages=prompt, stream=True))
            client.completions.create(model="gpt-35-turbo-instruct", prompt="Once")
            client.embeddings.create(model="text-embedding-3-small", input="clause")
            with pytest.raises(openai.RateLimitError):
                client.chat.completions.create(model="gpt-4o", messages=prompt, extra_headers=throttle)
            filtered: Any = [{"role": "user", "content": "[[filter]]"}]
            with pytest.raises(openai.BadRequestError):
                client.chat.completions.create(model="gpt-4o", messages=filtered)
        with openai.OpenAI(base_url=f"{stack.gateway_url}/openai/v1/", api_key=key) as client:
            client.responses.create(model="gpt-4o", input="Which clauses limit our liability?")
        calls += 2 * len(MODELS) + 5
    return calls


class Followed(NamedTuple):
    """A running stack, and what each command and script of the page gave, by its line."""

    stack: Stack
    answers: dict[int, Answer]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    directory = tmp_path_factory.mktemp("page")
    reader = Reader(directory)
    answers = {CERTIFICATE.line: reader.follow(CERTIFICATE)}
    with pytest.MonkeyPatch.context() as patch:
        for name in (*TOKENS, "SSL_CERT_FILE"):
            patch.setenv(name, reader.environment[name])
        stack = Stack(directory, configuration=configuration())
        reader.address = f"localhost:{stack.hub_port}"
        stack.hub_url, stack.token = f"https://{reader.address}", reader.environment["GATELOG_TOKEN"]
        with stack:
            stack.wait_recorded(call_models(stack))
            try:
                answers |= {block.line: reader.follow(block) for block in STEPS}
            finally:
                reader.close()
            yield Followed(stack, answers)


def line_of(block: Block) -> str:
    return f"line-{block.line}"


@pytest.mark.parametrize("block", [CERTIFICATE, *STEPS], ids=line_of)
def test_each_step_succeeds(followed: Followed, block: Block) -> None:
    answer = followed.answers[block.line]
    assert answer.failed is block.shown.startswith(REFUSED), answer.printed


@pytest.mark.parametrize("block", [block for block in STEPS if block.shown], ids=line_of)
def test_each_step_prints_what_the_page_shows(followed: Followed, block: Block) -> None:
    printed, shown = followed.answers[block.line].printed.splitlines(), block.shown.splitlines()
    assert printed[0].split() == shown[0].split()
    assert len(printed) > 1 or len(shown) == 1


@pytest.mark.parametrize("block", QUERIES, ids=line_of)
def test_each_query_gives_rows_with_the_columns_that_the_page_shows(followed: Followed, block: Block) -> None:
    columns, rows = followed.stack.kql(block.code)
    assert columns == block.shown.splitlines()[0].split()
    assert rows


def test_every_query_shows_its_answer() -> None:
    assert len(QUERIES) > 5
    assert not [line_of(block) for block in QUERIES if not block.shown]


def test_the_cloud_for_grafana_names_the_hub() -> None:
    setting = re.search(r"^clouds_config = `(.*?)`$", PAGE, re.MULTILINE | re.DOTALL)
    assert setting is not None
    [cloud] = json.loads(setting[1])
    assert set(cloud) == {"name", "displayName", "aadAuthority", "properties"}
    assert cloud["aadAuthority"] == f"https://{ADDRESS}/"


def test_every_block_of_the_page_is_run() -> None:
    assert (CERTIFICATE.language, HUB.language) == ("sh", "yaml")
    assert {block.language for block in STEPS} == {"sh", "python"}
