"""JSON paths: `$.a.b[0]['c d']`, as a list of names and indexes."""

from __future__ import annotations

import re

from gatelog.kql.misfit import Misfit, Unsupported

_STEP = re.compile(r"\.?([^\s.\[\]*?@()'\"]+)|\[([0-9]+)\]|\[['\"]([^'\"]+)['\"]\]")


def json_path(path: str) -> list[str | int]:
    """The steps of a path; Misfit when it does not begin with $, Unsupported for wildcards and the like."""
    if not path.startswith("$"):
        raise Misfit("the JSON path must be a constant that begins with $")
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            raise Unsupported(f"the JSON path '{path}' is not supported", "use names and indexes only")
        name, index, quoted = step.groups()
        steps.append(int(index) if index else name or quoted)
        place = step.end()
    return steps
