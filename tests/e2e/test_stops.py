"""One wing by itself is stopped: it drains, and ends with 0, whatever the signal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelog.testing.stack import free_port

from .conftest import ONE_WING

pytestmark = pytest.mark.e2e


@pytest.fixture
def from_a_terminal() -> Iterator[None]:
    """What is started hears SIGHUP, also where the tests themselves run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("from_a_terminal")
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_gateway_drains_and_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    config = tmp_path / "gatelog.yaml"
    config.write_text(ONE_WING.format(data=tmp_path / "data", port=free_port()))
    command = [sys.executable, "-m", "gatelog", "gateway", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        assert "ready" in gateway.stdout.readline()
        gateway.send_signal(number)
        try:
            assert gateway.wait(60) == 0
        finally:
            gateway.kill()
    command = [sys.executable, "-m", "gatelog", "spool", "verify", str(tmp_path / "data/spool/gateway-0")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"1 boot\b.*\b1 account\b", said), said  # the last words of a boot that drained
