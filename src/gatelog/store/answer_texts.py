"""How much text an answer has, where the engine keeps a text once for many rows.

    LowCardinality    "agent A", "agent B" · 1 1 2 1 …      what the engine counts towards its limit of bytes
    answer            "agent A", "agent A", "agent B", …    what is sent

A caller of the gateway chooses its user agent. A server may send such columns as plain ones, so that they
cannot be told from others: texts of all columns are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def text_characters(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Characters of texts in rows whose columns have these ClickHouse types."""
    places = [place for place, name in enumerate(types) if "String" in name]
    return sum(len(row[place] or "") for place in places for row in rows)
