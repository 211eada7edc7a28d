"""Content-filter verdicts are found in every place and spelling."""

from __future__ import annotations

from typing import Any

import pytest

from gatelog.provider import read_verdicts

BLOCKED = {"hate": {"filtered": True, "severity": "high"}, "jailbreak": {"filtered": False, "detected": True}}


@pytest.mark.parametrize(
    "body",
    [
        {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": BLOCKED}]},
        {"prompt_annotations": [{"content_filter_results": BLOCKED}]},
        {"error": {"code": "content_filter", "innererror": {"content_filter_result": BLOCKED}}},
        {"error": {"inner_error": {"content_filter_results": BLOCKED}}},
        {"content_filters": [{"source_type": "prompt", "content_filter_results": BLOCKED}]},
    ],
)
def test_prompt_verdicts_are_found_in_every_spelling(body: dict[str, Any]) -> None:
    assert read_verdicts(body) == {"prompt": BLOCKED, "blocked": ["prompt:hate"]}


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"content_filter_results": BLOCKED}]},
        {"content_filters": [{"source_type": "completion", "content_filter_results": BLOCKED}]},
    ],
)
def test_completion_verdicts_are_found_too(body: dict[str, Any]) -> None:
    assert read_verdicts(body) == {"completion": BLOCKED, "blocked": ["completion:hate"]}


@pytest.mark.parametrize("graver_first", [True, False])
def test_of_several_choices_the_gravest_verdict_is_kept(graver_first: bool) -> None:
    grave = {
        "violence": {"filtered": False, "severity": "medium"},
        "profanity": {"filtered": True, "detected": True},
    }
    safe = {
        "violence": {"filtered": False, "severity": "safe"},
        "profanity": {"filtered": False, "detected": False},
    }
    results = [grave, safe] if graver_first else [safe, grave]
    body = {"choices": [{"content_filter_results": result} for result in results]}
    assert read_verdicts(body)["completion"] == grave


def test_personal_data_and_citations_stay_out() -> None:
    result = {
        "personally_identifiable_information": {
            "filtered": False,
            "redacted_text": "Jane",
            "sub_categories": [],
        },
        "protected_material_code": {"filtered": False, "detected": True, "citation": {"URL": "u"}},
        "custom_blocklists": {"filtered": True, "details": [{"id": "list", "filtered": True}]},
        "error": {"code": "content_filter_error", "message": "The contents are not filtered"},
        "odd": "text",
    }
    assert read_verdicts({"choices": [{"content_filter_results": result}]})["completion"] == {
        "personally_identifiable_information": {"filtered": False},
        "protected_material_code": {"filtered": False, "detected": True},
        "custom_blocklists": {"filtered": True},
        "error": {"code": "content_filter_error"},
    }


def test_categories_and_severities_are_labels() -> None:
    """Metrics have a series for each; what is no word may be content."""
    result = {"c" * 5_000: {"filtered": True, "severity": "s" * 5_000, "code": {"text": "Jane"}}}
    verdicts = read_verdicts({"choices": [{"content_filter_results": result}]})
    assert verdicts["completion"] == {"c" * 256: {"filtered": True, "severity": "s" * 256, "code": ""}}
    assert verdicts["blocked"] == ["completion:" + "c" * 256]


def test_a_severity_may_be_a_number() -> None:
    """Azure AI Content Safety counts to 7; a number without end is no severity."""
    result = {"hate": {"filtered": False, "severity": 2}, "violence": {"severity": 4.5, "code": 10**400}}
    verdicts = read_verdicts({"choices": [{"content_filter_results": result}]})
    assert verdicts["completion"] == {
        "hate": {"filtered": False, "severity": 2},
        "violence": {"severity": 4.5, "code": ""},
    }


@pytest.mark.parametrize(
    "body", [{}, {"choices": 1, "error": "x"}, {"prompt_filter_results": [1, {"content_filter_results": []}]}]
)
def test_where_nothing_is_stated_nothing_is_said(body: dict[str, Any]) -> None:
    assert read_verdicts(body) == {}
