"""How many rows the engine has in hand at once, in each of its threads, for a statement.

    names a text that callers or backends write at their length   ─┬─► FEW
    makes values that are as long as its author likes             ─┤
    reads no calls                                                ─┘
    everything else: numbers, times and labels of calls           ───► MANY

A condition on bodies holds several copies of theirs: with the engine's own 65,409 rows that was 900 MB for
bodies of 2 KB, beyond any budget for longer ones, and memory fresh from the kernel each time. Sums over short
columns take a sixth longer with FEW, as a block has a dictionary of its own for each of its labels, and no
less time with more than MANY.
"""

from __future__ import annotations

import re

FEW = 4096
MANY = 16_384

_CALLS = re.compile(r"\bFROM calls\b")
_LONG_TEXTS = (
    "request_body",
    "response_body",
    "request_headers",
    "response_headers",
    "parameters",
    "evidence",
    "filter_verdicts",
    "target",
    "backend_url",
    "user_agent",
    "error_message",
)
_USER_TABLE = r"t_[0-9a-f]{16}"
_LONG = re.compile(rf"\b(?:{'|'.join((*_LONG_TEXTS, _USER_TABLE))})\b")

_MADE_LONG = re.compile(r"\b(?:arrayWithConstant|range)\(toUInt64\(")
"""strrep(), repeat() and range(), of each row. Not the steps of make-series, which are of each group."""


def block_rows(sql: str) -> int:
    """Rows at once for a statement of the compiler's."""
    is_short = _CALLS.search(sql) and not _LONG.search(sql) and not _MADE_LONG.search(sql)
    return MANY if is_short else FEW
