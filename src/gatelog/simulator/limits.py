"""Requests and tokens per minute, counted on arrival (azure-openai reference, section 3.1)."""

from __future__ import annotations

from typing import NamedTuple

from gatelog.simulator.script import Script

WINDOW_S = 60.0
UNLIMITED_REQUESTS = 10_000  # what the headers say where the script sets no limit
UNLIMITED_TOKENS = 10_000_000


class Verdict(NamedTuple):
    """What is left of the minute; `exceeded` names what is used up ("call" or "token"), or is ""."""

    limit_requests: int
    limit_tokens: int
    remaining_requests: int
    remaining_tokens: int
    exceeded: str = ""
    retry_after_s: float = 0.0


class Limits:
    """One fixed window of a minute. Refused calls count too, as on the real service."""

    def __init__(self) -> None:
        self._ends_at = 0.0
        self._requests = 0
        self._tokens = 0

    def admit(self, script: Script, now_s: float, tokens: int) -> Verdict:
        """Count one request that costs `tokens` at `now_s` on a monotonic clock."""
        if now_s >= self._ends_at:
            self._ends_at = now_s + WINDOW_S
            self._requests = self._tokens = 0
        self._requests += 1
        self._tokens += tokens
        requests = script.requests_per_minute or UNLIMITED_REQUESTS
        limit = script.tokens_per_minute or UNLIMITED_TOKENS
        left = max(0, requests - self._requests), max(0, limit - self._tokens)
        exceeded = ""
        if script.requests_per_minute and self._requests > requests:
            exceeded = "call"
        elif script.tokens_per_minute and self._tokens > limit:
            exceeded = "token"
        return Verdict(requests, limit, *left, exceeded, self._ends_at - now_s)
