"""The lines of a query. Python's str.splitlines knows more ends of lines than Kusto, a file fewer."""

from __future__ import annotations

import re
from typing import Final

from gatelog.errors import Place

LINE_ENDS: Final = "\n\r\u2028\u2029"
"""Each ends a line, and CR LF together one."""

_BORDER: Final = re.compile("(?<=[\n\u2028\u2029])|(?<=\r)(?!\n)")


def lines_of(text: str) -> list[str]:
    """The lines with their ends, the last one without: joined, they are the text."""
    return _BORDER.split(text)


def place_of(offset: int, text: str) -> Place:
    """Where a character of the text stands."""
    before = text[:offset]
    line = 1 - before.count("\r\n") + sum(map(before.count, LINE_ENDS))
    return Place(line, offset - max(map(before.rfind, LINE_ENDS)))
