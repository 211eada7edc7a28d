"""How a result is to be drawn, as the extended properties of an answer say it.

Kusto writes every property, those that the query does not set as null.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gatelog.kql import KqlType, RenderHint, cell_from_text

_PROPERTIES = (
    *("Visualization", "Title", "XColumn", "Series", "YColumns", "AnomalyColumns", "XTitle", "YTitle"),
    *("XAxis", "YAxis", "Legend", "YSplit", "Accumulate", "IsQuerySorted", "Kind"),
    *("Ymin", "Ymax", "Xmin", "Xmax"),
)
_DEFAULTS: dict[str, Any] = {"Accumulate": False, "IsQuerySorted": False, "Ymin": "NaN", "Ymax": "NaN"}
_BY_LOWER_CASE = {name.lower(): name for name in _PROPERTIES}


def visualization(render: RenderHint | None, *, ordered: bool) -> str:
    """The JSON text of the properties; `ordered` tells that the query sorts its rows."""
    values: dict[str, Any] = {name: _DEFAULTS.get(name) for name in _PROPERTIES}
    if render is not None:
        values["Visualization"] = render.chart
        values["IsQuerySorted"] = ordered
        for name, text in render.properties:
            values[_BY_LOWER_CASE.get(name.lower(), name)] = _value(name, text)
    return msgspec.json.encode(values).decode()


def _value(name: str, text: str) -> Any:
    """Accumulate is a boolean, the limits of an axis are numbers, everything else is text."""
    if name.lower() == "accumulate":
        return text.lower() == "true"
    if name.lower() in {"ymin", "ymax"}:
        number = cell_from_text(KqlType.REAL, text)
        return text if number is None else number
    return text
