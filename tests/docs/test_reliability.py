"""The page of promises names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_every_promise_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 20
    for path, name in named:
        assert re.search(rf"^(def|class) {name}\b", (ROOT / path).read_text(), re.MULTILINE), (
            f"{path}::{name}"
        )


def test_every_script_named_exists() -> None:
    named = set(re.findall(r"python (benchmarks/\w+\.py)", PAGE))
    assert len(named) > 3
    assert not [script for script in named if not (ROOT / script).exists()]


def test_nothing_is_left_to_be_filled_in() -> None:
    assert "@@" not in PAGE
