"""The gateway's own answers, as the real SDK understands them."""

from __future__ import annotations

import json

import httpx2
import openai
import pytest

from gatelog.provider import REFUSALS, Refusal, service_error

SDK_CLASSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    501: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
    504: openai.InternalServerError,
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("v1", [False, True])
def test_the_sdk_raises_the_class_of_the_status_and_shows_the_message(refusal: Refusal, v1: bool) -> None:
    client = openai.OpenAI(api_key="k", base_url="http://gateway.invalid/v1")
    response = httpx2.Response(
        refusal.status,
        headers=refusal.headers(),
        content=refusal.body("the detail", v1=v1),
        request=httpx2.Request("POST", "http://gateway.invalid/v1/chat/completions"),
    )
    error = client._make_status_error_from_response(response)
    client.close()
    assert type(error) is SDK_CLASSES.get(refusal.status, openai.APIStatusError)
    assert error.code == refusal.code
    assert refusal.message.replace("{detail}", "the detail") in str(error)


def test_the_dated_shape_has_code_and_message_and_v1_adds_param_and_type() -> None:
    assert json.loads(service_error(404, "404", "Resource not found")) == {
        "error": {"code": "404", "message": "Resource not found"}
    }
    assert json.loads(service_error(400, "BadRequest", "no", v1=True, request_id="r")) == {
        "error": {
            "code": "BadRequest",
            "message": "no",
            "param": None,
            "type": "invalid_request_error",
            "request_id": "r",
        }
    }
    assert json.loads(service_error(429, "429", "", v1=True))["error"]["type"] == "rate_limit_error"


def test_a_refused_key_reads_as_azure_says_it() -> None:
    message = json.loads(REFUSALS["invalid_key"].body())["error"]["message"]
    assert message.startswith("Access denied due to invalid subscription key or wrong API endpoint.")


def test_capture_unavailable_says_when_to_come_back() -> None:
    refusal = REFUSALS["capture_unavailable"]
    assert refusal.status == 503
    assert (b"retry-after", b"5") in refusal.headers()
    assert (b"retry-after-ms", b"5000") in refusal.headers()


def test_what_no_retry_mends_is_not_tried_again_by_the_sdk() -> None:
    assert (b"x-should-retry", b"false") in REFUSALS["no_websocket"].headers()
    assert b"x-should-retry" not in dict(REFUSALS["no_backend"].headers())
