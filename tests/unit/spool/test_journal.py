"""Groups become durable, or their callers hear that they did not."""

from __future__ import annotations

import errno
import struct

import google_crc32c
import pytest

from gatelog.errors import SpoolFailedError, SpoolFullError, SpoolLockedError, SpoolVersionError
from gatelog.spool import Level, SpoolWriter
from gatelog.spool import journal as journal_module
from gatelog.spool.segment import segment_path

KIB = 1024
WRITE_OR_SYNC = pytest.mark.parametrize("operation", ["write", "sync"])


def test_a_committed_group_survives_a_power_loss(desk) -> None:
    """S3: everything committed is there after the power went, without a clean stop."""
    journal = desk.open()
    assert journal.commit([(1, b"a"), (2, b"b")]) is None
    assert journal.commit([(3, b"c")]) is None
    desk.disk.crash()
    assert [(record.kind, record.payload) for record in desk.records()] == [(1, b"a"), (2, b"b"), (3, b"c")]


def test_a_segment_is_durable_before_a_record_goes_into_it(desk) -> None:
    """S3: header synced, then the directory, then the first record."""
    desk.open().commit([(1, b"a")])
    name = f"{1:020d}.seg"
    steps = [step for step, at in desk.disk.log if at == name or step == "sync_directory"]
    assert steps[-7:] == ["create", "allocate", "write", "sync", "sync_directory", "write", "sync"]


def test_a_group_is_one_write_and_one_sync(desk) -> None:
    """S4: whatever the number of payloads."""
    journal = desk.open()
    writes, syncs = desk.disk.calls["write"], desk.disk.calls["sync"]
    journal.commit([(1, bytes([number])) for number in range(50)])
    assert (desk.disk.calls["write"] - writes, desk.disk.calls["sync"] - syncs) == (1, 1)


def test_seqs_continue_over_segments_and_boots(desk) -> None:
    """S5: without a gap."""
    for _ in range(3):
        desk.fill(*[b"x" * 100] * 150, segment_bytes=16 * KIB)
    assert len(desk.segments()) > 3
    assert [record.seq for record in desk.records()] == list(range(1, 451))


def test_a_new_boot_begins_a_new_segment(desk) -> None:
    """S8: with its own boot id, also after a boot that wrote nothing."""
    desk.fill(b"one")
    desk.open().close()
    desk.fill(b"three")
    assert desk.segments() == [1, 2, 3]
    assert [record.boot[-1] for record in desk.records()] == [1, 3]


def test_segments_are_never_numbered_below_an_ack(desk) -> None:
    """S8: a directory whose segments were removed by hand goes on where its readers look."""
    desk.fill(b"one")
    desk.fill(b"two")
    desk.ack_log().ack(desk.records()[-1].end)
    for segment in desk.segments():
        desk.disk.unlink(desk.directory / f"{segment:020d}.seg")
    desk.fill(b"three")
    assert desk.payloads(desk.ack_log().position) == [b"three"]


@WRITE_OR_SYNC
def test_after_an_error_the_group_goes_into_a_new_segment(desk, operation: str) -> None:
    """S12: the caller hears nothing of it, the reader gets each record once."""
    journal = desk.open()
    journal.commit([(1, b"before")])
    desk.disk.fail(operation)
    assert journal.commit([(1, b"during"), (1, b"too")]) is None
    assert journal.commit([(1, b"after")]) is None
    desk.disk.crash()
    assert desk.payloads() == [b"before", b"during", b"too", b"after"]
    assert not desk.verify().damaged


@WRITE_OR_SYNC
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_failed_descriptor_is_never_used_again(desk, operation: str, nth: int) -> None:
    """S12: for an error at any call; a second fsync may report success for pages the kernel dropped."""
    desk.disk.fail(operation, at=nth)
    journal = desk.open()
    desk.clock.ns += 1
    journal.probe()
    promised = [bytes([n]) for n in range(6) if journal.commit([(1, bytes([n]))]) is None]
    journal.close()
    desk.disk.crash()
    assert desk.disk.misuse == []
    assert desk.payloads() == promised
    assert len(promised) >= 5


def test_a_segment_that_is_deleted_while_it_is_written_is_left_for_a_new_one(desk) -> None:
    """S30: what is reported durable is in a file that a reader can find, also one that starts later."""
    journal = desk.open()
    journal.commit([(1, b"deleted")])
    desk.disk.unlink(segment_path(desk.directory, desk.segments()[-1]))
    promised = [payload for payload in (b"one", b"two") if journal.commit([(1, payload)]) is None]
    journal.close()
    desk.disk.crash()
    assert desk.payloads() == promised == [b"one", b"two"]


def test_a_lock_that_was_deleted_is_taken_again(desk) -> None:
    """S30: the hub would take the spool for abandoned, and another gateway for its own."""
    journal = desk.open()
    lock = desk.directory / journal_module.LOCK_NAME
    desk.disk.unlink(lock)
    journal.probe()
    assert desk.disk.is_locked(lock)
    for path in desk.disk.paths():
        desk.disk.unlink(path)
    assert journal.commit([(1, b"one")]) is None
    assert desk.disk.is_locked(lock)
    assert desk.payloads() == [b"one"]


def test_where_another_has_taken_the_lock_nothing_is_promised_until_it_is_gone(desk) -> None:
    """S17, S30: two writers would number their records alike."""
    journal = desk.open()
    lock = desk.directory / journal_module.LOCK_NAME
    desk.disk.unlink(lock)
    other = desk.disk.lock(lock)
    journal.probe()
    assert isinstance(journal.commit([(1, b"refused")]), SpoolFailedError)
    other.release()
    journal.probe()
    assert journal.commit([(1, b"written")]) is None
    assert desk.payloads() == [b"written"]


def test_two_errors_in_a_row_make_the_spool_fail_until_a_probe_works(desk) -> None:
    """S13: refusals come at once, without touching the disk; the next probe that works heals."""
    journal = desk.open()
    desk.disk.fail("sync", times=4)
    assert isinstance(journal.commit([(1, b"lost")]), SpoolFailedError)
    assert journal.level is Level.FAILED
    calls = desk.disk.calls.copy()
    assert isinstance(journal.commit([(1, b"refused")]), SpoolFailedError)
    assert desk.disk.calls == calls
    journal.probe()
    assert journal.level is Level.FAILED
    desk.disk.mend()
    journal.probe()
    assert journal.level is Level.OK
    assert journal.commit([(1, b"healed")]) is None
    assert desk.payloads()[-1] == b"healed"


def test_refused_seqs_are_declared_void(desk) -> None:
    """S5: the numbers of a refused group are not reused, and not missed either, even over a clean stop."""
    journal = desk.open()
    journal.commit([(1, b"one")])
    desk.disk.fail("write", times=2)
    assert journal.commit([(1, b"two")]) is not None
    desk.disk.mend()
    journal.probe()
    journal.close()
    desk.fill(b"three")
    assert [record.seq for record in desk.records()] == [1, 3]
    report = desk.verify()
    assert (report.void, report.gaps, report.damaged) == (1, [], False)
    reader = desk.reader()
    assert len(reader.read()) == 2
    assert reader.damage.lost == 0


def test_a_full_disk_refuses_and_releases_the_ballast(desk) -> None:
    """S14: SpoolFullError; acks and deletes work with what the ballast leaves."""
    desk.disk.capacity_bytes = 100 * KIB
    journal = desk.open(segment_bytes=16 * KIB, compress_bytes_min=10_000)
    refused = None
    while refused is None:
        refused = journal.commit([(1, bytes(1000))])
    assert isinstance(refused, SpoolFullError)
    assert journal.level is Level.REJECT
    assert "ballast" not in desk.disk.names(desk.directory)
    desk.ack_log().ack(desk.records()[-1].end)


def test_a_full_disk_heals_when_space_returns(desk) -> None:
    """S14: by itself, and it takes the ballast back first."""
    desk.disk.capacity_bytes = 100 * KIB
    journal = desk.open(segment_bytes=16 * KIB)
    promised = 0
    while journal.commit([(1, bytes([promised % 250]) * 150)]) is None:
        promised += 1
    journal.probe()
    assert journal.level is Level.REJECT
    desk.disk.capacity_bytes = 300 * KIB
    journal.probe()
    assert journal.level is Level.OK
    assert "ballast" in desk.disk.names(desk.directory)
    assert journal.commit([(1, b"healed")]) is None
    payloads = desk.payloads()
    assert len(payloads) == promised + 1
    assert not desk.verify().damaged


def test_segments_shrink_so_that_a_small_disk_is_used_to_its_end(desk) -> None:
    """S14: a disk smaller than one default segment takes records for most of its size."""
    desk.disk.capacity_bytes = 1000 * KIB
    journal = desk.open(segment_bytes=64 * KIB * KIB, ballast_bytes=0, compress_bytes_min=10_000)
    assert len(desk.content(1)) <= 250 * KIB, "the rest is for what else is on the disk"
    stored = 0
    while journal.commit([(1, bytes(2000))]) is None:
        stored += 2000
    assert stored > 850 * KIB


def test_a_spool_that_starts_on_a_full_disk_waits_for_space(desk) -> None:
    """S14: starting is not refused; the state says what is wrong."""
    desk.fill(b"one")
    desk.disk.capacity_bytes = 0
    journal = desk.open()
    assert isinstance(journal.commit([(1, b"refused")]), SpoolFullError)
    desk.disk.capacity_bytes = 1000 * KIB
    journal.probe()
    assert journal.commit([(1, b"two")]) is None
    assert desk.payloads() == [b"one", b"two"]


def test_the_capacity_is_a_limit_of_its_own(desk) -> None:
    """S14: reached on a disk with space; healed when the hub has deleted something."""
    journal = desk.open(segment_bytes=16 * KIB, capacity_bytes=64 * KIB, compress_bytes_min=10_000)
    while journal.commit([(1, bytes(1000))]) is None:
        journal.probe()
    assert isinstance(journal.error, SpoolFullError)
    desk.disk.unlink(desk.directory / f"{1:020d}.seg")
    desk.disk.unlink(desk.directory / f"{2:020d}.seg")
    journal.probe()
    assert journal.commit([(1, b"goes on")]) is None


@pytest.mark.parametrize(
    ("share", "level"),
    [(0.69, Level.OK), (0.71, Level.WARN), (0.86, Level.DEGRADE), (0.96, Level.REJECT)],
)
def test_levels_follow_the_share_in_use(desk, share: float, level: Level) -> None:
    """S16: of the capacity given, without waiting for a probe."""
    journal = desk.open(capacity_bytes=1000 * KIB, record_bytes_max=4000 * KIB, compress_bytes_min=4000 * KIB)
    assert journal.level is Level.OK
    journal.commit([(1, bytes(int(share * 1000 * KIB) - 8192))])
    assert journal.level is level


def test_levels_follow_what_the_disk_can_give(desk) -> None:
    """S16: where the disk has less than the capacity, its own size counts."""
    desk.disk.capacity_bytes = 1000 * KIB
    journal = desk.open(ballast_bytes=0, record_bytes_max=4000 * KIB, compress_bytes_min=4000 * KIB)
    journal.commit([(1, bytes(800 * KIB))])
    journal.probe()
    assert journal.level is Level.WARN


def test_a_ballast_that_the_disk_refuses_does_not_stop_the_spool(desk) -> None:
    desk.disk.fail("allocate", errno.EDQUOT, name="ballast", times=100)
    journal = desk.open()
    assert journal.commit([(1, b"a")]) is None
    assert journal.level is Level.OK


def test_a_directory_has_one_writer(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """S17: the second is refused; the lock dies with its process."""
    monkeypatch.setattr(journal_module, "_LOCK_RETRY_S", 0)
    desk.open()
    with pytest.raises(SpoolLockedError, match="another process"):
        desk.open()
    desk.disk.kill()
    desk.open().close()
    desk.open().close()


def test_a_newer_version_is_refused_and_nothing_changed(desk) -> None:
    """S18: before recovery touches anything, by writer and reader alike; the lock is given back."""
    desk.fill(b"one")
    content = desk.content(1)
    for offset in (0, 4096):
        content[offset + 8 : offset + 10] = struct.pack("<H", 2)
        crc = google_crc32c.value(bytes(content[offset : offset + 60]))
        content[offset + 60 : offset + 64] = struct.pack("<I", crc)
    before = {
        name: bytes(desk.disk.content(desk.directory / name)) for name in desk.disk.names(desk.directory)
    }
    for attempt in (desk.open, desk.open, desk.records, desk.verify):
        with pytest.raises(SpoolVersionError, match="format 2"):
            attempt()
    after = {
        name: bytes(desk.disk.content(desk.directory / name)) for name in desk.disk.names(desk.directory)
    }
    assert after == before


def test_a_directory_that_cannot_be_used_is_named(desk) -> None:
    desk.disk.fail("lock", errno.EACCES)
    with pytest.raises(SpoolFailedError, match=str(desk.directory)):
        desk.open()


def test_a_boot_id_has_sixteen_bytes(desk) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        SpoolWriter.open(desk.directory, boot=b"short", filesystem=desk.disk)
