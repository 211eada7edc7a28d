"""How an answer is cut into writes, chunks and codings does not change what a client reads."""

from __future__ import annotations

import gzip
import json
import socket

import httpx2
import pytest

from gatelog.simulator import Script
from gatelog.simulator import connection as connection_module
from gatelog.simulator import received as received_module
from gatelog.simulator.connection import QUEUED_MAX

HELLO = [{"role": "user", "content": "Say something: naïve 東京 🎉"}]
PATH = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
SHAPES = [
    {"chunk_bytes": 1},
    {"chunk_bytes": 7},
    {"chunk_bytes": 1000},
    {"write_bytes": 1},
    {"write_bytes": 7, "chunk_bytes": 1000},
    {"gzip": True},
    {"gzip": True, "chunk_bytes": 3},
    {"framing": "length"},
    {"framing": "close"},
    {"framing": "chunked", "pace_ms": 0.01},
    {"latency_ms": 1},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_reads_the_same_however_the_answer_is_cut(stage, shape, stream):
    azure = stage.azure(stage.simulate(script=Script(tokens_min=40)))
    request = {"model": "gpt-4o", "messages": HELLO, "max_tokens": 40, "stream": stream}

    def read(**options):
        answer = azure.chat.completions.create(**request, **options)
        return [chunk.to_json() for chunk in answer] if stream else answer.to_json()

    assert read(extra_headers={"x-simulate": json.dumps(shape)}) == read()


def test_slices_split_characters(stage):
    """Otherwise the test above would prove little."""
    url = stage.simulate(api_key=None, script=Script(chunk_bytes=1)).url + PATH
    request = {"messages": HELLO, "max_tokens": 300, "stream": True}
    with httpx2.stream("POST", url, json=request) as answer:
        pieces = list(answer.iter_raw())
    whole = b"".join(pieces)
    assert whole.decode() != whole.decode("ascii", "replace")
    assert max(map(len, pieces)) < 1000


@pytest.mark.parametrize(
    ("framing", "header"),
    [("chunked", "transfer-encoding"), ("length", "content-length"), ("close", "connection")],
)
def test_the_framing_is_the_one_asked_for(stage, framing, header):
    url = stage.simulate(api_key=None, script=Script(framing=framing)).url + PATH
    answer = httpx2.post(url, json={"messages": HELLO, "stream": True})
    assert header in answer.headers
    assert len({"transfer-encoding", "content-length"} & set(answer.headers)) == (framing != "close")
    assert answer.text.endswith("data: [DONE]\n\n")


def test_gzip_is_flushed_event_by_event(stage):
    url = stage.simulate(api_key=None, script=Script(gzip=True)).url + PATH
    answer = httpx2.post(url, json={"messages": HELLO, "stream": True, "max_tokens": 5})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.count("data: ") == 5 + 4


def test_a_request_in_gzip_is_answered_like_a_plain_one(stage):
    url = stage.simulate(api_key=None).url + PATH
    body = json.dumps({"messages": HELLO, "seed": 1}).encode()
    plain = httpx2.post(url, content=body)
    packed = httpx2.post(url, content=gzip.compress(body), headers={"content-encoding": "gzip"})
    assert plain.status_code == 200
    assert packed.content == plain.content


@pytest.mark.parametrize(
    "body",
    [b"{}", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"{}", gzip.compress(b"{}" * 51)],
    ids=["no gzip", "cut short", "more behind it", "too large"],
)
def test_a_request_in_bad_gzip_is_refused(stage, monkeypatch, body):
    monkeypatch.setattr(received_module, "BODY_BYTES_MAX", 101)
    url = stage.simulate(api_key=None).url + PATH
    answer = httpx2.post(url, content=body, headers={"content-encoding": "gzip"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("We could not decode the body of your request: ")


def test_azure_s_headers_are_there(stage):
    url = stage.simulate(api_key=None).url + PATH
    answer = httpx2.post(url, json={"messages": HELLO}, headers={"x-ms-client-request-id": "mine"})
    headers = answer.headers
    assert headers["x-ms-region"] == "Sweden Central"
    assert headers["x-ms-client-request-id"] == "mine"
    assert headers["x-ms-deployment-name"] == "gpt-4o"
    assert int(headers["x-ratelimit-remaining-tokens"]) < int(headers["x-ratelimit-limit-tokens"])
    assert len(headers["apim-request-id"]) == 36
    again = httpx2.post(url, json={"messages": HELLO}, headers={"x-ms-client-request-id": "mine"})
    assert again.headers["apim-request-id"] != headers["apim-request-id"]
    assert again.content == answer.content


def test_a_deployment_name_cannot_break_the_head(stage):
    url = stage.simulate(api_key=None).url + PATH.replace("gpt-4o", "a%0D%0Ax-injected:1")
    answer = httpx2.post(url, json={"messages": HELLO})
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize("override", ["{", '{"latency": 1}', '{"gzip": 1}', "[]", b"\xff"])
def test_a_malformed_override_is_a_400_that_names_it(stage, override):
    url = stage.simulate(api_key=None).url + PATH
    answer = httpx2.post(url, json={"messages": HELLO}, headers={"x-simulate": override})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "x-simulate"


def test_an_override_can_be_switched_off(stage):
    url = stage.simulate(api_key=None, script=Script(accept_override=False)).url + PATH
    answer = httpx2.post(url, json={"messages": HELLO}, headers={"x-simulate": '{"gzip": true}'})
    assert "content-encoding" not in answer.headers


def exchange(port: int, sent: bytes) -> bytes:
    """Everything that comes back on one connection until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR) if b"close" not in sent else None
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_pipelined_requests_are_answered_in_order(stage):
    one = b"POST /openai/v1/first HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
    one += b'x-simulate: {"latency_ms": 5}\r\n\r\n{}'
    two = b"GET /openai/v1/second HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    back = exchange(stage.simulate(api_key=None).port, one + two)
    assert back.count(b"HTTP/1.1 200 OK") == 2
    assert back.index(b"POST first") < back.index(b"GET second")


@pytest.mark.parametrize("latency_ms", [0, 0.1])
def test_any_number_of_requests_may_be_pipelined(stage, latency_ms):
    port = stage.simulate(api_key=None, script=Script(latency_ms=latency_ms)).port
    many = b"GET /openai/v1/many HTTP/1.1\r\nhost: x\r\n\r\n" * 3 * QUEUED_MAX
    last = b"GET /openai/v1/last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(many)
        first = connection.recv(1)
        connection.sendall(last)
        back = first + b"".join(iter(lambda: connection.recv(65_536), b""))
    assert back.count(b"GET many") == 3 * QUEUED_MAX
    assert back.count(b"GET last") == 1


def test_a_body_over_the_limit_is_refused(stage, monkeypatch):
    monkeypatch.setattr(connection_module, "BODY_BYTES_MAX", 10)
    head = b"POST /openai/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\nconnection: close\r\n\r\n"
    back = exchange(stage.simulate(api_key=None).port, head + b"01234567890")
    assert back.startswith(b"HTTP/1.1 413 Content Too Large")
    assert back.count(b"HTTP/1.1") == 1


def test_bytes_that_are_no_http_are_refused(stage):
    back = exchange(stage.simulate(api_key=None).port, b"\x16\x03\x01 not http, close\r\n\r\n")
    assert back.startswith(b"HTTP/1.1 400 Bad Request")


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(stage):
    head = b"POST /openai/v1/x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n"
    back = exchange(stage.simulate(api_key=None).port, head + b"connection: close\r\n\r\n{}")
    assert back.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_head_has_no_body(stage):
    back = exchange(
        stage.simulate(api_key=None).port,
        b"HEAD /openai/v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    assert back.endswith(b"\r\n\r\n")
    assert b"content-length: 0" not in back
