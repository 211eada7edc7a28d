"""Text to cells: the way back from `to_text`, for data that comes from outside.

A cell is what `values/results.py` reads: ticks since 1970 for a datetime, ticks for a timespan, JSON text
for a dynamic, Python's own values for the rest.
"""

from __future__ import annotations

import json
from typing import Any

from gatelog.kql.clickhouse import ticks
from gatelog.kql.parser.values import typed_value
from gatelog.kql.types import KqlType


def cell_from_text(kql_type: KqlType, text: str) -> Any:
    """The cell that `text` stands for; None where it is no value of the type. A string is always itself.

    Text that is no JSON is a dynamic string, as `todynamic` has it; an empty one is null.
    """
    if kql_type is KqlType.STRING:
        return text
    text = text.strip()
    if kql_type is KqlType.DYNAMIC:
        return _dynamic(text)
    value = typed_value(kql_type.value, text)
    if value is None:
        return None
    if kql_type is KqlType.DATETIME:
        assert isinstance(value, int)
        return value - ticks.EPOCH
    return value


def _dynamic(text: str) -> str | None:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps(text, ensure_ascii=False) if text else None
    return None if text == "null" else text
