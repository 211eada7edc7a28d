"""Forwarders come and go with the spool directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatelog.api.forwarders import Forwarders
from gatelog.provider import Tokenizers
from gatelog.sinks import forwarder
from gatelog.spool import AckLog, Position, SpoolWriter
from gatelog.testing.stack import wait_until


class NothingToStore:
    """A sink that is never given anything."""

    name = "store"

    def boots(self) -> list[Any]:
        return []


def test_a_spool_that_was_removed_is_forgotten_and_a_new_one_of_its_name_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "ORPHANED_AFTER_NS", 0)
    spool = tmp_path / "gateway-3"
    SpoolWriter.open(spool, boot=bytes(16)).close(10)
    log = AckLog.open(spool, "store")
    log.ack(Position(1, 8192))
    log.close()
    sink: Any = NothingToStore()
    forwarders = Forwarders(tmp_path, sink, Tokenizers())
    forwarders.discover()
    assert list(forwarders.statistics()) == ["gateway-3"]
    wait_until(lambda: not spool.exists(), "the removal", 10)
    wait_until(lambda: forwarders.discover() or not forwarders.statistics(), "the forwarder's end", 10)
    writer = SpoolWriter.open(spool, boot=bytes(16))
    forwarders.discover()
    assert list(forwarders.statistics()) == ["gateway-3"]
    assert forwarders.stop(10)
    writer.close(10)
    assert spool.exists(), "while a gateway writes it, it stays"
