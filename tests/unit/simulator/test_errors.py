"""Refusals become the exceptions that the real SDK raises for Azure's."""

from __future__ import annotations

import httpx2
import openai
import pytest

from gatelog.simulator import Fault, Script, SimulatorThread

HELLO = [{"role": "user", "content": "hi"}]


def call(azure, **options):
    return azure.chat.completions.create(**{"model": "gpt-4o", "messages": HELLO, **options})


def test_a_wrong_key_is_a_401_in_azure_s_words(stage):
    thread = stage.simulate()
    with pytest.raises(openai.AuthenticationError, match="Access denied due to invalid subscription key"):
        call(stage.azure(thread, api_key="another"))
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        call(stage.azure(stage.simulate(kind="openai"), api_key="another"))


def test_an_unknown_deployment_is_a_404(stage):
    thread = stage.simulate(deployments=["gpt-4o"])
    azure = stage.azure(thread)
    assert call(azure).choices
    with pytest.raises(openai.NotFoundError) as caught:
        call(azure, model="gpt-5")
    assert caught.value.code == "DeploymentNotFound"
    with pytest.raises(openai.NotFoundError) as caught:
        stage.openai(thread).responses.create(model="gpt-5", input="hi")
    assert caught.value.code == "DeploymentNotFound"


@pytest.mark.parametrize(
    "target",
    ["/nowhere", "/openai/", "/openai/deployments/d/chat/completions", "/openai/models?api-versio=1"],
)
def test_an_unknown_path_is_a_404(stage, target):
    answer = httpx2.post(stage.simulate(api_key=None).url + target, json={})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Resource not found")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": "\xff"}'])
def test_a_body_that_is_no_json_object_is_a_400(stage, body):
    answer = httpx2.post(stage.simulate(api_key=None).url + "/openai/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert "could not parse the JSON body" in answer.json()["error"]["message"]


def test_missing_messages_are_named(client):
    with pytest.raises(openai.BadRequestError) as caught:
        call(client(), messages=[])
    assert (caught.value.param, caught.value.code) == ("messages", "missing_required_parameter")


def test_a_429_says_when_to_come_back(client):
    azure = client(faults=(Fault(kind="status", status=429, retry_after_s=1.5),))
    with pytest.raises(openai.RateLimitError) as caught:
        call(azure)
    headers = caught.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("2", "1500")
    assert caught.value.code == "429"
    assert "ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21" in str(caught.value)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_one(client, status):
    with pytest.raises(openai.InternalServerError) as caught:
        call(client(faults=(Fault(kind="status", status=status),)))
    assert caught.value.status_code == status


def test_the_sdk_retries_over_a_fault_that_strikes_once(stage):
    script = Script(faults=(Fault(kind="status", status=429, retry_after_s=0.001, first=1),))
    thread = stage.simulate(script=script)
    assert call(stage.azure(thread, max_retries=2)).choices
    assert len(thread.requests) == 2


def test_an_old_api_version_rejects_stream_options(stage):
    thread = stage.simulate(script=Script(stream_options_since="2024-09-01"))
    options = {"stream": True, "stream_options": {"include_usage": True}}
    with pytest.raises(openai.BadRequestError, match="stream_options"):
        call(stage.azure(thread, api_version="2024-06-01"), **options)
    assert list(call(stage.azure(thread, api_version="2024-10-21"), **options))


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now_ns(self) -> int:
        return int(self.seconds * 1e9)

    def monotonic_ns(self) -> int:
        return int(self.seconds * 1e9)


@pytest.mark.parametrize(
    ("limit", "word"), [({"requests_per_minute": 2}, "call"), ({"tokens_per_minute": 60}, "token")]
)
def test_limits_per_minute_refuse_until_the_minute_is_over(stage, limit, word):
    clock = SteppedClock()
    script = Script(tokens_min=12, tokens_max=12, **limit)  # 8 prompt tokens: 20 a call
    thread: SimulatorThread = stage.simulate(script=script, clock=clock)
    azure = stage.azure(thread)
    for _ in range(2 if word == "call" else 3):
        assert call(azure).usage.total_tokens == 20
    with pytest.raises(openai.RateLimitError, match=f"exceeded {word} rate limit") as caught:
        call(azure)
    assert caught.value.response.headers["retry-after"] == "60"
    clock.seconds += 60
    answer = azure.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
    assert int(answer.headers["x-ratelimit-remaining-requests"]) >= 1


def test_a_websocket_is_refused(stage):
    headers = {"connection": "upgrade", "upgrade": "websocket"}
    answer = httpx2.get(stage.simulate(api_key=None).url + "/openai/v1/realtime?model=x", headers=headers)
    assert answer.status_code == 501
