"""Token counts are found in every API's spelling, and never made up."""

from __future__ import annotations

from typing import Any

import pytest

from gatelog.model import Usage, UsageSource
from gatelog.provider import read_usage

REPORTED = UsageSource.REPORTED


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 3},
                "completion_tokens_details": {
                    "reasoning_tokens": 20,
                    "audio_tokens": 4,
                    "accepted_prediction_tokens": 5,
                    "rejected_prediction_tokens": 6,
                },
            },
            Usage(REPORTED, 100, 50, 150, 64, 20, 3, 4, 5, 6),
        ),
        ({"prompt_tokens": 8, "total_tokens": 8}, Usage(REPORTED, 8, None, 8)),
        (
            {
                "input_tokens": 12,
                "output_tokens": 9,
                "total_tokens": 21,
                "input_tokens_details": {"cached_tokens": 1},
                "output_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(REPORTED, 12, 9, 21, 1, 2),
        ),
        (
            {
                "type": "tokens",
                "input_tokens": 14,
                "output_tokens": 5,
                "total_tokens": 19,
                "input_token_details": {"audio_tokens": 14, "text_tokens": 0},
            },
            Usage(REPORTED, 14, 5, 19, audio_prompt_tokens=14),
        ),
        ({"prompt_tokens": 1, "completion_tokens": 2}, Usage(REPORTED, 1, 2, 3)),
        ({"prompt_tokens": 1, "total_tokens": "4"}, Usage(REPORTED, 1)),
    ],
)
def test_reported_usage_is_read_as_stated(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage({"usage": usage}) == expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"usage": None},
        {"usage": []},
        {"usage": {"type": "duration", "seconds": 9}},
        {"usage": {"prompt_tokens": True, "completion_tokens": -1, "total_tokens": 1.5}},
        {"usage": {"prompt_tokens": 10**30}},
        {"events": [5, {"data": "x"}, {"data": {"usage": None}}]},
    ],
)
def test_what_is_no_count_is_unknown_not_zero(body: dict[str, Any]) -> None:
    assert read_usage(body) is None


def test_the_last_event_with_usage_speaks_for_an_unassembled_stream() -> None:
    first, last = ({"data": {"usage": {"input_tokens": n}}} for n in (1, 2))
    usage = read_usage({"events": [first, last, {"data": {}}]}, UsageSource.INJECTED)
    assert usage == Usage(UsageSource.INJECTED, 2)
