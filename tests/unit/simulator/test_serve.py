"""The simulator as a program, and its script file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl

import httpx2
import openai
import pytest
import trustme

from gatelog.errors import ConfigError
from gatelog.simulator import Fault, Script, Simulator, SimulatorThread, read_script, serve


def test_a_script_is_read_from_yaml_and_from_json(tmp_path):
    path = tmp_path / "script"
    expected = Script(latency_ms=20, faults=(Fault(kind="stall", after_bytes=9, probability=0.5),))
    path.write_text("latency_ms: 20\nfaults:\n  - {kind: stall, after_bytes: 9, probability: 0.5}\n")
    assert read_script(path) == expected
    path.write_text('{"latency_ms": 20, "faults": [{"kind": "stall", "after_bytes": 9, "probability": 0.5}]}')
    assert read_script(path) == expected


@pytest.mark.parametrize("text", ["latency: 1", "latency_ms: -1", "faults: [{kind: fire}]", "{", "- 1"])
def test_a_wrong_script_names_its_file(tmp_path, text):
    path = tmp_path / "script.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"script\.yaml"):
        read_script(path)


def test_a_missing_script_names_its_file(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        read_script(tmp_path / "absent.yaml")


@pytest.mark.parametrize("listen", ["9001", "localhost", ":9001", "h:p", "h:65536"])
def test_a_wrong_address_is_told(listen):
    with pytest.raises(ConfigError, match="is no address"):
        serve(listen, name="east")


def test_a_port_in_use_is_told():
    with SimulatorThread(Simulator("east")) as first:
        listen = f"127.0.0.1:{first.port}"
        with pytest.raises(ConfigError, match=rf"listen: {listen} cannot be used \(.*address"):
            serve(listen, name="west")


def test_a_ledger_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"ledger: .* cannot be used \(No such file or directory\)"):
        serve("127.0.0.1:0", name="east", ledger=tmp_path / "absent" / "ledger")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal(tmp_path, signum):
    """On uvloop, in this process: the signal comes once an answer was read."""
    urls = []

    def ready(url: str) -> None:
        urls.append(url)
        asyncio.get_running_loop().create_task(probe(url))

    async def probe(url: str) -> None:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(url + "/openai/v1/models", headers={"api-key": "k"})
            assert answer.status_code == 200
        os.kill(os.getpid(), signum)

    serve("127.0.0.1:0", name="east", ledger=tmp_path / "ledger", api_key="k", ready=ready)
    assert len(urls) == 1
    assert json.loads((tmp_path / "ledger").read_text())["operation"] == "GET models"


def test_a_port_in_use_is_told_to_the_thread_s_owner():
    with SimulatorThread(Simulator("east")) as first:
        second = SimulatorThread(Simulator("west"), port=first.port)
        with pytest.raises(OSError, match="address"), second:
            pass


def test_it_serves_over_tls():
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with SimulatorThread(Simulator("east"), ssl=server) as thread:
        assert thread.url.startswith("https://")
        assert httpx2.get(thread.url + "/openai/v1/models", verify=trusted).status_code == 200


def test_the_asynchronous_sdk_reads_streams_side_by_side():
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": True}

    async def read(client: openai.AsyncAzureOpenAI) -> str:
        stream = await client.chat.completions.create(**asked)
        return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

    async def run(url: str) -> list[str]:
        async with openai.AsyncAzureOpenAI(azure_endpoint=url, api_key="k", api_version="1") as client:
            return await asyncio.gather(*(read(client) for _ in range(8)))

    with SimulatorThread(Simulator("east", script=Script(pace_ms=0.1))) as thread:
        texts = asyncio.run(run(thread.url))
    assert len(set(texts)) == 1
    assert texts[0]
