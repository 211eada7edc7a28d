"""Typed twins of what the answer's JSON says: a query that digs for these members reads a number instead of a
body.

They hold what the stored text holds (null where it is absent or of another type; of a model's name its first
256 characters), and they outlive the text when bodies are cleared before rows.
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.table import JsonPaths, LogColumn

REPORTED: tuple[LogColumn, ...] = (
    LogColumn("__reported_model", KqlType.STRING, "reported_model", nullable=True),
    LogColumn("__reported_prompt_tokens", KqlType.LONG, "reported_prompt_tokens", nullable=True),
    LogColumn("__reported_completion_tokens", KqlType.LONG, "reported_completion_tokens", nullable=True),
    LogColumn("__reported_total_tokens", KqlType.LONG, "reported_total_tokens", nullable=True),
)


def reported_paths(body: str) -> JsonPaths:
    """The paths below the answer's body column `body` that have a typed twin."""
    return {
        (body, ("model",)): "__reported_model",
        (body, ("usage", "prompt_tokens")): "__reported_prompt_tokens",
        (body, ("usage", "completion_tokens")): "__reported_completion_tokens",
        (body, ("usage", "total_tokens")): "__reported_total_tokens",
    }
