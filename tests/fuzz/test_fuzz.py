"""Each parser is fuzzed for a moment, from the same seed each time; `make fuzz` goes on for longer."""

from __future__ import annotations

import json

import pytest

from .run import Result, fuzz
from .target import Target
from .targets import TARGETS

SECONDS = 1.0
SEED = 20261121


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_it(name: str) -> None:
    result = fuzz(TARGETS[name], SECONDS, SEED)
    assert [problem for _, problem in result.findings] == []
    assert result.runs > len(TARGETS[name].corpus)


def test_a_parser_that_breaks_is_found() -> None:
    def fragile(data: bytes) -> None:
        assert b"}" in data or b"{" not in data

    result = fuzz(Target("fragile", (json.dumps({"a": 1}).encode(),), fragile), 10, SEED, findings_max=1)
    assert isinstance(result, Result)
    assert "AssertionError" in result.findings[0][1]
