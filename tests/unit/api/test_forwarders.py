"""Forwarders come and go with the spool directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatelog.api import forwarders
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
    running = Forwarders(tmp_path, sink, Tokenizers())
    running.discover()
    assert list(running.statistics()) == ["gateway-3"]
    wait_until(lambda: not spool.exists(), "the removal", 10)
    wait_until(lambda: running.discover() or not running.statistics(), "the forwarder's end", 10)
    writer = SpoolWriter.open(spool, boot=bytes(16))
    running.discover()
    assert list(running.statistics()) == ["gateway-3"]
    assert running.stop(10)
    writer.close(10)
    assert spool.exists(), "while a gateway writes it, it stays"


def test_spools_that_cannot_be_looked_for_are_named_once_and_found_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def denied(root: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied", str(root))

    sink: Any = NothingToStore()
    running = Forwarders(tmp_path, sink, Tokenizers())
    with monkeypatch.context() as patched:
        patched.setattr(forwarders, "spools", denied)
        running.discover()
        running.discover()
    assert [record.getMessage().count("Permission denied") for record in caplog.records] == [1]
    SpoolWriter.open(tmp_path / "gateway-0", boot=bytes(16)).close(10)
    running.discover()
    assert list(running.statistics()) == ["gateway-0"]
    assert running.stop(10)
