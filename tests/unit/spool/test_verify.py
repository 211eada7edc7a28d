"""`verify` tells what a directory holds, and every way in which it is not whole."""

from __future__ import annotations

import json
import os

import pytest

from gatelog.errors import SpoolError
from gatelog.spool import DamagedPlace, Gap, verify
from gatelog.spool.record import HEADER_BYTES
from gatelog.spool.segment import segment_path


def test_a_whole_directory_is_counted(desk) -> None:
    """S26: payloads, not pieces; boots in order."""
    desk.fill(b"one", os.urandom(5000), record_bytes_max=1000)
    journal = desk.open()
    journal.commit([(9, b"two")])
    report = desk.verify()
    assert (report.records, report.payload_bytes, report.kinds) == (3, 5006, {7: 2, 9: 1})
    assert (report.first_seq, report.last_seq, report.segments, report.unsealed_segments) == (1, 7, 2, 1)
    assert report.boots == ["0" * 31 + "1", "0" * 31 + "2"]
    assert not report.damaged


def test_the_report_is_plain_json(desk) -> None:
    desk.fill(b"one", b"two")
    desk.content(1)[desk.records()[0].position.offset + HEADER_BYTES] ^= 1
    report = json.loads(json.dumps(desk.verify().to_json()))
    assert report["damaged"] is True
    assert report["kinds"] == {"7": 1}
    assert report["damage"] == [{"segment": 1, "offset": 8192, "end": 8223, "what": "damaged payload"}]
    assert report["gaps"] == [{"first_seq": 1, "last_seq": 1, "segment": 1}]


def test_damage_is_named_with_its_place(desk) -> None:
    """S26: and the seq that it cost."""
    desk.fill(b"one", b"two", b"three")
    two = desk.records()[1]
    desk.content(1)[two.position.offset + 1] ^= 1
    report = desk.verify()
    assert report.damage == [DamagedPlace(1, two.position.offset, two.end.offset, "unreadable header")]
    assert report.gaps == [Gap(2, 2, 1)]


def test_a_missing_segment_between_others_is_a_gap(desk) -> None:
    """S26: deleted segments are below all others; one in the middle is a loss."""
    for payload in (b"one", b"two", b"three"):
        desk.fill(payload)
    desk.disk.unlink(segment_path(desk.directory, 2))
    assert desk.verify().gaps == [Gap(2, 2, 3)]
    desk.disk.unlink(segment_path(desk.directory, 1))
    assert not desk.verify().damaged


def test_records_cut_from_the_end_of_an_inner_segment_are_a_gap(desk) -> None:
    """S26: what looks like a torn tail is damage if the next segment goes on behind it."""
    desk.fill(b"one", b"two")
    two = desk.records()[1].position.offset
    desk.open()
    del desk.content(1)[two:]
    assert desk.verify().gaps == [Gap(2, 2, 2)]


def test_a_torn_tail_without_a_gap_is_not_damage(desk) -> None:
    journal = desk.open()
    journal.commit([(1, b"one")])
    end = desk.records()[0].end.offset
    desk.content(1)[end : end + 100] = os.urandom(100)
    report = desk.verify()
    assert report.torn_tail_bytes > 0
    assert not report.damaged


def test_what_was_written_twice_is_told_apart(desk) -> None:
    journal = desk.open()
    desk.disk.fail("sync")
    journal.commit([(1, b"one"), (1, b"two")])
    report = desk.verify()
    assert (report.superseded, report.damaged) == (2, False)


def test_bytes_behind_the_seal_are_damage(desk) -> None:
    desk.fill(b"one")
    desk.content(1).extend(b"\0\0garbage")
    assert [place.what for place in desk.verify().damage] == ["bytes behind the seal"]


def test_an_unreadable_header_costs_the_segment_and_is_named(desk) -> None:
    desk.fill(b"one")
    desk.content(1)[:8192] = os.urandom(8192)
    assert [place.what for place in desk.verify().damage] == ["unreadable segment header"]


def test_verify_changes_nothing(desk) -> None:
    """S26: only reads, whatever it finds."""
    desk.fill(b"one", b"two")
    desk.content(1)[8200] ^= 1
    desk.disk.log.clear()
    assert desk.verify().damaged
    assert {operation for operation, _ in desk.disk.log} == {"open", "close"}


def test_a_directory_that_is_not_there_is_an_error(tmp_path) -> None:
    with pytest.raises(SpoolError, match="cannot be read"):
        verify(tmp_path / "absent")
