"""The operating system behind the seam: short writes, unreadable pages, locks between processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatelog.errors import SpoolLockedError
from gatelog.model import SystemClock
from gatelog.spool import OsFileSystem, SpoolReader, SpoolSettings, SpoolWriter, journal

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from gatelog.spool import SpoolWriter
writer = SpoolWriter.open(Path(sys.argv[1]), boot=bytes(16))
writer.append(1, b"from the other process", lambda error: print("durable", flush=True))
sys.stdin.read()
"""


@pytest.fixture
def disk() -> OsFileSystem:
    return OsFileSystem()


def test_short_writes_are_completed(disk: OsFileSystem, tmp_path: Path, monkeypatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, bytes(data)[:3], offset))
    file = disk.create(tmp_path / "file")
    file.write(b"0123456789", 5)
    assert file.read(100, 5) == b"0123456789"
    file.close()


def test_a_disk_that_takes_no_bytes_is_an_error(disk: OsFileSystem, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: 0)
    file = disk.create(tmp_path / "file")
    with pytest.raises(OSError, match="no more bytes"):
        file.write(b"0123456789", 0)
    file.close()


def test_an_unreadable_page_costs_that_page(disk: OsFileSystem, tmp_path: Path, monkeypatch, caplog) -> None:
    """S11: a bad disk block reads as zeros, so that the scan treats it as any other damage."""
    (tmp_path / "file").write_bytes(b"x" * 12_000)
    pread = os.pread

    def bad_block(fd: int, size: int, offset: int) -> bytes:
        if offset < 8192 and offset + size > 4096:
            raise OSError(errno.EIO, "Input/output error")
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", bad_block)
    file = disk.open(tmp_path / "file")
    assert file.read(20_000, 100) == b"x" * 3996 + bytes(4096) + b"x" * (12_000 - 8192)
    assert "cannot read bytes" in caplog.text
    file.close()


def test_other_read_errors_are_raised(disk: OsFileSystem, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    file = disk.open(tmp_path / "file")
    file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.read(1, 0)


def test_a_full_disk_does_not_keep_the_lock_from_its_owner(
    disk: OsFileSystem, tmp_path: Path, monkeypatch
) -> None:
    """S14: a gateway must be able to start there; its process id in the file is for people only."""

    def no_space(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", no_space)
    lock = disk.lock(tmp_path / "lock")
    assert lock is not None
    assert disk.is_locked(tmp_path / "lock")
    lock.release()


def test_files_are_not_for_everybody(disk: OsFileSystem, tmp_path: Path) -> None:
    """Prompts are in them."""
    directory = tmp_path / "a" / "b"
    disk.make_directory(directory)
    disk.create(directory / "file").close()
    assert directory.stat().st_mode & 0o007 == 0
    assert (directory / "file").stat().st_mode & 0o007 == 0


def test_another_process_is_kept_out_and_its_death_lets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S17, S3: SIGKILL while it holds the lock; what it reported durable is there."""
    monkeypatch.setattr(journal, "_LOCK_RETRY_S", 0)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"durable\n"
        with pytest.raises(SpoolLockedError):
            SpoolWriter.open(tmp_path, boot=b"b" * 16)
        assert (tmp_path / "lock").read_text() == f"{other.pid}\n"
        other.kill()
    writer = SpoolWriter.open(tmp_path, boot=b"b" * 16)
    writer.close(10)
    reader = SpoolReader(tmp_path)
    assert [record.payload for record in reader.read()] == [b"from the other process"]
    reader.close()


def test_a_file_knows_whether_it_has_a_name(tmp_path: Path) -> None:
    file = OsFileSystem().create(tmp_path / "a")
    assert file.is_named()
    (tmp_path / "a").rename(tmp_path / "b")
    assert file.is_named()
    (tmp_path / "b").unlink()
    assert not file.is_named()
    file.close()


def test_a_lock_knows_whether_others_can_find_it(disk: OsFileSystem, tmp_path: Path) -> None:
    lock = disk.lock(tmp_path / "lock")
    assert lock is not None
    assert lock.is_named()
    (tmp_path / "lock").unlink()
    assert not lock.is_named()
    lock.release()


def test_locks_that_were_deleted_keep_no_descriptors(disk: OsFileSystem, tmp_path: Path) -> None:
    """S30: whatever sweeps the directory may do so every night."""
    writer = journal.Journal.open(
        tmp_path, boot=bytes(16), settings=SpoolSettings(), clock=SystemClock(), filesystem=disk
    )
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        (tmp_path / journal.LOCK_NAME).unlink()
        writer.probe()
        assert disk.is_locked(tmp_path / journal.LOCK_NAME)
    assert len(os.listdir("/proc/self/fd")) <= before
    writer.close()
