"""Tokens of one call, and where the figures come from."""

from __future__ import annotations

import enum

import msgspec


class UsageSource(enum.StrEnum):
    """Who says so."""

    NONE = "none"  # the call used no tokens that anyone could count (refused, failed before the model)
    REPORTED = "reported"  # by the backend, asked by the client or always there
    INJECTED = "injected"  # by the backend, because the gateway asked for it
    COUNTED = "counted"  # by gatelog, with the model's own tokenizer
    ESTIMATED = "estimated"  # by gatelog, with another model's tokenizer


class Usage(msgspec.Struct, frozen=True):
    """Token counts; None means unknown, never zero."""

    source: UsageSource = UsageSource.NONE
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_prompt_tokens: int | None = None
    audio_completion_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
