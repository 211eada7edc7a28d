"""Starts that cannot be good: refused with a line that names the cause, nothing changed, no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelog.model import SystemClock
from gatelog.spool import SpoolSettings, SpoolWriter
from gatelog.testing.stack import free_port

from .conftest import ONE_WING

pytestmark = pytest.mark.e2e


def start(wing: str, config: Path) -> tuple[int, str]:
    """Exit code and standard error of a wing that is expected not to serve."""
    done = subprocess.run(
        [sys.executable, "-m", "gatelog", wing, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def written(tmp_path: Path, text: str = ONE_WING, data: Path | None = None) -> Path:
    config = tmp_path / "gatelog.yaml"
    config.write_text(text.format(data=data or tmp_path / "data", port=free_port()))
    return config


def test_a_spool_in_use_is_left_to_its_owner(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "spool" / "gateway-0"
    writer = SpoolWriter.open(directory, boot=b"\x01" * 16, settings=SpoolSettings(), clock=SystemClock())
    try:
        before = sorted(path.name for path in directory.iterdir())
        code, said = start("gateway", written(tmp_path))
        assert code in (1, 2)
        assert "error: " in said
        assert str(directory) in said
        assert "Traceback" not in said
        assert sorted(path.name for path in directory.iterdir()) == before
    finally:
        writer.close(10)


@pytest.mark.parametrize("wing", ["gateway", "hub", "run"])
def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path, wing: str) -> None:
    (tmp_path / "file").write_text("not a directory")
    data = tmp_path / "file" / "data"
    code, said = start(wing, written(tmp_path, data=data))
    assert code in (1, 2)
    assert "error: " in said
    assert str(tmp_path / "file") in said
    assert "Traceback" not in said


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """An empty file system that cannot be written to; only root may make one."""
    directory = tmp_path / "read-only"
    directory.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(directory)], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


@pytest.mark.parametrize("wing", ["gateway", "hub", "run"])
def test_a_read_only_data_directory_is_named(tmp_path: Path, read_only: Path, wing: str) -> None:
    code, said = start(wing, written(tmp_path, data=read_only))
    assert code in (1, 2)
    assert "error: " in said
    assert str(read_only) in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ("capture: required", "capture: required, captures: x", ["captures", "capture"]),
        ("team-key-1", "${{env:NO_SUCH_VARIABLE}}", ["NO_SUCH_VARIABLE"]),
        ("-1\"]}}", "-1\"]}}, two: {{product: all, keys: [\"team-key-1\"]}}", ["two.keys"]),
    ],
    ids=["unknown key", "missing variable", "two equal keys"],
)  # fmt: skip
def test_a_configuration_with_a_mistake_is_refused_by_name(
    tmp_path: Path, change: str, to: str, words: list[str]
) -> None:
    code, said = start("gateway", written(tmp_path, ONE_WING.replace(change, to)))
    assert code == 2
    assert [word for word in words if word not in said] == []
    assert "Traceback" not in said
    assert "team-key-1" not in said
