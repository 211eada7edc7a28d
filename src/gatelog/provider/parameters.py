"""The settings of a model request that explain its cost and its answer; never a text that was said."""

from __future__ import annotations

from typing import Any

# Strings among the settings are words such as "auto"; longer ones are cut. Characters.
WORD_LENGTH_MAX = 64

_PLAIN = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
    "best_of",
    "echo",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "service_tier",
    "reasoning_effort",
    "verbosity",
    "parallel_tool_calls",
    "store",
    "background",
    "truncation",
    "dimensions",
    "encoding_format",
    "size",
    "quality",
    "style",
    "response_format",
    "tool_choice",
)
_COUNTED = ("messages", "tools", "functions")
_TYPE_OF_OBJECT = ("response_format", "tool_choice")


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return value[:WORD_LENGTH_MAX]
    return value if isinstance(value, int | float) else None


def _setting(request: dict[str, Any], name: str) -> Any:
    value = request.get(name)
    if name in _TYPE_OF_OBJECT and isinstance(value, dict):
        value = value.get("type")
    return _scalar(value)


def _nested(request: dict[str, Any]) -> dict[str, Any]:
    """The Responses API keeps two settings inside objects."""
    reasoning, text = request.get("reasoning"), request.get("text")
    output_format = text.get("format") if isinstance(text, dict) else None
    return {
        "reasoning_effort": _scalar(reasoning.get("effort")) if isinstance(reasoning, dict) else None,
        "response_format": _scalar(output_format.get("type")) if isinstance(output_format, dict) else None,
    }


def read_parameters(request: dict[str, Any]) -> dict[str, Any]:
    """Settings by name: scalars as sent, `tools_count` and the like for lists. Absent ones are left out."""
    settings = {name: value for name, value in _nested(request).items() if value is not None}
    settings |= {name: value for name in _PLAIN if (value := _setting(request, name)) is not None}
    return settings | {
        f"{name}_count": len(value) for name in _COUNTED if isinstance(value := request.get(name), list)
    }
