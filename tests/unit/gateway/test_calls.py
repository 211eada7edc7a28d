"""A call through a running gateway: what the backend gets, what the client gets, what the spool has."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import httpx2
import pytest

from gatelog.model import Account, EndReason
from gatelog.simulator import SimulatorThread

from .conftest import MakeGateway, RunningGateway
from .raw_backend import good_answer
from .raw_client import HTTP, raw_post, receive_until, wait_for
from .scripted_backend import Peer, backend

CHAT = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
STRICT = {"api-key": "strict-key-1"}
LOOSE = {"api-key": "loose-key-1"}


def post(
    gateway: RunningGateway, body: Any, headers: dict[str, str] = STRICT, path: str = CHAT, **script: Any
) -> httpx2.Response:
    extra = {"x-simulate": json.dumps(script)} if script else {}
    return HTTP.post(gateway.url + path, json=body, headers=headers | extra, timeout=30)


def test_method_path_and_body_reach_the_backend_unchanged_with_its_own_key(
    gateway: RunningGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    raw = json.dumps(chat, indent=3).encode() + b"\n"
    headers = STRICT | {"content-type": "application/json", "x-ms-client-request-id": "mine"}
    response = HTTP.post(gateway.url + CHAT, content=raw, headers=headers)
    assert response.status_code == 200
    assert response.headers["x-ms-client-request-id"] == "mine"
    received = simulator.requests[-1]
    assert (received.method, received.target, received.body) == ("POST", CHAT, raw)
    assert received.header("api-key") == "backend-key-1"
    assert received.header("authorization") is None
    assert "strict-key-1" not in repr(received)


def test_a_call_leaves_a_start_and_an_end_with_both_bodies(
    gateway: RunningGateway, chat: dict[str, Any]
) -> None:
    response = post(gateway, chat)
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.start.request_id == response.headers["x-gatelog-request-id"]
    assert call.start.operation_id == "chatcompletions_create"
    assert (call.start.subscription, call.start.product, call.start.deployment) == (
        "strict",
        "strict",
        "gpt-4o",
    )
    assert json.loads(call.request) == chat
    assert call.response == response.content
    assert (call.end.reason, call.end.status, call.end.backend) == (EndReason.COMPLETE, 200, "b0")
    assert call.end.sent_bytes == len(response.content)
    assert 0 < call.end.sent_ns <= call.end.first_byte_ns <= call.end.last_byte_ns <= call.end.done_ns
    account = gateway.account()
    assert (account.accepted, account.recorded, account.open, account.final) == (1, 1, [], True)


def test_a_required_call_is_durable_before_its_end_is_seen(
    gateway: RunningGateway, chat: dict[str, Any]
) -> None:
    for stream in (False, True):
        response = post(gateway, chat | {"stream": stream})
        assert response.status_code == 200
        gateway.filesystem, live = gateway.filesystem.durable_copy(), gateway.filesystem
        durable = gateway.calls()
        gateway.filesystem = live
        assert durable[-1].end is not None
        if stream:
            assert durable[-1].response.endswith(b"data: [DONE]\n\n")
        else:
            assert durable[-1].response == response.content


def test_a_required_call_reaches_no_backend_while_the_disk_refuses(
    gateway: RunningGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    gateway.filesystem.fail("write", times=10**9)
    gateway.filesystem.fail("create", times=10**9)
    response = post(gateway, chat)
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "capture_unavailable"
    assert int(response.headers["retry-after"]) > 0
    assert len(simulator.requests) == 0


def test_a_best_effort_call_is_served_and_counted_while_the_disk_refuses(
    gateway: RunningGateway, chat: dict[str, Any]
) -> None:
    assert post(gateway, chat, STRICT).status_code == 200
    gateway.filesystem.fail("write", times=10**9)
    gateway.filesystem.fail("create", times=10**9)
    assert [post(gateway, chat, LOOSE).status_code for _ in range(3)] == [200] * 3
    health = gateway.url + "/healthz"
    wait_for(lambda: HTTP.get(health).status_code == 503)  # the records of these calls wait for company first
    gateway.filesystem.mend()
    wait_for(lambda: HTTP.get(health).status_code == 200, 30)  # the spool heals by itself
    assert post(gateway, chat, STRICT).status_code == 200
    gateway.stop()
    account = gateway.account()
    assert (account.accepted, account.recorded, account.unlogged_total) == (5, 2, 3)
    accounts = [record for record in gateway.records() if isinstance(record, Account)]
    announced = {sequence for record in accounts for lost in record.unlogged.values() for sequence in lost}
    assert announced == {2, 3, 4}


def test_usage_is_asked_for_and_hidden_in_streams_whose_client_did_not_ask(
    gateway: RunningGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    asked = post(gateway, chat | {"stream": True, "stream_options": {"include_usage": True}})
    not_asked = post(gateway, chat | {"stream": True})
    assert json.loads(simulator.requests[-1].body)["stream_options"] == {"include_usage": True}
    gateway.stop()
    first, second = gateway.calls()
    assert first.end is not None
    assert second.end is not None
    assert (first.end.usage_injected, second.end.usage_injected) == (False, True)
    assert first.response == asked.content
    assert b'"usage":{' in second.response
    assert b'"usage":{' not in not_asked.content
    events = [event for event in second.response.split(b"\n\n") if b'"usage":{' not in event]
    assert not_asked.content == b"\n\n".join(events)
    assert second.start.body == json.dumps(chat | {"stream": True}, separators=(",", ":")).encode()


def test_injection_can_be_switched_off(
    gateway: RunningGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    post(gateway, chat | {"stream": True}, {"api-key": "plain-key-1"})
    assert "stream_options" not in json.loads(simulator.requests[-1].body)


@pytest.mark.parametrize("headers", [STRICT, LOOSE])
@pytest.mark.parametrize("piece", [1, 3, 50])
def test_a_stream_in_tiny_pieces_arrives_whole(
    gateway: RunningGateway, chat: dict[str, Any], headers: dict[str, str], piece: int
) -> None:
    body = chat | {"stream": True, "seed": 1, "max_tokens": 12}
    whole = post(gateway, body, headers)
    pieces = post(gateway, body, headers, write_bytes=piece, chunk_bytes=piece)
    assert pieces.content.endswith(b"data: [DONE]\n\n")
    assert len(pieces.content) == len(whole.content)
    gateway.stop()
    assert [call.end.reason for call in gateway.calls() if call.end] == [EndReason.COMPLETE] * 2


def test_an_unreachable_backend_is_passed_over_and_then_goes_to_the_end_of_the_line(
    make_gateway: MakeGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gateway = make_gateway(f"http://127.0.0.1:{closed.getsockname()[1]}", simulator.url)
        assert [post(gateway, chat).status_code for _ in range(2)] == [200, 200]
    gateway.stop()
    first, second = gateway.calls()
    assert first.end is not None
    assert second.end is not None
    outcomes = [(attempt.backend, attempt.outcome) for attempt in first.end.attempts]
    assert outcomes == [("b0", "connect_refused"), ("b1", "answered")]
    assert [attempt.backend for attempt in second.end.attempts] == ["b1"]
    assert (first.end.backend, first.end.region) == ("b1", "at-1")


def test_a_backend_whose_connections_are_all_busy_is_passed_over_and_keeps_its_place(
    make_gateway: MakeGateway, simulator: SimulatorThread
) -> None:
    """It is no unreachable one: the next call asks it first again."""
    arrived, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        arrived.set()
        assert go.wait(10)
        peer.send(good_answer())

    with backend(script) as url:
        gateway = make_gateway(url, simulator.url, connections_max=1, timeouts="{connect_s: 0.1}")
        with raw_post(gateway) as first:
            assert arrived.wait(10)
            for _ in range(2):
                assert HTTP.get(gateway.url + "/openai/v1/models", headers=STRICT).status_code == 200
            go.set()
            assert receive_until(first, b"{}").startswith(b"HTTP/1.1 200 ")
    gateway.stop()
    ends = [call.end for call in gateway.calls() if call.end is not None]
    outcomes = [[(attempt.backend, attempt.outcome) for attempt in end.attempts] for end in ends]
    passed_over = [("b0", "pool_exhausted"), ("b1", "answered")]
    assert outcomes == [[("b0", "answered")], passed_over, passed_over]


def test_no_reachable_backend_is_a_503_in_azure_s_shape(
    make_gateway: MakeGateway, chat: dict[str, Any]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gateway = make_gateway(f"http://127.0.0.1:{closed.getsockname()[1]}")
        response = post(gateway, chat)
    assert response.status_code == 503
    assert set(response.json()["error"]) >= {"code", "message"}
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.BACKEND_UNAVAILABLE


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ({"kind": "reset"}, 502, EndReason.UPSTREAM_RESET),
        ({"kind": "close"}, 502, EndReason.UPSTREAM_RESET),
    ],
)
def test_a_backend_that_breaks_off_before_its_head_is_a_bad_gateway(
    gateway: RunningGateway, chat: dict[str, Any], fault: dict[str, Any], status: int, reason: EndReason
) -> None:
    response = post(gateway, chat, faults=[fault])
    assert response.status_code == status
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is reason


def test_a_stream_that_breaks_off_says_so_and_never_claims_to_be_done(
    gateway: RunningGateway, chat: dict[str, Any]
) -> None:
    body = chat | {"stream": True}
    headers = STRICT | {"x-simulate": json.dumps({"faults": [{"kind": "reset", "after_bytes": 2500}]})}
    pieces: list[bytes] = []
    with (
        HTTP.stream("POST", gateway.url + CHAT, json=body, headers=headers) as response,
        pytest.raises(httpx2.TransportError),
    ):
        pieces.extend(response.iter_raw())
    received = b"".join(pieces)
    assert b"[DONE]" not in received
    assert b'"error"' in received
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.UPSTREAM_RESET
    assert received.startswith(call.response.rpartition(b"\n\n")[0])


def test_a_stalling_backend_is_given_up(
    make_gateway: MakeGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    gateway = make_gateway(simulator.url, timeouts="{first_byte_s: 0.5}")
    response = post(gateway, chat, faults=[{"kind": "stall"}])
    assert response.status_code == 504
    gateway.stop()
    (call,) = gateway.calls()
    assert call.end is not None
    assert call.end.reason is EndReason.UPSTREAM_TIMEOUT


def test_refusals_have_azure_s_shape_and_leave_a_record(
    gateway: RunningGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    refused = [
        post(gateway, chat, {}),
        post(gateway, chat, {"api-key": "wrong-key-1"}),
        post(gateway, chat, STRICT | {"authorization": "Bearer loose-key-1"}),
        post(gateway, chat, path="/nowhere/chat"),
        post(gateway, {"messages": "x" * (1 << 20)}),
    ]
    assert [response.status_code for response in refused] == [401, 401, 401, 404, 413]
    assert all(response.json()["error"]["message"] for response in refused)
    assert len(simulator.requests) == 0
    gateway.stop()
    ends = [call.end for call in gateway.calls()]
    assert [end.reason for end in ends if end is not None] == [EndReason.REFUSED] * 5
    assert [end.error for end in ends if end is not None] == [
        "missing_key",
        "invalid_key",
        "conflicting_keys",
        "unknown_route",
        "too_large",
    ]


def test_keys_are_accepted_wherever_clients_put_them(gateway: RunningGateway, chat: dict[str, Any]) -> None:
    for headers, path in [
        ({"authorization": "Bearer strict-key-1"}, CHAT),
        ({"ocp-apim-subscription-key": "strict-key-1"}, CHAT),
        ({}, CHAT + "&subscription-key=strict-key-1"),
    ]:
        assert post(gateway, chat, headers, path).status_code == 200
    gateway.stop()
    calls = gateway.calls()
    assert [call.start.credential for call in calls] == [
        "authorization",
        "ocp-apim-subscription-key",
        "subscription-key",
    ]
    assert all("strict-key-1" not in repr(call) for call in calls)


def test_an_upload_passes_through_in_pieces_and_is_recorded(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    content = b"line of a training file\n" * 80_000
    for headers in (STRICT, LOOSE):
        response = HTTP.post(
            gateway.url + "/openai/v1/files",
            files={"file": ("train.jsonl", content)},
            data={"purpose": "fine-tune"},
            headers=headers,
            timeout=30,
        )
        assert response.status_code == 200
        assert content in simulator.requests[-1].body
    gateway.stop()
    for call in gateway.calls():
        assert content in call.request
        assert call.end is not None
        assert call.end.received_bytes == len(call.request)


def test_an_upload_over_the_limit_is_refused(gateway: RunningGateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(
            b"POST /openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: strict-key-1\r\n"
            b"content-type: application/octet-stream\r\ncontent-length: 9437184\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_not_json_goes_on_as_it_is(
    gateway: RunningGateway, simulator: SimulatorThread
) -> None:
    headers = STRICT | {"content-type": "application/json"}
    HTTP.post(gateway.url + CHAT, content=b'{"messages": [', headers=headers)
    assert simulator.requests[-1].body == b'{"messages": ['


def test_an_openai_backend_gets_the_paths_of_its_base_url(
    make_gateway: MakeGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    gateway = make_gateway(simulator.url + "/v1", kind="openai")
    for path in ("/v1/chat/completions", "/openai/v1/chat/completions", CHAT):
        post(gateway, chat | {"model": "gpt-4o"}, path=path)
    assert [request.target for request in simulator.requests] == ["/v1/chat/completions"] * 3
    assert simulator.requests[-1].header("authorization") == "Bearer backend-key-1"
    assert simulator.requests[-1].header("api-key") is None


def test_health_is_no_call(gateway: RunningGateway) -> None:
    assert HTTP.get(gateway.url + "/healthz").json() == {"status": "ok", "spool": "ok"}
    gateway.stop()
    assert gateway.calls() == []


def test_a_stopping_gateway_finishes_running_streams(
    make_gateway: MakeGateway, simulator: SimulatorThread, chat: dict[str, Any]
) -> None:
    gateway = make_gateway(simulator.url, grace_s=25)
    script = {"x-simulate": json.dumps({"pace_ms": 10, "tokens_min": 40})}
    with HTTP.stream(
        "POST", gateway.url + CHAT, json=chat | {"stream": True}, headers=STRICT | script
    ) as response:
        pieces = response.iter_raw()
        received = next(pieces)
        gateway.begin_stop()
        received += b"".join(pieces)
    assert received.endswith(b"data: [DONE]\n\n")
    gateway.stop()
    assert gateway.account().final
