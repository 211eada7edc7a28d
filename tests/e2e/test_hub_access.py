"""A hub with declared tokens, over real sockets: what each role gets in each format."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatelog.config import TokenDigest, new_token
from gatelog.testing.stack import CONFIGURATION, Stack, wait_until

pytestmark = pytest.mark.e2e

TOKENS = {role: new_token() for role in ("metrics", "log", "log-with-bodies")}
DECLARED = "".join(
    f'\n    {role}: {{{{role: {role}, hash: "{TokenDigest.of(token).text}"}}}}'
    for role, token in TOKENS.items()
)
HUB = f'hub:\n  listen: "127.0.0.1:{{hub}}"\n  query: {{{{rows_max: 200000}}}}\n  tokens:{DECLARED}'
SAID = "the tide comes in at noon"
CALLS = 3


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    old = 'hub: {{listen: "127.0.0.1:{hub}", anonymous: true}}'
    assert old in CONFIGURATION
    configuration = CONFIGURATION.replace(old, HUB)
    with Stack(tmp_path_factory.mktemp("access"), configuration=configuration) as running:
        running.token = (running.data / "hub.token").read_text().strip()
        for _ in range(CALLS):
            client = openai.OpenAI(
                base_url=f"{running.gateway_url}/openai/v1/", api_key=running.keys["team-a"], max_retries=0
            )
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": SAID}])
        running.wait_recorded(CALLS)
        yield running


def ask(stack: Stack, query: str, headers: dict[str, str], form: str = "json") -> tuple[int, bytes]:
    request = urllib.request.Request(
        f"{stack.hub_url}/query",
        data=json.dumps({"query": query, "format": form}).encode(),
        headers={"content-type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def bearer(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[role]}"}


def rows(stack: Stack, query: str, role: str) -> Any:
    status, body = ask(stack, query, bearer(role))
    assert status == 200, body
    return json.loads(body)["rows"]


def test_each_role_sees_its_part(stack: Stack) -> None:
    spoken = f"Calls | where RequestBody has '{SAID.split()[1]}' | count"
    assert rows(stack, spoken, "log-with-bodies") == [[CALLS]]
    assert rows(stack, "Calls | count", "log") == [[CALLS]]
    status, body = ask(stack, spoken, bearer("log"))
    assert (status, json.loads(body)["error"]["hint"]) == (400, "role log-with-bodies is needed")
    assert ask(stack, "Calls | count", bearer("metrics"))[0] == 400
    assert rows(
        stack, "AzureMetrics | where MetricName == 'TotalCalls' | summarize sum(Total)", "metrics"
    ) == [[CALLS]]


def test_no_whole_table_of_a_log_reader_says_what_was_said(stack: Stack) -> None:
    """Every table, whole, in every format."""
    for query in (
        "union * | take 900",
        "search 'x' or '*' | take 900",
        "Calls",
        "ApiManagementGatewayLlmLog",
    ):
        for form in ("json", "csv", "arrow", "parquet"):
            status, body = ask(stack, query, bearer("log"), form)
            assert status == 200, body
            assert SAID.encode() not in body
    assert SAID.encode() in ask(stack, "Calls", bearer("log-with-bodies"), "arrow")[1]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {new_token()}"},
        {"api-key": TOKENS["log"][:-1]},
        {**bearer("log"), "x-api-key": TOKENS["metrics"]},
    ],
    ids=["none", "wrong", "unknown", "cut", "two"],
)
def test_who_is_not_known_is_asked_for_a_token(stack: Stack, headers: dict[str, str]) -> None:
    status, body = ask(stack, "print 1", headers)
    assert (status, json.loads(body)["error"]["code"]) == (401, "unauthorized")


def test_a_token_may_come_in_the_header_that_a_client_has(stack: Stack) -> None:
    basic = base64.b64encode(f"grafana:{TOKENS['log']}".encode()).decode()
    for headers in (
        {"x-api-key": TOKENS["log"]},
        {"api-key": TOKENS["log"]},
        {"authorization": f"Basic {basic}"},
    ):
        assert ask(stack, "print 1", headers)[0] == 200


def gatelog(stack: Stack, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "gatelog", "query", *arguments, "--hub", stack.hub_url]
    return subprocess.run(
        command, capture_output=True, timeout=60, env={**os.environ, **environ}, check=False
    )


def test_the_command_line_signs_in_by_itself_or_with_a_token(stack: Stack, tmp_path: Path) -> None:
    """The user who runs the hub can read its token; another has one of the environment."""
    assert json.loads(gatelog(stack, "Calls | count", "--format", "json").stdout)["rows"] == [[CALLS]]
    narrow = gatelog(stack, "Calls | count", GATELOG_TOKEN=TOKENS["metrics"])
    assert (narrow.returncode, narrow.stdout) == (2, b"")
    assert b"no table 'Calls'" in narrow.stderr
    assert TOKENS["metrics"].encode() not in narrow.stderr


def test_the_command_line_writes_files_that_others_read(stack: Stack, tmp_path: Path) -> None:
    query = "Calls | project RequestId, TimeGenerated, TotalTokens | sort by RequestId asc"
    file = tmp_path / "calls.parquet"
    written = gatelog(stack, query, "--format", "parquet", "--output", str(file))
    assert (written.returncode, written.stdout, written.stderr) == (0, b"", b"")
    piped = gatelog(stack, query, "--format", "arrow").stdout
    table = pa.ipc.open_stream(piped).read_all()
    assert table.num_rows == CALLS
    assert table.equals(pq.read_table(io.BytesIO(file.read_bytes())).cast(table.schema))
    assert os.listdir(tmp_path) == ["calls.parquet"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("json", b"error: the answer broke off (the answer has more than 200000 rows"),
        ("csv", b"error: the answer broke off: what came is not all there is"),
        ("parquet", b"error: the answer has more than 200000 rows"),
    ],
)
def test_an_answer_that_breaks_off_is_no_file(stack: Stack, tmp_path: Path, form: str, reason: bytes) -> None:
    """The first rows were sent before the budget was used up: the client can tell that they are not all."""
    query = "range i from 1 to 1000000 step 1 | extend text = strcat('a longer text ', i)"
    failed = gatelog(stack, query, "--format", form, "--output", str(tmp_path / "numbers"))
    assert failed.returncode != 0
    assert reason in failed.stderr
    assert os.listdir(tmp_path) == []


def test_the_log_names_principals_and_no_tokens(stack: Stack) -> None:
    rows(stack, "print 1", "log")
    said = (stack.directory / "run.log").read_text()
    assert '"principal":"log"' in said
    assert not any(token in said for token in TOKENS.values())
    assert not any(token.rpartition("_")[2] in said for token in TOKENS.values())


MANY = "range x from 1 to 10000000 step 1 | extend k = 1"
ENDLESS = f"{MANY} | join kind=inner ({MANY}) on k | where hash(strcat(x, x1)) == 100000000000 | count"
"""A hundred million million rows: `range` alone makes no more than ten million."""


def command(stack: Stack, text: str) -> list[list[Any]]:
    """The rows of a command's answer."""
    request = urllib.request.Request(
        f"{stack.hub_url}/v1/rest/mgmt",
        data=json.dumps({"db": "gatelog", "csl": text}).encode(),
        headers={"content-type": "application/json", "x-api-key": TOKENS["log"]},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        rows: list[list[Any]] = json.load(response)["Tables"][0]["Rows"]
        return rows


def of_state(stack: Stack, state: str) -> list[list[Any]]:
    """Names and texts of the endless queries that are in this state."""
    asked = f".show queries | where State == '{state}' and Text has '100000000000'"
    return command(stack, f"{asked} | project ClientActivityId, Text")


def begin_endless(stack: Stack, name: str) -> http.client.HTTPConnection:
    """A request whose answer would take hours; it is running when this returns."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.hub_port, timeout=60)
    headers = {
        "content-type": "application/json",
        "x-api-key": TOKENS["log"],
        "x-ms-client-request-id": name,
    }
    body = json.dumps({"db": "gatelog", "csl": ENDLESS})
    connection.request("POST", "/v1/rest/query", body, headers)
    wait_until(lambda: [name, ENDLESS] in of_state(stack, "InProgress"), "it runs", 30)
    return connection


def test_a_client_that_leaves_has_its_query_stopped(stack: Stack) -> None:
    begin_endless(stack, "leaving").close()
    wait_until(lambda: of_state(stack, "Cancelled") == [["leaving", ENDLESS]], "it was stopped", 10)


def test_a_query_is_stopped_by_its_name(stack: Stack) -> None:
    connection = begin_endless(stack, "stopped")
    assert command(stack, ".cancel query 'stopped'") == [["stopped", "", True]]
    answer = connection.getresponse()
    assert answer.status == 400
    assert "stopped" in json.load(answer)["error"]["@message"]
    connection.close()
