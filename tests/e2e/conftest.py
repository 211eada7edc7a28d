"""One running gatelog for all end-to-end tests that only talk to it; tests that harm it start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatelog.testing.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
