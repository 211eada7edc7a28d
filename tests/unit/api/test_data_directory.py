"""One hub has a data directory open at a time."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from gatelog.api import open_store
from gatelog.api.data_directory import claimed, embedded_dsn
from gatelog.errors import ConfigError


def test_a_second_hub_is_refused(tmp_path: Path) -> None:
    """With a hint, and without touching the store."""
    with (
        claimed(tmp_path),
        pytest.raises(ConfigError, match=r"a hub or a shell has .* open") as caught,
        open_store(tmp_path),
    ):
        pass
    assert "--hub" in caught.value.problems[0].hint
    assert not (tmp_path / "store").exists()


def test_a_directory_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NFS may be mounted."""

    def refuse(_: object, __: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ConfigError) as caught, claimed(tmp_path):
        pass
    assert str(caught.value) == (
        f"data: {tmp_path} cannot be locked (No locks available): name a directory on a disk of this machine"
    )


def test_the_directory_is_free_afterwards(tmp_path: Path) -> None:
    """Also after an error inside."""
    with pytest.raises(BlockingIOError), claimed(tmp_path):
        raise BlockingIOError
    with claimed(tmp_path):
        pass


def test_the_embedded_store_is_named_by_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the hub is started."""
    monkeypatch.chdir(tmp_path)
    assert embedded_dsn(Path("data")) == f"chdb://{tmp_path}/data/store"


def test_a_store_is_opened_without_a_hub(tmp_path: Path) -> None:
    """For a query from the command line."""
    with open_store(tmp_path, "chdb://:memory:") as store:
        store.ping()
