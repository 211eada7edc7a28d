"""Content-filter annotations (Azure "Content filtering", azure-openai reference section 6)."""

from __future__ import annotations

from typing import Any

BLOCKED = {
    "message": (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
        "Please modify your prompt and retry. To learn more about our content filtering policies please "
        "read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
    ),
    "type": None,
    "param": "prompt",
    "code": "content_filter",
    "status": 400,
}


def _severities(worst: str = "safe") -> dict[str, Any]:
    safe = {"filtered": False, "severity": "safe"}
    violence = {"filtered": worst != "safe", "severity": worst}
    return {"hate": safe, "self_harm": safe, "sexual": safe, "violence": violence}


def prompt_results(worst: str = "safe") -> dict[str, Any]:
    """What the filter says of a prompt."""
    return {**_severities(worst), "jailbreak": {"filtered": False, "detected": False}}


def prompt_filter_results(prompts: int = 1) -> list[dict[str, Any]]:
    """The top-level member of an answer."""
    return [{"prompt_index": index, "content_filter_results": prompt_results()} for index in range(prompts)]


def completion_results(*, filtered: bool = False) -> dict[str, Any]:
    """What the filter says of a completion."""
    absent = {"filtered": False, "detected": False}
    return {
        **_severities("medium" if filtered else "safe"),
        "protected_material_code": absent,
        "protected_material_text": absent,
    }


def piece_results() -> dict[str, Any]:
    """What the filter says of a piece of a stream: severities only."""
    return _severities()


def blocked_error() -> dict[str, Any]:
    """The body of the 400 for a blocked prompt; `innererror` and the singular are what the service sends."""
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": prompt_results("high")}
    return {"error": {**BLOCKED, "innererror": inner}}


def offsets_choice(index: int, start: int, end: int) -> dict[str, Any]:
    """A choice of the asynchronous filter: verdicts for characters start..end, and no delta."""
    results = completion_results()
    raw = [{"category": name, **verdict} for name, verdict in results.items()]
    return {
        "index": index,
        "finish_reason": None,
        "content_filter_results": results,
        "content_filter_raw": raw,
        "content_filter_offsets": {"check_offset": start, "start_offset": start, "end_offset": end},
    }
