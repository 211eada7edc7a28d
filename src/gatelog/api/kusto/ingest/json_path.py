"""Paths of a mapping into a JSON record: `$`, `$.a.b`, `$['with space']`, `$.a[0]`."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

JsonPath: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(
    r"\.?\[\s*(?:'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\"|(?P<index>[0-9]{1,9}))\s*\]"
    r"|\.(?P<name>[^.\[\]]+)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_path(text: str) -> JsonPath:
    """The keys and indexes of a path. ValueError if it is none."""
    if not text.startswith("$"):
        raise ValueError("a path begins with $")
    steps: list[str | int] = []
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            raise ValueError(f"character {place + 1} of the path {text!r:.100} is not understood")
        steps.append(_step(match))
        place = match.end()
    return tuple(steps)


def follow(path: JsonPath, value: Any) -> Any:
    """What is at the end of a path; None where it leads nowhere."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _step(match: re.Match[str]) -> str | int:
    if match["index"]:
        return int(match["index"])
    quoted = match["single"] if match["single"] is not None else match["double"]
    return match["name"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
