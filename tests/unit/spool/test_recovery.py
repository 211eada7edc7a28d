"""What a dead process left is mended at the next start, and nothing that was promised is lost."""

from __future__ import annotations

import os

import pytest

from gatelog.spool import Position
from gatelog.spool.segment import segment_path

RECORD_HEADER_BYTES = 28


def test_a_torn_tail_is_cut_and_a_copy_kept(desk) -> None:
    """S9: the bytes of a group that was never synced whole."""
    journal = desk.open()
    journal.commit([(1, b"kept")])
    end = desk.records()[-1].end.offset
    desk.disk.fail("write", times=1)
    desk.disk.before = _die_at(desk, "close")
    with pytest.raises(ProcessDiedError):
        journal.commit([(1, os.urandom(100))])
    desk.disk.kill()
    desk.open()
    assert len(desk.content(1)) == end
    assert desk.quarantined() == [f"{1:020d}-{end}.bin"]
    assert desk.payloads() == [b"kept"]
    assert not desk.verify().damaged


def test_a_tail_before_a_valid_record_is_not_cut(desk) -> None:
    """S9, S10: a damaged record is left where it is while records behind it are good; it is counted."""
    journal = desk.open()
    for payload in (b"one", b"two", b"three"):
        journal.commit([(1, payload)])
    desk.disk.kill()
    damaged = desk.records()[1].position.offset
    desk.content(1)[damaged] ^= 0xFF
    reopened = desk.open()
    assert reopened.recovered.damaged == 1
    assert reopened.recovered.next_seq == 4
    assert desk.payloads() == [b"one", b"three"]
    assert desk.quarantined() == [f"{1:020d}-{damaged}.bin"]


def test_truncation_at_every_byte_of_the_last_records_costs_only_those(desk) -> None:
    """S11, S9: earlier records all survive, and the next boot goes on without a gap."""
    payloads = [b"first", b"x" * 300, b"before the last", b"the last"]
    journal = desk.open()
    for payload in payloads:
        journal.commit([(1, payload)])
    starts = [record.position.offset for record in desk.records()]
    whole = bytes(desk.content(1))[: desk.records()[-1].end.offset]
    desk.disk.kill()
    for length in range(starts[-2], len(whole)):
        desk.disk.put(segment_path(desk.directory, 1), whole[:length])
        survivors = sum(end <= length for end in [*starts[1:], len(whole)])
        journal = desk.open()
        assert journal.recovered.next_seq == survivors + 1
        journal.commit([(1, b"next")])
        desk.disk.kill()
        assert desk.payloads() == [*payloads[:survivors], b"next"]
        assert not desk.verify().damaged
        desk.disk.unlink(segment_path(desk.directory, 2))


def test_a_long_payload_without_its_end_is_cut(desk) -> None:
    """S9: valid pieces of a group that was never whole are a torn tail, not damage."""
    journal = desk.open(record_bytes_max=1000)
    journal.commit([(1, b"kept")])
    kept = desk.records()[-1].end.offset
    journal.commit([(1, os.urandom(3500))])
    end = desk.records()[-1].end.offset
    desk.disk.kill()
    del desk.content(1)[end - 10 :]
    assert desk.payloads() == [b"kept"]
    journal = desk.open()
    assert journal.recovered.next_seq == 2
    assert len(desk.content(1)) == kept
    journal.commit([(1, b"next")])
    assert desk.payloads() == [b"kept", b"next"]
    assert not desk.verify().damaged


def test_a_segment_that_never_got_its_header_is_stepped_over(desk) -> None:
    """S11: the process died, or the power went, while it was created."""
    desk.fill(b"one")
    desk.disk.put(segment_path(desk.directory, 2), bytes(50_000))
    desk.fill(b"two")
    assert desk.segments() == [1, 2, 3]
    assert desk.payloads() == [b"one", b"two"]
    report = desk.verify()
    assert (report.unborn_segments, report.damaged) == (1, False)


@pytest.mark.parametrize("garbage", [b"", b"\xff", os.urandom(100), os.urandom(20_000), b"\xffGL\xfe" * 5000])
def test_garbage_for_a_segment_stops_nobody(desk, garbage: bytes) -> None:
    """S11: the writer starts, the reader reads on, verify tells."""
    desk.fill(b"one")
    desk.disk.put(segment_path(desk.directory, 2), garbage)
    desk.fill(b"two")
    reader = desk.reader()
    assert [record.payload for record in reader.read()] == [b"one", b"two"]
    assert desk.verify().damaged == bool(garbage)
    assert reader.damage.places == bool(garbage)


def test_recovery_makes_durable_what_it_found(desk) -> None:
    """S3: after a kill, bytes may be in the page cache only; a later power loss must not take them."""
    journal = desk.open()
    desk.disk.before = _die_at(desk, "sync")
    with pytest.raises(ProcessDiedError):
        journal.commit([(1, b"written, not synced")])
    desk.disk.kill()
    desk.open()
    desk.disk.crash()
    assert desk.payloads() == [b"written, not synced"]


def test_a_position_behind_the_recovered_end_goes_on_with_the_next_segment(desk) -> None:
    """S21: a reader may have seen a record that the power loss took; the next boot's are still all read."""
    journal = desk.open()
    journal.commit([(1, b"durable")])
    desk.disk.before = _die_at(desk, "sync")
    with pytest.raises(ProcessDiedError):
        journal.commit([(1, b"seen, then gone")])
    seen = desk.records()[-1].end
    desk.disk.crash()
    desk.fill(b"next boot")
    assert isinstance(seen, Position)
    assert desk.payloads(seen) == [b"next boot"]


class ProcessDiedError(BaseException):
    """Not an Exception: nothing in the spool may handle it."""


def _die_at(desk, operation: str):
    def before(called: str, path: object) -> None:
        if called == operation:
            desk.disk.before = None
            raise ProcessDiedError

    return before
