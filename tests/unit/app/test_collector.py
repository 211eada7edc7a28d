"""The garbage collector of a hub."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from gatelog.app.service import GC_YOUNG_OBJECTS, spare_collector


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_a_hub_looks_at_young_objects_seldom_and_at_what_was_imported_never() -> None:
    spare_collector()
    assert gc.get_threshold()[0] == GC_YOUNG_OBJECTS
    assert gc.get_freeze_count() > 10_000
