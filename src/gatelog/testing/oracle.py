"""What the record owes the clients, judged by what the clients saw; the gateway is not asked.

obligation   every call whose end was seen has one row
integrity    with the text that was seen
no ghosts    every row was asked for, and no call has two
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gatelog.testing.load import Obligation
from gatelog.testing.stack import Stack

# One row a call: the client's own mark, the gateway's id, the answer's text by its digest, how it ended.
ROWS = """
Calls
| project Nonce = tostring(parse_json(RequestBody).user), RequestId,
    TextSha256 = hash_sha256(tostring(parse_json(ResponseBody).choices[0].message.content)), EndReason
"""


@dataclass
class Verdict:
    """Nonces that are not as they must be; empty lists are a pass."""

    lost: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.altered or self.doubled or self.ghosts)

    def __str__(self) -> str:
        parts = {"lost": self.lost, "altered": self.altered, "doubled": self.doubled, "ghosts": self.ghosts}
        return ", ".join(f"{len(nonces)} {name}" for name, nonces in parts.items())


def judge(obligations: Iterable[Obligation], asked: set[str], rows: list[list[Any]]) -> Verdict:
    """`rows` as `ROWS` gives them."""
    by_nonce = {row[0]: row for row in rows}
    verdict = Verdict(rows=len(rows))
    verdict.doubled = [nonce for nonce, count in Counter(row[0] for row in rows).items() if count > 1]
    verdict.ghosts = sorted(by_nonce.keys() - asked)
    for seen in obligations:
        row = by_nonce.get(seen.nonce)
        if row is None or row[1] != seen.request_id:
            verdict.lost.append(seen.nonce)
        elif seen.status == 200 and row[2] != seen.text_sha256:
            verdict.altered.append(seen.nonce)
    return verdict


def judge_stack(stack: Stack, obligations: Iterable[Obligation], asked: set[str]) -> Verdict:
    """The verdict on all that a stack holds."""
    return judge(obligations, asked, stack.kql(ROWS)[1])
