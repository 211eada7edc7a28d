"""Clients that leave at random bytes, and what the record must hold of them.

upload    the connection is reset within the request body        one row, nothing of an answer
json      … within the answer                                     one row, the whole answer or what came
stream    … within a stream                                       one row, the text as far as it was sent,
                                                                  the tokens as the backend billed them
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gatelog.testing.client import Answer, BrokenCallError, Connection, chat_request

Kind = Literal["upload", "json", "stream"]
KINDS: tuple[Kind, ...] = ("stream", "stream", "json", "upload")
AT_ONCE = 32

# How far into an answer a client may get before it leaves; beyond the end of some: those are no aborts.
STREAM_BYTES_MAX = 12_000

# Between two tokens, as models speak. A backend goes on until it hears that its client has left, and bills
# tokens that nobody was sent: for a millisecond on a quiet machine, for a pace or more on a busy one.
PACE_MS = 20
JSON_BYTES_MAX = 1_500

ROWS = """
Calls
| project Nonce = tostring(RequestHeaders['x-nonce']), EndReason,
    Text = tostring(parse_json(ResponseBody).choices[0].message.content),
    Completion = CompletionTokens, Source = UsageSource
"""


@dataclass(frozen=True, slots=True)
class Abort:
    """One call, left at byte `at` of its request body or of its answer's body."""

    nonce: str
    kind: Kind
    at: int
    answer: Answer


async def leave_at_random_bytes(port: int, key: str, *, count: int, seed: int) -> list[Abort]:
    """Make `count` calls and leave each at a random byte."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, kind: Kind, share: float) -> Abort:
        async with limit:
            return await _leave(port, key, f"abort-{seed}-{number}", kind, share)

    plans = [(number, KINDS[number % len(KINDS)], chance.random()) for number in range(count)]
    return list(await asyncio.gather(*(one(*plan) for plan in plans)))


async def _leave(port: int, key: str, nonce: str, kind: Kind, share: float) -> Abort:
    body = {
        "model": "gpt-4o",
        "stream": kind == "stream",
        "messages": [{"role": "user", "content": f"Tell me of the sea, {nonce}. " * 20}],
    }
    simulate = {"pace_ms": PACE_MS} if kind == "stream" else {"write_bytes": 64}
    request = chat_request(key, body, simulate=simulate, headers={"x-nonce": nonce})
    connection = await Connection.connect(port)
    if kind == "upload":
        head_end = request.index(b"\r\n\r\n") + 4
        at = int(share * (len(request) - head_end))
        connection.send(request[: head_end + at])
        await asyncio.sleep(0.02)  # the gateway has read it: a reset would discard what it has not
        connection.close()
        return Abort(nonce, kind, at, Answer())
    at = 1 + int(share * (STREAM_BYTES_MAX if kind == "stream" else JSON_BYTES_MAX))
    try:
        answer = await connection.call(request, abort_after=at)
    except BrokenCallError as error:
        answer = error.answer
    connection.close()
    return Abort(nonce, kind, at, answer)


@dataclass
class Verdict:
    """Nonces that are not as they must be, and the tokens of the streams that were cut."""

    without_row: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    text_lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    cut: int = 0
    tokens: int = 0
    billed: int = 0

    @property
    def tokens_off(self) -> float:
        """By what share the recorded tokens differ from the billed ones, over all cut streams."""
        return abs(self.tokens - self.billed) / max(1, self.billed)

    @property
    def passed(self) -> bool:
        """Whether every promise was kept. Each stream may have had one token on its way that is billed."""
        kept = not (self.without_row or self.doubled or self.text_lost or self.invented)
        return kept and self.cut > 0 and self.billed - self.tokens <= self.cut

    def __str__(self) -> str:
        return (
            f"{len(self.without_row)} without a row, {len(self.doubled)} doubled, {len(self.text_lost)} with "
            f"text lost, {len(self.invented)} with tokens that were not billed; {self.cut} streams cut: "
            f"{self.tokens} tokens recorded, {self.billed} billed ({self.tokens_off:.2%} off)"
        )


def judge(aborts: Sequence[Abort], rows: list[list[Any]], ledger: list[dict[str, Any]]) -> Verdict:
    """`rows` as `ROWS` gives them; `ledger` is the simulators'."""
    by_nonce = {row[0]: row for row in rows}
    billed = {entry["request_id"]: entry["completion_tokens"] for entry in ledger}
    verdict = Verdict()
    verdict.doubled = [nonce for nonce, count in Counter(row[0] for row in rows).items() if count > 1]
    for abort in aborts:
        row = by_nonce.get(abort.nonce)
        if row is None:
            verdict.without_row.append(abort.nonce)
            continue
        _, reason, text, completion, _ = row
        if not text.startswith(abort.answer.text):
            verdict.text_lost.append(abort.nonce)
        if abort.kind == "stream" and reason == "client_abort":
            tokens = int(completion or 0)
            tokens_billed = billed.get(abort.answer.headers.get("apim-request-id", ""), 0)
            if tokens > tokens_billed:
                verdict.invented.append(abort.nonce)
            verdict.cut += 1
            verdict.tokens += tokens
            verdict.billed += tokens_billed
    return verdict
