"""JSON that readers understand differently: passed on byte for byte, or refused, as the product says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx2
import pytest

from gatelog.model import Boot, EndReason
from gatelog.provider import CapturedCall, Tokenizers, seal

from .conftest import RunningGateway, gateway_before
from .raw_backend import RawBackend
from .raw_client import HTTP

CHAT = "/openai/deployments/gpt-4o/chat/completions"
JSON = {"content-type": "application/json"}

# body → (what the refusal's message says, what the record of a forwarded call notes)
FLAWED: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b'{"messages": [', "Expecting value", "not readable as JSON"),
    "text": (b"What is the sea?", "Expecting value", "not readable as JSON"),
    "bytes behind the end": (b'{"messages": []} {}', "Extra data", "not readable as JSON"),
    "single quotes": (b"{'messages': []}", "property name", "not readable as JSON"),
    "comment": (b'{"messages": [] /* a */}', "delimiter", "not readable as JSON"),
    "byte order mark": (b'\xef\xbb\xbf{"messages": []}', "Expecting value", "not readable as JSON"),
    "invalid UTF-8": (b'{"messages": ["\xff"]}', "valid UTF-8 at byte 15", "not valid utf-8"),
    "overlong UTF-8": (b'{"messages": ["\xc0\xaf"]}', "valid UTF-8", "not valid utf-8"),
    "duplicate keys": (b'{"user": "a", "user": "b"}', 'two members named "user"', "duplicate keys"),
    "duplicate keys below": (b'{"a": [{"b": 1, "b": 1}]}', 'two members named "b"', "duplicate keys"),
    "duplicate keys by an escape": (b'{"model": "a", "mode\\u006c": "b"}', '"model"', "duplicate keys"),
    "NaN": (b'{"temperature": NaN}', "NaN is no number", "not readable as JSON"),
    "Infinity": (b'{"temperature": -Infinity}', "-Infinity is no number", "not readable as JSON"),
    "depth bomb": (b"[" * 100_000, "128 levels", ""),
    "129 levels": (b'{"a":' * 129 + b"1" + b"}" * 129, "128 levels", "not readable as JSON"),
}  # fmt: skip


@pytest.fixture(scope="module")
def gateway(backend: RawBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    base = tmp_path_factory.mktemp("gateway")
    with gateway_before(backend, base, plain=", bad_json: refuse") as running:
        yield running


def post(gateway: RunningGateway, key: str, body: bytes, path: str = CHAT, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTP.post(gateway.url + path, content=body, headers=JSON | {"api-key": key} | named)


@pytest.mark.parametrize("key", ["strict-key-1", "loose-key-1"])
@pytest.mark.parametrize("name", FLAWED)
def test_bad_json_is_forwarded_byte_for_byte(
    gateway: RunningGateway, backend: RawBackend, name: str, key: str
) -> None:
    body, _, _ = FLAWED[name]
    before = len(backend.all_received)
    assert post(gateway, key, body).status_code == 200
    assert backend.all_received[before:].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("key", ["strict-key-1", "plain-key-1"])
@pytest.mark.parametrize("member", [b'"\\ud83d": 1', b'"model": "\\ud83d"', b'"stream": "\\ud83d"'])
def test_half_a_surrogate_pair_is_the_backends_to_judge(
    gateway: RunningGateway, backend: RawBackend, member: bytes, key: str
) -> None:
    """It is JSON, though no UTF-8 can say what it means."""
    body = b"{" + member + b', "messages": []}'
    assert post(gateway, key, body).status_code == 200
    assert backend.all_received.endswith(b"\r\n\r\n" + body)


def test_json_is_read_before_it_goes_on_whatever_the_operation(gateway: RunningGateway) -> None:
    """Which model it names is known from the first record on; a file goes on as it comes."""
    body = b'{"name": "a", "model": "gpt-4o"}'
    for path in ("/openai/v1/vector_stores", "/openai/v1/evals"):
        assert post(gateway, "strict-key-1", body, path).status_code == 200
    assert [(call.start.body, call.start.more) for call in gateway.calls()[-2:]] == [(body, False)] * 2


def test_a_body_in_chunks_has_the_same_limit(gateway: RunningGateway, backend: RawBackend) -> None:
    largest = b'{"messages":[' + b" " * (2**20 - 15) + b"]}"

    def ask(body: bytes) -> int:
        headers = JSON | {"api-key": "loose-key-1"}
        return HTTP.post(gateway.url + CHAT, content=iter([body]), headers=headers).status_code

    assert ask(largest) == 200
    asked = len(backend.all_received)
    assert ask(largest + b"\n") == 413
    assert len(backend.all_received) == asked


@pytest.mark.parametrize("name", FLAWED)
def test_bad_json_is_refused_where_the_product_says_so(
    gateway: RunningGateway, backend: RawBackend, name: str
) -> None:
    body, message, _ = FLAWED[name]
    before = backend.all_received
    response = post(gateway, "plain-key-1", body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "BadRequest"
    assert message in response.json()["error"]["message"]
    assert backend.all_received == before


def test_a_compressed_body_is_judged_by_what_it_expands_to(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    key = "plain-key-1"
    assert post(gateway, key, gzip.compress(b'{"messages": []}'), content_encoding="gzip").status_code == 200
    for body in (gzip.compress(b"{"), b"no gzip", gzip.compress(b"[" + b"0," * 30_000_000 + b"0]")):
        assert post(gateway, key, body, content_encoding="gzip").status_code == 400


def test_good_json_and_what_is_no_json_operation_pass_where_bad_json_is_refused(
    gateway: RunningGateway, backend: RawBackend
) -> None:
    assert post(gateway, "plain-key-1", b'{"a": 1, "b": {"a": 1.5e300}}').status_code == 200
    upload = post(gateway, "plain-key-1", b"{not json", "/openai/v1/files", content_type="text/plain")
    assert upload.status_code == 200
    assert HTTP.get(gateway.url + "/openai/v1/models", headers={"api-key": "plain-key-1"}).status_code == 200


def test_the_record_has_the_bytes_and_says_what_is_wrong(gateway: RunningGateway) -> None:
    """Runs last: every flawed body of the tests above, forwarded or refused, is in the record."""
    gateway.stop()
    (boot,) = [record for record in gateway.records() if isinstance(record, Boot)][:1]
    tokenizers = Tokenizers()
    for body, message, note in FLAWED.values():
        calls = [call for call in gateway.calls() if call.request == body]
        assert len(calls) == 3
        for call in calls:
            assert call.end is not None
            exchange = seal(CapturedCall(boot, call.start, call.end, call.request, call.response), tokenizers)
            if call.start.product == "plain":
                assert exchange.end.reason is EndReason.REFUSED
                assert exchange.end.error_code == "not_json"
                assert message in exchange.end.error_message
            else:
                assert exchange.end.reason is EndReason.COMPLETE
                assert note in exchange.content.request.note
