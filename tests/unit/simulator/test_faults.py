"""Faults break off where they should, and the ledger says how far the answer came."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx2
import openai
import pytest
import uvloop

from gatelog.model import OperationKind
from gatelog.provider import Tokenizers
from gatelog.simulator import Fault, Script, Simulator
from gatelog.simulator.faults import Faults

HELLO = [{"role": "user", "content": "hi"}]
PATH = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
STREAM = {"messages": HELLO, "stream": True, "max_tokens": 30}


def received(url, request, *, timeout=10.0):
    """Body bytes until the end or the break, and the exception that broke it."""
    body = bytearray()
    try:
        with httpx2.stream("POST", url + PATH, json=request, timeout=timeout) as answer:
            for piece in answer.iter_raw():
                body += piece
    except httpx2.TransportError as error:
        return bytes(body), error
    return bytes(body), None


def words(body: bytes) -> str:
    """The content told by the whole events of a stream."""
    events = [part for part in body.decode("utf-8", "ignore").split("\n\n")[:-1] if part != "data: [DONE]"]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    return "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk.get("choices", ()))


@pytest.mark.parametrize(
    ("kind", "expected"), [("reset", httpx2.ReadError), ("close", httpx2.RemoteProtocolError)]
)
@pytest.mark.parametrize("after", [None, 0, 2_000])
def test_a_broken_connection_is_seen_as_one(stage, kind, expected, after):
    script = Script(faults=(Fault(kind=kind, after_bytes=after),), tokens_min=30)
    body, error = received(stage.simulate(api_key=None, script=script).url, STREAM)
    assert isinstance(error, expected)
    assert len(body) <= (after or 0)
    if kind == "close":
        assert len(body) == (after or 0)
    (entry,) = stage.entries()
    assert entry["finished"] is False
    assert entry["status"] == (0 if after is None else 200)
    assert (entry["prompt_tokens"] == 0) == (after is None)


def test_the_ledger_counts_the_tokens_that_were_told(stage):
    script = Script(faults=(Fault(kind="close", after_bytes=6_000),), tokens_min=30)
    body, _ = received(stage.simulate(api_key=None, script=script).url, STREAM)
    (entry,) = stage.entries()
    assert entry["completion_tokens"] == Tokenizers.count_text("gpt-4o", words(body))[0] > 0
    assert entry["total_tokens"] == entry["prompt_tokens"] + entry["completion_tokens"]


def test_a_stalled_answer_is_unfinished_when_the_client_gives_up(stage):
    script = Script(faults=(Fault(kind="stall", after_bytes=100),))
    _, error = received(stage.simulate(api_key=None, script=script).url, STREAM, timeout=0.2)
    assert isinstance(error, httpx2.ReadTimeout)
    assert [entry["finished"] for entry in stage.entries()] == [False]


def test_a_truncated_stream_ends_in_order_without_done(stage):
    script = Script(faults=(Fault(kind="truncate", after_bytes=3_000),), tokens_min=30)
    body, error = received(stage.simulate(api_key=None, script=script).url, STREAM)
    assert error is None
    assert body.endswith(b"\n\n")
    assert len(body) >= 3_000
    assert b"[DONE]" not in body
    assert [entry["finished"] for entry in stage.entries()] == [False]


def test_a_truncated_document_is_cut_at_the_byte(stage):
    script = Script(faults=(Fault(kind="truncate", after_bytes=40),))
    body, error = received(stage.simulate(api_key=None, script=script).url, {"messages": HELLO})
    assert (error, len(body)) == (None, 40)


def test_an_error_event_inside_a_stream_reaches_the_sdk_as_its_error(stage):
    fault = Fault(kind="error_event", after_bytes=1_500, code="server_error", message="it broke")
    azure = stage.azure(stage.simulate(script=Script(faults=(fault,))))
    stream = azure.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError, match="it broke"):
        list(stream)
    assert [(entry["status"], entry["finished"]) for entry in stage.entries()] == [(200, False)]


def test_a_client_that_leaves_leaves_an_unfinished_entry(stage):
    azure = stage.azure(stage.simulate(script=Script(pace_ms=20, tokens_min=90)))
    stream = azure.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    stream.close()
    (entry,) = stage.entries()
    assert entry["finished"] is False
    assert entry["status"] == 200
    assert 0 < entry["completion_tokens"] < 90


def test_a_large_answer_that_is_not_read_is_not_finished(stage):
    thread = stage.simulate(api_key=None)
    body = json.dumps({"model": "text-embedding-3-large", "input": ["x"] * 500}).encode()
    head = b"POST /openai/v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # else the kernel takes it all
        connection.settimeout(10)
        connection.connect(("127.0.0.1", thread.port))
        connection.sendall(head + body)
        connection.recv(1)
    (entry,) = stage.entries()
    assert (entry["status"], entry["finished"]) == (200, False)


def test_stopping_breaks_off_what_is_under_way(tmp_path):
    async def run() -> None:
        script = Script(faults=(Fault(kind="stall", after_bytes=1),))
        simulator = Simulator("east", ledger=tmp_path / "ledger", script=script)
        await simulator.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        writer.write(b"GET /openai/v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await simulator.stop()
        assert len(await reader.read()) == 1
        writer.close()
        await writer.wait_closed()

    asyncio.run(run())
    assert json.loads((tmp_path / "ledger").read_text())["finished"] is False


def test_the_ledger_is_what_the_sdk_was_told(stage):
    thread = stage.simulate()
    azure = stage.azure(thread)
    calls = azure.chat.completions.with_raw_response
    told = []
    for options in ({}, {"stream": True, "stream_options": {"include_usage": True}}):
        raw = calls.create(model="gpt-4o", messages=HELLO, n=2, **options)
        parsed = raw.parse()
        usage = list(parsed)[-1].usage if options else parsed.usage
        told.append((raw.headers["apim-request-id"], usage))
    raw = azure.embeddings.with_raw_response.create(model="text-embedding-3-small", input="hi")
    told.append((raw.headers["apim-request-id"], raw.parse().usage))
    expected = [
        (request_id, usage.prompt_tokens, usage.total_tokens - usage.prompt_tokens, usage.total_tokens)
        for request_id, usage in told
    ]
    entries = stage.entries()
    members = ("request_id", "prompt_tokens", "completion_tokens", "total_tokens")
    assert [tuple(entry[name] for name in members) for entry in entries] == expected
    assert [entry["operation"] for entry in entries] == ["chatcompletions_create"] * 2 + ["embeddings_create"]
    assert [entry["stream"] for entry in entries] == [False, True, False]
    assert all(entry["finished"] and entry["status"] == 200 for entry in entries)
    assert entries[0]["model"] == "gpt-4o-2024-11-20"
    assert entries[0]["deployment"] == "gpt-4o"


def test_an_answer_of_any_size_that_was_read_is_finished(tmp_path):
    """On uvloop, which buffers every write: being told to pause is not being left."""

    async def run() -> None:
        simulator = Simulator("east", ledger=tmp_path / "ledger")
        await simulator.start()
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{simulator.port}") as client:
            for inputs in (1, 4, 16, 64):
                asked = {"model": "text-embedding-3-small", "input": ["x"] * inputs}
                assert (await client.post("/openai/v1/embeddings", json=asked)).status_code == 200
        await simulator.stop()

    uvloop.run(run())
    entries = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert [entry["finished"] for entry in entries] == [True] * 4


def test_refused_requests_cost_nothing_in_the_ledger(stage):
    thread = stage.simulate(script=Script(faults=(Fault(kind="status", status=429),)))
    with pytest.raises(openai.RateLimitError):
        stage.azure(thread).chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(openai.AuthenticationError):
        stage.azure(thread, api_key="no").chat.completions.create(model="gpt-4o", messages=HELLO)
    entries = stage.entries()
    assert [(entry["status"], entry["total_tokens"]) for entry in entries] == [(429, 0), (401, 0)]


def test_a_fault_strikes_those_it_fits_after_those_it_skips():
    fault = Fault(kind="reset", skip=1, first=2, operation=OperationKind.CHAT, deployment="d")
    faults, script = Faults("east", 0), Script(faults=(fault,))
    assert faults.draw(script, "embeddings", "d") is None
    assert faults.draw(script, "chat", "other") is None
    struck = [faults.draw(script, "chat", "d") is fault for _ in range(5)]
    assert struck == [False, True, True, False, False]


def test_chance_depends_on_the_seed_alone():
    script = Script(faults=(Fault(kind="reset", probability=0.3),))

    def drawn(name: str) -> list[bool]:
        faults = Faults(name, 7)
        return [faults.draw(script, "", "") is not None for _ in range(400)]

    assert drawn("east") == drawn("east") != drawn("west")
    assert 80 < sum(drawn("east")) < 160
