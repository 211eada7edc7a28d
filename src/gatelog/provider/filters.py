"""Content-filter verdicts, from every place and spelling in which Azure OpenAI states them.

prompt        prompt_filter_results[] (once prompt_annotations[]); error.innererror | inner_error
completion    choices[].content_filter_results
either        content_filters[] of the Responses API, by source_type
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatelog.provider.labels import label_of

_SEVERITIES = ("safe", "low", "medium", "high")
_RESULTS = ("content_filter_results", "content_filter_result")
_INNER_ERRORS = ("innererror", "inner_error")
# Members kept of a verdict. The rest (redacted text, citations) is content: it stays in the body alone.
_VERDICT_MEMBERS = ("filtered", "detected", "severity", "code")


def _gravity(verdict: Any) -> tuple[bool, int]:
    if not isinstance(verdict, dict):
        return False, -1
    severity = verdict.get("severity")
    rank = _SEVERITIES.index(severity) if severity in _SEVERITIES else -1
    return verdict.get("filtered") is True, max(rank, int(verdict.get("detected") is True))


def merge_filter_results(known: Any, further: dict[str, Any]) -> dict[str, Any]:
    """`known`, changed to hold both results: category by category the graver verdict, so that a later segment
    that is safe clears nothing. What is known may be no result at all.
    """
    both: dict[str, Any] = known if isinstance(known, dict) else {}
    for category, verdict in further.items():
        if category not in both or _gravity(verdict) >= _gravity(both[category]):
            both[category] = verdict
    return both


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _results(holder: Any) -> dict[str, Any]:
    if not isinstance(holder, dict):
        return {}
    return next((value for name in _RESULTS if isinstance(value := holder.get(name), dict)), {})


def _merged(holders: Iterator[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for holder in holders:
        merged = merge_filter_results(merged, _results(holder))
    return merged


def _of_error(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    error = body.get("error")
    if isinstance(error, dict):
        yield from (inner for name in _INNER_ERRORS if isinstance(inner := error.get(name), dict))


def _prompt_holders(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _dicts(body.get("prompt_filter_results"))
    yield from _dicts(body.get("prompt_annotations"))
    yield from (item for item in _dicts(body.get("content_filters")) if item.get("source_type") == "prompt")
    yield from _of_error(body)


def _completion_holders(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _dicts(body.get("choices"))
    yield from (item for item in _dicts(body.get("content_filters")) if item.get("source_type") != "prompt")


def _said(value: Any) -> Any:
    """A verdict's member as it is kept: true, false, null, a number, or a word."""
    if isinstance(value, int):
        return value if value.bit_length() < 64 else ""
    return value if value is None or isinstance(value, float) else label_of(value)


def _small(results: dict[str, Any]) -> dict[str, Any]:
    return {
        label_of(category): {name: _said(verdict[name]) for name in _VERDICT_MEMBERS if name in verdict}
        for category, verdict in results.items()
        if isinstance(verdict, dict)
    }


def _blocked(side: str, results: dict[str, Any]) -> list[str]:
    return [f"{side}:{category}" for category, verdict in results.items() if verdict.get("filtered") is True]


def read_verdicts(body: dict[str, Any]) -> dict[str, Any]:
    """Verdicts as `{"prompt": {category: verdict}, "completion": {…}, "blocked": ["prompt:hate"]}`.

    A verdict holds `filtered`, and `severity`, `detected` or (filter did not run) `code`. Several prompts or
    choices are merged, gravest first. Empty if nothing was stated.
    """
    prompt = _small(_merged(_prompt_holders(body)))
    completion = _small(_merged(_completion_holders(body)))
    blocked = _blocked("prompt", prompt) + _blocked("completion", completion)
    stated = {"prompt": prompt, "completion": completion, "blocked": blocked}
    return {name: value for name, value in stated.items() if value}
